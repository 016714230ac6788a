"""Failures of setting up: one clear line, exit 2, nothing touched."""

import json
import os
import signal
import subprocess

from harness import Case, DATA, MODEL, ROOT, VERIFY, end, main


class Setup(Case):
    def fails(self, *flags, says, ranks=2, env=None):
        """verify ends with exit 2 and one line that has every text of `says`."""
        self.run_verify(*flags, ranks=ranks, code=2, env=env)
        lines = [l for l in self.stderr.splitlines() if l.startswith("verify: error: ")]
        self.assertEqual(len(lines), 1, self.stderr)
        for text in says:
            self.assertIn(text, lines[0])
        self.assertEqual(self.stdout, "")
        self.assertFalse(os.path.exists(self.path("output")))

    def fails_with(self, *flags, says, model=MODEL, data=DATA, **options):
        self.fails("--model", model, "--data", data, *flags, says=says, **options)

    def test_usage(self):
        self.fails("--nonsense", says=["--nonsense", "--help"])
        self.fails(says=["--model is missing"])
        self.fails("--model", MODEL, says=["--data is missing"])
        self.fails_with("--conf", 7, says=["--conf", "7", "0 to 1"])
        self.fails_with("--config", "none.json", says=["none.json", "No such file"])
        self.fails_with("--resume", "--overwrite", says=["--resume", "--overwrite"])

    def test_models(self):
        self.fails_with(model="nope.onnx", says=["nope.onnx"])
        self.fails_with(model=self.folder, says=[self.folder])
        self.fails_with(model=os.path.join(ROOT, "README.md"), says=["README.md"])
        for suffix in (".pt", ".cfg"):
            path = self.path("model" + suffix)
            with open(path, "wb") as file:
                file.write(b"PK\x03\x04 or not")
            self.fails_with(model=path, says=["model" + suffix])
        with open(MODEL, "rb") as file:
            whole = file.read()
        for part in (0, 1, 100, len(whole) // 2, len(whole) - 1):
            with open(self.path("cut.onnx"), "wb") as file:
                file.write(whole[:part])
            self.fails_with(model=self.path("cut.onnx"), says=["cut.onnx"], ranks=1)

    def test_data_sets(self):
        os.makedirs(self.path("empty"))
        self.fails_with(data="nowhere", says=["nowhere"])
        self.fails_with(data=self.path("empty"), says=["empty", "no images"])
        for name, text, says in (
                ("broken.yaml", "names: [a, b\ntrain: x\n", ["broken.yaml", "line"]),
                ("gone.yaml", "train: gone\nnames: [zero]\n", ["gone"]),
                ("split.yaml", "train: %s/images\nnames: [zero]\n" % DATA, ["val", "train"]),
                ("names.yaml", "train: %s/images\nnames: [cat, dog]\n" % DATA, ["cat", "zero"])):
            with open(self.path(name), "w") as file:
                file.write(text)
            flags = ["--split", "val"] if name == "split.yaml" else []
            self.fails_with(*flags, data=self.path(name), says=says)

    def test_device(self):
        self.fails_with("--device", "cuda", says=["--device cuda"])

    def test_output_that_cannot_be_made(self):
        open(self.path("file"), "w").close()
        self.run_verify("--model", MODEL, "--data", DATA, "--output", self.path("file", "out"), code=2)
        self.assertIn("file", self.stderr)
        self.run_verify("--model", MODEL, "--data", DATA, "--output", self.path("file"), code=2)
        self.assertTrue(os.path.isfile(self.path("file")))

    def test_results_are_never_written_over_by_chance(self):
        data = self.dataset(pictures=3)
        self.verify_demo(data=data)
        with open(self.path("output", "mine.txt"), "w") as file:
            file.write("keep")
        before = self.tree(without=())
        self.run_verify("--model", MODEL, "--data", data, "--imgsz", 256, code=2)
        self.assertIn("--overwrite", self.stderr)
        self.assertEqual(self.tree(without=()), before)
        self.verify_demo("--overwrite", data=data)
        self.assertEqual(self.tree(), {**self.tree(), "mine.txt": before["mine.txt"]})

    def test_without_mpirun(self):
        self.fails("--nonsense", says=["--nonsense"], ranks=0)

    def test_help_version_inspect(self):
        out = self.run_verify("--help", ranks=2)
        self.assertEqual(out.count("usage: verify"), 1)
        for flag in ("--model", "--data", "--place", "--missing-conf", "--no-half"):
            self.assertIn(flag, out)
        for flag, ranks in (("--version", 2), ("-V", 0)):
            out = self.run_verify(flag, ranks=ranks)
            self.assertRegex(out.splitlines()[0], r"^verify \d+\.\d+\.\d+$")
            self.assertRegex("\n".join(out.splitlines()[1:]),
                             r"^commit: \S+\nCUDA: .+\noneDNN: .+\nAVIF: .+\nHEIC: .+\nMPI: .+\nlicence: MIT$")
        out = self.run_verify("--model", MODEL, "--inspect", "--imgsz", 256, ranks=1)
        for word in ("ONNX", "10", "zero", "GFLOP", "Conv"):
            self.assertIn(word, out)


class Flags(Case):
    def test_config_file_and_command_line(self):
        data = self.dataset(pictures=3)
        with open(self.path("config.json"), "w") as file:
            json.dump({"model": MODEL, "data": data, "imgsz": 320, "conf": 0.4,
                       "paths": {"output_base": "from_config"}}, file)
        self.run_verify("--config", "config.json", "--imgsz", 256)
        parameters = self.report("from_config")["parameters"]
        self.assertEqual((parameters["imgsz"], parameters["conf"]), (256, 0.4))

    def test_strict_and_fail_on(self):
        data = self.dataset(pictures=200)
        self.verify_demo(data=data)
        report = self.report()
        self.assertGreater(report["mislabeled"], 0)
        self.verify_demo("--overwrite", "--strict", data=data)
        self.verify_demo("--overwrite", "--fail-on", report["mislabeled"], data=data)
        self.verify_demo("--overwrite", "--fail-on", report["mislabeled"] - 1, data=data, code=4)
        self.assertEqual(self.report()["status"], "complete")
        with open(os.path.join(data, "labels", sorted(os.listdir(os.path.join(data, "labels")))[0]),
                  "a") as file:
            file.write("nonsense\n")
        self.verify_demo("--overwrite", data=data)
        self.verify_demo("--overwrite", "--strict", data=data, code=3)

    def test_dry_run_interrupted(self):
        with open(self.path("list.txt"), "w") as file:
            file.writelines(os.path.join(DATA, "images", name) + "\n"
                            for name in sorted(os.listdir(os.path.join(DATA, "images"))))
            file.writelines("none%d.jpg\n" % i for i in range(400000))
        process = subprocess.Popen(
            [VERIFY, "--model", MODEL, "--data", "list.txt", "--dry-run"],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(end, process)
        self.assertIn("Processing", process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        out = process.communicate(timeout=60)[0]
        self.assertEqual(process.returncode, 143, out)
        self.assertIn("Interrupted: nothing is counted to its end", out)
        self.assertNotIn("Boxes:", out)

    def test_dry_run_writes_nothing(self):
        data = self.dataset(pictures=5)
        os.unlink(os.path.join(data, "images", sorted(os.listdir(os.path.join(data, "images")))[0]))
        out = self.verify_demo("--dry-run", data=data)
        self.assertIn("Images: 4", out)
        self.assertIn("Label files without an image: 1", out)
        self.assertFalse(os.path.exists(self.path("output")))

    def test_imgsz_is_raised_to_a_multiple_of_the_stride(self):
        out = self.verify_demo("--imgsz", 250, data=self.dataset(pictures=2))
        self.assertIn("WARNING: --imgsz 250: raised to 256", out)


if __name__ == "__main__":
    main()
