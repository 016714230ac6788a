/* The table of flags: that each row holds together, that what changes results is compared before a
 * run is resumed, and that docs/flags.md says what the table says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "job/devices.h"
#include "job/options_set.h"
#include "unit.h"

/* Fails with the flag's name. */
#define CHECK_ROW(row, condition)                                                                  \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("--%s: not %s", (row)->info.name, #condition);                                \
    } while (0)

static bool changes_results(const struct option_row *row) {
    return row->effect >= EFFECT_PREDICTIONS && row->effect <= EFFECT_MEANS;
}

static size_t count_words(const char *const *words, const char *word) {
    size_t count = 0;
    for (; words && *words; words++)
        count += option_same_name(*words, word);
    return count;
}

/* How many flags have a name, or another name. */
static size_t count_name(const char *name) {
    size_t count = 0;
    for (size_t i = 0; i < OPTION_ROWS; i++)
        count += option_same_name(option_info(i)->name, name) +
                 count_words(option_row(i)->synonyms, name);
    return count;
}

static void test_rows_have_what_all_need(void **state) {
    (void)state;
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        const struct option_row *row = option_row(i);
        const struct option_info *info = &row->info;
        bool negated;
        CHECK_ROW(row, info->name[0] && info->help[0] && info->group[0]);
        CHECK_ROW(row, info->name[strspn(info->name, "abcdefghijklmnopqrstuvwxyz-")] == '\0');
        CHECK_ROW(row, row->effect != EFFECT_UNKNOWN);
        CHECK_ROW(row, option_find(info->name, &negated) == (int)i && !negated);
        CHECK_ROW(row, option_is_switch(i) == !info->argument);
        for (size_t k = 0; k < i; k++)
            CHECK_ROW(row, !info->letter || info->letter != option_info(k)->letter);
    }
}

static void test_names_are_of_one_flag(void **state) {
    (void)state;
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        const struct option_row *row = option_row(i);
        CHECK_ROW(row, count_name(row->info.name) == 1);
        for (const char *const *word = row->synonyms; word && *word; word++)
            CHECK_ROW(row, count_name(*word) == 1);
    }
}

static void test_kinds_have_what_they_need(void **state) {
    (void)state;
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        const struct option_row *row = option_row(i);
        const struct option_info *info = &row->info;
        bool is_number =
            row->kind == OPTION_COUNT || row->kind == OPTION_COUNTS || row->kind == OPTION_REAL;
        CHECK_ROW(row, is_number == (row->least < row->most));
        CHECK_ROW(row, !is_number || info->initial);
        CHECK_ROW(row, !row->automatic || (is_number && row->least <= 0 && row->most >= 0));
        CHECK_ROW(row, (row->kind == OPTION_CHOICE) == (row->choices != NULL));
        CHECK_ROW(row, !row->choices || count_words(row->choices, info->initial));
        CHECK_ROW(row, !option_is_switch(i) || !info->initial || !strcmp(info->initial, "on"));
        CHECK_ROW(row, !info->suffixes || info->takes_path);
    }
}

static void start(struct options *options) {
    *options = (struct options){0};
    assert_int_equal(options_set_initial(options), STATUS_OK);
}

static void test_defaults_pass_their_own_checks(void **state) {
    (void)state;
    struct options options;
    start(&options);
    for (size_t i = 0; i < OPTION_ROWS; i++)
        if (!option_is_switch(i) && option_info(i)->initial)
            assert_int_equal(option_set(&options, i, option_info(i)->initial, "default"),
                             STATUS_OK);
    options_free(&options);
}

/* Gives a flag another value than its default. */
static void change(struct options *options, size_t i) {
    const struct option_row *row = option_row(i);
    char number[64];
    const char *value = "other";
    if (row->kind == OPTION_SWITCH) {
        option_switch(options, i, row->info.initial == NULL);
        return;
    }
    if (row->choices)
        value = row->choices[strcmp(row->choices[0], row->info.initial) == 0];
    else if (row->kind == OPTION_DEVICES)
        value = "cpu";
    else if (row->kind > OPTION_CHOICE || row->kind == OPTION_COUNTS) {
        double least = row->least == strtod(row->info.initial, NULL) ? row->most : row->least;
        snprintf(number, sizeof number, "%.17g", least);
        value = number;
    }
    assert_int_equal(option_set(options, i, value, row->info.name), STATUS_OK);
}

/* A line for each name and value: "--imgsz 640". */
static void results(const struct options *options, struct text *lines) {
    struct text text = {0};
    options_results(options, &text);
    assert_int_equal(text_status(&text), STATUS_OK);
    for (size_t i = 0, ends = 0; i < text.length; i++) {
        ends += text.data[i] == '\0';
        text_bytes(lines, text.data[i] ? &text.data[i] : ends % 2 ? " " : "\n", 1);
    }
    text_free(&text);
}

