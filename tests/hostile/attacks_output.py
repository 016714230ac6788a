"""What lies in the output folder before a run."""

from table import attack_each

# Files that a run writes, below its output, with the flags that make it write them.
WRITTEN = (
    ".verify/lock",
    ".verify/run.json",
    ".verify/journal.0.0",
    ".verify/records.0.0",
    ".verify/predictions.0.0",
    ".verify/manifest",
    "logs/verify.log",
    "logs/gpu0.log",
    "verification_report.json",
    "verification_records.jsonl",
    "predictions.json",
    "uncertain/labels/0001.txt",
    "uncertain/JPEGImages/0001.jpg",
    "predicted/0001.txt",
)
# Folders that a run makes, below its output.
MADE = (
    ".verify",
    "logs",
    "correct",
    "uncertain",
    "uncertain/JPEGImages",
    "uncertain/labels",
    "mislabeled/labels",
    "predicted",
)
# What a run might look for, remove or write in a folder that it takes for its own.
TEMPTING = (
    "run.json",
    "lock",
    "manifest",
    "journal.0.0",
    "records.0.0",
    "gpu0.log",
    "verify.log",
    ".verify-0123456789abcdef",
    "0001.txt",
    "0001.jpg",
    "labels/0001.txt",
    "JPEGImages/.verify-0123456789abcdef",
)
SAVE = ("--save-json", "--save-txt")
WAYS = ((), ("--resume",), ("--overwrite",))


def three_ways(box, *own):
    """A run, --resume and --overwrite: none of them may touch what is there. Names of its own pattern
    a run may remove from its work folder (never what a link there leads to)."""
    for way in WAYS:
        box.run(*SAVE, *way, own=[name for name in own if name.startswith("out/.verify/")])


@attack_each("a link at a name that a run writes, to a file of the user's: not written through", *WRITTEN)
def link_to_file(box, name):
    box.data()
    box.link("out/" + name, box.path("thesis/chapter.tex"))
    three_ways(box, "out/" + name)


@attack_each("a link at a name that a run writes, to nothing: no file is made at its other end", *WRITTEN)
def link_to_nothing(box, name):
    box.data()
    box.link("out/" + name, box.path("thesis/appendix.tex"))
    three_ways(box, "out/" + name)


@attack_each("a hard link at a name that a run writes: the user's file keeps its content", *WRITTEN)
def hard_link(box, name):
    box.data()
    box.hard("out/" + name, "thesis/chapter.tex")
    three_ways(box, "out/" + name)


@attack_each("a FIFO at a name that a run opens: nobody waits", *WRITTEN)
def fifo(box, name):
    box.data()
    box.fifo("out/" + name)
    three_ways(box, "out/" + name)


@attack_each("a folder of the user's at the name of a file: kept", *WRITTEN)
def folder_for_file(box, name):
    box.data()
    box.write("out/" + name + "/mine.txt", "mine")
    three_ways(box)


@attack_each("a link at the name of a folder that a run makes, to the user's: nothing there changes", *MADE)
def link_to_folder(box, name):
    box.data()
    for tempting in TEMPTING:
        box.write("thesis/" + tempting, "mine")
    box.link("out/" + name, box.path("thesis"))
    three_ways(box)


@attack_each("a file of the user's at the name of a folder: kept", *MADE)
def file_for_folder(box, name):
    box.data()
    box.write("out/" + name, "mine")
    three_ways(box)


@attack_each("files of the user's in a folder named as a run's: kept", *MADE)
def folder_of_the_users(box, name):
    box.data()
    for tempting in TEMPTING:
        box.write("out/%s/%s" % (name, tempting), "mine")
    box.write("out/%s/mine.txt" % name, "mine")
    three_ways(box, *["out/.verify/" + tempting for tempting in TEMPTING[:5] + TEMPTING[7:8]])


@attack_each("a draft's name that is a folder, a link or a FIFO", "folder", "link", "fifo")
def draft(box, kind):
    box.data()
    for folder in ("", "correct/labels/", "predicted/", "logs/"):
        name = "out/%s.verify-0123456789abcdef" % folder
        if kind == "folder":
            box.write(name + "/mine.txt", "mine")
        elif kind == "link":
            box.link(name, box.path("thesis/chapter.tex"))
        else:
            box.fifo(name)
    three_ways(box)
