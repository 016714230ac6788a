"""The program with --device cuda over the emulated runtime and the fake cuDNN: against --device cpu,
and ranks for which other ways to compute a convolution are fast."""

import glob
import os
import subprocess

from emulated_case import EmulatedCase
from harness import VERIFY, main, mpirun_each

# fp16's, of tests/gpu.sh: scores, and what is made of their logarithms.
IN_FP16 = dict.fromkeys(("own", "rival", "contest", "near"), 5e-3) | dict.fromkeys(
    ("margin", "shift", "ghost", "dup", "location"), 5e-2)


class FakeCudnn(EmulatedCase):
    imgsz = 64

    def setUp(self):
        super().setUp()
        self.cache = {"XDG_CACHE_HOME": self.path("cache"), "VERIFY_CUDNN_CANDIDATES": "1"}

    def raw_records(self, output):
        with open(self.path(output, "verification_records.jsonl"), "rb") as file:
            return file.read()

    def test_against_the_cpu(self):
        self.dataset(pictures=4)
        for name, flags in (("square", ()), ("rect", ("--rect",))):
            self.run_on("cpu", *flags, output="cpu-" + name)
            for half in (False, True):
                output = "%s-%d" % (name, half)
                self.run_on("cuda", "--batch", 2, *flags, output=output, half=half, env=self.cache)
                self.assert_same_records(self.records("cpu-" + name), self.records(output),
                                         IN_FP16 if half else None)

    def test_plans_are_kept(self):
        """A second start reads them and writes nothing; a damaged file is said once, and mended."""
        self.dataset(pictures=2)
        self.run_on("cuda", "--batch", 2, output="first", ranks=1, env=self.cache)
        kept, = glob.glob(self.path("cache", "verify", "convolutions-" + 16 * "?"))
        before = os.stat(kept)
        out = self.run_on("cuda", "--batch", 2, output="second", ranks=1, env=self.cache)
        self.assertEqual(os.stat(kept).st_ino, before.st_ino)
        self.assertNotIn("damaged", out)
        os.truncate(kept, before.st_size // 2)
        out = self.run_on("cuda", "--batch", 2, output="third", ranks=2, env=self.cache)
        self.assertEqual(out.count(kept + " was damaged: convolution plans are chosen anew"), 1)
        self.assertEqual(os.stat(kept).st_size, before.st_size)
        self.assertEqual(self.raw_records("first"), self.raw_records("third"))

    def run_apart(self, output, *slow):
        """fp16 and --rect on ranks of nodes that share no cache folder; `slow`: whether on each what is
        fused with a convolution is slow, and so left to a kernel, before which sums are rounded."""
        command = [VERIFY, *map(str, self.flags_on("cuda", "--batch", 1, "--rect", output=output, half=True))]
        ranks = [["env", "VERIFY_CUDNN_CANDIDATES=2",
                  "XDG_CACHE_HOME=" + self.path(output + "-cache", str(rank)),
                  *["VERIFY_EMULATION_SLOW_FUSED=1"] * is_slow, *command] for rank, is_slow in enumerate(slow)]
        done = subprocess.run(mpirun_each(*ranks), cwd=self.folder, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout)
        return self.raw_records(output)

    def test_ranks_choose_alike(self):
        """Records are those of the rank that chooses, whoever does a picture, of later shapes, too."""
        self.dataset(pictures=3)
        fast, slow = self.run_apart("fast", False), self.run_apart("slow", True)
        self.assertNotEqual(fast, slow)
        self.assertEqual(fast, self.run_apart("fast-first", False, True))
        self.assertEqual(slow, self.run_apart("slow-first", True, False))


if __name__ == "__main__":
    main()
