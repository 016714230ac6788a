/* Label files: what Ultralytics accepts is accepted, and each malformed line has its reason. */
#include <limits.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "data/label.h"
#include "label_parse.h"
#include "temp_folder.h"
#include "unit.h"

#define CLASSES 80

static const struct label_rules eighty = {.n_classes = CLASSES};

/* Puts a line between two good ones: they must survive it, whatever it holds. */
static void check_line(const char *bytes, size_t length, size_t n_classes, const char *reason) {
    static const char before[] = "1 0.5 0.5 0.1 0.1\n";
    static const char after[] = "\n2 0.25 0.5 0.2 0.3";
    size_t total = sizeof before - 1 + length + sizeof after - 1;
    char *text = malloc(total);
    assert_non_null(text);
    memcpy(text, before, sizeof before - 1);
    memcpy(text + sizeof before - 1, bytes, length);
    memcpy(text + sizeof before - 1 + length, after, sizeof after - 1);
    struct label_file file = {0};
    parse(text, total, n_classes, &file);
    free(text);
    if (file.n_invalid != 1 || strcmp(file.invalid[0].reason, reason) != 0)
        fail_msg("'%.*s': reason '%s', expected '%s'", (int)length, bytes,
                 file.n_invalid ? file.invalid[0].reason : "(none)", reason);
    assert_int_equal(file.invalid[0].line, 2);
    assert_int_equal(file.n_labels, 2);
    assert_box(&file.labels[0], 1, 1, 0.5, 0.5, 0.1, 0.1);
    assert_box(&file.labels[1], 3, 2, 0.25, 0.5, 0.2, 0.3);
    label_file_free(&file);
}

