#!/usr/bin/env python3
"""Writes tests/data/torch: tiny networks in PyTorch files, made of every module that is known, and
what they compute. Needs PyTorch and numpy; run by hand from the project's root:
tests/data/make_torch.py

The classes are defined here, after their descriptions in papers and in exports, under the names
that real files give them. NAME.bin holds every box of NAME.pt for the picture of picture(): float32
rows of xc, yc, w, h and the scores after the sigmoid."""
import os
import sys
import types
import unittest.mock
import warnings

import torch
from torch import nn

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "torch")
HEIGHT, WIDTH = 48, 64


def picture():
    return (torch.arange(3 * HEIGHT * WIDTH) * 37 % 64 / 64.0).reshape(1, 3, HEIGHT, WIDTH)


# --- classes under the names of files ---------------------------------------------------------

def named(module):
    """Puts a class into a module of this name, which need not exist."""
    def put(cls, name=None):
        parts = module.split(".")
        for i in range(len(parts)):
            sys.modules.setdefault(".".join(parts[:i + 1]),
                                   types.ModuleType(".".join(parts[:i + 1])))
        cls.__module__, cls.__qualname__ = module, name or cls.__name__
        cls.__name__ = cls.__qualname__
        setattr(sys.modules[module], cls.__name__, cls)
        return cls
    return put


def conv2d(c1, c2, k=1, s=1, g=1, bias=False):
    return nn.Conv2d(c1, c2, k, s, k // 2, groups=g, bias=bias)


class Conv(nn.Module):
    """Also made under other names below."""

    def __init__(self, c1, c2, k=1, s=1, g=1, act=None):
        super().__init__()
        self.conv, self.bn = conv2d(c1, c2, k, s, g), nn.BatchNorm2d(c2, eps=1e-3)
        self.act = act or nn.SiLU()

    def forward(self, x):
        x = self.conv(x)
        return self.act(self.bn(x) if hasattr(self, "bn") else x)


def variant(module, name):
    """Conv under another name."""
    return named(module)(type(name, (Conv,), {}))


OldConv = variant("models.common", "Conv")
FlatConv = variant("ultralytics.nn.modules", "Conv")


def define(module, name, forward, base=nn.Module):
    return named(module)(type(name, (base,), {"forward": forward}))


def assemble(cls, attributes=None, **parts):
    made = cls()
    for key, part in parts.items():
        setattr(made, key, part)
    for key, value in (attributes or {}).items():
        setattr(made, key, value)
    return made


cat = lambda *x: torch.cat(x, 1)

Focus = define("models.common", "Focus", lambda s, x: s.conv(cat(
    x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2])))
residual = lambda s, x: x + s.cv2(s.cv1(x)) if s.add else s.cv2(s.cv1(x))
Bottleneck = define("models.common", "Bottleneck", residual)
CrossConv = define("models.experimental", "CrossConv", residual)
BottleneckCSP = define("models.common", "BottleneckCSP", lambda s, x: s.cv4(s.act(s.bn(cat(
    s.cv3(s.m(s.cv1(x))), s.cv2(x))))))
C3 = define("models.common", "C3", lambda s, x: s.cv3(cat(s.m(s.cv1(x)), s.cv2(x))))
SPP = define("models.common", "SPP", lambda s, x: s.cv2(cat(
    s.cv1(x), *[m(s.cv1(x)) for m in s.m])))
SPPF = define("models.common", "SPPF", lambda s, x: (lambda a: (lambda b: (lambda c: s.cv2(cat(
    a, b, c, s.m(c))))(s.m(b)))(s.m(a)))(s.cv1(x)))
OldConcat = define("models.common", "Concat", lambda s, x: torch.cat(x, s.d))
Concat = define("ultralytics.nn.modules", "Concat", lambda s, x: torch.cat(x, s.d))
C1 = define("ultralytics.nn.modules", "C1", lambda s, x: s.m(s.cv1(x)) + s.cv1(x))
C2 = define("ultralytics.nn.modules", "C2", lambda s, x: (lambda a, b: s.cv2(cat(s.m(a), b)))(
    *s.cv1(x).chunk(2, 1)))
