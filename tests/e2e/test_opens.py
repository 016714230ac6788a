"""Reading a model file opens that file and nothing else, whatever the file says: seen by strace."""

import os
import pickle
import re
import shutil
import subprocess
import sys
import unittest
import zipfile

from harness import Case, FIXTURES, MODEL, ROOT, VERIFY, main, needs_fixtures

sys.path.insert(0, os.path.join(ROOT, "tests"))
import darknet_nets

# What reaches outside the process, and the write that begins the answer.
CALLS = ("open,openat,openat2,creat,execve,execveat,fork,vfork,clone,clone3,socket,connect,unlink,"
         "unlinkat,rename,renameat,renameat2,mkdir,mkdirat,link,linkat,symlink,symlinkat,write")
# libzip gives its entries' dates in local time.
ALLOWED = {"/etc/localtime"}
LINE = re.compile(r'(\d+) +(\w+)\((.*)')


class Command:
    """Unpickled by Python, this runs a command."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def strace_works():
    try:
        return subprocess.run(["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=write", "true"],
                              stderr=subprocess.DEVNULL, check=False).returncode == 0
    except FileNotFoundError:
        return False


@unittest.skipUnless(strace_works(), "strace is absent or not permitted")
class Opens(Case):
    def calls(self, code, model, *flags):
        """What verify does from the model's first opening to the first word it says about it."""
        trace = self.path("trace")
        done = subprocess.run(["strace", "-f", "--seccomp-bpf", "-qq", "-s", "4096", "-o", trace, "-e",
                               "trace=" + CALLS, "stdbuf", "-oL", VERIFY, "--inspect", "--model",
                               model, *flags],
                              cwd=self.folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                              check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        with open(trace, encoding="utf-8", errors="replace") as file:
            lines = [LINE.match(line).groups() for line in file if LINE.match(line)]
        first = next(i for i, (_, call, rest) in enumerate(lines)
                     if call == "openat" and '"%s"' % model in rest)
        loader, found = lines[first][0], []
        for thread, call, rest in lines[first:]:
            if thread != loader:
                continue  # MPI's helpers
            if call == "write":
                if rest.startswith(("1, ", "2, ")):
                    return found
                continue  # to a pipe of MPI's: a file would have been opened
            self.assertNotRegex(rest, "O_WRONLY|O_RDWR|O_CREAT")
            named = re.search(r'"([^"]*)"', rest)
            found.append((call, named.group(1).rstrip("/") if named else rest))
        self.fail("nothing was said about " + model)

    def check(self, code, model, *flags, also=()):
        allowed = {model, *ALLOWED, *also}
        for call, name in self.calls(code, model, *flags):
            self.assertEqual(call, "openat", (model, call, name))
            self.assertIn(name, allowed, model)

    def test_pytorch(self):
        folder = os.path.join(ROOT, "tests", "data", "torch")
        for name, code in (("classic", 0), ("modern", 0), ("segment", 0), ("unknown_class", 2),
                           ("weights", 2), ("cycle", 2), ("deep", 2)):
            self.check(code, os.path.join(folder, name + ".pt"))

    def test_a_pickle_that_runs_a_command(self):
        model, made = self.path("evil.pt"), self.path("made")
        with zipfile.ZipFile(model, "w") as archive:
            archive.writestr("evil/data.pkl", pickle.dumps({"model": Command("touch " + made)}, 2))
            archive.writestr("evil/version", "3\n")
        self.check(2, model)
        self.assertFalse(os.path.exists(made))
        pickle.loads(zipfile.ZipFile(model).read("evil/data.pkl"))
        self.assertTrue(os.path.exists(made), "the file is no threat")

    def test_onnx(self):
        folder = os.path.join(ROOT, "tests", "data", "onnx")
        self.check(0, MODEL)
        self.check(0, os.path.join(folder, "external.onnx"),
                   also=["external.bin", folder])
        for name, beside in (("absolute", ()), ("outside", ()), ("folder", (".",)),
                             ("length", ("cycle.onnx",))):
            model = os.path.join(folder, "hostile", "external_%s.onnx" % name)
            self.check(2, model, also=[os.path.dirname(model), *beside])

    def test_darknet(self):
        text = darknet_nets.NETS["v4-tiny"](10)
        model, weights = self.path("m.cfg"), self.path("m.weights")
        with open(model, "w", encoding="utf-8") as file:
            file.write(text)
        with open(weights, "wb") as file:
            file.write(darknet_nets.weights(text, 1))
        self.check(0, model, "--weights", weights, also=[weights, self.path("m.names")])
        shutil.copy("/dev/null", weights)
        self.check(2, model, "--weights", weights, also=[weights, self.path("m.names")])

    @needs_fixtures
    def test_models_of_others(self):
        for name in ("yolov8n.pt", "yolov8n.onnx", "yolov5n-custom2.pt"):
            self.check(0, os.path.join(FIXTURES, "models", name))


if __name__ == "__main__":
    main()
