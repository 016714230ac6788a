/* A page's files: what is said in them, however hostile, and what is seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "output/place.h"
#include "page_rig.h"
#include "review/pages/page_label.h"
#include "unit.h"

static int make(void **state) {
    struct page_rig *rig = malloc(sizeof *rig);
    assert_non_null(rig);
    page_rig_make(rig);
    *state = rig;
    return 0;
}

static int destroy(void **state) {
    page_rig_free(*state);
    free(*state);
    return 0;
}

/* ---------------------------------------------------------------- labels */

static void assert_line(const struct page_label *label, uint32_t number, const char *wanted) {
    const char *line;
    size_t length;
    bool found = page_label_line(label, number, &line, &length);
    assert_int_equal(found, wanted != NULL);
    if (wanted && (length != strlen(wanted) || memcmp(line, wanted, length) != 0))
        fail_msg("line %u is \"%.*s\"", number, (int)length, line);
}

static void read_label(struct page_rig *rig, const char *bytes, struct page_label *label) {
    struct record record = {.image = "images/a.jpg", .label = "labels/a.txt"};
    file_make(below(rig->data, "labels/a.txt"), bytes);
    ASSERT_OK(page_label_read(&rig->source, &record, label));
}

static void test_lines(void **state) {
    struct page_rig *rig = *state;
    struct page_label label = {0};
    static const char *const lines[] = {"one", "", "two ", "three", "", "last"};
    page_rig_record(rig, "images/a.jpg", "labels/a.txt", 640, 480,
                    PAGE_RIG_BOXES(PAGE_RIG_BOX(1, 0, "[0.5, 0.5, 0.1, 0.1]", "0.01")));
    page_rig_open(rig, 100, "");
    read_label(rig,
               "\xef\xbb\xbf"
               "one\r\n\r\ntwo \rthree\n\nlast",
               &label);
    for (uint32_t i = 0; i < 6; i++)
        assert_line(&label, i + 1, lines[i]);
    assert_line(&label, 7, NULL);
    assert_line(&label, 0, NULL);
    read_label(rig, "one\n", &label);
    assert_line(&label, 1, "one");
    assert_line(&label, 2, NULL);
    read_label(rig, "", &label);
    assert_line(&label, 1, NULL);
    page_label_free(&label);
}

static void findings_text(struct page_rig *rig, struct text *text) {
    struct record_reader *reader;
    ASSERT_OK(records_open(rig->output, 0, 1, &reader));
    ASSERT_OK(page_findings_text(&rig->source, &rig->plan, rig->unread, 0, reader, text));
    records_close(reader);
}

static void images_text(struct page_rig *rig, struct text *text) {
    struct record_reader *reader;
    ASSERT_OK(records_open(rig->output, 0, 1, &reader));
    ASSERT_OK(page_images_text(&rig->source, &rig->plan, 0, reader, text));
    records_close(reader);
}

static void assert_has(const struct text *text, const char *part) {
    if (!strstr(text->data, part))
        fail_msg("no %s in %s", part, text->data);
}

static void assert_harmless(const struct text *text) {
    assert_null(strchr(text->data, '<'));
    assert_null(strstr(text->data, "\xe2\x80\xa8"));
    assert_null(strstr(text->data, "\xe2\x80\xa9"));
    assert_null(strstr(text->data, "\xe2\x80\xae")); /* a mark of direction */
}

/* ---------------------------------------------------------------- scripts */

#define HOSTILE "</script><script>alert(1)</script>\"'\\\xe2\x80\xa8\xe2\x80\xae"

static void test_hostile_texts(void **state) {
    struct page_rig *rig = *state;
    struct text text = {0}, totals = {0};
    page_rig_record(rig, "images/" HOSTILE ".jpg", "labels/" HOSTILE ".txt", 640, 480,
                    "\"boxes\": [" PAGE_RIG_BOX(
                        1, 0, "[0.5, 0.5, 0.1, 0.1]",
                        "0.01") "], \"missing\": [], \"invalid\": [{\"line\": 2, \"reason\": "
                                "\"</script><!-- \\u2028\"}]");
    page_rig_open(rig, 100, ", \"model\": \"</script>\", \"dataset\": \"\xe2\x80\xa8\"");
    file_make(below(rig->output, "mislabeled/labels/x.txt"), "");
    findings_text(rig, &text);
    assert_harmless(&text);
    assert_has(&text, "page_data(\"findings\", 0, [\n{\"kind\": \"box\", \"line\": 1, ");
    assert_has(&text, "\\u003c/script>\\u003c!-- \\u2028");
    images_text(rig, &text);
    assert_harmless(&text);
    assert_has(&text,
               "images/\\u003c/script>\\u003cscript>alert(1)\\u003c/script>\\\"'\\\\\\u2028");
    ASSERT_OK(page_run_text(&rig->results, &rig->plan, &(struct page_totals){7, 3}, &text));
    assert_harmless(&text);
    assert_has(&text, "\"model\": \"\\u003c\\/script>\", \"dataset\": \"\\u2028\"");
    assert_has(&text, "\"n_findings\": 2, \"n_images\": 1, \"n_all\": 7, \"n_all_weak\": 3");
    text_free(&text);
    text_free(&totals);
}

