/* A rank's journal: what is written is what is read, in whatever order threads write it. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "journal_rig.h"
#include "unit.h"

static const struct journal_id first = {0, 0};

static void test_round_trip(void **state) {
    struct fixture *f = *state;
    for (int predictions = 0; predictions < 2; predictions++) {
        struct journal_id id = {7, 120 + predictions};
        struct journal *journal;
        struct made_image image = {0};
        assert_ok(
            journal_create(f->output, id.epoch, id.rank, made_streams(predictions), &journal));
        for (uint64_t i = 0; i < 500; i++)
            assert_ok(made_add(journal, &image, i, predictions));
        assert_ok(journal_close(&journal));
        assert_null(journal);
        assert_first(f->output, id, predictions, 500);
        made_free(&image);
    }
    assert_true(is_there(below(f->output, ".verify/records.7.120")));
    assert_false(is_there(below(f->output, ".verify/predictions.7.120")));
    assert_true(is_there(below(f->output, ".verify/predictions.7.121")));
}

/* The texts follow each other without a gap, so that files can be copied whole. */
static void test_files(void **state) {
    struct fixture *f = *state;
    crashed_journal(f->output, 3, 2, true);
    struct made_image image = {0};
    struct text records = {0}, predictions = {0};
    for (uint64_t i = 0; i < 3; i++) {
        made_fill(&image, i);
        text_bytes(&records, image.record.data, image.record.length);
        text_bytes(&predictions, image.predictions.data ? image.predictions.data : "",
                   image.predictions.length);
    }
    assert_file(below(f->output, ".verify/records.0.0"), records.data);
    assert_file(below(f->output, ".verify/predictions.0.0"), predictions.data);
    char *journal = file_get(below(f->output, ".verify/journal.0.0"), NULL);
    assert_int_equal(strncmp(journal, "verify journal 2: epoch 0 rank 0 predictions\n", 45), 0);
    /* One of its lines, checked with zlib's crc32 from Python. */
    assert_non_null(strstr(journal, "\nf24c7ad1 + 1 1 32 53 316904243 0 19 2321144545 28 28 "
                                    "4289458797 0 0 0 1 0 b1.0\n"));
    free(journal);
    text_free(&records);
    text_free(&predictions);
    made_free(&image);
}

static void test_empty(void **state) {
    struct fixture *f = *state;
    struct journal *journal;
    assert_ok(journal_create(f->output, 0, 0, made_streams(false), &journal));
    assert_ok(journal_sync(journal));
    assert_ok(journal_close(&journal));
    assert_ok(journal_close(&journal));
    assert_first(f->output, first, false, 0);
    uint64_t cut = 1;
    assert_ok(journal_repair(f->output, first, always_placed, NULL, &cut));
    assert_int_equal(cut, 0);
    assert_first(f->output, first, false, 0);
}

/* Nothing is written over, whoever left it. */
static void test_not_twice(void **state) {
    struct fixture *f = *state;
    crashed_journal(f->output, 3, 3, false);
    char *before = file_get(below(f->output, ".verify/journal.0.0"), NULL);
    struct journal *journal;
    assert_int_equal(journal_create(f->output, 0, 0, made_streams(false), &journal),
                     STATUS_BAD_INPUT);
    assert_null(journal);
    assert_non_null(strstr(status_message(), "records.0.0"));
    assert_file(below(f->output, ".verify/journal.0.0"), before);
    free(before);
}

static void test_refused(void **state) {
    struct fixture *f = *state;
    struct journal *journal;
    struct made_image image = {0};
    assert_ok(journal_create(f->output, 0, 0, made_streams(false), &journal));
    assert_int_equal(made_add(journal, &image, 2, true), STATUS_FAILED);
    text_string(&image.tally, "\n");
    struct text texts[STREAMS_MOST] = {0};
    const struct journal_text announced[STREAMS_MOST] = {0};
    texts[stream_find("records")] = image.record;
    struct journal_entry entry = {.index = 2,
                                  .bucket = BUCKET_CORRECT,
                                  .texts = texts,
                                  .announced = announced,
                                  .tally = &image.tally};
    assert_int_equal(journal_add(journal, &entry), STATUS_FAILED);
    /* Neither was the disk's fault: it goes on. */
    assert_ok(made_add(journal, &image, 0, false));
    assert_ok(journal_close(&journal));
    assert_first(f->output, first, false, 1);
    made_free(&image);
    assert_int_equal(journal_read(f->output, (struct journal_id){1, 0}, see, NULL), STATUS_FAILED);
    assert_non_null(strstr(status_message(), "journal.1.0"));
}

