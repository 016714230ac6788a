"""A worker process, seen from the driver. It is stopped by signal unless it was asked something, so that
no thread of an idle engine spins."""
import json
import os
import select
import signal
import subprocess
import sys

from child import die_with_parent

HERE = os.path.dirname(os.path.abspath(__file__))


class Failed(Exception):
    """What became of an engine."""


class Process:
    def __init__(self, module, job_path, log_path):
        self.log = open(log_path, "ab")
        self.child = subprocess.Popen([sys.executable, os.path.join(HERE, "worker.py"), module, job_path],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
                                      start_new_session=True, preexec_fn=die_with_parent)

    def signal(self, number):
        try:
            os.killpg(self.child.pid, number)
        except ProcessLookupError:
            pass

    def send(self, request):
        self.signal(signal.SIGCONT)
        try:
            self.child.stdin.write(json.dumps(request).encode() + b"\n")
            self.child.stdin.flush()
        except BrokenPipeError:
            pass                        # receive() tells

    def receive(self, seconds):
        if not select.select([self.child.stdout], [], [], seconds)[0]:
            self.signal(signal.SIGKILL)
            raise Failed("no answer within %d s" % seconds)
        line = self.child.stdout.readline()
        if not line:
            raise Failed("its process ended, exit status %s" % self.child.wait())
        self.signal(signal.SIGSTOP)
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def close(self):
        self.signal(signal.SIGCONT)
        self.child.stdin.close()
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self.child.wait()
        self.child.stdout.close()
        self.log.close()


def ask(processes, request, seconds):
    """The same of several processes at once; {"part": …} numbers them."""
    for part, process in enumerate(processes):
        process.send({**request, "part": part, "parts": len(processes)})
    return [process.receive(seconds) for process in processes]
