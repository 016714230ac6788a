#!/usr/bin/env python3
"""Rules of the house that no compiler checks, over the C, C++ and CUDA files that git knows.

usage: house.py [FILE...]

  - a function has at most 60 lines and 7 parameters
  - a file has at most 500 lines, and its first says its job in a comment

Prints what breaks a rule as FILE:LINE: WHAT; exit status 1 where something does, 77 without git.
Functions are found by their layout, which is clang-format's.
"""
import os
import re
import subprocess
import sys

SKIPPED = 77
MOST_LINES, MOST_PARAMETERS, MOST_FILE = 60, 7, 500
# A switch over the machine's instructions: a table would hide what each does.
EXEMPT = {("src/model/torch/pickle.c", "step")}
SUFFIXES = (".c", ".h", ".cu", ".cpp")
# A definition's head ends with ") {" and begins in the first column, not by one of these.
NO_FUNCTION = re.compile(r"(struct|enum|union|typedef)\b[^()]*\{$|#|/[/*]| \*|\}")


def parameters(head):
    """How many a head has: commas outside inner parentheses, plus one."""
    inside = head[head.index("(") + 1:head.rindex(")")]
    depth, commas = 0, 0
    for character in inside:
        depth += {"(": 1, ")": -1}.get(character, 0)
        commas += character == "," and depth == 0
    return 0 if inside.strip() in ("", "void") else commas + 1


def functions(lines):
    """(first line from 0, name, lines, parameters) of each function."""
    at = 0
    while at < len(lines):
        line = lines[at]
        if line and not line[0].isspace() and not NO_FUNCTION.match(line):
            head = at
            while head < len(lines) and lines[head] and lines[head][-1] not in "{;":
                head += 1
            text = " ".join(lines[at:head + 1])
            name = re.search(r"(\w+)\(", text)
            if head < len(lines) and text.endswith(") {") and name:
                end = lines.index("}", head)
                yield at, name.group(1), end - at + 1, parameters(text[name.start():])
                at = end
            else:
                at = head
        at += 1


def broken_rules(path):
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    if not lines[0].startswith(("/*", "//")):
        yield 0, "does not open with a comment that says its job"
    if len(lines) - 1 > MOST_FILE:
        yield MOST_FILE, "has %d lines, more than %d" % (len(lines) - 1, MOST_FILE)
    for at, name, length, count in functions(lines):
        if (path, name) in EXEMPT:
            continue
        if length > MOST_LINES:
            yield at, "%s has %d lines, more than %d" % (name, length, MOST_LINES)
        if count > MOST_PARAMETERS:
            yield at, "%s has %d parameters, more than %d" % (name, count, MOST_PARAMETERS)


def main():
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    paths = sys.argv[1:]
    if not paths:
        try:
            listed = subprocess.run(["git", "ls-files"], check=True, stdout=subprocess.PIPE).stdout
        except (OSError, subprocess.CalledProcessError):
            print("skipped: house: git is not installed, or these are no checkout's files")
            return SKIPPED
        paths = [path for path in listed.decode().splitlines()
                 if path.endswith(SUFFIXES) and os.path.exists(path)]
    found = ["%s:%d: %s" % (path, at + 1, what) for path in paths for at, what in broken_rules(path)]
    print("\n".join(found + ["%d files, %d broken rules" % (len(paths), len(found))]))
    return 1 if found or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
