"""MNN's module interface, fp32."""
import os

NAME = "MNN"
PACKAGES = ["MNN"]


def version():
    import MNN
    return MNN.version()


def load(job):
    path = os.path.join(job.folder, "model.mnn")
    if not os.path.exists(path):
        # The converter itself: the package's wrapper around it sends statistics to its makers.
        import _tools
        _tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--modelFile", job.model, "--MNNModel", path,
                           "--bizCode", "bench"])
    return path


def prepare(path, threads, pictures):
    import MNN

    runtime = MNN.nn.create_runtime_manager(({"backend": 0, "numThread": threads, "precision": "high"},))
    module = MNN.nn.load_module_from_file(path, [], [], runtime_manager=runtime, shape_mutable=False)
    return module, MNN.expr.const(pictures, list(pictures.shape), MNN.expr.NCHW), runtime, pictures


def run(handle):
    return handle[0].forward(handle[1])


def output(handle):
    import MNN
    import numpy

    return numpy.array(MNN.expr.convert(run(handle), MNN.expr.NCHW).read())
