/* Damaged journals: what holds up to the damage is read, and never more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "journal_rig.h"
#include "output/journal_line.h"
#include "unit.h"

enum { IMAGES = 7, MARKED = 4 };

static const struct journal_id first = {0, 0};

/* A journal as a crash left it, and its bytes. */
struct crashed {
    const char *output, *path;
    char *bytes;
    size_t length;
};

static struct crashed crashed_make(const struct fixture *f) {
    crashed_journal(f->output, IMAGES, MARKED, true);
    struct crashed c = {.output = f->output, .path = below(f->output, ".verify/journal.0.0")};
    c.bytes = file_get(c.path, &c.length);
    return c;
}

/* How many images' lines, and whether the mark, are whole in the first `length` bytes. */
static size_t whole_images(const struct crashed *c, size_t length, bool *mark) {
    size_t images = 0, line = 0;
    *mark = false;
    for (size_t i = 0; i < length; i++) {
        if (c->bytes[i] != '\n')
            continue;
        bool is_mark = line == 1 + MARKED;
        *mark |= is_mark;
        images += line > 0 && !is_mark;
        line++;
    }
    return images;
}

static void assert_holds(const struct crashed *c, const char *bytes, size_t length, size_t valid,
                         bool repair) {
    bool mark;
    size_t images = whole_images(c, valid, &mark);
    file_make_bytes(c->path, bytes, length);
    assert_first(c->output, first, true, mark ? MARKED : 0);
    if (!repair)
        return;
    uint64_t cut;
    assert_ok(journal_repair(c->output, first, always_placed, NULL, &cut));
    assert_first(c->output, first, true, images);
    /* A repaired journal stays as it is. */
    char *repaired = file_get(c->path, NULL);
    assert_ok(journal_repair(c->output, first, always_placed, NULL, &cut));
    assert_int_equal(cut, 0);
    assert_file(c->path, repaired);
    free(repaired);
}

static size_t line_start(const struct crashed *c, size_t at) {
    while (at > 0 && c->bytes[at - 1] != '\n')
        at--;
    return at;
}

static void test_every_length(void **state) {
    struct crashed c = crashed_make(*state);
    for (size_t length = 0; length <= c.length; length++) {
        size_t valid = length == c.length ? length : line_start(&c, length);
        assert_holds(&c, c.bytes, length, valid, true);
    }
    free(c.bytes);
}

static void test_every_bit(void **state) {
    struct crashed c = crashed_make(*state);
    char *bytes = malloc(c.length);
    for (size_t at = 0; at < c.length; at++)
        for (int bit = 0; bit < 8; bit++) {
            memcpy(bytes, c.bytes, c.length);
            bytes[at] = (char)(bytes[at] ^ 1 << bit);
            assert_holds(&c, bytes, c.length, line_start(&c, at), (size_t)bit == at % 8);
        }
    free(bytes);
    free(c.bytes);
}

/* What was never a line: zeros that a crash left, a line without an end. */
static void test_rubbish_behind(void **state) {
    struct crashed c = crashed_make(*state);
    static const size_t lengths[] = {1, 4096, (17 << 20) + 5};
    static const char fills[] = {'\0', '\n', 'a', ' ', '='};
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < sizeof fills; k++) {
            char *bytes = malloc(c.length + lengths[i]);
            memcpy(bytes, c.bytes, c.length);
            memset(bytes + c.length, fills[k], lengths[i]);
            assert_holds(&c, bytes, c.length + lengths[i], c.length, true);
            free(bytes);
        }
    free(c.bytes);
}

/* A mark cannot speak of what comes behind it. */
static void test_false_mark(void **state) {
    struct crashed c = crashed_make(*state);
    for (int ahead = 0; ahead < 2; ahead++) {
        char head[JOURNAL_HEAD_BYTES];
        struct text text = {0};
        uint32_t seed = journal_crc(0, head, journal_head(first, true, head));
        text_bytes(&text, c.bytes, c.length);
        assert_ok(journal_mark_write(seed, c.length + (size_t)ahead, &text));
        file_make_bytes(c.path, text.data, text.length);
        assert_first(c.output, first, true, ahead ? MARKED : IMAGES);
        text_free(&text);
    }
    free(c.bytes);
}

