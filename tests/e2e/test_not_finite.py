"""Models whose numbers are none: damaged files, trainings that diverged."""

import os
import struct

from harness import Case, MODEL, main

FIRST, SCORES = "onnx::Conv_940", "score.1.2.bias"


def with_number(name, number):
    """The demo's model with the first number of one of its constants changed."""
    with open(MODEL, "rb") as file:
        content = bytearray(file.read())
    key = b"\x42" + bytes([len(name)]) + name.encode() + b"\x4a"  # the name, then the raw data
    at = content.index(key) + len(key)
    while content[at] & 0x80:  # the data's length
        at += 1
    struct.pack_into("<f", content, at + 1, number)
    return bytes(content)


class NotFinite(Case):
    def model(self, name, number):
        with open(self.path("m.onnx"), "wb") as file:
            file.write(with_number(name, number))
        return self.path("m.onnx")

    def verify(self, model, *flags, **options):
        return self.run_verify("--model", model, "--data", self.folder, "--imgsz", 128, "--device",
                               "cpu", *flags, **options)

    def line(self, most=1):
        """The line that says what is wrong: one, or one of each rank that found it."""
        lines = [line for line in (self.stdout + self.stderr).splitlines() if "finite" in line]
        self.assertIn(len(lines), range(1, most + 1), self.stdout + self.stderr)
        self.assertEqual(len(set(line.partition(":")[0] for line in lines)), len(lines))
        return lines[0]

    def setUp(self):
        super().setUp()
        self.dataset(pictures=8)

    def test_weights(self):
        for name in FIRST, SCORES:
            for number in float("nan"), float("inf"), float("-inf"):
                model = self.model(name, number)
                self.verify(model, code=2)
                self.assertIn(model + ": operator Conv, node '", self.line())
                self.assertFalse(os.path.exists(self.path("output")))
        self.verify(self.model(FIRST, float("nan")), "--inspect", code=2, ranks=0)

    def test_what_they_make_of_a_picture(self):
        """Weights that are numbers, but of which sums are not."""
        for ranks in 1, 3:
            self.verify(self.model(SCORES, 3e38), "--overwrite", ranks=ranks)  # a number yet
            self.verify(self.model(FIRST, 3e38), "--overwrite", ranks=ranks, code=1)
            self.assertRegex(self.line(ranks), r"images/\w+\.(jpg|png): .*--overwrite.*another checkpoint")
            self.assertNotIn("--resume", self.stdout + self.stderr)
            self.assertFalse(os.path.exists(self.path("output", "verification_report.json")))


if __name__ == "__main__":
    main()
