#!/usr/bin/env python3
"""That a file cannot include what its library does not stand on: the header is not found.

usage: rooms.py BUILD

Asks the compiler, with the flags that BUILD/compile_commands.json has for a file of each folder, which
headers it finds: those of the folders that docs/architecture.md lets it know, and of no others.
"""
import json
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Of each folder with sources: whose headers its files find.
JUDGED = {"base", "image", "model", "judge"}
ALL = JUDGED | {"data", "output", "job", "backend"}
KNOWS = {
    "src/base": {"base"},
    "src/data": {"base", "data"},
    "src/image": {"base", "image"},
    "src/model": {"base", "model"},
    "src/judge": JUDGED,
    "src/cpu": JUDGED | {"backend", "cpu"},
    "src/output": JUDGED | {"data", "output"},
    "src/job": ALL,
    "cuda": JUDGED | {"backend", "cuda"},
    "src/review": ALL | {"review"},
    "mpi": ALL | {"review", "MPI"},
}


def headers():
    """{whose: one of its headers, as it is included}."""
    found = {"backend": '"backend.h"', "MPI": "<mpi.h>"}
    for top, folders in (("src", sorted((ROOT / "src").iterdir())), ("", [ROOT / "cuda", ROOT / "mpi"])):
        for folder in folders:
            if folder.is_dir():
                first = sorted(folder.rglob("*.h"))[0]
                found[folder.name] = '"%s"' % first.relative_to(ROOT / top)
    return found


def commands(build):
    """{folder: the compiler's arguments for one of its files, without the file and its object}."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        path = Path(entry["file"])
        if path.suffix != ".c" or ROOT not in path.parents:
            continue
        parts = path.relative_to(ROOT).parts
        folder = "/".join(parts[:2]) if parts[0] == "src" else parts[0]
        # Of the program itself, not of a test or benchmark that is made of its files.
        owner = "verify.dir" if folder == "mpi" else "verify_"
        if folder in KNOWS and folder not in found and owner in entry["command"]:
            words = shlex.split(entry["command"])
            out = words.index("-o")
            found[folder] = words[:out] + [w for w in words[out + 2:] if w not in ("-c", entry["file"])]
    return found


def finds(command, names):
    """Those whose header the compiler finds with this command."""
    asked = "".join("#if __has_include(%s)\nfound %s\n#endif\n" % (header, name)
                    for name, header in names.items())
    done = subprocess.run([*command, "-E", "-P", "-x", "c", "-"], input=asked, capture_output=True,
                          text=True, check=True, cwd="/")  # not where "mpi/..." is found
    return {line.split()[1] for line in done.stdout.splitlines() if line.startswith("found ")}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    names, of = headers(), commands(Path(sys.argv[1]))
    wrong = ["%s: no file of it is compiled here" % room for room in KNOWS if room not in of]
    wrong += ["%s: a folder without a row here" % name for name in names
              if name not in ("backend", "MPI") and not {name, "src/" + name} & set(KNOWS)]
    for room, command in of.items():
        found = finds(command, names)
        for name in sorted(found ^ KNOWS[room]):
            wrong.append("a file of %s %s include %s" % (
                room, "may" if name in found else "cannot", names[name]))
    print("\n".join(wrong) or "%d folders find the headers of %d as they should" % (len(of), len(names)))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
