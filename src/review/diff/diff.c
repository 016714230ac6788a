/* verify diff: pairs of records go by, and what became of each finding is counted or listed. */
#include "review/diff/diff.h"

#include <inttypes.h>
#include <string.h>

#include "base/shown.h"
#include "base/text.h"
#include "output/fields.h"
#include "review/diff/changes.h"
#include "review/diff/pairs.h"
#include "review/diff/settings.h"
#include "review/run_results.h"

struct comparison {
    const struct diff_request *request;
    struct run_results results[RUN_SIDES];
    struct pairs *pairs;
    struct diff_list lists[RUN_SIDES];
    struct changes changes;
    uint64_t n_both,
        n_unreadable; /* images: in both runs; of them, those that one could not read */
    struct text text; /* not yet printed */
};

enum { MUCH = 1 << 16, SCORE_DIGITS = 6 };

static enum status print_text(struct comparison *comparison, size_t least) {
    enum status status = text_status(&comparison->text);
    if (status != STATUS_OK || comparison->text.length <= least)
        return status;
    if (!comparison->request->quiet)
        lines_print(stdout, comparison->text.data);
    text_clear(&comparison->text);
    return STATUS_OK;
}

/* ---------------------------------------------------------------- findings */

static void finding_json(struct text *text, enum change change, const char *image,
                         const struct diff_finding *finding) {
    text_string(text, "\n{");
    field_string(text, "change", change_name(change));
    field_string(text, "image", image);
    field_string(text, "reason", finding->reason);
    if (finding->line)
        field_count(text, "line", finding->line);
    if (finding->kind == FINDING_INVALID) {
        field_string(text, "why", finding->name);
    } else {
        field_string(text, "name", finding->name);
        field_string(text, "suggested_name", finding->suggested);
        field_significant(text, "score", finding->score, SCORE_DIGITS);
        field_key(text, "xywhn");
        text_string(text, finding->xywhn ? "[" : "null");
        for (int i = 0; finding->xywhn && i < 4; i++) {
            text_string(text, i ? ", " : "");
            text_json_number(text, finding->xywhn[i], BOX_DECIMALS);
        }
        text_string(text, finding->xywhn ? "]" : "");
    }
    text_string(text, "}");
}

static enum status add(struct comparison *comparison, enum change change, const char *image,
                       const struct diff_finding *finding) {
    enum status status;
    const uint64_t *counts = comparison->changes.counts;
    bool first = counts[CHANGE_GONE] + counts[CHANGE_NEW] + counts[CHANGE_STILL] == 0;
    TRY(changes_add(&comparison->changes, change, image, finding));
    if (comparison->request->json) {
        text_string(&comparison->text, first ? "" : ",");
        finding_json(&comparison->text, change, image, finding);
        TRY(print_text(comparison, MUCH));
    }
out:
    return status;
}

/* An image of both runs, or (the other record is NULL) of one. */
static enum status compare(struct comparison *comparison,
                           const struct record *const records[RUN_SIDES]) {
    enum status status;
    struct diff_list *old = &comparison->lists[RUN_OLD], *new = &comparison->lists[RUN_NEW];
    for (int i = 0; i < RUN_SIDES; i++) {
        comparison->lists[i].count = 0;
        if (records[i])
            TRY(diff_list_read(records[i], &comparison->lists[i]));
    }
    diff_match(old, new);
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): one of them is there. */
    const char *image = (records[RUN_OLD] ? records[RUN_OLD] : records[RUN_NEW])->image;
    for (size_t i = 0; i < old->count; i++)
        if (old->items[i].partner == NO_PARTNER)
            TRY(add(comparison, CHANGE_GONE, image, &old->items[i]));
    for (size_t i = 0; i < new->count; i++)
        TRY(add(comparison, new->items[i].partner == NO_PARTNER ? CHANGE_NEW : CHANGE_STILL, image,
                &new->items[i]));
    status = STATUS_OK;
out:
    return status;
}

/* What one run could not read, it can say nothing of. */
static enum status compare_pairs(struct comparison *comparison) {
    enum status status;
    const struct record *records[RUN_SIDES];
    TRY(pairs_next(comparison->pairs, records));
    while (records[RUN_OLD]) {
        comparison->n_both++;
        if (records[RUN_OLD]->error || records[RUN_NEW]->error)
            comparison->n_unreadable++;
        else
            TRY(compare(comparison, records));
        TRY(pairs_next(comparison->pairs, records));
    }
    if (comparison->n_both == 0)
        status =
            FAIL(STATUS_BAD_INPUT, "%s and %s have no image in common: nothing can be compared",
                 comparison->results[RUN_OLD].output, comparison->results[RUN_NEW].output);
out:
    return status;
}

static enum status compare_only(struct comparison *comparison, enum run_side side) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < pairs_only_count(comparison->pairs, side); i++) {
        const struct record *records[RUN_SIDES] = {NULL, NULL};
        TRY(pairs_only(comparison->pairs, side, i, &records[side]));
        TRY(compare(comparison, records));
    }
