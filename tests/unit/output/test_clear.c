/* Starting over: what a run wrote goes, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "output/clear.h"
#include "output/run_file.h"
#include "output/work_folder.h"
#include "place_fixture.h"
#include "stream_find.h"
#include "unit.h"

/* Places an image, deep/b.jpg for the name deep/b, with a label where it is to have one. */
static void place_one(const struct fixture *f, struct placer *placer, struct journal *journal,
                      uint64_t index, const char *name, bool labelled) {
    struct file_bytes label = {0};
    struct text line = {0}, predicted = {0}, tally = {0}, texts[STREAMS_MOST] = {0};
    struct journal_text announced[STREAMS_MOST] = {0};
    const size_t placed = stream_of_manifest(), records = stream_find("records");
    struct journal_entry entry = {.index = index,
                                  .bucket = BUCKET_CORRECT,
                                  .texts = texts,
                                  .announced = announced,
                                  .tally = &tally};
    char path[64];
    text_string(&predicted, "0 .1 .1 .1 .1\n");
    text_string(&texts[records], "{}\n");
    text_string(&tally, "0 0");
    snprintf(path, sizeof path, "%s.jpg", name);
    const char *image = below(f->data, path);
    file_make(image, path);
    snprintf(path, sizeof path, "%s.txt", name);
    if (labelled) {
        file_make(below(f->data, path), "0 .5 .5 .1 .1\n");
        assert_ok(file_bytes_read(below(f->data, path), 100, &label));
    }
    assert_ok(placer_announce(placer, BUCKET_CORRECT, image, &label, &predicted, &line));
    assert_ok(journal_announce(journal, placed, &line, &announced[placed]));
    assert_ok(placer_place_read(placer, BUCKET_CORRECT, image, &label));
    assert_ok(placer_predicted(placer, image, predicted.data, predicted.length));
    assert_ok(journal_add(journal, &entry));
    free(label.bytes);
    text_free(&line);
    text_free(&predicted);
    text_free(&texts[records]);
    text_free(&tally);
}

/* A run of three images, a.jpg and deep/b.jpg with labels; `finished` or killed after the last. */
static void run(const struct fixture *f, enum place_mode mode, bool finished) {
    static const char *const names[] = {"a", "deep/b", "c"};
    struct run_start start;
    struct placer *placer;
    struct journal *journal;
    const struct run_parts parts = {.common = f->data};
    assert_ok(run_file_start(f->output, &parts, false, true, &start));
    assert_ok(placer_open(f->output, f->data, mode, &placer));
    placer_stamp(placer, &start.stamp);
    assert_ok(journal_create(f->output, 0, 0, streams_wanted(NULL, NULL), &journal));
    for (uint64_t i = 0; i < 3; i++)
        place_one(f, placer, journal, i, names[i], i < 2);
    /* Whoever is killed marks nothing: what closing adds is taken back. */
    struct stat about;
    const char *lines = below(f->output, ".verify/journal.0.0");
    assert_int_equal(stat(lines, &about), 0);
    assert_ok(journal_close(&journal));
    if (!finished)
        assert_int_equal(truncate(lines, about.st_size), 0);
    placer_close(placer);
    file_make(below(f->output, "logs/verify.log"), "log");
    file_make(below(f->output, "logs/gpu12.log"), "log");
    if (!finished)
        return;
    file_make(below(f->output, "verification_report.json"), "{}");
    file_make(below(f->output, "verification_records.jsonl"), "{}");
    assert_int_equal(
        rename(below(f->output, ".verify/placed.0.0"), below(f->output, ".verify/manifest")), 0);
    assert_ok(run_file_finish(f->output, &(struct run_counts){.read_images = 3}));
}

static void clear(const struct fixture *f, uint64_t want_kept) {
    uint64_t kept;
    assert_ok(output_clear(f->output, &kept));
    assert_int_equal(kept, want_kept);
}

static void assert_refused(const struct fixture *f, const char *said) {
    uint64_t kept;
    size_t before = count_below(f->output, NULL);
    assert_int_equal(output_clear(f->output, &kept), STATUS_BAD_INPUT);
    if (!strstr(status_message(), said))
        fail_msg("\"%s\" is not in \"%s\"", said, status_message());
    assert_int_equal(count_below(f->output, NULL), before);
}

