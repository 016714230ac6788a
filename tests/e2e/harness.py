"""What the end-to-end tests share: running verify under mpirun, reading what it left."""

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VERIFY = os.environ.get("VERIFY", os.path.join(ROOT, "build", "verify"))
MODEL = os.path.join(ROOT, "demo", "model.onnx")
DATA = os.path.join(ROOT, "demo", "data")
FIXTURES = os.environ.get("VERIFY_FIXTURES", "")  # models and pictures that are not the project's
SKIPPED = 77  # the exit status that ctest takes for it


def mpi_environment():
    """What slurm/mpi_env.sh sets: a process that mpirun may run as root, more of them than cores."""
    script = os.path.join(ROOT, "slurm", "mpi_env.sh")
    shown = subprocess.run(["env", "-i", "/bin/sh", "-c", '. "$0"; /usr/bin/env', script], check=True,
                           stdout=subprocess.PIPE).stdout.decode()
    lines = (line.split("=", 1) for line in shown.splitlines())
    return {name: value for name, value in lines if name.startswith(("OMPI_", "PRTE_"))}


os.environ.update(mpi_environment())
os.environ.setdefault("OMPI_MCA_pml", "ob1")  # what Open MPI takes here, without a try of all others first
# Whose mpirun passes lines on after a signal, and starts hosts over loopback.
IS_OPEN_MPI_4 = "(Open MPI) 4" in subprocess.run(["mpirun", "--version"], stdout=subprocess.PIPE,
                                                 text=True).stdout
needs_fixtures = unittest.skipUnless(os.path.isdir(FIXTURES),
                                     "the environment variable VERIFY_FIXTURES names no folder")


def main():
    """Runs the calling file's tests. Where all pass but some that were skipped, each is named with
    its reason, and the exit status is SKIPPED."""
    result = unittest.main(exit=False).result
    for test, reason in result.skipped:
        print("skipped: %s: %s" % (test, reason))
    sys.exit(0 if result.wasSuccessful() and not result.skipped else
             SKIPPED if result.wasSuccessful() else 1)


def children(pid):
    """Process ids of a process's children: of mpirun's ranks."""
    with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
        return [int(child) for child in file.read().split()]


def mpirun_each(*commands):
    """The command of a run whose ranks have one of these each. mpirun's own way to say so, with
    colons, ends Open MPI 5.0.7 by a segmentation fault."""
    ranks = " ".join("%d) exec %s;;" % (rank, shlex.join(str(word) for word in command))
                     for rank, command in enumerate(commands))
    return ["mpirun", "-np", str(len(commands)), "sh", "-c",
            "case $OMPI_COMM_WORLD_RANK in %s esac" % ranks]


def end(process):
    """For addCleanup: of a process with pipes."""
    if process.poll() is None:
        process.kill()
    process.communicate()


class Case(unittest.TestCase):
    """A test with a folder of its own and the means to run verify in it."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="verify-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def run_verify(self, *flags, ranks=2, code=0, timeout=300, env=None, cwd=None):
        """Runs verify under mpirun (ranks=0: without), checks its exit status (None: any, which is in
        self.code), returns its output."""
        command = [VERIFY, *[str(f) for f in flags]]
        if ranks:
            command = ["mpirun", "-np", str(ranks)] + command
        environment = dict(os.environ, **(env or {}))
        done = subprocess.run(command, cwd=cwd or self.folder, env=environment, timeout=timeout,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        self.stdout = done.stdout.decode("utf-8", "replace")
        self.stderr = done.stderr.decode("utf-8", "replace")
        self.code = done.returncode
        if code is not None:
            self.assertEqual(done.returncode, code, self.stdout + self.stderr)
        return self.stdout

    def verify_demo(self, *flags, data=None, **options):
        """Runs verify with the demo's model, on the demo's pictures unless told otherwise."""
        return self.run_verify("--model", MODEL, "--data", data or os.path.join(DATA, "data.yaml"),
                               "--imgsz", 256, *flags, **options)

    def records(self, output="output"):
        with open(self.path(output, "verification_records.jsonl"), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def journalled(self, rank=None, output="output"):
        """Images in the journals of a run under way, or in one rank's."""
        folder, count = self.path(output, ".verify"), 0
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            if name.startswith("journal.") and rank in (None, int(name.split(".")[2])):
                try:
                    with open(os.path.join(folder, name), "rb") as file:
                        count += file.read().count(b" + ")
                except FileNotFoundError:
                    pass
        return count

    def report(self, output="output"):
        with open(self.path(output, "verification_report.json"), encoding="utf-8") as file:
            return json.load(file)

    def tree(self, output="output", without=("logs", "verification_report.json")):
        """{path below the output: digest of its content} of every file and link."""
        found = {}
        base = self.path(output)
        for folder, folders, files in os.walk(base):
            if folder == base:
                folders[:] = [f for f in folders if f not in without]
                files = [f for f in files if f not in without]
            if os.path.relpath(folder, base) == ".verify":
                files = [f for f in files if f == "manifest"]  # the rest tells of the run, and when
            if os.path.relpath(folder, base) == os.path.join("review", "data"):
                files = [f for f in files if f != "run.js"]    # likewise
            for name in files:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    found[os.path.relpath(path, base)] = hashlib.sha256(file.read()).hexdigest()
        return found

    def dataset(self, name="data", pictures=12, labels=True):
        """A copy of the demo's first pictures and labels: a folder that a test may spoil."""
        images, texts = self.path(name, "images"), self.path(name, "labels")
        os.makedirs(images)
        os.makedirs(texts)
        for file in sorted(os.listdir(os.path.join(DATA, "images")))[:pictures]:
            shutil.copy(os.path.join(DATA, "images", file), images)
            label = os.path.splitext(file)[0] + ".txt"
            source = os.path.join(DATA, "labels", label)
            if labels and os.path.exists(source):
                shutil.copy(source, texts)
        return self.path(name)
