#!/usr/bin/env python3
"""Writes to tests/data/torch networks of the modules of other repositories (YOLOv5-Face, v5-Lite, v7,
v9) and of pose models, and what they compute. Needs PyTorch and numpy; run by hand from the project's
root: tests/data/make_torch_forks.py"""
import os
import warnings

import torch
from torch import nn

from make_torch import (DFL, OUT, Focus, Model, OldConv, OldModel, assemble, cat, conv2d, define, extend, network,
                        picture, randomise, save, save_network)

COMMON, YOLO = "models.common", "models.yolo"


def shuffle_block(s, x):
    both = cat(s.branch1(x), s.branch2(x)) if s.stride > 1 else cat(
        x.chunk(2, 1)[0], s.branch2(x.chunk(2, 1)[1]))
    n, c, h, w = both.shape
    return both.reshape(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


def rep(s, x):
    act = s.nonlinearity if hasattr(s, "nonlinearity") else s.act
    if hasattr(s, "rbr_reparam"):
        return act(s.rbr_reparam(x))
    return act(s.rbr_dense(x) + s.rbr_1x1(x) + (s.rbr_identity(x) if s.rbr_identity else 0))


def sppcspc(s, x):
    y = s.cv4(s.cv3(s.cv1(x)))
    return s.cv7(cat(s.cv6(s.cv5(cat(y, *[m(y) for m in s.m]))), s.cv2(x)))


reorg = lambda s, x: cat(x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2])
adown = lambda s, x: (lambda a, b: cat(s.cv1(a), s.cv2(nn.functional.max_pool2d(b, 3, 2, 1))))(
    *nn.functional.avg_pool2d(x, 2, 1, 0, False, True).chunk(2, 1))

StemBlock = define(COMMON, "StemBlock", lambda s, x: (lambda a: s.stem_3(cat(
    s.stem_2b(s.stem_2a(a)), s.stem_2p(a))))(s.stem_1(x)))
ShuffleV2Block = define(COMMON, "ShuffleV2Block", shuffle_block)
Shuffle_Block = define(COMMON, "Shuffle_Block", shuffle_block)
blaze = lambda s, x: s.relu(s.branch1(x) + (s.shortcut(x) if s.use_pool else x))
BlazeBlock = define(COMMON, "BlazeBlock", blaze)
DoubleBlazeBlock = define(COMMON, "DoubleBlazeBlock", blaze)
PooledConv = define(COMMON, "conv_bn_relu_maxpool", lambda s, x: s.maxpool(s.conv(x)))
DWConvblock = define(COMMON, "DWConvblock", lambda s, x: s.bn2(s.conv2(s.bn1(s.conv1(
    x)).relu())).relu())
ADD = define(COMMON, "ADD", lambda s, x: x[0] + s.a * x[1])
chain = lambda *names: lambda s, x: nn.Sequential(*[getattr(s, n) for n in names if hasattr(s, n)])(x)
CBH = define(COMMON, "CBH", chain("conv", "bn", "hardswish"))
LC_Block = define(COMMON, "LC_Block", chain("dw_conv", "se", "pw_conv"))
LC_SEModule = define(COMMON, "LC_SEModule", lambda s, x: x * s.SiLU(s.conv2(s.relu(s.conv1(s.avg_pool(x))))))
Dense = define(COMMON, "Dense", chain("dense_conv", "hardswish", "dropout"))
RepVGGBlock = define(COMMON, "RepVGGBlock", rep)
RepConv = define(COMMON, "RepConv", rep)
MP = define(COMMON, "MP", lambda s, x: s.m(x))
SP = define(COMMON, "SP", lambda s, x: s.m(x))
ReOrg = define(COMMON, "ReOrg", reorg)
Shortcut = define(COMMON, "Shortcut", lambda s, x: x[0] + x[1])
DownC = define(COMMON, "DownC", lambda s, x: cat(s.cv2(s.cv1(x)), s.cv3(s.mp(x))))
SPPCSPC = define(COMMON, "SPPCSPC", sppcspc)
ImplicitA = define(COMMON, "ImplicitA", lambda s, x: s.implicit + x)
ImplicitM = define(COMMON, "ImplicitM", lambda s, x: s.implicit * x)
Silence = define(COMMON, "Silence", lambda s, x: x)
RepConvN = define(COMMON, "RepConvN", lambda s, x: s.act(s.conv1(x) + s.conv2(x)))
RepNBottleneck = define(COMMON, "RepNBottleneck", lambda s, x: x + s.cv2(s.cv1(x)))
RepNCSP = define(COMMON, "RepNCSP", lambda s, x: s.cv3(cat(s.m(s.cv1(x)), s.cv2(x))))
RepNCSPELAN4 = define(COMMON, "RepNCSPELAN4", lambda s, x: s.cv4(cat(*extend(
    list(s.cv1(x).chunk(2, 1)), (s.cv2, s.cv3)))))