static void test_all_that_a_run_wrote(void **state) {
    struct fixture *f = *state;
    for (int mode = PLACE_HARDLINK; mode <= PLACE_NONE; mode++)
        for (int finished = 0; finished < 2; finished++) {
            run(f, (enum place_mode)mode, finished);
            assert_true(is_there(below(f->output, "predicted/deep/b.txt")));
            clear(f, 0);
            assert_int_equal(count_below(f->output, NULL), 1); /* .verify */
            assert_true(is_there(below(f->data, "a.jpg")));
        }
}

static void test_others_stay(void **state) {
    struct fixture *f = *state;
    static const char *const mine[] = {"correct/notes.txt",
                                       "correct/labels/mine.txt",
                                       "correct/JPEGImages/deep/er/mine.jpg",
                                       "logs/events.out",
                                       "logs/gpu.log",
                                       "predicted/mine.txt",
                                       ".verify/mine",
                                       "labels/a.txt"};
    run(f, PLACE_HARDLINK, true);
    for (size_t i = 0; i < sizeof mine / sizeof *mine; i++)
        file_make(below(f->output, mine[i]), "mine");
    clear(f, 0);
    for (size_t i = 0; i < sizeof mine / sizeof *mine; i++)
        assert_file(below(f->output, mine[i]), "mine");
    assert_false(is_there(below(f->output, "correct/JPEGImages/a.jpg")));
    assert_false(is_there(below(f->output, "correct/labels/deep")));
    assert_false(is_there(below(f->output, "logs/verify.log")));
    assert_false(is_there(below(f->output, "mislabeled")));
}

static void test_changed_label(void **state) {
    struct fixture *f = *state;
    const char *label = below(f->output, "correct/labels/deep/b.txt");
    for (int finished = 0; finished < 2; finished++) {
        run(f, PLACE_HARDLINK, finished);
        file_make(label, "0 .4 .5 .1 .1\n"); /* as long as it was */
        assert_refused(f, "correct/labels/deep/b.txt");
        file_make(label, "");
        assert_refused(f, "correct/labels/deep/b.txt");
        assert_int_equal(unlink(label), 0);
        assert_int_equal(symlink("../a.txt", label), 0);
        assert_refused(f, "correct/labels/deep/b.txt");
        assert_int_equal(unlink(label), 0);
        clear(f, 0);
    }
}

static void test_changed_results(void **state) {
    struct fixture *f = *state;
    run(f, PLACE_COPY, true);
    file_make(below(f->output, "verification_records.jsonl"), "{\"mine\": 1}");
    assert_refused(f, "verification_records.jsonl");
    unlink(below(f->output, "verification_records.jsonl"));
    /* This run wrote none. */
    file_make(below(f->output, "predictions.json"), "{}");
    assert_refused(f, "predictions.json");
    unlink(below(f->output, "predictions.json"));
    file_make(below(f->output, "correct/JPEGImages/a.jpg"), "painted");
    assert_refused(f, "correct/JPEGImages/a.jpg");
    unlink(below(f->output, "correct/JPEGImages/a.jpg"));
    clear(f, 0);
    for (int mode = PLACE_HARDLINK; mode <= PLACE_SYMLINK; mode++) {
        run(f, (enum place_mode)mode, true);
        unlink(below(f->output, "correct/JPEGImages/a.jpg"));
        file_make(below(f->output, "correct/JPEGImages/a.jpg"), "painted");
        assert_refused(f, "correct/JPEGImages/a.jpg");
        unlink(below(f->output, "correct/JPEGImages/a.jpg"));
        clear(f, 0);
    }
}

/* Whoever has removed the originals since has nothing but these. */
static void test_last_name_of_a_picture(void **state) {
    struct fixture *f = *state;
    run(f, PLACE_HARDLINK, true);
    assert_int_equal(unlink(below(f->data, "a.jpg")), 0);
    /* Replaced by another of the name, it is not missed. */
    assert_int_equal(unlink(below(f->data, "c.jpg")), 0);
    file_make(below(f->data, "c.jpg"), "better");
    clear(f, 1);
    assert_file(below(f->output, "correct/JPEGImages/a.jpg"), "a.jpg");
    assert_true(is_there(below(f->output, "correct/labels/a.txt")));
    assert_false(is_there(below(f->output, "correct/JPEGImages/c.jpg")));
}