static const struct {
    const char *line, *reason;
} malformed[] = {
    {"0", "labels require 5 columns, 1 columns detected"},
    {"0 0.5", "labels require 5 columns, 2 columns detected"},
    {"0 0.5 0.5", "labels require 5 columns, 3 columns detected"},
    {"0 0.5 0.5 0.1", "labels require 5 columns, 4 columns detected"},
    {"0 0.5 0.5 0.1 0.1 0.9", "labels require 5 columns, 6 columns detected"},
    {"0 1.5 0.5 0.1 0.1", "non-normalized or out of bounds coordinates [1.5]"},
    {"0 320 240 64.5 48", "non-normalized or out of bounds coordinates [320 240 64.5 48]"},
    {"0 0.5 0.5 0.1 1.0101", "non-normalized or out of bounds coordinates [1.0101]"},
    {"0 2 0.5 -1 0.1", "non-normalized or out of bounds coordinates [2]"},
    {"-1 0.5 0.5 0.1 0.1", "negative label values [-1]"},
    {"0 -0.5 0.5 0.1 0.1", "negative label values [-0.5]"},
    {"0 -0.02 0.5 0.1 0.1", "negative label values [-0.02]"},
    {"0 0.5 0.5 -0.001 0.1", "negative label values [-0.001]"},
    {"0 0.5 0.5 0.1 -0.2", "negative label values [-0.2]"},
    {"-3 -0.5 -0.25 0.1 0.1", "negative label values [-3 -0.5 -0.25]"},
    {"1.5 0.5 0.5 0.1 0.1", "non-integer class labels [1.5]"},
    {"-0.005 0.5 0.5 0.1 0.1", "non-integer class labels [-0.005]"},
    {"0.99999 0.5 0.5 0.1 0.1", "non-integer class labels [0.99999]"},
    {"80 0.5 0.5 0.1 0.1",
     "Label class 80 exceeds dataset class count 80. Possible class labels are 0-79"},
    {"4294967296 0.5 0.5 0.1 0.1", "Label class 4.294967e+09 exceeds dataset class count 80. "
                                   "Possible class labels are 0-79"},
    {"0 0.5 0.5 0 0.1", "box has no area"},
    {"0 0.5 0.5 0.1 0", "box has no area"},
    {"0 0.5 0.5 0 0", "box has no area"},
    {"0 0.5 0.5 0.1 -0.0", "box has no area"},
    {"0 0.5 0.5 1e-300 0.1", "box has no area"},
    {"cat 0.5 0.5 0.1 0.1", "not a number 'cat'"},
    {"0 0.5 0.5 0.1 xyz", "not a number 'xyz'"},
    {"# a comment", "not a number '#'"},
    {"0,5 0.5 0.5 0.1 0.1", "not a number '0,5'"},
    {"0,0.5,0.5,0.1,0.1", "not a number '0,0.5,0.5,0.1,0.1'"},
    {"0 0x1p-2 0.5 0.1 0.1", "not a number '0x1p-2'"},
    {"0x1 0.5 0.5 0.1 0.1", "not a number '0x1'"},
    {"0 0.5.5 0.5 0.1 0.1", "not a number '0.5.5'"},
    {"0 0..5 0.5 0.1 0.1", "not a number '0..5'"},
    {"0 . 0.5 0.1 0.1", "not a number '.'"},
    {"0 - 0.5 0.1 0.1", "not a number '-'"},
    {"0 +-1 0.5 0.1 0.1", "not a number '+-1'"},
    {"0 1e 0.5 0.1 0.1", "not a number '1e'"},
    {"0 1e+ 0.5 0.1 0.1", "not a number '1e+'"},
    {"0 e5 0.5 0.1 0.1", "not a number 'e5'"},
    {"0 0.5f 0.5 0.1 0.1", "not a number '0.5f'"},
    {"0 1_0 0.5 0.1 0.1", "not a number '1_0'"},
    {"0 \"0.5\" 0.5 0.1 0.1", "not a number '\"0.5\"'"},
    {"0 nan 0.5 0.1 0.1", "not a finite number 'nan'"},
    {"0 0.5 0.5 -inf 0.1", "not a finite number '-inf'"},
    {"0 Infinity 0.5 0.1 0.1", "not a finite number 'Infinity'"},
    {"NaN 0.5 0.5 0.1 0.1", "not a finite number 'NaN'"},
    {"0 1e400 0.5 0.1 0.1", "not a finite number '1e400'"},
    {"0 1e99999999999999999999 0.5 0.1 0.1", "not a finite number '1e99999999999999999999'"},
    {"0 1e30 0.5 0.1 0.1", "non-normalized or out of bounds coordinates [1e+30]"},
    {"0 nanx 0.5 0.1 0.1", "not a number 'nanx'"},
    {"0 \x01\x1b[31m 0.5 0.1 0.1", "not a number '\\x01\\x1b[31m'"},
    {"0 0.5\x7f 0.5 0.1 0.1", "not a number '0.5\\x7f'"},
    {"0 \xff\xfe 0.5 0.1 0.1", "not a number '\\xff\\xfe'"},
    {"0 \xc2\x85 0.5 0.1 0.1", "not a number '\\xc2\\x85'"},
    {"0 \xe2\x80\xa8 0.5 0.1 0.1", "not a number '\\xe2\\x80\\xa8'"},
    {"0 \xd9\xa5 0.5 0.1 0.1", "not a number '\xd9\xa5'"},
    {"\xef\xbb\xbf"
     "0 0.5 0.5 0.1 0.1",
     "not a number '\xef\xbb\xbf"
     "0'"},
    {"0 0123456789012345678901234567890123456789x 0.5 0.1 0.1",
     "not a number '0123456789012345678901234567890123456789...'"},
    {"0 0.1 0.1 0.2 0.2 0.3 0.3 0.4", "a polygon requires x y pairs, 7 coordinates detected"},
    {"0 0.1 0.1 0.1 0.2 0.1 0.3", "box has no area"},
    {"0 0.1 0.1 3.1 0.2 0.1 0.3", "non-normalized or out of bounds coordinates [1.6 3]"},
    {"0 -0.5 0.1 0.1 0.2 0.1 0.3", "negative label values [-0.2]"},
    {"0 -0.1 0.2 1.1 0.2 0.5 0.8", "non-normalized or out of bounds coordinates [1.2]"},
    {"0 0.1 0.1 0.3 0.2 0.1 nan", "not a finite number 'nan'"},
    {"0.5 0.1 0.1 0.3 0.2 0.1 0.3", "non-integer class labels [0.5]"},
    {"99 0.1 0.1 0.3 0.2 0.1 0.3",
     "Label class 99 exceeds dataset class count 80. Possible class labels are 0-79"},
};

