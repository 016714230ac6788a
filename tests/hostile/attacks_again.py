"""--resume and --overwrite on outputs that somebody has worked in, or forged."""

import glob
import json
import os
import zlib

from sandbox import DATA, PICTURES, jpeg
from table import attack, attack_each

AGAIN = ("--overwrite", "--resume")


def ours(box, kind, output="out"):
    """Paths of the files that the run has placed as `kind`, below the box."""
    return sorted(
        os.path.relpath(path, box.path())
        for path in glob.glob(box.path(output, "*", kind, "**", "*"), recursive=True)
        if os.path.isfile(path)
    )


def users(box, path):
    """From here on a file that the run made is the user's."""
    box.made.discard(os.fsencode(path))


# ------------------------------------------------------------ a finished run


@attack_each("the user's own files among the results: kept", *AGAIN)
def notes(box, way):
    box.data()
    box.finished()
    for folder in (
        "",
        "correct/",
        "uncertain/JPEGImages/",
        "uncertain/labels/",
        "logs/",
        "correct/labels/deep/er/",
        ".verify/",
        "review/",
        "predicted/",
    ):
        box.write("out/%snotes.txt" % folder, "mine")
        box.write("out/%s.hidden" % folder, "mine")
        box.write("out/%sphoto.jpg" % folder, jpeg())
    box.run(way)


@attack_each(
    "a label corrected in the output: refused by name, kept",
    "edited",
    "same size",
    "same size and time",
    "emptied",
    "replaced by a link",
    "replaced by a folder",
)
def corrected(box, kind):
    box.data()
    box.finished()
    path = ours(box, "labels")[0]
    about = os.stat(box.path(path))
    content = box.read(path)
    if kind == "edited":
        box.write(path, b"2 0.5 0.5 0.5 0.5\n" + content)
    elif kind.startswith("same"):
        box.write(path, bytes([content[0] ^ 1]) + content[1:])
        if kind.endswith("time"):
            os.utime(box.path(path), ns=(about.st_atime_ns, about.st_mtime_ns))
    elif kind == "emptied":
        box.write(path, b"")
    else:
        box.remove(path)
        if kind.endswith("link"):
            box.link(path, box.path("thesis/notes.txt"))
        else:
            box.write(path + "/mine.txt", "mine")
    box.run("--overwrite", code=2, says=os.path.basename(path))


@attack_each("a label of the output that was deleted, or moved to another bucket: kept where it is", *AGAIN)
def moved(box, way):
    box.data()
    box.finished()
    first, second = ours(box, "labels")[:2]
    box.remove(first)
    target = "out/correct/labels/" + os.path.basename(second)
    os.rename(box.path(second), box.path(target))
    users(box, target)
    box.run(way)


@attack_each("a picture of the output that was edited: kept", "hardlink", "copy", "symlink")
def edited_picture(box, place):
    box.data()
    box.finished("--place", place)
    path = ours(box, "JPEGImages")[0]
    os.unlink(box.path(path))
    box.write(path, jpeg() + b"edited")
    box.run("--place", place, "--overwrite", code=2, says=os.path.basename(path))


@attack_each(
    "report, records and logs edited by the user: said or kept, and no crash",
    ("verification_report.json", "{}"),
    ("verification_report.json", "["),
    ("verification_report.json", ""),
    ("verification_report.json", '{"status": "complete"}'),
    ("verification_report.json", '{"status": ["complete"]}'),
    ("verification_report.json", '{"status": "complete", "mislabeled": -1e999, "total_images": "x"}'),
    ("verification_report.json", "[" * 200000),
    ("verification_records.jsonl", ""),
    ("verification_records.jsonl", "{\n"),
    ("logs/verify.log", "mine\n"),
)
def edited_file(box, name, content):
    box.data()
    box.finished()
    box.write("out/" + name, content)
    users(box, "out/" + name)
    box.run("--resume", own=("out/verification_*", "out/logs/*"))
    box.run("--fail-on", "0", "--resume", own=("out/verification_*", "out/logs/*"), code=(0, 1, 2, 4))