RepC3 = define("ultralytics.nn.modules.block", "RepC3",
               lambda s, x: s.cv3(s.m(s.cv1(x)) + s.cv2(x)))
RepConv = define("ultralytics.nn.modules.conv", "RepConv", lambda s, x: s.act(
    s.conv(x) if hasattr(s, "conv") else s.conv1(x) + s.conv2(x) + (s.bn(x) if s.bn else 0)))
RepVGGDW = define("ultralytics.nn.modules.block", "RepVGGDW", lambda s, x: s.act(
    s.conv(x) + s.conv1(x) if hasattr(s, "conv1") else s.conv(x)))
LightConv = define("ultralytics.nn.modules.conv", "LightConv", lambda s, x: s.conv2(s.conv1(x)))
ConvTranspose = define("ultralytics.nn.modules.conv", "ConvTranspose", lambda s, x: s.act(
    s.bn(s.conv_transpose(x))))
CBLinear = define("ultralytics.nn.modules.block", "CBLinear",
                  lambda s, x: s.conv(x).split(s.c2s, 1))
CBFuse = define("ultralytics.nn.modules.block", "CBFuse", lambda s, x: x[-1] + sum(
    nn.functional.interpolate(y[i], x[-1].shape[2:]) for y, i in zip(x, s.idx)))
BLOCK = "ultralytics.nn.modules.block"
NewConv = variant("ultralytics.nn.modules.conv", "Conv")
NewBottleneck = define(BLOCK, "Bottleneck", residual)


def extend(parts, modules):
    for module in modules:
        parts.append(module(parts[-1]))
    return parts


def attend(q, k, v, scale):
    """(…, channels, cells): for each query's cell the mean of the values."""
    return v @ (scale * q.transpose(-2, -1) @ k).softmax(-1).transpose(-2, -1)


def attention(s, x):
    n, _, h, w = x.shape
    q, k, v = s.qkv(x).reshape(n, s.num_heads, -1, h * w).split(
        [s.key_dim, s.key_dim, s.head_dim], 2)
    found = attend(q, k, v, s.scale)
    return s.proj(found.reshape(n, -1, h, w) + s.pe(v.reshape(n, -1, h, w)))


def area_attention(s, x):
    """Within each of the areas, which are runs of cells; by heads of head_dim channels."""
    n, c, h, w = x.shape
    stack = s.qkv(x).reshape(n, s.num_heads, 3 * s.head_dim, s.area, -1).transpose(2, 3)
    q, k, v = stack.transpose(1, 2).split(s.head_dim, 3)  # (n, areas, heads, channels, cells)
    join = lambda y: y.permute(0, 2, 3, 1, 4).reshape(n, c, h, w)
    return s.proj(join(attend(q, k, v, s.head_dim ** -0.5)) + s.pe(join(v)))


def psa(s, x):
    a, b = s.cv1(x).chunk(2, 1)
    b = b + s.attn(b)
    return s.cv2(cat(a, b + s.ffn(b)))


def c2psa(s, x):
    a, b = s.cv1(x).chunk(2, 1)
    return s.cv2(cat(a, s.m(b)))


def two_steps(second):
    def forward(s, x):
        x = x + s.attn(x)
        return x + getattr(s, second)(x)
    return forward


def adown(s, x):
    a, b = nn.functional.avg_pool2d(x, 2, 1).chunk(2, 1)
    return cat(s.cv1(a), s.cv2(nn.functional.max_pool2d(b, 3, 2, 1)))


C2f = define(BLOCK, "C2f", lambda s, x: s.cv2(cat(*extend(list(s.cv1(x).chunk(2, 1)), s.m))))
GhostConv = define("ultralytics.nn.modules.conv", "GhostConv", lambda s, x: (
    lambda y: cat(y, s.cv2(y)))(s.cv1(x)))
