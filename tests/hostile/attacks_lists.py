"""Hostile lists, and hostile places of data and output."""

import os

from sandbox import PICTURES, jpeg
from table import attack, attack_each

GOOD = "1 0.5 0.5 0.2 0.2\n"


def listed(box, text, **options):
    if not os.path.isdir(box.path("data")):
        box.data()
    box.write("data/list.txt", text)
    return box.run(data="data/list.txt", **options)


LINES = (
    "/etc/passwd",
    "/etc/shadow.jpg",
    "/proc/self/mem.jpg",
    "/dev/stdin.jpg",
    "../../../../../../etc/hosts.png",
    "images/../../thesis/chapter.tex",
    "-rf.jpg",
    "images/%s/." % PICTURES[0],
    "//images//x.jpg",
    "images/",
    ".jpg",
    "..",
    "/",
    "images\\x.jpg",
    "file:///images/x.jpg",
    "http://localhost/x.jpg",
    "images/x.jpg ",
    "'images/x.jpg'",
    "~/x.jpg",
    "$HOME/x.jpg",
    "images/*.jpg",
    "\x1b[2J.jpg",
    "\x9b2J.jpg",
    "\u202ex.jpg",
    "x" * 300 + ".jpg",
    ("x" * 200 + "/") * 30 + "x.jpg",
    "/dev/zero.jpg",
    "#images/x.jpg",
)


@attack("a list of paths that are none of its business: failed or left out with a word, none opened to write")
def odd_lines(box):
    listed(box, "\n".join("images/" + name for name in PICTURES[:3]) + "\n" + "\n".join(LINES) + "\n")


@attack_each("each odd line alone beside one sound image", *range(len(LINES)))
def odd_line(box, i):
    result = listed(box, "images/%s\n%s\n" % (PICTURES[0], LINES[i]))
    if (
        result.code == 0
        and "WARNING" not in result.text
        and "Skipped" not in result.text
        and "Failed" not in result.text
    ):
        if box.report()["total_images"] != 2 or box.report()["images"]["failed"]:
            box.fault("nothing is said of %r" % LINES[i])


@attack_each("a list that is none", "binary", "nul", "utf16", "empty", "blank", "long line", "spaces", "jpeg")
def list_is(box, kind):
    listed(
        box,
        {
            "binary": os.urandom(100000),
            "nul": b"images/x.jpg\0images/y.jpg\n",
            "utf16": "images/x.jpg\n".encode("utf-16"),
            "empty": b"",
            "blank": b"\n" * 1000000,
            "long line": b"x" * 50000000,
            "spaces": b" " * 50000000,
            "jpeg": jpeg(),
        }[kind],
        code=2,
    )


@attack("one image a million times: once, said, bounded time and memory")
def a_million_times(box):
    listed(box, ("images/%s\n" % PICTURES[0]) * 1000000, code=0, says="more than once")


