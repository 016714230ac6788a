"""--resume and --overwrite on finished outputs that somebody has worked in, or forged."""

import glob
import os
import zlib

from sandbox import PICTURES, jpeg
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
            "copy/review/*",
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
