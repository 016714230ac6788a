"""What may go wrong with the storage of the results: the job ends with one line that says what,
where and what to do, nothing is lost, and --resume goes on once the cause is gone. Most faults are
made by tests/faults/calls.c, which makes system calls fail; full disks are small ones that are
mounted."""

import ctypes
import errno
import os
import shutil
import signal
import subprocess

from fault_case import FaultCase
from harness import children, main

CLONE_NEWNS, MS_REC, MS_PRIVATE, MS_REMOUNT = 0x20000, 0x4000, 1 << 18, 32


class Row:
    """Calls that fail: which, how, from the `at`-th on, how often (0: for ever); what is said."""

    def __init__(self, calls, number, *says, at=1, times=0, name=None, rank=None, place="hardlink",
                 do="fail"):
        self.says, self.place = says, place
        self.fault = {"CALLS": ",%s," % calls, "AT": at, "TIMES": times, "DO": do, "ERRNO": number}
        if name:
            self.fault["NAME"] = name
        if rank is not None:
            self.fault["RANK"] = rank
        self.title = "%s of %s: %s" % (calls, name, errno.errorcode[number])


WRITES = ("openat,open,write,pwrite,linkat,renameat,rename,mkdirat,unlink,unlinkat,symlinkat,"
          "ftruncate,copy_file_range")

ENDS = (
    Row("linkat", errno.ENOSPC, "takes no more entries", "spread the images", "JPEGImages/", at=3),
    Row("openat", errno.ENOSPC, "takes no more entries", "labels/", at=8, times=1,
        name="labels/"),
    Row(WRITES, errno.EROFS, "is read-only", "choose another --output", at=160),
    # Either rank may be the one that makes the folders, which is 18 calls: placing has begun at 70.
    Row(WRITES, errno.EROFS, "is read-only", at=70, rank=1),
    Row("write", errno.EDQUOT, "quota is used up", "free some space", at=7, name=".verify/"),
    Row("write", errno.EDQUOT, "quota is used up", "records.0.1", at=3, name="records.", rank=1),
    Row("write,copy_file_range", errno.EIO, "Input/output error", "labels/", name="labels/",
        times=2),
    Row("write", errno.EIO, "Input/output error", "journal.0.0", at=4, times=1, name="journal.",
        rank=0),
    Row("write", errno.EFBIG, "ulimit -f", "records.0.0", at=4, name="records.", rank=0),
    Row("copy_file_range,write", errno.EIO, "JPEGImages/", at=4, name="JPEGImages/",
        place="copy"),
    Row("fdatasync", errno.EIO, "cannot bring to the disk", ".verify/", times=1, rank=1),
    Row("syncfs", errno.EIO, "cannot bring to the disk", times=1, rank=0),
    Row("close", errno.EIO, "cannot write", "records.0.1", times=1, name="records.", rank=1),
    Row("close", errno.EDQUOT, "quota is used up", "labels/", times=1, name="labels/"),
    Row("renameat", errno.EIO, "JPEGImages/", at=5, name="JPEGImages/", place="copy"),
    Row("pwrite", errno.ENOSPC, "verification_records.jsonl", times=1),
    Row("pwrite", errno.ENOSPC, "predictions.json", times=1, name="predictions.json", rank=1),
    Row("fsync", errno.EIO, "verification_records.jsonl", times=1, name="verification_records",
        rank=1),
    Row("renameat", errno.EIO, "verification_records.jsonl", times=1,
        name="/verification_records"),
    Row("openat", errno.ENOSPC, "verification_report.json", at=3, times=1, name="o/.verify-",
        rank=0),
    Row("renameat", errno.EIO, "run.json", at=4, times=1, name="run.json", rank=0),
)

# Nothing is wrong with these: no line, and the result that there always is.
HARMLESS = (
    Row("linkat", errno.EEXIST, do="late"),
    Row("linkat", errno.EIO, do="late"),
    Row("symlinkat", errno.EEXIST, do="late", place="symlink"),
    Row("renameat", errno.ENOENT, do="late"),
    Row("renameat", errno.EIO, do="late", place="copy"),
    Row("write,pwrite,read,pread", errno.EINTR, do="short"),
    Row("write,pwrite,copy_file_range,read,pread", errno.EINTR, do="short", place="copy"),
    Row("copy_file_range", errno.EIO, place="copy"),
    Row("copy_file_range,ioctl", errno.EINVAL, place="copy"),
    Row("fcntl", errno.ENOLCK),
)


