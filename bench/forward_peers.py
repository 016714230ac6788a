#!/usr/bin/env python3
"""Times the CPU forward pass next to other engines', interleaved.

usage: forward_peers.py MODEL.onnx [--build DIR] [--imgsz N] [--threads N] [--processes N] [--rounds N]
                        [--calls N] [--mnn MODEL.mnn]

Each round runs every engine in turn, --processes of it at once with --threads each, for --calls forwards;
prints a Markdown table: of all rounds the least and the median ms a picture, and the ratio of the least to
ours. Engines that this Python cannot import are left out; MNN wants the model as its own mnnconvert wrote it.
"""
import argparse
import os
import statistics
import subprocess
import sys
import time

WARM_UP = 2


def measure(call, calls):
    times = []
    for i in range(WARM_UP + calls):
        start = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - start))
    times = times[WARM_UP:]
    print("%.3f %.3f" % (min(times), statistics.median(times)))


def pixels(imgsz):
    import numpy
    return numpy.random.default_rng(1).random((1, 3, imgsz, imgsz), dtype=numpy.float32)


def onnxruntime_worker(options):
    import onnxruntime
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads, settings.inter_op_num_threads = options.threads, 1
    session = onnxruntime.InferenceSession(options.model, settings, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: pixels(options.imgsz)}
    measure(lambda: session.run(None, feed), options.calls)


def mnn_worker(options):
    import MNN
    runtime = MNN.nn.create_runtime_manager(
        ({"backend": "CPU", "numThread": options.threads, "precision": "high"},))
    module = MNN.nn.load_module_from_file(options.mnn, ["images"], ["output0"], runtime_manager=runtime)
    x = MNN.expr.const(pixels(options.imgsz), [1, 3, options.imgsz, options.imgsz], MNN.expr.NCHW)

    def call():
        y = module.forward([x])
        (y[0] if isinstance(y, (list, tuple)) else y).read()
    measure(call, options.calls)


WORKERS = {"onnxruntime": onnxruntime_worker, "mnn": mnn_worker}


def commands(options):
    """Name and command of each engine."""
    ours = [os.path.join(options.build, "bench_forward"), options.model, options.imgsz, options.threads,
            options.calls]
    found = {"ours": ours, "ours, oneDNN's convolutions": ours + ["plain"]}
    for name, module in (("onnxruntime", "onnxruntime"), ("mnn", "MNN")):
        if name == "mnn" and not options.mnn:
            continue
        if subprocess.run([sys.executable, "-c", "import " + module], capture_output=True).returncode == 0:
            found[name] = [sys.executable] + sys.argv + ["--worker", name]
    return {name: [str(word) for word in command] for name, command in found.items()}


def run_round(command, processes):
    """The least and the median ms a picture, of all processes together."""
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
               for _ in range(processes)]
    ends = [process.communicate()[0].strip().split("\n")[-1].split() for process in running]
    if any(process.returncode for process in running):
        sys.exit("failed: " + " ".join(command))
    return [statistics.mean(float(end[i]) for end in ends) / processes for i in range(2)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--build", default="build")
    parser.add_argument("--imgsz", type=int, default=640)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--calls", type=int, default=10)
    parser.add_argument("--mnn")
    parser.add_argument("--worker", choices=WORKERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        WORKERS[options.worker](options)
        return
    engines = commands(options)
    times = {name: [] for name in engines}
    for _ in range(options.rounds):
        for name, command in engines.items():
            times[name].append(run_round(command, options.processes))
    least = {name: min(t[0] for t in values) for name, values in times.items()}
    print("%s, %d, %d processes of %d threads, %d rounds of %d\n\n| engine | least ms | median ms | least / ours |\n"
          "| --- | --: | --: | --: |" % (os.path.basename(options.model), options.imgsz, options.processes,
                                         options.threads, options.rounds, options.calls))
    for name, values in times.items():
        print("| %s | %.1f | %.1f | %.2f |" % (name, least[name], statistics.median(t[1] for t in values),
                                               least[name] / least["ours"]))


if __name__ == "__main__":
    main()
