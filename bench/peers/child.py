"""What a child process does before anything else."""
import ctypes
import signal

PR_SET_PDEATHSIG = 1    # of linux/prctl.h


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
