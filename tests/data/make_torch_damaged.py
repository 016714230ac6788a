#!/usr/bin/env python3
"""Writes to tests/data/torch a network that is found in several ways, and many with something wrong
in them. Needs PyTorch and numpy; run by hand from the project's root, after make_torch.py:
tests/data/make_torch_damaged.py"""
import warnings

import torch
from torch import nn

from make_torch import (AnchorHead, C2, FlatConv, Model, Mystery, OldConv, OldModel, OtherHead,
                         Pose, anchor_head, assemble, conv2d, distance_head, network, randomise,
                         save)


def tiny():
    """A backbone of two layers and a head, to be spoilt."""
    head = anchor_head(AnchorHead, (4, 4), 1, (2., 4.))
    return randomise(network(OldModel, [(conv2d(3, 4, 3, 2), -1), (OldConv(4, 4, 3, 2), -1),
                                        (head, [0, 1])], ["one"]), 5)


def spoilt(name, spoil):
    made = tiny()
    root = spoil(made)
    save(name, root if isinstance(root, (dict, str)) else {"model": made}, zipped=False)


def put(made, key, value):
    """Sets an attribute whatever PyTorch thinks of it."""
    made.__dict__[key] = value


def spoil_cycle(made):
    inner = made.model[1]._modules
    inner["conv"] = made.model[1]


def spoil_deep(made):
    for _ in range(40):
        made.model[1].conv = nn.Sequential(made.model[1].conv)


def spoil_shared(made):
    """Two to the power of 24 convolutions, in a small file."""
    block = nn.Identity()
    for _ in range(24):
        block = nn.Sequential(block, block)
    made.model[1].conv = block


def spoil_expanded(made):
    weight = torch.zeros(1).expand(1 << 15, 1 << 15, 3, 3)
    made.model[1].conv._parameters["weight"] = nn.Parameter(weight, False)


def spoil_bins(made):
    made = randomise(network(Model, [(FlatConv(3, 4, 3, 2), -1), (distance_head((4,), 1, (2.,), 4),
                                                                  [0])], ["one"]), 6)
    made.model[-1].dfl.conv.weight.data[0, 3] = 4
    return {"model": made}


def spoil_halves(made):
    made.model[1] = assemble(C2, {"i": 1, "f": -1}, cv1=FlatConv(4, 5), cv2=FlatConv(4, 4),
                             m=nn.Sequential())


def spoil_head(cls):
    def spoil(made):
        made.model[-1].__class__ = cls
    return spoil


SPOILT = {
    "unknown_class": lambda m: setattr(m.model[1].conv, "__class__", Mystery),
    "cycle": spoil_cycle,
    "deep": spoil_deep,
    "shared": spoil_shared,
    "expanded": spoil_expanded,
    "no_weights": lambda m: m.model[1].conv._parameters.pop("weight"),
    "no_conv": lambda m: m.model[1]._modules.pop("conv"),
    "part_number": lambda m: m.model[1]._modules.__setitem__("conv", 7),
    "part_key": lambda m: m.model._modules.__setitem__(7, m.model[1]),
    "parts_list": lambda m: put(m.model[1], "_modules", [1, 2]),
    "stride_text": lambda m: put(m.model[1].conv, "stride", "two"),
    "stride_zero": lambda m: put(m.model[1].conv, "stride", (0, 0)),
    "stride_three": lambda m: put(m.model[1].conv, "stride", (1, 1, 1)),
    "padding_huge": lambda m: put(m.model[1].conv, "padding", (1 << 40, 1)),
    "padding_mode": lambda m: put(m.model[1].conv, "padding_mode", "reflect"),
    "groups": lambda m: put(m.model[1].conv, "groups", 3),
    "epsilon": lambda m: put(m.model[1].bn, "eps", None),
    "norm_rank": lambda m: m.model[1].bn._parameters.__setitem__("weight", torch.zeros(2, 2)),
    "slope": lambda m: m.model[1]._modules.__setitem__("act", nn.PReLU()),
    "from_text": lambda m: put(m.model[1], "f", "before"),
    "from_later": lambda m: put(m.model[1], "f", 2),
    "from_far": lambda m: put(m.model[1], "f", -9),
    "from_many": lambda m: put(m.model[1], "f", [0] * 100),
    "from_two": lambda m: put(m.model[1], "f", [0, 0]),
    "channels": lambda m: put(m.model[1], "f", 0) or m.model[1].conv._parameters.__setitem__(
        "weight", nn.Parameter(torch.zeros(4, 5, 3, 3))),
    "head_stride": lambda m: setattr(m.model[-1], "stride", torch.tensor([2., 8.])),
    "head_anchors": lambda m: m.model[-1]._buffers.__setitem__("anchors", torch.ones(2, 3, 2)),
    "head_zero": lambda m: m.model[-1]._buffers.__setitem__("anchors", torch.zeros(2, 2, 2)),
    "head_classes": lambda m: put(m.model[-1], "nc", 2),
    "head_many": lambda m: put(m.model[-1], "na", 1 << 19),
    "head_levels": lambda m: put(m.model[-1], "f", [0, 1, 1]),
    "head_bins": spoil_bins,
    "halves": spoil_halves,
    "head_pose": spoil_head(Pose),
    "head_unknown": spoil_head(Mystery),
    "head_other": spoil_head(OtherHead),
    "described": lambda m: m.yaml.__setitem__("nc", 9),
    "no_layers": lambda m: m.model._modules.clear(),
    "no_model": lambda m: {"epoch": 3},
    "weights": lambda m: m.state_dict(),
    "text": lambda m: "a model",
}


def save_trained():
    """What they were trained on, in the places where packages leave it, and where it is nonsense."""
    made = tiny()
    save("trained", {"model": made, "train_args": {"epochs": 100, "data": "/content/plates-3/data.yaml"}},
         zipped=False)
    save("trained_options", {"model": made, "train_args": {"data": 7}, "opt": {"data": "C:\\sets\\plates.yaml"}},
         zipped=False)
    made.args = {"data": "a\nb.yaml", "epochs": "many"}
    save("trained_network", {"model": made, "opt": None}, zipped=False)


def main():
    warnings.simplefilter("ignore")
    averaged, plain = tiny(), tiny()
    plain.names = ["other"]
    save("average", {"model": plain, "ema": averaged}, zipped=False)
    averaged.names = {5: "far", 0: "one", "zero": "text", 1: 2}
    save("bare", averaged, zipped=False)
    save_trained()
    for name, spoil in SPOILT.items():
        spoilt(name, spoil)


if __name__ == "__main__":
    main()
