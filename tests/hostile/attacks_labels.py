"""Hostile label files."""

import os
import shutil
import socket

from sandbox import PICTURES
from table import attack, attack_each

STEM = os.path.splitext(PICTURES[0])[0]
LABEL = "data/labels/%s.txt" % STEM
GOOD = "1 0.5 0.5 0.2 0.2\n"


def label(box, content, **options):
    """Runs on a data set whose first label has these bytes."""
    box.data()
    box.write(LABEL, content)
    result = box.run(**options)
    if result.code == 0:
        expect_said(box)
    return result


def expect_said(box, name=PICTURES[0]):
    """A label that was not judged whole is in the record."""
    record = next(r for r in box.records() if os.path.basename(r["image"]) == name)
    if not record["invalid"] and not record["error"]:
        box.fault("nothing in the record tells of the bad label: %s" % record)
    if len(str(record)) > 10 << 20:
        box.fault("a record of %d bytes" % len(str(record)))


@attack_each(
    "a label file that is none: in the record, the rest is judged",
    "fifo",
    "folder",
    "zero",
    "full",
    "random",
    "socket",
    "loop",
    "mem",
    "stdin",
    "tty",
    "sparse",
)
def label_is(box, kind):
    box.data()
    box.remove(LABEL)
    targets = {
        "zero": "/dev/zero",
        "full": "/dev/full",
        "random": "/dev/urandom",
        "mem": "/proc/self/mem",
        "stdin": "/dev/stdin",
        "tty": "/dev/tty",
    }
    server = None
    if kind == "fifo":
        box.fifo(LABEL)
    elif kind == "folder":
        box.folder(LABEL)
    elif kind == "socket":
        server = socket.socket(socket.AF_UNIX)
        server.bind(box.parent(LABEL))
    elif kind == "loop":
        box.link(LABEL, os.path.basename(LABEL))
    elif kind == "sparse":
        box.sparse(LABEL, 2 << 30)
    else:
        box.link(LABEL, targets[kind])
    box.run(code=0)
    expect_said(box)
    size = sum(
        os.lstat(os.path.join(base, f)).st_blocks * 512
        for base, _, files in os.walk(box.path("out"))
        for f in files
    )
    if size > 10 << 20:
        box.fault("%d MiB were written" % (size >> 20))
    if server:
        server.close()