ADown = define(COMMON, "ADown", adown)
SPPELAN = define(COMMON, "SPPELAN", lambda s, x: s.cv5(cat(*extend([s.cv1(x)], (s.cv2, s.cv3, s.cv4)))))
CBLinear = define(COMMON, "CBLinear", lambda s, x: s.conv(x).split(s.c2s, 1))
CBFuse = define(COMMON, "CBFuse", lambda s, x: x[-1] + sum(
    nn.functional.interpolate(y[i], x[-1].shape[2:]) for y, i in zip(x, s.idx)))
GreyModel = define(YOLO, "Model", lambda s, x: OldModel.forward(s, (x * torch.tensor(
    (0.299, 0.587, 0.114)).reshape(1, 3, 1, 1)).sum(1, keepdim=True)))
OldDFL = define(COMMON, "DFL", None, DFL)


def landmark_maps(s, x):
    """Without the landmarks, which stand between the objectness and the classes."""
    out = []
    for m, y in zip(s.m, x):
        y = m(y)
        rows = y.reshape(s.na, -1, *y.shape[2:])
        out.append(torch.cat((rows[:, :5], rows[:, 5 + s.marks:]), 1).flatten(0, 1)[None])
    return out


def implicit_maps(s, x):
    return [m(c(a(y))) for c, a, m, y in zip(s.m, s.ia, s.im, x)]


