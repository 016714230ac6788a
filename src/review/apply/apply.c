/* verify apply, from beginning to end. */
#include "review/apply/apply.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fingerprint.h"
#include "base/shown.h"
#include "data/dataset.h"
#include "data/path.h"
#include "output/run_lock.h"
#include "review/apply/corrected.h"
#include "review/apply/in_place.h"

/* Where a corrected copy goes, unless --to says. */
#define CORRECTED_FOLDER "corrected"

struct applying {
    const struct options *options;
    struct run_results results;
    struct run_lock *lock;
    struct acceptance acceptance;
    struct decision_list list;
    struct layout layout;
    uint64_t request; /* fingerprint of what is asked for */
    uint64_t refused;
};

static void say(const struct applying *applying, const char *what, const char *value) {
    if (!applying->options->quiet)
        line_print(stdout, "%s%s", what, value);
}

/* ---------------------------------------------------------------- what is asked for */

static enum status check_flags(const struct options *options) {
    bool has_file = options->n_words > 1,
         bounded = options->min_precision >= 0 || options->max_score >= 0;
    if (options->undo > 0 && (has_file || options->accept || options->to || options->in_place))
        return FAIL(STATUS_BAD_INPUT,
                    "--undo goes with no decisions, --accept, --to or --in-place");
    if (options->undo > 0)
        return STATUS_OK;
    if (has_file == (options->accept != NULL))
        return FAIL(STATUS_BAD_INPUT,
                    has_file ? "--accept decides without a file of decisions: give one of both"
                             : "what is to be applied: give the decisions that the page has saved "
                               "(verify apply OUTPUT decisions.jsonl), or --accept REASONS");
    if (bounded && !options->accept)
        return FAIL(STATUS_BAD_INPUT, "--min-precision and --max-score go with --accept");
    if (options->in_place && options->to)
        return FAIL(STATUS_BAD_INPUT, "--in-place changes the data set, and --to writes a copy: "
                                      "give one of both");
    return STATUS_OK;
}

/* The acceptance, from the flags and the self-test. */
static enum status read_acceptance(struct applying *applying) {
    enum status status;
    const struct options *options = applying->options;
    TRY(acceptance_read(options->accept, &applying->acceptance));
    applying->acceptance.outlined = applying->results.outlined;
    applying->acceptance.keypoints = applying->results.keypoints;
    if (options->max_score >= 0)
        applying->acceptance.max_score = options->max_score;
    if (options->min_precision < 0)
        return STATUS_OK;
    if (!applying->acceptance.reasons[REASON_CLASS])
        return FAIL(STATUS_BAD_INPUT, "--min-precision is of --accept class: for other reasons "
                                      "nothing is estimated; use --max-score");
    TRY(acceptance_precision(applying->results.report, options->min_precision,
                             &applying->acceptance));
    if (!options->quiet)
        line_print(stdout, "Precision %g: labels with a margin above %g", options->min_precision,
                   applying->acceptance.min_margin);
out:
    return status;
}

/* An interrupted --in-place is finished by the same request alone. */
static enum status find_request(struct applying *applying) {
    enum status status;
    const struct options *options = applying->options;
    struct text text = {0};
    applying->request = FINGERPRINT_START;
    if (options->n_words > 1)
        return fingerprint_file(options->words[1], &applying->request);
    text_format(&text, "%s %.17g %.17g", options->accept, options->min_precision,
                options->max_score);
    TRY(text_status(&text));
    applying->request = fingerprint_bytes(applying->request, text.data, text.length);
out:
    text_free(&text);
    return status;
}

/* ---------------------------------------------------------------- what is decided */

/* One pass over the records: where label files lie, whose the decisions are, and what is accepted.
 */
static enum status read_records(struct applying *applying) {
    enum status status;
    struct record_reader *reader = NULL;
    const struct record *record;
    TRY(records_open(applying->results.output, 0, 1, &reader));
    for (;;) {
        TRY(records_next(reader, &record));
        if (!record)
            break;
        TRY(layout_note(&applying->layout, record));
        const char *label = dataset_image_name(applying->results.root, applying->layout.label.data);
        if (applying->options->accept)
            TRY(decisions_accept(&applying->acceptance, record, label, &applying->list));
        TRY(decision_list_note(&applying->list, record->image, label));
    }
    TRY(layout_settle(&applying->layout));
    decision_list_settle(&applying->list);
out:
    records_close(reader);
    return status;
}

static enum status read_all(struct applying *applying) {
    enum status status;
    const struct options *options = applying->options;
    if (options->accept)
        TRY(read_acceptance(applying));
    else
        TRY(decisions_read(options->words[1], applying->results.n_classes, &applying->list));
    status = read_records(applying);
out:
    return status;
}

/* ---------------------------------------------------------------- what it comes to */

static enum status say_changes(const struct applying *applying, const struct changes *changes,
                               const char *what) {
    struct text text = {0};
    changes_text(changes, &text);
    if (changes->same)
        text_format(&text, ", already so %llu", (unsigned long long)changes->same);
    enum status status = text_status(&text);
    if (status == STATUS_OK && !applying->options->quiet) {
        line_print(stdout, "%s: %llu label files (%llu new): %s", what,
                   (unsigned long long)changes->files, (unsigned long long)changes->made,
                   text.data);
        if (changes->refused)
            line_print(stdout, "Refused: %llu decisions, listed above",
                       (unsigned long long)changes->refused);
    }
    text_free(&text);
    return status;
}