@attack_each(
    "one label file that is large in its own way: bounded time and memory",
    "one line",
    "spaces",
    "blank lines",
    "bad lines",
    "polygon",
    "digits",
    "empty lines of CR",
)
def large(box, kind):
    size = 8 << 20
    label(
        box,
        {
            "one line": "7" * size,
            "spaces": " " * size + "x",
            "blank lines": "\n" * size + "x",
            "bad lines": "x\n" * (size // 2),
            "polygon": "0" + " 0.25 0.5" * (size // 9) + " 0.5\n",
            "digits": "0 0." + "3" * size + " 0.5 0.2 0.2 9\n",
            "empty lines of CR": "\r" * size + "x",
        }[kind],
        code=0,
    )


@attack("50,000 boxes in one label: bounded time")
def many_boxes(box):
    box.data()
    box.write(LABEL, "".join("1 0.%04d 0.5 0.01 0.01\n" % (i % 9973) for i in range(50000)))
    box.run()


@attack("50,000 labels on the same spot: bounded time")
def many_duplicates(box):
    box.data()
    box.write(LABEL, "1 0.5 0.5 0.25 0.25\n" * 50000)
    box.run()


@attack_each(
    "label text of other worlds: in the record, no crash, no control byte shown",
    "utf16",
    "utf16be",
    "nul",
    "cr",
    "esc",
    "c1",
    "rtl",
    "arabic digits",
    "fullwidth",
    "hex",
    "negative zero",
    "1e999",
    "tiny",
    "class 2^64",
    "class -0",
    "underscore",
    "comma",
    "bidi",
    "vertical tab",
    "nbsp",
    "json",
    "latin1",
    "plus",
)
def odd(box, kind):
    text = {
        "utf16": GOOD.encode("utf-16"),
        "utf16be": "\ufeff".encode("utf-16-be") + GOOD.encode("utf-16-be"),
        "nul": b"1 0.5\0 0.5 0.2 0.2\n\0\n",
        "cr": b"1 0.5 0.5 0.2 0.2\r1 0.5 0.5 0.2\r",
        "esc": b"1 0.5 0.5 0.2 0.2 \x1b[2J\x1b]0;owned\x07\n",
        "c1": "1 0.5 0.5 0.2 \x9b31m\n",
        "rtl": "1 0.5 0.5 0.2 \u202e2.0\n",
        "arabic digits": "\u0661 0.5 0.5 0.2 0.2\n",
        "fullwidth": "\uff11 0.5 0.5 0.2 0.2\n",
        "hex": "0x1 0x.8p0 0.5 0.2 0.2\n",
        "negative zero": "1 -0 0.5 -0.0 0.2\n",
        "1e999": "1 1e999 -1e999 0.2 0.2\n",
        "tiny": "1 0.5 0.5 1e-999 0.2\n",
        "class 2^64": "18446744073709551617 .5 .5 .2 .2\n",
        "class -0": "-0.5 0.5 0.5 0.2 0.2\n",
        "underscore": "1 0.5 0.5 0.2 0_2\n",
        "comma": "1 0,5 0,5 0,2 0,2\n",
        "bidi": "1 0.5 0.5 0.2 \u2066x\u2069\n",
        "vertical tab": b"1\x0b0.5\x0c0.5 0.2 q\n",
        "nbsp": "1\u00a00.5 0.5 0.2 0.2\n",
        "json": '[{"class": 1, "bbox": [1, 2, 3, 4]}]\n',
        "latin1": b"caf\xe9 0.5 0.5 0.2 0.2\n",
        "plus": "+1 +0.5 +0.5 +0.2 +q\n",
    }[kind]
    label(box, text, code=0)


@attack("labels that are links out of the data set: said, not copied, not quoted")
def link_out(box):
    names = box.data(pictures=4)
    box.write("secret/key", "-----BEGIN PRIVATE KEY-----\nMIIEvAIBADANBg\n")
    for i, target in enumerate((box.path("secret/key"), "../../secret/key", "../../secret/../secret/key")):
        name = "data/labels/%s.txt" % os.path.splitext(names[i])[0]
        box.remove(name)
        box.link(name, target)
    discloses_nothing(box)


def discloses_nothing(box):
    result = box.run(code=0)
    for base, _, files in os.walk(box.path("out")):
        for file in files:
            with open(os.path.join(base, file), "rb") as content:
                if b"BEGIN" in content.read():
                    box.fault("the secret is in %s" % file)
    if "BEGIN" in result.text:
        box.fault("the secret is on the screen")


@attack("the image is a link to a picture of the set whose label is a link to a secret: not read either")
def link_out_in_two_steps(box):
    names = box.data()
    box.write("secret/labels/key.txt", "-----BEGIN PRIVATE KEY-----\nMIIEvAIBADANBg\n")
    stem, suffix = os.path.splitext(names[0])
    os.makedirs(box.path("data/x/images"))
    os.rename(box.path("data/images", names[0]), box.path("data/x/images/a" + suffix))
    box.link("data/images/" + names[0], "../x/images/a" + suffix)
    box.link("data/x/labels/a.txt", box.path("secret/labels/key.txt"))
    box.remove(LABEL)
    box.link(LABEL, box.path("secret/labels/key.txt"))
    discloses_nothing(box)


@attack(
    "the way to the labels' folder leads through a link to a secret's folder: no file of it is copied by another name"
)
def linked_folder_of_secrets(box):
    names = box.data()
    box.write("secret/id_rsa", "-----BEGIN PRIVATE KEY-----\n")
    box.link("data/labels/deep", "../../secret")
    box.link("data/labels/%s" % "id_rsa.txt", "deep/id_rsa")
    shutil.copy(
        box.path("data/images", names[0]), box.path("data/images", "id_rsa" + os.path.splitext(names[0])[1])
    )
    discloses_nothing(box)


@attack("labels/ itself a link out of the data set, as is common: judged, nothing there changes")
def labels_folder_is_a_link(box):
    box.data()
    os.rename(box.path("data/labels"), box.path("elsewhere"))
    box.link("data/labels", "../elsewhere")
    box.run(code=0)
    if not box.report()["total_boxes"]:
        box.fault("the labels were not judged")


@attack("a label that is a hard link to a file of the user's: the copy is no link")
def label_hard_link(box):
    box.data()
    box.remove(LABEL)
    box.hard(LABEL, "thesis/notes.txt")
    box.run(code=0)
    for base, _, files in os.walk(box.path("out")):
        for file in files:
            if file == STEM + ".txt":
                with open(os.path.join(base, file), "a") as copy:
                    copy.write("corrected\n")
    if box.read("thesis/notes.txt") != b"0 0.5 0.5 0.2 0.2\n":
        box.fault("a correction in the output reached the original")


@attack("a label folder in which a label is a folder of labels, and one of 20,000 orphans")
def many_orphans(box):
    box.data()
    for i in range(20000):
        box.write("data/labels/orphan%d.txt" % i, GOOD)
    box.run(code=0)
    if box.report()["orphan_labels"] != 20000:
        box.fault("orphan_labels: %s" % box.report()["orphan_labels"])


@attack("a label that nobody may read: in the record")
def label_unreadable(box):
    box.data()
    os.chmod(box.path(LABEL), 0)
    box.run(code=0, nobody=True)
    expect_said(box)


@attack("a label folder that nobody may enter: said, not taken for backgrounds")
def labels_unreadable(box):
    box.data()
    os.chmod(box.path("data/labels"), 0)
    done = box.run(nobody=True)
    if done.code == 0:
        for name in PICTURES[:3]:
            expect_said(box, name)
    os.chmod(box.path("data/labels"), 0o755)
