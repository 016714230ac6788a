"""The CUDA backend's plug-in: the program without it, without what it needs, and with it."""

import json
import os
import re
import shutil
import subprocess
import unittest

from harness import Case, MODEL, ROOT, VERIFY, main

PLUGIN = os.path.join(os.path.dirname(VERIFY), "libverify_cuda.so")
needs_plugin = unittest.skipUnless(os.path.exists(PLUGIN), "a build without CUDA")
NO_GPU = not os.path.exists("/dev/nvidiactl")


def dynamic(path):
    """Names of the libraries that a file is linked to."""
    text = subprocess.run(["readelf", "-dW", path], stdout=subprocess.PIPE, check=True, text=True)
    return re.findall(r"NEEDED.*\[(.*)\]", text.stdout)


def symbols(path, kind):
    text = subprocess.run(["nm", "-D", "--" + kind, path], stdout=subprocess.PIPE, check=True,
                          text=True).stdout
    return [line.split()[-1] for line in text.splitlines() if line.split()[-2] not in "wv"]


class Plugin(Case):
    def setUp(self):
        super().setUp()
        os.makedirs(self.path("prefix", "bin"))
        os.makedirs(self.path("prefix", "lib", "verify-labels"))
        self.program = shutil.copy(VERIFY, self.path("prefix", "bin"))
        self.data = self.dataset(pictures=2)

    def run_copy(self, device, code, env=None):
        done = subprocess.run(
            [self.program, "--model", MODEL, "--data", self.data, "--imgsz", "96", "--device", device,
             "--overwrite"], cwd=self.folder, env=dict(os.environ, **(env or {})), timeout=100,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def plugin(self, *folder, needs=None):
        """A copy of the plug-in; `needs`: what it needs instead of cuDNN."""
        with open(PLUGIN, "rb") as file:
            content = file.read()
        if needs:
            content = content.replace(b"libcudnn.so.9", needs)
        os.makedirs(self.path(*folder), exist_ok=True)
        with open(self.path(*folder, "libverify_cuda.so"), "wb") as file:
            file.write(content)

    def test_none(self):
        said = self.run_copy("cuda", 2)
        for part in ("--device cuda: this verify was built without CUDA", "--device cpu",
                     "libverify_cuda.so is not in", os.path.dirname(self.program),
                     self.path("prefix", "lib", "verify-labels")):
            self.assertIn(part, said)

    @unittest.skipUnless(NO_GPU, "a machine with a GPU")
    def test_auto(self):
        """Silent without a GPU; a warning where one is present and the plug-in is not."""
        self.assertNotIn("WARNING", self.run_copy("auto", 0))
        driver = self.path("driver")
        os.makedirs(driver)
        shutil.copy(subprocess.run(["gcc", "-print-file-name=libm.so.6"], check=True, text=True,
                                   stdout=subprocess.PIPE).stdout.strip(),
                    os.path.join(driver, "libcuda.so.1"))
        said = self.run_copy("auto", 0, {"LD_LIBRARY_PATH": driver})
        self.assertRegex(said, r"\[CPU 0\] WARNING: no rank uses a GPU, since rank 0 on .* cannot: "
                               r"this verify was built without CUDA.*libverify_cuda\.so is not in")
        self.assertNotIn("WARNING", self.run_copy("cpu", 0, {"LD_LIBRARY_PATH": driver}))

    def test_the_program_stands_alone(self):
        self.assertFalse([name for name in dynamic(VERIFY) if re.match(r"libcu|libstdc\+\+|libnv", name)])
        self.assertIn("verify_status_record", symbols(VERIFY, "defined-only"))

    @needs_plugin
    def test_one_name_each_way(self):
        self.assertEqual(symbols(PLUGIN, "defined-only"), ["verify_plugin"])
        unbound = [name for name in symbols(PLUGIN, "undefined-only") if "@" not in name]
        self.assertEqual([name for name in unbound if not name.startswith(("cudnn", "_ZT"))],
                         ["verify_status_record"])

    @needs_plugin
    @unittest.skipUnless(NO_GPU, "a machine with a GPU")
    def test_where_it_is_looked_for(self):
        for folder, env in ((("prefix", "bin"), {}), (("prefix", "lib", "verify-labels"), {}),
                            (("elsewhere",), {"VERIFY_PLUGIN_DIR": self.path("elsewhere")})):
            self.plugin(*folder)
            link = self.path("link") # by its real path, wherever it is called from
            os.symlink(self.program, link)
            program, self.program = self.program, link
            self.assertIn("--device cuda: no NVIDIA driver", self.run_copy("cuda", 2, env))
            self.program = program
            os.remove(link)
            os.remove(self.path(*folder, "libverify_cuda.so"))

    @needs_plugin
    def test_without_cudnn(self):
        self.plugin("prefix", "bin", needs=b"libgone_.so.9")
        said = self.run_copy("cuda", 2, {"LD_LIBRARY_PATH": "/nowhere/lib"})
        for part in ("--device cuda: %s/libverify_cuda.so cannot be opened: libgone_.so.9: "
                     % os.path.dirname(self.program), "/nowhere/lib", "--device cpu"):
            self.assertIn(part, said)


class Gates(Case):
    """tests/gpu.sh with programs that stand in for a GPU's."""

    def check(self, text, code, *flags, verify=":"):
        for name, content in (("nvidia-smi", "echo 'A GPU, 1'"), ("verify", verify), ("test_gpu_zoo", text)):
            with open(self.path(name), "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\n" + content + "\n")
            os.chmod(self.path(name), 0o755)
        done = subprocess.run(["bash", os.path.join(ROOT, "tests", "gpu.sh"), "--build", self.folder,
                               *(flags or ("--only", "tests"))], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True,
                              env=dict(os.environ, VERIFY_FIXTURES="",
                                       PATH=self.folder + ":" + os.environ["PATH"]))
        self.assertEqual(done.returncode, code, done.stdout)
        return done.stdout

    def test_a_skipped_case_is_no_failure(self):
        ran = "echo '[==========] tests: 2 test(s) run.'; "
        self.assertIn("1 passed, 0 failed, 5 skipped", self.check(ran + "exit 0", 0))
        said = self.check("echo 'skipped: no model'; " + ran + "exit 77", 0)
        self.assertRegex(said, r"skipped: cases of test_gpu_zoo .*\n    no model\n")
        self.assertIn("0 passed, 1 failed", self.check(ran + "exit 1", 1))
        self.assertIn("0 passed, 1 failed", self.check("echo 'skipped: no device'; exit 77", 1))

    def test_a_run_of_the_cpu_from_elsewhere(self):
        """Takes the place of one made here, and is what the GPU's are compared with."""
        box = {"line": 1, "verdict": "correct", "margin": 0.5}
        expected = self.path("expected")
        os.mkdir(expected)
        with open(os.path.join(expected, "verification_records.jsonl"), "w", encoding="utf-8") as file:
            json.dump({"image": "a.jpg", "error": None, "boxes": [box]}, file)
        with open(os.path.join(expected, "predictions.json"), "w", encoding="utf-8") as file:
            json.dump([{"file_name": "a.jpg", "category_id": 0, "bbox": [1, 2, 3, 4], "score": 0.9}], file)
        copies = """echo "$@" >> "%s"
            while [ "$1" != --output ]; do shift; done
            mkdir -p "$2" && cp "%s"/* "$2/" """ % (self.path("calls"), expected)
        flags = ("--only", "program", "--expected", expected)
        same = "passed: %s against the CPU: the same verdict for 0.99"
        said = self.check(":", 1, *flags, verify=copies)  # two ranks give no warning
        for precision in ("fp16", "fp32"):
            self.assertIn(same % precision, said)
        with open(self.path("calls"), encoding="utf-8") as file:
            self.assertNotIn("--device cpu", file.read())
        said = self.check(":", 1, *flags, verify=copies + "&& sed -i s/correct/uncertain/ \"$2\"/*.jsonl")
        self.assertIn("FAILED: fp16 against the CPU: the same verdict for 0.995", said)


if __name__ == "__main__":
    main()
