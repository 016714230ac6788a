"""The program with --device cuda over the emulated CUDA backend, against --device cpu."""

import random
import re
import subprocess
import zlib

from emulated_case import EmulatedCase, PICTURES
from harness import MODEL, VERIFY, main, mpirun_each
from test_input import png
from test_not_finite import FIRST, with_number


class Emulated(EmulatedCase):
    def test_two_ranks(self):
        self.dataset(pictures=PICTURES)
        for name, flags in (("square", ()), ("rect", ("--rect",)), ("fast", ("--decode", "fast")),
                            ("zoom", ("--zoom",))):
            self.run_on("cpu", *flags, output="cpu-" + name)
            out = self.run_on("cuda", "--batch", 2, *flags, output="cuda-" + name)
            self.assert_same_records(self.records("cpu-" + name), self.records("cuda-" + name))
            self.assert_same_self_test("cpu-" + name, "cuda-" + name)
            self.assertIn("YOLO Label Verifier - Multi-GPU Mode", out)
            self.assertIn("Using 2 GPUs", out)
            for rank in range(2):
                self.assertIn(f"[GPU {rank}] Processing {PICTURES // 2} images", out)
            done = re.findall(r"\[GPU [01]\] ✓ Complete! Processed (\d+) images", out)
            self.assertEqual((len(done), sum(map(int, done))), (2, PICTURES))
            # There is one device for both.
            self.assertRegex(out, r"\[GPU 1\] WARNING: shares Emulated GPU \(GPU-e0.*\) with rank 0\n")
            self.assertNotIn("[GPU 0] WARNING", out)
        boxes = [[box["shift"] for r in self.records("cuda-" + name) for box in r["boxes"]]
                 for name in ("square", "zoom")]
        self.assertNotEqual(*boxes)

    def shapes(self):
        """Pictures of three shapes at --imgsz 96, one after another, each with a label."""
        data, noise = self.dataset(pictures=3), random.Random(1)
        for i in range(9):
            width, height = ((96, 60), (50, 96), (96, 30))[i % 3]
            rows = b"".join(b"\0" + noise.randbytes(3 * width) for _ in range(height))
            with open(self.path(data, "images", "shape%d.png" % i), "wb") as file:
                file.write(png(width, height, zlib.compress(rows)))
            with open(self.path(data, "labels", "shape%d.txt" % i), "w", encoding="utf-8") as file:
                file.write("%d 0.5 0.5 0.4 0.6\n" % (i % 3))

    def test_alike_pictures_go_together(self):
        """Whichever these are, and however many: the same bytes in the list's order."""
        self.shapes()
        self.run_on("cpu", "--rect", output="cpu")
        runs = [self.run_records("cuda", "--rect", "--batch", batch, ranks=ranks,
                                 output="cuda%d" % batch)
                for batch, ranks in ((1, 2), (2, 1), (4, 2))]
        self.assert_same_records(self.records("cpu"), self.records("cuda1"))
        self.assertEqual(*runs[:2])
        self.assertEqual(*runs[1:])

    def run_records(self, *arguments, output, **options):
        self.run_on(*arguments, output=output, **options)
        with open(self.path(output, "verification_records.jsonl"), "rb") as file:
            return file.read()

    def test_listed_devices(self):
        self.dataset(pictures=3)
        four = {"VERIFY_EMULATION_DEVICES": "4"}
        self.run_on("3,1", "--batch", 2, output="two", env=four)
        self.assertEqual([r["device"] for r in self.report("two")["per_rank"]],
                         ["Emulated GPU (%s)" % self.uuid(i) for i in (3, 1)])
        out = self.run_on("cuda:2,0", "--batch", 2, output="one", ranks=1, env=four)
        self.assertIn("[GPU 0] WARNING: --device cuda:2,0 names 2 GPUs and 1 of them will work", out)
        self.assertIn("mpirun -np 2", out)
        self.assertIn(self.uuid(2), self.report("one")["per_rank"][0]["device"])
        self.run_on("0,4", output="none", ranks=0, code=2, env=four)
        self.assertIn("verify: error: --device 0,4: there is no GPU 4: 4 are visible", self.stderr)

    @staticmethod
    def uuid(index):
        return "GPU-e0000000-0000-0000-0000-%012d" % index

    def test_a_device_that_hangs(self):
        """The job ends in time, names rank and device, and is resumed on one that works."""
        self.dataset(pictures=PICTURES)
        self.run_on("cuda", "--batch", 1, output="whole")
        out = self.run_on("cuda", "--batch", 1, "--hang-timeout", 4, output="out", code=1,
                          env={"VERIFY_EMULATION_HANG": "7"}, timeout=60)
        self.assertRegex(out, r"\[GPU [01]\] ERROR: GPU 0 \(Emulated GPU.*\): "
                              r"a batch has not ended for 4 s")
        self.assertIn("--resume goes on", self.stderr)
        done = self.journalled(output="out")
        self.assertIn(done, range(1, PICTURES))
        out = self.run_on("cuda", "--batch", 1, "--resume", output="out")
        self.assertIn("Resuming: %d of %d images are done" % (done, PICTURES), out)
        self.assertEqual(self.tree("out"), self.tree("whole"))

    def test_a_number_too_large_for_fp16(self):
        """What it makes of pictures is found again in fp32, as with --no-half, and said once."""
        self.dataset(pictures=4)
        with open(self.path("m.onnx"), "wb") as file:
            file.write(with_number(FIRST, 1e5))
        flags = ("--model", self.path("m.onnx"), "--data", self.path("data"), "--imgsz", 96,
                 "--device", "cuda", "--overwrite")
        out = self.run_verify(*flags, "--batch", 2, ranks=1)
        said = re.findall(r"WARNING: (\S+)\.jpg: fp16 is too small .*--no-half\n", out)
        self.assertEqual(len(said), 1, out)
        again = self.records()
        out = self.run_verify(*flags, "--batch", 2, "--no-half", ranks=1)
        self.assertNotIn("WARNING", out)
        self.assertEqual(again, self.records())

    def test_one_rank_without_a_device(self):
        """All use the CPU then, and it is said why."""
        data = self.dataset(pictures=2)
        for device, code in (("auto", 0), ("cuda", 2)):
            verify = [VERIFY, "--model", MODEL, "--data", data, "--imgsz", "96", "--device", device]
            done = subprocess.run(mpirun_each(verify, ["env", "VERIFY_EMULATION_ABSENT=1", *verify]),
                                  cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True, timeout=100)
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
            self.assertRegex(done.stdout + done.stderr, "rank 1 on .*(cannot|--device cuda): ")
            self.assertEqual("WARNING: no rank uses a GPU" in done.stdout, code == 0)


if __name__ == "__main__":
    main()
