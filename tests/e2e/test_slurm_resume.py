"""A job on a small Slurm cluster is stopped in all the ways that Slurm knows, and finished."""

import os

from harness import Case, DATA, MODEL, main
from slurm_case import TWO_BY_TWO, Slurm


class Interrupted(Slurm):
    """Whatever Slurm does to a job, the end is that of an uninterrupted run."""

    @classmethod
    def setUpClass(cls):
        case = Case()
        case.setUp()
        cls.addClassCleanup(case.doCleanups)
        super().setUpClass()
        # Long enough to be met at work.
        cls.flags = ("--model", MODEL, "--data", os.path.join(DATA, "data.yaml"), "--imgsz", 640)
        case.run_verify("--output", "alone", *cls.flags, ranks=2)
        cls.expected = case.tree("alone")

    def start(self):
        job = self.submit("verify_cpu.sbatch", *self.flags, slurm=TWO_BY_TWO)
        self.wait_at_work()
        return job

    def wait_at_work(self):
        self.cluster.wait(lambda: all("Progress" in self.read("output", "logs", "gpu%d.log" % r)
                                      for r in range(4)), 60, "progress of all ranks")

    def finish(self, job):
        self.wait_requeued(job)
        self.assert_ended(job, "COMPLETED", 0, restarts=1)
        self.assert_whole()

    def assert_whole(self):
        self.assertEqual(self.report()["status"], "complete")
        self.assertEqual(self.tree(), self.expected)

    def test_time_limit(self):
        job = self.start()
        self.cluster.call("scancel", "--batch", "--signal=USR1", job)  # what Slurm does before it
        self.finish(job)

    def test_requeue_by_hand(self):
        job = self.start()
        self.cluster.call("scontrol", "requeue", job)
        self.finish(job)

    def test_preemption(self):
        job = self.start()
        urgent = self.cluster.submit("--partition=urgent", "--nodes=2", "--exclusive",
                                     "--wrap=true", "--output=/dev/null", cwd=self.folder)
        self.jobs.append(urgent)
        self.cluster.wait_for_job(urgent, "COMPLETED")
        self.finish(job)

    def test_a_dead_node(self):
        job = self.start()
        self.cluster.kill_node("beta")
        try:
            self.cluster.wait(lambda: self.cluster.job(job)["Restarts"] == "1", 60, "node failure")
        finally:
            self.cluster.start_node("beta")
        self.finish(job)

    def test_scancel_and_again_with_other_ranks(self):
        job = self.start()
        self.cluster.call("scancel", job)
        self.assert_ended(job, "CANCELLED", 143)
        self.assertEqual(self.report()["status"], "interrupted")
        job = self.submit("verify_cpu.sbatch", *self.flags, "--resume",
                          slurm=("--nodes=2", "--ntasks-per-node=1", "--cpus-per-task=2"))
        self.assert_ended(job, "COMPLETED", 0)
        self.assert_whole()


if __name__ == "__main__":
    main()
