"""verify's own CPU backend: bench_worker, told through pipes what to do."""
import os
import subprocess
import time

from child import die_with_parent

NAME = "verify"
PACKAGES = ["numpy"]


def version():
    return ""


def load(job):
    return job


def prepare(job, threads, pictures):
    path = os.path.join(job.folder, "pictures-%d.f32" % os.getpid())
    pictures.tofile(path)
    program = subprocess.Popen([os.path.join(job.build, "bench_worker"), job.model, str(job.imgsz), str(threads), path],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
    expect(program, "ready")
    return program, job.folder, len(pictures)


def expect(program, word):
    if program.stdout.readline().strip() != word:
        raise RuntimeError("bench_worker failed, exit status %s" % program.wait())


def tell(program, line):
    program.stdin.write(line + "\n")
    program.stdin.flush()
    expect(program, "done")


def run(handle):
    tell(handle[0], "run")


def processor_time(handle):
    """Of the program, by its own clock: MAKE_PROCESS_CPUCLOCK and CPUCLOCK_SCHED of Linux."""
    return time.clock_gettime(~handle[0].pid << 3 | 2)


def output(handle):
    import numpy

    program, folder, pictures = handle
    path = os.path.join(folder, "anchors-%d.f32" % os.getpid())
    tell(program, "output " + path)
    return numpy.fromfile(path, numpy.float32).reshape(pictures, -1)


def close(handle):
    """So that its processor time counts as this process's."""
    handle[0].stdin.close()
    handle[0].wait()
