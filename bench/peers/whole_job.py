"""From pictures in files to results in files: verify, and Ultralytics' predict."""
import importlib
import json
import os
import statistics
from collections import namedtuple

from process import Failed, Process, ask

# `workers` processes of ours each take their part of the pictures; mpirun starts verify's own.
Job = namedtuple("Job", "title module workers request")
TWO = Job("verify, 2 processes of 1 thread", "verify_job", 1, {"processes": 2, "threads": 1, "rect": False})
ONE = Job("verify, 1 process of 1 thread", "verify_job", 1, {"processes": 1, "threads": 1, "rect": False})
HELD = Job(ONE.title + ", held to one processor", "verify_job", 1, {**ONE.request, "processors": "0"})
JOBS = [
    TWO,
    Job("verify --rect, 2 processes of 1 thread", "verify_job", 1, {"processes": 2, "threads": 1, "rect": True}),
    Job("verify --rect --decode fast, 2 processes of 1 thread", "verify_job", 1,
        {"processes": 2, "threads": 1, "rect": True, "flags": ["--decode", "fast"]}),
    Job("verify, 1 process of 2 threads", "verify_job", 1, {"processes": 1, "threads": 2, "rect": False}),
    ONE,
    HELD,
    Job("Ultralytics, rectangles (its default), 2 threads", "ultralytics_predict", 1,
        {"threads": 2, "batch": 1, "rect": True}),
    Job("Ultralytics, rectangles, 2 processes of 1 thread", "ultralytics_predict", 2,
        {"threads": 1, "batch": 1, "rect": True}),
    Job("Ultralytics, squares, 2 threads", "ultralytics_predict", 1, {"threads": 2, "batch": 1, "rect": False}),
    Job("Ultralytics, squares, 2 processes of 1 thread", "ultralytics_predict", 2,
        {"threads": 1, "batch": 1, "rect": False}),
    Job("Ultralytics, batch 8, 2 threads", "ultralytics_predict", 1, {"threads": 2, "batch": 8, "rect": True}),
]
# Of one thread, in processor time; what the others are compared with is the first one.
BUSY_JOBS = [
    Job("verify", "verify_job", 1, ONE.request),
    Job("verify --rect", "verify_job", 1, {**ONE.request, "rect": True}),
    Job("verify --rect --decode fast", "verify_job", 1, {**ONE.request, "rect": True, "flags": ["--decode", "fast"]}),
    Job("Ultralytics, rectangles (its default)", "ultralytics_predict", 1, {"threads": 1, "batch": 1, "rect": True}),
    Job("Ultralytics, squares", "ultralytics_predict", 1, {"threads": 1, "batch": 1, "rect": False}),
    Job("Ultralytics, batch 8", "ultralytics_predict", 1, {"threads": 1, "batch": 8, "rect": True}),
]
LOADING, RUNNING = 300, 600


class WholeJobs:
    def __init__(self, job, modules, say):
        self.say, self.folder, self.left_out = say, job["folder"], []
        self.path = os.path.join(self.folder, "job.json")
        with open(self.path, "w") as file:
            json.dump(job, file)
        self.all = BUSY_JOBS if job["clock"] == "cpu" else JOBS
        self.jobs = [j for j in self.all if j.module in modules]
        self.speeds = {j.title: [] for j in self.jobs}
        self.processes, self.versions = {}, {}

    def drop(self, module, reason):
        self.left_out.append("%s: %s" % (importlib.import_module(module).NAME, reason))
        self.say("left out: " + self.left_out[-1])
        self.jobs = [j for j in self.jobs if j.module != module]

    def guarded(self, job, action):
        try:
            if job in self.jobs:
                action(job)
        except Failed as failure:
            self.drop(job.module, failure)

    def prepare(self):
        for module in {j.module: None for j in self.jobs}:
            count = max(j.workers for j in self.jobs if j.module == module)
            log = os.path.join(self.folder, module + ".log")
            self.processes[module] = [Process(module, self.path, log) for _ in range(count)]
            try:
                self.say("whole job: " + module)
                answers = ask(self.processes[module], {"do": "load"}, LOADING)
                self.versions[importlib.import_module(module).NAME] = answers[0]["version"]
            except Failed as failure:
                self.drop(module, failure)
        for job in list(self.jobs):
            self.guarded(job, self.start)

    def start(self, job):
        ask(self.processes[job.module][:job.workers],
            {"do": "prepare", "key": self.key_of(job), **job.request}, LOADING)

    def key_of(self, job):
        return "job%d" % self.all.index(job)

    def measure(self):
        """One round."""
        for job in list(self.jobs):
            self.guarded(job, self.run)
        self.jobs.append(self.jobs.pop(0))

    def run(self, job):
        answers = ask(self.processes[job.module][:job.workers], {"do": "pass", "key": self.key_of(job)}, RUNNING)
        pictures = sum(answer["pictures"] for answer in answers)
        self.speeds[job.title].append(pictures / max(answer["seconds"] for answer in answers))

    def close(self):
        for processes in self.processes.values():
            for process in processes:
                process.close()

    def table(self):
        second = "second of processor time" if self.all is BUSY_JOBS else "second"
        rows = [["", "pictures a %s: median (best)" % second, "verify, squares, is faster by"]]
        ours = self.speeds.get(self.all[0].title)
        for job in self.all:
            speeds = self.speeds.get(job.title)
            if speeds and job in self.jobs:
                ratio = ("× %.2f" % statistics.median(a / b for a, b in zip(ours, speeds))) if ours else ""
                rows.append([job.title, "%.1f (%.1f)" % (statistics.median(speeds), max(speeds)), ratio])
        return rows

    def speed(self, job):
        return statistics.median(self.speeds[job.title]) if self.speeds.get(job.title) else None