class Faults(FaultCase):
    def test_storage_faults(self):
        for row in ENDS:
            with self.subTest(row.title):
                self.clear()
                self.fails(row.fault, *row.says, place=row.place)
                self.finish(place=row.place)

    def test_harmless_faults(self):
        for row in HARMLESS:
            with self.subTest(row.title):
                self.clear()
                self.run_faulty(row.fault, place=row.place)
                self.assertNotIn("WARNING: ",
                                 self.stdout.replace("WARNING: " + self.path("data"), ""))
                self.check_result(place=row.place)

    def test_interrupted_calls(self):
        """Each second call is told to try again."""
        self.run_faulty({"CALLS": ",write,pwrite,read,pread,", "DO": "fail",
                         "ERRNO": errno.EINTR, "EVERY": 2, "TIMES": 0})
        self.check_result()

    def test_a_failed_sync_is_not_tried_again(self):
        self.fails({"CALLS": ",fdatasync,", "TIMES": 1, "RANK": 0, "DO": "fail",
                    "ERRNO": errno.EIO}, "cannot bring to the disk")
        self.assertEqual(len(self.hits()), 1)
        self.assertFalse(os.path.exists(self.path("o", "verification_report.json")))
        self.finish()

    def test_no_hard_links(self):
        for number in (errno.EPERM, errno.EXDEV, errno.EMLINK, errno.EOPNOTSUPP):
            with self.subTest(errno.errorcode[number]):
                self.clear()
                out = self.run_faulty({"CALLS": ",linkat,", "DO": "fail", "ERRNO": number,
                                       "TIMES": 0})
                self.assertEqual(out.count("symbolic links instead"), 1, out)
                self.check_result(place="symlink")

    # ---------------------------------------------------------------- real disks

    def small_disk(self, options):
        """Mounts one on the output folder, for this process and those it starts."""
        if not hasattr(FaultCase, "unshared"):
            libc = ctypes.CDLL(None, use_errno=True)
            FaultCase.unshared = (libc.unshare(CLONE_NEWNS) == 0
                                  and libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) == 0)
        os.makedirs(self.path("o"), exist_ok=True)
        if not FaultCase.unshared or subprocess.run(
                ["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.path("o")],
                stderr=subprocess.DEVNULL).returncode:
            self.skipTest("nothing can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", self.path("o")], stderr=subprocess.DEVNULL)

    def enlarge(self, options):
        subprocess.run(["mount", "-o", "remount," + options, self.path("o")], check=True)

    def test_full_disk(self):
        for size in (16, 64, 128, 192):
            with self.subTest(size):
                self.small_disk("size=%dk" % size)
                self.fails({}, "the disk is full", "free some space", place="copy")
                self.enlarge("size=64m")
                self.finish(place="copy")
                subprocess.run(["umount", self.path("o")], check=True)

    def test_no_inodes(self):
        for inodes in (8, 20, 30, 45, 60):
            with self.subTest(inodes):
                self.small_disk("size=64m,nr_inodes=%d" % inodes)
                self.fails({}, "no inodes left", "remove some files", place="symlink", code=None)
                self.enlarge("nr_inodes=10000")
                self.finish(place="symlink")
                subprocess.run(["umount", self.path("o")], check=True)

    def test_other_file_system(self):
        self.small_disk("size=64m")
        out = self.run_faulty({})
        self.assertEqual(out.count("symbolic links instead"), 1, out)
        self.check_result(place="symlink")

    # ---------------------------------------------------------------- while it runs

    def test_output_removed(self):
        process = self.start({"SLOW": 50})
        self.wait_for_images(process, 3)
        shutil.rmtree(self.path("o"), ignore_errors=True)
        stdout, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, stdout + stderr)
        self.check_error_lines(stdout + stderr, "has been removed")
        shutil.rmtree(self.path("o"), ignore_errors=True)
        self.finish()

    def test_live_run_without_locks(self):
        """Where the file system knows no locks, a run that is alive still keeps others out."""
        none = {"CALLS": ",fcntl,", "DO": "fail", "ERRNO": errno.ENOLCK, "TIMES": 0}
        process = self.start(none | {"SLOW": 100})
        self.wait_for_images(process, 1)
        ranks = children(process.pid)
        for rank in ranks:  # the other one may be slow to start
            os.kill(rank, signal.SIGSTOP)
        self.run_faulty(none, "--overwrite", code=2)
        for rank in ranks:
            os.kill(rank, signal.SIGCONT)
        self.assertIn("in use", self.stderr)
        self.assertEqual(process.wait(timeout=60), 0)
        self.check_result()


if __name__ == "__main__":
    main()
