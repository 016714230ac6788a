"""PyTorch, eager, channels last: the model file's operators as a module."""
import os
import sys

NAME = "PyTorch"
PACKAGES = ["torch", "numpy"]


def version():
    import torch
    return torch.__version__


def load(job):
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    import onnx_torch
    return onnx_torch.read(job.model)


def module_of(model, pictures):
    import onnx_torch
    import torch

    module = onnx_torch.build(model, len(pictures), *pictures.shape[2:], raw=False)
    module = module.to(memory_format=torch.channels_last)
    return module, torch.from_numpy(pictures).to(memory_format=torch.channels_last)


def prepare(model, threads, pictures):
    return *module_of(model, pictures), threads


def run(handle):
    import torch

    module, pictures, threads = handle
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)
    with torch.inference_mode():
        return module(pictures)[0]


def output(handle):
    return run(handle).numpy().copy()
