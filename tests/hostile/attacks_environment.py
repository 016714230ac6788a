"""Hostile surroundings: descriptors, limits, permissions, file systems, other runs."""

import os
import resource
import shutil
import signal
import subprocess
import time

from sandbox import PICTURES, VERIFY, limit
from table import Skipped, attack, attack_each, needs_root

UNSHARE = ("unshare", "-m", "--propagation", "private", "sh", "-c")


def mounted(script):
    """A `wrap` that mounts something which only this run sees."""
    needs_root()
    if subprocess.run(
        [*UNSHARE, "mount -t tmpfs none /mnt"], stderr=subprocess.DEVNULL, check=False
    ).returncode:
        raise Skipped("mounts are not permitted")
    return [*UNSHARE, script + ' && exec "$@"', "sh"]


@attack_each("closed standard streams: no screen line ends up in a file", (0,), (1,), (2,), (1, 2), (0, 1, 2))
def closed(box, *streams):
    box.data()
    result = box.run(before=lambda: [os.close(i) for i in streams], code=(0, 1))
    for base, _, files in os.walk(box.path("out")):
        for file in files:
            if file.endswith((".jsonl", ".json", ".txt")):
                with open(os.path.join(base, file), "rb") as content:
                    if b"=====" in content.read():
                        box.fault("screen lines are in %s" % file)
    box.faults = [f for f in box.faults if "lines say why" not in f]
    return result


@attack("standard output on a full device: said, exit 1, or done with the report whole")
def stdout_full(box):
    box.data()
    with open("/dev/full", "wb") as full:
        result = box.run(stdout=full)
    if result.code == 0 and not result.text:
        box.fault("what it said is lost, and nothing tells")


@attack(
    "standard output is a pipe whose reader has gone (| head -1): the run is not lost, nothing is left half done"
)
def broken_pipe(box):
    box.data(pictures=12)
    reader, writer = os.pipe()
    os.close(reader)
    box.run(stdout=writer, code=(0, 1))
    os.close(writer)
    box.faults = [f for f in box.faults if "lines say why" not in f]
    box.run("--resume", code=0)


@attack_each("few descriptors", 10, 16, 20, 24, 32, 40)
def few_files(box, count):
    box.data()
    box.run(before=lambda: limit(resource.RLIMIT_NOFILE, count), code=(0, 1, 2, *range(3, 256)))
    box.faults = [f for f in box.faults if "lines say why" not in f]
    box.run("--resume", code=0)


@attack_each("a small limit of file size: said, resumable, whole afterwards", 0, 1, 100, 1000, 2000, 4000, 6000)
def small_files(box, size):
    box.data(pictures=12)
    box.run(before=lambda: limit(resource.RLIMIT_FSIZE, size), code=(0, 1))
    if size < 100:  # what is printed goes to a file, too
        box.faults = [f for f in box.faults if "lines say why" not in f]
    box.run("--resume", code=0)
    if [os.path.basename(r["image"]) for r in box.records()] != PICTURES[:12]:
        box.fault("the records are not those of the list")


@attack("SIGXFSZ left at its default: an ordinary failure, no core dump")
def fsize_signal(box):
    box.data(pictures=12)
    box.run(before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000)), code=(0, 1))
    box.run("--resume", code=0)


@attack_each("little memory: an ordinary failure", 150, 200, 300, 500)
def little_memory(box, megabytes):
    box.data()
    box.run(
        before=lambda: resource.setrlimit(resource.RLIMIT_DATA, (megabytes << 20, megabytes << 20)),
        code=(0, 1, 2, *range(3, 256)),
    )
    box.faults = [f for f in box.faults if "lines say why" not in f]


@attack_each(
    "variables",
    {"HOME": None},
    {"TMPDIR": "/no/such/folder"},
    {"LANG": "de_DE.UTF-8", "LC_ALL": "de_DE.UTF-8"},
    {"LC_ALL": "C"},
    {"LC_NUMERIC": "tr_TR"},
    {"TZ": "/dev/zero"},
    {"TZ": "\x1b[2J"},
    {"PATH": ""},
    {"OMP_NUM_THREADS": "x"},
    {"COLUMNS": "0", "TERM": "x" * 5000},
    {"HOSTNAME": "x" * 5000},
    {"POSIXLY_CORRECT": "1"},
    {"VERIFY_BEGUN_FILE": "thesis/chapter.tex"},
    {"VERIFY_BEGUN_FILE": "no/such/file"},
    {"MALLOC_PERTURB_": "165"},
)
def variables(box, env):
    box.data()
    box.run(env=env, code=(0, 1) if "VERIFY_BEGUN_FILE" in env else 0)


