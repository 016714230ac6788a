/* The review page: all ranks look through the records, cut crops and write scripts. */
#include "review/pages/page.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/shown.h"
#include "commands.h"
#include "output/page_files.h"
#include "output/run_file.h"
#include "output/work_folder.h"
#include "pulse.h"
#include "stages.h"

/* Files that get their places in a second, at least. */
#define FILES_A_SECOND 20

/* One rank's part of the work. */
struct reviewing {
    const struct ranks *ranks;
    struct run *run; /* whose lock is held */
    struct page_means means;
    struct run_results results; /* whole on rank 0; on the others no more than where things lie */
    struct page_source source;
    struct page_copies copies;
    struct worst worst; /* of all ranks' */
    struct page_totals totals;
    struct page_plan plan;
    uint8_t *unread; /* [plan.n_crops]; owned */
};

static void tick(void *context) {
    const struct reviewing *reviewing = context;
    pulse_tick(reviewing->ranks->pulse);
    run_beat(reviewing->run, clock_seconds());
}

static void broadcast(const struct ranks *ranks, void *bytes, size_t length) {
    MPI_Request request;
    MPI_Ibcast(bytes, (int)length, MPI_BYTE, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
}

/* Rank 0 reads what the run left, and tells the others where. */
static enum status open_results(struct reviewing *reviewing, const char *output, const char *data) {
    enum status status = STATUS_OK;
    const struct ranks *ranks = reviewing->ranks;
    struct run_results *results = &reviewing->results;
    struct {
        char output[PATH_MAX], root[PATH_MAX];
    } at = {"", ""};
    if (ranks->rank == 0) {
        status = run_results_open(output, data, results);
        if (status == STATUS_OK && !results->complete)
            status = FAIL(STATUS_BAD_INPUT,
                          "%.1000s: the run was interrupted: finish it with --resume first",
                          results->output);
        snprintf(at.output, sizeof at.output, "%s", results->output ? results->output : "");
        snprintf(at.root, sizeof at.root, "%s", results->root ? results->root : "");
    }
    TRY(agree(ranks, status));
    broadcast(ranks, &at, sizeof at);
    if (ranks->rank != 0) {
        status = memory_string(at.output, &results->output);
        status = status_worse(status, memory_string(at.root, &results->root));
    }
    if (status == STATUS_OK)
        status = page_source_open(results, &reviewing->source);
    status = agree(ranks, status);
out:
    return status;
}

/* ---------------------------------------------------------------- copies */

/* Which pictures those are that are shown side by side; rank 0 has the report. */
static enum status share_copies(struct reviewing *reviewing) {
    enum status status = STATUS_OK;
    const struct ranks *ranks = reviewing->ranks;
    struct page_copies *copies = &reviewing->copies;
    char *names = NULL;
    bool first = ranks->rank == 0;
    if (first)
        status = page_copies_read(reviewing->results.report, copies);
    TRY(agree(ranks, status));
    uint64_t length = copies->names.length;
    broadcast(ranks, &length, sizeof length);
    broadcast(ranks, &copies->n_groups, sizeof copies->n_groups);
    broadcast(ranks, copies->shown, sizeof copies->shown);
    broadcast(ranks, copies->differ, sizeof copies->differ);
    TRY(agree(ranks, memory_zeroed(length, 1, &names)));
    if (first && length)
        memcpy(names, copies->names.bytes, length);
    broadcast(ranks, names, length);
    if (!first && length) {
        TRY(path_list_adopt(&copies->names, names, length));
        names = NULL;
    }
    status = page_copies_index(copies);
out:
    free(names);
    return status;
}

/* What each rank found of their records becomes everybody's. */
static void find_copies(struct reviewing *reviewing) {
    MPI_Request request;
    struct page_copies *copies = &reviewing->copies;
    MPI_Iallreduce(MPI_IN_PLACE, copies->offsets, (int)copies->names.count, MPI_UINT64_T, MPI_MIN,
                   MPI_COMM_WORLD, &request);
    wait_for(reviewing->ranks, &request);
}

/* ---------------------------------------------------------------- findings */

/* Takes those of another rank, into a buffer that is large enough. */
static enum status take(const struct ranks *ranks, int from, struct page_finding *buffer,
                        struct worst *worst) {
    MPI_Request request;
    uint64_t count = 0;
    MPI_Irecv(&count, 1, MPI_UINT64_T, from, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    MPI_Irecv(buffer, (int)(count * sizeof *buffer), MPI_BYTE, from, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    enum status status = worst_add(worst, buffer, count);
    worst_sort(worst);
    return status;
}

static void give(const struct ranks *ranks, int to, const struct worst *worst) {
    MPI_Request request;
    uint64_t count = worst->count;
    MPI_Isend(&count, 1, MPI_UINT64_T, to, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    MPI_Isend(worst->items, (int)(count * sizeof *worst->items), MPI_BYTE, to, 0, MPI_COMM_WORLD,
              &request);
    wait_for(ranks, &request);
}

/* Two and two, until rank 0 has the worst of all: nobody holds more than three ranks' findings. */
static enum status merge_worst(const struct ranks *ranks, struct worst *worst) {
    enum status status;
    struct page_finding *buffer = NULL;
    TRY(agree(ranks, memory_zeroed(worst->most, sizeof *buffer, &buffer)));
    for (int step = 1; step < ranks->size; step *= 2) {
        if (ranks->rank % (2 * step) == step) {
            give(ranks, ranks->rank - step, worst);
            break;
        }
        /* What one lacks memory for, the others are not kept waiting for. */
        if (ranks->rank + step < ranks->size)
            status = status_worse(status, take(ranks, ranks->rank + step, buffer, worst));
    }
    status = agree(ranks, status);
out:
    free(buffer);
    return status;
}

/* Rank 0's become everybody's. */
static enum status share_worst(const struct ranks *ranks, struct worst *worst) {
    enum status status;
    uint64_t count = worst->count;
    broadcast(ranks, &count, sizeof count);
    TRY(agree(ranks, memory_reserve(&worst->items, &worst->capacity, count ? count : 1,
                                    sizeof *worst->items)));
    worst->count = count;
    broadcast(ranks, worst->items, count * sizeof *worst->items);
out:
    return status;
}

static enum status find_worst(struct reviewing *reviewing) {
    enum status status;
    const struct ranks *ranks = reviewing->ranks;
    struct worst *worst = &reviewing->worst;
    MPI_Request request;
    TRY(agree(ranks, share_copies(reviewing)));
    TRY(agree(ranks,
              page_worst(reviewing->results.output, &reviewing->means, &reviewing->copies, worst)));
    find_copies(reviewing);
    const uint64_t mine[2] = {worst->all, worst->all_weak};
    uint64_t all[2] = {0};
    MPI_Ireduce(mine, all, 2, MPI_UINT64_T, MPI_SUM, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    reviewing->totals = (struct page_totals){all[0], all[1]};
    TRY(merge_worst(ranks, worst));
    TRY(share_worst(ranks, worst));
out:
    return status;
}

/* ---------------------------------------------------------------- the page */

static enum status lay_out(struct reviewing *reviewing) {
    enum status status;
    const struct worst *worst = &reviewing->worst;
    TRY(page_plan_make(worst->items, worst->count, &reviewing->copies, &reviewing->plan));
    TRY(memory_zeroed(reviewing->plan.n_crops, 1, &reviewing->unread));
out:
    return status;
}

static enum status make_page(struct reviewing *reviewing) {
    enum status status;
    const struct ranks *ranks = reviewing->ranks;
    const struct page_plan *plan = &reviewing->plan;
    MPI_Request request;
    TRY(find_worst(reviewing));
    TRY(agree(ranks, lay_out(reviewing)));
    TRY(agree(ranks,
              page_sheets_make(&reviewing->source, plan, &reviewing->means, reviewing->unread)));
    MPI_Iallreduce(MPI_IN_PLACE, reviewing->unread, (int)plan->n_crops, MPI_UINT8_T, MPI_MAX,
                   MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    TRY(agree(ranks,
              page_data_make(&reviewing->source, plan, &reviewing->means, reviewing->unread)));
    if (ranks->rank == 0) {
        size_t files = page_part_first(plan, PAGE_PARTS);
        pulse_announce(ranks->pulse, (double)files / FILES_A_SECOND);
        status = page_finish(&reviewing->results, plan, &reviewing->totals);
    }
    status = agree(ranks, status);
out:
    return status;
}

/* What is left of a page that could not be made; where even that fails, a run removes it. */
static void drop_drafts(const struct reviewing *reviewing) {
    const char *output = reviewing->results.output;
    char message[2048];
    snprintf(message, sizeof message, "%s", status_message());
    if (output && work_folder_remove(output, 1u << WORK_DRAFT) != STATUS_OK)
        FAIL(STATUS_FAILED, "%s", message);
}

enum status review_make(const struct ranks *ranks, const struct options *options,
                        const char *output, struct run *run) {
    enum status status;
    struct reviewing reviewing = {
        .ranks = ranks,
        .run = run,
        .means = {.part = (size_t)ranks->rank,
                  .n_parts = (size_t)ranks->size,
                  .n_threads = threads_bind(options->threads, ranks->local_size),
                  .image_memory = (size_t)options->image_memory << 20,
                  .tick = tick,
                  .tick_context = &reviewing},
        .source = {.output = -1},
        .worst = {.most = (size_t)options->review},
    };
    const char *data = options->command == COMMAND_VERIFY ? NULL : options->data;
    run_beat_start(run, clock_seconds());
    TRY(open_results(&reviewing, output, data));
    status = make_page(&reviewing);
    if (ranks->rank == 0)
        drop_drafts(&reviewing);
out:
    free(reviewing.unread);
    page_plan_free(&reviewing.plan);
    worst_free(&reviewing.worst);
    page_copies_free(&reviewing.copies);
    page_source_close(&reviewing.source);
    run_results_free(&reviewing.results);
    return status;
}

/* ---------------------------------------------------------------- of a run that is there */

/* On rank 0: takes the lock of an output folder that is a run's. */
static enum status begin(const char *output, struct run *run) {
    enum status status;
    char absolute[PATH_MAX];
    bool owns = false;
    TRY(run_file_owns(output, &owns));
    if (!owns || !realpath(output, absolute)) {
        status = FAIL(STATUS_BAD_INPUT, "%.1000s is not the output folder of a run", output);
        goto out;
    }
    TRY(memory_string(absolute, &run->output));
    TRY(run_lock_take(absolute, NULL, &run->lock));
out:
    return status;
}

/* On rank 0. */
static bool is_there(const char *output) {
    struct text path = {0};
    text_format(&path, "%s/" PAGE_FOLDER "/" PAGE_INDEX, output);
    bool there = text_status(&path) == STATUS_OK && access(path.data, F_OK) == 0;
    text_free(&path);
    return there;
}

enum status review_catch_up(const struct ranks *ranks, const struct options *options,
                            const char *output) {
    enum status status = STATUS_OK;
    struct run run = {0};
    int wanted = ranks->rank == 0 && options->review > 0 && !is_there(output);
    broadcast(ranks, &wanted, sizeof wanted);
    if (!wanted)
        return STATUS_OK;
    TRY(agree(ranks, ranks->rank == 0 ? begin(output, &run) : STATUS_OK));
    TRY(review_make(ranks, options, output, &run));
    if (ranks->rank == 0 && !options->quiet)
        line_print(stdout, "Review: %s/" PAGE_FOLDER "/" PAGE_INDEX, output);
out:
    run_free(&run);
    return status;
}

enum status review_command(const struct ranks *ranks, const struct options *options,
                           int *exit_status) {
    enum status status = STATUS_OK;
    bool first = ranks->rank == 0;
    struct run run = {0};
    *exit_status = STATUS_OK;
    if (first)
        status = begin(options->words[0], &run);
    if (first && status == STATUS_OK && options->review == 0)
        status = page_remove(run.output);
    TRY(agree(ranks, status));
    if (options->review == 0)
        goto out;
    TRY(review_make(ranks, options, options->words[0], &run));
    if (first && !options->quiet)
        line_print(stdout, "Review: %s/" PAGE_FOLDER "/" PAGE_INDEX, run.output);
out:
    run_free(&run);
    return status;
}
