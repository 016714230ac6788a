"""What the fault tests share: runs of verify whose system calls are meddled with."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

from harness import ROOT, Case, end

sys.path.insert(0, os.path.join(ROOT, "tests", "faults"))
import rig  # noqa: E402


@unittest.skipUnless(shutil.which(os.environ.get("CC", "cc")), "no C compiler")
class FaultCase(Case):
    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.mkdtemp(prefix="verify-faults-")
        cls.addClassCleanup(shutil.rmtree, cls.shared, ignore_errors=True)
        cls.library = rig.build_calls(cls.shared)
        cls.expected = {}

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="vf-", dir=rig.base())
        self.addCleanup(rig.remove, self.folder)
        self.make_data()

    def make_data(self):
        self.data = rig.make_dataset(self.path("data"))
        self.before = rig.contents(self.data)

    def clear(self):
        rig.remove(self.path("o"))
        if os.path.exists(self.path("hits")):
            os.remove(self.path("hits"))

    def command(self, fault, *flags, place="hardlink", ranks=2, below=None):
        """verify under mpirun, or alone with ranks=0."""
        values = {"LD_PRELOAD": self.library, "FAULT_BELOW": below or self.path("o"),
                  "FAULT_LOG": self.path("hits")}
        values.update(("FAULT_" + name, str(value)) for name, value in fault.items())
        command = rig.verify_command(self.data, self.path("o"), place, *flags)
        if fault:
            command = ["env"] + ["%s=%s" % pair for pair in values.items()] + command
        return (["mpirun", "-np", str(ranks)] if ranks else []) + command

    def start(self, fault, *flags, **options):
        process = subprocess.Popen(self.command(fault, *flags, **options), cwd=self.folder,
                                   env=rig.environment(self.folder), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(end, process)
        return process

    def wait_for_images(self, process, count):
        """Until so many images are in the journals."""
        while process.poll() is None:
            if self.journalled(output="o") >= count:
                return
            time.sleep(0.002)
        self.fail("the run ended before it had %d images" % count)

    def run_faulty(self, fault, *flags, code=0, check=True, **options):
        """Runs it to its end; code None: any failure; check: the user's files are as before."""
        process = self.start(fault, *flags, **options)
        self.stdout, self.stderr = process.communicate(timeout=120)
        said = "exit status %d\n%s%s" % (process.returncode, self.stdout, self.stderr)
        if code is None:
            self.assertIn(process.returncode, (1, 2), said)
        else:
            self.assertEqual(process.returncode, code, said)
        if fault and "DO" in fault:
            self.assertTrue(self.hits(), "the fault met no call\n" + said)
        if check:
            self.assertEqual(rig.contents(self.data), self.before)
        return self.stdout

    def hits(self):
        """The calls that the fault met: (number, call, path)."""
        if not os.path.exists(self.path("hits")):
            return []
        with open(self.path("hits"), encoding="utf-8", errors="replace") as file:
            return [line.rstrip("\n").split(" ", 2) for line in file]

    def fails(self, fault, *says, code=1, **options):
        """The run ends with one line that says what, where and what to do."""
        self.run_faulty(fault, code=code, **options)
        self.check_error_lines(self.stdout + self.stderr, *says)

    def check_error_lines(self, text, *says, where="o"):
        """One of each rank that met the fault; Open MPI 5's of the end of the job do not count."""
        lines = [line for line in text.splitlines()
                 if ("ERROR: " in line or "error: " in line) and "] PMIX ERROR: " not in line]
        self.assertTrue(lines, text)
        self.assertEqual(len({line.split(":")[0] for line in lines}), len(lines), lines)
        for line in lines:
            for part in (*says, self.path(where)):
                self.assertIn(part, line)

    def expect(self, place):
        if place not in self.expected:
            process = subprocess.run(rig.verify_command(self.data, self.path("whole"), place),
                                     env=rig.environment(self.folder), capture_output=True)
            self.assertEqual(process.returncode, 0, process.stderr)
            self.expected[place] = rig.Left(self.path("whole"), self.data)
            rig.remove(self.path("whole"))
        return self.expected[place]

    def check_result(self, place="hardlink"):
        left, expected = rig.Left(self.path("o"), self.data), self.expect(place)
        self.assertEqual(left.differences(expected), [])
        self.assertEqual(left.missing_from(expected), set())
        self.assertEqual(expected.missing_from(left), set())

    def finish(self, place="hardlink"):
        """--resume, with nothing in the way, ends with what an uninterrupted run gives."""
        self.run_faulty({}, "--resume", place=place, ranks=3)
        self.check_result(place)
