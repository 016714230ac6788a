"""Small networks in Darknet's format, of the shapes of the well-known ones, with random weights."""

import array
import random
import re
import struct

ANCHORS = "10,14, 23,27, 37,58, 81,82, 135,169, 344,319, 200,60, 60,220, 400,400"


class Net:
    """A .cfg under construction; every method appends a section."""

    def __init__(self, classes, width=128, height=128):
        self.classes = classes
        self.text = f"[net]\n# for tests\nbatch=1\nwidth={width}\nheight={height}\nchannels=3\n"
        self.count = 0

    def add(self, section, **options):
        self.text += f"\n[{section}]\n" + "".join(f"{k}={v}\n" for k, v in options.items())
        self.count += 1
        return self.count - 1

    def conv(self, filters, size=3, stride=1, act="leaky", norm=1, **options):
        if norm:
            options = dict(batch_normalize=1, **options)
        return self.add("convolutional", filters=filters, size=size, stride=stride, pad=1,
                        activation=act, **options)

    def route(self, *layers, **options):
        return self.add("route", layers=", ".join(map(str, layers)), **options)

    def shortcut(self, layer, act="linear"):
        return self.add("shortcut", **{"from": layer, "activation": act})

    def pool(self, size=2, stride=2, **options):
        return self.add("maxpool", size=size, stride=stride, **options)

    def upsample(self):
        return self.add("upsample", stride=2)

    def yolo(self, mask, scale=None, new_coords=False):
        """The convolution of the map, and the layer that gives it a meaning."""
        options = {} if scale is None else {"scale_x_y": scale}
        if new_coords:
            options["new_coords"] = 1
        self.conv((5 + self.classes) * len(mask), 1, act="logistic" if new_coords else "linear",
                  norm=0)
        return self.add("yolo", mask=",".join(map(str, mask)), anchors=ANCHORS, num=9,
                        classes=self.classes, thresh=0.0, ignore_thresh=.7, **options)


def v3_tiny(classes):
    net = Net(classes)
    for i, filters in enumerate((4, 6, 8, 12, 16, 24)):
        net.conv(filters)
        net.pool(2, 2 if i < 5 else 1)
    net.conv(32)
    net.conv(16, 1)
    net.conv(24)
    net.yolo((3, 4, 5))
    net.route(-4)
    net.conv(8, 1)
    net.upsample()
    net.route(-1, 8)
    net.conv(16)
    net.yolo((0, 1, 2))
    return net.text