static enum status nothing(const struct changes *changes) {
    if (changes->refused)
        return FAIL(STATUS_BAD_INPUT, "nothing is applied: all decisions that would change "
                                      "something were refused, as listed");
    if (changes->done[ACTION_KEEP] || changes->same)
        return FAIL(STATUS_BAD_INPUT, "nothing is to be applied: the decisions leave all labels "
                                      "as they are");
    return FAIL(STATUS_BAD_INPUT, "nothing is to be applied: there is no such finding or decision");
}

/* ---------------------------------------------------------------- the three ways */

static enum status dry_run(struct applying *applying) {
    enum status status;
    struct changes changes = {.layout = &applying->layout,
                              .list = &applying->list,
                              .in_place = applying->options->in_place,
                              .shown = true};
    TRY(read_all(applying));
    TRY(changes_make(&changes));
    TRY(say_changes(applying, &changes, "Would change"));
    applying->refused = changes.refused;
    status = changes_any(&changes) ? STATUS_OK : nothing(&changes);
out:
    return status;
}

static enum status find_to(const struct applying *applying, struct text *to) {
    if (applying->options->to)
        return path_absolute(NULL, applying->options->to, to);
    text_format(to, "%s/" CORRECTED_FOLDER, applying->results.output);
    return text_status(to);
}

static enum status copy(struct applying *applying) {
    enum status status;
    struct changes changes = {.layout = &applying->layout, .list = &applying->list};
    struct copy_counts counts;
    struct text to = {0};
    TRY(find_to(applying, &to));
    TRY(read_all(applying));
    TRY(corrected_write(to.data, &applying->layout, &changes, &counts));
    applying->refused = changes.refused;
    if (!changes_any(&changes)) {
        status = nothing(&changes);
        goto out;
    }
    TRY(say_changes(applying, &changes, "Changed"));
    if (applying->options->quiet)
        goto out;
    line_print(stdout, "Unchanged: %llu label files", (unsigned long long)counts.copied);
    if (counts.left)
        line_print(stdout, "Left out: %llu label files, listed above",
                   (unsigned long long)counts.left);
    if (counts.others)
        line_print(stdout, "Left out: %llu files in the label folders that are no .txt",
                   (unsigned long long)counts.others);
    say(applying, "Corrected copy: ", to.data);
    line_print(stdout, "Paths in it are relative to %s; its " CHANGES_FILE " is for patch -p1",
               applying->layout.base);
out:
    text_free(&to);
    return status;
}

static void say_in_place(const struct applying *applying, const struct applied *applied,
                         const struct applied_counts *counts) {
    if (applying->options->quiet)
        return;
    line_print(stdout, "Changed in place: %llu label files: %s",
               (unsigned long long)counts->written + counts->before, applied->changes);
    line_print(stdout, "The originals, and " CHANGES_FILE ": %s", applied->path);
    line_print(stdout, "To take it back: verify apply %s --undo %llu", applying->results.output,
               (unsigned long long)applied->number);
}

static enum status in_place(struct applying *applying) {
    enum status status;
    struct changes changes = {
        .layout = &applying->layout, .list = &applying->list, .in_place = true};
    struct applied applied = {.folder = -1};
    struct applied_counts counts;
    const char *output = applying->results.output;
    TRY(find_request(applying));
    TRY(in_place_find(output, applying->request, &applied));
    if (applied.number)
        say(applying, "Going on with what was interrupted: ", applied.path);
    else {
        TRY(read_all(applying));
        TRY(in_place_prepare(output, &changes, applying->request, &applied));
        if (!applied.number) {
            status = nothing(&changes);
            goto out;
        }
        TRY(say_changes(applying, &changes, "To change"));
    }
    TRY(in_place_finish(&applied, &counts));
    applying->refused = applied.refused + counts.changed;
    say_in_place(applying, &applied, &counts);
out:
    applied_close(&applied);
    return status;
}

/* ---------------------------------------------------------------- all */

static enum status undo(struct applying *applying) {
    enum status status;
    struct applied_counts counts;
    struct text output = {0};
    const struct options *options = applying->options;
    char *real = realpath(options->words[0], NULL);
    TRY(path_absolute(NULL, real ? real : options->words[0], &output));
    TRY(run_lock_take(output.data, NULL, &applying->lock));
    TRY(in_place_undo(output.data, (uint64_t)options->undo, &counts));
    applying->refused = counts.changed;
    if (!options->quiet)
        line_print(stdout, "As before --in-place: %llu label files%s",
                   (unsigned long long)counts.written + counts.before,
                   counts.changed ? "; others have changed since, and stay: they are listed above"
                                  : "");
    if (counts.changed && !counts.written && !counts.before)
        status =
            FAIL(STATUS_BAD_INPUT, "nothing is taken back: all label files have changed since");
out:
    free(real);
    text_free(&output);
    return status;
}

static enum status apply(struct applying *applying) {
    enum status status;
    const struct options *options = applying->options;
    TRY(run_results_open(options->words[0], options->data, &applying->results));
    if (!applying->results.complete)
        return FAIL(STATUS_BAD_INPUT, "%s: the run was interrupted: finish it with --resume",
                    applying->results.output);
    applying->layout.results = &applying->results;
    if (options->dry_run)
        return dry_run(applying);
    TRY(run_lock_take(applying->results.output, NULL, &applying->lock));
    status = options->in_place ? in_place(applying) : copy(applying);
out:
    return status;
}

enum status apply_run(const struct options *options, int *exit_status) {
    enum status status;
    struct applying applying = {.options = options};
    TRY(check_flags(options));
    status = options->undo > 0 ? undo(&applying) : apply(&applying);
    if (status == STATUS_OK)
        *exit_status = applying.refused ? APPLY_REFUSED : 0;
out:
    run_lock_drop(&applying.lock);
    layout_free(&applying.layout);
    decision_list_free(&applying.list);
    run_results_free(&applying.results);
    return status;
}
