"""A Slurm cluster of two nodes on this machine, for tests.

Each node is a slurmd with a host name and a process tree of its own (namespaces), so that ending
one process ends the node. Everything lies in one folder and listens on the loopback alone; nothing
outlives the test, not even one that is killed.
"""

import ctypes
import getpass
import os
import shutil
import signal
import socket
import subprocess
import time

NODES = ("alpha", "beta")
PROGRAMS = ("munged", "slurmctld", "slurmd", "srun", "sbatch", "scancel", "scontrol", "unshare")
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"

CONFIG = """
ClusterName=verify
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n/spool
TmpFS={folder}/%n/tmp
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
MailProg=/bin/true
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1
GresTypes=gpu
ReturnToService=2
SlurmdTimeout=6
KillWait=4
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=all Nodes=ALL Default=YES PriorityTier=1
PartitionName=urgent Nodes=ALL PriorityTier=2 PreemptMode=OFF
"""


def die_with_parent():
    """In a child, before exec: SIGKILL when the test's process is gone."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def namespaces():
    """The command that gives a process a host name and a process tree of its own."""
    command = ["unshare"]
    if os.getuid() != 0:
        command += ["--user", "--map-current-user", "--keep-caps"]
    return command + ["--uts", "--pid", "--mount-proc", "--fork", "--kill-child"]


def missing():
    """What the cluster needs and this machine lacks, in words; None: nothing."""
    absent = [p for p in PROGRAMS if not shutil.which(p, path=PATH)]
    if absent:
        return "not installed: " + ", ".join(absent)
    if subprocess.run(namespaces() + ["hostname", "alpha"], stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL).returncode != 0:
        return "namespaces are not permitted here"
    return None


class Cluster:
    """Call stop() in any case, also where start() failed."""

    def __init__(self, folder):
        self.folder = folder
        self.daemons = {}
        self.ports = free_ports(1 + len(NODES))
        self.env = dict(os.environ, PATH=PATH, SLURM_CONF=self.path("slurm.conf"),
                        OMPI_MCA_btl_tcp_if_include="lo", OMPI_MCA_oob_tcp_if_include="lo",
                        # another cluster's nodes have the same names, in the same /dev/shm
                        OMPI_MCA_btl_vader_backing_directory=self.path("shared"),
                        OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def start(self):
        self.configure()
        self.daemon("munged", ["munged", "--foreground", "--force", "--num-threads=2",
                               "--socket=" + self.path("munge.socket"),
                               "--key-file=" + self.path("munge", "key"),
                               "--log-file=" + self.path("munge", "log"),
                               "--pid-file=" + self.path("munge", "pid"),
                               "--seed-file=" + self.path("munge", "seed")])
        self.wait(lambda: os.path.exists(self.path("munge.socket")), 10, "munged")
        self.daemon("slurmctld", ["slurmctld", "-D"])
        for node in NODES:
            self.start_node(node)
        self.wait_for_nodes()

    def configure(self):
        os.makedirs(self.path("munge"), 0o700)
        os.makedirs(self.path("state"))
        os.makedirs(self.path("shared"))
        for node in NODES:
            os.makedirs(self.path(node, "spool"))
            os.makedirs(self.path(node, "tmp"))
        with open(self.path("munge", "key"), "wb") as key:
            os.fchmod(key.fileno(), 0o600)
            key.write(os.urandom(128))
        with open(self.path("slurm.conf"), "w") as file:
            for node, port in zip(NODES, self.ports[1:]):
                file.write("NodeName=%s NodeHostname=%s NodeAddr=127.0.0.1 Port=%d CPUs=4 "
                           "Gres=gpu:2\n" % (node, node, port))
            file.write(CONFIG.format(host=socket.gethostname(), controller=self.ports[0],
                                     user=getpass.getuser(), folder=self.folder))
        with open(self.path("gres.conf"), "w") as file:
            file.write("Name=gpu File=/dev/null,/dev/zero\n")
        with open(self.path("cgroup.conf"), "w") as file:
            file.write("CgroupPlugin=cgroup/v1\n")

    def daemon(self, name, command):
        with open(self.path(name + ".out"), "ab") as out:
            self.daemons[name] = subprocess.Popen(command, env=self.env, stdin=subprocess.DEVNULL,
                                                  stdout=out, stderr=out, cwd=self.folder,
                                                  preexec_fn=die_with_parent)

    def start_node(self, name):
        self.daemon(name, namespaces() + ["bash", "-c", "hostname %s && exec slurmd -D" % name])

    def kill_node(self, name):
        """Its slurmd and all that it runs are gone at once, as in a power failure."""
        self.daemons[name].kill()
        self.daemons.pop(name).wait()

    def stop(self):
        for name in reversed(list(self.daemons)):
            self.daemons[name].kill()
        for daemon in self.daemons.values():
            daemon.wait()

    def wait(self, condition, seconds, what):
        end = time.time() + seconds
        while not condition():
            if time.time() > end:
                raise AssertionError("%s: not within %d s\n%s" % (what, seconds, self.logs()))
            time.sleep(0.1)

    def wait_for_nodes(self):
        self.wait(lambda: self.call("sinfo", "-h", "-N", "-p", "all", "-o", "%T", check=False)
                  .split() == ["idle"] * len(NODES), 30, "the nodes")

    def logs(self):
        text = ""
        for name in ("slurmctld.log", *(os.path.join(n, "slurmd.log") for n in NODES)):
            if os.path.exists(self.path(name)):
                with open(self.path(name), errors="replace") as file:
                    text += "== %s\n%s" % (name, "".join(file.readlines()[-15:]))
        return text

    def call(self, *command, check=True, cwd=None, env=None):
        done = subprocess.run(command, env=dict(self.env, **(env or {})), cwd=cwd, timeout=60,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, universal_newlines=True)
        if check and done.returncode != 0:
            raise AssertionError("%s: %s\n%s" % (command, done.stderr, self.logs()))
        return done.stdout

    def submit(self, *arguments, cwd, env=None):
        return self.call("sbatch", "--parsable", *[str(a) for a in arguments], cwd=cwd,
                         env=env).strip()

    def job(self, number):
        """What `scontrol show job` says: {"JobState": "RUNNING", ...}."""
        text = self.call("scontrol", "--oneliner", "show", "job", number)
        return dict(word.split("=", 1) for word in text.split() if "=" in word)

    def wait_for_job(self, number, *states, seconds=60):
        """Until the job is in one of these states (none given: at its end); returns job()."""
        states = states or ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "PREEMPTED")
        self.wait(lambda: self.job(number)["JobState"] in states, seconds,
                  "job %s: %s" % (number, states))
        return self.job(number)