@attack_each(
    "a file of the run's that has become terabytes: not read into memory",
    "verification_report.json",
    "verification_records.jsonl",
    "logs/verify.log",
    ".verify/manifest",
    ".verify/run.json",
    ".verify/lock",
)
def sparse(box, name):
    box.data()
    box.finished()
    box.remove("out/" + name)
    box.sparse("out/" + name, 1 << 40)
    for way in AGAIN:
        box.run(way, own=("out/" + name,))


@attack("--resume on a complete output with other flags, another model, another list: refused")
def other_run(box):
    box.data()
    box.finished()
    box.run("--max-margin", "1", "--resume", code=2)
    box.run("--resume", data="data/images/" + "..", code=(0, 2))
    with open(box.path("model.onnx"), "ab") as file:
        file.write(b"\0")
    box.run("--resume", code=2)


@attack("two --overwrite runs of different data sets into one output: one's files never mix with the other's")
def other_data(box):
    box.data()
    box.finished()
    box.data("second", pictures=2)
    os.rename(box.path("second/images", PICTURES[1]), box.path("second/images/z" + PICTURES[1]))
    os.rename(
        box.path("second/labels", os.path.splitext(PICTURES[1])[0] + ".txt"),
        box.path("second/labels/z%s.txt" % os.path.splitext(PICTURES[1])[0]),
    )
    box.run("--overwrite", data="second", code=0)
    placed = {os.path.basename(p) for p in ours(box, "JPEGImages")}
    if placed != {PICTURES[0], "z" + PICTURES[1]}:
        box.fault("placed %s" % sorted(placed))


CLIMBS = (
    "../../../thesis/chapter.tex",
    "/etc/passwd",
    "../labels/0002.txt",
    "../../../../../../etc/x.jpg",
    "a/../../x.jpg",
    ".",
    "..",
    "",
    "/",
    "0001.jpg/../../../thesis/notes.txt",
    "x" * 5000,
)


@attack_each("a manifest whose paths lead out of the output: nothing outside is touched", *CLIMBS)
def forged_manifest(box, path):
    box.data()
    box.finished()
    name = "out/.verify/manifest"
    if not os.path.exists(box.path(name)):
        return
    content = box.read(name)
    box.write(name, content.replace(PICTURES[0].encode(), os.fsencode(path)))
    users(box, name)
    for way in AGAIN:
        box.run(way, own=(name,))


