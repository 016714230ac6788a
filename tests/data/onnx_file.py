"""The little of ONNX's file format that the makers of test networks need: messages, and a graph that is
collected operator by operator."""
import math
import struct

FLOAT, INT64, HALF = 1, 7, 10


def varint(value):
    value &= (1 << 64) - 1
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def data(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def real(field, value):
    return varint(field << 3 | 5) + struct.pack("<f", value)


# --- ONNX -------------------------------------------------------------------------------------

def tensor(name, dims, values, kind=FLOAT, how="raw"):
    """A constant; how: its elements as raw bytes or in the field of their type."""
    out = b"".join(number(1, d) for d in dims) + number(2, kind) + data(8, name)
    if how == "field" and kind == FLOAT:
        return out + data(4, struct.pack("<%df" % len(values), *values))
    if how == "field":
        return out + data(7, b"".join(varint(v) for v in values))
    return out + data(9, struct.pack("<%d%s" % (len(values), {FLOAT: "f", INT64: "q", HALF: "e"}[kind]), *values))


def external(name, dims, location, offset, length):
    out = b"".join(number(1, d) for d in dims) + number(2, FLOAT) + data(8, name)
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        out += data(13, data(1, key) + data(2, str(value)))
    return out + number(14, 1)


def attribute(name, value):
    out = data(1, name)
    if isinstance(value, bytes):  # a tensor
        return out + data(5, value) + number(20, 4)
    if isinstance(value, str):
        return out + data(4, value) + number(20, 3)
    if isinstance(value, float):
        return out + real(2, value) + number(20, 1)
    if isinstance(value, int):
        return out + number(3, value) + number(20, 2)
    if value and isinstance(value[0], float):
        return out + b"".join(real(7, v) for v in value) + number(20, 6)
    return out + b"".join(number(8, v) for v in value) + number(20, 7)


def value_info(name, dims, kind=FLOAT):
    shape = b"".join(data(1, data(2, d) if isinstance(d, str) else number(1, d)) for d in dims)
    return data(1, name) + data(2, data(1, number(1, kind) + data(2, shape)))


class Net:
    """Collects a graph; op() adds an operator and returns the name of its (first) output."""

    def __init__(self, opset, half=False, external=None, **metadata):
        """external: the name of a file that holds the larger constants."""
        self.opset, self.half, self.external, self.metadata = opset, half, external, metadata
        self.divide = 0.0  # what pixels are divided by, before all else
        self.outside = b""
        self.nodes, self.constants, self.inputs, self.outputs = [], [], [], []
        self.count, self.seed = 0, 1

    def op(self, kind, inputs, outputs=1, name=None, **attributes):
        self.count += 1
        names = name if isinstance(name, list) else [name] if name else [
            "t%d_%d" % (self.count, i) for i in range(outputs)]
        body = b"".join(data(1, i) for i in inputs) + b"".join(data(2, o) for o in names)
        body += data(3, "/n%d/%s" % (self.count, kind)) + data(4, kind)
        body += b"".join(data(5, attribute(k, v)) for k, v in attributes.items())
        self.nodes.append(body)
        return names if len(names) > 1 else names[0]

    def ints(self, *values):
        """A constant list of integers, by turns an initializer and a Constant operator."""
        self.count += 1
        if self.count % 2:
            self.constants.append(tensor("c%d" % self.count, [len(values)], values, INT64, "field"))
            return "c%d" % self.count
        return self.op("Constant", [], value=tensor("", [len(values)], values, INT64))

    def floats(self, dims, values):
        self.count += 1
        kind = HALF if self.half else FLOAT
        if self.external and len(values) > 100:
            packed = struct.pack("<%df" % len(values), *values)
            self.constants.append(external("c%d" % self.count, dims, self.external,
                                           len(self.outside), len(packed)))
            self.outside += packed
            return "c%d" % self.count
        self.constants.append(tensor("c%d" % self.count, dims, values, kind,
                                     "raw" if self.half or self.count % 3 else "field"))
        return "c%d" % self.count

    def weights(self, *dims):
        """Numbers that a half can hold exactly."""
        out = []
        for _ in range(math.prod(dims)):
            self.seed = (self.seed * 1103515245 + 12345) % (1 << 31)
            out.append(((self.seed >> 16) % 64 - 32) / 64)
        return self.floats(dims, out)

    def conv(self, x, i, o, k=3, stride=1):
        return self.op("Conv", [x, self.weights(o, i, k, k), self.weights(o)],
                       kernel_shape=[k, k], strides=[stride, stride], pads=[k // 2] * 4)

    def bytes(self, ir=8):
        graph = b"".join(data(1, n) for n in self.nodes) + data(2, "main")
        graph += b"".join(data(5, c) for c in self.constants)
        graph += b"".join(data(11, i) for i in self.inputs) + b"".join(data(12, o) for o in self.outputs)
        out = number(1, ir) + data(2, "make_onnx.py") + data(7, graph)
        out += data(8, data(1, "") + number(2, self.opset))
        for key, value in self.metadata.items():
            out += data(14, data(1, key) + data(2, value))
        return out