def v3(classes, spp=False):
    net = Net(classes, 96, 160)
    net.conv(4)
    levels = []
    for filters in (6, 8, 12, 16, 24):
        net.conv(filters, 3, 2)
        for _ in range(2):
            net.conv(filters // 2, 1)
            net.conv(filters)
            net.shortcut(-3)
        levels.append(net.count - 1)
    net.conv(12, 1)
    if spp:
        net.pool(5, 1)
        net.route(-2)
        net.pool(9, 1)
        net.route(-4)
        net.pool(13, 1)
        net.route(-1, -3, -5, -6)
        net.conv(12, 1)
    net.conv(24)
    net.yolo((6, 7, 8))
    for level, mask in ((levels[3], (3, 4, 5)), (levels[2], (0, 1, 2))):
        net.route(-4)
        net.conv(8, 1)
        net.upsample()
        net.route(-1, level)
        net.conv(8, 1)
        net.conv(16)
        net.yolo(mask)
    return net.text


def csp(net, filters, act):
    """A downsampling stage whose channels go two ways."""
    net.conv(filters, 3, 2, act)
    net.conv(filters // 2, 1, 1, act)
    net.route(-2)
    net.conv(filters // 2, 1, 1, act)
    for _ in range(2):
        net.conv(filters // 2, 1, 1, act)
        net.conv(filters // 2, 3, 1, act)
        net.shortcut(-3)
    net.conv(filters // 2, 1, 1, act)
    net.route(-1, -10)
    return net.conv(filters, 1, 1, act)


def v4(classes, act="mish", scales=(1.2, 1.1, 1.05), new_coords=False):
    net = Net(classes)
    net.conv(4, act=act)
    levels = [csp(net, filters, act) for filters in (6, 8, 12, 16, 24)]
    net.conv(12, 1)
    net.pool(5, 1)
    net.route(-2)
    net.pool(9, 1)
    net.route(-4)
    net.pool(13, 1)
    net.route(-1, -3, -5, -6)
    top = net.conv(12, 1)
    net.conv(8, 1)
    net.upsample()
    net.route(levels[3])
    net.conv(8, 1)
    net.route(-1, -3)
    middle = net.conv(12, 1)
    net.conv(6, 1)
    net.upsample()
    net.route(levels[2])
    net.conv(6, 1)
    net.route(-1, -3)
    net.conv(10)
    net.yolo((0, 1, 2), scales[0], new_coords)
    net.route(-3)
    net.conv(12, 3, 2)
    net.route(-1, middle)
    net.conv(12, 1)
    net.yolo((3, 4, 5), scales[1], new_coords)
    net.route(-3)
    net.conv(12, 3, 2)
    net.route(-1, top)
    net.conv(16)
    net.yolo((6, 7, 8), scales[2], new_coords)
    return net.text


def v4_tiny(classes):
    net = Net(classes)
    net.conv(8, 3, 2)
    net.conv(12, 3, 2)
    for filters in (12, 16, 24):
        net.conv(filters)
        net.route(-1, groups=2, group_id=1)
        net.conv(filters // 2)
        net.conv(filters // 2)
        net.route(-1, -2)
        level = net.conv(filters, 1)
        net.route(-6, -1)
        net.pool()
    net.conv(32)
    net.conv(16, 1)
    net.conv(24)
    net.yolo((3, 4, 5), 1.05)
    net.route(-4)
    net.conv(8, 1)
    net.upsample()
    net.route(-1, level)
    net.conv(16)
    net.yolo((1, 2, 3), 1.05)
    return net.text


def v7_tiny(classes):
    net = Net(classes)
    net.conv(6, 3, 2)
    net.conv(8, 3, 2)
    levels = []
    for filters in (8, 12, 16, 24):
        net.conv(filters // 2, 1)
        net.route(-2)
        net.conv(filters // 2, 1)
        net.conv(filters // 2)
        net.conv(filters // 2)
        net.route(-1, -2, -3, -5)
        levels.append(net.conv(filters, 1))
        if filters != 24:
            net.pool()
    net.conv(12, 1)
    net.upsample()
    net.route(levels[2])
    net.conv(12, 1)
    net.route(-1, -3)
    net.conv(12, act="swish", groups=3)
    net.yolo((0, 1, 2), 2.0, True)
    net.route(levels[3])
    net.conv(24)
    net.yolo((3, 4, 5), 2.0, True)
    return net.text


NETS = {
    "v3-tiny": v3_tiny,
    "v3": v3,
    "v3-spp": lambda classes: v3(classes, spp=True),
    "v4": v4,
    "v4-tiny": v4_tiny,
    "v4-csp": lambda classes: v4(classes, "swish", (2.0, 2.0, 2.0), True),
    "v7-tiny": v7_tiny,
}


def convolutions(text):
    """(channels in, filters, size, groups, batch_normalize) of every convolution of such a .cfg."""
    outs, found = [], []
    for section, body in re.findall(r"^\[(\w+)\]\n((?:[^\[\n].*\n|\n)*)", text, re.M)[1:]:
        get = {k: v for k, v in (line.split("=") for line in body.split("\n") if "=" in line)}
        before, at = outs[-1] if outs else 3, len(outs)
        if section == "convolutional":
            groups = int(get.get("groups", 1))
            found.append((before, int(get["filters"]), int(get["size"]), groups,
                          int(get.get("batch_normalize", 0))))
            before = int(get["filters"])
        elif section == "route":
            layers = [int(v) for v in get["layers"].split(",")]
            before = sum(outs[at + i if i < 0 else i] for i in layers) // int(get.get("groups", 1))
        outs.append(before)
    return found


def weights(text, seed=1, version=(0, 2, 5)):
    """The bytes of a .weights file for such a .cfg."""
    rng = random.Random(seed)
    floats = array.array("f")
    for before, filters, size, groups, norm in convolutions(text):
        fan_in = before // groups * size * size
        floats.extend(rng.gauss(0, .2) for _ in range(filters))
        if norm:  # variances beside which what is added to them does not count
            floats.extend(rng.uniform(5, 15) for _ in range(filters))
            floats.extend(rng.gauss(0, 2) for _ in range(filters))
            floats.extend(rng.uniform(50, 150) for _ in range(filters))
        floats.extend(rng.gauss(0, fan_in ** -.5) for _ in range(filters * fan_in))
    seen = "Q" if version[0] * 10 + version[1] >= 2 else "I"
    return struct.pack("<iii" + seen, *version, 1234) + floats.tobytes()
