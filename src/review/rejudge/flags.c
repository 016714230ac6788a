/* The flags that verdicts are made anew by. */
#include "review/rejudge/flags.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "job/options_set.h"
#include "output/run_file.h"

enum { NAME_BYTES = 64 };

static enum status take_former(const char *output, bool going_on, size_t row,
                               struct options *flags) {
    enum status status;
    char name[NAME_BYTES], *value = NULL;
    const struct option_info *info = option_info(row);
    snprintf(name, sizeof name, "--%s", info->name);
    TRY(run_file_value(output, going_on, name, &value));
    TRY(option_set(flags, row, value ? value : info->initial, name));
out:
    free(value);
    return status;
}

/* The number that run.json would have of it. */
static bool is_same(double a, double b) {
    char one[NAME_BYTES], other[NAME_BYTES];
    snprintf(one, sizeof one, "%.9g", a);
    snprintf(other, sizeof other, "%.9g", b);
    return strcmp(one, other) == 0;
}

enum status rejudge_flags(const char *output, bool going_on, const struct options *given,
                          struct options *flags) {
    enum status status = STATUS_OK;
    *flags = (struct options){.command = given->command};
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        const struct option_row *row = option_row(i);
        if (row->effect != EFFECT_VERDICTS)
            continue;
        TRY(take_former(output, going_on, i, flags));
        double new = *(const double *)option_value(given, row), *is = option_member(flags, row);
        if (isnan(new))
            continue;
        if (going_on && !is_same(new, *is))
            return FAIL(STATUS_BAD_INPUT,
                        "--%s %.9g: verdicts were being made anew by %.9g, which was interrupted: "
                        "first go on with verify rejudge %s",
                        row->info.name, new, *is, output);
        *is = new;
    }
    if (!isnan(given->max_margin) && isnan(given->precision))
        flags->precision = 0;
out:
    return status;
}

enum status rejudge_note(const char *output, const struct options *flags) {
    enum status status;
    struct text text = {0};
    struct run_part parts[OPTION_ROWS];
    struct run_parts all = {0, parts, NULL, NULL};
    options_verdicts(flags, &text);
    TRY(text_status(&text));
    const char *end = text.data + text.length, *value;
    for (const char *name = text.data; name < end; name = value + strlen(value) + 1) {
        value = name + strlen(name) + 1;
        parts[all.count++] = (struct run_part){name, value, false};
    }
    status = run_file_rejudge(output, &all);
out:
    text_free(&text);
    return status;
}
