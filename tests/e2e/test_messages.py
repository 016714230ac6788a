"""What is said to who gives the wrong thing: one line, with what it is and what to give instead."""

import json
import os
import re
import struct
import subprocess
import zipfile

from harness import Case, DATA, MODEL, ROOT, VERIFY, main

GIVE = "give the .pt file that it was made from"


class Messages(Case):
    def says(self, *flags, words, name=None):
        """verify ends with exit 2 and one printable line that has every word, and name."""
        self.run_verify(*flags, ranks=0, code=2)
        lines = self.stderr.splitlines()
        self.assertEqual(len(lines), 1, self.stderr)
        self.assertTrue(lines[0].startswith("verify: error: "), lines[0])
        for word in [name or "", *words]:
            self.assertIn(word, lines[0])

    def make(self, name, content):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return path

    def make_zip(self, name, entries, how=zipfile.ZIP_STORED):
        with zipfile.ZipFile(self.path(name), "w", how) as file:
            for entry in entries:
                file.writestr(entry, "content " * 20)

    def test_files_that_are_no_models(self):
        metadata = json.dumps({"stride": 32, "names": {"0": "a"}}).encode()
        for name, content, words in (
                ("best.pt", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 6\n",
                 ["git-lfs pointer", "git lfs pull"]),
                ("best.onnx", "version https://git-lfs.github.com/spec/v1\n", ["git-lfs pointer"]),
                ("page.pt", "\n<!DOCTYPE html>\n<html>", ["HTML page", "download"]),
                ("page.onnx", "<html><head>", ["HTML page"]),
                ("m.tar.gz", b"\x1f\x8b\x08\0" + bytes(20), ["gzip archive", "unpack"]),
                ("m.7z", b"7z\xbc\xaf\x27\x1c" + bytes(20), ["7z archive", "unpack"]),
                ("m.tar", b"best.pt" + bytes(250) + b"ustar\x0000", ["tar archive", "unpack"]),
                ("raw.engine", b"ftrt" + bytes(60), ["TensorRT engine", GIVE]),
                ("best.engine", struct.pack("<I", len(metadata)) + metadata + bytes(60),
                 ["TensorRT engine", GIVE]),
                ("renamed.pt", struct.pack("<I", len(metadata)) + metadata + bytes(60),
                 ["TensorRT engine", GIVE]),
                ("odd.engine", b"\x01\x02\x03\x04" * 9, ["TensorRT engine", GIVE]),
                ("m.safetensors", struct.pack("<Q", 40) + b'{"a":{"dtype":"F32"}}' + bytes(40),
                 ["weights without their network", GIVE]),
                ("m.tflite", struct.pack("<I", 28) + b"TFL3" + bytes(40), ["TensorFlow Lite", GIVE]),
                ("saved_model.pb", b"\x08\x01\x12\x03abc", ["TensorFlow graph", GIVE]),
                ("frozen.pb", b"\x0a\x03abc", ["TensorFlow graph", GIVE]),
                ("m.mlmodel", b"\x08\x04\x12\x03abc", ["Core ML", GIVE]),
                ("m.h5", b"\x89HDF\r\n\x1a\n" + bytes(20), ["HDF5", GIVE]),
                ("m.xml", '<?xml version="1.0"?>\n<net name="m" version="11">', ["OpenVINO", GIVE]),
                ("m.ncnn.param", "7767517\n225 268\n", ["ncnn", GIVE]),
                ("m.bin", bytes(64), ["weights without their network", GIVE]),
                ("m.pdmodel", b"\x0a\x10", ["PaddlePaddle", GIVE]),
                ("yolo.weights", struct.pack("<3iq", 0, 2, 5, 0) + bytes(40),
                 ["Darknet", ".cfg here", "--weights"]),
                ("data.yaml", "path: .\ntrain: images\nnames: [a]\n", ["data set", "--data"]),
                ("data", "path: .\ntrain: images\nnames: [a]\n", ["data set", "--data"]),
                ("yolo11n.yaml", "nc: 80\nbackbone:\n  - [-1, 1, Conv]\n", ["without its weights"]),
                ("train.txt", "images/a.jpg\n", ["list of images", "--data"]),
                ("a.jpg", b"\xff\xd8\xff\xe0" + bytes(20), ["picture", "--data"]),
                ("config.json", '{"model": "m"}', ["JSON", "--config"]),
                ("none.pt", b"", ["is empty", "copied or downloaded"]),
                ("net.cfg", "[net]\nwidth=64\nheight=64\nchannels=3\n[convolutional]\nfilters=18\n"
                            "size=1\nstride=1\nactivation=linear\n[yolo]\nmask=0,1,2\n"
                            "anchors=1,1,2,2,3,3\nclasses=1\nnum=3\n", ["--weights FILE"])):
            with self.subTest(name):
                self.make(name, content)
                self.says("--model", name, "--inspect", name=name, words=words)

    def test_archives(self):
        self.make_zip("plain.zip", ["best.pt", "README"])
        self.make_zip("packed.pt", ["best.pt"], zipfile.ZIP_DEFLATED)
        for name in ("plain.zip", "packed.pt"):
            self.says("--model", name, "--inspect", name=name, words=["zip archive", "unpack"])
        entries = ["best/data.pkl", "best/code/__torch__/a.py", "best/constants.pkl", "best/data/0"]
        for how in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            for name in ("best.torchscript", "best.pt"):
                self.make_zip(name, entries, how)
                self.says("--model", name, "--inspect", name=name, words=["TorchScript", GIVE])
        self.make_zip("squeezed.pt", ["best/data.pkl", "best/data/0"], zipfile.ZIP_DEFLATED)
        self.says("--model", "squeezed.pt", "--inspect", words=["compressed", "training saved"])

    def test_folders(self):
        for inside, words in (
                ("runs/weights/best.pt", ["weights/best.pt"]), ("best/best.pt", ["best.pt"]),
                ("best_saved_model/saved_model.pb", ["TensorFlow", GIVE]),
                ("best.mlpackage/Manifest.json", ["Core ML", GIVE]),
                ("best_ncnn_model/model.ncnn.param", ["ncnn", GIVE]),
                ("best_openvino_model/metadata.yaml", ["export", GIVE]),
                ("images/a.jpg", ["is a folder", "--data"])):
            with self.subTest(inside):
                self.make(inside, "x")
                folder = inside.split("/")[0]
                self.says("--model", folder, "--inspect", name=folder, words=words)

    def test_devices(self):
        for device in ("0", "0,1", "cuda:0", "cuda") if not os.path.exists("/dev/nvidiactl") else ():
            self.says("--model", MODEL, "--data", DATA, "--device", device,
                      words=["--device %s: " % device, "--device cpu"])
            # By whether the backend was built.
            self.assertRegex(self.stderr, "without CUDA|no NVIDIA driver")
        self.says("--model", MODEL, "--data", DATA, "--device", "mps", words=["'mps'", "use cpu"])

    def test_swapped(self):
        self.make("best.onnx", "x")
        self.make("data.yaml", "x")
        self.says("--model", "data.yaml", "--data", "best.onnx",
                  words=["swapped", "--model best.onnx --data data.yaml"])


