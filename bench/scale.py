#!/usr/bin/env python3
"""Measures what a large data set costs apart from the network. Needs Open MPI and Python alone.

usage: scale.py BUILD SET PART    SET: made by make_set.py, 258180 pictures; BUILD: build folder

run        8 ranks on 10,000 pictures and on all: time, processor time an image, most memory
resume     8 ranks, killed at 90 %: how much longer the start takes with --resume
dry-run    2 ranks, --dry-run on a list of ten million paths (through links to SET)
commit MODEL DATA    2 ranks: a run with calls to bring files to the disk and one without, in turn

Results go to new folders beside SET, which are removed at the end and not before: ext4 is slow to
take inodes that were freed a short while ago.
"""
import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

RANKS, KILL_AT, COPIES, COPIED, PAIRS = 8, 0.9, 100, 100000, 12
USAGE = re.compile(r"USAGE (\d+) ([\d.]+) ([\d.]+) (\d+)")
ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                   OMPI_MCA_rmaps_base_oversubscribe="1")


def rank(command):
    """Runs one rank and says what it took."""
    code = subprocess.call(command)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print("USAGE %s %.3f %.3f %d" % (os.environ.get("OMPI_COMM_WORLD_RANK", "0"), usage.ru_utime,
                                     usage.ru_stime, usage.ru_maxrss), flush=True)
    return code