static void test_malformed_lines(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++)
        check_line(malformed[i].line, strlen(malformed[i].line), CLASSES, malformed[i].reason);
}

static void test_nul_bytes(void **state) {
    (void)state;
    check_line("0 0.5\0 0.5 0.1 0.1", 18, CLASSES, "not a number '0.5\\x00'");
    check_line("\0\0\0\0", 4, CLASSES, "not a number '\\x00\\x00\\x00\\x00'");
}

static void test_class_count(void **state) {
    (void)state;
    check_line("7 0.5 0.5 0.1 0.1", 17, 5,
               "Label class 7 exceeds dataset class count 5. Possible class labels are 0-4");
    check_line("2147483648 0.5 0.5 0.1 0.1", 26, 0, "class number too large: 2.147484e+09");
    struct label_file file = {0};
    parse("2147483647 0.5 0.5 0.1 0.1", 26, 0, &file);
    assert_int_equal(file.n_labels, 1);
    assert_int_equal(file.labels[0].class, 2147483647);
    label_file_free(&file);
}

static void test_accepted_lines(void **state) {
    (void)state;
    static const struct {
        const char *line;
        uint32_t class;
        double x, y, w, h;
    } cases[] = {
        {"0 0.5 0.25 0.1 0.2", 0, 0.5, 0.25, 0.1, 0.2},
        {"79 0.5 0.25 0.1 0.2", 79, 0.5, 0.25, 0.1, 0.2},
        {"3.0 0.5 0.25 0.1 0.2", 3, 0.5, 0.25, 0.1, 0.2},
        {"-0 0.5 0.25 0.1 0.2", 0, 0.5, 0.25, 0.1, 0.2},
        {"1e1 0.5 0.25 0.1 0.2", 10, 0.5, 0.25, 0.1, 0.2},
        {"\t 0\t0.5  0.25\f0.1\v0.2 \t", 0, 0.5, 0.25, 0.1, 0.2},
        {"+0 +.5 25e-2 1.E-1 2E-1", 0, 0.5, 0.25, 0.1, 0.2},
        {"0 1.01 1.01 1.01 1.01", 0, 1.01, 1.01, 1.01, 1.01},
        {"0 -0.01 -0.0 0.1 0.2", 0, -0.01, 0, 0.1, 0.2},
        {"0 1 1 1 1", 0, 1, 1, 1, 1},
        {"0 0.50000000000000000000000000000000000000000000000000001 0.25 0.1 0.2", 0, 0.5, 0.25,
         0.1, 0.2},
        {"0 0000000000000000000000000000000.5 0.25 0.1 0.2", 0, 0.5, 0.25, 0.1, 0.2},
        {"0 50000000000000000000000000000000e-32 0.25 0.1 0.2", 0, 0.5, 0.25, 0.1, 0.2},
        {"0 0.1 0.2 0.5 0.2 0.5 0.8", 0, 0.3, 0.5, 0.4, 0.6},
        {"0 0.5 0.8 0.1 0.9 0.3 0.2 0.2 0.6", 0, 0.3, 0.55, 0.4, 0.7},
        {"0 -0.1 0.2 0.9 0.2 0.5 0.8", 0, 0.4, 0.5, 1.0, 0.6}, /* the box counts, not the points */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct label_file file = {0};
        parse(cases[i].line, strlen(cases[i].line), CLASSES, &file);
        if (file.n_labels != 1)
            fail_msg("'%s': %s", cases[i].line, file.invalid[0].reason);
        assert_box(&file.labels[0], 1, cases[i].class, cases[i].x, cases[i].y, cases[i].w,
                   cases[i].h);
        assert_int_equal(file.n_invalid, 0);
        label_file_free(&file);
    }
}

