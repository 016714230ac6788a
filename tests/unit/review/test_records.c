/* Reading records back: what was written, in parts of any size, and what is no record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_ok.h"
#include "output/record.h"
#include "result_fixture.h"
#include "review/records.h"
#include "temp_folder.h"
#include "unit.h"

static int make(void **state) {
    *state = temp_folder_make(NULL);
    return 0;
}

static int destroy(void **state) {
    temp_folder_remove(*state);
    return 0;
}

/* The fixture's image under another name; `padding` makes its line longer. */
static void append_record(struct text *text, size_t number, size_t padding) {
    char name[4096];
    const struct class_map classes = fixture_classes();
    struct image_result result = fixture_result();
    snprintf(name, sizeof name, "images/%0*zu.jpg", (int)padding + 1, number);
    result.name = name;
    ASSERT_OK(record_write(&result, &classes, text));
}

static void write_records(const char *folder, const struct text *text) {
    file_make_bytes(below(folder, "verification_records.jsonl"), text->length ? text->data : "",
                    text->length);
}

static void test_all_that_is_written(void **state) {
    struct record_reader *reader;
    const struct record *record;
    struct text text = {0};
    append_record(&text, 0, 0);
    append_record(&text, 1, 0);
    write_records(*state, &text);
    ASSERT_OK(records_open(*state, 0, 1, &reader));
    ASSERT_OK(records_next(reader, &record));
    ASSERT_OK(records_next(reader, &record));
    assert_int_equal(record->offset, text.length / 2);
    assert_string_equal(record->image, "images/1.jpg");
    assert_int_equal(record->bucket, fixture_result().bucket);
    assert_null(record->error);
    assert_int_equal(record->width, fixture_result().width);
    assert_int_equal(record->n_boxes, 3);
    const struct record_box *box = &record->boxes[0];
    assert_int_equal(box->line, 1);
    assert_int_equal(box->class, 0);
    assert_string_equal(box->name, "person");
    assert_true(fabs(box->xywhn[1] - 0.4) < 1e-9);
    assert_int_equal(box->verdict, VERDICT_MISLABELED);
    assert_int_equal(box->reason, REASON_CLASS);
    assert_true(fabs(box->score - 0.000104752) < 1e-12);
    assert_int_equal(box->suggested, 1);
    assert_string_equal(box->suggested_name, "tv");
    assert_true(fabs(box->margin - 7.5826) < 1e-9);
    assert_false(box->has_refined);
    assert_int_equal(record->boxes[1].suggested, -1);
    assert_null(record->boxes[1].suggested_name);
    assert_true(record->boxes[1].has_refined);
    assert_true(fabs(record->boxes[1].dup - 0.5) < 1e-9);
    assert_int_equal(record->boxes[1].reason, REASON_NONE);
    assert_int_equal(record->boxes[2].reason, REASON_UNKNOWN_CLASS);
    assert_true(record->n_missing > 0);
    assert_int_equal(record->missing[0].class, 0);
    assert_true(fabs(record->missing[0].confidence - 0.81) < 1e-9);
    assert_int_equal(record->n_invalid, 2);
    assert_int_equal(record->invalid[0].line, 2);
    assert_string_equal(record->invalid[0].reason, "class 80 is \"bad\"");
    uint64_t offset = 0;
    ASSERT_OK(records_next(reader, &record));
    assert_null(record);
    ASSERT_OK(records_seek(reader, offset));
    ASSERT_OK(records_next(reader, &record));
    assert_string_equal(record->image, "images/0.jpg");
    records_close(reader);
    text_free(&text);
}

/* However the file is parted, each record is in one part, and their order stays. */
static void test_parts(void **state) {
    enum { RECORDS = 23 };
    struct text text = {0};
    for (size_t i = 0; i < RECORDS; i++)
        append_record(&text, i, i * 37 % 300);
    write_records(*state, &text);
    for (size_t parts = 1; parts < 60; parts++) {
        size_t seen = 0;
        for (size_t part = 0; part < parts; part++) {
            struct record_reader *reader;
            const struct record *record;
            ASSERT_OK(records_open(*state, part, parts, &reader));
            for (;;) {
                ASSERT_OK(records_next(reader, &record));
                if (!record)
                    break;
                assert_int_equal(strtoul(record->image + strlen("images/"), NULL, 10), seen);
                seen++;
            }
            records_close(reader);
        }
        assert_int_equal(seen, RECORDS);
    }
    text_free(&text);
}

static void test_no_records(void **state) {
    static const char *const lines[] = {
        "{}\n",
        "[]\n",
        "\n",
        "{\"image\": \"a\", \"boxes\": [], \"missing\": []}\n",
        "{\"image\": \"a\", \"boxes\": [{\"line\": 1}], \"missing\": [], \"invalid\": []}\n",
        "{\"image\": \"a\""};
    struct record_reader *reader;
    const struct record *record;
    assert_int_equal(records_open(*state, 0, 1, &reader), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "verification_records.jsonl"));
    assert_null(reader);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        file_make(below(*state, "verification_records.jsonl"), lines[i]);
        ASSERT_OK(records_open(*state, 0, 1, &reader));
        assert_int_equal(records_next(reader, &record), STATUS_BAD_INPUT);
        assert_non_null(strstr(status_message(), "byte 0"));
        records_close(reader);
    }
    file_make(below(*state, "verification_records.jsonl"), "");
    ASSERT_OK(records_open(*state, 0, 1, &reader));
    ASSERT_OK(records_next(reader, &record));
    assert_null(record);
    records_close(reader);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_that_is_written, make, destroy),
        cmocka_unit_test_setup_teardown(test_parts, make, destroy),
        cmocka_unit_test_setup_teardown(test_no_records, make, destroy),
    };
    return RUN_TESTS(tests);
}