GhostBottleneck = define(BLOCK, "GhostBottleneck", lambda s, x: s.conv(x) + s.shortcut(x))
ELAN1 = define(BLOCK, "ELAN1", lambda s, x: s.cv4(cat(*extend(
    list(s.cv1(x).chunk(2, 1)), (s.cv2, s.cv3)))))
AConv = define(BLOCK, "AConv", lambda s, x: s.cv1(nn.functional.avg_pool2d(x, 2, 1)))
ADown = define(BLOCK, "ADown", adown)
SPPELAN = define(BLOCK, "SPPELAN", lambda s, x: s.cv5(cat(*extend(
    [s.cv1(x)], (s.cv2, s.cv3, s.cv4)))))
SCDown = define(BLOCK, "SCDown", lambda s, x: s.cv2(s.cv1(x)))
CIB = define(BLOCK, "CIB", lambda s, x: x + s.cv1(x) if s.add else s.cv1(x))
Attention = define(BLOCK, "Attention", attention)
PSABlock = define(BLOCK, "PSABlock", two_steps("ffn"))
PSA = define(BLOCK, "PSA", psa)
C2PSA = define(BLOCK, "C2PSA", c2psa)
AAttn = define(BLOCK, "AAttn", area_attention)
ABlock = define(BLOCK, "ABlock", two_steps("mlp"))
A2C2f = define(BLOCK, "A2C2f", lambda s, x: x + s.gamma[:, None, None] * s.cv2(cat(*extend(
    [s.cv1(x)], s.m))))
ShortcutSPPF = define(BLOCK, "SPPF", lambda s, x: x + s.cv2(cat(*extend(
    [s.cv1(x)], [s.m] * s.n))))
OneToOne = define("ultralytics.nn.modules.head", "v10Detect", lambda s, x: [
    (a(y), b(y)) for a, b, y in zip(s.one2one_cv2, s.one2one_cv3, x)])

AnchorHead = define("models.yolo", "Detect", lambda s, x: [m(y) for m, y in zip(s.m, x)])
Segment = define("models.yolo", "Segment", lambda s, x: [m(y) for m, y in zip(s.m, x)])
Detect = define("ultralytics.nn.modules", "Detect", lambda s, x: [
    (a(y), b(y)) for a, b, y in zip(s.cv2, s.cv3, x)])
turned = lambda s, x: [(a(y), b(y), c(y)) for a, b, c, y in zip(s.cv2, s.cv3, s.cv4, x)]
Turned = define("ultralytics.nn.modules.head", "OBB", turned)
Turned26 = define("ultralytics.nn.modules.head", "OBB26", turned)
DFL = define("ultralytics.nn.modules", "DFL", None)
Pose = define("ultralytics.nn.modules.head", "Pose", None)
OtherHead = define("other.models", "Detect", None)
Mystery = define("ultralytics.nn.modules.block", "Mystery", None)


def run(self, x):
    outputs = []
    for layer in self.model:
        take = lambda j: x if not outputs else outputs[j]
        inputs = [take(j) for j in layer.f] if isinstance(layer.f, list) else take(layer.f)
        outputs.append(layer(inputs))
    return outputs[-1]


OldModel = define("models.yolo", "DetectionModel", run)
Model = define("ultralytics.nn.tasks", "DetectionModel", run)


def network(cls, layers, names):
    """layers: (module, from)."""
    made = cls()
    made.model = nn.Sequential(*[layer for layer, _ in layers])
    for i, (layer, come_from) in enumerate(layers):
        layer.i, layer.f = i, come_from
        layer.type = type(layer).__module__ + "." + type(layer).__name__
    made.names, made.save = names, []
    made.yaml = {"nc": made.model[-1].nc, "yaml_file": "tiny.yaml"}
    return made.eval()


