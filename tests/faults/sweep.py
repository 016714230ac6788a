"""Ends runs of verify at many points, resumes them, and compares with a run that nothing ended.

Three kinds of points:
  signal  mpirun, one rank or all ranks get SIGKILL, SIGTERM or SIGINT at a random moment
  strace  a rank gets SIGKILL as it enters the N-th system call of a kind that touches the output
          folder (N counts the calls of one thread)
  call    a rank ends before, after or in the middle of the N-th call of all that change files below
          the output folder (calls.c)
In a fourth of the points the resumed run is ended, too, before another one finishes the job."""

import argparse
import collections
import concurrent.futures
import itertools
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
import rig
from harness import mpirun_each

PLACES = ("hardlink", "symlink", "copy")
SHARES = {"signal": 0.3, "strace": 0.3, "call": 0.4}
SYSTEM_CALLS = ("openat,write,pwrite64,writev,copy_file_range,sendfile,ioctl,link,linkat,symlink,"
                "symlinkat,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,fsync,"
                "fdatasync,syncfs,ftruncate")
WAYS = ("kill", "kill-after", "kill-torn")
TORN = ("write", "pwrite", "copy_file_range")
LIMIT_SECONDS = 120


class Run:
    """One start of verify under mpirun."""

    def __init__(self, sweep, folder, place, ranks, resume, fault=None):
        self.output = os.path.join(folder, "o")
        flags = ["--resume"] if resume else []
        command = rig.verify_command(sweep.data, self.output, place, *flags)
        environment, kind = rig.environment(folder), fault and fault["kind"]
        commands = [command] * ranks
        if kind == "call":
            values = {"FAULT_BELOW": self.output, "FAULT_RANK": fault["rank"],
                      "FAULT_AT": fault["at"], "FAULT_DO": fault["do"],
                      "FAULT_LOG": os.path.join(folder, "calls"), "LD_PRELOAD": sweep.library}
            commands = [["env"] + ["%s=%s" % pair for pair in values.items()] + command] * ranks
        elif kind == "strace":
            tracing = ["strace", "-f", "-qq", "-o", os.path.join(folder, "strace")]
            for path in sweep.touched(self.output, ranks):
                tracing += ["-P", path]
            calls = fault.get("call", SYSTEM_CALLS)
            tracing += ["-e", "trace=" + calls]
            if "call" in fault:
                tracing += ["-e", "inject=%s:signal=SIGKILL:when=%d" % (calls, fault["at"])]
            commands[fault["rank"]] = tracing + command
        line = mpirun_each(*commands)
        self.log = open(os.path.join(folder, "log"), "ab")
        self.process = subprocess.Popen(line, env=environment, cwd=folder, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.text = b""

    def ranks(self):
        try:
            with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)) as file:
                return [int(pid) for pid in file.read().split()]
        except FileNotFoundError:
            return []

    def signal(self, fault):
        """Waits until the run has begun, then for a time, and sends the signal."""
        lock = os.path.join(self.output, ".verify", "lock")
        while self.process.poll() is None and not os.path.exists(lock):
            time.sleep(0.002)
        time.sleep(fault["after"])
        if self.process.poll() is not None:
            return
        ranks = self.ranks()
        whom = {"mpirun": [self.process.pid], "all": ranks,
                "rank": ranks[fault["rank"]:fault["rank"] + 1]}[fault["whom"]]
        for pid in whom:
            try:
                os.kill(pid, signal.Signals["SIG" + fault["signal"]])
            except ProcessLookupError:
                pass

    def finish(self):
        """Exit status; waits until the last rank is gone, too."""
        ranks = self.ranks()
        try:
            self.text = self.process.communicate(timeout=LIMIT_SECONDS)[0]
        except subprocess.TimeoutExpired:
            for pid in ranks + [self.process.pid]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.text = self.process.communicate()[0] + b"\nit hung\n"
        self.log.write(self.text)
        self.log.close()
        return self.process.returncode