FaceHead = define(YOLO, "Detect", landmark_maps)
AuxHead = define(YOLO, "IAuxDetect", implicit_maps)
KeypointHead = define(YOLO, "IKeypoint", implicit_maps)
DualHead = define(YOLO, "DualDDetect", lambda s, x: [
    (a(y), b(y)) for a, b, y in zip(s.cv4, s.cv5, x[len(x) // 2:])])
PoseHead = define("ultralytics.nn.modules.head", "Pose", lambda s, x: [
    (a(y), b(y)) for a, b, y in zip(s.cv2, s.cv3, x)])
Pose26Head = define("ultralytics.nn.modules.head", "Pose26", lambda s, x: [
    (a(y), b(y)) for a, b, y in zip(s.one2one_cv2, s.one2one_cv3, x)])


def anchors(head, strides=(4., 8.)):
    sides = torch.tensor([[[5., 6.], [9., 4.]], [[15., 13.], [11., 30.]]])
    head.stride = torch.tensor(strides)
    head.register_buffer("anchors", sides / head.stride[:, None, None])
    return head


def norm(*parts, act=None):
    return nn.Sequential(*parts, *([act] if act else []))


def branch(c1, c2, k, s, act, first=None):
    """ShuffleNetV2's branches, with a 1x1 convolution in front or without."""
    front = [conv2d(first, c1), nn.BatchNorm2d(c1), act] if first else []
    return nn.Sequential(*front, conv2d(c1, c1, k, s, c1), nn.BatchNorm2d(c1), conv2d(c1, c2),
                         nn.BatchNorm2d(c2), act)


def shuffles(cls, act):
    down = assemble(cls, {"stride": 2}, branch1=branch(8, 8, 3, 2, act), branch2=branch(8, 8, 3, 2, act, 8))
    same = assemble(cls, {"stride": 1}, branch1=nn.Sequential(), branch2=branch(8, 8, 3, 1, act, 8))
    return down, same


def face(marks):
    silu = nn.SiLU()
    stem = assemble(StemBlock, stem_1=OldConv(3, 8, 3, 2), stem_2a=OldConv(8, 4), stem_3=OldConv(16, 8),
                    stem_2b=OldConv(4, 8, 3, 2), stem_2p=nn.MaxPool2d(2, 2, ceil_mode=True))
    down, same = shuffles(ShuffleV2Block, silu)
    plain = assemble(BlazeBlock, {"use_pool": False}, relu=silu, branch1=norm(
        conv2d(8, 8, 5, 1, 8, True), nn.BatchNorm2d(8), conv2d(8, 8, bias=True), nn.BatchNorm2d(8)))
    pooled = assemble(DoubleBlazeBlock, {"use_pool": True}, relu=silu, branch1=norm(
        conv2d(16, 16, 5, 2, 16, True), nn.BatchNorm2d(16), conv2d(16, 4, bias=True), nn.BatchNorm2d(4), silu,
        conv2d(4, 4, 5, bias=True), nn.BatchNorm2d(4), conv2d(4, 8, bias=True), nn.BatchNorm2d(8)),
        shortcut=norm(nn.MaxPool2d(2, 2), conv2d(16, 8, bias=True), nn.BatchNorm2d(8)))
    head = anchors(assemble(FaceHead, {"nc": 2, "na": 2, "nl": 2, "no": 7 + marks, "marks": marks},
                            m=nn.ModuleList(conv2d(c, 2 * (7 + marks), bias=True) for c in (16, 8))), (8., 16.))
    return network(OldModel, [(stem, -1), (plain, -1), (down, -1), (same, -1), (pooled, -1), (head, [3, 4])],
                   ["face", "mask"])


def lite():
    relu = nn.ReLU()
    stem = assemble(PooledConv, conv=norm(conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), relu),
                    maxpool=nn.MaxPool2d(3, 2, 1))
    down, same = shuffles(Shuffle_Block, relu)
    depth = assemble(DWConvblock, conv1=conv2d(16, 16, 5, 1, 16), bn1=nn.BatchNorm2d(16), conv2=conv2d(16, 8),
                     bn2=nn.BatchNorm2d(8))
    branches = lambda c, **more: dict(rbr_dense=norm(conv2d(c, c, 3), nn.BatchNorm2d(c)),
                                      rbr_1x1=norm(conv2d(c, c), nn.BatchNorm2d(c)), **more)
    vgg = assemble(RepVGGBlock, nonlinearity=relu, se=nn.Identity(),
                   **branches(8, rbr_identity=nn.BatchNorm2d(8)))
    fused = assemble(RepVGGBlock, nonlinearity=relu, rbr_reparam=conv2d(8, 8, 3, bias=True))
    cbh = lambda c1, c2, k, g: assemble(CBH, conv=conv2d(c1, c2, k, 1, g), bn=nn.BatchNorm2d(c2),
                                        hardswish=nn.Hardswish())
    squeeze = assemble(LC_SEModule, avg_pool=nn.AdaptiveAvgPool2d(1), conv1=conv2d(8, 2, bias=True), relu=relu,
                       conv2=conv2d(2, 8, bias=True), SiLU=nn.SiLU())
    blocks = [assemble(LC_Block, dw_conv=cbh(8, 8, 3, 8), se=squeeze, pw_conv=cbh(8, 8, 1, 1)),
              assemble(LC_Block, dw_conv=cbh(8, 8, 5, 8), pw_conv=cbh(8, 8, 1, 1)),
              assemble(Dense, dense_conv=conv2d(8, 8), hardswish=nn.Hardswish(), dropout=nn.Dropout(0.2))]
    head = anchors(assemble(FaceHead, {"nc": 2, "na": 2, "nl": 2, "no": 7, "marks": 0},
                            m=nn.ModuleList(conv2d(8, 14, bias=True) for _ in range(2))), (4., 8.))
    return network(OldModel, [(stem, -1), (down, -1), (same, -1), (depth, -1), (vgg, -1), (fused, -1),
                              (assemble(ADD, {"a": 0.5}), [-1, 4]), *[(b, -1) for b in blocks],
                              (head, [0, 9])], ["a", "b"])


def implicit(cls, channels, value, spread):
    made = assemble(cls)
    made.implicit = nn.Parameter(value + spread * torch.sin(torch.arange(1., channels + 1)).reshape(
        1, -1, 1, 1))
    return made


def implicit_head(cls, channels, **more):
    return anchors(assemble(cls, {"nc": 2, "na": 2, "nl": 2, **more},
                            m=nn.ModuleList(conv2d(c, 14, bias=True) for c in channels),
                            ia=nn.ModuleList(implicit(ImplicitA, c, 0., 0.3) for c in channels),
                            im=nn.ModuleList(implicit(ImplicitM, 14, 1., 0.3) for _ in channels)))


def seven(keypoints):
    leaky = nn.LeakyReLU(0.1)
    pair = lambda: dict(rbr_dense=norm(conv2d(8, 8, 3), nn.BatchNorm2d(8)),
                        rbr_1x1=norm(conv2d(8, 8), nn.BatchNorm2d(8)))
    spp = assemble(SPPCSPC, m=nn.ModuleList(nn.MaxPool2d(k, 1, k // 2) for k in (3, 5)), **{
        "cv%d" % i: OldConv(*c) for i, c in enumerate((
            (8, 4), (8, 4), (4, 4, 3), (4, 4), (12, 4), (4, 4, 3), (8, 8)), 1)})
    layers = [
        (assemble(ReOrg), -1),
        (OldConv(12, 8, 3, act=leaky), -1),
        (assemble(MP, m=nn.MaxPool2d(2, 2)), -1),
        (assemble(RepConv, rbr_identity=nn.BatchNorm2d(8), act=nn.SiLU(), **pair()), -1),
        (assemble(RepConv, {"rbr_identity": None}, act=nn.SiLU(), **pair()), -1),
        (assemble(Shortcut, {"d": 0}), [-1, -2]),
        (assemble(DownC, cv1=OldConv(8, 8), cv2=OldConv(8, 4, 3, 2), cv3=OldConv(8, 4), mp=nn.MaxPool2d(2, 2)),
         -1),
        (spp, -1),
        (assemble(RepConv, act=nn.SiLU(), rbr_reparam=conv2d(8, 8, 3, bias=True)), -1),
        (assemble(SP, m=nn.MaxPool2d(3, 1, 1)), 5)]
    if keypoints:
        head, inputs = implicit_head(KeypointHead, (8, 8), nkpt=4, no_det=7, no=19), [9, 8]
        head.m_kpt = nn.ModuleList(conv2d(8, 24, bias=True) for _ in range(2))
    else:
        head, inputs = implicit_head(AuxHead, (8, 8), no=7), [9, 8, 5, 7]
        head.m2 = nn.ModuleList(conv2d(8, 14, bias=True) for _ in range(2))
    return network(OldModel, layers + [(head, inputs)], ["a", "b"])


def distance_parts(cls, names, channels, **more):
    """Stacks for distances of four bins and scores of two classes, by the names of their lists."""
    stack = lambda out, g: nn.ModuleList(nn.Sequential(OldConv(c, 8, 3), OldConv(8, 8, 3, 1, g),
                                                       nn.Conv2d(8, out, 1, groups=g)) for c in channels)
    return assemble(cls, {"nc": 2, "nl": 2, "reg_max": 4, "stride": torch.tensor((4., 8.)), **more},
                    **{name: stack(16 if i % 2 == 0 else 2, 4 if i % 2 == 0 else 1)
                       for i, name in enumerate(names)})


def bins():
    return assemble(OldDFL, {"c1": 4}, conv=conv2d(4, 1))


def nine():
    silu, plain = nn.SiLU(), nn.Identity()
    bottleneck = assemble(RepNBottleneck, {"add": True}, cv2=OldConv(4, 4, 3), cv1=assemble(
        RepConvN, {"bn": None}, act=silu, conv1=OldConv(4, 4, 3, act=plain), conv2=OldConv(4, 4, act=plain)))
    csp = assemble(RepNCSP, cv1=OldConv(4, 4), cv2=OldConv(4, 4), cv3=OldConv(8, 4), m=nn.Sequential(bottleneck))
    elan = assemble(RepNCSPELAN4, cv1=OldConv(8, 8), cv2=nn.Sequential(csp, OldConv(4, 4, 3)),
                    cv3=OldConv(4, 4, 3), cv4=OldConv(16, 8))
    pool = lambda: assemble(SP, m=nn.MaxPool2d(5, 1, 2))
    head = distance_parts(DualHead, ("cv2", "cv3", "cv4", "cv5"), (8, 8))
    head.dfl, head.dfl2 = bins(), bins()
    return network(OldModel, [
        (assemble(Silence), -1),
        (OldConv(3, 8, 3, 2), -1),
        (assemble(ADown, cv1=OldConv(4, 4, 3, 2), cv2=OldConv(4, 4)), -1),
        (elan, -1),
        (assemble(CBLinear, {"c2s": [4, 8]}, conv=conv2d(8, 12, bias=True)), -1),
        (OldConv(8, 8, 3, 2), 3),
        (assemble(SPPELAN, cv1=OldConv(8, 4), cv2=pool(), cv3=pool(), cv4=pool(), cv5=OldConv(16, 8)), -1),
        (assemble(CBLinear, {"c2s": [8]}, conv=conv2d(8, 8, bias=True)), -1),
        (assemble(CBFuse, {"idx": [1, 0]}), [4, 7, 3]),
        (head, [3, 5, 8, 6]),
    ], ["a", "b"])


def pose():
    head = distance_parts(PoseHead, ("cv2", "cv3"), (8, 8), kpt_shape=[4, 3], nk=12)
    head.dfl = bins()
    head.cv4 = nn.ModuleList(conv2d(8, 12, bias=True) for _ in range(2))
    return network(Model, [(OldConv(3, 8, 3, 2), -1), (OldConv(8, 8, 3, 2), -1), (OldConv(8, 8, 3, 2), -1),
                           (head, [1, 2])], {0: "person", 1: "dog"})


def pose26():
    """Saved without the branch that needs suppression of duplicates; keypoints of two numbers."""
    head = distance_parts(Pose26Head, ("one2one_cv2", "one2one_cv3"), (8, 8), kpt_shape=(3, 2), nk=6)
    head.dfl = bins()
    head.one2one_cv4 = nn.ModuleList(conv2d(8, 5, bias=True) for _ in range(2))
    head.one2one_cv4_kpts = nn.ModuleList(conv2d(5, 6, bias=True) for _ in range(2))
    return network(Model, [(OldConv(3, 8, 3, 2), -1), (OldConv(8, 8, 3, 2), -1), (OldConv(8, 8, 3, 2), -1),
                           (head, [1, 2])], {0: "person", 1: "dog"})


def keypoints_of(made):
    """(boxes, keypoints, numbers of each) of a pose network for the picture."""
    head, seen, rows = made.model[-1], [], []
    hook = head.register_forward_pre_hook(lambda module, inputs: seen.extend(inputs[0]))
    with torch.no_grad():
        made(picture())
    hook.remove()
    new = hasattr(head, "one2one_cv4_kpts")
    for level, x in enumerate(seen):
        with torch.no_grad():
            found = head.one2one_cv4_kpts[level](head.one2one_cv4[level](x)) if new else head.cv4[level](x)
        h, w = found.shape[2:]
        points = found.reshape(*head.kpt_shape, h, w)
        y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
        places = points[:, :2] + torch.stack((x, y)) + 0.5 if new else points[:, :2] * 2 + torch.stack((x, y))
        rows.append(torch.cat((places * float(head.stride[level]), points[:, 2:].sigmoid()), 1).flatten(0, 1)
                    .flatten(1).T)
    return torch.cat(rows)


def grey(focus):
    """A network for pictures of one channel; run here on the grey of a coloured one."""
    first = assemble(Focus, conv=OldConv(4, 8, 3)) if focus else OldConv(1, 8, 3, 2)
    made = network(GreyModel, [(first, -1), (OldConv(8, 8, 3, 2), -1), (distance_parts(
        PoseHead, ("cv2", "cv3"), (8, 8)), [0, 1])], ["a", "b"])
    made.model[-1].stride = torch.tensor((2., 4.))
    made.model[-1].dfl = bins()
    return made


def save_seen(name, made, half):
    """The file keeps its number of outputs an anchor; boxes_of gets that of the maps."""
    head = made.model[-1]
    no = getattr(head, "no", None)
    if no is not None:
        head.no = 5 + head.nc
    save_network(name, made, half)
    if no is not None:
        head.no = no
        save(name, {"model": made}, zipped=half)


def main():
    warnings.simplefilter("ignore")
    for seed, (name, made) in enumerate((("face", face(10)), ("plate", face(8)), ("lite", lite()),
                                         ("seven", seven(False)), ("seven_pose", seven(True)),
                                         ("nine", nine()), ("pose", pose()), ("grey", grey(False)),
                                         ("grey_focus", grey(True)), ("pose26", pose26())), 11):
        made = randomise(made, seed, 1.0)
        for module in made.modules():
            if isinstance(module, DFL):
                module.conv.weight.data = torch.arange(4.).reshape(1, 4, 1, 1)
        save_seen(name, made, False)
        if hasattr(made.model[-1], "kpt_shape"):
            with open(os.path.join(OUT, name + "_points.bin"), "wb") as file:
                file.write(keypoints_of(made).contiguous().numpy().tobytes())


if __name__ == "__main__":
    main()
