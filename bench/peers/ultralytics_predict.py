"""Ultralytics' predict from a folder of pictures, writing its predictions as labels (save_txt). Timed from
the call to the last result, with the model loaded and warm, by the clock or in processor time."""
import os
import shutil
import time
from types import SimpleNamespace

NAME = "Ultralytics predict"
PACKAGES = ["ultralytics", "torch"]


def version():
    import torch
    import ultralytics
    return "%s, torch %s" % (ultralytics.__version__, torch.__version__)


def load(job):
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_CONFIG_DIR=job.folder)
    weights = os.path.splitext(job.model)[0] + ".pt"
    if not os.path.exists(weights):
        raise RuntimeError("there is no " + os.path.basename(weights) + " beside the model")
    import ultralytics  # noqa: F401
    job.weights = weights
    return job


def start(job, request):
    from ultralytics import YOLO

    source = os.path.join(job.folder, "part-" + request["key"] + "-%d" % os.getpid())
    os.makedirs(source)
    images = os.path.join(job.data, "images")
    for name in sorted(os.listdir(images))[request["part"]::request["parts"]]:
        os.symlink(os.path.realpath(os.path.join(images, name)), os.path.join(source, name))
    handle = SimpleNamespace(model=YOLO(job.weights, task="detect"), job=job, source=source, **request)
    predict(handle, os.path.join(source, os.listdir(source)[0]))
    return handle


def predict(handle, source):
    import torch

    output = handle.source + "-output"
    shutil.rmtree(output, ignore_errors=True)
    now = time.process_time if handle.job.clock == "cpu" else time.perf_counter
    before = now()
    results = handle.model.predict(source, stream=True, imgsz=handle.job.imgsz, batch=handle.batch, rect=handle.rect,
                                   device="cpu", save=False, save_txt=True, verbose=False, project=output, name="run")
    pictures = 0
    for _ in results:
        pictures += 1
        torch.set_num_threads(handle.threads)   # its set-up, at the first picture of all, chooses another number
    return pictures, now() - before


def run(handle):
    pictures, seconds = predict(handle, handle.source)
    if pictures != len(os.listdir(handle.source)):
        raise RuntimeError("Ultralytics gave %d results" % pictures)
    return pictures, seconds
