"""Ranks that were started differently, or not as one job: told before anything else, nothing done."""

import os
import shutil
import socket
import subprocess

from harness import Case, DATA, MODEL, ROOT, VERIFY, main, mpirun_each

EXTERNAL = os.path.join(ROOT, "tests", "data", "onnx", "external")


def changed(path):
    """Other weights: one byte in the middle of the file."""
    with open(path, "r+b") as file:
        middle = os.path.getsize(path) // 2
        file.seek(middle)
        byte = file.read(1)[0]
        file.seek(middle)
        file.write(bytes([byte ^ 1]))


class Launch(Case):
    def start(self, *ranks, timeout=60):
        """Runs verify with each rank's (working folder, flags), and program where it is another
        one; returns the exit status."""
        command = mpirun_each(*(["env", "-C", folder, *(program or [VERIFY]), *flags]
                                for folder, flags, *program in ranks))
        done = subprocess.run(command, cwd=self.folder, timeout=timeout, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.stdout, self.stderr = done.stdout, done.stderr
        return done.returncode

    def fails(self, *ranks, says):
        self.assertEqual(self.start(*ranks), 2, self.stdout + self.stderr)
        lines = [l for l in self.stderr.splitlines() if l.startswith("verify: ")]
        self.assertEqual(len(lines), 1, self.stderr)
        for text in says:
            self.assertIn(text, lines[0])
        self.assertEqual(self.stdout, "")
        self.assertFalse(os.path.exists(self.path("output")))

    FLAGS = ("--model", MODEL, "--data", DATA, "--imgsz", 256)
    RANK_1 = "rank 1 on %s: " % socket.gethostname()

    def flags_fail(self, mine, first, *says):
        self.fails((self.folder, [*self.FLAGS, *first]), (self.folder, [*self.FLAGS, *mine]),
                   says=[self.RANK_1, *says])

    def test_flags(self):
        self.flags_fail(["--imgsz", 96], [], "--imgsz is 96 here and 256 on rank 0")
        self.flags_fail(["--save-json"], [], "--save-json is true here and false on rank 0")
        self.flags_fail(["--data", self.folder], [], "--data", self.folder, DATA)
        self.flags_fail([], ["--split", "val"], '--split is not given here and "val" on rank 0')

    def test_one_rank_does_something_else(self):
        for flag in ("--help", "--version", "--inspect", "--dry-run"):
            self.flags_fail([flag], [], flag + " is true here")
            self.flags_fail([], [flag], flag + " is false here")

    def test_one_rank_with_a_bad_flag(self):
        self.flags_fail(["--imgsz", "abc"], [], "--imgsz", "abc")
        self.flags_fail(["--nonsense"], ["--help"], "--nonsense")

    def test_the_third_of_three(self):
        same = self.folder, self.FLAGS
        self.fails(same, same, (self.folder, [*self.FLAGS, "--rect"]), says=["rank 2 on", "--rect"])

    def test_another_version(self):
        """The same program, but for the number that it has compiled in."""
        version = self.run_verify("--version", ranks=0).split()[1]
        other = version.translate(str.maketrans("0123456789", "9876543210"))
        with open(VERIFY, "rb") as file:
            program = file.read()
        with open(self.path("other"), "wb") as file:
            file.write(program.replace(version.encode(), other.encode()))
        os.chmod(self.path("other"), 0o755)
        self.assertIn(other, subprocess.run([self.path("other"), "--version"], text=True,
                                            stdout=subprocess.PIPE).stdout)
        same = self.folder, self.FLAGS
        for ranks, mine, first in (((same, (*same, self.path("other"))), other, version),
                                   (((*same, self.path("other")), same), version, other)):
            self.fails(*ranks, says=["rank 1 on ", "runs verify " + mine, "rank 0 on ",
                                     "runs " + first, "install the same version on all nodes"])

    def nodes(self, *files):
        """Two folders, as on two nodes, with these files."""
        for node in "ab":
            os.mkdir(self.path(node))
            for file in files:
                shutil.copy(file, self.path(node))
        return self.path("a"), self.path("b")

    def models_fail(self, *flags, change, data=DATA):
        folders = self.path("a"), self.path("b")
        flags = [*flags, "--data", data, "--output", self.path("output")]
        same = [(folder, [*flags, "--dry-run"]) for folder in folders]
        self.assertEqual(self.start(*same), 0, self.stdout + self.stderr)
        changed(self.path("b", change))
        self.fails(*[(folder, flags) for folder in folders],
                   says=[self.RANK_1 + "another ", flags[1], "copy the same to all nodes"])

    def test_models(self):
        self.nodes(MODEL)
        self.models_fail("--model", "model.onnx", "--imgsz", 256, change="model.onnx")

    def test_external_weights(self):
        self.nodes(EXTERNAL + ".onnx", EXTERNAL + ".bin")
        self.models_fail("--model", "external.onnx", "--imgsz", 64, change="external.bin",
                         data=os.path.join(DATA, "images"))

    def test_a_model_that_one_rank_lacks(self):
        a, b = self.nodes(MODEL)
        os.remove(self.path("b", "model.onnx"))
        flags = ["--model", "model.onnx", "--data", DATA]
        self.fails((a, flags), (b, flags), says=[self.RANK_1, "model.onnx", "cannot be opened"])

    def test_working_folders_may_differ(self):
        a, b = self.nodes(MODEL)
        data = self.dataset(name="a/data", pictures=6)
        os.rename(data, self.path("a", "pictures"))
        flags = ["--model", "model.onnx", "--data", "pictures", "--imgsz", 256, "--output", "out"]
        self.assertEqual(self.start((a, flags), (b, flags)), 0, self.stdout + self.stderr)
        self.assertEqual(self.report("a/out")["images"]["failed"], 0)
        self.assertEqual(os.listdir(b), ["model.onnx"])


class Launcher(Case):
    """verify under the launcher of another MPI: processes that each believe to be alone."""

    FLAGS = ("--model", MODEL, "--data", DATA, "--imgsz", 256, "--dry-run")

    def test_another_launcher(self):
        for variable, advice in (("OMPI_COMM_WORLD_SIZE", "mpirun"), ("PMI_SIZE", "mpirun"),
                                 ("MV2_COMM_WORLD_SIZE", "mpirun"),
                                 ("SLURM_STEP_NUM_TASKS", "srun --mpi=pmix")):
            self.run_verify(*self.FLAGS, ranks=0, code=2, env={variable: "2"})
            self.assertEqual(self.stdout, "")
            for text in (variable, "started 2 processes", "Open MPI v", advice):
                self.assertIn(text, self.stderr)
            self.assertEqual(self.stderr.count("verify: error: "), 1)

    def test_alone_is_alone(self):
        for variables in ({}, {"OMPI_COMM_WORLD_SIZE": "1"}, {"PMI_SIZE": "1"},
                          # a batch script of Slurm, and a process of its own within a step
                          {"SLURM_JOB_ID": "3", "SLURM_NTASKS": "8", "SLURM_PROCID": "0"},
                          {"SLURM_STEP_NUM_TASKS": "1", "SLURM_NTASKS": "8"},
                          # mpirun -np 1 by a daemon that srun started on two nodes
                          {"OMPI_COMM_WORLD_SIZE": "1", "SLURM_STEP_NUM_TASKS": "2"}):
            self.run_verify(*self.FLAGS, ranks=0, env=variables)


if __name__ == "__main__":
    main()