out:
    return status;
}

/* ---------------------------------------------------------------- what is printed */

static const char *const only_names[RUN_SIDES] = {"only_old", "only_new"};

static enum status list_only(struct comparison *comparison, enum run_side side) {
    enum status status = STATUS_OK;
    struct text *text = &comparison->text;
    const struct record *record;
    text_format(text, "],\n\"%s\": [", only_names[side]);
    for (size_t i = 0; i < pairs_only_count(comparison->pairs, side); i++) {
        TRY(pairs_only(comparison->pairs, side, i, &record));
        text_string(text, i ? ",\n" : "\n");
        text_json_string(text, record->image);
        TRY(print_text(comparison, MUCH));
    }
out:
    return status;
}

static void setting_json(void *context, const char *name, const char *old, const char *new) {
    struct text *text = context;
    field_next(text);
    text_format(text, "\"%s\": [", name);
    text_json_lines(text, old, strlen(old));
    text_string(text, ", ");
    text_json_lines(text, new, strlen(new));
    text_string(text, "]");
}

static void setting_line(void *context, const char *name, const char *old, const char *new) {
    text_format(context, "The runs differ in --%s: %s and %s\n", name, old, new);
}

static enum status begin_json(struct comparison *comparison) {
    struct text *text = &comparison->text;
    text_string(text, "{");
    field_string(text, "old", comparison->results[RUN_OLD].output);
    field_string(text, "new", comparison->results[RUN_NEW].output);
    text_string(text, ",\n\"findings\": [");
    return text_status(text);
}

static enum status end_json(struct comparison *comparison) {
    enum status status;
    struct text *text = &comparison->text;
    TRY(list_only(comparison, RUN_OLD));
    TRY(list_only(comparison, RUN_NEW));
    text_string(text, "],\n\"images\": {");
    field_count(text, "both", comparison->n_both);
    for (int i = 0; i < RUN_SIDES; i++)
        field_count(text, only_names[i], pairs_only_count(comparison->pairs, (enum run_side)i));
    field_count(text, "unreadable", comparison->n_unreadable);
    text_string(text, "},\n\"settings\": {");
    settings_compare(&comparison->results[RUN_OLD], &comparison->results[RUN_NEW], setting_json,
                     text);
    text_string(text, "},\n\"counts\": {");
    TRY(changes_json(&comparison->changes, text));
    text_string(text, "}}\n");
    TRY(print_text(comparison, 0));
out:
    return status;
}

static enum status show(struct comparison *comparison) {
    enum status status;
    struct text *text = &comparison->text;
    text_format(text, "Old: %s\nNew: %s\n", comparison->results[RUN_OLD].output,
                comparison->results[RUN_NEW].output);
    settings_compare(&comparison->results[RUN_OLD], &comparison->results[RUN_NEW], setting_line,
                     text);
    text_format(text, "Images: %" PRIu64 " in both, %zu in the old run alone, %zu in the new one\n",
                comparison->n_both, pairs_only_count(comparison->pairs, RUN_OLD),
                pairs_only_count(comparison->pairs, RUN_NEW));
    if (comparison->n_unreadable)
        text_format(
            text, "Images that one of the runs could not read, and are not compared: %" PRIu64 "\n",
            comparison->n_unreadable);
    text_string(text, "\n");
    TRY(changes_show(&comparison->changes, text));
    TRY(print_text(comparison, 0));
out:
    return status;
}

static enum status open_all(struct comparison *comparison) {
    enum status status;
    const struct diff_request *request = comparison->request;
    const char *outputs[RUN_SIDES] = {request->old, request->new};
    for (int i = 0; i < RUN_SIDES; i++) {
        struct run_results *results = &comparison->results[i];
        TRY(run_results_read(outputs[i], results));
        if (!results->complete)
            TRY(FAIL(STATUS_BAD_INPUT, "%s: the run was interrupted: finish it with --resume",
                     results->output));
        outputs[i] = results->output;
    }
    TRY(pairs_open(outputs, &comparison->pairs));
out:
    return status;
}

enum status diff_run(const struct diff_request *request, uint64_t *fresh) {
    enum status status;
    struct comparison comparison = {.request = request};
    *fresh = 0;
    TRY(open_all(&comparison));
    if (request->json)
        TRY(begin_json(&comparison));
    TRY(compare_pairs(&comparison));
    TRY(compare_only(&comparison, RUN_OLD));
    TRY(compare_only(&comparison, RUN_NEW));
    TRY(request->json ? end_json(&comparison) : show(&comparison));
    *fresh = comparison.changes.counts[CHANGE_NEW];
out:
    pairs_close(comparison.pairs);
    changes_free(&comparison.changes);
    for (int i = 0; i < RUN_SIDES; i++) {
        diff_list_free(&comparison.lists[i]);
        run_results_free(&comparison.results[i]);
    }
    text_free(&comparison.text);
    return status;
}
