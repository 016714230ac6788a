/* verify rejudge: other thresholds on a finished run. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/shown.h"
#include "commands.h"
#include "job/self_test_line.h"
#include "rejudge.h"
#include "review/rejudge/begin.h"
#include "review/run_results.h"
#include "stages.h"

static enum status share_path(const struct ranks *ranks, const char *mine, char **path) {
    char bytes[PATH_MAX] = "";
    MPI_Request request;
    if (mine)
        snprintf(bytes, sizeof bytes, "%s", mine);
    MPI_Ibcast(bytes, sizeof bytes, MPI_CHAR, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    return agree(ranks, memory_string(bytes, path));
}

/* On rank 0. */
static enum status show(const struct rejudge_run *run, const struct rejudge_outcome *outcome,
                        const struct totals *totals, const struct text *numbers) {
    struct text text = {0};
    const char *mark = precision_is_odd(&outcome->precision) ? "WARNING: " : "";
    if (outcome->precision.found != PRECISION_OFF) {
        text_string(&text, mark);
        precision_line(&outcome->precision, &text);
        text_string(&text, "\n");
    }
    text_format(&text, "✓ Verdicts made anew%s\n  Output: %s\n",
                run->going_on ? ", what was left of it" : "", run->output);
    text_string(&text, numbers->data ? numbers->data : "");
    if (!run->going_on)
        text_format(&text, "  Moved images: %llu\n", (unsigned long long)outcome->moved);
    if (!run->going_on && totals->has_self_test) {
        text_string(&text, "  ");
        self_test_line(&totals->self_test, &text);
        text_string(&text, "\n");
    }
    enum status status = text_status(&text);
    if (status == STATUS_OK)
        lines_print(stdout, text.data);
    text_free(&text);
    return status;
}

/* On rank 0: how many findings the run's page may hold; 0: it was to have none. */
static int64_t page_size(const char *output) {
    struct run_results results = {0};
    int64_t size = 0;
    if (run_results_read(output, &results) == STATUS_OK)
        size = (int64_t)json_member_count(
            json_member(results.report, "parameters", json_type_object), "review");
    run_results_free(&results);
    return size;
}

/* The review page follows, as a run would have made it. The verdicts are made all the same where it
 * cannot. */
static void renew_page(const struct ranks *ranks, const struct options *options, const char *path,
                       struct rejudge_run *run) {
    MPI_Request request;
    struct options flags = *options;
    struct run page = {.output = (char *)path, .lock = run->lock};
    flags.review = ranks->rank == 0 ? page_size(path) : 0;
    MPI_Ibcast(&flags.review, 1, MPI_INT64_T, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    if (flags.review > 0 && review_make(ranks, &flags, path, &page) != STATUS_OK &&
        ranks->rank == 0)
        line_print(stderr,
                   "verify: warning: the review page was not made anew: %s; once that is mended, "
                   "\"verify review %s\" makes it",
                   status_message(), path);
}

enum status rejudge_command(const struct ranks *ranks, const struct options *options,
                            int *exit_status) {
    enum status status = STATUS_OK;
    struct rejudge_run run = {0};
    struct totals totals = {0};
    struct rejudge_outcome outcome = {0};
    struct text numbers = {0};
    char *path = NULL;
    *exit_status = STATUS_OK;
    if (ranks->rank == 0)
        status = rejudge_begin(options, &run);
    TRY(agree(ranks, status));
    TRY(share_path(ranks, run.output, &path));
    const struct rejudge_order order = {.output = path,
                                        .flags = &run.flags,
                                        .complete = true,
                                        .going_on = run.going_on,
                                        .lock = run.lock};
    TRY(rejudge_all(ranks, &order, &totals, &outcome));
    if (ranks->rank == 0)
        status = rejudge_end(&run, &numbers);
    TRY(agree(ranks, status));
    renew_page(ranks, options, path, &run);
    if (ranks->rank == 0 && !options->quiet)
        status = show(&run, &outcome, &totals, &numbers);
    status = agree(ranks, status);
out:
    tally_free(&totals.tally);
    text_free(&numbers);
    rejudge_free(&run);
    free(path);
    return status;
}
