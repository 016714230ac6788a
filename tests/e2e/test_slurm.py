"""The batch scripts of slurm/ on a small Slurm cluster: two nodes on this machine."""

import os
import re

import slurm_cluster
from harness import DATA, MODEL, main
from slurm_case import TWO_BY_TWO, Slurm

# Stands in for verify: writes when it calls MPI_Finalize, which ends with a fence, and when it is back.
FENCE = """#!/usr/bin/env python3
import ctypes, ctypes.util, os, time
mpi = ctypes.CDLL(ctypes.util.find_library("mpi"), mode=ctypes.RTLD_GLOBAL)
assert mpi.MPI_Init(None, None) == 0
time.sleep(2 if os.environ["SLURM_NODEID"] == "0" else 0)
called = time.monotonic()
assert mpi.MPI_Finalize() == 0
with open("fence." + os.environ["SLURM_PROCID"], "w") as file:
    file.write("%f %f" % (called, time.monotonic()))
"""

GPUS = (*TWO_BY_TWO, "--gpus-per-node=2")


class Scripts(Slurm):
    def test_one_task_a_gpu_with_the_users_flags(self):
        job = self.submit("verify.sbatch", "--model", "my model.onnx", "--conf", "0.3", "--overwrite",
                          slurm=GPUS, do="exit0")
        self.assert_ended(job, "COMPLETED", 0)
        flags = "<--threads><2><--device><cuda><--model><my model.onnx><--conf><0.3><--overwrite>"
        self.assertEqual(self.said("start"),
                         ["alpha 0 0 start 0: " + flags, "alpha 1 1 start 0: " + flags,
                          "beta 2 0 start 0: " + flags, "beta 3 1 start 0: " + flags])
        self.assertNotIn("WARNING", self.output(job))

    def test_idle_gpus_are_mentioned(self):
        job = self.submit("verify.sbatch", slurm=("--ntasks-per-node=1", "--gpus-per-node=2",
                                                  "--cpus-per-task=1"), do="exit0")
        self.assert_ended(job, "COMPLETED", 0)
        self.assertIn("2 GPUs a node, tasks: 1; give --ntasks-per-node=2", self.output(job))

    def test_exit_status_is_passed_on(self):
        job = self.submit("verify_cpu.sbatch", slurm=TWO_BY_TWO, do="exit4")
        self.assert_ended(job, "FAILED", 4)

    def test_a_missing_program_is_said(self):
        job = self.submit("verify_cpu.sbatch", slurm=TWO_BY_TWO, env={"VERIFY": "/absent"})
        self.assert_ended(job, "FAILED", 2)
        self.assertIn("/absent: no such program; run build.sh first", self.output(job))

    def test_before_the_time_limit_it_goes_back_to_the_queue_and_resumes(self):
        job = self.submit("verify_cpu.sbatch", "--overwrite", "--conf", "0.3",
                          slurm=(*TWO_BY_TWO, "--time=1"), do="wait")
        self.wait_said("start 0", 4)
        self.wait_said("USR1", 4, seconds=50)  # Slurm looks at time limits twice a minute
        self.wait_requeued(job)
        self.assert_ended(job, "COMPLETED", 0, restarts=1)
        again = self.said("start 1")
        self.assertEqual(len(again), 4)
        self.assertIn("<--conf><0.3><--resume>", again[0])
        self.assertNotIn("--overwrite", again[0])
        self.assertIn("goes back to the queue", self.output(job))
        self.assertEqual([f for f in os.listdir(self.folder) if f.startswith(".verify")], [])


    def test_put_back_by_slurm_it_resumes(self):
        job = self.submit("verify_cpu.sbatch", "--overwrite", slurm=TWO_BY_TWO, do="wait")
        self.wait_said("start 0", 4)
        self.cluster.call("scontrol", "requeue", job)
        self.wait_requeued(job)
        self.assert_ended(job, "COMPLETED", 0, restarts=1)
        self.assertEqual(len([l for l in self.said("start 1") if l.endswith("<cpu><--resume>")]), 4)

    def test_a_dead_node_does_not_end_the_job(self):
        job = self.submit("verify_cpu.sbatch", slurm=TWO_BY_TWO, do="wait")
        self.wait_said("start 0", 4)
        self.cluster.kill_node("beta")
        try:
            self.cluster.wait(lambda: self.cluster.job(job)["Restarts"] == "1", 60, "node failure")
        finally:
            self.cluster.start_node("beta")
        self.wait_requeued(job)
        self.assert_ended(job, "COMPLETED", 0, restarts=1)
        self.assertEqual(len(self.said("start 1.*--resume")), 4)

    def test_a_start_that_never_reached_verify_does_not_count(self):
        job = self.submit("verify_cpu.sbatch", "--overwrite", slurm=TWO_BY_TWO, do="wait")
        self.wait_said("start 0", 4)
        self.cluster.call("scontrol", "requeue", job)
        os.remove(self.path(".verify-job-" + job))
        self.wait_requeued(job)
        self.assert_ended(job, "COMPLETED", 0, restarts=1)
        self.assertTrue(all(l.endswith("<--overwrite>") for l in self.said("start 1")))

    def test_tasks_that_cannot_be_started_fail_the_job(self):
        """srun's exit status is 0 then."""
        os.mkdir(self.path("bin"))
        self.program("bin/srun", "#!/bin/sh\nexit 0\n")
        job = self.submit("verify_cpu.sbatch", slurm=TWO_BY_TWO, do="exit0",
                          env={"PATH": self.path("bin") + ":" + slurm_cluster.PATH})
        self.assert_ended(job, "FAILED", 1)
        self.assertIn("could not start the tasks", self.output(job))

    def test_an_orderly_stop_asked_for_by_the_user_is_final(self):
        job = self.submit("verify_cpu.sbatch", slurm=TWO_BY_TWO, do="wait")
        self.wait_said("start 0", 4)
        self.cluster.call("scancel", "--signal=USR1", job)
        self.assert_ended(job, "FAILED", 143)
        self.assertEqual(len(self.said("USR1")), 4)

    def test_scancel_reaches_every_task(self):
        job = self.submit("verify_cpu.sbatch", slurm=TWO_BY_TWO, do="wait")
        self.wait_said("start 0", 4)
        self.cluster.call("scancel", job)
        self.assert_ended(job, "CANCELLED", 143)
        self.wait_said("TERM", 4)

    def test_when_a_task_dies_the_others_end_in_order(self):
        job = self.submit("verify_cpu.sbatch", slurm=TWO_BY_TWO, do="die")
        ended = self.cluster.wait_for_job(job)
        self.assertEqual((ended["JobState"], ended["Restarts"]), ("FAILED", "0"))
        self.assertEqual([l.split()[1] for l in self.said("TERM")], ["0", "2", "3"])

    def test_array_takes_its_data_set_from_the_list(self):
        with open(self.path("sets.txt"), "w") as file:
            file.write("/sets/a b/data.yaml\n/sets/c\n")
        job = self.submit("verify_array.sbatch", "sets.txt", "out", "--model", "m.onnx",
                          slurm=("--array=1-3", "--cpus-per-task=1"), do="exit0")
        self.cluster.wait(lambda: len(self.said("start")) == 2 and self.read(
            "verify-%s_3.out" % job), 30, "the array")
        flags = [re.search("<--threads.*", l).group() for l in self.said("start")]
        self.assertEqual(sorted(flags), [
            "<--threads><1><--data></sets/a b/data.yaml><--output><out/1><--model><m.onnx>",
            "<--threads><1><--data></sets/c><--output><out/2><--model><m.onnx>"])
        self.assertIn("sets.txt: no data set on line 3", self.read("verify-%s_3.out" % job))


