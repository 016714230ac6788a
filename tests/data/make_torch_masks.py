#!/usr/bin/env python3
"""Writes to tests/data/torch networks that find masks, and prints what test_masks.c expects of them. Needs
PyTorch; run by hand from the project's root: tests/data/make_torch_masks.py"""
import torch
from torch import nn

from make_torch import (BLOCK, DFL, Model, NewConv, OldModel, Segment, anchor_head, assemble, conv2d, define, network, picture,
                        randomise, save)

MASKS = 6
# The head's maps are what is compared: of its forward, coefficients and prototypes alone.
NewSegment = define("ultralytics.nn.modules.head", "Segment", lambda s, x: ([m(y) for m, y in zip(s.cv4, x)], s.proto(x[0])))
Segment26 = define("ultralytics.nn.modules.head", "Segment26", lambda s, x: (
    [m(y) for m, y in zip(s.one2one_cv4, x)], s.proto(x)))
prototypes = lambda s, x: s.cv3(s.cv2(s.upsample(s.cv1(x))))
OldProto = define("models.common", "Proto", prototypes)
Proto = define(BLOCK, "Proto", prototypes)
Proto26 = define(BLOCK, "Proto26", lambda s, x: prototypes(s, s.feat_fuse(x[0] + nn.functional.interpolate(
    s.feat_refine[0](x[1]), scale_factor=2.0, mode="nearest"))))


def proto(cls, upsample, **parts):
    return assemble(cls, cv1=NewConv(8, 8, 3), upsample=upsample, cv2=NewConv(8, 8, 3), cv3=NewConv(8, MASKS), **parts)


def head(cls, proto, prefix=""):
    stack = lambda out: nn.ModuleList(nn.Sequential(NewConv(c, 8, 3), conv2d(8, out, bias=True)) for c in (8, 16))
    unused = {name: None for name in ("cv2", "cv3", "cv4")} if prefix else {}
    parts = {prefix + "cv2": stack(16), prefix + "cv3": stack(2), prefix + "cv4": stack(MASKS)}
    return assemble(cls, {"nc": 2, "nl": 2, "nm": MASKS, "reg_max": 4, "stride": torch.tensor([4., 8.]), **unused},
                    dfl=assemble(DFL, {"c1": 4}, conv=conv2d(4, 1)), proto=proto, **parts)


def made(model, last):
    layers = [(NewConv(3, 8, 3, 2), -1), (NewConv(8, 8, 3, 2), -1), (NewConv(8, 16, 3, 2), -1), (last, [1, 2])]
    return network(model, layers, {0: "a", 1: "b"})


def old_head():
    last = anchor_head(Segment, (8, 16), 2, (4., 8.), MASKS)
    last.nm, last.proto = MASKS, proto(OldProto, nn.Upsample(scale_factor=2, mode="nearest"))
    return last


def masks_of(net):
    """Coefficients of each level and anchor, and prototypes."""
    last = net.model[-1]
    with torch.no_grad():
        if not isinstance(last, Segment):
            return net(picture())
        x = picture()
        for layer in net.model[:2]:
            x = layer(x)
        coarse = net.model[2](x)
        parts = [m(y).unflatten(1, (2, -1))[:, :, 7:].flatten(1, 2) for m, y in zip(last.m, (x, coarse))]
        return parts, last.proto(x)


def main():
    transposed = nn.ConvTranspose2d(8, 8, 2, 2)
    nets = (("masks_old", made(OldModel, old_head())), ("masks", made(Model, head(NewSegment, proto(Proto, transposed)))),
            ("masks_joined", made(Model, head(Segment26, proto(
                Proto26, nn.ConvTranspose2d(8, 8, 2, 2), feat_refine=nn.ModuleList([NewConv(16, 8)]), feat_fuse=NewConv(8, 8, 3)),
                "one2one_"))))
    for seed, (name, net) in enumerate(nets):
        randomise(net, seed + 20)
        coefficients, maps = masks_of(net)
        second = coefficients[0][0, -MASKS + 1].flatten()[5]  # of the last anchor
        print(name, sum(c.abs().sum() for c in coefficients).item(), second.item(), maps.abs().sum().item(),
              maps[0, 1].flatten()[5].item())
        save(name, {"model": net}, zipped=False)


if __name__ == "__main__":
    main()
