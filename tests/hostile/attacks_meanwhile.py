"""What happens to files while a run works on them, and between two runs."""

import os
import shutil
import signal
import time

from sandbox import PICTURES, jpeg
from table import attack, attack_each


def halt(box, process, wanted="out/.verify/journal.0.0"):
    """Stops the process once a file of its run is there. Gives whether it was."""
    end = time.monotonic() + 10
    while time.monotonic() < end and not os.path.exists(box.path(wanted)):
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGSTOP)
    return os.path.exists(box.path(wanted))


@attack_each(
    "the output is moved during the run, and a link, a folder or nothing takes its place: nothing of it is touched",
    "link",
    "folder",
    "nothing",
    "file",
)
def output_moved(box, kind):
    box.data(pictures=60)
    for name in (
        ".verify/journal.0.0",
        ".verify/run.json",
        ".verify/lock",
        "verification_report.json",
        "logs/verify.log",
        "verification_records.jsonl",
        "correct/labels/0001.txt",
        "uncertain/labels/0001.txt",
    ):
        box.write("thesis/%s" % name, "mine")

    def swap(process):
        if not halt(box, process):
            box.fault("the run was over before")
        os.rename(box.path("out"), box.path("moved"))
        if kind == "link":
            os.symlink("thesis", box.path("out"))
        elif kind == "folder":
            os.rename(box.path("thesis"), box.path("out"))
        elif kind == "file":
            box.write("out", "mine")
        os.kill(process.pid, signal.SIGCONT)

    box.run(
        "--imgsz",
        "256",
        during=swap,
        new=("moved*", "out", "out/*"),
        own=("thesis*",) if kind == "folder" else (),
    )
    if kind == "folder":
        for name in ("verification_report.json", ".verify/run.json", "correct/labels/0001.txt"):
            path = box.path("out", name)
            if not os.path.exists(path) or box.read("out/" + name) != b"mine":
                box.fault("out/%s is not what it was" % name)


@attack("the output is removed during the run: said, exit 1, no endless try")
def output_removed(box):
    box.data(pictures=60)

    def remove(process):
        halt(box, process)
        shutil.rmtree(box.path("out"), ignore_errors=True)
        os.kill(process.pid, signal.SIGCONT)

    box.run("--imgsz", "256", during=remove, code=(0, 1))


@attack_each(
    "during the run a folder of the output becomes a link: nothing is written or removed through it",
    "logs",
    ".verify",
    "uncertain",
    "uncertain/labels",
    "correct/JPEGImages",
)
def folder_swapped(box, name):
    box.data(pictures=60)
    for tempting in (
        "journal.0.0",
        "run.json",
        "lock",
        "verify.log",
        "labels/0001.txt",
        "0001.txt",
        "0001.jpg",
    ):
        box.write("thesis/" + tempting, "mine")

    def swap(process):
        if not halt(box, process):
            box.fault("the run was over before")
        os.rename(box.path("out", name), box.path("moved"))
        os.symlink(box.path("thesis"), box.path("out", name))
        os.kill(process.pid, signal.SIGCONT)

    box.run("--imgsz", "256", during=swap, code=(0, 1, 2), new=("moved*",))


@attack("a user's folder comes into being at the output between refusal and run: kept")
def user_works_beside(box):
    box.data(pictures=60)

    def work(process):
        halt(box, process)
        for folder in ("correct/labels", "uncertain/JPEGImages", "logs", "", ".verify"):
            os.makedirs(box.path("out", folder), exist_ok=True)
            with open(box.path("out", folder, "mine.txt"), "w") as file:
                file.write("mine")
        os.kill(process.pid, signal.SIGCONT)

    box.run("--imgsz", "256", during=work)
    for folder in ("correct/labels", "uncertain/JPEGImages", "logs", "", ".verify"):
        if not os.path.exists(box.path("out", folder, "mine.txt")):
            box.fault("removed out/%s/mine.txt" % folder)


