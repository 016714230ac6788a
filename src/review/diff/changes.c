/* What became of findings from one run to another, counted. */
#include "review/diff/changes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "output/fields.h"

const char *change_name(enum change change) {
    static const char *const names[CHANGE_COUNT] = {"gone", "new", "still"};
    return names[change];
}

/* ---------------------------------------------------------------- counting */

static enum status table_add(struct change_table *table, const char *name, enum change change) {
    enum status status = STATUS_OK;
    size_t at = 0, end = table->count;
    while (at < end) {
        size_t middle = at + (end - at) / 2;
        if (strcmp(table->rows[middle].name, name) < 0)
            at = middle + 1;
        else
            end = middle;
    }
    if (at == table->count || strcmp(table->rows[at].name, name) != 0) {
        char *copy;
        TRY(memory_reserve(&table->rows, &table->capacity, table->count + 1, sizeof *table->rows));
        TRY(memory_string(name, &copy));
        memmove(&table->rows[at + 1], &table->rows[at], (table->count - at) * sizeof *table->rows);
        table->rows[at] = (struct change_row){.name = copy};
        table->count++;
    }
    table->rows[at].counts[change]++;
out:
    return status;
}

static void describe(const char *image, const struct diff_finding *finding, struct text *text) {
    text_string(text, image);
    if (finding->line)
        text_format(text, ", line %" PRIu32, finding->line);
    text_format(text, ": %s", finding->name);
    if (finding->suggested)
        text_format(text, ", looks like %s", finding->suggested);
    text_format(text, " (%s", finding->reason);
    if (finding->kind != FINDING_INVALID)
        text_format(text, ", %.3g", finding->score);
    text_string(text, ")");
}

/* Keeps the most suspicious; invalid lines are what they are, and come last. */
static enum status keep_worst(struct changes *changes, const char *image,
                              const struct diff_finding *finding) {
    enum status status = STATUS_OK;
    double order = finding->kind == FINDING_INVALID ? 2 : finding->score;
    struct text line = {0};
    size_t at = changes->n_worst;
    while (at > 0 && changes->worst[at - 1].order > order)
        at--;
    if (at == WORST_MOST)
        return STATUS_OK;
    describe(image, finding, &line);
    TRY(text_status(&line));
    if (changes->n_worst == WORST_MOST)
        free(changes->worst[--changes->n_worst].line);
    memmove(&changes->worst[at + 1], &changes->worst[at],
            (changes->n_worst - at) * sizeof *changes->worst);
    changes->worst[at] = (struct worst_finding){order, line.data};
    changes->n_worst++;
    line = (struct text){0};
out:
    text_free(&line);
    return status;
}

enum status changes_add(struct changes *changes, enum change change, const char *image,
                        const struct diff_finding *finding) {
    enum status status;
    changes->counts[change]++;
    TRY(table_add(&changes->reasons, finding->reason, change));
    if (finding->kind != FINDING_INVALID)
        TRY(table_add(&changes->classes, finding->name, change));
    if (change == CHANGE_NEW)
        TRY(keep_worst(changes, image, finding));
out:
    return status;
}

static void table_free(struct change_table *table) {
    for (size_t i = 0; i < table->count; i++)
        free(table->rows[i].name);
    free(table->rows);
}

void changes_free(struct changes *changes) {
    table_free(&changes->reasons);
    table_free(&changes->classes);
    for (size_t i = 0; i < changes->n_worst; i++)
        free(changes->worst[i].line);
    *changes = (struct changes){0};
}

/* ---------------------------------------------------------------- showing */

static uint64_t sum(const struct change_row *row) {
    return row->counts[CHANGE_GONE] + row->counts[CHANGE_NEW] + row->counts[CHANGE_STILL];
}

static int compare_rows(const void *a, const void *b) {
    const struct change_row *x = a, *y = b;
    if (x->counts[CHANGE_NEW] != y->counts[CHANGE_NEW])
        return x->counts[CHANGE_NEW] > y->counts[CHANGE_NEW] ? -1 : 1;
    if (sum(x) != sum(y))
        return sum(x) > sum(y) ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void show_row(struct text *lines, const uint64_t counts[CHANGE_COUNT], const char *name) {
    text_format(lines, "%12" PRIu64 "%12" PRIu64 "%14" PRIu64 "   %s\n", counts[CHANGE_GONE],
                counts[CHANGE_NEW], counts[CHANGE_STILL], name);
}

/* The rows with most new ones first: names stand last, since their width on a screen is not known.
 */
static enum status show_table(const struct change_table *table, size_t most, const char *heading,
                              struct text *lines) {
    enum status status;
    struct change_row *rows = NULL;
    TRY(memory_zeroed(table->count, sizeof *rows, &rows));
    for (size_t i = 0; i < table->count; i++)
        rows[i] = table->rows[i];
    qsort(rows, table->count, sizeof *rows, compare_rows);
    text_format(lines, "%12s%12s%14s   %s\n", "gone", "new", "still there", heading);
    for (size_t i = 0; i < table->count && i < most; i++)
        show_row(lines, rows[i].counts, rows[i].name);
    if (table->count > most)
        text_format(lines, "%41s%zu more: --json has them all\n", "", table->count - most);
out:
    free(rows);
    return status;
}

enum status changes_show(const struct changes *changes, struct text *lines) {
    enum { CLASSES_MOST = 20 };
    enum status status;
    TRY(show_table(&changes->reasons, SIZE_MAX, "by reason", lines));
    show_row(lines, changes->counts, "in all");
    if (changes->classes.count) {
        text_string(lines, "\n");
        TRY(show_table(&changes->classes, CLASSES_MOST, "by class", lines));
    }
    if (changes->n_worst)
        text_string(lines, "\nNew findings, most suspicious first:\n");
    for (size_t i = 0; i < changes->n_worst; i++)
        text_format(lines, "  %s\n", changes->worst[i].line);
    if (changes->counts[CHANGE_NEW] > changes->n_worst)
        text_format(lines, "  and %" PRIu64 " more: --json has them all\n",
                    changes->counts[CHANGE_NEW] - changes->n_worst);
    status = text_status(lines);
out:
    return status;
}

static void counts_json(struct text *text, const uint64_t counts[CHANGE_COUNT]) {
    for (int i = 0; i < CHANGE_COUNT; i++)
        field_count(text, change_name((enum change)i), counts[i]);
}

static void table_json(struct text *text, const char *key, const char *name,
                       const struct change_table *table) {
    field_key(text, key);
    text_string(text, "[");
    for (size_t i = 0; i < table->count; i++) {
        field_next(text);
        text_string(text, "\n{");
        field_string(text, name, table->rows[i].name);
        counts_json(text, table->rows[i].counts);
        text_string(text, "}");
    }
    text_string(text, "]");
}

enum status changes_json(const struct changes *changes, struct text *text) {
    counts_json(text, changes->counts);
    table_json(text, "by_reason", "reason", &changes->reasons);
    text_string(text, ",\n");
    table_json(text, "by_class", "name", &changes->classes);
    return text_status(text);
}
