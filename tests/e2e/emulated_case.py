"""What tests of the program over the emulated CUDA backend share: its records beside the CPU's."""

from harness import Case, MODEL

PICTURES = 8
EVIDENCE = ("own", "rival", "contest", "near", "margin", "shift", "ghost", "dup", "location")


class EmulatedCase(Case):
    imgsz = 96

    def flags_on(self, device, *flags, output=None, half=False):
        return ("--model", MODEL, "--data", self.path("data"), "--imgsz", self.imgsz, "--device", device,
                "--output", output or device, "--half" if half else "--no-half", *flags)

    def run_on(self, device, *flags, output=None, half=False, **options):
        return self.run_verify(*self.flags_on(device, *flags, output=output, half=half), **options)

    def assert_close(self, a, b, what, limit):
        self.assertEqual(a is None, b is None, what)
        if a is not None:
            self.assertLess(abs(a - b), limit, what)

    def assert_same_records(self, expected, actual, limits=None):
        """`limits`: of evidence, by name, where it is not 1e-3."""
        self.assertEqual([r["image"] for r in expected], [r["image"] for r in actual])
        for a, b in zip(expected, actual):
            for key in ("bucket", "error", "width", "height"):
                self.assertEqual(a.get(key), b.get(key), a["image"])
            self.assertEqual(len(a["boxes"]), len(b["boxes"]))
            self.assertEqual(len(a["missing"]), len(b["missing"]))
            for x, y in zip(a["boxes"], b["boxes"]):
                self.assertEqual((x["line"], x["verdict"], x["reason"]),
                                 (y["line"], y["verdict"], y["reason"]))
                for key in EVIDENCE:
                    self.assert_close(x[key], y[key], (a["image"], x["line"], key),
                                      (limits or {}).get(key, 1e-3))

    def assert_same_self_test(self, one, other):
        """Which errors are planted follows from names and labels, what becomes of them from evidence."""
        a, b = self.report(one)["self_test"], self.report(other)["self_test"]
        self.assertEqual(a, b)
        self.assertGreater(a["wrong_class"]["labels"], PICTURES)
        self.assertGreater(a["unseen"]["planted"] + a["duplicate"]["planted"] + a["moved"]["planted"], 0)
