"""Starts of a Slurm job whose node dies, by slurm/job.sh and without Slurm: a later start resumes
once a run has begun in the output folder, and before that does as the first one was told."""

import os
import signal
import subprocess
import time

from harness import Case, DATA, MODEL, ROOT, VERIFY, end, main

DEMO = ("--model", MODEL, "--data", os.path.join(DATA, "data.yaml"), "--threads", "1")

# Starts one task. The options of srun that job.sh gives are all --name=value.
SRUN = r"""#!/usr/bin/env bash
while [[ $1 == --* ]]; do shift; done
SLURM_PROCID=0 exec "$@"
"""
# Without Slurm's variables, in which MPI would see a step of a job. HOLD: the first start stays at
# opening its model.
PROGRAM = r"""#!/usr/bin/env bash
restarts=$SLURM_RESTART_COUNT
for name in "${!SLURM_@}"; do unset "$name"; done
if [ "$restarts" = 0 ] && [ -n "$HOLD" ]; then : > held; exec sleep 60; fi
exec "$REAL" "$@"
"""


class Begun(Case):
    """VERIFY_BEGUN_FILE"""

    def begin(self, *flags, path="begun", **options):
        self.verify_demo(*flags, data=self.data, ranks=2, env={"VERIFY_BEGUN_FILE": self.path(path)},
                         **options)
        return os.path.exists(self.path(path))

    def setUp(self):
        super().setUp()
        self.data = self.dataset(pictures=4)

    def test_it_is_there_once_a_run_has_begun(self):
        self.assertFalse(self.begin("--dry-run"))
        self.assertFalse(self.begin("--model", "absent.onnx", code=2))
        self.assertTrue(self.begin())
        self.assertTrue(self.begin("--overwrite"))
        os.remove(self.path("begun"))
        self.assertFalse(self.begin(code=2))  # holds results
        self.assertTrue(self.begin("--resume"))

    def test_before_a_new_run_is_written_down(self):
        self.begin(path="absent/begun", code=1)
        self.assertIn("VERIFY_BEGUN_FILE", self.stderr)
        self.assertFalse(os.path.exists(self.path("output", ".verify")))
        self.assertTrue(self.begin())

    def test_after_the_earlier_results_are_gone(self):
        self.begin()
        self.begin("--overwrite", path="absent/begun", code=1)
        self.assertIn("run.json", os.listdir(self.path("output", ".verify")))
        self.assertFalse(os.path.exists(self.path("output", "verification_report.json")))


class Requeued(Case):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("bin"))
        self.program("bin/srun", SRUN)
        self.program("program", PROGRAM)

    def program(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        os.chmod(self.path(name), 0o755)

    def start(self, restarts, *flags, hold=False):
        env = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_")}
        env.update(PATH=self.path("bin") + ":" + env["PATH"], VERIFY=self.path("program"),
                   REAL=VERIFY, HOLD="1" if hold else "", SLURM_JOB_ID="7",
                   SLURM_RESTART_COUNT=str(restarts))
        process = subprocess.Popen(["bash", os.path.join(ROOT, "slurm", "job.sh"), *DEMO, *flags],
                                   cwd=self.folder, env=env, start_new_session=True, text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        self.addCleanup(end, process)
        return process

    def wait(self, condition, process):
        limit = time.monotonic() + 60
        while not condition() and process.poll() is None and time.monotonic() < limit:
            time.sleep(0.01)
        self.assertTrue(condition())
        self.assertIsNone(process.poll())
        return process

    def start_setup(self, *flags):
        return self.wait(lambda: os.path.exists(self.path("held")),
                         self.start(0, *flags, hold=True))

    def start_work(self, *flags, output="output"):
        return self.wait(lambda: self.journalled(output=output) > 10,
                         self.start(0, *flags, "--imgsz", "448", "--output", output))

    def die(self, process):
        """As when the node does."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def restart(self, *flags, code=0):
        process = self.start(1, *flags)
        said = process.communicate(timeout=120)[0]
        self.assertEqual(process.returncode, code, said)
        self.assertEqual([f for f in os.listdir(self.folder) if f.startswith(".verify-job")], [])
        return said

    def earlier_run(self):
        self.run_verify(*DEMO, "--imgsz", 256, ranks=0)

    def assert_verified_at(self, size):
        self.assertEqual(self.report()["status"], "complete")
        self.assertEqual(self.report()["parameters"]["imgsz"], size)

    def test_earlier_results_do_not_pass_for_those_of_a_run_that_overwrites(self):
        self.earlier_run()
        flags = ("--imgsz", "288", "--overwrite")
        self.die(self.start_setup(*flags))
        self.assertNotIn("nothing is left", self.restart(*flags))
        self.assert_verified_at(288)

    def test_while_earlier_results_are_removed(self):
        self.earlier_run()
        flags = ("--imgsz", "288", "--overwrite")
        self.die(self.start_setup(*flags))
        os.remove(self.path("output", "verification_report.json"))
        self.restart(*flags)
        self.assert_verified_at(288)

    def test_earlier_results_are_refused_by_a_later_start_too(self):
        self.earlier_run()
        self.die(self.start_setup("--imgsz", "288"))
        self.assertIn("holds results already", self.restart("--imgsz", "288", code=2))
        self.assert_verified_at(256)

    def test_a_run_that_has_begun_goes_on(self):
        self.earlier_run()
        for output, flags in ("output", ["--overwrite"]), ("other", []):
            self.die(self.start_work(*flags, output=output))
            said = self.restart("--imgsz", "448", "--output", output, *flags)
            self.assertIn("Resuming: ", said)

    def test_a_job_that_cannot_go_back_says_how_to_continue(self):
        self.program("bin/scontrol", "#!/bin/sh\nexit 1\n")
        for start, how in ((self.start_setup, "the same command again"),
                           (self.start_work, "the same command with --resume")):
            process = start()
            process.send_signal(signal.SIGUSR1)
            self.assertIn(how, process.communicate(timeout=60)[0])
            self.assertIn(process.returncode, (138, 143))

    def test_tasks_that_cannot_be_started_fail_a_later_start_too(self):
        self.die(self.start_work())
        self.program("bin/srun", "#!/bin/sh\nexit 0\n")
        self.assertIn("could not start the tasks", self.restart(code=1))


if __name__ == "__main__":
    main()