def randomise(made, seed, gain=1.5):
    generator = torch.Generator().manual_seed(seed)
    for module in made.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor, low, high in ((module.weight, 0.7, 1.2), (module.bias, -0.3, 0.3),
                                      (module.running_mean, -0.3, 0.3),
                                      (module.running_var, 0.3, 1.0)):
                tensor.data = low + (high - low) * torch.rand(tensor.shape, generator=generator)
        elif isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            spread = module.weight[0].numel() ** -0.5
            module.weight.data = gain * spread * torch.randn(module.weight.shape, generator=generator)
            if module.bias is not None:
                module.bias.data = torch.randn(module.bias.shape, generator=generator)
    if isinstance(getattr(made.model[-1], "dfl", None), DFL):
        conv = made.model[-1].dfl.conv
        conv.weight.data = torch.arange(float(conv.weight.numel())).reshape(conv.weight.shape)
    return made


# --- networks ---------------------------------------------------------------------------------

def anchor_head(cls, channels, classes, strides, masks=0):
    anchors = torch.tensor([[[5., 6.], [9., 4.]], [[15., 13.], [11., 30.]]])
    stride = torch.tensor(strides)
    head = assemble(cls, {"nc": classes, "na": 2, "nl": 2, "no": 5 + classes + masks,
                          "stride": stride},
                    m=nn.ModuleList(conv2d(c, 2 * (5 + classes + masks), bias=True)
                                    for c in channels))
    head.register_buffer("anchors", anchors / stride[:, None, None])
    return head


def distance_head(channels, classes, strides, bins, cls=Detect, extras=None):
    """extras: numbers a cell beside box and classes, and what the file calls how many there are."""
    stack = lambda c, out: nn.Sequential(FlatConv(c, 8, 3), conv2d(8, out, bias=True))
    more = {"cv4": nn.ModuleList(stack(c, sum(extras.values())) for c in channels)} if extras else {}
    return assemble(cls, {"nc": classes, "nl": len(channels), "reg_max": bins,
                          "stride": torch.tensor(strides), **(extras or {})},
                    cv2=nn.ModuleList(stack(c, 4 * bins) for c in channels),
                    cv3=nn.ModuleList(stack(c, classes) for c in channels), **more,
                    dfl=assemble(DFL, {"c1": bins}, conv=conv2d(bins, 1)) if bins > 1 else nn.Identity())


def bottleneck(cls, c, add, act=None):
    if cls is CrossConv:
        return assemble(cls, {"add": add}, cv1=OldConv(c, c, 1, act=act), cv2=OldConv(c, c, 3))
    return assemble(cls, {"add": add}, cv1=OldConv(c, c, 1, act=act), cv2=OldConv(c, c, 3, act=act))