static void test_what_changes_results_is_compared(void **state) {
    (void)state;
    struct text before = {0};
    struct options options;
    start(&options);
    results(&options, &before);
    options_free(&options);
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        struct text after = {0};
        start(&options);
        change(&options, i);
        results(&options, &after);
        CHECK_ROW(option_row(i),
                  (strcmp(before.data, after.data) != 0) == changes_results(option_row(i)));
        text_free(&after);
        options_free(&options);
    }
    text_free(&before);
}

/* As runs of earlier builds have them in run.json: a new line may come, none may change. */
static void test_results_have_the_names_and_values_of_old(void **state) {
    (void)state;
    static const char expected[] = "--imgsz 640\n--conf 0.25\n--iou 0.7\n--max-det 300\n--half 1\n"
                                   "--rect 0\n--max-margin 3.5\n--max-shift 3\n--max-ghost 7.5\n"
                                   "--min-own 0.15\n--max-dup 0.7\n--missing-conf 0.5\n"
                                   "--save-json 0\n--save-txt 0\n--device auto\n--place hardlink\n";
    struct text lines = {0};
    struct options options;
    start(&options);
    results(&options, &lines);
    for (const char *at = expected; *at; at += strcspn(at, "\n") + 1) {
        char line[64];
        snprintf(line, sizeof line, "%.*s\n", (int)strcspn(at, "\n"), at);
        if (!strstr(lines.data, line))
            fail_msg("no line %s in\n%s", line, lines.data);
    }
    text_free(&lines);
    options_free(&options);
}

/* ---------------------------------------------------------------- docs/flags.md */

static void document_words(const char *const *words, struct text *text) {
    for (size_t i = 0; words && words[i]; i++)
        text_format(text, "%s`%s`", i ? ", " : "", words[i]);
}

/* The commands that take a flag, where that is not a run alone, nor are all. */
static void document_commands(size_t row, struct text *text) {
    const char *separator = " (";
    if (option_info(row)->commands == 0 || option_info(row)->commands == FOR_ALL)
        return;
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (option_is_for(row, (enum command)i)) {
            text_format(text, "%s`%s`", separator, command_info((enum command)i)->word);
            separator = ", ";
        }
    text_string(text, ")");
}

static void document_row(size_t index, struct text *text) {
    const struct option_row *row = option_row(index);
    const struct option_info *info = &row->info;
    struct text choices = {0};
    text_string(text, "| ");
    if (info->letter)
        text_format(text, "`-%c`, ", info->letter);
    text_format(text, "`--%s%s%s` | %s", info->name, info->argument ? " " : "",
                info->argument ? info->argument : "", info->help);
    option_choices(index, "`, `", &choices);
    if (choices.length)
        text_format(text, ": `%s`", choices.data);
    text_free(&choices);
    document_commands(index, text);
    text_string(text, " | ");
    if (info->initial)
        text_format(text, "`%s`", info->initial);
    text_string(text, " | ");
    document_words(row->synonyms, text);
    text_format(text, " | %s |\n",
                row->effect == EFFECT_INPUTS || changes_results(row) ? "the same" : "");
}

/* All flags, a table a group. */
static void document(struct text *text) {
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        const char *group = option_info(i)->group;
        size_t first = 0;
        while (strcmp(option_info(first)->group, group) != 0)
            first++;
        if (first < i)
            continue;
        text_format(text,
                    "### %s\n\n| flag | meaning | default | other names | to resume |\n"
                    "| --- | --- | --- | --- | --- |\n",
                    group);
        for (size_t k = i; k < OPTION_ROWS; k++)
            if (strcmp(option_info(k)->group, group) == 0)
                document_row(k, text);
        text_string(text, "\n");
    }
}

static void test_docs_say_what_the_table_says(void **state) {
    (void)state;
    static char docs[1 << 17];
    struct text expected = {0};
    FILE *file = fopen("docs/flags.md", "rb");
    assert_non_null(file);
    docs[fread(docs, 1, sizeof docs - 1, file)] = '\0';
    fclose(file);
    document(&expected);
    assert_int_equal(text_status(&expected), STATUS_OK);
    if (!strstr(docs, expected.data)) {
        puts(expected.data);
        fail_msg("docs/flags.md does not have the tables above");
    }
    text_free(&expected);
}

/* --device takes what the table of backends has. */
static void test_devices_are_the_backends(void **state) {
    (void)state;
    struct text said = {0}, known = {0};
    option_argument(option_row(OPTION_AT_device), &said);
    devices_choices("|", &known);
    text_string(&known, "|0,1,...");
    assert_string_equal(said.data, known.data);
    text_free(&said);
    text_free(&known);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_have_what_all_need),
        cmocka_unit_test(test_names_are_of_one_flag),
        cmocka_unit_test(test_kinds_have_what_they_need),
        cmocka_unit_test(test_defaults_pass_their_own_checks),
        cmocka_unit_test(test_what_changes_results_is_compared),
        cmocka_unit_test(test_results_have_the_names_and_values_of_old),
        cmocka_unit_test(test_docs_say_what_the_table_says),
        cmocka_unit_test(test_devices_are_the_backends),
    };
    return RUN_TESTS(tests);
}
