"""The same bytes at any number of ranks and any batch; shares; no mpirun at all."""

import os

from harness import Case, main


class Ranks(Case):
    def outcome(self, output):
        report = self.report(output)
        for key in ("per_rank", "started", "finished", "elapsed_seconds", "parameters"):
            del report[key]
        return self.tree(output), report

    def test_ranks_and_batches_do_not_change_a_byte(self):
        first = None
        for ranks, batch in ((1, 1), (2, 8), (3, 1), (8, 8), (0, 1)):
            output = "out-%d-%d" % (ranks, batch)
            self.verify_demo("--output", output, "--batch", batch, "--save-json", "--save-txt",
                             ranks=ranks)
            outcome = self.outcome(output)
            first = first or outcome
            self.assertGreater(len(outcome[0]), 300)
            self.assertEqual(outcome, first, "%d ranks, batch %d" % (ranks, batch))

    def test_rectangles_do_not_depend_on_ranks_either(self):
        for ranks in (1, 3):
            self.verify_demo("--output", "rect%d" % ranks, "--rect", ranks=ranks)
        self.assertEqual(self.outcome("rect1"), self.outcome("rect3"))

    def test_more_ranks_than_images(self):
        out = self.run_on(self.dataset(pictures=3), 8)
        self.assertIn("[CPU 2] Processing 1 images", out)
        self.assertIn("[CPU 7] Processing 0 images", out)
        self.assertIn("[CPU 7] ✓ Complete! Processed 0 images", out)
        self.assertEqual(len(self.records()), 3)

    def run_on(self, data, ranks):
        return self.verify_demo(data=data, ranks=ranks)

    def test_shares_differ_by_one_at_most(self):
        with open(self.path("list.txt"), "w") as file:
            file.writelines("%06d.jpg\n" % i for i in range(258180))
        open(self.path("258000.txt"), "w").close()  # a set without any label file is refused
        out = self.verify_demo("--dry-run", data=self.path("list.txt"), ranks=8)
        for rank in range(8):
            self.assertIn("[CPU %d] Processing %d images" % (rank, 32273 if rank < 4 else 32272), out)
        self.assertIn("Images that cannot be opened: 258180", out)

    def test_more_than_one_round(self):
        """The list and the merged records travel in rounds, of 4 MiB and 32768 images."""
        names = ["%s/%06d.jpg" % ("absent" * 20, i) for i in range(40000)]
        with open(self.path("list.txt"), "w") as file:
            file.writelines(name + "\n" for name in names)
        os.mkdir(self.path("absent" * 20))
        open(self.path(names[0].replace(".jpg", ".txt")), "w").close()
        self.verify_demo(data=self.path("list.txt"), ranks=3, code=1)  # none can be read
        self.assertEqual([record["image"] for record in self.records()], names)
        self.assertEqual(self.report()["images"]["failed"], len(names))
        self.assertEqual([f["image"] for f in self.report()["failed_images"]], names)


if __name__ == "__main__":
    main()
