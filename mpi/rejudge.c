/* Verdicts made anew: each rank decides its part of the images, all write one file of records and
 * one manifest, as drafts; when these and the report are on the disk, each moves the files of its
 * part, and the drafts get their names. */
#include "rejudge.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "job/decide.h"
#include "output/report.h"
#include "output/run_file.h"
#include "output/streams.h"
#include "pulse.h"
#include "review/rejudge/rejudge.h"

enum { COPY_BYTES = 1 << 20 };
#define RECORDS_ROW 0 /* of the table of streams */

/* What rank 0 knows and tells the others; plain data, sent as bytes. */
struct news {
    struct thresholds thresholds;
    bool has_manifest, places, has_self_test, search, going_on;
    uint64_t n_classes, n_shared, name_bytes;
};

struct rejudging {
    const struct ranks *ranks;
    const struct rejudge_order *order;
    double lock_beat;
    struct options flags;       /* on rank 0: with what --precision comes to */
    struct json_object *report; /* on rank 0: the one that is there */
    struct news news;
    struct text names; /* of classes, each with its NUL */
    struct class_map classes;
    int32_t *same;              /* classes' numbers to themselves; owned */
    char **name;                /* owned; the texts are those of `names` */
    struct rejudge_part *parts; /* [ranks + 1]; owned */
    uint64_t *shared;           /* owned */
    struct mover *mover;        /* NULL: nothing is placed */
    struct rejudge rejudge;
    uint64_t records_length; /* of all ranks */
};

static void tick(void *context) {
    struct rejudging *rejudging = context;
    struct run_lock *lock = rejudging->order->lock;
    pulse_tick(rejudging->ranks->pulse);
    if (!lock || clock_seconds() - rejudging->lock_beat < RUN_LOCK_BEAT_SECONDS)
        return;
    rejudging->lock_beat = clock_seconds();
    run_lock_beat(lock);
}

/* ---------------------------------------------------------------- what is known */

static enum status value_is(const char *output, const char *name, const char *word, bool *is) {
    char *value = NULL;
    enum status status = run_file_value(output, false, name, &value);
    *is = value && strcmp(value, word) == 0;
    free(value);
    return status;
}

static enum status find_names(struct rejudging *rejudging) {
    struct json_object *classes = json_member(rejudging->report, "per_class", json_type_array);
    size_t n = classes ? json_object_array_length(classes) : 0;
    for (size_t i = 0; i < n; i++) {
        const char *name = json_member_text(json_object_array_get_idx(classes, i), "name");
        text_bytes(&rejudging->names, name ? name : "", name ? strlen(name) + 1 : 1);
    }
    rejudging->news.n_classes = n;
    rejudging->news.name_bytes = rejudging->names.length;
    return text_status(&rejudging->names);
}

/* On rank 0. */
static enum status find_report(struct rejudging *rejudging, struct rejudge_outcome *outcome) {
    enum status status;
    struct text path = {0};
    const struct rejudge_order *order = rejudging->order;
    text_format(&path, "%s/" REPORT_FILE, order->output);
    TRY(text_status(&path));
    TRY(json_object_read(path.data, &rejudging->report));
    struct json_object *self_test = json_member(rejudging->report, "self_test", json_type_object);
    outcome->precision = precision_choose(&rejudging->flags, self_test);
    rejudging->flags.max_margin = outcome->precision.max_margin;
    rejudging->news.has_self_test = self_test != NULL;
    rejudging->news.thresholds = options_thresholds(&rejudging->flags);
    status = find_names(rejudging);
out:
    text_free(&path);
    return status;
}

/* On rank 0: what the output folder tells. */
static enum status find_news(struct rejudging *rejudging, struct rejudge_outcome *outcome) {
    enum status status;
    const struct rejudge_order *order = rejudging->order;
    struct news *news = &rejudging->news;
    bool none, predicted;
    size_t n_shared = 0;
    news->search = order->search;
    news->going_on = order->going_on;
    rejudging->flags = *order->flags;
    if (!order->going_on)
        TRY(find_report(rejudging, outcome));
    TRY(value_is(order->output, "--place", "none", &none));
    TRY(value_is(order->output, "--save-txt", "1", &predicted));
    news->has_manifest = !none || predicted;
    news->places = !none;
    if (order->going_on && news->places) /* the last draft to get its name: all have moved */
        TRY(draft_is_there(order->output, MANIFEST, &news->places));
    TRY(rejudge_split(order->output, news->has_manifest, (size_t)rejudging->ranks->size,
                      rejudging->parts, &rejudging->shared, &n_shared));
    news->n_shared = n_shared;
    if (news->name_bytes > INT_MAX || n_shared * sizeof *rejudging->shared > INT_MAX)
        status = FAIL(STATUS_FAILED, "too many names to be sent to all ranks");
out:
    return status;
}

