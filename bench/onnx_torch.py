"""An ONNX file as a torch.fx module, without the onnx package: what torch_baseline.py measures.

read(path) gives the file's operators and constants; build(model, batch, size, raw) a module for that
input. Only what YOLO exports use is known; anything else is a NotImplementedError that names it.
"""
import operator
import struct
from types import SimpleNamespace

import numpy
import torch
from torch.nn import functional as F

# TensorProto.DataType of onnx.proto
DTYPES = {1: numpy.float32, 6: numpy.int32, 7: numpy.int64, 9: numpy.bool_, 10: numpy.float16,
          11: numpy.float64}


# --- protobuf: (field number, value) of a message; values are integers or bytes ------------------

def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def fields(data):
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            value, at = data[at:at + size], at + size
        else:
            raise ValueError("not a protobuf message: wire type %d" % kind)
        yield key >> 3, value


def signed(value):
    return value - (1 << 64) if value >> 63 else value


def integers(value):
    """A repeated integer's element, or many of them packed."""
    if isinstance(value, int):
        return [signed(value)]
    out, at = [], 0
    while at < len(value):
        number, at = varint(value, at)
        out.append(signed(number))
    return out


def text(value):
    return bytes(value).decode()


# --- ONNX: field numbers of onnx.proto -----------------------------------------------------------