/* A journal is only what it is named as. */
static void test_renamed(void **state) {
    struct fixture *f = *state;
    crashed_journal(f->output, 3, 3, false);
    static const char *const names[] = {"records", "journal"};
    for (int i = 0; i < 2; i++) {
        char from[64], to[64];
        snprintf(from, sizeof from, ".verify/%s.0.0", names[i]);
        snprintf(to, sizeof to, ".verify/%s.0.1", names[i]);
        assert_int_equal(rename(below(f->output, from), below(f->output, to)), 0);
    }
    assert_first(f->output, (struct journal_id){0, 1}, false, 0);
}

/* Before a mark covers it, nothing is read; the mark's own place does not count. */
static void test_marks(void **state) {
    struct fixture *f = *state;
    struct journal *journal;
    struct made_image image = {0};
    struct stat about, again;
    const char *path = below(f->output, ".verify/journal.0.0");
    assert_ok(journal_create(f->output, 0, 0, made_streams(true), &journal));
    for (uint64_t i = 0; i < 10; i++) {
        assert_first(f->output, first, true, i);
        assert_ok(made_add(journal, &image, i, true));
        assert_first(f->output, first, true, i);
        assert_ok(journal_sync(journal));
        assert_first(f->output, first, true, i + 1);
        /* Nothing new: no mark. */
        assert_int_equal(stat(path, &about), 0);
        assert_ok(journal_sync(journal));
        assert_int_equal(stat(path, &again), 0);
        assert_int_equal(again.st_size, about.st_size);
    }
    assert_ok(journal_close(&journal));
    assert_int_equal(stat(path, &again), 0);
    assert_int_equal(again.st_size, about.st_size);
    made_free(&image);
}

/* Behind the mark, `placed` decides. */
struct asked {
    uint64_t not_there;
    int count;
};

static bool placed_but_one(void *context, uint64_t index, enum bucket bucket) {
    struct asked *asked = context;
    asked->count++;
    return always_placed(NULL, index, bucket) && index != asked->not_there;
}

static void test_repair(void **state) {
    struct fixture *f = *state;
    crashed_journal(f->output, 20, 8, true);
    assert_first(f->output, first, true, 8);
    struct asked asked = {.not_there = 17};
    uint64_t cut = 0;
    assert_ok(journal_repair(f->output, first, placed_but_one, &asked, &cut));
    assert_true(cut > 100);
    /* 8 to 17, but for 11 and 15, which failed. */
    assert_int_equal(asked.count, 8);
    assert_first(f->output, first, true, 17);
    /* Now nothing is left to be asked. */
    asked = (struct asked){.not_there = 3};
    assert_ok(journal_repair(f->output, first, placed_but_one, &asked, &cut));
    assert_int_equal(asked.count, 0);
    assert_int_equal(cut, 0);
    assert_first(f->output, first, true, 17);
}

static void test_list(void **state) {
    struct fixture *f = *state;
    struct journal_id *ids;
    size_t count;
    assert_ok(journal_list(f->output, &ids, &count));
    assert_int_equal(count, 0);
    static const struct journal_id made[] = {{10, 2}, {2, 10}, {2, 9}, {0, 100}, {10, 0}};
    for (int i = 0; i < 5; i++) {
        struct journal *journal;
        assert_ok(
            journal_create(f->output, made[i].epoch, made[i].rank, made_streams(true), &journal));
        assert_ok(journal_close(&journal));
    }
    static const char *const others[] = {
        "journal",    "journal.1",    "journal.1.x", "journal.1.1x",
        "journal..1", "journal.-1.1", "run.json",    "journal.1.99999999999"};
    for (int i = 0; i < 8; i++)
        file_make(below(below(f->output, ".verify"), others[i]), "");
    assert_ok(journal_list(f->output, &ids, &count));
    static const struct journal_id want[] = {{0, 100}, {2, 9}, {2, 10}, {10, 0}, {10, 2}};
    assert_int_equal(count, 5);
    assert_memory_equal(ids, want, sizeof want);
    free(ids);
}

static enum status stop_at_third(void *context, const struct journal_line *line) {
    (void)line;
    return ++*(int *)context == 3 ? FAIL(STATUS_BAD_INPUT, "enough") : STATUS_OK;
}

static void test_stop(void **state) {
    struct fixture *f = *state;
    crashed_journal(f->output, 6, 5, false);
    int calls = 0;
    assert_int_equal(journal_read(f->output, first, stop_at_third, &calls), STATUS_BAD_INPUT);
    assert_string_equal(status_message(), "enough");
    assert_int_equal(calls, 3);
}

/* ---------------------------------------------------------------- threads */

enum { THREADS = 4, EACH = 1500 };

struct writer {
    pthread_t thread;
    struct journal *journal;
    int number;
    atomic_int *running;
    enum status status;
};