/* A finding's line is that of the copy that was judged, whatever became of the original. */
static void test_label_as_judged(void **state) {
    struct page_rig *rig = *state;
    struct text text = {0};
    static const char boxes[] = PAGE_RIG_BOXES(PAGE_RIG_BOX(2, 0, "[0.5, 0.5, 0.1, 0.1]", "0.01"));
    page_rig_record(rig, "images/deep/a.jpg", "labels/deep/a.txt", 640, 480, boxes);
    page_rig_open(rig, 100, "");
    findings_text(rig, &text);
    assert_null(strstr(text.data, "\"text\""));
    file_make(below(rig->data, "labels/deep/a.txt"), "# changed\n1 2 3\n");
    findings_text(rig, &text);
    assert_has(&text, "\"text\": \"1 2 3\"");
    file_make(below(rig->output, "mislabeled/labels/deep/a.txt"), "x\r\n0 .5 .5 .1 .1 \r\n");
    findings_text(rig, &text);
    assert_has(&text, "\"line\": 2, \"text\": \"0 .5 .5 .1 .1 \", \"class\": 0, \"suggested\": 1");
    images_text(rig, &text);
    assert_null(strstr(text.data, "\"picture\""));
    file_make(below(rig->output, "mislabeled/JPEGImages/deep/a.jpg"), "");
    images_text(rig, &text);
    assert_has(&text, "\"picture\": \"../mislabeled/JPEGImages/deep/a.jpg\"");
    text_free(&text);
}

/* A label file in the output that somebody made a link is not followed; one of the data set's that
 * leads out of it neither. */
static void test_label_links(void **state) {
    struct page_rig *rig = *state;
    struct text text = {0};
    page_rig_record(rig, "images/a.jpg", "labels/a.txt", 640, 480,
                    PAGE_RIG_BOXES(PAGE_RIG_BOX(1, 0, "[0.5, 0.5, 0.1, 0.1]", "0.01")));
    page_rig_open(rig, 100, "");
    file_make(below(rig->folder, "secret"), "password\n");
    folder_make(below(rig->output, "mislabeled/labels"));
    folder_make(below(rig->data, "labels"));
    assert_int_equal(
        symlink(below(rig->folder, "secret"), below(rig->output, "mislabeled/labels/a.txt")), 0);
    assert_int_equal(symlink(below(rig->folder, "secret"), below(rig->data, "labels/a.txt")), 0);
    findings_text(rig, &text);
    assert_null(strstr(text.data, "password"));
    text_free(&text);
}

/* ---------------------------------------------------------------- crops */

enum { SIDE = 240 };

/* A JPEG whose left half is red and whose right half is blue; turned by 180 degrees by its EXIF
 * orientation, if asked for. */
static void make_picture(const char *path, bool turned) {
    static const char exif[] =
        "\xFF\xE1\0\x22"
        "Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x03\0\0\0\0";
    static uint8_t pixels[SIDE * SIDE * 3];
    struct text file = {0}, whole = {0};
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        pixels[i * 3] = i % SIDE < SIDE / 2 ? 255 : 0;
        pixels[i * 3 + 2] = i % SIDE < SIDE / 2 ? 0 : 255;
    }
    ASSERT_OK(image_write_jpeg(&(struct image_view){pixels, SIDE, SIDE, SIDE * 3}, 90, &file));
    text_bytes(&whole, file.data, 2);
    if (turned)
        text_bytes(&whole, exif, sizeof exif);
    text_bytes(&whole, file.data + 2, file.length - 2);
    file_make_bytes(path, whole.data, whole.length);
    text_free(&file);
    text_free(&whole);
}

/* The level of one colour at a place of a crop. */
static int level_at(const struct image *sheet, size_t cell, size_t x, size_t y, size_t colour) {
    x += cell % PAGE_COLUMNS * PAGE_CELL;
    y += cell / PAGE_COLUMNS * PAGE_CELL;
    return sheet->pixels[(y * sheet->width + x) * 3 + colour];
}