def classic(classes=2, head=AnchorHead, masks=0):
    """What YOLOv5's repository had over the years."""
    leaky = nn.LeakyReLU(0.1)
    csp = assemble(BottleneckCSP, cv1=OldConv(8, 4), cv2=conv2d(8, 4), cv3=conv2d(4, 4),
                   cv4=OldConv(8, 8, act=nn.Hardswish()), bn=nn.BatchNorm2d(8), act=leaky,
                   m=nn.Sequential(bottleneck(Bottleneck, 4, True, leaky)))
    c3 = lambda inner, c1, c2: assemble(C3, cv1=OldConv(c1, 4), cv2=OldConv(c1, 4),
                                        cv3=OldConv(8, c2), m=nn.Sequential(inner))
    spp = assemble(SPP, cv1=OldConv(16, 4), cv2=OldConv(12, 8),
                   m=nn.ModuleList(nn.MaxPool2d(k, 1, k // 2) for k in (3, 5)))
    sppf = assemble(SPPF, cv1=OldConv(8, 4), cv2=OldConv(16, 8), m=nn.MaxPool2d(5, 1, 2))
    return network(OldModel, [
        (assemble(Focus, conv=OldConv(12, 8, 3, act=leaky)), -1),
        (OldConv(8, 8, 3, 2, act=nn.ReLU6()), -1),
        (csp, -1),
        (OldConv(8, 16, 3, 2, act=nn.Mish()), -1),
        (spp, -1),
        (nn.Upsample(None, 2.0, "nearest"), -1),
        (assemble(OldConcat, {"d": 1}), [-1, -4]),
        (c3(bottleneck(CrossConv, 4, True), 16, 8), -1),
        (sppf, 4),
        (c3(bottleneck(Bottleneck, 4, False), 8, 8), -1),
        (OldConv(8, 8), -3),
        (anchor_head(head, (8, 8), classes, (4., 8.), masks), [-1, -2]),
    ], ["cat", "dog"][:classes])


def modern():
    """What common networks do not have, under the old flat names too."""
    rep = lambda **parts: assemble(RepConv, {"bn": None} if "bn" not in parts else None,
                                   act=nn.SiLU(), **parts)
    whole = rep(conv1=FlatConv(8, 8, 3, act=nn.Identity()),
                conv2=FlatConv(8, 8, 1, act=nn.Identity()), bn=nn.BatchNorm2d(8))
    pair = rep(conv1=FlatConv(4, 4, 3, act=nn.Identity()),
               conv2=FlatConv(4, 4, 1, act=nn.Identity()))
    fused = rep(conv=conv2d(8, 8, 3, bias=True))
    depthwise = assemble(RepVGGDW, conv=FlatConv(8, 8, 7, g=8, act=nn.Identity()),
                         conv1=FlatConv(8, 8, 3, g=8, act=nn.Identity()), act=nn.SiLU())
    depthwise_fused = assemble(RepVGGDW, conv=conv2d(8, 8, 7, g=8, bias=True), act=nn.SiLU())
    unnormed = FlatConv(8, 8, 3, act=nn.GELU())
    del unnormed.bn
    unnormed.conv = conv2d(8, 8, 3, bias=True)
    transpose = assemble(ConvTranspose, conv_transpose=nn.ConvTranspose2d(8, 8, 2, 2, bias=False),
                         bn=nn.BatchNorm2d(8), act=nn.Hardsigmoid())
    return network(Model, [
        (FlatConv(3, 8, 3, 2, act=nn.ReLU()), -1),
        (nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.MaxPool2d(2, 1),
                       nn.MaxPool2d(3, 2, ceil_mode=True), nn.AvgPool2d(3, 1, 1),
                       nn.AvgPool2d(3, 1, 1, count_include_pad=False)), -1),
        (assemble(C1, cv1=FlatConv(8, 8), m=nn.Sequential(FlatConv(8, 8, 3))), -1),
        (assemble(C2, cv1=FlatConv(8, 8), cv2=FlatConv(8, 8), m=nn.Sequential(FlatConv(4, 4, 3))),
         -1),
        (whole, -1),
        (assemble(RepC3, cv1=FlatConv(8, 4), cv2=FlatConv(8, 4), m=nn.Sequential(pair),
                  cv3=FlatConv(4, 8)), -1),
        (fused, -1),
        (depthwise, -1),
        (depthwise_fused, -1),
        (assemble(LightConv, conv1=FlatConv(8, 8, act=nn.Tanh()), conv2=FlatConv(8, 8, 3, g=8)), -1),
        (assemble(CBLinear, {"c2s": [4, 8]}, conv=conv2d(8, 12, bias=True)), -1),
        (FlatConv(8, 8, 3, 2), 9),
        (assemble(CBLinear, {"c2s": [8]}, conv=conv2d(8, 8, bias=True)), -1),
        (unnormed, -2),
        (transpose, -1),
        (assemble(CBFuse, {"idx": [1, 0]}), [10, 12, 14]),
        (nn.Identity(), -1),
        (assemble(Concat, {"d": 1}), [-1, 9]),
        (distance_head((16, 8), 3, (4., 8.), 4), [17, 13]),
    ], {0: "one", 1: "two\nlines", 2: "three"})


def blocks():
    """What public exports have, so that it is tested without fixtures; its head is the one that
    remains where a network was fused for use without suppression."""
    plain = nn.Identity()
    heads = lambda: assemble(Attention, {"num_heads": 2, "key_dim": 3, "head_dim": 4, "scale": 0.6},
                             qkv=NewConv(8, 20, act=plain), proj=NewConv(8, 8, act=plain),
                             pe=NewConv(8, 8, 3, g=8, act=plain))
    areas = lambda n: assemble(AAttn, {"area": n, "num_heads": 2, "head_dim": 4},
                               qkv=NewConv(8, 24, act=plain), proj=NewConv(8, 8, act=plain),
                               pe=NewConv(8, 8, 3, g=8, act=plain))
    feed = lambda: nn.Sequential(NewConv(8, 12), NewConv(12, 8, act=plain))
    depth = lambda: nn.Sequential(NewConv(4, 4, 3, g=4), NewConv(4, 4))
    gamma = assemble(A2C2f, cv1=NewConv(8, 8), cv2=NewConv(24, 8), m=nn.ModuleList([
        nn.Sequential(assemble(ABlock, attn=areas(2), mlp=feed())),
        nn.Sequential(assemble(ABlock, attn=areas(1), mlp=feed()))]))
    gamma.gamma = nn.Parameter(torch.linspace(-1, 1, 8))
    stack = lambda c, out: nn.Sequential(NewConv(c, 4, 3), conv2d(4, out, bias=True))
    head = assemble(OneToOne, {"nc": 2, "nl": 2, "reg_max": 1, "stride": torch.tensor([4., 8.]),
                               "cv2": None, "cv3": None}, dfl=plain,
                    one2one_cv2=nn.ModuleList([stack(8, 4), stack(8, 4)]),
                    one2one_cv3=nn.ModuleList([stack(8, 2), stack(8, 2)]))
    return network(Model, [
        (NewConv(3, 8, 3, 2), -1),
        (assemble(C2f, cv1=NewConv(8, 8), cv2=NewConv(16, 8), m=nn.ModuleList(
            [assemble(CIB, {"add": True}, cv1=depth()), assemble(CIB, {"add": False}, cv1=depth())])),
         -1),
        (assemble(ADown, cv1=NewConv(4, 4, 3, 2), cv2=NewConv(4, 4)), -1),
        (assemble(ELAN1, cv1=NewConv(8, 8), cv2=NewConv(4, 4, 3), cv3=NewConv(4, 4, 3),
                  cv4=NewConv(16, 8)), -1),
        (assemble(GhostBottleneck, shortcut=plain, conv=nn.Sequential(
            assemble(GhostConv, cv1=NewConv(8, 4), cv2=NewConv(4, 4, 5, g=4)), NewConv(8, 8))), -1),
        (assemble(AConv, cv1=NewConv(8, 8, 3, 2)), -1),
        (assemble(SPPELAN, cv1=NewConv(8, 4), cv5=NewConv(16, 8), **{
            f"cv{i}": nn.MaxPool2d(3, 1, 1) for i in (2, 3, 4)}), -1),
        (assemble(ShortcutSPPF, {"n": 2, "add": True}, cv1=NewConv(8, 4, act=plain),
                  cv2=NewConv(12, 8), m=nn.MaxPool2d(3, 1, 1)), -1),
        (assemble(PSA, cv1=NewConv(8, 16), cv2=NewConv(16, 8), attn=heads(), ffn=feed()), -1),
        (assemble(C2PSA, cv1=NewConv(8, 16), cv2=NewConv(16, 8), m=nn.Sequential(
            assemble(PSABlock, {"add": True}, attn=heads(), ffn=feed()))), -1),
        (gamma, -1),
        (assemble(SCDown, cv1=NewConv(8, 8), cv2=NewConv(8, 8, 3, g=8, act=plain)), 4),
        (head, [11, 10]),
    ], {0: "a", 1: "b"})


def oriented(head, bins):
    """Boxes that are turned."""
    return network(Model, [
        (FlatConv(3, 8, 3, 2), -1),
        (FlatConv(8, 8, 3, 2), -1),
        (FlatConv(8, 8, 3, 2), -1),
        (distance_head((8, 8), 3, (4., 8.), bins, head, {"ne": 1}), [1, 2]),
    ], {0: "a", 1: "b", 2: "c"})


def boxes_of(made):
    """Every box of a network for the picture."""
    head, rows = made.model[-1], []
    with torch.no_grad():
        maps = made(picture())
    for level, found in enumerate(maps):
        stride = float(head.stride[level])
        if isinstance(found, tuple):
            distances, scores, *angles = found
            n, h, w = head.reg_max, *scores.shape[2:]
            y, x = torch.meshgrid(torch.arange(h) + 0.5, torch.arange(w) + 0.5, indexing="ij")
            bins = distances.reshape(4, n, h, w)
            if n > 1:
                bins = bins.softmax(1) * torch.arange(n)[None, :, None, None]
            l, t, r, b = bins.sum(1)
            right, down = (r - l) / 2, (b - t) / 2
            if angles:
                angle = angles[0][0, 0]
                if type(head) is Turned:
                    angle = (angle.sigmoid() - 0.25) * torch.pi
                right, down = (right * angle.cos() - down * angle.sin(),
                               right * angle.sin() + down * angle.cos())
            box = torch.stack((x + right, y + down, l + r, t + b)) * stride
            rows.append(torch.cat((box, scores[0].sigmoid())).flatten(1).T)
            continue
        h, w = found.shape[2:]
        y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
        for a, values in enumerate(found.reshape(head.na, head.no, h, w).sigmoid()):
            side = head.anchors[level, a] * stride
            box = torch.stack(((2 * values[0] - 0.5 + x) * stride, (2 * values[1] - 0.5 + y) * stride,
                               (2 * values[2]) ** 2 * side[0], (2 * values[3]) ** 2 * side[1]))
            rows.append(torch.cat((box, values[4:5 + head.nc])).flatten(1).T)
    return torch.cat(rows)


KEPT = ("_parameters", "_buffers", "_modules")


def save(name, root, zipped=True):
    """Leaves out what PyTorch's modules hold beside these, empty tables for hooks: smaller files.
    Not zipped is the layout before PyTorch 1.6, smaller still without the classes' source text."""
    with unittest.mock.patch("torch.serialization.get_source_lines_and_file",
                             side_effect=OSError), unittest.mock.patch.object(nn.Module, "__getstate__", lambda self: {
            k: v for k, v in self.__dict__.items() if k in KEPT or k[0] != "_"}, create=True):
        torch.save(root, os.path.join(OUT, name + ".pt"), _use_new_zipfile_serialization=zipped)


def save_network(name, made, half, **beside):
    """In half precision the file is zipped, otherwise not."""
    if half:
        made.half().float()
    with open(os.path.join(OUT, name + ".bin"), "wb") as file:
        file.write(boxes_of(made).contiguous().numpy().tobytes())
    save(name, {"model": made.half() if half else made, **beside}, zipped=half)


def main():
    warnings.simplefilter("ignore")
    os.makedirs(OUT, exist_ok=True)
    save_network("classic", randomise(classic(), 1), True, date="2021-05-01",
                 ema=None, epoch=-1)
    save_network("segment", randomise(classic(head=Segment, masks=3), 2), False)
    save_network("blocks", randomise(blocks(), 4, 0.7), False)
    save_network("turned", randomise(oriented(Turned, 4), 5), False)
    save_network("turned26", randomise(oriented(Turned26, 1), 6), False)
    made = randomise(modern(), 3)
    save_network("modern", made, False, version="8.0.1", train_args={"task": "detect"})


if __name__ == "__main__":
    main()
