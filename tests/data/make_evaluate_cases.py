"""Writes tests/unit/evaluate_cases.h: what PyTorch computes for the cases of test_evaluate.c.

    python3 tests/data/make_evaluate_cases.py > tests/unit/evaluate_cases.h

Inputs follow pattern(), as fill_pattern() in graph_rig.h, so that only results are stored.
"""
import math

import torch
import torch.nn.functional as F


def pattern(seed, *shape):
    index = torch.arange(math.prod(shape), dtype=torch.int64)
    return (((index * 37 + seed * 11) % 64 - 32).double() / 16).reshape(shape)


def show(name, result):
    values = [f"{v:.9g}" for v in result.flatten().tolist()]
    values = [v + ("f" if "." in v or "e" in v else ".0f") for v in values]
    print(f"static const struct shape {name}_shape = {{")
    print(f"    .rank = {result.dim()}, .dims = {{{', '.join(map(str, result.shape)) or 0}}}}};")
    print(f"static const float {name}[] = {{")
    line = "   "
    for value in values:
        if len(line) + len(value) + 2 > 100:
            print(line)
            line = "   "
        line += f" {value},"
    print(line + "};")


print("/* Made by tests/data/make_evaluate_cases.py with PyTorch; not to be edited. */")
print('#include "model/graph.h"\n')
print("/* clang-format off */")
conv, transpose = F.conv2d, F.conv_transpose2d
show("conv_plain", conv(pattern(1, 1, 3, 5, 7), pattern(2, 4, 3, 3, 3), padding=1))
show("conv_stride", conv(pattern(1, 1, 3, 7, 6), pattern(2, 2, 3, 3, 3), pattern(3, 2), stride=2,
                         padding=1))
show("conv_group", conv(pattern(1, 1, 4, 4, 5), pattern(2, 6, 2, 3, 2), pattern(3, 6), groups=2))
show("conv_depthwise", conv(pattern(1, 2, 3, 4, 4), pattern(2, 3, 1, 3, 3), padding=1, groups=3))
show("conv_dilation", conv(pattern(1, 1, 2, 9, 8), pattern(2, 2, 2, 3, 3), dilation=(3, 2),
                           padding=(2, 1)))
# top 0, left 2, bottom 3, right 1
show("conv_asymmetric", conv(F.pad(pattern(1, 1, 2, 4, 5), (2, 1, 0, 3)), pattern(2, 1, 2, 3, 4),
                             pattern(3, 1), stride=(1, 2)))
show("conv_silu_residual", F.silu(conv(pattern(1, 1, 2, 3, 4), pattern(2, 3, 2, 1, 1),
                                       pattern(3, 3))) + pattern(4, 1, 3, 3, 4))
show("transpose_plain", transpose(pattern(1, 1, 3, 3, 4), pattern(2, 3, 2, 2, 2), pattern(3, 2),
                                  stride=2))
show("transpose_padded", transpose(pattern(1, 1, 2, 4, 3), pattern(2, 2, 3, 3, 3), stride=(2, 3),
                                   padding=1, output_padding=(1, 2)))
show("transpose_group", transpose(pattern(1, 1, 4, 3, 3), pattern(2, 4, 2, 3, 2), pattern(3, 4),
                                  stride=2, groups=2, dilation=2))
show("max_pool", F.max_pool2d(pattern(1, 1, 2, 6, 7), 5, 1, 2))
show("max_pool_ceil", F.max_pool2d(pattern(1, 1, 1, 6, 7), 2, 3, 1, ceil_mode=True))
show("max_pool_dilation", F.max_pool2d(pattern(1, 1, 1, 7, 8), (2, 3), (2, 1), (0, 1), (3, 2)))
show("average_pool", F.avg_pool2d(pattern(1, 1, 2, 5, 6), 3, 2, 1, count_include_pad=False))
show("average_pool_padding", F.avg_pool2d(pattern(1, 1, 1, 4, 6), 3, 2, 1, ceil_mode=True,
                                          count_include_pad=True))
show("resize_double", F.interpolate(pattern(1, 1, 2, 3, 2), scale_factor=2, mode="nearest"))
show("resize_fraction", F.interpolate(pattern(1, 1, 1, 5, 4), scale_factor=(1.5, 0.75),
                                      mode="nearest", recompute_scale_factor=False))
show("matmul_batch", pattern(1, 2, 1, 3, 4) @ pattern(2, 3, 4, 2))
show("matmul_left_vector", pattern(1, 4) @ pattern(2, 2, 4, 3))
show("matmul_right_vector", pattern(1, 2, 3, 4) @ pattern(2, 4))
show("softmax_middle", torch.softmax(pattern(1, 2, 4, 3), 1))
show("softmax_last", torch.softmax(pattern(1, 2, 4, 3) + 1000, 2))
show("batch_norm", F.batch_norm(pattern(1, 1, 3, 2, 3), pattern(4, 3), pattern(5, 3) ** 2,
                                pattern(2, 3), pattern(3, 3), eps=1e-3))
show("reduce_mean", pattern(1, 2, 3, 4).mean((0, 2), keepdim=True))
show("reduce_max", pattern(1, 2, 3, 4).amax(1))
show("reduce_sum", pattern(1, 2, 3, 4).sum())
x = pattern(1, 16) * 4
for name, function in (("silu", F.silu), ("relu", F.relu), ("sigmoid", torch.sigmoid),
                       ("leaky_relu", lambda v: F.leaky_relu(v, 0.1)), ("mish", F.mish),
                       ("hard_sigmoid", F.hardsigmoid), ("hard_swish", F.hardswish),
                       ("tanh_expected", torch.tanh), ("gelu", F.gelu), ("softplus", F.softplus),
                       ("clip", lambda v: v.clamp(-1.5, 2.5))):
    show(name, function(x))
print("/* clang-format on */")
