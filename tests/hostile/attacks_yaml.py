"""Hostile data.yaml files and configs."""

import json
import os

from table import attack, attack_each

NAMES = "names: [zero, one, two, three, four, five, six, seven, eight, nine]\n"


def yaml(box, text, **options):
    """Runs on data/data.yaml with this text and a sound data set beside it."""
    if not os.path.isdir(box.path("data")):
        box.data()
    box.write("data/data.yaml", text)
    return box.run(data="data/data.yaml", **options)


@attack("names: one long text and ten thousand aliases of it: memory stays bounded")
def names_of_aliases(box):
    yaml(box, "train: images\nnames: [&a '%s'%s]\n" % ("x" * 1000000, ", *a" * 10000))


@attack("train: one long path and ten thousand aliases of it: memory stays bounded")
def paths_of_aliases(box):
    yaml(box, "train: [&a '%s'%s]\n" % ("x/" * 500000, ", *a" * 10000) + NAMES, code=2)


@attack("an alias that contains itself")
def alias_of_itself(box):
    yaml(box, "train: &a [images, *a]\n" + NAMES)
    yaml(box, "names: &a {0: zero, 1: *a}\ntrain: images\n", code=2)


@attack("nested aliases that would unfold to 10^9 entries")
def alias_bomb(box):
    lines = ["a0: &a0 [images, images]"]
    for i in range(1, 30):
        lines.append("a%d: &a%d [*a%d, *a%d]" % (i, i, i - 1, i - 1))
    yaml(box, "\n".join(lines) + "\ntrain: *a29\n" + NAMES)


