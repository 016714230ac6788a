#!/usr/bin/env python3
"""Times PyTorch on the same network as verify, to compare with: the model file's operators as a torch
module with the file's weights (batch normalisation folded, as exports have it), fp16, channels last.

Measured is the forward from the input tensor to the head's raw maps, as bench_layers measures it.
Variants: eager; graph (eager, captured as a CUDA graph); compile (torch.compile, reduce-overhead);
autotune (max-autotune, weights frozen); verify (bench_layers, with --program). Each runs 50 times
unmeasured and 200 times between CUDA events over four batches of pictures in turn; the rounds of the
variants alternate, and the figure is the median of the rounds' medians. Before any timing the
variants' maps are compared with fp32's, and with --dump fp32's boxes and scores with verify's own.
"""
import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy
import torch
from torch.nn import functional as F

import onnx_torch

SETS = 4            # batches of pictures in turn
GRAY = 114          # of the letterbox
WORST_FP16 = 1e-2   # relative L2 of raw maps against fp32's: another kernel, not another network
WORST_FP32 = 1e-4
COMPILED = {"compile": "reduce-overhead", "autotune": "max-autotune"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("model", type=Path, nargs="+", help="ONNX files")
    add("--batches", default="1,8,16,32,64", help="default: %(default)s")
    add("--variants", default="eager,graph,compile,autotune", help="default: %(default)s")
    add("--imgsz", type=int, default=640)
    add("--images", type=Path, help="folder of pictures to measure with; default: noise")
    add("--device", default="cuda", choices=["cuda", "cpu"], help="cpu: fp32, to try the script; no graph, no compile")
    add("--rounds", type=int, default=3, help="alternating rounds (default: %(default)s)")
    add("--warm-up", type=int, default=50, help="default: %(default)s")
    add("--times", type=int, default=200, help="measured runs a round (default: %(default)s)")
    add("--seconds", type=float, default=540, help="start no further batch size after this long (default: %(default)s)")
    add("--program", type=Path, help="bench_layers: verify's own forward as a further variant")
    add("--dump", type=Path, help="what `raw_dump MODEL IMGSZ IMAGE…` of the tests wrote for --dumped")
    add("--dumped", type=Path, nargs="+", default=[], help="those pictures")
    add("--json", type=Path, help="write all figures there")
    options = parser.parse_args()
    options.batches = [int(b) for b in options.batches.split(",")]
    options.variants = options.variants.split(",")
    unknown = set(options.variants) - {"eager", "graph", *COMPILED}
    if unknown:
        parser.error("no such variant: %s" % ", ".join(sorted(unknown)))
    if options.device == "cpu":
        options.variants = ["eager"]
    if bool(options.dump) != bool(options.dumped):
        parser.error("--dump and --dumped go together")
    return options


# --- pictures ------------------------------------------------------------------------------------

def read_picture(path):
    """(height, width, 3) RGB."""
    try:
        import cv2
        return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    except ImportError:
        from PIL import Image
        return numpy.array(Image.open(path).convert("RGB"))


def letterbox(picture, size):
    """(3, size, size) from 0 to 1, the scale, and the offset (x, y)."""
    height, width = picture.shape[:2]
    scale = min(size / height, size / width)
    inner = round(height * scale), round(width * scale)
    pixels = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
    if inner != (height, width):
        pixels = F.interpolate(pixels, inner, mode="bilinear", align_corners=False).round()
    top, left = round((size - inner[0]) / 2 - 0.1), round((size - inner[1]) / 2 - 0.1)
    canvas = torch.full((3, size, size), float(GRAY))
    canvas[:, top:top + inner[0], left:left + inner[1]] = pixels[0]
    return canvas / 255, scale, (left, top)


def make_batches(options, batch, known):
    """SETS batches (batch, 3, imgsz, imgsz) on the CPU, fp32; `known` keeps what was read."""
    total = SETS * batch
    if options.images and not known:
        paths = sorted(p for p in options.images.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
        known += [letterbox(read_picture(p), options.imgsz)[0] for p in paths[:SETS * max(options.batches)]]
        if not known:
            sys.exit("torch_baseline.py: no pictures in %s" % options.images)
    if known:
        pictures = torch.stack([known[i % len(known)] for i in range(total)])
    else:
        seed = torch.Generator().manual_seed(1)
        pictures = torch.rand(total, 3, options.imgsz, options.imgsz, generator=seed)
    return pictures.split(batch)


# --- checks --------------------------------------------------------------------------------------

def compare_dump(options, path, module_of):
    """The largest score difference, and the 99.9th percentile of the corners' among boxes with a score
    from 0.05 on, against verify's raw_dump."""
    numbers, at = numpy.fromfile(options.dump), 0
    scores, corners = [], []
    module = module_of(1, False).float()
    for name in options.dumped:
        image, scale, offset = letterbox(read_picture(name), options.imgsz)
        anchors, classes = int(numbers[at]), int(numbers[at + 1])
        at += 3
        ours = numbers[at:at + anchors * (4 + classes)].reshape(anchors, -1)
        at += ours.size
        with torch.inference_mode():
            theirs = module(image[None])[0][0].T.double().numpy()
        centre, size = theirs[:, :2], theirs[:, 2:4]
        box = (numpy.concatenate((centre - size / 2, centre + size / 2), 1) - offset * 2) / scale
        seen = ours[:, 4:].max(1) >= 0.05
        scores.append(abs(ours[:, 4:] - theirs[:, 4:]).max())
        corners.append(abs(box - ours[:, :4])[seen].reshape(-1))
    corners = numpy.concatenate(corners)
    if at != numbers.size or not corners.size:
        sys.exit("torch_baseline.py: %s is not of these pictures, or nothing is seen in them" % options.dump)
    return {"scores": float(max(scores)), "boxes p99.9": float(numpy.quantile(corners, 0.999))}


def apart(maps, truth):
    """The largest relative L2 of a map."""
    return max(((a.float() - b.float()).norm() / b.float().norm()).item() for a, b in zip(maps, truth))


# --- variants ------------------------------------------------------------------------------------

def captured(module, inputs):
    """One CUDA graph for each of the inputs, which it reads in place."""
    runs = []
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            module(inputs[0])
    torch.cuda.current_stream().wait_stream(side)
    pool = torch.cuda.graph_pool_handle()
    for batch in inputs:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=pool):
            maps = module(batch)
        runs.append((graph, maps))

    def replay(index):
        runs[index][0].replay()
        return runs[index][1]

    return replay


def make_variant(name, module, inputs):
    """run(index of the batch) -> raw maps."""
    if name == "graph":
        return captured(module, inputs)
    if name in COMPILED:
        import torch._dynamo
        import torch._inductor.config
        torch._dynamo.reset()
        torch._inductor.config.freezing = name == "autotune"
        module = torch.compile(module, mode=COMPILED[name], fullgraph=True, dynamic=False)
        for batch in inputs:
            torch._dynamo.mark_static_address(batch)
    return lambda index: module(inputs[index])


def measure(run, options):
    """Median milliseconds of one batch."""
    for i in range(options.warm_up):
        run(i % SETS)
    if options.device == "cpu":
        times = []
        for i in range(options.times):
            start = time.perf_counter()
            run(i % SETS)
            times.append(1e3 * (time.perf_counter() - start))
        return statistics.median(times)
    marks = [[torch.cuda.Event(enable_timing=True) for _ in range(2)] for _ in range(options.times)]
    for i, (begin, end) in enumerate(marks):
        begin.record()
        run(i % SETS)
        end.record()
    torch.cuda.synchronize()
    return statistics.median(begin.elapsed_time(end) for begin, end in marks)


def measure_program(options, path, batch):
    """verify's own forward: bench_layers prints it as JSON."""
    command = [str(options.program), str(path), "--imgsz", str(options.imgsz), "--batch", str(batch),
               "--rounds", str(options.times), "--json"]
    command += ["--fp32"] if options.device == "cpu" else []
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return json.loads(done.stdout)["forward_ms"]


def bench(options, path, module_of, batch, pictures):
    """{variant: {"ms": …, "rounds": […], "apart": …} or {"error": …}}"""
    half = options.device == "cuda"
    dtype = torch.float16 if half else torch.float32
    batches = make_batches(options, batch, pictures)
    inputs = [b.to(options.device, dtype).contiguous(memory_format=torch.channels_last) for b in batches]
    module = module_of(batch, True).float().to(options.device)
    results, runs = {}, {}
    with torch.inference_mode():
        truth = [m.clone() for m in module(batches[0].to(options.device))]
        module = module.to(dtype=dtype, memory_format=torch.channels_last)
        for name in options.variants:
            try:
                run = make_variant(name, module, inputs)
                maps = [m.clone() for m in run(0)]
                far = apart(maps, truth)
                if not far <= (WORST_FP16 if half else WORST_FP32):
                    raise RuntimeError("its maps are %.2g away from fp32's" % far)
                runs[name], results[name] = run, {"apart": far, "rounds": []}
            except Exception as error:  # a variant that this torch cannot do leaves the others
                results[name] = {"error": "%s: %s" % (type(error).__name__, str(error)[:500])}
        del truth
        if options.program:
            runs["verify"], results["verify"] = None, {"rounds": []}
        for _ in range(options.rounds):
            for name, run in runs.items():
                if "error" in results[name]:
                    continue
                try:
                    ms = measure(run, options) if run else measure_program(options, path, batch)
                    results[name]["rounds"].append(ms)
                except RuntimeError as error:
                    results[name] = {"error": str(error)[:500]}
    for result in results.values():
        if result.get("rounds"):
            result["ms"] = statistics.median(result["rounds"])
    return results


# --- output --------------------------------------------------------------------------------------

def best_of(results):
    """The fastest of torch's variants: its name, or None."""
    timed = [name for name in results if name != "verify" and "ms" in results[name]]
    return min(timed, key=lambda name: results[name]["ms"], default=None)


def print_rows(path, batch, results, columns):
    """Images a second for each variant; torch's best, and verify's share of it."""
    cells = []
    for name in columns:
        ms = results.get(name, {}).get("ms")
        cells.append("%.0f" % (1e3 * batch / ms) if ms else "failed" if name in results else "")
    best, ratio = best_of(results), ""
    if best and "ms" in results.get("verify", {}):
        ratio = "%.2f" % (results[best]["ms"] / results["verify"]["ms"])
    print("| %s | %d | %s | %s | %s |" % (path.stem, batch, " | ".join(cells), best or "", ratio), flush=True)
    for name, result in results.items():
        if "error" in result:
            print("%s, batch %d, %s: %s" % (path.stem, batch, name, result["error"]), file=sys.stderr)


def describe(options):
    if options.device == "cpu":
        return {"torch": torch.__version__, "device": "cpu", "threads": torch.get_num_threads()}
    return {"torch": torch.__version__, "device": torch.cuda.get_device_name(), "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version()}


def main():
    options, start = arguments(), time.monotonic()
    if options.device == "cuda" and not torch.cuda.is_available():
        print("torch_baseline.py: no GPU here: nothing was measured")
        return 77
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False  # of fp32, the truth
    about, rows, pictures = describe(options), [], []
    print(", ".join("%s %s" % item for item in about.items()))
    columns = options.variants + (["verify"] if options.program else [])
    checks = {}
    for path in options.model:
        model = onnx_torch.read(path)
        build = lambda batch, raw: onnx_torch.build(model, batch, options.imgsz, options.imgsz, raw)
        if options.dump and not checks:
            checks = compare_dump(options, path, build)
            print("%s, fp32 against %s: %s" % (path.stem, options.dump.name,
                                               ", ".join("%s %.2g" % item for item in checks.items())))
        print("\n| model | batch | %s | torch's best | verify / best |" % " | ".join("%s img/s" % c for c in columns))
        print("| --- " * (4 + len(columns)) + "|")
        for batch in options.batches:
            if time.monotonic() - start > options.seconds:
                print("%s, batch %d: not run, out of time" % (path.stem, batch), file=sys.stderr)
                continue
            results = bench(options, path, build, batch, pictures)
            rows.append({"model": path.stem, "batch": batch, "variants": results})
            print_rows(path, batch, results, columns)
            if options.json:
                options.json.write_text(json.dumps({"about": about, "checks": checks, "rows": rows}, indent=1) + "\n")
    return 0 if rows and all("ms" in r for row in rows for r in row["variants"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