class Runs(Slurm):
    def test_two_nodes_give_what_one_process_gives(self):
        job = self.submit("verify_cpu.sbatch", "--model", MODEL, "--data",
                          os.path.join(DATA, "data.yaml"), "--imgsz", 256, slurm=TWO_BY_TWO)
        self.verify_demo("--output", "alone", ranks=0)
        self.assert_ended(job, "COMPLETED", 0)
        self.assertIn("Multi-Process verification complete!", self.output(job))
        self.assertEqual([r["host"] for r in self.report()["per_rank"]],
                         ["alpha", "alpha", "beta", "beta"])
        self.assertEqual(self.tree(), self.tree("alone"))

    def test_nodes_wait_for_each_other(self):
        job = self.submit("verify_cpu.sbatch", slurm=TWO_BY_TWO,
                          env={"VERIFY": self.program("fence", FENCE)})
        self.assert_ended(job, "COMPLETED", 0)
        times = [tuple(map(float, self.read("fence.%d" % rank).split())) for rank in range(4)]
        self.assertGreaterEqual(min(back for _, back in times), max(called for called, _ in times))

    def test_bad_usage_ends_the_job_with_2(self):
        job = self.submit("verify_cpu.sbatch", "--model", "absent.onnx", "--data", DATA,
                          slurm=TWO_BY_TWO)
        self.assert_ended(job, "FAILED", 2)
        self.assertIn("absent.onnx", self.output(job))


if __name__ == "__main__":
    main()