/* A folder of the output that leads elsewhere by now. */
static void test_links_are_not_followed(void **state) {
    struct fixture *f = *state;
    const char *away = below(f->folder, "away");
    run(f, PLACE_COPY, true);
    assert_int_equal(rename(below(f->output, "correct"), away), 0);
    assert_int_equal(symlink(away, below(f->output, "correct")), 0);
    assert_int_equal(rename(below(f->output, "logs"), below(f->folder, "logs")), 0);
    assert_int_equal(symlink("../logs", below(f->output, "logs")), 0);
    size_t before = count_below(away, NULL);
    clear(f, 0);
    assert_int_equal(count_below(away, NULL), before);
    assert_true(is_there(below(f->folder, "logs/verify.log")));
    assert_true(is_there(below(f->output, "correct")));
}

/* A manifest that somebody else wrote. */
static void test_forged_manifest(void **state) {
    struct fixture *f = *state;
    file_make(below(f->folder, "victim.txt"), "");
    file_make(below(f->folder, "JPEGImages/victim.txt"), "");
    static const char *const lines[] = {"0 1 0 0 0 1 0 0 0 0 0 ../../../victim.jpg\n",
                                        "0 1 0 0 0 1 0 0 0 0 0 /etc/passwd\n",
                                        "0 1 0 0 0 1 0 0 0 0 0 a/../../../../victim.jpg\n",
                                        "3 1 0 0 0 1 0 0 0 0 0 victim.jpg\n",
                                        "0 1 0 0 0 1 0 0 0 0 0 \n",
                                        "0 1 0 0 0\n0 1 0 0 0 1 0 0 0 0 0 x.jpg\n",
                                        "\n0 1 0 0 0 1 0 0 0 0 0 x.jpg\n",
                                        "0 1 0 0 0 1 0 0 0 0 0 x.jpg"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        run(f, PLACE_NONE, true);
        file_make(below(f->output, "correct/labels/x.txt"), "");
        file_make(below(f->output, ".verify/manifest"), lines[i]);
        clear(f, 0);
        assert_true(is_there(below(f->folder, "victim.txt")));
        assert_true(is_there(below(f->folder, "JPEGImages/victim.txt")));
        assert_true(is_there(below(f->output, "correct/labels/x.txt")));
    }
    /* Not to its end. */
    run(f, PLACE_NONE, true);
    assert_int_equal(truncate(below(f->output, ".verify/manifest"), (off_t)1 << 40), 0);
    clear(f, 0);
}

static struct packed_paths list_of(const char *const *paths) {
    struct packed_paths list = {0};
    for (; *paths; paths++)
        assert_ok(packed_paths_add(&list, *paths));
    return list;
}

static void assert_may(const struct fixture *f, const char *image, bool may) {
    struct packed_paths list = list_of((const char *const[]){image, NULL});
    enum status status = output_may_clear(f->output, &list);
    packed_paths_free(&list);
    assert_int_equal(status, may ? STATUS_OK : STATUS_BAD_INPUT);
    if (!may)
        assert_non_null(strstr(status_message(), "--output"));
}

static void test_inputs(void **state) {
    struct fixture *f = *state;
    run(f, PLACE_COPY, true);
    assert_may(f, below(f->data, "a.jpg"), true);
    assert_may(f, below(f->output, "correct/JPEGImages/a.jpg"), false);
    assert_may(f, below(f->output, "own/a.jpg"), true);
    assert_int_equal(symlink(f->output, below(f->folder, "o")), 0);
    assert_may(f, below(f->folder, "o/mislabeled/JPEGImages/x.jpg"), false);
    /* A picture that is a link, and a label folder that is one. */
    assert_int_equal(symlink(below(f->output, "correct/JPEGImages/a.jpg"), below(f->data, "l.jpg")),
                     0);
    assert_may(f, below(f->data, "l.jpg"), false);
    /* One that leads on from there. */
    assert_int_equal(symlink(below(f->data, "a.jpg"), below(f->output, "correct/JPEGImages/s.jpg")),
                     0);
    assert_int_equal(symlink("../output/correct/JPEGImages/s.jpg", below(f->data, "m.jpg")), 0);
    assert_may(f, below(f->data, "m.jpg"), false);
    folder_make(below(f->data, "set/images"));
    assert_int_equal(symlink("../../output/correct/labels", below(f->data, "set/labels")), 0);
    assert_may(f, below(f->data, "set/images/a.jpg"), false);
}

