"""ncnn, converted by pnnx, fp32 weights. It knows no batches: pictures go one by one."""
import os
import subprocess
import sys

NAME = "ncnn"
PACKAGES = ["ncnn", "pnnx"]


def version():
    import ncnn
    return ncnn.__version__


def convert(model, folder, size):
    base = os.path.join(folder, "ncnn")
    if os.path.exists(base + ".bin"):
        return base
    tool = os.path.join(os.path.dirname(sys.executable), "pnnx")
    others = ["%s=/dev/null" % kind for kind in ("pnnxparam", "pnnxbin", "pnnxpy", "ncnnpy", "pnnxonnx")]
    # It writes a simplified copy beside the model it reads.
    copy = os.path.join(folder, "for-ncnn.onnx")
    with open(model, "rb") as source, open(copy, "wb") as target:
        target.write(source.read())
    subprocess.run([tool, copy, "inputshape=[1,3,%d,%d]" % (size, size), "fp16=0", "ncnnparam=%s.param" % base,
                    "ncnnbin=%s.bin" % base, *others], check=True, stdout=sys.stderr, cwd=folder)
    return base


def load(job):
    return convert(job.model, job.folder, job.imgsz)


def prepare(base, threads, pictures):
    import ncnn

    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_vulkan_compute = False
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_storage = False
    if net.load_param(base + ".param") or net.load_model(base + ".bin"):
        raise RuntimeError("ncnn cannot load " + base)
    return net, [ncnn.Mat(picture).clone() for picture in pictures]


def results(handle):
    net, pictures = handle
    for picture in pictures:
        extractor = net.create_extractor()
        extractor.input(net.input_names()[0], picture)
        yield extractor.extract(net.output_names()[0])[1]


def run(handle):
    for _ in results(handle):
        pass


def output(handle):
    import numpy
    return numpy.stack([numpy.array(result) for result in results(handle)])
