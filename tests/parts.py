"""Which parts of a job each file of mpi/ is handed: the whole of it is main.c's alone, and no other file gets more than
it can use. Prints the table."""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PARTS = ("ranks", "options", "inputs", "processor", "run", "share", "totals", "screen", "signals")
MOST = 5


def code(path):
    """The file without its comments."""
    with open(path, encoding="utf-8") as file:
        return re.sub(r"/\*.*?\*/", "", file.read(), flags=re.DOTALL)


def main():
    wrong = []
    folder = os.path.join(ROOT, "mpi")
    print("%-14s %s" % ("", " ".join(PARTS)))
    for name in sorted(os.listdir(folder)):
        if name == "main.c" or not name.endswith((".c", ".h")):
            continue
        text = code(os.path.join(folder, name))
        if re.search(r"\bstruct job\b", text):
            wrong.append("%s knows the whole job" % name)
        if name.endswith(".h"):
            continue
        handed = [part for part in PARTS if re.search(r"\bstruct %s \*" % part, text)]
        print("%-14s %s" % (name, " ".join(
            ("x" if part in handed else "-").ljust(len(part)) for part in PARTS)))
        if len(handed) > MOST:
            wrong.append("%s is handed %s" % (name, ", ".join(handed)))
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
