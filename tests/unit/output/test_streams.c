/* The table of output streams, and what a journal's lines make of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "output/journal_line.h"
#include "output/manifest.h"
#include "output/streams.h"
#include "stream_find.h"
#include "unit.h"

static const struct journal_id id = {3, 41};

static bool all_on(const void *context, const char *flag) {
    (void)context;
    return flag[0] != '\0';
}

/* Streams would write over each other's files. */
static void test_names_differ(void **state) {
    (void)state;
    assert_in_range(stream_count(), 1, STREAMS_MOST);
    for (size_t i = 0; i < stream_count(); i++) {
        const struct stream *stream = stream_at(i);
        assert_int_equal(stream_find(stream->name), i);
        assert_string_not_equal(stream->name, JOURNAL_NAME);
        assert_true(strlen(stream->name) + sizeof ".4294967295.2147483647" <= JOURNAL_NAME_BYTES);
        assert_true(strlen(MERGE_PREFIX) + strlen(stream->file) < MERGE_NAME_BYTES);
        assert_null(strpbrk(stream->name, " \n."));
        assert_non_null(stream->write);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(stream->file, stream_at(j)->file);
    }
    assert_int_equal(stream_find("none"), stream_count());
    assert_string_equal(stream_at(stream_of_manifest())->file, MANIFEST);
    assert_true(stream_at(stream_of_manifest())->before_placed);
}

static void test_wanted(void **state) {
    (void)state;
    unsigned always = streams_wanted(NULL, NULL), all = streams_wanted(all_on, NULL);
    assert_int_equal(all, (1u << stream_count()) - 1);
    for (size_t i = 0; i < stream_count(); i++)
        assert_int_equal(streams_have(always, i), stream_at(i)->flag == NULL);
    assert_true(streams_have(always, stream_find("records")));
    assert_true(streams_have(always, stream_of_manifest()));
    assert_false(streams_have(always, stream_find("predictions")));
    assert_true(streams_need_predictions(all));
    assert_false(streams_need_predictions(always));
}

/* The first line of a journal tells what the others hold, whichever streams it has. */
static void test_head(void **state) {
    (void)state;
    char head[JOURNAL_HEAD_BYTES];
    struct journal_form form, read;
    unsigned always = streams_wanted(NULL, NULL);
    for (unsigned streams = 0; streams < 1u << stream_count(); streams++) {
        if ((streams & always) != always)
            continue;
        size_t length = journal_head(id, streams, head, &form);
        assert_int_equal(journal_head_read(id, head, sizeof head, &read), length);
        assert_int_equal(read.seed, form.seed);
        assert_int_equal(read.n_texts, form.n_texts);
        for (size_t cut = 0; cut < length; cut++)
            assert_int_equal(journal_head_read(id, head, cut, &read), 0);
        head[length - 1] = 'x';
        assert_int_equal(journal_head_read(id, head, length, &read), 0);
    }
    journal_head(id, always, head, &form);
    assert_memory_equal(head, "verify journal 2: epoch 3 rank 41\n", 34);
    assert_int_equal(form.n_texts, 4);
    assert_int_equal(journal_head_read((struct journal_id){3, 4}, head, sizeof head, &read), 0);
    assert_int_equal(journal_head_read(id, "verify journal 2: epoch 3 rank 41 none\n", 39, &read),
                     0);
}

/* A row that comes last in the table has no place in the lines of journals that do without it: they
 * are as they were before the row was there. */
static void test_lines_end_with_the_last_stream(void **state) {
    (void)state;
    struct journal_item item;
    const struct journal_line line = {
        .index = 7, .texts = {{10, 20, 30}, {40, 50, 60}}, .tally = "1 0 b2.0"};
    for (size_t n_texts = 1; n_texts <= 2; n_texts++) {
        const struct journal_form form = {.seed = 5, .n_texts = n_texts};
        struct text text = {0};
        assert_int_equal(journal_line_write(&form, &line, &text), STATUS_OK);
        assert_string_equal(text.data + 8, n_texts == 1 ? " + 7 0 10 20 30 1 0 b2.0\n"
                                                        : " + 7 0 10 20 30 40 50 60 1 0 b2.0\n");
        text.data[text.length - 1] = '\0';
        assert_true(journal_item_read(&form, text.data, text.length - 1, &item));
        assert_int_equal(item.line.texts[0].length, 20);
        assert_int_equal(item.line.texts[1].length, n_texts == 1 ? 0 : 50);
        assert_string_equal(item.line.tally, "1 0 b2.0");
        text_free(&text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_differ),
        cmocka_unit_test(test_wanted),
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_lines_end_with_the_last_stream),
    };
    return RUN_TESTS(tests);
}
