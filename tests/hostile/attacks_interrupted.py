"""--resume and --overwrite on outputs of interrupted runs that somebody has worked in, or forged."""

import json
import os
import zlib

from attacks_finished import ours
from sandbox import PICTURES, jpeg
from table import attack, attack_each


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


@attack("1,000 journals of ranks that never were")
def many_journals(box):
    box.interrupted()
    for rank in range(1, 1000):
        box.write("out/.verify/journal.0.%d" % rank, journal(rank=rank))
    box.run("--resume", own=("out/.verify/*",))


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
