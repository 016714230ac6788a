/* How verdicts of a finished run begin to be made anew, and how that ends. */
#include "review/rejudge/begin.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "output/place.h"
#include "output/report.h"
#include "output/run_file.h"
#include "review/rejudge/flags.h"
#include "review/run_results.h"

static enum status check_complete(const char *output) {
    enum status status;
    struct run_results results = {0};
    bool complete = false;
    TRY(run_results_open(output, NULL, &results));
    TRY(run_file_complete(output, &complete));
    if (!complete || !results.complete)
        status = FAIL(STATUS_BAD_INPUT, "%s: the run was interrupted: first go on with --resume",
                      output);
out:
    run_results_free(&results);
    return status;
}

/* Somebody's changes would be lost. What lies in the buckets is moved with its changes. */
static enum status check_changed(const char *output) {
    enum status status;
    struct text list = {0};
    TRY(run_file_changed(output, &list));
    TRY(text_status(&list));
    if (list.length)
        status = FAIL(STATUS_BAD_INPUT,
                      "%s would be replaced, and was changed since the run wrote it: move it away "
                      "and run again, or put it back: in %s",
                      list.data, output);
out:
    text_free(&list);
    return status;
}

enum status rejudge_begin(const struct options *given, struct rejudge_run *run) {
    enum status status;
    char path[PATH_MAX];
    if (!realpath(given->words[0], path))
        return FAIL(STATUS_BAD_INPUT, "%s: %s: give the output folder of a run", given->words[0],
                    strerror(errno));
    TRY(memory_string(path, &run->output));
    TRY(run_file_rejudging(path, &run->going_on));
    if (!run->going_on)
        TRY(check_complete(path));
    TRY(run_lock_take(path, NULL, &run->lock));
    /* Whoever had it may have come to an end since. */
    TRY(run_file_rejudging(path, &run->going_on));
    if (run->going_on)
        TRY(output_sweep(path));
    else
        TRY(check_changed(path));
    TRY(rejudge_flags(path, run->going_on, given, &run->flags));
out:
    return status;
}

static void count_line(struct json_object *object, const char *key, const char *what, bool always,
                       struct text *text) {
    uint64_t count = json_member_count(object, key);
    if (always || count)
        text_format(text, "  %s: %llu\n", what, (unsigned long long)count);
}

static struct run_counts counts_of(struct json_object *report) {
    struct json_object *images = json_member(report, "images", json_type_object);
    struct run_counts counts = {.failed_images = json_member_count(images, "failed"),
                                .invalid_lines = json_member_count(report, "invalid_labels"),
                                .mislabeled_boxes = json_member_count(report, "mislabeled")};
    for (int b = 0; b < BUCKET_FAILED; b++)
        counts.read_images += json_member_count(images, bucket_name((enum bucket)b));
    return counts;
}

enum status rejudge_end(const struct rejudge_run *run, struct text *numbers) {
    enum status status;
    struct text path = {0};
    struct json_object *report = NULL;
    text_format(&path, "%s/" REPORT_FILE, run->output);
    TRY(text_status(&path));
    TRY(json_object_read(path.data, &report));
    const struct run_counts counts = counts_of(report);
    TRY(run_file_rejudged(run->output, &counts));
    count_line(report, "total_images", "Total images", true, numbers);
    count_line(report, "total_boxes", "Total boxes", true, numbers);
    count_line(report, "correct", "Correct", true, numbers);
    count_line(report, "mislabeled", "Mislabeled", true, numbers);
    count_line(report, "uncertain", "Uncertain", true, numbers);
    count_line(report, "missing_boxes", "Missing objects", false, numbers);
    status = text_status(numbers);
out:
    json_object_put(report);
    text_free(&path);
    return status;
}

void rejudge_free(struct rejudge_run *run) {
    run_lock_drop(&run->lock);
    free(run->output);
    *run = (struct rejudge_run){0};
}