@attack("images of the data set are removed, edited in place and added, then --overwrite: starts over")
def data_changed(box):
    names = box.data(pictures=6)
    box.finished()
    box.remove("data/images/" + names[0])
    with open(box.path("data/images", names[1]), "ab") as file:
        file.write(b"edited")
    box.write("data/images/new.jpg", jpeg())
    box.run("--overwrite", code=0)
    if box.report()["total_images"] != 6:
        box.fault("%d images" % box.report()["total_images"])


@attack("labels corrected in the data set itself, then --overwrite: starts over with them")
def labels_changed(box):
    names = box.data()
    box.finished()
    label = "data/labels/%s.txt" % os.path.splitext(names[0])[0]
    box.write(label, "3 0.5 0.5 0.25 0.25\n")
    box.run("--overwrite", code=0)
    if [b["class"] for b in box.records()[0]["boxes"]] != [3]:
        box.fault("the old label was judged")


@attack_each("files with times that nobody has: judged, times stay", -(10**9), 0, 2**33, 2**34)
def times(box, seconds):
    box.data()
    for base, folders, files in os.walk(box.path("data")):
        for name in folders + files:
            os.utime(os.path.join(base, name), (seconds, seconds))
    for place in ("hardlink", "copy"):
        box.run("--place", place, output=place, code=0)
        box.run("--place", place, "--overwrite", output=place, code=0)


@attack(
    "lists whose lines climb with .. and through links: the file that the line names is judged, placed below the output"
)
def dots(box):
    box.data()
    box.write("photos/deep/a.jpg", b"no picture")
    box.write("photos/a.jpg", jpeg())
    box.write("data/a.jpg", b"no picture")
    box.link("data/way", box.path("photos/deep"))
    box.write("data/list.txt", "images/../../photos/./a.jpg\nway/../a.jpg\nimages/%s\n" % PICTURES[0])
    box.run("--place", "copy", data="data/list.txt", code=0)
    failed = box.report()["failed_images"]
    if failed:
        box.fault("way/../a.jpg is photos/a.jpg, a picture, for whoever opens it; failed: %s" % failed)


@attack("images whose names differ in suffix only, with --save-txt: no prediction is lost in silence")
def same_predictions(box):
    box.data()
    for name in ("a.jpg", "a.png"):
        shutil.copy(
            box.path("data/images", next(n for n in PICTURES if n.endswith(name[1:]))),
            box.path("data/images", name),
        )
    box.write("data/labels/a.txt", "1 0.5 0.5 0.2 0.2\n")
    result = box.run("--save-txt", "--save-json", "--conf", "0.001", "--imgsz", "256", code=0)
    lines = 0
    for base, _, files in os.walk(box.path("out/predicted")):
        for name in files:
            with open(os.path.join(base, name)) as file:
                lines += len(file.readlines())
    predictions = box.read("out/predictions.json").count(b'"score"')
    if lines != predictions and "WARNING" not in result.text:
        box.fault("%d predictions, %d lines in predicted/" % (predictions, lines))


@attack_each("images that this user may not read: one fails with its reason, all end the run", 1, 3)
def images_unreadable(box, count):
    names = box.data()
    for name in names[:count]:
        os.chmod(box.path("data/images", name), 0)
    box.run(nobody=True, code=0 if count == 1 else 1, says="ermission denied")


@attack("a data set whose one image is a link out of it: judged, whatever way it is placed")
def link_only(box):
    box.write("pictures/a.jpg", jpeg())
    box.link("data/images/a.jpg", "../../pictures/a.jpg")
    box.write("data/labels/a.txt", "1 0.5 0.5 0.2 0.2\n")
    for place in ("hardlink", "symlink", "copy", "none"):
        box.run("--place", place, output="out-" + place, code=0)
        box.run("--place", place, "--overwrite", output="out-" + place, code=0)