@attack("train: 60,000 spellings of one folder: no time that grows with their square")
def many_spellings(box):
    entries = ["images" + "/." * (1 + i % 40) + "/" * (1 + i // 40) for i in range(60000)]
    yaml(box, "train: [%s]\n" % ", ".join(e[:240] for e in entries) + NAMES)


@attack("train: 100,000 folders that are not there: bounded time, and screen and log stay short")
def many_absent(box):
    done = yaml(box, "train: [images, %s]\n" % ", ".join("no%d" % i for i in range(100000)) + NAMES)
    if len(done.text) > 20000:
        box.fault("%d bytes are printed" % len(done.text))


@attack("path: / with a train folder that is not there: nothing else is walked")
def path_is_root(box):
    yaml(box, "path: /\ntrain: no/such/folder\n" + NAMES, code=2)


@attack("path: and train: climb out of the data set and come back: read, nothing written beside it")
def path_climbs(box):
    box.data("other")
    yaml(box, "path: ../../box/data/..\ntrain: other/../other/images\n" + NAMES, code=0)


@attack("100,000 names: bounded time and memory")
def many_names(box):
    yaml(box, "train: images\nnames: [%s]\n" % ", ".join("n%d" % i for i in range(100000)))


@attack("100,000 names that are the same but for case and spaces: no time that grows with the square")
def equal_names(box):
    yaml(
        box,
        "train: images\nnames: [%s]\n"
        % ", ".join(
            "zero" + "".join("_" if i >> b & 1 else " " for b in range(17)) + "x" for i in range(100000)
        ),
    )


@attack("a class name of a megabyte: screen, log and records stay readable")
def long_name(box):
    done = yaml(box, "train: images\nnames: [zero, one, two, '%s']\n" % ("n" * 1000000))
    if len(done.text) > 20000:
        box.fault("%d bytes are printed" % len(done.text))


@attack("control characters in class names do not reach screen or log")
def control_names(box):
    yaml(box, "train: images\nnames: [zero, \"a\\e[2J\\x9b31m\", \"b\\r\\n[GPU 0] done\", two]\n")


@attack("control characters in path: do not reach screen or log")
def control_path(box):
    yaml(box, "path: \"../\\e]0;x\\a\"\ntrain: images\n" + NAMES, code=(0, 2))
    yaml(box, "path: .\ntrain: \"\\e[2J\\x9b\"\n" + NAMES, code=2)


@attack_each(
    "keys twice, tags that name Python objects, other encodings: a line, or as written",
    "train: images\ntrain: /etc\n" + NAMES,
    "train: !!python/object/apply:os.system ['touch made']\n" + NAMES,
    "train: images\nnames: !!python/object/new:os.system [touch made]\n",
    "train: !!binary aW1hZ2Vz\n" + NAMES,
    "--- !!map\ntrain: !!str images\n" + NAMES,
    "%YAML 1.2\n%TAG ! tag:x,2000:\n---\ntrain: images\n" + NAMES,
    "train: images\n" + NAMES + "---\ntrain: /etc\n",
    "<<: {train: /etc}\ntrain: images\n" + NAMES,
    "train: images\nnc: 99999999999999999999\n",
    "train: images\nnames: {99999: x}\n",
    "train: images\nnames: {-1: x}\n",
    "train: images\nnames: {0x0: zero, 1e0: one}\n",
    "? [a, b]\n: c\ntrain: images\n" + NAMES,
)
def odd_yaml(box, text):
    yaml(box, text)


@attack_each("bytes that are no text", "utf16", "latin1", "nul", "binary")
def encodings(box, kind):
    text = "train: images\n" + NAMES
    box.data()
    box.write(
        "data/data.yaml",
        {
            "utf16": text.encode("utf-16"),
            "latin1": text.encode() + b"# caf\xe9\nx: \xe9\n",
            "nul": text.encode() + b"\0\0\0",
            "binary": bytes(range(256)) * 50,
        }[kind],
    )
    box.run(data="data/data.yaml")


@attack_each("data.yaml that is no file", "fifo", "folder", "zero", "full", "sparse", "loop")
def yaml_is(box, kind):
    box.data()
    name = "data/data.yaml"
    {
        "fifo": lambda: box.fifo(name),
        "folder": lambda: box.folder(name),
        "zero": lambda: box.link(name, "/dev/zero"),
        "full": lambda: box.link(name, "/dev/full"),
        "sparse": lambda: box.sparse(name, 3 << 30),
        "loop": lambda: box.link(name, "data.yaml"),
    }[kind]()
    box.run(data=name, code=2)


@attack("train: a FIFO, a device, a socket's folder: said, nobody waits")
def train_is_no_folder(box):
    box.data()
    box.fifo("data/list.txt")
    yaml(box, "train: list.txt\n" + NAMES, code=2)
    yaml(box, "train: /dev/zero\n" + NAMES, code=2)
    yaml(box, "train: /dev/stdin\n" + NAMES, code=2)
    yaml(box, "train: /proc/self/mem\n" + NAMES, code=2)
    yaml(box, "train: /proc/self/fd\n" + NAMES)


CONFIGS = (
    '{"config": "other.json"}',
    "[" * 100000,
    '{"a":' * 5000 + "1" + "}" * 5000,
    '{"imgsz": 1e400}',
    '{"imgsz": 99999999999999999999999}',
    '{"imgsz": -0.0}',
    '{"batch": 4611686018427387904}',
    '{"threads": 1000000000}',
    '{"output": "a\\u0000b"}',
    '{"output": "\\u001b[2J"}',
    '{"conf": 0.1, "conf": 0.2}',
    '{"paths": {"paths": {"x": 1}}}',
    '{"max_det": 9223372036854775807}',
    '{"imgsz": 2147483647}',
)


@attack_each(
    "configs: deep, huge numbers, unknown keys, control characters: a line, or as written", *range(len(CONFIGS))
)
def config(box, i):
    box.data()
    box.write("c.json", CONFIGS[i])
    box.write("other.json", '{"config": "c.json"}')
    flags = ["--config", "c.json", "--model", "model.onnx", "--data", "data"]
    if "imgsz" not in CONFIGS[i]:
        flags += ["--imgsz", "64"]
    output = "\x1b[2J" if "001b" in CONFIGS[i] else "output"
    box.command(flags, output=output)


@attack("output_base in a config climbs out: only that folder is written to")
def config_climbs(box):
    box.data()
    box.folder("deep/er")
    box.write("deep/er/c.json", json.dumps({"paths": {"output_base": "../../results"}}))
    box.command(
        ["--config", "c.json", "--model", "../../model.onnx", "--data", "../../data", "--imgsz", "64"],
        cwd="deep/er",
        output="results",
        code=0,
    )


@attack_each("a config that is no file", "fifo", "folder", "zero", "sparse")
def config_is(box, kind):
    box.data()
    name = "c.json"
    {
        "fifo": lambda: box.fifo(name),
        "folder": lambda: box.folder(name),
        "zero": lambda: box.link(name, "/dev/zero"),
        "sparse": lambda: box.sparse(name, 3 << 30),
    }[kind]()
    box.run("--config", name, code=2)
