"""What the tests on a Slurm cluster share: a cluster for a class, submitting, waiting."""

import os
import re
import shutil
import tempfile
import unittest

import slurm_cluster
from harness import ROOT, VERIFY, Case

TWO_BY_TWO = ("--nodes=2", "--ntasks-per-node=2", "--cpus-per-task=2")

# Stands in for verify where a test is about the scripts. Each task writes a line for what it meets.
STAND_IN = r"""#!/usr/bin/env bash
say() { echo "$(hostname) $SLURM_PROCID $SLURM_LOCALID $1" >> "$SAID"; }
trap 'say USR1; exit 143' USR1
trap 'say TERM; exit 143' TERM
[ "$SLURM_PROCID" != 0 ] || : > "$VERIFY_BEGUN_FILE"
say "start ${SLURM_RESTART_COUNT:-0}: $(printf '<%s>' "$@")"
case "$DO:${SLURM_RESTART_COUNT:-0}" in
  exit*) trap '' TERM USR1; sleep 1; exit "${DO#exit}" ;; # as verify: all end together, signals held
  die:*) [ "$SLURM_PROCID" != 1 ] || { sleep 1; kill -9 $$; } ;;
  wait:0) ;;
  *) exit 0 ;;
esac
for ((i = 0; i < 600; i++)); do sleep 0.1; done
"""

MISSING = slurm_cluster.missing()


@unittest.skipIf(MISSING, MISSING)
class Slurm(Case):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="slurm-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.cluster = slurm_cluster.Cluster(folder)
        cls.addClassCleanup(cls.cluster.stop)
        cls.cluster.start()

    def setUp(self):
        super().setUp()
        self.jobs = []
        self.addCleanup(self.end_jobs)
        self.cluster.wait_for_nodes()

    def end_jobs(self):
        if self.jobs:
            self.cluster.call("scancel", *self.jobs, check=False)

    def program(self, name, text):
        """Writes a script that can be started, and returns its path."""
        path = self.path(name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o755)
        return path

    def submit(self, script, *flags, slurm=(), do=None, env=None):
        """Submits a script of slurm/; do: with the stand-in, which behaves as this word says."""
        env = dict({"VERIFY_HOME": ROOT, "VERIFY": VERIFY}, **(env or {}))
        if do:
            env.update(VERIFY=self.program("stand-in", STAND_IN), SAID=self.path("said"), DO=do)
        job = self.cluster.submit(*slurm, os.path.join(ROOT, "slurm", script), *flags,
                                  cwd=self.folder, env=env)
        self.jobs.append(job)
        return job

    def read(self, *parts):
        try:
            with open(self.path(*parts), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def said(self, pattern):
        """The stand-in's lines that match, sorted."""
        return sorted(l for l in self.read("said").splitlines() if re.search(pattern, l))

    def wait_said(self, pattern, count, seconds=20):
        self.cluster.wait(lambda: len(self.said(pattern)) == count, seconds,
                          "%d lines '%s'" % (count, pattern))

    def assert_ended(self, job, state, code, restarts=0):
        ended = self.cluster.wait_for_job(job)
        self.assertEqual((ended["JobState"], ended["ExitCode"], ended["Restarts"]),
                         (state, "%d:0" % code, str(restarts)),
                         self.output(job) + self.cluster.logs())

    def wait_requeued(self, job):
        """Until it has been requeued, and starts soon: Slurm would hold it back for two minutes."""
        self.cluster.wait(lambda: self.cluster.job(job)["Restarts"] == "1", 60, "requeue")
        self.cluster.wait_for_nodes()
        self.cluster.call("scontrol", "update", "JobId=" + job, "StartTime=now+3")

    def output(self, job):
        return self.read("verify-%s.out" % job)
