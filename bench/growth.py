#!/usr/bin/env python3
"""How the cost of a picture grows with its labels, its classes and its size, and that of a job with the ranks.

usage: growth.py VERIFY RESULTS [--repeats N] [--only NAME,...]

Makes pictures, labels and networks of next to no work (make_set.py), verifies them, and writes RESULTS.md and RESULTS.svg:
processor time of the whole job less that of the same job on one picture, for each picture more; of ranks the time
of the whole job. The review page, which looks at the worst findings alone, is left out. Needs Open MPI and Python alone.
"""
import argparse
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import make_set  # noqa: E402

ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                   OMPI_MCA_rmaps_base_oversubscribe="1")


# --- what is verified -------------------------------------------------------------------------

def picture(size):
    source, blocks = random.Random(size), (size // 8) ** 2
    return make_set.jpeg([[source.randint(-100, 100) for _ in range(blocks)] for _ in range(3)], b"", size)


def label(labels, classes, source):
    lines = []
    for _ in range(labels):
        w, h = source.uniform(0.02, 0.2), source.uniform(0.02, 0.2)
        lines.append("%d %.6f %.6f %.6f %.6f\n" % (source.randrange(classes), source.uniform(w / 2, 1 - w / 2),
                                                   source.uniform(h / 2, 1 - h / 2), w, h))
    return "".join(lines)


def make(folder, pictures, labels=3, classes=10, size=64, imgsz=64):
    """A data set and its network, of that input; the paths of both, and imgsz."""
    source, content = random.Random(1), picture(size)
    for kind in ("images", "labels"):
        os.makedirs(os.path.join(folder, kind))
    for i in range(pictures):
        with open(os.path.join(folder, "images", "%06d.jpg" % i), "wb") as file:
            file.write(content)
        with open(os.path.join(folder, "labels", "%06d.txt" % i), "w", encoding="ascii") as file:
            file.write(label(labels, classes, source))
    model = os.path.join(folder, "model.onnx")
    with open(model, "wb") as file:
        file.write(make_set.network(classes, imgsz))
    return os.path.join(folder, "images"), model, imgsz


def processor(verify, data, model, imgsz, ranks=1):
    """Seconds of all processors that a job takes."""
    with tempfile.TemporaryDirectory() as folder:
        command = [os.path.abspath(verify), "--model", model, "--data", data, "--imgsz", str(imgsz), "--threads",
                   "1", "--review", "0", "--output", os.path.join(folder, "output")]
        if ranks > 1:
            command = ["mpirun", "-np", str(ranks)] + command
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit("failed: " + " ".join(command))
    return usage.ru_utime + usage.ru_stime


# --- what grows -------------------------------------------------------------------------------

# of each: the axis; its values, each with how many pictures are verified; the network's input, which has more cells
# than the network has channels
PICTURES = {
    "labels": ("labels in a picture", {1: 2000, 10: 2000, 100: 1000, 1000: 200, 10000: 20}, 64),
    "classes": ("classes", {1: 200, 10: 200, 100: 200, 1000: 50}, 640),
    "size": ("pixels across a picture", {64: 2000, 256: 2000, 1024: 400, 4096: 40}, 64),
}
RANKS, RANKED = (1, 2, 4, 8), 4000


def grow_pictures(verify, name, repeats):
    """(value, milliseconds for each picture more) of each."""
    points = []
    _, values, imgsz = PICTURES[name]
    for value, pictures in values.items():
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as many:
            few, lot = (make(folder, n, imgsz=imgsz, **{name: value})
                        for folder, n in ((one, 1), (many, pictures)))
            seconds = [processor(verify, *lot) - processor(verify, *few) for _ in range(repeats)]
        points.append((value, 1e3 * statistics.median(seconds) / (pictures - 1)))
        print("%s %d: %.3f ms" % (name, *points[-1]), flush=True)
    return points


def grow_ranks(verify, repeats):
    """(ranks, milliseconds of the whole job for each picture) of each."""
    points = []
    with tempfile.TemporaryDirectory() as folder:
        lot = make(folder, RANKED)
        for ranks in RANKS:
            points.append((ranks, 1e3 * statistics.median(processor(verify, *lot, ranks=ranks)
                                                          for _ in range(repeats)) / RANKED))
            print("ranks %d: %.3f ms" % points[-1], flush=True)
    return points


# --- what is written --------------------------------------------------------------------------

def exponent(points):
    """Of the power that the last two points lie on: 1 is linear."""
    (x0, y0), (x1, y1) = points[-2:]
    return math.log(y1 / y0) / math.log(x1 / x0)


WIDTH, HEIGHT, MARGIN = 360, 260, 48


def plot(title, points, left):
    """One chart, both axes logarithmic, with a line that is linear through the last point."""
    low, high = math.log10(points[0][0]), math.log10(points[-1][0])
    values = [math.log10(y) for _, y in points]
    bottom, top = math.floor(min(values)), math.ceil(max(values) + 1e-9)

    def at(x, y):
        return (left + MARGIN + (WIDTH - 2 * MARGIN) * (math.log10(x) - low) / (high - low),
                HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (math.log10(y) - bottom) / max(1, top - bottom))

    out = ['<text x="%d" y="20" class="title">%s</text>' % (left + MARGIN, title)]
    for decade in range(bottom, top + 1):
        _, y = at(points[0][0], 10 ** decade)
        out.append('<path class="grid" d="M%.1f %.1fH%.1f"/><text x="%.1f" y="%.1f" text-anchor="end">%g</text>'
                   % (left + MARGIN, y, left + WIDTH - MARGIN, left + MARGIN - 6, y + 4, 10 ** decade))
    last = points[-1]
    start = max(points[0][0], last[0] * 10 ** bottom / last[1])
    out.append('<path class="linear" d="M%.1f %.1fL%.1f %.1f"/>' % (*at(start, last[1] * start / last[0]), *at(*last)))
    out.append('<polyline points="%s"/>' % " ".join("%.1f,%.1f" % at(*point) for point in points))
    for x, y in points:
        out.append('<circle cx="%.1f" cy="%.1f" r="3"><title>%d: %.3g ms</title></circle>' % (*at(x, y), x, y))
        out.append('<text x="%.1f" y="%d" text-anchor="middle">%s</text>' % (at(x, y)[0], HEIGHT - MARGIN + 18, f"{x:,}"))
    return out


def svg(charts):
    style = ("text{font:12px sans-serif;fill:#333}.title{font-weight:bold}.grid{stroke:#ddd}"
             ".linear{stroke:#999;stroke-dasharray:4 4}polyline{fill:none;stroke:#06c;stroke-width:2}circle{fill:#06c}")
    body = [line for i, (title, points) in enumerate(charts) for line in plot(title, points, i * WIDTH)]
    return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="Cost of a picture">\n'
            '<style>%s</style>\n<rect width="100%%" height="100%%" fill="#fff"/>\n%s\n</svg>\n'
            % (WIDTH * len(charts), HEIGHT, style, "\n".join(body)))


def table(title, points):
    rows = ["| %s | %s |" % (title, " | ".join(f"{x:,}" for x, _ in points)),
            "| --- |%s" % (" --: |" * len(points)),
            "| ms a picture | %s |" % " | ".join("%.3g" % y for _, y in points)]
    return "\n".join(rows) + "\n\nBetween the last two as the power %.2f.\n" % exponent(points)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "))
    parser.add_argument("verify")
    parser.add_argument("results")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", default=",".join([*PICTURES, "ranks"]))
    arguments = parser.parse_args()
    charts = []
    for name in arguments.only.split(","):
        if name == "ranks":
            charts.append(("ranks", grow_ranks(arguments.verify, arguments.repeats)))
        else:
            charts.append((PICTURES[name][0], grow_pictures(arguments.verify, name, arguments.repeats)))
    with open(arguments.results + ".svg", "w", encoding="utf-8") as file:
        file.write(svg([(title + ": ms of processor time a picture", points) for title, points in charts]))
    with open(arguments.results + ".md", "w", encoding="utf-8") as file:
        file.write("\n".join(table(*chart) for chart in charts))


if __name__ == "__main__":
    main()
