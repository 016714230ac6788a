#!/usr/bin/env python3
"""clang-tidy over the program's C files, with the options that build/ compiles them with.

A file that was clean is not looked at again while neither it, what it includes, its options, .clang-tidy
nor clang-tidy change: its key, a hash of all these, is kept as the name of an empty file in
$XDG_CACHE_HOME/verify-tidy (a key that nobody asked for in 60 days goes). --no-cache: looks at all.
"""
import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDERS = ("src", "mpi", "cuda", "packaging")
# Older clangs know half floats on x86 by another name only.
EXTRA = "-D_Float16=__fp16"
KEPT_SECONDS = 60 * 86400


def commands():
    """The compile command of each file, by its path."""
    with open(os.path.join(ROOT, "build", "compile_commands.json")) as file:
        entries = json.load(file)
    inside = tuple(os.path.join(ROOT, folder) + os.sep for folder in FOLDERS)
    return {e["file"]: e for e in entries if e["file"].startswith(inside) and e["file"].endswith(".c")}


def tool():
    """What of the tool and its settings decides the outcome."""
    with open(os.path.join(ROOT, ".clang-tidy"), "rb") as file:
        return subprocess.run(["clang-tidy", "--version"], check=True, capture_output=True).stdout + file.read()


def key(entry, of_tool):
    """The hash of all that decides what is said of a file; None: it does not compile. Comments count, since
    they may silence a check, and macros, since checks look at their definitions."""
    words = shlex.split(entry["command"])
    while not re.search(r"(cc|gcc|clang)(-\d+)?$", words[0]):  # what starts the compiler
        words.pop(0)
    output = words.index("-o")
    options = words[1:output] + words[output + 2:]
    options.remove("-c")
    preprocessed = subprocess.run(["clang", *options, "-w", EXTRA, "-E", "-CC", "-dD"],
                                  cwd=entry["directory"], capture_output=True)
    if preprocessed.returncode:
        return None
    of_all = hashlib.sha256(of_tool)
    of_all.update((" ".join(options).encode() + b"\0" + preprocessed.stdout).replace(ROOT.encode(), b"."))
    return of_all.hexdigest()


def tidy(path):
    """Status and what clang-tidy says of one file."""
    run = subprocess.run(["clang-tidy", "-p", os.path.join(ROOT, "build"), "--quiet", "--warnings-as-errors=*",
                          f"--extra-arg={EXTRA}", path], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = [line for line in run.stdout.splitlines() if not re.search(r"warnings? generated", line)]
    return run.returncode, "\n".join(lines)


def check(entry, of_tool, cache):
    """Whether the file is clean, and whether that was known before."""
    name = cache and key(entry, of_tool)
    mark = name and os.path.join(cache, name)
    if mark and os.path.exists(mark):
        os.utime(mark)
        return True, True
    status, said = tidy(entry["file"])
    if status:
        print(said, flush=True)
    elif mark:
        open(mark, "w").close()
    return status == 0, False


def main():
    cache = None
    if "--no-cache" not in sys.argv[1:]:
        cache = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "verify-tidy")
        os.makedirs(cache, exist_ok=True)
        for mark in os.scandir(cache):
            if time.time() - mark.stat().st_mtime > KEPT_SECONDS:
                os.remove(mark)
    files, of_tool = commands(), tool()
    if not files:
        sys.exit("tidy.py: build/ has no files of the program: build it first")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(lambda entry: check(entry, of_tool, cache), files.values()))
    clean = sum(outcome for outcome, _ in outcomes)
    print(f"{len(files)} files, {clean} clean, {sum(known for _, known in outcomes)} of them known before")
    sys.exit(clean < len(files))


if __name__ == "__main__":
    main()