@attack("VERIFY_BEGUN_FILE is a FIFO: nobody waits")
def begun_fifo(box):
    box.data()
    box.fifo("begun")
    box.run(env={"VERIFY_BEGUN_FILE": "begun"}, code=(0, 1, 2))


@attack("the working folder was deleted: said")
def no_folder(box):
    box.data()
    box.folder("gone")
    box.run(
        before=lambda: os.rmdir(box.path("gone")),
        cwd="gone",
        data=box.path("data"),
        model=box.path("model.onnx"),
        output="out",
        own=("gone",),
    )
    box.run(
        before=lambda: None,
        data=box.path("data"),
        model=box.path("model.onnx"),
        output=box.path("out"),
        new=("out*",),
        code=0,
    )


@attack_each("masks of permission: what cannot be made is said", 0o777, 0o000, 0o277, 0o077)
def mask(box, bits):
    box.data()
    result = box.run(before=lambda: os.umask(bits), nobody=True)
    if "MPI_INIT" in result.text:  # which makes folders of its own first
        box.faults = []


@attack_each("an output without permission", "out", "out/.verify", "out/logs", "out/correct", ".")
def forbidden(box, name):
    box.data()
    box.folder("out")
    if name != ".":
        box.folder(name)
    subprocess.run(["chown", "-R", "65534", box.root], check=False)
    os.chmod(box.path(name), 0o555)
    box.run(nobody=True)
    os.chmod(box.path(name), 0o000)
    box.run("--resume", nobody=True) if name != "." else None
    os.chmod(box.path(name), 0o755)


@attack("everything of the user's is read-only: judged, permissions stay")
def read_only(box):
    box.data()
    subprocess.run(["chmod", "-R", "a-w", box.path("data"), box.path("model.onnx")], check=True)
    box.run(nobody=True, code=0, output="out")
    box.run("--overwrite", nobody=True, code=0, output="out")


@attack("immutable files of an earlier run: said, the rest is not lost")
def immutable(box):
    needs_root()
    box.data()
    box.finished("--place", "copy")
    target = box.path("out/verification_records.jsonl")
    if subprocess.run(["chattr", "+i", target], stderr=subprocess.DEVNULL, check=False).returncode:
        raise Skipped("no immutable files here")
    try:
        box.run("--place", "copy", "--overwrite", code=(1, 2))
    finally:
        subprocess.run(["chattr", "-i", target], check=False)


@attack_each(
    "a full disk below the output: said, and --resume with room goes on", "64k", "200k", "300k", "inodes"
)
def full_disk(box, size):
    box.data(pictures=30)
    box.folder("out")
    options = "size=4m,nr_inodes=25" if size == "inodes" else "size=" + size
    again = (
        'mount -t tmpfs -o %s none out && { "$@" --place copy; c=$?; mount -o remount,size=64m,nr_inodes=9999 out; '
        % options
    )
    wrap = mounted("true")
    wrap[-2] = again + 'test $c = 1 || exit 90; grep -rqs . out || true; "$@" --place copy --resume; }'
    box.run(wrap=wrap, code=(0,), says="ERROR: |error: ")
    box.faults = [f for f in box.faults if "lines say why" not in f]


@attack_each(
    "file systems that are mounted read-only or without execution",
    "ro output",
    "ro data",
    "noexec",
    "output over data",
)
def mounts(box, kind):
    box.data()
    box.folder("out")
    script = {
        "ro output": "mount --bind out out && mount -o remount,ro,bind out",
        "ro data": "mount --bind data data && mount -o remount,ro,bind data",
        "noexec": "mount --bind out out && mount -o remount,noexec,nodev,nosuid,bind out",
        "output over data": "mount --bind data out",
    }[kind]
    for way in ((), ("--overwrite",), ("--resume",)):
        box.run(
            *way,
            wrap=mounted(script),
            code=(1, 2) if kind == "ro output" else (0, 1, 2),
            new=("data/*",) if "over" in kind else ()
        )
    if "over" in kind:
        box.faults = [f for f in box.faults if "mtime" not in f]


@attack("the output of a run, seen again through a bind mount below the data: never its own input removed")
def bound_output(box):
    box.data()
    box.finished("--place", "copy")
    box.made = {p for p in box.made if b"JPEGImages" not in p and b"/labels" not in p}
    box.folder("again")
    for way in ("--overwrite", "--resume"):
        box.run(
            "--place", "copy", way, data="again/uncertain/JPEGImages", wrap=mounted("mount --bind out again")
        )