static const char *sheet_draft(struct page_rig *rig) {
    char name[64];
    snprintf(name, sizeof name, ".verify/page-%zu", page_part_first(&rig->plan, PAGE_PART_SHEETS));
    return below(rig->output, name);
}

/* Upright, the turned one is blue on its left; one that cannot be read is grey. */
static void test_pictures(void **state) {
    struct page_rig *rig = *state;
    static const char middle[] =
        PAGE_RIG_BOXES(PAGE_RIG_BOX(1, 0, "[0.5, 0.5, 0.25, 0.25]", "0.01"));
    struct image sheet = {0};
    struct page_means means = page_rig_means(0, 1);
    page_rig_record(rig, "images/a.jpg", "labels/a.txt", SIDE, SIDE, middle);
    page_rig_record(rig, "images/b.jpg", "labels/b.txt", SIDE, SIDE, middle);
    page_rig_record(rig, "images/c.jpg", "labels/c.txt", SIDE, SIDE, middle);
    page_rig_record(rig, "images/d.jpg", "labels/d.txt", SIDE, SIDE, middle);
    make_picture(below(rig->data, "images/a.jpg"), false);
    make_picture(below(rig->data, "images/b.jpg"), true);
    file_make(below(rig->data, "images/c.jpg"), "no picture");
    /* The data set has lost this one; the output has it. */
    make_picture(below(rig->output, "mislabeled/JPEGImages/d.jpg"), false);
    page_rig_open(rig, 100, "");
    ASSERT_OK(page_sheets_make(&rig->source, &rig->plan, &means, rig->unread));
    assert_memory_equal(rig->unread, "\0\0\1\0", 4);
    ASSERT_OK(image_read(sheet_draft(rig), &sheet));
    assert_int_equal(sheet.width, PAGE_COLUMNS * PAGE_CELL);
    assert_int_equal(sheet.height, PAGE_CELL);
    for (size_t cell = 0; cell < 4; cell++) {
        int left = level_at(&sheet, cell, 30, 80, 0), right = level_at(&sheet, cell, 130, 80, 0);
        if (cell == 2)
            assert_true(left > 100 && left < 150 && right > 100 && right < 150);
        else if (cell == 1)
            assert_true(left < 50 && right > 200);
        else
            assert_true(left > 200 && right < 50);
    }
    struct text text = {0};
    findings_text(rig, &text);
    const char *third = strstr(text.data, "\"image\": 2");
    assert_non_null(third);
    assert_memory_equal(third, "\"image\": 2, \"cell\": 2}", 22);
    text_free(&text);
    image_free(&sheet);
}

/* The same bytes, by however many processes and with however little memory. */
static void test_same_bytes(void **state) {
    struct page_rig *rig = *state;
    enum { IMAGES = 150 };
    char *before[4];
    size_t lengths[4];
    for (size_t i = 0; i < IMAGES; i++) {
        char image[64];
        snprintf(image, sizeof image, "images/%zu.jpg", i);
        make_picture(below(rig->data, image), i % 2);
        page_rig_record(
            rig, image, "labels/x.txt", SIDE, SIDE,
            PAGE_RIG_BOXES(PAGE_RIG_BOX(1, 0, "[0.5, 0.5, 0.9, 0.9]", "0.02") ", " PAGE_RIG_BOX(
                2, 1, "[0.2, 0.2, 0.1, 0.1]", "0.01")));
    }
    page_rig_open(rig, 1000, "");
    assert_int_equal(rig->plan.n_findings, 2 * IMAGES);
    for (int round = 0; round < 2; round++) {
        size_t n_parts = round ? 3 : 1;
        for (size_t part = 0; part < n_parts; part++) {
            struct page_means means = page_rig_means(part, n_parts);
            if (round)
                means.image_memory = 1 << 24;
            ASSERT_OK(page_sheets_make(&rig->source, &rig->plan, &means, rig->unread));
            ASSERT_OK(page_data_make(&rig->source, &rig->plan, &means, rig->unread));
        }
        for (size_t i = 0; i < 4; i++) {
            char name[64];
            size_t length;
            snprintf(name, sizeof name, ".verify/page-%zu", 2 + i);
            char *bytes = file_get(below(rig->output, name), &length);
            if (round == 0) {
                before[i] = bytes;
                lengths[i] = length;
                continue;
            }
            assert_int_equal(length, lengths[i]);
            assert_memory_equal(bytes, before[i], length);
            free(bytes);
            free(before[i]);
        }
    }
}

/* Copies have their pictures behind the findings', whole, and labels that the others lack; one
 * whose record is not there has none. */