static void test_owner(void **state) {
    struct fixture *f = *state;
    const char *image = below(f->data, "a.jpg");
    assert_may(f, image, true); /* nothing is there */
    file_make(below(f->output, "logs/events.out"), "mine");
    assert_may(f, image, false);
    file_make(below(f->output, ".verify/run.json"), "{}");
    assert_may(f, image, false);
    file_make(below(f->output, ".verify/run.json"), "{\"manifest\": 1}");
    assert_may(f, image, true);
}

/* An image that was under way when the process was killed: its files are there, the journal does
 * not speak of them. */
static void test_leftovers(void **state) {
    struct fixture *f = *state;
    struct journal_id id = {0, 0};
    run(f, PLACE_HARDLINK, false);
    FILE *placed = fopen(below(f->output, ".verify/placed.0.0"), "a");
    assert_non_null(placed);
    fputs("1 1 0 0 0 1 14 123 0 0 0 d.jpg\n1 1 0 0 0 1 14 123 0 0 0 e.jpg\n1 1 0", placed);
    fclose(placed);
    file_make(below(f->data, "d.jpg"), "d");
    folder_make(below(f->output, "mislabeled/JPEGImages"));
    assert_int_equal(link(below(f->data, "d.jpg"), below(f->output, "mislabeled/JPEGImages/d.jpg")),
                     0);
    file_make(below(f->output, "mislabeled/labels/d.txt"), "1 .");
    assert_int_equal(chmod(below(f->output, "mislabeled/labels/d.txt"), 0200), 0);
    file_make(below(f->output, "mislabeled/labels/e.txt"), "somebody's");
    assert_ok(output_clear_leftovers(f->output, &id, 1, NULL, NULL));
    assert_false(is_there(below(f->output, "mislabeled/JPEGImages/d.jpg")));
    assert_false(is_there(below(f->output, "mislabeled/labels/d.txt")));
    assert_file(below(f->output, "mislabeled/labels/e.txt"), "somebody's");
    assert_file(below(f->output, "correct/labels/a.txt"), "0 .5 .5 .1 .1\n");
    assert_true(is_there(below(f->output, "correct/JPEGImages/a.jpg")));
}

/* What an epoch had not finished, a later one has. */
static void test_leftovers_that_were_done_again(void **state) {
    struct fixture *f = *state;
    const struct journal_id ids[] = {{0, 0}, {1, 0}};
    run(f, PLACE_HARDLINK, false);
    assert_int_equal(rename(below(f->output, ".verify/journal.0.0"), below(f->folder, "kept")), 0);
    struct journal *journal;
    assert_ok(journal_create(f->output, 1, 0, streams_wanted(NULL, NULL), &journal));
    assert_ok(journal_close(&journal));
    file_make(below(f->output, ".verify/journal.0.0"), "");
    assert_ok(output_clear_leftovers(f->output, ids, 2, NULL, NULL));
    assert_true(is_there(below(f->output, "correct/JPEGImages/a.jpg")));
    assert_true(is_there(below(f->output, "correct/labels/a.txt")));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_all_that_a_run_wrote),
        TEST(test_others_stay),
        TEST(test_changed_label),
        TEST(test_changed_results),
        TEST(test_last_name_of_a_picture),
        TEST(test_links_are_not_followed),
        TEST(test_forged_manifest),
        TEST(test_inputs),
        TEST(test_owner),
        TEST(test_leftovers),
        TEST(test_leftovers_that_were_done_again),
    };
    return RUN_TESTS(tests);
}