def read_tensor(data):
    dims, kind, raw, listed, name = [], 1, None, [], ""
    for field, value in fields(data):
        if field == 1:
            dims += integers(value)
        elif field == 2:
            kind = value
        elif field == 4:
            listed += struct.unpack("<%df" % (len(value) // 4), value)
        elif field in (5, 7):
            listed += integers(value)
        elif field == 8:
            name = text(value)
        elif field == 9:
            raw = value
        elif field == 13:
            raise NotImplementedError("constants outside of the file")
    values = numpy.frombuffer(raw, DTYPES[kind]) if raw is not None else numpy.array(listed, DTYPES[kind])
    tensor = torch.from_numpy(values.copy()).reshape(dims)
    return name, tensor.float() if tensor.is_floating_point() else tensor


def read_attribute(data):
    name, value, many = "", None, []
    for field, part in fields(data):
        if field == 1:
            name = text(part)
        elif field == 2:
            value = struct.unpack("<f", part)[0]
        elif field == 3:
            value = signed(part)
        elif field == 4:
            value = text(part)
        elif field == 5:
            value = read_tensor(part)[1]
        elif field == 7:
            many += struct.unpack("<%df" % (len(part) // 4), part)
        elif field == 8:
            many += integers(part)
    return name, many if value is None else value


def read_node(data):
    node = SimpleNamespace(inputs=[], outputs=[], name="", kind="", attributes={})
    for field, value in fields(data):
        if field == 1:
            node.inputs.append(text(value))
        elif field == 2:
            node.outputs.append(text(value))
        elif field == 3:
            node.name = text(value)
        elif field == 4:
            node.kind = text(value)
        elif field == 5:
            key, attribute = read_attribute(value)
            node.attributes[key] = attribute
    return node


def read(path):
    """nodes, constants {name: tensor}, input and output names."""
    with open(path, "rb") as file:
        data = memoryview(file.read())
    model = SimpleNamespace(nodes=[], constants={}, inputs=[], outputs=[])
    graph = next(value for field, value in fields(data) if field == 7)
    for field, value in fields(graph):
        if field == 1:
            model.nodes.append(read_node(value))
        elif field == 5:
            name, tensor = read_tensor(value)
            model.constants[name] = tensor
        elif field in (11, 12):
            name = next(text(v) for f, v in fields(value) if f == 1)
            (model.inputs if field == 11 else model.outputs).append(name)
    model.inputs = [name for name in model.inputs if name not in model.constants]
    return model


# --- operators: each gives a torch function and its arguments --------------------------------------

def ints(tensor):
    return [int(v) for v in tensor.reshape(-1)]


def padded(attributes, what):
    pads = attributes.get("pads", [0, 0, 0, 0])
    if pads[:2] != pads[2:] or attributes.get("auto_pad", "NOTSET") != "NOTSET":
        raise NotImplementedError("%s with uneven padding" % what)
    return pads[:2]


def conv(a, batch, x, w, b=None):
    return F.conv2d, (x, w, b, a.get("strides", [1, 1]), padded(a, "Conv"), a.get("dilations", [1, 1]),
                      a.get("group", 1))


def conv_transpose(a, batch, x, w, b=None):
    return F.conv_transpose2d, (x, w, b, a.get("strides", [1, 1]), padded(a, "ConvTranspose"),
                                a.get("output_padding", [0, 0]), a.get("group", 1))


def max_pool(a, batch, x):
    return F.max_pool2d, (x, a["kernel_shape"], a.get("strides", [1, 1]), padded(a, "MaxPool"),
                          a.get("dilations", [1, 1]), bool(a.get("ceil_mode", 0)))


def resize(a, batch, x, roi=None, scales=None, sizes=None):
    if a.get("mode", "nearest") != "nearest":
        raise NotImplementedError("Resize with mode %s" % a["mode"])
    if sizes is not None:
        return F.interpolate, (x, ints(sizes)[2:])
    return F.interpolate, (x, None, [float(s) for s in scales[2:]])


def reshape(a, batch, x, dims):
    """A batch of one written into the file stands for any batch."""
    dims = [x.shape[i] if d == 0 else d for i, d in enumerate(ints(dims))]
    if dims[0] == 1 and batch > 1 and x.shape[0] == batch:
        dims[0] = batch
    return torch.reshape, (x, dims)


def split(a, batch, x, sizes=None):
    axis = a.get("axis", 0)
    parts = ints(sizes) if sizes is not None else a.get("split")
    if parts is None:
        parts = [x.shape[axis] // a["outputs"]] * a["outputs"]
    return torch.split, (x, parts, axis)


def slice_range(x, starts, ends, axes, steps):
    for axis, start, end, step in zip(axes, starts, ends, steps):
        picked = [slice(None)] * x.dim()
        picked[axis] = slice(start, end, step)
        x = x[tuple(picked)]
    return x


def slices(a, batch, x, starts, ends, axes=None, steps=None):
    starts = ints(starts)
    return slice_range, (x, starts, [min(e, 1 << 40) for e in ints(ends)],
                         ints(axes) if axes is not None else list(range(len(starts))),
                         ints(steps) if steps is not None else [1] * len(starts))


def gather(a, batch, x, index):
    axis = a.get("axis", 0)
    return (torch.select, (x, axis, int(index))) if index.dim() == 0 else (
        torch.index_select, (x, axis, index.reshape(-1)))


def unsqueeze(x, axes):
    for axis in sorted(axes):
        x = x.unsqueeze(axis)
    return x


def expand(x, dims):
    return x.expand(torch.broadcast_shapes(x.shape, dims))


def shape_of(x):
    return torch.tensor(list(x.shape))


def divide(x, y):
    whole = not (x.is_floating_point() or y.is_floating_point())
    return torch.div(x, y, rounding_mode="trunc" if whole else None)


OPERATORS = {
    "Add": lambda a, n, x, y: (torch.add, (x, y)),
    "Cast": lambda a, n, x: (torch.Tensor.to, (x, {1: torch.float32, 6: torch.int32, 7: torch.int64,
                                                  9: torch.bool, 10: torch.float32}[a["to"]])),
    "Concat": lambda a, n, *parts: (torch.cat, (list(parts), a["axis"])),
    "ConstantOfShape": lambda a, n, dims: (torch.full, (ints(dims), a.get("value", torch.zeros(1)).item())),
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "Div": lambda a, n, x, y: (divide, (x, y)),
    "Exp": lambda a, n, x: (torch.exp, (x,)),
    "Expand": lambda a, n, x, dims: (expand, (x, ints(dims))),
    "Gather": gather,
    "Identity": lambda a, n, x: (torch.Tensor.view_as, (x, x)),
    "LeakyRelu": lambda a, n, x: (F.leaky_relu, (x, a.get("alpha", 0.01))),
    "MatMul": lambda a, n, x, y: (torch.matmul, (x, y)),
    "MaxPool": max_pool,
    "Mul": lambda a, n, x, y: (torch.mul, (x, y)),
    "Pow": lambda a, n, x, y: (torch.pow, (x, y)),
    "Range": lambda a, n, first, end, step: (torch.arange, (first.item(), end.item(), step.item())),
    "Relu": lambda a, n, x: (F.relu, (x,)),
    "Reshape": reshape,
    "Resize": resize,
    "Sigmoid": lambda a, n, x: (torch.sigmoid, (x,)),
    "SiLU": lambda a, n, x: (F.silu, (x,)),
    "Slice": slices,
    "Softmax": lambda a, n, x: (torch.softmax, (x, a.get("axis", -1))),
    "Split": split,
    "Sub": lambda a, n, x, y: (torch.sub, (x, y)),
    "Transpose": lambda a, n, x: (torch.permute, (x, a["perm"])),
    "Unsqueeze": lambda a, n, x, axes=None: (unsqueeze, (x, ints(axes) if axes is not None else a["axes"])),
}


# --- the graph ---------------------------------------------------------------------------------

def fuse_silu(nodes):
    """x Sigmoid(x) becomes one operator."""
    gates = {node.outputs[0]: node.inputs[0] for node in nodes if node.kind == "Sigmoid"}
    out = []
    for node in nodes:
        gate = next((i for i in node.inputs if gates.get(i) in node.inputs), None) if node.kind == "Mul" else None
        if gate:
            node = SimpleNamespace(inputs=[gates[gate]], outputs=node.outputs, name=node.name, kind="SiLU",
                                   attributes={})
        out.append(node)
    return out


def head_maps(model):
    """The detection head's raw maps: outputs of the convolutions behind which there is no other, but
    for the one-channel one that takes the mean over a box side's bins."""
    reached, maps = set(model.outputs), []
    for node in reversed(model.nodes):
        if not reached.intersection(node.outputs):
            continue
        if node.kind == "Conv" and model.constants[node.inputs[1]].shape[0] > 1:
            maps += node.outputs
        elif node.kind != "Shape":
            reached.update(node.inputs)
    return maps[::-1]


def needed(nodes, wanted):
    wanted, kept = set(wanted), []
    for node in reversed(nodes):
        if wanted.intersection(node.outputs):
            wanted.update(node.inputs)
            kept.append(node)
    return kept[::-1]


class Builder:
    """Values are constants (tensors) or fx nodes, whose shapes a run on the meta device tells."""

    def __init__(self, model, batch, height, width):
        self.batch, self.root, self.graph = batch, torch.nn.Module(), torch.fx.Graph()
        self.values = dict(model.constants)
        self.shapes, self.names = {}, {}
        name = model.inputs[0]
        self.values[name] = self.graph.placeholder("images")
        self.shapes[self.values[name]] = torch.empty(batch, 3, height, width, device="meta")

    def meta(self, value):
        if isinstance(value, torch.fx.Node):
            return self.shapes[value]
        if isinstance(value, torch.Tensor):
            return value.to("meta") if value.is_floating_point() else value
        return [self.meta(v) for v in value] if isinstance(value, list) else value

    def attribute(self, value):
        """A constant that an fx node uses, as a buffer of the module."""
        if isinstance(value, list):
            return [self.attribute(v) for v in value]
        if not isinstance(value, torch.Tensor):
            return value
        if id(value) not in self.names:
            self.names[id(value)] = "c%d" % len(self.names)
            self.root.register_buffer(self.names[id(value)], value)
        return self.graph.get_attr(self.names[id(value)])

    def add(self, node):
        if node.kind not in OPERATORS and node.kind != "Shape":
            raise NotImplementedError("operator %s, node '%s'" % (node.kind, node.name))
        inputs = [self.values[i] if i else None for i in node.inputs]
        data = any(isinstance(i, torch.fx.Node) for i in inputs)
        if node.kind == "Shape":
            out = shape_of(self.shapes[inputs[0]] if data else inputs[0])
        else:
            known = [self.meta(i) if isinstance(i, torch.fx.Node) else i for i in inputs]
            attributes = dict(node.attributes, outputs=len(node.outputs))
            function, arguments = OPERATORS[node.kind](attributes, self.batch, *known)
            out = self.call(function, arguments, list(zip(known, inputs))) if data else function(*arguments)
        outputs = out if len(node.outputs) > 1 else [out[0] if node.kind == "Split" else out]
        self.values.update(zip(node.outputs, outputs))

    def call(self, function, arguments, known):
        def back(value):
            if isinstance(value, list):
                return [back(v) for v in value]
            return next((node for shape, node in known if shape is value), value)

        result = function(*[self.meta(v) for v in arguments])
        fx = self.graph.call_function(function, tuple(self.attribute(back(v)) for v in arguments))
        self.shapes[fx] = result
        if not isinstance(result, (tuple, list)):
            return fx
        parts = []
        for i, part in enumerate(result):
            parts.append(self.graph.call_function(operator.getitem, (fx, i)))
            self.shapes[parts[-1]] = part
        return parts


def build(model, batch, height, width, raw):
    """A module from (batch, 3, height, width) to a tuple: the head's raw maps, or what the file
    gives."""
    wanted = head_maps(model) if raw else model.outputs
    builder = Builder(model, batch, height, width)
    nodes = []
    for node in model.nodes:
        if node.kind == "Constant":
            builder.values[node.outputs[0]] = constant(node)
        else:
            nodes.append(node)
    for node in needed(fuse_silu(nodes), wanted):
        builder.add(node)
    builder.graph.output(tuple(builder.values[name] for name in wanted))
    builder.graph.eliminate_dead_code()
    return torch.fx.GraphModule(builder.root, builder.graph).eval()


def constant(node):
    value = next(iter(node.attributes.values()))
    return value if isinstance(value, torch.Tensor) else torch.tensor(value)