/* Where the record, or the predictions, of each image end. */
static void text_ends(bool records, size_t ends[IMAGES]) {
    struct made_image image = {0};
    size_t end = 0;
    for (size_t i = 0; i < IMAGES; i++) {
        made_fill(&image, i);
        end += records ? image.record.length : image.predictions.length;
        ends[i] = end;
    }
    made_free(&image);
}

/* Shorter than the journal says. */
static void test_short_texts(void **state) {
    struct crashed c = crashed_make(*state);
    for (int records = 0; records < 2; records++) {
        const char *path =
            below(c.output, records ? ".verify/records.0.0" : ".verify/predictions.0.0");
        size_t ends[IMAGES], length;
        char *texts = file_get(path, &length);
        text_ends(records, ends);
        assert_int_equal(length, ends[IMAGES - 1]);
        for (size_t n = 0; n <= length; n++) {
            size_t images = 0;
            while (images < IMAGES && ends[images] <= n)
                images++;
            file_make_bytes(path, texts, n);
            file_make_bytes(c.path, c.bytes, c.length);
            assert_first(c.output, first, true, images < MARKED ? 0 : MARKED);
            assert_ok(journal_repair(c.output, first, always_placed, NULL, NULL));
            assert_first(c.output, first, true, images);
        }
        file_make_bytes(path, texts, length);
        free(texts);
    }
    free(c.bytes);
}

static enum status read_texts(void *context, const struct journal_line *line) {
    struct text text = {0};
    enum status status = journal_text_read(context, line, JOURNAL_RECORDS, &text);
    if (status == STATUS_OK)
        status = journal_text_read(context, line, JOURNAL_PREDICTIONS, &text);
    text_free(&text);
    return status;
}

/* Behind the mark a damaged text costs its image and those after it; before the mark it is found
 * when it is read. */
static void test_damaged_texts(void **state) {
    struct crashed c = crashed_make(*state);
    for (int records = 0; records < 2; records++) {
        const char *name = records ? "records.0.0" : "predictions.0.0";
        const char *path = below(below(c.output, ".verify"), name);
        size_t ends[IMAGES], length;
        char *texts = file_get(path, &length);
        text_ends(records, ends);
        for (size_t at = 0; at < length; at++) {
            size_t image = 0;
            while (ends[image] <= at)
                image++;
            texts[at] ^= 0x10;
            file_make_bytes(path, texts, length);
            file_make_bytes(c.path, c.bytes, c.length);
            texts[at] ^= 0x10;
            assert_ok(journal_repair(c.output, first, always_placed, NULL, NULL));
            if (image >= MARKED) {
                assert_first(c.output, first, true, image);
                continue;
            }
            struct journal_texts all;
            assert_ok(journal_texts_open(c.output, first, &all));
            assert_int_equal(journal_read(c.output, first, read_texts, &all), STATUS_FAILED);
            assert_non_null(strstr(status_message(), name));
            assert_non_null(strstr(status_message(), "--overwrite"));
            journal_texts_close(&all);
        }
        file_make_bytes(path, texts, length);
        free(texts);
    }
    free(c.bytes);
}

/* The files of texts are gone. */
static void test_lost_texts(void **state) {
    struct crashed c = crashed_make(*state);
    assert_int_equal(unlink(below(c.output, ".verify/records.0.0")), 0);
    assert_ok(journal_repair(c.output, first, always_placed, NULL, NULL));
    assert_first(c.output, first, true, 0);
    free(c.bytes);
}

int main(void) {
    /* Thousands of repairs, each of which syncs. */
    if (access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 0);
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_every_length), TEST(test_every_bit),     TEST(test_rubbish_behind),
        TEST(test_short_texts),  TEST(test_damaged_texts), TEST(test_lost_texts),
        TEST(test_false_mark),
    };
    return RUN_TESTS(tests);
}