class Bench:
    def __init__(self, build, data):
        self.verify, self.build = os.path.join(os.path.abspath(build), "verify"), os.path.abspath(build)
        self.set = os.path.abspath(data)
        self.results = tempfile.mkdtemp(prefix="verify-scale-", dir=os.path.dirname(self.set))
        self.images = sum(len(files) for _, _, files in os.walk(os.path.join(self.set, "images")))

    def output(self):
        return tempfile.mkdtemp(prefix="output-", dir=self.results)

    def command(self, ranks, data, *flags, model=None):
        return ["mpirun", "-np", str(ranks), sys.executable, os.path.abspath(__file__), "--rank",
                self.verify, "--model", model or os.path.join(self.set, "model.onnx"), "--data", data,
                "--threads", "1", *flags]

    def timed(self, command, environment=None):
        """Runs to the end: when each of its lines came, and (user, system, KiB) by rank."""
        lines, usage, start = [], {}, time.time()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env=environment or ENVIRONMENT, cwd=self.results) as process:
            for line in process.stdout:
                found = USAGE.search(line)
                if found:
                    usage[int(found[1])] = float(found[2]), float(found[3]), int(found[4])
                lines.append((time.time() - start, line.rstrip()))
        if process.returncode:
            sys.exit("\n".join(line for _, line in lines[-20:]))
        return lines, usage, time.time() - start

    def small_list(self, count):
        """The first pictures, as a list."""
        path = os.path.join(self.results, "first%d.txt" % count)
        with open(path, "w", encoding="utf-8") as file:
            for i in range(count):
                file.write("%s/images/%04d/%08d.jpg\n" % (self.set, i // 10000, i))
        return path

    # --- parts -----------------------------------------------------------------------------

    def run(self):
        whole = os.path.join(self.set, "data.yaml")
        for place in ("hardlink", "none"):
            taken = {}
            for count, data in ((10000, self.small_list(10000)), (self.images, whole)):
                lines, usage, wall = self.timed(self.command(RANKS, data, "--imgsz", "64", "--place", place,
                                                             "--output", self.output()))
                at = {word: next(t for t, line in lines if word in line)
                      for word in ("Starting verification", "All CPU", "Merging", "Merged")}
                memory = [kib for r, (_, _, kib) in usage.items() if r]
                taken[count] = sum(user + system for user, system, _ in usage.values())
                print("--place %s, %d images: %.1f s; start %.2f, work %.2f, merge %.2f; processor %.1f s "
                      "(user %.1f); most memory rank 0 %.1f MiB, others %.1f to %.1f"
                      % (place, count, wall, at["Starting verification"],
                         at["All CPU"] - at["Starting verification"], at["Merged"] - at["Merging"],
                         taken[count], sum(user for user, _, _ in usage.values()), usage[0][2] / 1024,
                         min(memory) / 1024, max(memory) / 1024), flush=True)
            more = self.images - 10000
            if more > 0:
                print("  processor time for each image more: %.0f us"
                      % (1e6 * (taken[self.images] - taken[10000]) / more), flush=True)

    def started(self, output, *flags):
        """Starts a run; returns it once it verifies, and how long that took."""
        start = time.time()
        command = ["mpirun", "-np", str(RANKS), self.verify, "--model", os.path.join(self.set, "model.onnx"),
                   "--data", os.path.join(self.set, "data.yaml"), "--imgsz", "64", "--threads", "1",
                   "--output", output, *flags]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   env=ENVIRONMENT)
        for line in process.stdout:
            if "Starting verification" in line:
                break
        taken = time.time() - start
        drain = threading.Thread(target=process.communicate)
        drain.start()
        return process, drain, taken

    def end(self, process, drain):
        """Kills the ranks, as a crash would."""
        with open("/proc/%d/task/%d/children" % (process.pid, process.pid), encoding="ascii") as file:
            for pid in file.read().split():
                os.kill(int(pid), signal.SIGKILL)
        drain.join()

    def journals(self, output):
        folder = os.path.join(output, ".verify")
        return [os.path.join(folder, name) for name in os.listdir(folder) if "." in name]

    def resume(self):
        output = self.output()
        process, drain, first = self.started(output)
        done = 0
        while done < KILL_AT * self.images:
            time.sleep(0.1)
            done = 0
            for path in self.journals(output):
                if "journal." in path:
                    with open(path, "rb") as file:
                        done += file.read().count(b" + ")
        self.end(process, drain)
        for name in self.journals(output):  # out of the page cache
            with open(name, "rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        for journals in ("not in memory", "in memory"):
            process, drain, again = self.started(output, "--resume")
            print("%d of %d images done, journals %s: start %.2f s, with --resume %.2f s: %.2f s more"
                  % (done, self.images, journals, first, again, again - first), flush=True)
            self.end(process, drain)

    def dry_run(self):
        links = os.path.join(self.results, "links")
        os.mkdir(links)
        names = ["/images/%04d/%08d.jpg\n" % (i // 10000, i) for i in range(min(COPIED, self.images))]
        with open(os.path.join(links, "list.txt"), "w", encoding="utf-8") as file:
            for i in range(COPIES):
                os.symlink(self.set, os.path.join(links, "%03d" % i))
                file.write("".join("%03d%s" % (i, name) for name in names))
        lines, usage, wall = self.timed(self.command(2, os.path.join(links, "list.txt"), "--dry-run"))
        start = next(t for t, line in lines if "Processing" in line)
        work = max(t for t, line in lines if "Complete!" in line)
        print("%d paths: %.1f s; start %.1f, reading labels %.1f, counting orphans and the end %.1f; "
              "processor %.1f s; most memory rank 0 %.0f MiB, rank 1 %.0f MiB"
              % (len(names) * COPIES, wall, start, work - start, wall - work,
                 sum(user + system for user, system, _ in usage.values()), usage[0][2] / 1024,
                 usage[1][2] / 1024), flush=True)

    def commit(self, model, data):
        preload = dict(ENVIRONMENT, LD_PRELOAD=os.path.join(self.build, "libbench_no_sync.so"))
        walls, processors = [], []
        for pair in range(PAIRS):
            taken = {}
            for name, environment in (("durable", ENVIRONMENT), ("not", preload))[::1 - 2 * (pair % 2)]:
                _, usage, wall = self.timed(self.command(2, os.path.abspath(data), "--output", self.output(),
                                                         model=os.path.abspath(model)), environment)
                taken[name] = wall, sum(user + system for user, system, _ in usage.values())
            walls.append(taken["durable"][0] / taken["not"][0])
            processors.append(taken["durable"][1] / taken["not"][1])
            print("pair %d: %.2f s durable, %.2f s not: %.4f; processor time %.4f; load %.1f"
                  % (pair, taken["durable"][0], taken["not"][0], walls[-1], processors[-1],
                     os.getloadavg()[0]), flush=True)
        print("median of %d pairs: time %.4f, processor time %.4f"
              % (PAIRS, statistics.median(walls), statistics.median(processors)))


def main():
    if sys.argv[1:2] == ["--rank"]:
        sys.exit(rank(sys.argv[2:]))
    parts = {"run": Bench.run, "resume": Bench.resume, "dry-run": Bench.dry_run, "commit": Bench.commit}
    if len(sys.argv) < 4 or sys.argv[3] not in parts or len(sys.argv) != (6 if sys.argv[3] == "commit" else 4):
        sys.exit(__doc__.strip())
    bench = Bench(*sys.argv[1:3])
    try:
        parts[sys.argv[3]](bench, *sys.argv[4:])
    finally:
        shutil.rmtree(bench.results)


if __name__ == "__main__":
    main()