static void send_bytes(const struct ranks *ranks, void *bytes, size_t length) {
    MPI_Request request;
    MPI_Ibcast(bytes, (int)length, MPI_BYTE, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
}

static enum status make_classes(struct rejudging *rejudging, const char *names) {
    enum status status;
    size_t n = (size_t)rejudging->news.n_classes;
    TRY(memory_zeroed(n, sizeof *rejudging->same, &rejudging->same));
    TRY(memory_zeroed(n, sizeof *rejudging->name, &rejudging->name));
    for (size_t i = 0; i < n; i++, names += strlen(names) + 1) {
        rejudging->same[i] = (int32_t)i;
        rejudging->name[i] = (char *)names;
    }
    rejudging->classes =
        (struct class_map){n, n, rejudging->same, rejudging->same, rejudging->name};
out:
    return status;
}

/* Rank 0's news become everybody's. */
static enum status share_news(struct rejudging *rejudging) {
    enum status status = STATUS_OK;
    const struct ranks *ranks = rejudging->ranks;
    struct news *news = &rejudging->news;
    struct text *names = &rejudging->names;
    send_bytes(ranks, news, sizeof *news);
    if (ranks->rank != 0) {
        status = memory_zeroed(news->n_shared, sizeof *rejudging->shared, &rejudging->shared);
        if (status == STATUS_OK)
            status = memory_reserve(&names->data, &names->capacity, news->name_bytes + 1, 1);
    }
    TRY(agree(ranks, status));
    send_bytes(ranks, names->data, news->name_bytes);
    send_bytes(ranks, rejudging->shared, news->n_shared * sizeof *rejudging->shared);
    send_bytes(ranks, rejudging->parts, (size_t)(ranks->size + 1) * sizeof *rejudging->parts);
    status = make_classes(rejudging, names->data);
    if (status == STATUS_OK && news->places)
        status = mover_open(rejudging->order->output, &rejudging->mover);
    TRY(agree(ranks, status));
    rejudging->rejudge = (struct rejudge){.output = rejudging->order->output,
                                          .thresholds = news->thresholds,
                                          .classes = &rejudging->classes,
                                          .has_manifest = news->has_manifest,
                                          .search = news->search,
                                          .n_shared = (size_t)news->n_shared,
                                          .shared = rejudging->shared,
                                          .tick = tick,
                                          .tick_context = rejudging};
out:
    return status;
}

/* ---------------------------------------------------------------- drafts */

/* This rank's records to their place in the whole file. */
static enum status copy_records(struct rejudging *rejudging, const struct draft *own,
                                uint64_t offset, struct whole *whole) {
    enum status status;
    char *bytes = NULL;
    ssize_t n;
    int file = openat(own->at.folder, own->temp, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    TRY(memory_zeroed(COPY_BYTES, 1, &bytes));
    for (off_t at = 0; (n = file_read_at(file, (uint64_t)at, bytes, COPY_BYTES)) > 0; at += n) {
        tick(rejudging);
        TRY(whole_write(whole, bytes, (size_t)n, offset + (uint64_t)at));
    }
    status = n == 0 ? whole_sync(whole)
                    : FAIL(STATUS_FAILED, "cannot read the records that were just written");
out:
    if (file >= 0)
        close(file);
    free(bytes);
    return status;
}

/* Collective: all ranks' records, one behind the other. */
static enum status join_records(struct rejudging *rejudging, const struct draft *own,
                                uint64_t length) {
    enum status status;
    const struct ranks *ranks = rejudging->ranks;
    struct whole whole = {0};
    MPI_Request request;
    uint64_t offset = 0, total = 0;
    MPI_Iexscan(&length, &offset, 1, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    MPI_Iallreduce(&length, &total, 1, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    TRY(agree(ranks, whole_open(rejudging->order->output, stream_at(RECORDS_ROW)->file, ranks->rank,
                                &whole)));
    TRY(agree(ranks, copy_records(rejudging, own, ranks->rank ? offset : 0, &whole)));
    status = ranks->rank == 0 ? whole_end(&whole, total) : STATUS_OK;
    if (status == STATUS_OK && ranks->rank == 0)
        status = whole_sync(&whole);
    status = agree(ranks, status);
out:
    whole_close(&whole);
    return status;
}

/* A file of this rank's own, for its records until their place is known. */
static enum status open_own(const struct work_folder *work, struct draft *draft) {
    struct location location = work_location(work, stream_at(RECORDS_ROW)->file);
    return draft_open(&location, 0600, draft);
}

/* This rank's part. */
static enum status decide(struct rejudging *rejudging, struct whole *manifest,
                          struct rejudge_work *work) {
    enum status status;
    const struct ranks *ranks = rejudging->ranks;
    const struct rejudge_part *parts = &rejudging->parts[ranks->rank];
    if (rejudging->rejudge.has_manifest) {
        TRY(whole_open(rejudging->order->output, MANIFEST, ranks->rank, manifest));
        work->manifest = manifest;
    }
    TRY(rejudge_decide(&rejudging->rejudge, parts, work));
    if (ranks->rank == 0 && work->manifest)
        TRY(whole_end(manifest, rejudging->parts[ranks->size].manifest));
    if (work->manifest)
        TRY(whole_sync(manifest));
out:
    return status;
}

/* Collective: records, manifest and report as drafts. */
static enum status write_drafts(struct rejudging *rejudging, struct totals *totals,
                                uint64_t *moved) {
    enum status status;
    const struct ranks *ranks = rejudging->ranks;
    struct work_folder folder = {.output = -1, .folder = -1};
    struct whole manifest = {0};
    struct draft own = {.file = -1};
    bool has_own = false;
    struct rejudge_work work = {
        .records = &own, .mover = rejudging->mover, .tally = &totals->tally};
    status = tally_make((size_t)rejudging->news.n_classes, &totals->tally);
    if (status == STATUS_OK)
        status = work_folder_open(rejudging->order->output, true, &folder);
    if (status == STATUS_OK)
        status = open_own(&folder, &own);
    has_own = status == STATUS_OK;
    if (status == STATUS_OK)
        status = decide(rejudging, &manifest, &work);
    TRY(agree(ranks, status));
    TRY(join_records(rejudging, &own, work.length));
    TRY(tally_reduce(ranks, &totals->tally));
    TRY(self_test_reduce(ranks, rejudging->flags.max_margin, totals));
    MPI_Request request;
    MPI_Ireduce(&work.moved, moved, 1, MPI_UINT64_T, MPI_SUM, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    if (ranks->rank == 0)
        status = rejudge_report(rejudging->order->output, &rejudging->flags, rejudging->report,
                                &totals->tally, &rejudging->classes);
    TRY(agree(ranks, status));
out:
    if (has_own)
        draft_drop(&own);
    whole_close(&manifest);
    work_folder_close(&folder);
    return status;
}

/* ---------------------------------------------------------------- what is there changes */

/* Collective. */
static enum status move_files(struct rejudging *rejudging) {
    enum status status;
    const struct ranks *ranks = rejudging->ranks;
    if (!rejudging->mover)
        return STATUS_OK;
    TRY(agree(ranks,
              rejudge_move(&rejudging->rejudge, &rejudging->parts[ranks->rank], rejudging->mover)));
    TRY(agree(ranks,
              ranks->rank == 0 ? rejudge_tidy(&rejudging->rejudge, rejudging->mover) : STATUS_OK));
out:
    return status;
}

/* On rank 0. The manifest goes last: while there are two, files may still be moving. */
static enum status publish(const struct rejudging *rejudging) {
    enum status status;
    const struct rejudge_order *order = rejudging->order;
    TRY(draft_publish(order->output, stream_at(RECORDS_ROW)->file, false));
    TRY(draft_publish(order->output, REPORT_FILE, false));
    TRY(draft_publish(order->output, MANIFEST, true));
out:
    return status;
}

static void rejudging_free(struct rejudging *rejudging) {
    mover_close(rejudging->mover);
    json_object_put(rejudging->report);
    text_free(&rejudging->names);
    free(rejudging->same);
    free(rejudging->name);
    free(rejudging->parts);
    free(rejudging->shared);
}

enum status rejudge_all(const struct ranks *ranks, const struct rejudge_order *order,
                        struct totals *totals, struct rejudge_outcome *outcome) {
    enum status status;
    struct rejudging rejudging = {.ranks = ranks, .order = order, .lock_beat = clock_seconds()};
    bool first = ranks->rank == 0;
    status = memory_zeroed((size_t)ranks->size + 1, sizeof *rejudging.parts, &rejudging.parts);
    if (first && status == STATUS_OK)
        status = find_news(&rejudging, outcome);
    TRY(agree(ranks, status));
    TRY(share_news(&rejudging));
    totals->has_self_test = rejudging.news.has_self_test;
    if (!rejudging.news.going_on) {
        TRY(write_drafts(&rejudging, totals, &outcome->moved));
        if (first && order->complete)
            status = rejudge_note(order->output, order->flags);
        TRY(agree(ranks, status));
    }
    TRY(move_files(&rejudging));
    TRY(agree(ranks, first ? publish(&rejudging) : STATUS_OK));
out:
    rejudging_free(&rejudging);
    return status;
}