class Sweep:
    def __init__(self, folder, seed):
        self.folder = folder
        self.chance = random.Random(seed)
        self.library = rig.build_calls(folder)
        self.data = rig.make_dataset(os.path.join(folder, "data"))
        self.before = rig.contents(self.data)
        self.expected, self.seconds, self.counted = {}, {}, {}
        self.folders = []
        for place in PLACES:
            self.expect(place)

    def expect(self, place):
        folder = os.path.join(self.folder, "whole-" + place)
        os.mkdir(folder)
        run = Run(self, folder, place, 2, False)
        if run.finish() != 0:
            raise SystemExit("the uninterrupted run failed:\n" + run.text.decode())
        self.expected[place] = rig.Left(run.output, self.data)
        for bucket in ("correct", "mislabeled", "uncertain", "failed"):
            assert self.expected[place].report["images"][bucket] > 0, bucket
        if not self.folders:
            self.folders = [name for name, what in self.expected[place].tree.items()
                            if what[1] == "folder"]

    def touched(self, output, ranks):
        """Every path below the output folder that can be named before the run."""
        names = ["lock", "run.json", "verification_records.jsonl", "predictions.json"]
        names += ["%s.%d.%d" % (kind, epoch, r) for kind in ("records", "predictions", "journal")
                  for epoch in range(3) for r in range(ranks)]
        paths = self.folders + ["logs", "logs/verify.log", "verification_records.jsonl",
                                "predictions.json", "verification_report.json"]
        paths += [".verify"] + [".verify/" + name for name in names]
        return [output] + [os.path.join(output, path) for path in paths]

    # ---------------------------------------------------------------- the plan

    def duration(self, ranks):
        """Seconds from the lock to the end."""
        if ranks not in self.seconds:
            with tempfile.TemporaryDirectory(dir=self.folder) as folder:
                run = Run(self, folder, "hardlink", ranks, False)
                lock = os.path.join(run.output, ".verify", "lock")
                while run.process.poll() is None and not os.path.exists(lock):
                    time.sleep(0.002)
                start = time.monotonic()
                run.finish()
                self.seconds[ranks] = time.monotonic() - start
        return self.seconds[ranks]

    def calls(self, kind, place, ranks, rank):
        """What such a run calls: [name by number], or {system call: most by a thread}."""
        key = kind, place, ranks, rank
        if key in self.counted:
            return self.counted[key]
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            fault = {"kind": kind, "rank": rank}
            if kind == "call":
                fault.update(at=1, do="count")
            run = Run(self, folder, place, ranks, False, fault)
            if run.finish() != 0:
                raise SystemExit("counting calls failed:\n" + run.text.decode())
            with open(os.path.join(folder, "calls" if kind == "call" else "strace"),
                      encoding="utf-8", errors="replace") as file:
                text = file.read()
            if kind == "call":
                found = [line.split()[1] for line in text.splitlines()]
            else:
                threads = collections.Counter(re.findall(r"^(\d+) +(\w+)\(", text, re.M))
                found = {}
                for (_, call), n in threads.items():
                    found[call] = max(found.get(call, 0), n)
        self.counted[key] = found
        return found

    def signal_points(self, n, again=False):
        for i in range(n):
            ranks = self.chance.randint(1, 3)
            fault = {"kind": "signal",
                     "signal": self.chance.choice(("KILL", "KILL", "TERM", "INT")),
                     "whom": self.chance.choice(("mpirun", "rank", "all")),
                     "rank": self.chance.randrange(ranks),
                     "after": round(self.chance.uniform(0, 0.85 * self.duration(ranks)), 4)}
            yield PLACES[i % 3], ranks, fault

    def call_points(self, kind, n):
        """Evenly over all calls of all arrangements; with few points, of two of them."""
        arrangements = [(place, ranks, rank) for place in PLACES for ranks in (1, 2, 3)
                        for rank in range(ranks)]
        if n < 100:
            arrangements = self.chance.sample(arrangements, 2)
        points = []
        for place, ranks, rank in arrangements:
            calls = self.calls(kind, place, ranks, rank)
            if kind == "call":
                points += [(place, ranks, {"kind": kind, "rank": rank, "at": at, "name": name})
                           for at, name in enumerate(calls, 1)]
            else:
                points += [(place, ranks, {"kind": kind, "rank": rank, "call": call, "at": at})
                           for call, most in sorted(calls.items()) for at in range(1, most + 1)]
        start = self.chance.random()
        chosen = [points[int((i + start) * len(points) / n) % len(points)] for i in range(n)]
        for i, (place, ranks, fault) in enumerate(chosen):
            fault = dict(fault)
            if kind == "call":
                ways = WAYS if fault.pop("name") in TORN else WAYS[:2]
                fault["do"] = ways[i % len(ways)]
            yield place, ranks, fault

    def plan(self, n):
        """n points, the kinds mixed."""
        counts = {kind: int(n * share) for kind, share in SHARES.items()}
        counts["call"] += n - sum(counts.values())
        found = list(self.signal_points(counts["signal"]))
        found += itertools.chain(self.call_points("strace", counts["strace"]),
                                 self.call_points("call", counts["call"]))
        points = []
        for place, ranks, fault in found:
            point = {"place": place, "ranks": ranks, "faults": [fault], "resume": []}
            if self.chance.random() < 0.25:
                point["faults"].append(self.another(fault["kind"]))
                point["resume"].append(point["faults"][1].pop("ranks"))
            last = ([ranks] + point["resume"])[-1]
            point["resume"].append(self.chance.choice([r for r in (1, 2, 3) if r != last]))
            points.append(point)
        self.chance.shuffle(points)
        return points

    def another(self, kind):
        """A fault for the resumed run."""
        ranks = self.chance.randint(1, 3)
        rank = self.chance.randrange(ranks)
        if kind == "signal":
            return next(self.signal_points(1))[2] | {"ranks": ranks, "rank": rank}
        if kind == "strace":
            call = self.chance.choice(("openat", "write", "linkat", "unlinkat", "renameat", "fsync",
                                       "mkdirat"))
            return {"kind": kind, "ranks": ranks, "rank": rank, "call": call,
                    "at": self.chance.randint(1, 12)}
        return {"kind": kind, "ranks": ranks, "rank": rank, "at": self.chance.randint(1, 150),
                "do": self.chance.choice(WAYS)}

    # ---------------------------------------------------------------- a point

    def check(self, number, point):
        """(how many of its faults ended a run, images lost, images doubled, what is wrong)"""
        folder = os.path.join(self.folder, "p%d" % number)
        os.mkdir(folder)
        ended, wrong, lost, doubled = 0, [], 0, 0
        ranks = [point["ranks"]] + point["resume"]
        for i, fault in enumerate(point["faults"]):
            run = Run(self, folder, point["place"], ranks[i], i > 0, fault)
            if fault["kind"] == "signal":
                run.signal(fault)
            if run.finish() != 0:
                ended += 1
            if b"it hung" in run.text:
                wrong.append("the run did not end")
        run = Run(self, folder, point["place"], ranks[-1], True)
        status = run.finish()
        if status != 0:
            wrong.append("--resume: exit status %d: %s"
                         % (status, run.text.decode("utf-8", "replace")[-600:]))
        else:
            left, expected = rig.Left(run.output, self.data), self.expected[point["place"]]
            lost, doubled = len(left.missing_from(expected)), len(expected.missing_from(left))
            wrong += left.differences(expected)
        if rig.contents(self.data) != self.before:
            wrong.append("the user's files are not what they were")
        if not wrong:
            rig.remove(folder)
        return ended, lost, doubled, wrong


