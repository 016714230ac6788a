"""--decode fast: pictures much larger than the network's input are not decoded whole; sizes and boxes are those of the
whole picture all the same."""

import statistics

from harness import Case, main

PICTURES = 40


class Decode(Case):
    def verify(self, output, *flags, **options):
        self.verify_demo("--imgsz", 96, "--output", output, "--place", "none", "--review", 0, *flags,
                         data=self.path("data"), **options)
        return self.records(output)

    def test_fast(self):
        self.dataset(pictures=PICTURES)
        full = self.verify("full")
        fast = self.verify("fast", "--decode", "fast", ranks=2)
        self.assertEqual(fast, self.verify("alone", "--decode", "fast", ranks=1))
        self.assertEqual(self.report("fast")["parameters"]["decode"], "fast")
        self.assertNotEqual(fast, full)
        boxes = alike = 0
        apart = []
        for a, b in zip(full, fast):
            self.assertEqual([a[key] for key in ("image", "width", "height")],
                             [b[key] for key in ("image", "width", "height")])
            for x, y in zip(a["boxes"], b["boxes"]):
                self.assertEqual(x["xywhn"], y["xywhn"])
                boxes, alike = boxes + 1, alike + (x["verdict"] == y["verdict"])
                if x["refined"] and y["refined"]:
                    apart += [u - v for u, v in zip(x["refined"], y["refined"])]
        self.assertGreater(boxes, PICTURES)
        self.assertGreater(alike / boxes, 0.95)
        self.assertGreater(len(apart), 4 * PICTURES)
        self.assertLess(statistics.median(map(abs, apart)), 0.005)
        self.assertLess(abs(statistics.mean(apart)), 0.001)

    def test_zoom_sees_all_pixels(self):
        self.dataset(pictures=8)
        self.assertEqual(self.verify("zoom", "--zoom"), self.verify("both", "--zoom", "--decode", "fast"))

    def test_small_pictures_are_as_ever(self):
        self.dataset(pictures=8)
        self.assertEqual(self.verify("full", "--imgsz", 320), self.verify("fast", "--imgsz", 320, "--decode", "fast"))


if __name__ == "__main__":
    main()
