"""PyTorch by torch.compile, weights frozen; it needs a C++ compiler."""
import os
import shutil

import pytorch
from pytorch import load, output, run, version  # noqa: F401

NAME = "PyTorch, compiled"
PACKAGES = pytorch.PACKAGES
BATCHES = (1,)      # compiling takes a minute for each


def prepare(model, threads, pictures):
    if not shutil.which(os.environ.get("CXX", "g++")):
        raise RuntimeError("no C++ compiler")
    import torch
    import torch._inductor.config

    torch._inductor.config.freezing = True
    torch.set_num_threads(threads)      # which the compiled code keeps
    module, pictures = pytorch.module_of(model, pictures)
    handle = torch.compile(module), pictures, threads
    run(handle)
    return handle