static void test_lines_are_physical(void **state) {
    (void)state;
    static const char text[] = "\xef\xbb\xbf"
                               "\r\n0 0.5 0.5 0.1 0.1\r\n \t\n\r1 0.5 0.5 0.1 0.1\rbad\r\r\n"
                               "0 0.5 0.5 0.1 0.1\n\n\n";
    struct label_file file = {0};
    parse(text, sizeof text - 1, CLASSES, &file);
    assert_true(file.present);
    assert_int_equal(file.n_labels, 3);
    assert_int_equal(file.labels[0].line, 2);
    assert_int_equal(file.labels[1].line, 5);
    assert_int_equal(file.labels[2].line, 8);
    assert_int_equal(file.n_invalid, 1);
    assert_reason(&file, 0, 6, "not a number 'bad'");
    label_file_free(&file);
}

static void test_repeated_lines_stay(void **state) {
    (void)state;
    static const char text[] = "0 0.5 0.5 0.1 0.1\n0 0.5 0.5 0.1 0.1\n";
    struct label_file file = {0};
    parse(text, sizeof text - 1, CLASSES, &file);
    assert_int_equal(file.n_labels, 2);
    assert_int_equal(file.n_invalid, 0);
    label_file_free(&file);
}

static void test_empty(void **state) {
    (void)state;
    static const char *const texts[] = {"", "\n", "\xef\xbb\xbf", " \t\r\n\f\n"};
    for (size_t i = 0; i < 4; i++) {
        struct label_file file = {0};
        parse(texts[i], strlen(texts[i]), CLASSES, &file);
        assert_true(file.present);
        assert_int_equal(file.n_labels + file.n_invalid, 0);
        label_file_free(&file);
    }
}

static void test_utf16(void **state) {
    (void)state;
    struct label_file file = {0};
    parse("\xff\xfe\x30\x00\x20\x00", 6, CLASSES, &file);
    assert_int_equal(file.n_invalid, 1);
    assert_reason(&file, 0, 0, "UTF-16 text; label files are UTF-8");
    parse("\xfe\xff\x00\x30", 4, CLASSES, &file);
    assert_int_equal(file.n_invalid, 1);
    label_file_free(&file);
}

static void test_long_line(void **state) {
    (void)state;
    size_t points = 200000;
    char *text = malloc(points * 16 + 64);
    assert_non_null(text);
    size_t length = (size_t)sprintf(text, "5");
    for (size_t i = 0; i < points; i++)
        length += (size_t)sprintf(text + length, " 0.%03zu 0.%03zu", i % 800 + 100, i % 500 + 200);
    length += (size_t)sprintf(text + length, "\nx\n");
    struct label_file file = {0};
    parse(text, length, CLASSES, &file);
    assert_int_equal(file.n_labels, 1);
    assert_box(&file.labels[0], 1, 5, 0.4995, 0.4495, 0.799, 0.499);
    assert_reason(&file, 0, 2, "not a number 'x'");
    memset(text, '7', length - 3);
    parse(text, length, CLASSES, &file);
    assert_int_equal(file.n_labels, 0);
    assert_reason(&file, 0, 1, "not a finite number '7777777777777777777777777777777777777777...'");
    free(text);
    label_file_free(&file);
}

static void test_too_many_lines(void **state) {
    (void)state;
    static const char line[] = "0 0.5 0.5 0.1 0.1\n";
    size_t n = LABEL_FILE_LINES + 5, size = sizeof line - 1;
    char *text = malloc(n * size);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        memcpy(text + i * size, line, size);
    text[0] = 'x';
    struct label_file file = {0};
    parse(text, LABEL_FILE_LINES * size, CLASSES, &file);
    assert_int_equal(file.n_labels, LABEL_FILE_LINES - 1);
    assert_int_equal(file.n_invalid, 1);
    parse(text, n * size, CLASSES, &file);
    assert_int_equal(file.n_labels, LABEL_FILE_LINES - 1);
    assert_int_equal(file.n_invalid, 2);
    assert_reason(&file, 1, LABEL_FILE_LINES + 1,
                  "more than 10000 labels; the rest of the file is not read");
    free(text);
    label_file_free(&file);
}

