"""The forward pass alone, engine by engine in turn."""
import importlib
import json
import os
import statistics
import sys
from collections import namedtuple

from process import Failed, Process, ask

Setting = namedtuple("Setting", "title threads batch processes")
SETTINGS = [
    Setting("1 thread", 1, 1, 1),
    Setting("2 threads", 2, 1, 1),
    Setting("2 processes of 1 thread", 1, 1, 2),
    Setting("batch 8, 1 thread", 1, 8, 1),
    Setting("batch 8, 2 threads", 2, 8, 1),
]
LOADING, RUNNING = 400, 120     # seconds until an engine is given up
COMPARED = 100                  # anchors of a picture, the most confident
WORST = 0.5, 5e-3               # pixels, score: another arithmetic, not another network


def key_of(setting):
    return "%d-%d" % (setting.threads, setting.batch)


class Engine:
    def __init__(self, module, job_path, folder, settings):
        self.module = importlib.import_module(module)
        self.name, self.version = self.module.NAME, ""
        batches = getattr(self.module, "BATCHES", None)
        self.settings = [s for s in settings if not batches or s.batch in batches]
        self.times = {s: [] for s in self.settings}     # rounds of processes of seconds
        self.difference = None
        self.processes = [Process(module, job_path, os.path.join(folder, module + ".log"))
                          for _ in range(max(s.processes for s in settings))]

    def load(self):
        """The settings that it was prepared for are left in self.settings; reasons for the others are returned."""
        self.version = ask(self.processes, {"do": "load"}, LOADING)[0]["version"]
        reasons = []
        for part, process in enumerate(self.processes):
            wanted = {key_of(s): s for s in self.settings if s.processes > part}
            for key, setting in wanted.items():
                request = {"do": "prepare", "key": key, "threads": setting.threads, "batch": setting.batch}
                try:
                    ask([process], request, LOADING)
                except Failed as failure:
                    reasons.append("%s: %s" % (setting.title, failure))
                    self.settings = [s for s in self.settings if key_of(s) != key]
        if not self.settings:
            raise Failed(reasons[0])
        return reasons

    def outputs(self, folder):
        """What it makes of the pictures, by (threads, batch)."""
        import numpy

        found = {}
        for setting in self.settings:
            path = os.path.join(folder, "output.npy")
            ask(self.processes[:1], {"do": "output", "key": key_of(setting), "path": path}, RUNNING)
            found[key_of(setting)] = numpy.load(path)
        return found

    def measure(self, setting, seconds):
        request = {"do": "run", "key": key_of(setting), "seconds": seconds}
        answers = ask(self.processes[:setting.processes], request, RUNNING)
        self.times[setting].append([answer["times"] for answer in answers])

    def close(self):
        for process in self.processes:
            process.close()

    def rounds(self, setting, average):
        """Each round's ms a picture."""
        return [together(setting, processes, average) for processes in self.times.get(setting, ())]

    def total(self, setting, average):
        """ms a picture over all rounds; None where it was not measured."""
        if not self.times.get(setting):
            return None
        return together(setting, [sum(times, []) for times in zip(*self.times[setting])], average)


def together(setting, processes, average):
    """ms a picture of processes that ran at the same time."""
    return 1e3 / sum(setting.batch / average(times) for times in processes)


def compare(reference, output):
    """The largest difference of boxes, in pixels, and of scores over each picture's best anchors."""
    import numpy

    if len(output) != len(reference) or not numpy.isfinite(output).all():
        raise Failed("gives %d pictures for %d, %d numbers are none" % (
            len(output), len(reference), numpy.size(output) - numpy.isfinite(output).sum()))
    boxes = scores = 0.0
    for ours, theirs in zip(reference, output):
        theirs = theirs.reshape(len(theirs), -1)
        ours = ours.reshape(len(theirs), -1)
        best = numpy.argsort(ours[4:].max(0))[-COMPARED:]
        difference = abs(ours[:, best] - theirs[:, best])
        boxes, scores = max(boxes, difference[:4].max()), max(scores, difference[4:].max())
    return float(boxes), float(scores)


class Forward:
    """Engines over one model."""

    def __init__(self, title, job, modules, settings, say):
        self.title, self.settings, self.say = title, settings, say
        self.left_out, self.wrong = [], False
        path = os.path.join(job["folder"], "job.json")
        with open(path, "w") as file:
            json.dump(job, file)
        self.folder = job["folder"]
        self.engines = [Engine(module, path, job["folder"], settings) for module in modules]
        self.ours = self.engines[0]

    def drop(self, engine, reason):
        self.left_out.append("%s: %s" % (engine.name, reason))
        self.say("left out: %s: %s" % (engine.name, reason))
        engine.close()
        self.engines.remove(engine)

    def each(self, action):
        for engine in list(self.engines):
            try:
                action(engine)
            except Failed as failure:
                self.drop(engine, failure)
                if engine is self.ours:
                    sys.exit("run.py: verify itself failed: %s; logs in %s" % (failure, self.folder))

    def check(self, reference, engine):
        differences = [compare(reference[key], output) for key, output in engine.outputs(self.folder).items()]
        engine.difference = tuple(max(column) for column in zip(*differences))
        if not all(d <= worst for d, worst in zip(engine.difference, WORST)):
            self.wrong = True
            raise Failed("computes something else: boxes differ by %.3g pixels, scores by %.2g" % engine.difference)

    def load(self, engine):
        self.say("%s: %s" % (self.title, engine.name))
        self.left_out += ["%s, %s" % (engine.name, reason) for reason in engine.load()]

    def prepare(self):
        self.each(self.load)
        reference = self.ours.outputs(self.folder)
        self.each(lambda engine: self.check(reference, engine))

    def measure(self, seconds):
        """One round."""
        for setting in self.settings:
            self.each(lambda engine: setting in engine.settings and engine.measure(setting, seconds))
        self.engines.append(self.engines.pop(0))        # another begins the next round

    def close(self):
        for engine in self.engines:
            engine.close()

    def table(self):
        rows = [["", "version"] + [s.title for s in self.settings] + ["differs by"]]
        for engine in sorted(self.engines, key=lambda e: e.total(self.settings[0], statistics.median)):
            cells = [self.cell(engine, setting) for setting in self.settings]
            differs = "" if engine is self.ours else "%.1g px, %.1g" % engine.difference
            rows.append([engine.name, engine.version, *cells, differs])
        return rows

    def ratio(self, engine, setting):
        """How many times verify's time the engine's is, the median of the rounds."""
        return statistics.median(theirs / ours for theirs, ours in zip(
            engine.rounds(setting, statistics.median), self.ours.rounds(setting, statistics.median)))

    def cell(self, engine, setting):
        median, least = (engine.total(setting, average) for average in (statistics.median, min))
        if median is None:
            return ""
        times = "" if engine is self.ours else " × %.2f" % self.ratio(engine, setting)
        return "%.1f (%.1f)%s" % (median, least, times)
