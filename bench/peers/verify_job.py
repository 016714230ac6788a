"""verify as users run it, on a folder of images and labels. Timed by its own report: the seconds from
the first picture taken to the last one recorded, of the slowest rank; without starting MPI and loading
the model. Where processor time is asked for, all of the program's counts, from its start, but
for the review page, which is left out: it is made when the last picture is recorded."""
import json
import os
import resource
import shutil
import subprocess
import sys
from types import SimpleNamespace

NAME = "verify"
PACKAGES = []


def version():
    return ""


def load(job):
    return job


def start(job, request):
    return SimpleNamespace(job=job, **request)


def processor_time():
    """Of the children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(handle):
    job, output = handle.job, os.path.join(handle.job.folder, "output-" + handle.key)
    shutil.rmtree(output, ignore_errors=True)
    command = ["taskset", "-c", handle.processors] if hasattr(handle, "processors") else []
    command += ["mpirun", "-np", str(handle.processes)] if handle.processes > 1 else []
    command += [os.path.join(job.build, "verify"), "--model", job.model, "--data", job.data, "--output", output,
                "--device", "cpu", "--imgsz", str(job.imgsz), "--threads", str(handle.threads), "--quiet"]
    command += ["--rect"] if handle.rect else []
    command += getattr(handle, "flags", [])
    command += ["--review", "0"] if job.clock == "cpu" else []
    allowed = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
               "OMPI_MCA_rmaps_base_oversubscribe": "1"}
    before = processor_time()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr, env={**allowed, **os.environ})
    taken = processor_time() - before
    with open(os.path.join(output, "verification_report.json")) as file:
        report = json.load(file)
    if report["images"]["failed"]:
        raise RuntimeError("verify: %d pictures failed" % report["images"]["failed"])
    if job.clock == "wall":
        taken = max(rank["seconds"] for rank in report["per_rank"])
    return report["total_images"], taken