/* Whatever the bytes, the reasons are printable and every line is a label or has a reason. */
static void test_garbage(void **state) {
    (void)state;
    uint32_t random = 12345;
    unsigned char bytes[4096];
    struct label_file file = {0};
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            random = random * 1664525 + 1013904223;
            bytes[i] = round % 2 ? (unsigned char)(random >> 24)
                                 : (unsigned char)" \n0123456789.-e"[(random >> 24) % 15];
        }
        parse((const char *)bytes, sizeof bytes, CLASSES, &file);
        assert_true(file.n_invalid > 0);
        for (size_t i = 0; i < file.n_invalid; i++) {
            assert_true(strlen(file.invalid[i].reason) < 250);
            for (const char *c = file.invalid[i].reason; *c; c++)
                assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
        }
        for (size_t i = 0; i < file.n_labels; i++)
            assert_true(file.labels[i].xywhn[2] > 0 && file.labels[i].xywhn[2] <= 1.01F &&
                        file.labels[i].class < CLASSES);
    }
    label_file_free(&file);
}

static void test_files(void **state) {
    (void)state;
    char *folder = temp_folder_make(NULL);
    struct label_file file = {0};
    file_make(below(folder, "a.txt"), "0 0.5 0.5 0.1 0.1\nbad\n");
    assert_int_equal(label_file_read(below(folder, "a.txt"), "", "", &eighty, &file), STATUS_OK);
    assert_true(file.present);
    assert_false(file.absent);
    assert_int_equal(file.n_labels, 1);
    assert_reason(&file, 0, 2, "not a number 'bad'");

    assert_int_equal(label_file_read(below(folder, "none.txt"), "", "", &eighty, &file), STATUS_OK);
    assert_false(file.present);
    assert_true(file.absent);
    assert_int_equal(file.n_labels + file.n_invalid, 0);
    char name[300];
    memset(name, 'n', sizeof name);
    memcpy(name + sizeof name - 5, ".txt", 5);
    assert_int_equal(label_file_read(below(folder, name), "", "", &eighty, &file), STATUS_OK);
    assert_true(file.absent);
    assert_int_equal(file.n_labels + file.n_invalid, 0);
    assert_int_equal(label_file_read(below(folder, "a.txt/b.txt"), "", "", &eighty, &file),
                     STATUS_OK);
    assert_false(file.present);
    assert_reason(&file, 0, 0, "cannot be read: Not a directory");

    folder_make(below(folder, "folder.txt"));
    assert_int_equal(label_file_read(below(folder, "folder.txt"), "", "", &eighty, &file),
                     STATUS_OK);
    assert_false(file.present);
    assert_int_equal(file.n_invalid, 1);
    assert_reason(&file, 0, 0, "is a folder");

    assert_int_equal(mkfifo(below(folder, "fifo.txt"), 0600), 0);
    assert_int_equal(label_file_read(below(folder, "fifo.txt"), "", "", &eighty, &file), STATUS_OK);
    assert_false(file.present);
    assert_reason(&file, 0, 0, "is not a regular file");

    assert_int_equal(symlink("loop.txt", below(folder, "loop.txt")), 0);
    assert_int_equal(label_file_read(below(folder, "loop.txt"), "", "", &eighty, &file), STATUS_OK);
    assert_false(file.present);
    assert_reason(&file, 0, 0, "cannot be read: Too many levels of symbolic links");

    file_make(below(folder, "large.txt"), "0 0.5 0.5 0.1 0.1\n");
    assert_int_equal(truncate(below(folder, "large.txt"), (off_t)LABEL_FILE_MIB * 1048576 + 1), 0);
    assert_int_equal(label_file_read(below(folder, "large.txt"), "", "", &eighty, &file),
                     STATUS_OK);
    assert_false(file.present);
    assert_false(file.absent);
    assert_int_equal(file.n_labels, 0);
    assert_reason(&file, 0, 0, "larger than 16 MiB");

    file_make(below(folder, "empty.txt"), "");
    assert_int_equal(label_file_read(below(folder, "empty.txt"), "", "", &eighty, &file),
                     STATUS_OK);
    assert_true(file.present);
    assert_int_equal(file.n_labels + file.n_invalid, 0);
    label_file_free(&file);
    temp_folder_remove(folder);
}

