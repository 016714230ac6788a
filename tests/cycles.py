"""Files that need each other in a circle.

    python3 tests/cycles.py FOLDER...

A node is a header with its source (the same path but for the ending). It needs another one where it
includes a header of it, or its source uses a name that the other defines: a function or a variable
with external linkage. Files outside of the folders do not count. Headers of a folder are included
with the folder's name before them, or all without. Prints each circle with a reason for each step;
status 1 where there is one.
"""

import os
import re
import sys

NOISE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', re.M)
# What clang-format leaves at the start of a line that defines: a type, a name, and a body.
FUNCTION = re.compile(r"^(?!static\b|typedef\b|extern\b|else\b)[A-Za-z_][\w \t*]*?\b(\w+)\([^;{}]*\)\s*\{",
                      re.M)
VARIABLE = re.compile(r"^(?!static\b|typedef\b|extern\b)[A-Za-z_][\w \t*]*?\b(\w+)(?:\[[^\]]*\])*"
                      r"\s*=[^=]", re.M)
NAME = re.compile(r"(?<![\w.])(?<!->)[A-Za-z_]\w*")


def find_files(folder):
    for root, _, names in os.walk(folder):
        for name in sorted(names):
            if name.endswith((".c", ".h", ".cu", ".cuh")):
                yield os.path.normpath(os.path.join(root, name))


class Node:
    def __init__(self):
        self.includes = set()  # as written
        self.defined = set()
        self.used = set()


def read_folder(folder, nodes):
    """Adds the folder's nodes by path without ending."""
    added = {}
    for path in find_files(folder):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        code = NOISE.sub(" ", text)
        node = added.setdefault(os.path.splitext(path)[0], Node())
        node.includes |= set(INCLUDE.findall(text))
        if not path.endswith((".h", ".cuh")):
            node.defined |= set(FUNCTION.findall(code)) | set(VARIABLE.findall(code))
            node.used |= set(NAME.findall(code))
    nodes.update(added)
    folder = os.path.normpath(folder)
    start = os.path.basename(folder) + "/"
    named = any(i.startswith(start) for node in added.values() for i in node.includes)
    return start, os.path.dirname(folder) if named else folder, named


def find_edges(nodes, folders):
    """By node, by the node that it needs: why."""
    owners = {}
    for path, node in nodes.items():
        for name in node.defined:
            owners.setdefault(name, set()).add(path)
    edges = {}
    for path, node in nodes.items():
        needed = edges.setdefault(path, {})
        for include in node.includes:
            for start, root, named in folders:
                other = os.path.normpath(os.path.join(root, os.path.splitext(include)[0]))
                if named == include.startswith(start) and other in nodes and other != path:
                    needed[other] = f"includes {include}"
        for name in node.used - node.defined:
            for other in owners.get(name, ()):
                needed.setdefault(other, f"uses {name}")
    return edges


def find_circles(edges):
    """Strongly connected components of two nodes and more, after Tarjan."""
    index, low, stack, circles = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in edges[node]:
            if other not in index:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == index[node]:
            circle = [stack.pop()]
            while circle[-1] != node:
                circle.append(stack.pop())
            if len(circle) > 1:
                circles.append(sorted(circle))

    for node in edges:
        if node not in index:
            visit(node)
    return circles


def main(folders):
    if not folders:
        sys.exit(__doc__)
    sys.setrecursionlimit(10000)
    nodes = {}
    edges = find_edges(nodes, [read_folder(folder, nodes) for folder in folders])
    if not nodes:
        sys.exit(f"no files in {' '.join(folders)}")
    circles = find_circles(edges)
    for circle in circles:
        print(f"{len(circle)} files in a circle:")
        for node in circle:
            for other in sorted(set(edges[node]) & set(circle)):
                print(f"  {node} {edges[node][other]} ({other})")
    print(f"{len(nodes)} files, {sum(map(len, edges.values()))} needs, {len(circles)} circles")
    return 1 if circles else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
