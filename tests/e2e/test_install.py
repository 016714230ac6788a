"""What `cmake --install` puts into a prefix: that it runs from wherever the prefix lies, that the
manual page and the completions know every flag, that the scripts find the program."""

import os
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
import types
import unittest
from unittest import mock

from harness import Case, MODEL, ROOT, VERIFY, main

BUILD = os.path.dirname(VERIFY)
PACKAGING = os.path.join(ROOT, "packaging")
# Of job.sh's options of srun, all are --name=value.
SRUN = '#!/usr/bin/env bash\nwhile [[ $1 == --* ]]; do shift; done\nSLURM_PROCID=0 exec "$@"\n'
MPIRUN = '#!/usr/bin/env bash\nwhile [ "$1" != -np ]; do shift; done\nshift 2\nexec "$@"\n'
# A container's command: says how it was called.
CONTAINER = '#!/usr/bin/env bash\nprintf "<%s>" container "$@" "${VERIFY_BEGUN_FILE:+begun}"\n'


class Install(Case):
    @classmethod
    def setUpClass(cls):
        """Installed at one place, moved to another."""
        folder = tempfile.mkdtemp(prefix="verify-install-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        first, cls.prefix = os.path.join(folder, "first"), os.path.join(folder, "a place", "verify")
        done = subprocess.run(["cmake", "--install", BUILD, "--prefix", first],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, done.stdout
        os.makedirs(os.path.dirname(cls.prefix))
        os.rename(first, cls.prefix)

    def installed(self, *parts):
        path = os.path.join(self.prefix, *parts)
        self.assertTrue(os.path.exists(path), path)
        return path

    def text(self, *parts):
        with open(self.installed(*parts), encoding="utf-8") as file:
            return file.read()

    def call(self, *command, env=None, code=0):
        done = subprocess.run(command, cwd=self.folder, env=dict(os.environ, **(env or {})),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=120)
        self.assertEqual(done.returncode, code, done.stdout)
        return done.stdout

    def program(self, name, text):
        path = self.path(name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o755)
        return path

    def flags(self):
        """Every flag of --help, and every short one."""
        shown = self.call(self.installed("bin", "verify"), "--help")
        flags = re.findall(r"^  --([a-z-]+)", shown, re.M)
        self.assertGreater(len(flags), 30)
        return flags, re.findall(r"\((-[A-Za-z])\)", shown)

    BASH = os.path.join("share", "bash-completion", "completions", "verify")
    ZSH = os.path.join("share", "zsh", "site-functions", "_verify")

    def version(self, program):
        """Without where the plug-in lies, or what it lacks."""
        return re.sub(r"^(CUDA: [^;\n]*);.*", r"\1", self.call(program, "--version"), flags=re.M)

    def test_it_runs_from_where_it_lies(self):
        program = self.installed("bin", "verify")
        self.assertEqual(self.version(program), self.version(VERIFY))
        plugin = os.path.join("lib", "verify-labels", "libverify_cuda.so")
        self.assertEqual(os.path.exists(os.path.join(self.prefix, plugin)),
                         os.path.exists(os.path.join(BUILD, os.path.basename(plugin))))
        data = self.dataset(pictures=4)
        flags = ("--model", MODEL, "--data", data, "--imgsz", "256", "--output")
        self.verify_demo(data=data)
        self.call("mpirun", "-np", "2", program, *flags, "installed")
        self.assertEqual(self.records("installed"), self.records())
        libraries = self.call("ldd", program)
        self.assertNotRegex(libraries, "not found|libcudnn|libcudart|" + re.escape(BUILD))

    def test_documents(self):
        for name in ("README.md", "CHANGELOG.md", "LICENSE", "docs/install.md", "docs/cluster.md"):
            self.installed("share", "doc", "verify-labels", name)
        for name in ("job.sh", "verify.sbatch", "run_local.sh", "monitor_progress.sh"):
            self.installed("share", "verify-labels", "slurm", name)
        self.assertIn("usage: verify-kfold", self.call(self.installed("share", "verify-labels", "tools", "verify-kfold"),
                                                       "--help"))

    def test_every_flag_is_in_the_pages(self):
        flags, letters = self.flags()
        self.assertEqual(letters, ["-V", "-h"])
        manual = self.text("share", "man", "man1", "verify.1").replace("\\-", "-")
        bash, zsh = self.text(self.BASH), self.text(self.ZSH)
        for flag in flags:
            self.assertRegex(manual, r'\n\.B.*"?--%s[ "\n]' % flag)
            self.assertIn("\n--%s\n" % flag, bash)
            self.assertRegex(zsh, r"\n'[^\[]*--%s=?\[" % flag)
        for letter in letters:
            self.assertIn("\n.BR %s " % letter, manual)
            self.assertIn("\n%s\n" % letter, bash)
            self.assertIn(")%s[" % letter, zsh)

    def test_the_manual_page(self):
        page = self.installed("share", "man", "man1", "verify.1")
        for heading in ("NAME", "SYNOPSIS", "OPTIONS", "EXIT STATUS", "FILES", "EXAMPLES"):
            self.assertIn("\n.SH %s\n" % heading, self.text("share", "man", "man1", "verify.1"))
        for tool in (("groff", "-Wall", "-ww", "-man", "-Tutf8", page),
                     ("man", "--warnings", "-l", page)):
            if shutil.which(tool[0]):
                done = subprocess.run(tool, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                      text=True, env=dict(os.environ, LC_ALL="C.UTF-8"))
                self.assertEqual((done.returncode, done.stderr), (0, ""), tool)

    def completed(self, *words):
        """What bash offers for the last word."""
        script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _verify; ' \
                 'printf "%s\\n" "${COMPREPLY[@]}"'
        return sorted(self.call("bash", "-c", script, "bash", self.installed(self.BASH),
                                "verify", *words).split())

    def test_bash_completes(self):
        self.assertEqual(self.completed("--max-sh"), ["--max-shift"])
        self.assertEqual(self.completed("--no-hal"), ["--no-half"])
        choices = ["copy", "hardlink", "none", "symlink"]
        self.assertEqual(self.completed("--place", ""), choices)
        self.assertEqual(self.completed("--place", "="), choices)
        self.assertEqual(self.completed("place", "=", "h"), ["hardlink"])
        self.assertEqual(self.completed("--device", "c"), ["cpu", "cuda"])
        self.assertEqual(self.completed("--imgsz", ""), [])
        for name in ("b.onnx", "b.PT", "b.txt"):
            open(self.path(name), "w").close()
        os.mkdir(self.path("b"))
        self.assertEqual(self.completed("--model", "b"), ["b", "b.PT", "b.onnx"])
        self.assertEqual(self.completed("--data", "b"), ["b", "b.txt"])
        self.assertEqual(self.completed("--output", ""), ["b"])

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh_loads(self):
        folder = os.path.dirname(self.installed(self.ZSH))
        said = self.call("zsh", "-fc", 'fpath=("$1" $fpath); autoload -Uz compinit; compinit -D -u; '
                         'print -r -- ${_comps[verify]}; autoload +X _verify && zsh -n $1/_verify',
                         "zsh", folder)
        self.assertEqual(said, "_verify\n")

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh_finds_files(self):
        names = ["b.cfg", "b.data", "b.json", "b.onnx", "b.pt", "b.txt", "b.weights", "b.yaml", "b.yml"]
        for name in names + ["b.png"]:
            open(self.path(name), "w").close()
        offered = {}
        for flag, pattern in re.findall(r"\n'--([a-z-]+)=.*_files -g \"(.*)\"'", self.text(self.ZSH)):
            offered[flag] = self.call("zsh", "-fc", "print -r -- " + pattern).split()
        self.assertEqual(offered["config"], ["b.json"])
        self.assertEqual(offered["weights"], ["b.weights"])
        self.assertEqual(offered["model"], ["b.cfg", "b.onnx", "b.pt"])
        self.assertEqual(sorted({name for found in offered.values() for name in found}), names)

    def test_module_files(self):
        """Both set the same variables to folders that are there."""
        lua = self.text("share", "verify-labels", "modulefile", "verify-labels.lua")
        tcl = self.text("share", "verify-labels", "modulefile", "verify-labels.tcl")
        set_by_lua = re.findall(r'^(?:prepend_path|setenv)\("(\w+)", pathJoin\(root, "(.*)"\)\)$', lua,
                                re.M)
        set_by_tcl = re.findall(r"^(?:prepend-path|setenv) (\w+) \$root/(.*)$", tcl, re.M)
        self.assertEqual(set_by_lua, set_by_tcl)
        self.assertEqual([name for name, _ in set_by_lua],
                         ["PATH", "MANPATH", "XDG_DATA_DIRS", "FPATH", "VERIFY_HOME"])
        for _, folder in set_by_lua:
            self.installed(folder)

    def test_a_local_run_finds_the_program(self):
        self.program("mpirun", MPIRUN)
        env = {"PATH": self.folder + ":" + os.environ["PATH"], "VERIFY": ""}
        script = self.installed("share", "verify-labels", "slurm", "run_local.sh")
        self.assertRegex(self.call(script, "2", "--version", env=env), r"^verify \d")
        # The program of the folder that VERIFY_HOME names comes first, as in a job.
        os.makedirs(self.path("home", "build"))
        shutil.copy(self.program("container", CONTAINER), self.path("home", "build", "verify"))
        self.assertEqual(self.call(script, "2", "--quiet", env=dict(env, VERIFY_HOME=self.path("home"))),
                         "<container><--quiet><>")

    def test_verify_may_be_a_command(self):
        container = self.program("container", CONTAINER)
        self.program("srun", SRUN)
        self.program("mpirun", MPIRUN)
        env = {"PATH": self.folder + ":" + os.environ["PATH"], "SLURM_JOB_ID": "7",
               "SLURM_SUBMIT_DIR": self.folder, "VERIFY": "container exec --nv verify.sif verify"}
        scripts = self.installed("share", "verify-labels", "slurm")
        called = "<container><exec><--nv><verify.sif><verify><--conf><.3><%s>"
        self.assertEqual(self.call("bash", scripts + "/job.sh", "--conf", ".3", env=env),
                         called % "begun")
        self.assertEqual(self.call("bash", scripts + "/run_local.sh", "2", "--conf", ".3", env=env),
                         called % "")
        # A program whose path has a blank in it is no command with arguments.
        os.makedirs(self.path("my folder"))
        env["VERIFY"] = shutil.copy(container, self.path("my folder", "verify"))
        self.assertEqual(self.call("bash", scripts + "/run_local.sh", "2", "--quiet", env=env),
                         "<container><--quiet><>")
        env["VERIFY"] = "absent exec verify.sif verify"
        self.assertIn("absent: no such program",
                      self.call("bash", scripts + "/job.sh", env=env, code=2))

    def test_a_batch_script_is_run_as_a_copy(self):
        """As Slurm runs it: from a folder of its own, with the program on PATH."""
        self.program("srun", SRUN)
        env = {"PATH": ":".join((self.folder, self.installed("bin"), os.environ["PATH"])),
               "SLURM_JOB_ID": "7", "SLURM_SUBMIT_DIR": self.folder, "VERIFY": "",
               "VERIFY_HOME": ""}
        copy = shutil.copy(self.installed("share", "verify-labels", "slurm", "verify_cpu.sbatch"),
                           self.path("slurm_script"))
        self.assertRegex(self.call("bash", copy, "--version", env=env), r"^verify \d")
        home = dict(env, PATH=self.folder + ":" + os.environ["PATH"],
                    VERIFY_HOME=self.installed("share", "verify-labels"))
        self.assertRegex(self.call("bash", copy, "--version", env=home), r"^verify \d")


class Recipes(Case):
    """What is built from elsewhere, as far as it can be checked without the tools it is for."""

    def test_shell_parts(self):
        for name, pattern in (("Containerfile", r"^RUN ((?:.*\\\n)*.*)"),
                              ("verify.def", r"^%(?:post|test|runscript)\n((?:    .*\n)+)")):
            with open(os.path.join(PACKAGING, name)) as file:
                parts = re.findall(pattern, file.read(), re.M)
            self.assertGreater(len(parts), 1)
            for part in parts:
                subprocess.run(["bash", "-n"], input=part, text=True, check=True)

    # What Spack calls a line of packages/build.txt.
    SPACK = {"build-essential": "c", "cmake": "cmake", "pkg-config": "pkgconfig",
             "libopenmpi-dev | libmpich-dev": "mpi", "libdnnl-dev": "onednn", "libprotobuf-c-dev": "protobuf-c",
             "protobuf-c-compiler": "protobuf-c", "libyaml-dev": "libyaml", "libjson-c-dev": "json-c",
             "libjpeg-dev": "jpeg", "libpng-dev": "libpng", "libwebp-dev": "libwebp", "libtiff-dev": "libtiff",
             "libzip-dev": "libzip", "zlib1g-dev": "zlib-api"}

    def spack_recipe(self):
        """The recipe's class, and what it tells Spack, for which something stands in that writes it down."""
        told = []

        class Package:
            def define(self, name, value):
                return "-D%s=%s" % (name, ";".join(value))

            def define_from_variant(self, name, variant):
                return "-D%s=%s" % (name, "ON" if self.spec.satisfies("+" + variant) else "OFF")

        package = types.ModuleType("spack.package")
        for name in ("license", "version", "depends_on", "conflicts"):
            setattr(package, name, lambda *said, directive=name, **more: told.append((directive, said, more)))
        package.CMakePackage, package.CudaPackage = Package, type("CudaPackage", (), {})
        package.__all__ = [name for name in vars(package) if not name.startswith("_")]
        with mock.patch.dict(sys.modules, {"spack": types.ModuleType("spack"),
                                           "spack.package": package}):
            return runpy.run_path(os.path.join(PACKAGING, "spack", "package.py"))["VerifyLabels"], told

    def test_spack_needs_what_the_build_needs(self):
        _, told = self.spack_recipe()
        with open(os.path.join(ROOT, "packages", "build.txt"), encoding="utf-8") as file:
            lines = [line.split("#")[0].strip() for line in file]
        wanted = {self.SPACK[line] for line in lines if line}
        found = {re.match("[a-z0-9-]+", said[0])[0] for directive, said, _ in told if directive == "depends_on"}
        self.assertEqual(found, wanted | {"cxx", "cudnn"})  # the two for CUDA
        for directive, said, more in told:
            self.assertEqual(len(said), 1)
            self.assertLessEqual(set(more), {"type", "when", "msg"} if directive != "version" else set())
            self.assertIn(more.get("when", "+cuda"), ("+cuda",))
            self.assertIn(more.get("type", "build"), ("build",))
        with open(os.path.join(ROOT, "CMakeLists.txt"), encoding="utf-8") as file:
            least = re.search(r"cmake_minimum_required\(VERSION ([0-9.]+)\)", file.read())[1]
        self.assertIn("cmake@%s:" % least, [said[0] for _, said, _ in told])

    def test_spack_gives_options_that_there_are(self):
        built = self.spack_recipe()[0]()
        built.spec = mock.Mock(variants={"cuda_arch": mock.Mock(value=("80", "90"))})
        built.spec.satisfies = lambda spec: spec == "+cuda"
        self.assertEqual(built.cmake_args(),
                         ["-DVERIFY_CUDA=ON", "-DVERIFY_CUDA_ARCHITECTURES=80;90"])
        built.spec.satisfies = lambda spec: False
        self.assertEqual(built.cmake_args(), ["-DVERIFY_CUDA=OFF"])
        there = ""
        for name in ("cmake/cuda_wanted.cmake", "cuda/architectures.cmake"):
            with open(os.path.join(ROOT, name), encoding="utf-8") as file:
                there += file.read()
        for option in ("VERIFY_CUDA", "VERIFY_CUDA_ARCHITECTURES"):
            self.assertRegex(there, r"set\(%s \S+ CACHE STRING" % option)


if __name__ == "__main__":
    main()
