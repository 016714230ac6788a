"""The program with --device cuda over the emulated CUDA backend, against --device cpu."""

import re
import unittest

from harness import MODEL, Case
from test_not_finite import FIRST, with_number

PICTURES = 8
EVIDENCE = ("own", "rival", "margin", "shift", "ghost", "dup", "location")


class Emulated(Case):
    def run_on(self, device, *flags, ranks=2, output=None):
        data = self.path("data")
        return self.run_verify("--model", MODEL, "--data", data, "--imgsz", 96, "--device", device,
                               "--output", output or device, "--no-half", *flags, ranks=ranks)

    def assert_close(self, a, b, what, limit=1e-3):
        self.assertEqual(a is None, b is None, what)
        if a is not None:
            self.assertLess(abs(a - b), limit, what)

    def assert_same_records(self, expected, actual):
        self.assertEqual([r["image"] for r in expected], [r["image"] for r in actual])
        for a, b in zip(expected, actual):
            for key in ("bucket", "error", "width", "height"):
                self.assertEqual(a.get(key), b.get(key), a["image"])
            self.assertEqual(len(a["boxes"]), len(b["boxes"]))
            self.assertEqual(len(a["missing"]), len(b["missing"]))
            for x, y in zip(a["boxes"], b["boxes"]):
                self.assertEqual((x["line"], x["verdict"], x["reason"]),
                                 (y["line"], y["verdict"], y["reason"]))
                for key in EVIDENCE:
                    self.assert_close(x[key], y[key], (a["image"], x["line"], key))

    def test_two_ranks(self):
        self.dataset(pictures=PICTURES)
        for name, flags in (("square", ()), ("rect", ("--rect",))):
            self.run_on("cpu", *flags, output="cpu-" + name)
            out = self.run_on("cuda", "--batch", 2, *flags, output="cuda-" + name)
            self.assert_same_records(self.records("cpu-" + name), self.records("cuda-" + name))
            self.assertIn("YOLO Label Verifier - Multi-GPU Mode", out)
            self.assertIn("Using 2 GPUs", out)
            for rank in range(2):
                self.assertIn(f"[GPU {rank}] Processing {PICTURES // 2} images", out)
            done = re.findall(r"\[GPU [01]\] ✓ Complete! Processed (\d+) images", out)
            self.assertEqual((len(done), sum(map(int, done))), (2, PICTURES))
            # There is one device for both.
            self.assertRegex(out, r"\[GPU 1\] WARNING: shares Emulated GPU \(GPU-e0.*\) with rank 0\n")
            self.assertNotIn("[GPU 0] WARNING", out)

    def test_a_number_too_large_for_fp16(self):
        self.dataset(pictures=2)
        with open(self.path("m.onnx"), "wb") as file:
            file.write(with_number(FIRST, 1e5))
        flags = ("--model", self.path("m.onnx"), "--data", self.path("data"), "--imgsz", 96,
                 "--device", "cuda", "--overwrite")
        self.run_verify(*flags, ranks=1, code=1)
        self.assertRegex(self.stdout + self.stderr, r"0001\.jpg: .* is not finite .*--no-half")
        self.run_verify(*flags, "--no-half", ranks=1)


if __name__ == "__main__":
    unittest.main()