static void *writer_run(void *argument) {
    struct writer *writer = argument;
    struct made_image image = {0};
    for (uint64_t i = 0; i < EACH && writer->status == STATUS_OK; i++)
        writer->status =
            made_add(writer->journal, &image, i * THREADS + (uint64_t)writer->number, true);
    made_free(&image);
    atomic_fetch_sub(writer->running, 1);
    return NULL;
}

static void *syncer_run(void *argument) {
    struct writer *writer = argument;
    while (atomic_load(writer->running) > 0 && writer->status == STATUS_OK)
        writer->status = journal_sync(writer->journal);
    return NULL;
}

static void test_threads(void **state) {
    struct fixture *f = *state;
    struct journal *journal;
    atomic_int running = THREADS;
    struct writer writers[THREADS + 2];
    assert_ok(journal_create(f->output, 0, 0, made_streams(true), &journal));
    for (int t = 0; t < THREADS + 2; t++) {
        writers[t] = (struct writer){.journal = journal, .number = t, .running = &running};
        assert_int_equal(pthread_create(&writers[t].thread, NULL,
                                        t < THREADS ? writer_run : syncer_run, &writers[t]),
                         0);
    }
    for (int t = 0; t < THREADS + 2; t++) {
        pthread_join(writers[t].thread, NULL);
        assert_int_equal(writers[t].status, STATUS_OK);
    }
    assert_ok(journal_close(&journal));
    struct seen seen = read_all(f->output, first, true);
    assert_int_equal(seen.count, THREADS * EACH);
    bool *there = calloc(THREADS * EACH, sizeof *there);
    for (size_t i = 0; i < seen.count; i++) {
        assert_true(seen.indices[i] < THREADS * EACH);
        assert_false(there[seen.indices[i]]);
        there[seen.indices[i]] = true;
    }
    free(there);
    seen_free(&seen);
}

/* Of lengths around that of the pieces which files are read in, and far beyond it. */
static const size_t lengths[] = {1 << 18, (1 << 18) - 1, (1 << 18) + 1, 700000, 5, 300000, 1};
enum { LONG_TEXTS = sizeof lengths / sizeof *lengths };

struct lines {
    size_t count;
    struct journal_line lines[LONG_TEXTS];
};

static enum status keep(void *context, const struct journal_line *line) {
    struct lines *kept = context;
    assert_true(kept->count < LONG_TEXTS);
    kept->lines[kept->count++] = *line;
    return STATUS_OK;
}

static void long_text(size_t number, struct text *text) {
    text_clear(text);
    for (size_t i = 0; i + 1 < lengths[number]; i++)
        text_bytes(text, &"0123456789abcdefg"[(i * (number + 3) >> 4) % 17], 1);
    text_string(text, "\n");
}

static void test_long_texts(void **state) {
    struct fixture *f = *state;
    struct journal *journal;
    struct journal_texts texts;
    struct lines kept = {0};
    struct text text = {0}, found = {0}, tally = {0};
    static const char *const streams[] = {"records", "predictions"};
    text_string(&tally, "0 0");
    assert_ok(journal_create(f->output, 0, 0, made_streams(true), &journal));
    for (size_t i = 0; i < LONG_TEXTS; i++) {
        long_text(i, &text);
        struct text parts[STREAMS_MOST] = {0};
        const struct journal_text announced[STREAMS_MOST] = {0};
        for (size_t s = 0; s < 2; s++)
            parts[stream_find(streams[s])] = text;
        struct journal_entry entry = {.index = i,
                                      .bucket = BUCKET_CORRECT,
                                      .texts = parts,
                                      .announced = announced,
                                      .tally = &tally};
        assert_ok(journal_add(journal, &entry));
    }
    assert_ok(journal_close(&journal));
    assert_ok(journal_read(f->output, first, keep, &kept));
    assert_int_equal(kept.count, LONG_TEXTS);
    assert_ok(journal_texts_open(f->output, first, &texts));
    /* There and back. */
    for (size_t k = 0; k < 2 * LONG_TEXTS; k++) {
        size_t i = k < LONG_TEXTS ? k : 2 * LONG_TEXTS - 1 - k;
        long_text(i, &text);
        for (size_t s = 0; s < 2; s++) {
            text_clear(&found);
            assert_ok(journal_text_read(&texts, &kept.lines[i], stream_find(streams[s]), &found));
            assert_int_equal(found.length, lengths[i]);
            assert_memory_equal(found.data, text.data, lengths[i]);
        }
    }
    journal_texts_close(&texts);
    text_free(&text);
    text_free(&found);
    text_free(&tally);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_round_trip), TEST(test_files),   TEST(test_empty),   TEST(test_not_twice),
        TEST(test_refused),    TEST(test_renamed), TEST(test_marks),   TEST(test_repair),
        TEST(test_list),       TEST(test_stop),    TEST(test_threads), TEST(test_long_texts),
    };
    return RUN_TESTS(tests);
}