@attack("the input is the output's own picture by hard links from elsewhere: the last name is never removed")
def hard_linked_input(box):
    box.data()
    box.finished()
    shutil.rmtree(box.path("data"))  # what is left of it are the output's hard links
    box.folder("kept/images")
    box.folder("kept/labels")
    for base, _, files in os.walk(box.path("out")):
        for name in files:
            if base.endswith("JPEGImages"):
                os.symlink(os.path.join(base, name), box.path("kept/images", name))
                box.made.discard(os.fsencode(os.path.relpath(os.path.join(base, name), box.root)))
    for name in PICTURES[:3]:
        box.write("kept/labels/%s.txt" % os.path.splitext(name)[0], "1 0.5 0.5 0.2 0.2\n")
    box.run("--overwrite", data="kept", code=2)


def second(box, flags, data="data"):
    return subprocess.Popen(
        [
            VERIFY,
            "--model",
            "model.onnx",
            "--data",
            data,
            "--imgsz",
            "64",
            "--threads",
            "1",
            "--output",
            "out",
            *flags,
        ],
        cwd=box.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=dict(
            os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", TMPDIR=box.scratch
        ),
    )


@attack_each(
    "two runs into one output at once: one is refused or waits, the result is whole",
    ("", ""),
    ("--overwrite", "--overwrite"),
    ("", "--overwrite"),
    ("--resume", "--resume"),
    ("--overwrite", "--resume"),
)
def two_at_once(box, first, other):
    box.data(pictures=60)
    if first:
        box.finished()
    beside = []
    box.run(*first.split(), during=lambda process: beside.append(second(box, other.split())), seconds=60)
    beside[0].wait(60)
    if box.report()["status"] != "complete" or len(box.records()) != 60:
        box.fault("the result is not whole")
    placed = sum(
        len(os.listdir(box.path("out", b, "JPEGImages"))) for b in ("correct", "mislabeled", "uncertain")
    )
    if placed != 60:
        box.fault("%d images are placed" % placed)


@attack_each("ended at any time by a signal: what is there stays, --resume makes it whole", *range(0, 12))
def ended(box, step):
    box.data(pictures=40)
    which = (signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGHUP)[step % 4]

    def end(process):
        time.sleep(0.25 + 0.1 * step)
        os.kill(process.pid, which)  # it is not waited for before, so the id is its own

    result = box.run(during=end, code=tuple(range(-64, 256)))
    box.faults = [f for f in box.faults if "lines say why" not in f]
    box.run("--resume", code=0)
    if len(box.records()) != 40:
        box.fault("%d records after %s" % (len(box.records()), result.code))


@attack_each(
    "flags with numbers that nobody has: refused or bounded",
    ("--imgsz", "2147483648"),
    ("--imgsz", "1000000000"),
    ("--imgsz", "nan"),
    ("--imgsz", "-64"),
    ("--imgsz", "1e3"),
    ("--batch", "1000000000"),
    ("--batch", "9223372036854775807"),
    ("--threads", "100000"),
    ("--threads", "-1"),
    ("--conf", "nan"),
    ("--conf", "1e999"),
    ("--iou", "-0"),
    ("--max-det", "9223372036854775807"),
    ("--max-margin", "inf"),
    ("--fail-on", "18446744073709551616"),
    ("--hang-timeout", "1e-300"),
    ("--split", "train," * 10000),
    ("--device", "x" * 100000),
    ("--place", "\x1b[2J"),
    ("--" + "x" * 100000, "1"),
    ("--\x1b[2J", "1"),
    ("\x9b2J", "1"),
)
def numbers(box, flag, value):
    box.data()
    box.run(flag, value, code=(0, 1, 2, 4), seconds=30)


@attack("two ranks, one output with links, one data set with odd names: as with one")
def two_ranks(box):
    if not shutil.which("mpirun"):
        raise Skipped("no mpirun")
    box.data(pictures=6)
    box.link("out/logs/gpu1.log", box.path("thesis/chapter.tex"))
    box.link("out/.verify/journal.0.1", box.path("thesis/notes.txt"))
    for way in ((), ("--resume",), ("--overwrite",)):
        box.run(*way, ranks=2, seconds=40, code=(0, 1, 2))
    box.faults = [f for f in box.faults if "lines say why" not in f]