static void test_copies(void **state) {
    struct page_rig *rig = *state;
    struct page_means means = page_rig_means(0, 1);
    struct image sheet = {0};
    static const char one[] = PAGE_RIG_BOXES(PAGE_RIG_BOX(1, 0, "[0.5, 0.5, 0.25, 0.25]", "0.01"));
    static const char two[] =
        PAGE_RIG_BOXES(PAGE_RIG_BOX(1, 0, "[0.51, 0.49, 0.25, 0.25]", "0.01") ", " PAGE_RIG_BOX(
            2, 1, "[0.2, 0.2, 0.1, 0.1]", "0.01"));
    static const char report[] =
        ", \"near_duplicates\": {\"groups\": 2, \"list\": ["
        "{\"labels_differ\": true, \"count\": 3, \"images\": [{\"image\": \"images/b.jpg\"}, "
        "{\"image\": \"images/lost.jpg\"}, {\"image\": \"images/a.jpg\"}]}, "
        "{\"labels_differ\": false, \"count\": 9, \"images\": [{\"image\": \"images/c.jpg\"}]}]}";
    page_rig_record(rig, "images/a.jpg", "labels/a.txt", SIDE, SIDE, one);
    page_rig_record(rig, "images/b.jpg", "labels/b.txt", SIDE, SIDE, two);
    page_rig_record(rig, "images/c.jpg", "labels/c.txt", SIDE, SIDE, two);
    make_picture(below(rig->data, "images/a.jpg"), false);
    make_picture(below(rig->data, "images/b.jpg"), true);
    page_rig_open(rig, 2, report);
    assert_int_equal(rig->plan.n_findings, 2);
    assert_int_equal(rig->plan.n_crops, 6);
    ASSERT_OK(page_sheets_make(&rig->source, &rig->plan, &means, rig->unread));
    assert_memory_equal(rig->unread + 2, "\0\1\0\1", 4);
    ASSERT_OK(page_data_make(&rig->source, &rig->plan, &means, rig->unread));
    ASSERT_OK(image_read(sheet_draft(rig), &sheet));
    assert_true(level_at(&sheet, 2, 10, 80, 0) < 50 && level_at(&sheet, 2, 150, 80, 0) > 200);
    assert_true(level_at(&sheet, 4, 10, 80, 0) > 200 && level_at(&sheet, 4, 150, 80, 0) < 50);
    image_free(&sheet);
    char name[64];
    snprintf(name, sizeof name, ".verify/page-%zu", page_part_first(&rig->plan, PAGE_PART_COPIES));
    assert_file(below(rig->output, name),
                "page_data(\"copies\", 0, [[{\"cell\": 2, \"width\": 240, \"height\": 240, "
                "\"boxes\": [[1, 0.2, 0.2, 0.1, 0.1]]}, {\"boxes\": []}, "
                "{\"cell\": 4, \"width\": 240, \"height\": 240, \"boxes\": []}], "
                "[{\"boxes\": []}]]);\n");
}

static void test_whole_page(void **state) {
    struct page_rig *rig = *state;
    struct page_means means = page_rig_means(0, 1);
    page_rig_record(rig, "images/a.jpg", "labels/a.txt", SIDE, SIDE,
                    PAGE_RIG_BOXES(PAGE_RIG_BOX(1, 0, "[0.5, 0.5, 0.25, 0.25]", "0.01")));
    page_rig_open(rig, 100, "");
    ASSERT_OK(page_sheets_make(&rig->source, &rig->plan, &means, rig->unread));
    ASSERT_OK(page_data_make(&rig->source, &rig->plan, &means, rig->unread));
    assert_false(is_there(below(rig->output, "review")));
    ASSERT_OK(page_finish(&rig->results, &rig->plan, &(struct page_totals){1, 0}));
    static const char *const names[] = {"index.html", "data/run.js", "data/findings-000.js",
                                        "data/images-000.js", "sheets/000.jpg"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[64];
        snprintf(path, sizeof path, "review/%s", names[i]);
        assert_true(is_there(below(rig->output, path)));
    }
    char *index = file_get(below(rig->output, "review/index.html"), NULL);
    assert_non_null(strstr(index, "Content-Security-Policy"));
    free(index);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_lines, make, destroy),
                                       TEST(test_hostile_texts),
                                       TEST(test_label_as_judged),
                                       TEST(test_label_links),
                                       TEST(test_pictures),
                                       TEST(test_same_bytes),
                                       TEST(test_copies),
                                       TEST(test_whole_page)};
    return RUN_TESTS(tests);
}
