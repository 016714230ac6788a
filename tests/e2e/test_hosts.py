"""Several hosts without Slurm: mpirun starts ranks on two host names of this machine."""

import os
import subprocess
import unittest

from harness import Case, DATA, IS_OPEN_MPI_4, MODEL, VERIFY, main

# mpirun's remote shell: "HOST COMMAND..." in a namespace that has this host name.
REMOTE_SHELL = """#!/usr/bin/env bash
host=$1
shift
exec {unshare} bash -c 'hostname "$0" && exec bash -c "$*"' "$host" "$@"
"""

UNSHARE = ["unshare", "--uts"]
if os.getuid() != 0:
    UNSHARE += ["--user", "--map-current-user", "--keep-caps"]


def permitted():
    try:
        return subprocess.run(UNSHARE + ["hostname", "alpha"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0
    except FileNotFoundError:
        return False


@unittest.skipUnless(IS_OPEN_MPI_4, "only Open MPI 4's mpirun starts hosts over loopback")
@unittest.skipUnless(permitted(), "a host name of one's own (unshare --uts) is not permitted here")
class Hosts(Case):
    def run_on(self, hosts, *flags, code=0):
        shell = self.path("remote-shell")
        with open(shell, "w") as file:
            file.write(REMOTE_SHELL.format(unshare=" ".join(UNSHARE)))
        os.chmod(shell, 0o755)
        command = ["mpirun", "--mca", "plm", "rsh", "--mca", "plm_rsh_agent", shell,
                   "--mca", "plm_rsh_no_tree_spawn", "1", "--mca", "oob_tcp_if_include", "lo",
                   "--mca", "btl_tcp_if_include", "lo", "--host", hosts, VERIFY,
                   *[str(f) for f in flags]]
        done = subprocess.run(command, cwd=self.folder, timeout=120,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, universal_newlines=True)
        self.assertEqual(done.returncode, code, done.stdout)
        return done.stdout

    def test_two_hosts_give_what_one_process_gives(self):
        self.verify_demo("--output", "alone", ranks=0)
        out = self.run_on("alpha:2,beta:1", "--model", MODEL, "--data",
                          os.path.join(DATA, "data.yaml"), "--imgsz", 256)
        self.assertIn("Using 3 CPU processes", out)
        self.assertEqual([r["host"] for r in self.report()["per_rank"]], ["alpha", "alpha", "beta"])
        self.assertEqual(self.tree(), self.tree("alone"))
        images = self.report()["per_rank"][2]["images"]
        with open(self.path("output", "logs", "gpu2.log"), encoding="utf-8") as file:
            log = file.read()
        self.assertIn("[CPU 2] Processing 66 images", log)
        self.assertIn("[CPU 2] ✓ Complete! Processed %d images" % images, log)

    def test_an_error_is_said_once_and_ends_all_hosts(self):
        out = self.run_on("alpha:1,beta:1", "--model", "absent.onnx", "--data", DATA, code=2)
        self.assertEqual(out.count("verify: error: "), 1)


if __name__ == "__main__":
    main()