class Figures:
    COLUMNS = ("points", "ended", "lost", "doubled", "different")

    def __init__(self):
        self.rows = collections.defaultdict(collections.Counter)
        self.mutex = threading.Lock()

    def add(self, kind, **figures):
        with self.mutex:
            self.rows[kind].update(figures)
            self.rows["total"].update(figures)

    def table(self):
        lines = ["%-8s" % "" + "".join("%11s" % name for name in self.COLUMNS)]
        for kind in sorted(self.rows, key=lambda k: (k == "total", k)):
            lines.append("%-8s" % kind + "".join("%11d" % self.rows[kind][c] for c in self.COLUMNS))
        return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--folder", help="where the runs take place (default: /dev/shm)")
    parser.add_argument("--point", type=json.loads, help="just this one, as a failure printed it")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="vf-", dir=options.folder or rig.base())
    start = time.monotonic()
    sweep = Sweep(folder, options.seed)
    points = [options.point] if options.point else sweep.plan(options.points)
    print("%d points in %s, planned in %.0f s" % (len(points), folder, time.monotonic() - start),
          flush=True)
    figures, failures = Figures(), 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        waiting = {pool.submit(sweep.check, i, point): (i, point) for i, point in enumerate(points)}
        for n, future in enumerate(concurrent.futures.as_completed(waiting), 1):
            number, point = waiting[future]
            try:
                ended, lost, doubled, wrong = future.result()
            except (OSError, ValueError, KeyError) as problem:
                ended, lost, doubled, wrong = 0, 0, 0, ["cannot be compared: %r" % problem]
            figures.add(point["faults"][0]["kind"], points=1, ended=ended > 0, lost=lost,
                        doubled=doubled, different=bool(wrong))
            if wrong:
                failures += 1
                print("FAILED in %s/p%d; again: bash tests/faults.sh --point '%s'\n  %s"
                      % (folder, number, json.dumps(point), "\n  ".join(wrong[:8])), flush=True)
            if n % 100 == 0:
                print("%d of %d points, %d failed, %.0f s"
                      % (n, len(points), failures, time.monotonic() - start), flush=True)
    print(figures.table())
    print("%.0f s" % (time.monotonic() - start))
    if failures == 0:
        rig.remove(folder)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
