"""Pictures that are small as files and large otherwise: their memory, their time, and how soon a run
that is stopped lets go of them."""

import os
import resource
import shutil
import signal
import struct
import subprocess
import time
import zlib

from harness import Case, DATA, MODEL, VERIFY, end, main

# Seconds of CPU time from TERM to the end. Those of the clock are the machine's, too; and the rest of
# any of these pictures takes twice as much.
SOON = 0.5


def cpu_of(process):
    """Seconds of CPU time so far."""
    with open("/proc/%d/stat" % process.pid) as file:
        times = file.read().rpartition(")")[2].split()[11:13]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def cpu_of_children():
    """Of all that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def png(side, blocks=None, depth=8, kind=0):
    """A square PNG. `blocks`: the compressed pixels are so many times 16 MiB, without an end."""
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    if blocks:
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        block = deflate.compress(bytes(16 << 20)) + deflate.flush(zlib.Z_FULL_FLUSH)
        data = b"\x78\x01" + block * blocks
    else:
        data = zlib.compress(bytes((side + 1) * side), 9)
    header = struct.pack(">IIBBBBB", side, side, depth, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def segment(marker, body):
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def packed(text):
    """Bits as the data of a scan."""
    text += "1" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")


def progressive(side, refinements=13):
    """A gray JPEG of 64 * (refinements + 1) scans: each coefficient of a block for itself, bit after
    bit. Those of AC coefficients say in a few bytes that nothing changes."""
    blocks = (side // 8) ** 2
    steps = [(0, refinements)] + [(low + 1, low) for low in range(refinements - 1, -1, -1)]
    nothing = packed(("0" + "1" * 14) * -(-blocks // 32767))
    scans = []
    for k in range(64):
        for high, low in steps:
            scans.append(segment(0xDA, bytes([1, 1, 0, k, k, high << 4 | low])))
            scans.append(nothing if k else bytes(blocks // 8 + 1))
    one_code = bytes([1] + [0] * 15)
    return (b"\xff\xd8" + segment(0xDB, b"\0" + b"\1" * 64)
            + segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0")
            + segment(0xC4, b"\0" + one_code + b"\0") + segment(0xC4, b"\x10" + one_code + b"\xe0")
            + b"".join(scans) + b"\xff\xd9")


class Pictures(Case):
    def setUp(self):
        super().setUp()
        self.images = os.path.join(self.dataset(pictures=2), "images")

    def put(self, name, content):
        with open(os.path.join(self.images, name), "wb") as file:
            file.write(content)

    def start(self, *flags):
        shutil.rmtree(self.path("output"), ignore_errors=True)
        process = subprocess.Popen(
            [VERIFY, "--model", MODEL, "--data", self.path("data"), "--imgsz", "64", *flags],
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        self.addCleanup(end, process)
        return process

    def peak(self, *flags):
        """MiB of memory at most of a run that ends well."""
        process = self.start(*flags)
        process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0, process.stderr.read())
        return used.ru_maxrss / 1024

    def failed(self):
        return {os.path.basename(entry["image"]): entry["reason"]
                for entry in self.report()["failed_images"]}

    def test_memory(self):
        """However many are read at a time, pictures take what they may take together."""
        threads = ("--threads", "24")  # 4 readers
        least = self.peak(*threads)
        large = png(6000)  # 103 MiB of pixels
        for i in range(12):
            self.put("large%d.png" % i, large)
        most = self.peak(*threads, "--image-memory", "220")
        self.assertLess(most - least, 260)
        self.assertEqual(self.failed(), {})
        self.peak(*threads, "--image-memory", "64")
        failed = self.failed()
        self.assertEqual(len(failed), 12)
        self.assertEqual(self.report()["total_images"], 14)
        for reason in failed.values():
            self.assertRegex(reason, r"needs 10\d MiB .* more than the 64 MiB .*--image-memory")

    def test_many_scans(self):
        """They would go through the pixels of this one 896 times."""
        self.put("scans.jpg", progressive(4096))
        before = cpu_of_children()
        self.peak("--threads", "1")
        self.assertLess(cpu_of_children() - before, 3)
        self.assertEqual(list(self.failed()), ["scans.jpg"])
        self.assertIn("its scans go through all pixels more than 12 times",
                      self.failed()["scans.jpg"])

    def seconds_to_stop(self):
        ended = cpu_of_children()
        process = self.start("--threads", "1", "--image-memory", "4096")
        while "Processing" not in process.stdout.readline():
            self.assertIsNone(process.poll())
        time.sleep(0.5)
        used = cpu_of(process)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 143)
        return cpu_of_children() - ended - used

    def test_stopped_within_a_picture(self):
        shutil.rmtree(self.images)
        os.makedirs(self.images)
        pictures = {
            "large.png": png(16384, blocks=128, depth=16, kind=6),
            "scans.jpg": progressive(16384, refinements=1),
        }
        os.makedirs(self.path("data", "labels"), exist_ok=True)
        for name, content in pictures.items():
            with self.subTest(name):
                for i in range(4):  # one after the other
                    self.put("%d-%s" % (i, name), content)
                    with open(self.path("data/labels/%d-%s.txt" % (i, name[:-4])), "w"):
                        pass
                self.assertLess(self.seconds_to_stop(), SOON)
                for file in os.listdir(self.images):
                    os.remove(os.path.join(self.images, file))


if __name__ == "__main__":
    main()
