"""Compares .pt files as `verify` reads them with what the package that writes them computes.

  python compare_families.py MODEL_DUMP FOLDER [FAMILY…]

Run by hand, with a Python that has torch, numpy and ultralytics (a throw-away environment: `pip
install ultralytics`); nothing of it belongs to the project or its tests. For each family a network
with random weights is made, its batch normalisation given statistics under which nothing vanishes,
saved in fp16 and fp32 into FOLDER, and both run on one input: there by model_dump (built with the
tests, from this folder), here by the package in fp32. Fails where boxes differ by more than 0.05 px
or scores by more than 1e-3, or, where that is more, by four times what the package itself differs
between fp32 and fp64: random networks amplify rounding more than trained ones.
"""
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from ultralytics import YOLO
from ultralytics.utils import LOGGER

FAMILIES = (
    "yolov3-tiny yolov3 yolov3-spp yolov5n yolov5s yolov5n-p6 yolov6n yolov8n yolov8n-p2 yolov8n-p6 "
    "yolov8n-ghost yolov8n-ghost-p2 yolov8n-seg yolov9t yolov9s yolov9m yolov9c yolov9e yolov10n "
    "yolov10s yolov10b yolo11n yolo11m yolo12n yolo12l yolo26n yolo26n-p2 yolo26n-seg").split()
HEIGHT, WIDTH = 192, 256
BOX_LIMIT, SCORE_LIMIT = 0.05, 1e-3


def smooth_noise(generator):
    """A picture with structure at several scales, in [0, 1]."""
    picture = torch.zeros(1, 3, HEIGHT, WIDTH)
    for cells in (4, 16, 64):
        noise = torch.rand(1, 3, cells, cells, generator=generator)
        picture += torch.nn.functional.interpolate(noise, (HEIGHT, WIDTH), mode="bilinear")
    return picture / 3


def fit_norm(norm, inputs):
    """Statistics of the input at hand, half of the mean left in it: to normalise a channel that
    hardly varies would amplify rounding until no two implementations agree."""
    x = inputs[0]
    norm.running_mean.copy_(0.5 * x.mean((0, 2, 3)))
    norm.running_var.copy_((x - norm.running_mean[:, None, None]).square().mean((0, 2, 3)) + 1e-4)


def randomise(model, picture, generator):
    """Takes weights, statistics, biases and factors off their defaults, so that each counts."""
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.weight.data = 0.6 + 0.4 * torch.rand(norm.weight.shape, generator=generator)
        norm.bias.data = 0.2 * torch.randn(norm.bias.shape, generator=generator)
    for module in model.modules():
        gamma = getattr(module, "gamma", None)
        if gamma is not None:
            gamma.data = 0.5 + 0.5 * torch.rand(gamma.shape, generator=generator)
    model.eval()
    hooks = [norm.register_forward_pre_hook(fit_norm) for norm in norms]
    with torch.no_grad():
        model(picture)
    for hook in hooks:
        hook.remove()
    scale_head(model, picture, generator)


def scale_head(model, picture, generator):
    """Gives the head's raw maps a spread that neither softmax nor sigmoid flattens."""
    head, spread = model.model[-1], {}
    lasts = [branch[-1] for name in ("cv2", "cv3", "one2one_cv2", "one2one_cv3")
             for branch in getattr(head, name, [])]
    hooks = [last.register_forward_hook(lambda m, _, y: spread.update({m: float(y.std())}))
             for last in lasts]
    with torch.no_grad():
        model(picture)
    for hook in hooks:
        hook.remove()
    for last in lasts:
        last.weight.data *= 1.5 / spread[last] if last in spread else 1
        last.bias.data = 0.5 * torch.randn(last.bias.shape, generator=generator)


def compare(program, path, picture, expected):
    """Largest deviations of boxes in pixels and of scores, and what the program says of itself."""
    run = subprocess.run([program, path, str(HEIGHT), str(WIDTH)],
                         input=picture.numpy().tobytes(), capture_output=True, check=False)
    if run.returncode:
        return None, run.stderr.decode().strip()
    rows = np.frombuffer(run.stdout, np.float32).reshape(-1, expected.shape[1])
    if rows.shape != expected.shape:
        return None, f"{rows.shape} rows where {expected.shape} are expected"
    difference = np.abs(rows - expected)
    return (difference[:, :4].max(), difference[:, 4:].max()), run.stderr.decode().strip()


def run_peer(model, picture):
    """Boxes and scores, one row each."""
    with torch.no_grad():
        output = model(picture)[0]
    while not torch.is_tensor(output):
        output = output[0]
    return output[0, :4 + model.model[-1].nc].T.float().numpy()  # what lies behind is masks


def check_family(program, folder, family):
    generator = torch.Generator().manual_seed(7)
    torch.manual_seed(7)
    model = YOLO(family + ".yaml").model
    model.float()
    picture = smooth_noise(generator)
    randomise(model, picture, generator)
    good = True
    for kind in ("fp32", "fp16"):
        path = folder / f"{family}-{kind}.pt"
        if kind == "fp16":
            model.half()
        torch.save({"model": model, "ema": None, "version": "test", "date": "2026-01-01"}, path)
        model.float()
        expected = run_peer(model, picture)
        noise = np.abs(run_peer(model.double(), picture.double()) - expected)
        model.float()
        deviation, said = compare(program, path, picture, expected)
        scores = expected[:, 4:]
        if deviation is None:
            print(f"{family:18} {kind}  FAILED: {said}", flush=True)
            good = False
            continue
        good = good and (deviation[0] <= max(BOX_LIMIT, 4 * noise[:, :4].max()) and
                         deviation[1] <= max(SCORE_LIMIT, 4 * noise[:, 4:].max()))
        print(f"{family:18} {kind}  boxes {deviation[0]:.1e} px (peer's own fp32 against fp64: "
              f"{noise[:, :4].max():.1e}) of {expected[:, :4].std():.0f}, scores {deviation[1]:.1e} "
              f"({noise[:, 4:].max():.1e}) of {scores.min():.3f} to {scores.max():.3f}; {said}",
              flush=True)
        path.unlink()
    return good


def main():
    LOGGER.setLevel(50)
    program, folder, families = sys.argv[1], Path(sys.argv[2]), sys.argv[3:] or FAMILIES
    folder.mkdir(parents=True, exist_ok=True)
    return 0 if all([check_family(program, folder, family) for family in families]) else 1


if __name__ == "__main__":
    sys.exit(main())
