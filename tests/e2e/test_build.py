"""A user's build: what build.sh asks for and shows, and that the program alone is compiled by default."""

import os
import pty
import re
import shutil
import subprocess

from harness import ROOT, Case, main

PROGRESS = os.path.join(ROOT, "cmake", "progress.sh")


def packages(purpose):
    """The packages of a list, alternatives included."""
    with open(os.path.join(ROOT, "packages", purpose + ".txt"), encoding="utf-8") as file:
        lines = [re.sub(r"#.*|[|?]", " ", line).split() for line in file]
    return {name for line in lines for name in line}


class Build(Case):
    def test_bad_usage(self):
        for arguments, word in ((["--nonsense"], "--nonsense"), (["a", "b"], "two folders"),
                                (["--preset"], "needs a name")):
            done = subprocess.run(["bash", os.path.join(ROOT, "build.sh"), *arguments],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 2)
            self.assertIn(word, done.stderr)

    def test_lists(self):
        """What only tests need is not asked of a user."""
        user = packages("run") | packages("build")
        self.assertIn("cmake", user)
        self.assertFalse(user & packages("test"))
        for name in ("slurmctld", "valgrind", "clang-tidy", "libcmocka-dev", "python3-numpy"):
            self.assertIn(name, packages("test"))

    def install(self, *lines, installed="", known="", lists=True):
        """What packages/install.sh has apt-get install of a list of these lines, on a system with packages
        that are installed or that apt knows; None where it asks for nothing."""
        root = self.path("install")
        shutil.rmtree(root, ignore_errors=True)
        for name in ("packages", "cmake", "bin", "lists"):
            os.makedirs(os.path.join(root, name))
        shutil.copy(os.path.join(ROOT, "packages", "install.sh"), os.path.join(root, "packages"))
        shutil.copy(PROGRESS, os.path.join(root, "cmake"))
        files = {"packages/this.txt": "# A list.\n" + "\n".join(lines) + "\n",
                 "bin/sudo": '[ "$1" = -v ] || "$@"', "bin/apt-get": 'echo "$@" >> %s/asked' % root,
                 "bin/dpkg-query": "case ' %s ' in *\" $3 \"*) echo ok installed ;; esac" % installed,
                 "bin/apt-cache": "case ' %s ' in *\" $2 \"*) ;; *) exit 100 ;; esac" % known}
        if lists:
            files["lists/some_Packages"] = ""
        for name, text in files.items():
            path = os.path.join(root, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text if "." in name else "#!/bin/sh\n" + text + "\n")
            os.chmod(path, 0o755)
        env = dict(os.environ, PATH=os.path.join(root, "bin") + ":" + os.environ["PATH"],
                   APT_LISTS=os.path.join(root, "lists"))
        done = subprocess.run(["bash", os.path.join(root, "packages", "install.sh"), "this"],
                              capture_output=True, text=True, env=env)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        if not os.path.exists(os.path.join(root, "asked")):
            return None
        with open(os.path.join(root, "asked"), encoding="utf-8") as file:
            asked = file.read().splitlines()
        self.assertTrue(asked[0].startswith("update"))
        return asked[1].split("APT::Status-Fd=1 ")[1] if len(asked) > 1 else ""

    def test_what_is_installed(self):
        self.assertIsNone(self.install("a", "b | c", installed="a c"))
        self.assertEqual(self.install("a", "b | c", installed="a", known="b c"), "b")
        self.assertEqual(self.install("a", "b | c", installed="a", known="c"), "c")
        self.assertEqual(self.install("a", "b | c", installed="a"), "b")
        self.assertEqual(self.install("a", "b ?", known="a b"), "a b")
        self.assertEqual(self.install("a", "b ?", known="a"), "a")
        # Once it is known that the system has none, nothing is asked any more.
        self.assertEqual(self.install("b ?", lists=False), "")
        self.assertIsNone(self.install("b ?"))
        self.assertIsNone(self.install("b ?", installed="b"))

    def architectures(self, wanted, known, visible=""):
        """For which GPUs CUDA is compiled where nvcc knows these and nvidia-smi sees those."""
        said = {"nvcc": "".join("compute_%s\n" % kind for kind in known.split()),
                "nvidia-smi": "".join(kind + "\n" for kind in visible.split())}
        for name, text in said.items():
            with open(self.path(name), "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\nprintf '%s'\n" % text.replace("\n", "\\n"))
            os.chmod(self.path(name), 0o755)
        with open(self.path("script.cmake"), "w", encoding="utf-8") as file:
            file.write('cmake_minimum_required(VERSION 3.22)\ninclude(%s/cuda/architectures.cmake)\n'
                       'cuda_architectures(out nvcc)\nmessage(STATUS "${out}")\n' % ROOT)
        done = subprocess.run(["cmake", "-DVERIFY_CUDA_ARCHITECTURES=" + wanted, "-P", self.path("script.cmake")],
                              capture_output=True, text=True,
                              env=dict(os.environ, PATH=self.folder + ":" + os.environ["PATH"]))
        return done.stdout.removeprefix("-- ").strip() if done.returncode == 0 else done.stderr

    def test_architectures(self):
        old, new = "50 61 70 75 80 86 89 90", "75 80 86 89 90 100 103 110 120 121"
        self.assertEqual(self.architectures("", old), "75-real;80-real;86-real;89-real;90")
        self.assertEqual(self.architectures("", new), "75-real;80-real;86-real;89-real;90-real;100-real;120")
        self.assertIn("names none of", self.architectures("", "50 61"))
        self.assertEqual(self.architectures("80;90-real", new), "80;90-real")
        self.assertEqual(self.architectures("native", new, "9.0 9.0 8.6"), "90-real;86-real")
        self.assertEqual(self.architectures("native", new, "12.1"), "121-real")
        # A GPU that is too old for the kernels or too new for nvcc.
        for kind in ("6.1", "12.0"):
            self.assertEqual(self.architectures("native", old, kind), self.architectures("", old))

    def test_program_alone(self):
        """Configured with nothing said: no test, no benchmark, warnings are no errors, and a word on CUDA."""
        done = subprocess.run(["cmake", "-S", ROOT, "-B", self.path("build")], capture_output=True,
                              text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, "(?m)^-- CUDA backend: (left out|for) ")
        targets = subprocess.run(["cmake", "--build", self.path("build"), "--target", "help"],
                                 capture_output=True, text=True).stdout.split()
        self.assertIn("verify", targets)
        for target in targets:
            self.assertFalse(target.startswith(("test_", "bench_", "fuzz_")), target)
        with open(self.path("build", "compile_commands.json"), encoding="utf-8") as file:
            self.assertNotIn("-Werror ", file.read())

    def test_skips_are_shown(self):
        """All end-to-end tests end by the harness's main, which says what was skipped."""
        folder = os.path.join(ROOT, "tests", "e2e")
        for name in os.listdir(folder):
            if name.startswith("test_"):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    self.assertTrue(file.read().endswith('\nif __name__ == "__main__":\n    main()\n'), name)

    def follow(self, script, stdout):
        """progress.sh behind a command; its exit status is the command's with pipefail."""
        return subprocess.Popen(["bash", "-o", "pipefail", "-c", '{ %s; } | bash "$0" Compiling "$1"' % script,
                                 PROGRESS, self.path("log")], stdout=stdout)

    def test_progress_lines(self):
        """Where there is no terminal, a line at least every five seconds; all is in the log."""
        process = self.follow("echo '[ 10%] a'; sleep 5; echo '[5/10] b'; sleep 5; printf c; (exit 3)",
                              subprocess.PIPE)
        shown = process.communicate()[0].decode().splitlines()
        self.assertEqual(process.returncode, 3)
        self.assertEqual([line.split(" (")[0] for line in shown], ["Compiling 10%", "Compiling 50%"])
        with open(self.path("log"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "[ 10%] a\n[5/10] b\nc")

    def test_progress_on_a_terminal(self):
        """One line that is written over."""
        ours, its = pty.openpty()
        process = self.follow("echo '[ 10%] a'; echo 'pmstatus:x:50.1:y'; echo 'dlstatus:1:7.5:y'", its)
        self.assertEqual(process.wait(), 0)
        os.close(its)
        shown = os.read(ours, 4096).decode()
        os.close(ours)
        self.assertNotIn("\n", shown)
        for text in ("Compiling 10%", "Compiling 50%", "Downloading packages 7%"):
            self.assertIn("\r\033[K" + text, shown)


if __name__ == "__main__":
    main()