@attack("one image under 200,000 spellings: bounded time and memory")
def spellings(box):
    listed(
        box,
        "".join("images/%s%s\n" % ("./" * (i % 500) + "/" * (i // 500), PICTURES[0]) for i in range(20000)),
        code=0,
    )


@attack("200,000 images that are not there: they fail, the screen stays short")
def absent(box):
    done = listed(
        box, "".join("images/no%d.jpg\n" % i for i in range(200000)) + "images/%s\n" % PICTURES[0], seconds=60
    )
    if len(done.text) > 50000:
        box.fault("%d bytes are printed" % len(done.text))


@attack("a list beside which a link leads out: images through it are judged, nothing there changes")
def through_a_link(box):
    box.data()
    box.data("thesis/photos")
    box.link("data/way", box.path("thesis/photos"))
    listed(box, "".join("way/images/%s\n" % name for name in PICTURES[:3]), code=0)


@attack("lists: a list in a list, itself listed")
def list_in_a_list(box):
    listed(box, "list.txt\nimages/%s\n" % PICTURES[0])


# ------------------------------------------------------------ where the output lies


@attack_each(
    "an output where none may be: refused, nothing there changes",
    "/proc/x",
    "/proc/self",
    "/sys/x",
    "/dev/null",
    "/dev/full/x",
    "/proc/self/fd/1",
    "/dev/stdout",
    "",
    "data/list.txt",
    "model.onnx",
    "model.onnx/x",
    "thesis/chapter.tex",
)
def output_is(box, where):
    box.data()
    box.write("data/list.txt", "images/x.jpg\n")
    box.run(output=where, code=(1, 2))


@attack_each(
    "an output that is, holds or lies in the data set or the model's folder: data and model stay",
    "data",
    "data/images",
    "data/labels",
    "data/images/out",
    ".",
    "..",
    "data/..",
    "./",
    "thesis",
    "data/images/../labels",
    "data/images/" + PICTURES[0],
)
def output_at(box, where):
    box.data()
    for way in ((), ("--overwrite",), ("--resume",)):
        box.run(*way, output=where, new=("*",))
    box.faults = [f for f in box.faults if not f.startswith("changed 'data") or not f.endswith("mtime")]


@attack(
    "two runs after each other with the output below the images: the first one's output is not judged as data"
)
def output_in_images(box):
    box.data()
    box.run(data="data/images", output="data/images/out", code=0)
    box.run(data="data/images", output="second", code=0)
    if box.report("second")["total_images"] != 3:
        box.fault("%d images" % box.report("second")["total_images"])


@attack("an output of another run as data, in place: refused or judged, never its own input removed")
def own_output_as_data(box):
    box.data()
    box.run("--place", "copy", code=0)
    box.made = {p for p in box.made if b"JPEGImages" not in p and b"labels" not in p}
    for way in ((), ("--overwrite",), ("--resume",)):
        box.run(*way, data="out/uncertain/JPEGImages")
        box.run(*way, data="out")


@attack_each(
    "names of the output: long, odd, or ending in slashes",
    "a\nb",
    "\x1b[2J",
    os.fsdecode(b"\xff\xfe"),
    "out///",
    "./out/./.",
    "-out",
    "--out=x",
    " ",
    "%s%n",
    "~",
)
def output_name(box, name):
    box.data()
    box.command(
        ["--model", "model.onnx", "--data", "data", "--imgsz", "64", "--output=" + name],
        output=os.path.normpath(name),
        code=(0, 2),
    )


@attack_each("an output path at or beyond the limits", 255, 256, 4080, 4095, 4096, 70000)
def output_length(box, length):
    box.data()
    name = "/".join(["d" * 200] * (length // 201) + ["e" * (length % 201)]) if length > 256 else "o" * length
    box.run(output=name, new=("d*",))
    if length >= 4096 and os.path.exists(box.path("d" * 200)):
        box.fault("refused, and folders were made all the same")


@attack("output: /, as one who may not write there: refused")
def output_is_the_root(box):
    box.data()
    box.run(output="/", nobody=True, code=(1, 2))


@attack("output as a link to a folder, which may be: the folder is written to, the link stays")
def output_link(box):
    box.data()
    box.folder("disk/results")
    box.link("out", "disk/results")
    box.run(code=0, new=("disk/results/*",), own=("disk/results",))
    box.run("--overwrite", code=0, new=("disk/results/*",), own=("disk/results",))


@attack("output as a dangling link, and as a loop")
def output_dangling(box):
    box.data()
    box.link("out", "nowhere/x")
    box.link("loop", "loop")
    box.run(code=(1, 2))
    box.run(output="loop", code=(1, 2))


@attack("data sets with the output's own names inside: images/correct/labels, logs, .verify below the data")
def names_of_the_output_in_data(box):
    box.data()
    for name in ("correct/JPEGImages", "logs", "predicted", "verification_report.json"):
        box.write("data/images/%s/a.jpg" % name, jpeg())
    box.write("data/images/.verify/a.jpg", jpeg())
    box.run(data="data/images", code=0)


@attack("two data sets whose common folder is the root of the box: nothing outside the output")
def common_folder(box):
    box.data()
    box.data("thesis/more")
    listed(box, "images/%s\n../thesis/more/images/%s\n" % (PICTURES[0], PICTURES[1]), code=0)
