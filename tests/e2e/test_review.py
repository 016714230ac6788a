"""The review page: made by a run or by `verify review`, the same whoever makes it, and only whole."""

import json
import os
import resource
import shutil
import signal
import subprocess
import time

from harness import DATA, MODEL, VERIFY, end, main
from resume_case import ResumeCase


class Review(ResumeCase):
    def page(self, output="output"):
        """{path: bytes} of a page; None: there is none that could be opened."""
        base = self.path(output, "review")
        if not os.path.exists(os.path.join(base, "index.html")):
            return None
        found = {}
        for folder, _, files in os.walk(base):
            for name in files:
                with open(os.path.join(folder, name), "rb") as file:
                    found[os.path.relpath(os.path.join(folder, name), base)] = file.read()
        return found

    def data(self, kind, output="output"):
        """What the page's scripts of a kind hold."""
        items = []
        for name, content in sorted(self.page(output).items()):
            if name.startswith("data/" + kind):
                text = content.decode()
                number = text.split(", ", 2)[1]
                self.assertTrue(text.startswith('page_data("%s", %s, ' % (kind, number)), text[:50])
                self.assertTrue(text.endswith(");\n"))
                value = json.loads(text.split(", ", 2)[2][:-3])
                items += value if kind != "run" else [value]
        return items

    def review(self, *flags, output="output", **options):
        return self.run_verify("review", output, *flags, **options)

    # --- by whom

    def test_same_by_any_number_of_ranks(self):
        pages = []
        for ranks in (1, 3):
            output = "o%d" % ranks
            out = self.verify_demo("--output", output, ranks=ranks)
            self.assertIn("\n  Review: %s/review/index.html\n" % self.path(output), out)
            pages.append(self.page(output))
        run = [page.pop("data/run.js") for page in pages]
        self.assertEqual(pages[0].keys(), pages[1].keys())
        for name, content in pages[0].items():
            self.assertEqual(content, pages[1][name], name)
        pages[0]["data/run.js"] = run[0]
        for ranks in (0, 2, 5):
            shutil.rmtree(self.path("o1", "review"))
            out = self.review(output="o1", ranks=ranks)
            self.assertEqual(out, "Review: %s/review/index.html\n" % self.path("o1"))
            self.assertEqual(self.page("o1"), pages[0])
        self.assertEqual(sorted(os.listdir(self.path("o1", ".verify"))), ["evidence", "manifest", "run.json", "sketches"])
        # Over one that is there; quiet.
        self.assertEqual(self.review("--quiet", output="o1"), "")
        self.assertEqual(self.page("o1"), pages[0])

    def test_what_it_holds(self):
        self.verify_demo()
        findings, images, records = self.data("findings"), self.data("images"), self.records()
        run = self.data("run")[0]
        doubted = [b for r in records for b in r["boxes"] if b["verdict"] != "correct"]
        missing = [m for r in records for m in r["missing"]]
        shown = len([f for f in findings if f["kind"] == "box"])
        paired = len([f for f in findings if "other" in f])
        self.assertTrue(len(doubted) - paired <= shown <= len(doubted))
        self.assertEqual(len([f for f in findings if f["kind"] == "missing"]), len(missing))
        self.assertEqual((run["n_findings"], run["n_images"]), (len(findings), len(images)))
        self.assertEqual(run["n_all"], len(findings))
        strong = [f["score"] for f in findings if f["reason"] not in ("weak", "unknown_class")]
        self.assertEqual(strong, sorted(strong))
        named = {r["image"]: r for r in records}
        self.assertEqual(sorted(f["cell"] for f in findings), list(range(len(findings))))
        for finding in findings:
            image = images[finding["image"]]
            record = named[image["name"]]
            self.assertEqual(len(image["boxes"]), len(record["boxes"]))
            if finding["kind"] == "box":
                with open(os.path.join(DATA, record["label"])) as file:
                    self.assertEqual(finding["text"], file.read().splitlines()[finding["line"] - 1])
            picture = os.path.join(self.path("output", "review"), image["picture"])
            self.assertTrue(os.path.samefile(picture, os.path.join(DATA, image["name"])))
            x, y, w, h = finding["crop"]
            self.assertAlmostEqual(w * record["width"], h * record["height"], delta=.01)
            for box in [finding["xywhn"]] + [b for b in [finding.get("refined")] if b]:
                self.assertTrue(x <= box[0] - box[2] / 2 + 1e-5 and box[0] + box[2] / 2 <= x + w + 1e-5)
                self.assertTrue(y <= box[1] - box[3] / 2 + 1e-5 and box[1] + box[3] / 2 <= y + h + 1e-5)
        self.assertEqual(run["classes"], [c["name"] for c in self.report()["per_class"]])
        self.assertEqual(run["report"]["mislabeled"], self.report()["mislabeled"])

    def test_fewer_and_none(self):
        self.verify_demo("--review", 7)
        few, run = self.data("findings"), self.data("run")[0]
        self.assertEqual(len(few), 7)
        self.assertGreater(run["n_all"], 7)
        self.review()
        self.assertEqual([f["score"] for f in self.data("findings")[:7]], [f["score"] for f in few])
        self.review("--review", 0)
        self.assertFalse(os.path.exists(self.path("output", "review")))
        out = self.verify_demo("--review", 0, "--overwrite")
        self.assertNotIn("Review:", out)
        self.assertFalse(os.path.exists(self.path("output", "review")))

    # --- interruptions

    def test_interrupted_and_resumed(self):
        self.interrupt(self.start(), 20, signal.SIGTERM)
        self.assertFalse(os.path.exists(self.path("output", "review")))
        self.review(code=2)
        self.assertIn("--resume", self.stderr)
        self.assertFalse(os.path.exists(self.path("output", "review")))
        out = self.finish(ranks=3)
        self.assertIn("  Review: ", out)
        self.check_result()

    def test_interrupted_while_the_page_is_made(self):
        """The run is complete, and there is no half of a page."""
        for _ in range(10):
            self.clear()
            process = subprocess.Popen([VERIFY, *self.FLAGS], cwd=self.folder,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            self.addCleanup(end, process)
            while process.poll() is None:
                try:
                    with open(self.path("output", ".verify", "run.json"), encoding="utf-8") as file:
                        if '"complete"' in file.read():
                            break
                except FileNotFoundError:
                    pass
                time.sleep(.001)
            time.sleep(.01)
            process.send_signal(signal.SIGTERM)
            _, error = process.communicate(timeout=60)
            if "the run is complete" in error:
                break
        self.assertEqual(process.returncode, 143)
        self.assertIn("the run is complete", error)
        self.assertIn("verify review " + self.path("output"), error)
        self.assertIsNone(self.page())
        self.run_verify(*self.FLAGS, "--resume", ranks=1)
        self.assertIn("is complete", self.stdout)
        self.review()
        self.check_result()

    def test_a_page_that_is_not_true_any_more(self):
        """Images that failed are tried again: until that is done there is no page."""
        data = self.dataset(pictures=12)
        first = os.path.join(data, "images", sorted(os.listdir(os.path.join(data, "images")))[0])
        os.rename(first, first + ".kept")
        with open(first, "wb") as file:
            file.write(b"no picture")
        flags = ("--model", MODEL, "--data", data, "--imgsz", 256)
        self.run_verify(*flags)
        before = self.page()
        os.rename(first + ".kept", first)
        self.run_verify(*flags, "--resume")
        self.assertEqual(self.report()["images"]["failed"], 0)
        self.assertIsNotNone(self.page())
        self.assertNotEqual(self.page()["data/run.js"], before["data/run.js"])

    # --- pictures

    def test_pictures_that_are_gone(self):
        data = self.dataset(pictures=20)
        self.verify_demo("--place", "none", data=data)
        whole = self.page()
        self.assertTrue(all("crop" in f for f in self.data("findings")))
        self.assertFalse(any("picture" in i for i in self.data("images")))
        lost = self.data("images")[0]["name"]
        os.remove(os.path.join(data, lost))
        self.review()
        for finding in self.data("findings"):
            self.assertEqual("crop" in finding, finding["image"] != 0)
        # Moved to another place, with what was lost.
        os.rename(data, self.path("moved"))
        shutil.copy(os.path.join(DATA, lost), self.path("moved", lost))
        self.review()
        self.assertFalse(any("crop" in f for f in self.data("findings")))
        self.review("--data", self.path("moved"))
        self.assertEqual(self.page(), whole)

    def test_placed_otherwise(self):
        """Crops and labels are the same, however images were placed."""
        data = self.dataset(pictures=20)
        pages = {}
        for mode in ("hardlink", "symlink", "copy", "none"):
            self.verify_demo("--place", mode, "--output", mode, data=data)
            pages[mode] = self.page(mode)
            images = self.data("images", mode)
            self.assertEqual([("picture" in i) for i in images], [mode != "none"] * len(images))
        for mode in ("symlink", "copy", "none"):
            for name in ("data/findings-000.js", "sheets/000.jpg"):
                self.assertEqual(pages[mode][name], pages["hardlink"][name], (mode, name))
        # The output's own are enough.
        shutil.rmtree(data)
        self.review(output="copy")
        self.assertEqual(self.page("copy"), pages["copy"])
        self.review(output="none")
        self.assertFalse(any("text" in f for f in self.data("findings", "none")))

    # --- names, and what is in the way

    def test_hostile_names(self):
        data = self.path("data")
        names = ["plain.jpg", "</script><script>alert(1)<", "/script>.jpg", "a'\"&<b>\\.jpg",
                 "\u202egpj.exe.jpg", "\U0001f600 \u2028.jpg", "%2e%2e#?.jpg", " lead.jpg"]
        names = ["plain.jpg", "<" + "/script><script>alert(1)<" + "/script>.jpg", *names[3:]]
        for i, name in enumerate(names):
            for kind, suffix in (("images", ".jpg"), ("labels", ".txt")):
                path = os.path.join(data, kind, os.path.splitext(name)[0] + suffix)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                source = [f for f in sorted(os.listdir(os.path.join(DATA, "images"))) if f.endswith(".jpg")][i]
                shutil.copy(os.path.join(DATA, kind, os.path.splitext(source)[0] + suffix), path)
                if kind == "labels":
                    with open(path, "a") as file:
                        file.write("9 .5 .5 .3 .3 </script>\n0 .2 .2 .1 .1\n0 .2 .2 .1 .1\n")
        with open(os.path.join(data, "data.yaml"), "w") as file:
            file.write("train: images\nnames: ['<img src=x onerror=alert(1)>', one, two, three, four, five, six,"
                       " seven, eight, '</script>']\n")
        self.verify_demo(data=os.path.join(data, "data.yaml"), ranks=3)
        page = self.page()
        for name, content in page.items():
            if name.endswith(".js"):
                self.assertNotIn(b"<", content, name)
                self.assertNotIn("\u2028", content.decode(), name)
        self.assertEqual(self.data("run")[0]["classes"][0], "<img src=x onerror=alert(1)>")
        self.assertEqual({i["name"] for i in self.data("images")}, {"images/" + n for n in names})
        self.assertTrue(any(f["reason"] == "invalid" and "</script>" in f["text"] for f in self.data("findings")))
        self.assertTrue(all("crop" in f for f in self.data("findings")))
        self.review()
        self.assertEqual(self.page(), page)

    def test_what_somebody_has_changed(self):
        self.verify_demo(data=self.dataset(pictures=12))
        before = self.page()
        mine = self.path("output", "review", "decisions.jsonl")
        with open(mine, "w") as file:
            file.write("mine")
        self.review()
        with open(self.path("output", "review", "index.html"), "a") as file:
            file.write("mine")
        self.review(code=2)
        self.assertIn("review/index.html is in the way", self.stderr)
        self.assertEqual(self.page().keys(), {*before, "decisions.jsonl"})
        self.verify_demo("--overwrite", data=self.path("data"), code=2)
        self.assertIn("review/index.html", self.stderr)
        os.remove(self.path("output", "review", "index.html"))
        self.verify_demo("--overwrite", data=self.path("data"))
        self.assertTrue(os.path.exists(mine))
        self.assertEqual(self.page().keys(), {*before, "decisions.jsonl"})

    def test_a_disk_that_is_full(self):
        """A run without a page, and a page that could not be replaced, are what they were."""
        data = self.dataset(pictures=12)
        flags = [VERIFY, "--model", MODEL, "--data", data, "--imgsz", "256"]

        def limited(begun, *command):
            """Of whose files none grows beyond a limit once `begun` is there."""
            process = subprocess.Popen(command, cwd=self.folder, restore_signals=False, text=True,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.addCleanup(end, process)
            while process.poll() is None and not os.path.exists(self.path("output", begun)):
                time.sleep(.001)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (60000, 60000))
            return process.communicate(timeout=120)[0], process.returncode
        out, code = limited(".verify/journal.0.0", *flags)
        self.assertEqual(code, 0, out)
        self.assertIn("WARNING: the review page was not made: ", out)
        self.assertIn("verify review " + self.path("output"), out)
        self.assertNotIn("  Review:", out)
        self.assertIn("verification complete!", out)
        self.assertIsNone(self.page())
        self.assertEqual(sorted(os.listdir(self.path("output", ".verify"))), ["evidence", "manifest", "run.json", "sketches"])
        self.review()
        before = self.page()
        out, code = limited(".verify/lock", VERIFY, "review", "output")
        self.assertEqual(code, 1, out)
        self.assertEqual(self.page(), before)
        self.assertEqual(sorted(os.listdir(self.path("output", ".verify"))), ["evidence", "manifest", "run.json", "sketches"])

    def test_no_run(self):
        os.makedirs(self.path("empty"))
        for output in ("nowhere", "empty", DATA):
            self.review(output=output, code=2)
            self.assertIn("is not the output folder of a run", self.stderr)
        self.assertEqual(os.listdir(self.path("empty")), [])
        self.assertFalse(os.path.exists(self.path("nowhere")))
        self.run_verify("review", code=2)


if __name__ == "__main__":
    main()
