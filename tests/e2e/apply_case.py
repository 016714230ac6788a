"""What the tests of verify apply share: label files of every oddity, decisions on them, and what they
come to, worked out apart from the program."""

import json
import os
import re
import shutil
import subprocess
import sys

from harness import MODEL, ROOT, Case

sys.path.insert(0, os.path.join(ROOT, "tests", "faults"))
import rig  # noqa: E402

MARK = b"\xef\xbb\xbf"
LINE = re.compile(rb"([^\r\n]*)(\r\n|\r|\n|$)")
ENDS = (b"\n", b"\r\n", b"\r")


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def contents(folder):
    """{path: (mode, bytes)} of all files below."""
    found = {}
    for base, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(base, name)
            found[os.path.relpath(path, folder)] = os.stat(path).st_mode, read(path)
    return found


def lines_of(content):
    """[text, end] of each line, as label files are numbered; and the mark."""
    mark = MARK if content.startswith(MARK) else b""
    lines = [list(match) for match in LINE.findall(content[len(mark):])]
    return mark, lines[:-1] if lines and lines[-1] == [b"", b""] else lines


def odd_line(chance):
    """One of any kind: boxes as anybody writes them, what is no box, what is nothing."""
    number = lambda: chance.choice(["%.6f", "%.3f", "%g", "%e"]) % chance.uniform(0.2, 0.4)
    gap = chance.choice([" ", "  ", "\t", " \t"])
    box = [str(chance.randrange(10))] + [number() for _ in range(4)]
    kind = chance.randrange(12)
    if kind == 0:
        box += ["0.9"]  # a confidence
    elif kind == 1:
        box += [number() for _ in range(chance.choice([2, 6]))]  # points
    elif kind == 2:
        return chance.choice(["", " ", "\t"])
    elif kind == 3:
        return chance.choice(["# a comment", "cup 0.5 0.5 0.1 0.1", "3 0.5"])
    elif kind == 4:
        box[0] += ".0"
    return chance.choice(["", " "]) + gap.join(box) + chance.choice(["", "", " ", "\t"])


def odd_file(chance):
    """A label file: line ends of one kind or of all, a mark or none, an end or none, or nothing."""
    if chance.random() < 0.05:
        return b""
    ends = chance.choice([ENDS[:1], ENDS[1:2], ENDS[2:], ENDS])
    content = MARK if chance.random() < 0.2 else b""
    count = chance.randint(1, 9)
    for i in range(count):
        content += odd_line(chance).encode()
        if i + 1 < count or chance.random() < 0.7:
            content += chance.choice(ends)
    return content


def number(value):
    """As a new box is written."""
    text = ("%.6f" % value).rstrip("0")
    return text + "0" if text.endswith(".") else text


class Expected:
    """A label file, and decisions about it carried out by hand."""

    def __init__(self, content):
        self.mark, self.lines = lines_of(content)
        self.gone, self.added = set(), []

    def columns(self, line):
        return re.findall(rb"[^ \t\v\f]+", self.lines[line - 1][0])

    def replace(self, line, column, value):
        spans = [m.span() for m in re.finditer(rb"[^ \t\v\f]+", self.lines[line - 1][0])]
        text, (begin, end) = self.lines[line - 1][0], spans[column]
        self.lines[line - 1][0] = text[:begin] + value.encode() + text[end:]

    def content(self):
        ends = [end for _, end in self.lines if end]
        end = ends[-1] if ends else b"\n"
        content = b"".join(text + stop for i, (text, stop) in enumerate(self.lines, 1)
                           if i not in self.gone)
        for text in self.added:
            is_open = content and content[-1:] not in (b"\r", b"\n")
            content += end + text if is_open else text + end
        return self.mark + content


def decide(chance, image, label, content):
    """Decisions about a file, those of them that are refused, and the file that it becomes."""
    decisions, refused, expected = [], 0, Expected(content)
    # What parsers take for a line of a polygon or keypoints.
    points = any(len(expected.columns(i + 1)) > 6 for i in range(len(expected.lines)))
    for i, (text, _) in enumerate(expected.lines, 1):
        action = chance.choice(["class", "box", "delete", "keep", None, None])
        columns = len(expected.columns(i))
        if action is None:
            continue
        decision = {"image": image, "label": label, "line": i, "text": text.decode(),
                    "action": action, "class": None, "xywhn": None}
        box = [round(chance.uniform(0.1, 0.9), 6) for _ in range(4)]
        if action == "class":
            decision["class"] = chance.randrange(10)
        if action == "box":
            decision["xywhn"] = box
        decisions.append(decision)
        if action in ("class", "box") and (columns == 0 or (action == "box" and
                                                            columns not in (5, 6))):
            refused += 1
        elif action == "class":
            first = expected.columns(i)[0].decode()
            if not re.fullmatch(r"\d+(\.0)?", first) or float(first) != decision["class"]:
                expected.replace(i, 0, str(decision["class"]))
        elif action == "box":
            for k in range(4):
                expected.replace(i, k + 1, number(box[k]))
        elif action == "delete":
            expected.gone.add(i)
    if chance.random() < 0.3:
        box = [round(chance.uniform(0.1, 0.9), 6) for _ in range(4)]
        decisions.append({"image": image, "label": label, "line": None, "text": None,
                          "action": "add", "class": 7, "xywhn": box})
        if points:
            refused += 1
        else:
            expected.added.append(" ".join(["7"] + [number(v) for v in box]).encode())
    return decisions, refused, expected.content()


class ApplyCase(Case):
    """A data set of small pictures, a run on it, and verify apply."""

    def make_set(self, name, files, images="images", labels="labels"):
        """Pictures (one file by many names) and label files, {stem: content or None}, in
        folders as given."""
        base, first = self.path(name), None
        for stem, content in files.items():
            path = os.path.join(base, images, stem + ".png")
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if first:
                os.link(first, path)
            else:
                first = path
                write(path, rig.png(64, 64, lambda x, y: x * y))
            if content is not None:
                write(os.path.join(base, labels, stem + ".txt"), content)
        return base

    def run_on(self, data, output="o", *flags):
        self.run_verify("--model", MODEL, "--data", data, "--imgsz", 64, "--output",
                        self.path(output), "--no-self-test", *flags, ranks=0)

    def apply(self, *words, output="o", code=0, **options):
        return self.run_verify("apply", self.path(output), *words, ranks=options.pop("ranks", 0),
                               code=code, **options)

    def write_decisions(self, decisions, name="decisions.jsonl"):
        write(self.path(name), "".join(
            (d if isinstance(d, str) else json.dumps(d)) + "\n" for d in decisions).encode())
        return self.path(name)

    def patch(self, folder, diff, *flags):
        """Runs patch(1); what it rejects is a failure."""
        done = subprocess.run(["patch", "-p1", "-s", *flags, "-i", diff], cwd=folder,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:])


def copy_tree(source, target):
    shutil.copytree(source, target, symlinks=True)
    return target
