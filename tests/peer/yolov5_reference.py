"""What a .pt file of YOLOv5's repository computes, without that repository.

  python yolov5_reference.py MODEL HEIGHT WIDTH > BOXES

Run by hand, with a Python that has torch. Reads the pickle with an unpickler that builds tensors and
plain objects alone, and runs the layers of release 6 and later (Conv, C3, SPPF, Concat, Upsample,
Detect) by their attributes. BOXES: float32 rows of xc, yc, w, h, objectness, classes, for the picture
whose value i is (37 i mod 64) / 64. tests/data/torch/yolov5n-custom2.bin is that of the fixture of
this name at 64 x 96.
"""
import collections
import pickle
import sys
import zipfile

import torch
from torch.nn import functional

TYPES = {"FloatStorage": torch.float32, "HalfStorage": torch.float16, "LongStorage": torch.int64}


class Node:
    """An object of any class: its state."""

    def __setstate__(self, state):
        self.__dict__.update(state)

    def __getattr__(self, name):
        for table in ("_modules", "_parameters", "_buffers"):
            if name in self.__dict__.get(table, ()):
                return self.__dict__[table][name]
        raise AttributeError(name)


class Reader(pickle.Unpickler):
    def __init__(self, archive):
        self.archive = archive
        self.top = archive.namelist()[0].split("/")[0]
        super().__init__(archive.open(self.top + "/data.pkl"))

    def persistent_load(self, pid):
        data = bytearray(self.archive.read(f"{self.top}/data/{pid[2]}"))
        return torch.frombuffer(data, dtype=pid[1])

    def find_class(self, module, name):
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda data, start, size, stride, *_: torch.as_strided(data, size, stride, start)
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return lambda tensor, *_: tensor
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if name == "set":
            return set
        if module == "torch" and name in TYPES:
            return TYPES[name]
        return type(name, (Node,), {})


def conv2d(node, x):
    bias = node.bias.float() if node.bias is not None else None
    return functional.conv2d(x, node.weight.float(), bias, node.stride, node.padding, node.dilation,
                             node.groups)


def conv(node, x):
    x, bn = conv2d(node.conv, x), node.bn
    x = functional.batch_norm(x, bn.running_mean.float(), bn.running_var.float(),
                              bn.weight.float(), bn.bias.float(), eps=bn.eps)
    assert type(node.act).__name__ == "SiLU"
    return x * torch.sigmoid(x)


def bottleneck(node, x):
    y = conv(node.cv2, conv(node.cv1, x))
    return x + y if node.add else y


def c3(node, x):
    y = conv(node.cv1, x)
    for part in node.m._modules.values():
        y = bottleneck(part, y)
    return conv(node.cv3, torch.cat((y, conv(node.cv2, x)), 1))


def sppf(node, x):
    parts = [conv(node.cv1, x)]
    for _ in range(3):
        parts.append(functional.max_pool2d(parts[-1], node.m.kernel_size, node.m.stride,
                                           node.m.padding))
    return conv(node.cv2, torch.cat(parts, 1))


def detect(node, inputs):
    rows = []
    for level, x in enumerate(inputs):
        x = conv2d(node.m._modules[str(level)], x)
        h, w, stride = *x.shape[2:], float(node.stride[level])
        x = torch.sigmoid(x).reshape(node.na, node.no, h, w)
        y, column = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
        for anchor, values in zip(node.anchors[level].float() * stride, x):
            box = torch.stack(((2 * values[0] - 0.5 + column) * stride,
                               (2 * values[1] - 0.5 + y) * stride,
                               (2 * values[2]) ** 2 * anchor[0], (2 * values[3]) ** 2 * anchor[1]))
            rows.append(torch.cat((box, values[4:])).flatten(1).T)
    return torch.cat(rows)


KINDS = {"Conv": conv, "C3": c3, "SPPF": sppf, "Detect": detect,
         "Concat": lambda node, x: torch.cat(x, node.d),
         "Upsample": lambda node, x: functional.interpolate(x, scale_factor=node.scale_factor)}


def main():
    path, height, width = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with zipfile.ZipFile(path) as archive:
        root = Reader(archive).load()
    network = root.get("ema") or root["model"]
    outputs = []
    x = (torch.arange(3 * height * width) * 37 % 64 / 64).reshape(1, 3, height, width)
    for layer in network.model._modules.values():
        take = lambda j: x if j == -1 else outputs[j]
        inputs = [take(j) for j in layer.f] if isinstance(layer.f, list) else take(layer.f)
        x = KINDS[type(layer).__name__](layer, inputs)
        outputs.append(x)
    sys.stdout.buffer.write(x.contiguous().numpy().tobytes())


if __name__ == "__main__":
    main()