# What a terminal acts upon, or what hides what a name is.
EVIL = (b"\x1b]0;t\x07\xc2\x9b31m\xe2\x80\xaegpj", b"\n\xe2\x80\xa8\xff\x7f\r\b\xe2\x81\xa6")
SHOWN = ("\\x1b]0;t\\x07\\xc2\\x9b31m\\xe2\\x80\\xaegpj",
         "\\x0a\\xe2\\x80\\xa8\\xff\\x7f\\x0d\\x08\\xe2\\x81\\xa6")


class HostileNames(Case):
    """Nothing but printable text and newlines reaches the screen and the logs."""

    def run_bytes(self, *flags, code=0):
        command = [VERIFY, *flags]
        done = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        for shown in (done.stdout, done.stderr):
            self.check(shown)
        return (done.stdout + done.stderr).decode()

    def check(self, shown):
        text = shown.decode("utf-8")  # strict: no byte that is no UTF-8
        found = re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e"
                          "\u2066-\u2069]", text)
        self.assertIsNone(found, text)

    def hostile_dataset(self, evil):
        """Good images, one that fails and one with a bad label line, all with the name in them."""
        data = os.fsencode(self.dataset(pictures=3))
        images, labels = os.path.join(data, b"images"), os.path.join(data, b"labels")
        for i, image in enumerate(sorted(os.listdir(images))):
            stem = os.path.splitext(image)[0]
            name = b"%d" % i + evil
            os.rename(os.path.join(images, image), os.path.join(images, name + b".jpg"))
            label = os.path.join(labels, stem + b".txt")
            if os.path.exists(label):
                os.rename(label, os.path.join(labels, name + b".txt"))
            if i == 1:
                open(os.path.join(images, name + b".jpg"), "wb").close()
            if i == 2:
                with open(os.path.join(labels, name + b".txt"), "ab") as file:
                    file.write(evil.replace(b"\n", b"") + b" 1 2 3\n")
        return data

    def test_runs(self):
        for i, (evil, shown) in enumerate(zip(EVIL, SHOWN)):
            with self.subTest(evil):
                data = self.hostile_dataset(evil)
                target = os.path.join(os.fsencode(self.folder), b"set" + evil)
                os.rename(data, target)
                output = os.path.join(os.fsencode(self.folder), b"out%d" % i + evil)
                flags = [b"--model", os.fsencode(MODEL), b"--data", target, b"--imgsz", b"256"]
                self.assertIn(shown, self.run_bytes(*flags, b"--dry-run"))
                out = self.run_bytes(*flags, b"--output", output)
                self.assertIn("WARNING", out)
                self.assertIn(shown, out)
                logs = os.path.join(output, b"logs")
                for name in os.listdir(logs):
                    with open(os.path.join(logs, name), "rb") as file:
                        self.check(file.read())
                for name in (b"verification_records.jsonl", b"verification_report.json"):
                    with open(os.path.join(output, name), "rb") as file:
                        text = file.read()
                    self.check(text)
                self.assertEqual(json.loads(text)["parameters"]["output"],
                                 output.decode("utf-8", "replace"))
                os.rename(target, target + b".done")

    def test_errors(self):
        model = os.fsencode(MODEL)
        for evil, shown in zip(EVIL, SHOWN):
            for flags in ([b"--model", evil, b"--data", os.fsencode(DATA)],
                          [b"--model", model, b"--data", evil],
                          [b"--model", model, b"--data",
                           os.fsencode(os.path.join(DATA, "data.yaml")), b"--split", evil],
                          [b"--config", evil], [b"--" + evil], [evil], [b"--conf", evil],
                          [b"--device", evil, b"--model", model, b"--data", evil],
                          [b"--place=" + evil]):
                with self.subTest(flags):
                    self.assertIn(shown, self.run_bytes(*flags, code=2))

    def test_nothing_is_printed_past_the_filter(self):
        """Streams are written to by src/base/shown.c alone, files of a run by their own code."""
        call = re.compile(r"\b(printf|vprintf|puts|putchar|perror|dprintf)\(|\b(stdout|stderr)\b")
        passes = re.compile(r"\b(line_print|lines_print|fflush|ferror|put)\(.*\b(stdout|stderr)\b")
        for folder in ("mpi", "src", "cuda"):
            for base, _, names in os.walk(os.path.join(ROOT, folder)):
                for name in sorted(n for n in names if n.endswith((".c", ".h", ".cu"))):
                    with open(os.path.join(base, name), encoding="utf-8") as file:
                        for number, line in enumerate(file, 1):
                            if call.search(line) and not passes.search(line):
                                self.assertRegex(line, r"^\s*(/?\*|//)|format\(printf|/\*", "%s:%d" % (
                                    os.path.join(base, name), number))


if __name__ == "__main__":
    main()