@attack_each(
    "a manifest that is damaged, endless, or of another kind",
    "cut",
    "binary",
    "empty",
    "lines",
    "long line",
    "fifo",
    "folder",
    "link",
    "zero",
)
def damaged_manifest(box, kind):
    box.data()
    box.finished()
    name = "out/.verify/manifest"
    content = box.read(name) if os.path.exists(box.path(name)) else b"x"
    box.remove(name)
    texts = {
        "cut": content[: len(content) // 2],
        "binary": os.urandom(10000),
        "empty": b"",
        "lines": content * 20000,
        "long line": b"x" * (50 << 20),
    }
    if kind in texts:
        box.write(name, texts[kind])
    elif kind == "fifo":
        box.fifo(name)
    elif kind == "folder":
        box.write(name + "/mine", "mine")
    elif kind == "link":
        box.link(name, box.path("thesis/chapter.tex"))
    else:
        box.link(name, "/dev/zero")
    box.write("out/correct/labels/mine.txt", "mine")
    for way in AGAIN:
        box.run(way, own=(name,))


@attack_each("a marker copied into a folder of the user's: what no run wrote there is kept", *AGAIN)
def copied_marker(box, way):
    box.data()
    box.finished()
    box.data("project", pictures=2)
    box.write("project/correct/labels/0001.txt", "mine")
    box.write("project/uncertain/labels/0001.txt", "mine")
    box.write("project/logs/verify.log", "mine")
    for name in (".verify", "verification_report.json"):
        if os.path.lexists(box.path("out", name)):
            os.rename(box.path("out", name), box.path("project", name))
    box.made = {p for p in box.made if not p.startswith(b"project")}
    box.run(way, output="project", own=("project/verification_report.json", "project/.verify/*"))


# ------------------------------------------------------------ an interrupted run


@attack_each(
    "an interrupted run whose folder was replaced by a link: --resume writes nothing through it",
    "logs",
    "uncertain",
    "uncertain/labels",
    "uncertain/JPEGImages",
    "correct",
    "mislabeled/labels",
    ".verify",
)
def resumed_folder(box, name):
    box.interrupted()
    os.rename(box.path("out", name), box.path("thesis/moved"))
    box.made = {p for p in box.made if b"/moved" not in p}
    box.link("out/" + name, box.path("thesis/moved"))
    for way in ("--resume", "--overwrite"):
        box.run(way)


@attack_each(
    "an interrupted run whose file was replaced by a link to the user's: --resume does not write to it",
    "logs/verify.log",
    "logs/gpu0.log",
    ".verify/journal.0.0",
    ".verify/records.0.0",
    ".verify/run.json",
    ".verify/lock",
    ".verify/journal.1.0",
    "verification_report.json",
    "verification_records.jsonl",
)
def resumed_file(box, name):
    box.interrupted()
    if os.path.exists(box.path("out", name)):
        os.rename(box.path("out", name), box.path("thesis/moved"))
    else:
        box.write("thesis/moved", "mine")
    box.link("out/" + name, box.path("thesis/moved"))
    for way in ("--resume", "--overwrite"):
        box.run(way, own=("out/" + name,))


@attack_each(
    "the same with a hard link",
    "logs/verify.log",
    "logs/gpu0.log",
    ".verify/journal.0.0",
    ".verify/records.0.0",
    ".verify/run.json",
    ".verify/lock",
    ".verify/records.1.0",
)
def resumed_hard(box, name):
    box.interrupted()
    box.remove("out/" + name)
    box.hard("out/" + name, "thesis/chapter.tex")
    for way in ("--resume", "--overwrite"):
        box.run(way, own=("out/" + name,))


@attack_each(
    "the same with a FIFO: nobody waits",
    "logs/verify.log",
    "logs/gpu0.log",
    ".verify/journal.0.0",
    ".verify/records.0.0",
    ".verify/run.json",
    ".verify/lock",
    ".verify/journal.7.0",
    "verification_report.json",
)
def resumed_fifo(box, name):
    box.interrupted()
    box.remove("out/" + name)
    box.fifo("out/" + name)
    for way in ("--resume", "--overwrite"):
        box.run(way, own=("out/" + name,))


RUN_FILES = (
    "",
    "{",
    "null",
    "[]",
    "0",
    '{"version": 1}',
    '{"epoch": 1e999}',
    "[" * 1000000,
    '{"a":' * 100000,
    '{"version": "%s", "parts": 7}',
    '{"version": "%s", "parts": {"--imgsz": {}}}',
    '{"epoch": 99999999999999999999}',
    '{"version": "\\u001b[2J\\u009b"}',
    '{"version": "%s"}' % ("v" * 1000000),
    b"\xff\xfe\x00",
    b"\0" * 100000,
)


@attack_each(
    "run.json that says something else: a line, bounded memory, no control bytes", *range(len(RUN_FILES))
)
def run_file(box, i):
    box.interrupted()
    box.write("out/.verify/run.json", RUN_FILES[i])
    box.run("--resume", own=("out/.verify/*",))
    box.run(own=("out/.verify/*",))


@attack_each(
    "run.json with one value changed: refused by that name or gone on with, no control bytes",
    "epoch -1",
    "epoch 2^31",
    "epoch 2^64",
    "epoch text",
    "parts esc",
    "parts gone",
    "twice",
)
def run_value(box, kind):
    box.interrupted()
    run = json.loads(box.read("out/.verify/run.json"))
    if kind.startswith("epoch"):
        run["epoch"] = {"-1": -1, "2^31": 2**31 - 1, "2^64": 2**64, "text": "0"}[kind.split()[1]]
    elif kind == "parts esc":
        run["parts"] = {key: "\x1b[2J\x9b" for key in run["parts"]}
    elif kind == "parts gone":
        del run["parts"]
    text = json.dumps(run)
    box.write("out/.verify/run.json", text[:-1] + ', "epoch": 3}' if kind == "twice" else text)
    box.run("--resume", own=("out/.verify/*",))


def journal(*bodies, epoch=0, rank=0):
    """A journal whose checksums are right."""
    head = b"verify journal 1: epoch %d rank %d\n" % (epoch, rank)
    seed = zlib.crc32(head)
    for body in bodies:
        head += b"%08x %s\n" % (zlib.crc32(body, seed), body)
    return head


JOURNALS = {
    "index": [b"+ 999999999999 0 0 0 0 0 0 0 x", b"= 200"],
    "bucket": [b"+ 0 3 0 0 0 0 0 0 x", b"= 100"],
    "bucket 9": [b"+ 0 9 0 0 0 0 0 0 x"],
    "offset": [b"+ 0 0 9223372036854775807 4294967295 0 0 0 0 x", b"= 300"],
    "length": [b"+ 0 0 0 4294967295 0 0 0 0 x", b"= 100"],
    "mark": [b"= 9223372036854775807"],
    "same twice": [b"+ 0 0 0 0 0 0 0 0 ", b"+ 0 0 0 0 0 0 0 0 ", b"= 500"],
    "tally": [b"+ 0 0 0 0 0 0 0 0 " + b"9" * 100000, b"= 99"],
    "tally numbers": [
        b"+ 0 0 0 0 0 0 0 0 18446744073709551615 18446744073709551615 -1 99999999999:1",
        b"= 150",
    ],
    "long": [b"+ " + b"0 " * 4000000],
    "predictions": [b"+ 0 0 0 0 0 0 4294967295 0 x", b"= 100"],
    "nothing": [],
    "marks": [b"= 1"] * 100000,
}


@attack_each(
    "a forged journal with right checksums: said or done again, bounded memory, the result whole", *JOURNALS
)
def forged_journal(box, kind):
    box.interrupted()
    box.write("out/.verify/journal.0.0", journal(*JOURNALS[kind]))
    whole(box, box.run("--resume", own=("out/.verify/*",)))


@attack_each(
    "journals by odd names: said or passed over",
    "journal.4294967295.0",
    "journal.0.2147483647",
    "journal.0.-1",
    "journal.00.00",
    "journal.99999999999999999999.0",
    "journal.0.0.0",
    "journal.",
    "journal.0.1 ",
    "journal.\x1b.0",
)
def odd_journal(box, name):
    box.interrupted()
    box.write("out/.verify/" + name, journal(b"= 1"))
    box.run("--resume", own=("out/.verify/journal.*",))


@attack("10,000 journals of ranks that never were")
def many_journals(box):
    box.interrupted()
    for rank in range(1, 10000):
        box.write("out/.verify/journal.0.%d" % rank, journal(rank=rank))
    box.run("--resume", own=("out/.verify/*",), seconds=40)


@attack_each(
    "records that the journal points to are cut, changed, sparse, or another kind of file",
    "cut",
    "changed",
    "sparse",
    "folder",
    "gone",
)
def records(box, kind):
    box.interrupted()
    name = "out/.verify/records.0.0"
    content = box.read(name)
    box.remove(name)
    if kind == "cut":
        box.write(name, content[: len(content) // 2])
    elif kind == "changed":
        box.write(name, content.replace(b"image", b"imagE"))
    elif kind == "sparse":
        box.sparse(name, 3 << 30)
    elif kind == "folder":
        box.folder(name)
    whole(box, box.run("--resume", own=("out/.verify/*",)))


def whole(box, result):
    """A resumed run that says it is done has all images in its records."""
    if result.code == 0:
        if [os.path.basename(r["image"]) for r in box.records()] != PICTURES[:12]:
            box.fault("the records are not those of the list")


@attack(
    "between interruption and --resume a label is edited in the output: said or kept, never undone silently"
)
def corrected_between(box):
    box.interrupted()
    path = ours(box, "labels")[0]
    box.write(path, "2 0.1 0.1 0.1 0.1\n")
    box.run("--resume")
    box.run("--overwrite", code=2)


@attack("between interruption and --resume an image of the list becomes another: judged or said")
def list_between(box):
    box.interrupted()
    names = sorted(os.listdir(box.path("data/images")))
    box.remove("data/images/" + names[0])
    box.write("data/images/zz.jpg", jpeg())
    box.run("--resume", code=2)


@attack(
    "an output copied to another place, then --overwrite there: only the copy's files of the run are removed"
)
def copied_output(box):
    box.data()
    box.finished("--place", "copy")
    os.system("cp -a '%s' '%s'" % (box.path("out"), box.path("copy")))
    box.write("copy/correct/mine.txt", "mine")
    box.run(
        "--place",
        "copy",
        "--overwrite",
        output="copy",
        own=(
            "copy/*.jsonl",
            "copy/*.json",
            "copy/logs/*",
            "copy/.verify/*",
            "copy/*/labels/0*",
            "copy/*/JPEGImages/0*",
        ),
    )


def manifest_line(path, bucket=2, image=0, size=0, time_ns=0, label=None, predicted=None):
    """A line of .verify/manifest: what a run says that it has placed."""
    numbers = [bucket, image, size, time_ns // 10**9, time_ns % 10**9]
    for content in (label, predicted):
        numbers += [0, 0, 0] if content is None else [1, len(content), zlib.crc32(content)]
    return " ".join(map(str, numbers)) + " " + path + "\n"


@attack_each(
    "a manifest that fits files of the user's, which links below the output lead to: they stay",
    "uncertain/labels",
    "uncertain/JPEGImages",
    "predicted",
    "correct",
    "uncertain",
)
def fitting_manifest(box, link):
    box.data()
    box.finished("--save-txt")
    notes, photo = b"0 0.5 0.5 0.2 0.2\n", jpeg()
    for folder in ("", "labels/", "JPEGImages/", "labels/sub/", "JPEGImages/sub/", "sub/"):
        box.write("thesis/%snotes.txt" % folder, notes)
        box.write("thesis/%snotes.jpg" % folder, photo)
    about = os.stat(box.path("thesis/notes.jpg"))
    if link.startswith("uncertain/") or link == "predicted":
        box.link("out/%s/sub" % link, box.path("thesis"))
        box.link("out/%s/deep" % link, "../../../thesis")
    else:
        for name in ("labels", "JPEGImages", ""):  # the folder itself becomes a link
            box.remove(os.path.join("out", link, name))
        box.link("out/" + link, box.path("thesis"))
    lines = ""
    for path in (
        "notes.jpg",
        "sub/notes.jpg",
        "deep/notes.jpg",
        "deep/sub/notes.jpg",
        "./sub/./notes.jpg",
        ".\\./.\\./.\\./thesis/notes.jpg",
        "../../../thesis/notes.jpg",
        "sub//notes.jpg",
    ):
        for bucket in (0, 1, 2, 3, 99):
            for image in (0, 1, 2, 3):
                lines += manifest_line(path, bucket, image, about.st_size, 0, notes, notes)
                lines += manifest_line(path, bucket, image, about.st_size, about.st_mtime_ns, notes, notes)
    with open(box.path("out/.verify/manifest"), "a") as file:
        file.write(lines)
    box.made.add(b"out/.verify/manifest")
    for way in AGAIN:
        box.run("--save-txt", way)


@attack_each(
    "lines of a manifest with numbers and bytes that nobody has",
    "18446744073709551615",
    "-1",
    "1e9",
    "0x10",
    "\x1b[2J",
)
def odd_manifest(box, number):
    box.data()
    box.finished()
    line = manifest_line(PICTURES[0]).split(" ")
    lines = "".join(" ".join(line[:i] + [number] + line[i + 1 :]) for i in range(len(line)))
    box.write("out/.verify/manifest", lines + lines.rstrip("\n") + "\0\n" + "\x1b[2J\n" * 100)
    box.made.add(b"out/.verify/manifest")
    box.write("out/uncertain/labels/mine.txt", "mine")
    for way in AGAIN:
        box.run(way)