static void test_unreadable_file(void **state) {
    (void)state;
    char *folder = temp_folder_make(NULL);
    file_make(below(folder, "locked.txt"), "0 0.5 0.5 0.1 0.1\n");
    assert_int_equal(chmod(folder, 0777), 0);
    assert_int_equal(chmod(below(folder, "locked.txt"), 0), 0);
    uid_t user = geteuid();
    if (user == 0)
        assert_int_equal(seteuid(65534), 0);
    struct label_file file = {0};
    enum status status = label_file_read(below(folder, "locked.txt"), "", "", &eighty, &file);
    assert_int_equal(seteuid(user), 0);
    assert_int_equal(status, STATUS_OK);
    assert_false(file.present);
    assert_reason(&file, 0, 0, "cannot be read: Permission denied");
    label_file_free(&file);
    temp_folder_remove(folder);
}

static void test_label_path(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"/d/images/a.jpg", "/d/labels/a.txt"},
        {"/d/images/train/x/a.jpeg", "/d/labels/train/x/a.txt"},
        {"/d/JPEGImages/a.png", "/d/labels/a.txt"},
        {"/d/images/v/images/a.jpg", "/d/images/v/labels/a.txt"},
        {"/d/images/images/a.jpg", "/d/images/labels/a.txt"},
        {"/images/JPEGImages/a.jpg", "/images/labels/a.txt"},
        {"/JPEGImages/x/images/y/a.jpg", "/JPEGImages/x/labels/y/a.txt"},
        {"images/a.jpg", "labels/a.txt"},
        {"/d/Images/a.jpg", "/d/Images/a.txt"},
        {"/d/myimages/a.jpg", "/d/myimages/a.txt"},
        {"/d/images2/a.jpg", "/d/images2/a.txt"},
        {"/d/flat/a.b.c.JPG", "/d/flat/a.b.c.txt"},
        {"/d/v1.0/images/a", "/d/v1.0/labels/a.txt"},
        {"/d/images.v1/images.jpg", "/d/images.v1/images.txt"},
        {"/d/images", "/d/images.txt"},
        {"a.jpg", "a.txt"},
        {"/d//images//a.jpg", "/d//labels//a.txt"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path = NULL;
        assert_int_equal(label_path(cases[i][0], &path), STATUS_OK);
        assert_string_equal(path, cases[i][1]);
        free(path);
    }
}

/* A locale with a decimal comma changes neither what is read nor what is said. */
static void test_locale(void **state) {
    (void)state;
    char *folder = temp_folder_make(NULL), command[PATH_MAX + 64];
    snprintf(command, sizeof command, "localedef -f UTF-8 -i de_DE '%s'", below(folder, "comma"));
    if (system(command) != 0) {
        temp_folder_remove(folder);
        SKIP("localedef makes no locale with a decimal comma here (Debian: locales)");
    }
    setenv("LOCPATH", folder, 1);
    assert_non_null(setlocale(LC_ALL, "comma"));
    assert_string_equal(localeconv()->decimal_point, ",");
    check_line("0 1.5 0.5 0.1 0.1", 17, CLASSES,
               "non-normalized or out of bounds coordinates [1.5]");
    setlocale(LC_ALL, "C");
    unsetenv("LOCPATH");
    temp_folder_remove(folder);
}

static void test_fixture(void **state) {
    (void)state;
    struct label_file file = {0};
    char folder[FIXTURE_PATH], path[FIXTURE_PATH + 64];
    size_t files = 0, labels = 0;
    FIXTURE("coco128/labels", folder);
    for (int i = 0; i < 700; i++) {
        snprintf(path, sizeof path, "%s/%012d.txt", folder, i);
        assert_int_equal(label_file_read(path, "", "", &eighty, &file), STATUS_OK);
        assert_int_equal(file.n_invalid, 0);
        files += file.present;
        labels += file.n_labels;
    }
    label_file_free(&file);
    assert_true(files > 0);
    assert_int_equal(labels, 929 + 12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_malformed_lines),
        cmocka_unit_test(test_nul_bytes),
        cmocka_unit_test(test_class_count),
        cmocka_unit_test(test_accepted_lines),
        cmocka_unit_test(test_lines_are_physical),
        cmocka_unit_test(test_repeated_lines_stay),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_utf16),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_too_many_lines),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_unreadable_file),
        cmocka_unit_test(test_label_path),
        cmocka_unit_test(test_locale),
        cmocka_unit_test(test_fixture),
    };
    return RUN_TESTS(tests);
}
