/* Which run this is: a new one, or one more epoch of an interrupted one. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fingerprint.h"
#include "base/memory.h"
#include "base/shown.h"
#include "output/clear.h"
#include "output/page_files.h"
#include "output/report.h"
#include "output/run_file.h"
#include "output/storage.h"
#include "run.h"

enum { INPUT_PARTS = 6, BACKEND_NAME = 32 };

/* The parts of a run, and the texts that they point to. */
struct parts {
    size_t count;
    struct run_part *items; /* owned */
    char model[FINGERPRINT_DIGITS + 1];
    char images[FINGERPRINT_DIGITS + 1], names[FINGERPRINT_DIGITS + 1];
    char folds[FINGERPRINT_DIGITS + 1], labels[FINGERPRINT_DIGITS + 1];
    struct text splits, sizes, flags; /* image_splits_text, networks_sizes, options_results */
};

static void add(struct parts *parts, const char *name, const char *value, bool opaque) {
    parts->items[parts->count++] = (struct run_part){name, value ? value : "", opaque};
}

static void names_part(const struct class_map *classes, char text[FINGERPRINT_DIGITS + 1]) {
    uint64_t fingerprint = FINGERPRINT_START;
    for (size_t i = 0; i < classes->n_data; i++)
        fingerprint =
            fingerprint_bytes(fingerprint, classes->names[i], strlen(classes->names[i]) + 1);
    fingerprint_text(fingerprint, text);
}

/* How labels are read, and those that are read already. */
static void labels_part(const struct dataset *dataset, char text[FINGERPRINT_DIGITS + 1]) {
    const uint32_t form[] = {(uint32_t)dataset->format, dataset->keypoints.count,
                             dataset->keypoints.values};
    const struct annotations *annotations = &dataset->annotations;
    uint64_t fingerprint = fingerprint_bytes(FINGERPRINT_START, form, sizeof form);
    if (dataset->traits.n_flip || dataset->traits.n_sigmas)
        fingerprint = fingerprint_bytes(fingerprint, &dataset->traits, sizeof dataset->traits);
    if (annotations->n_images > 0) {
        size_t n = annotations->n_images;
        fingerprint = fingerprint_bytes(fingerprint, annotations->starts,
                                        (n + 1) * sizeof *annotations->starts);
        fingerprint = fingerprint_bytes(fingerprint, annotations->items,
                                        annotations->starts[n] * sizeof *annotations->items);
    }
    fingerprint_text(fingerprint, text);
}

/* Adds the flags that change what a picture's record says, or where its files go, as they are in
 * force: the network's input is a multiple of its stride, and the device is a backend's. */
static enum status add_flags(const struct options *options, const struct inputs *inputs,
                             const char *backend, struct parts *parts) {
    enum status status;
    struct options used = *options;
    char device[BACKEND_NAME];
    snprintf(device, sizeof device, "%s", backend);
    networks_sizes(&inputs->networks, &parts->sizes);
    TRY(text_status(&parts->sizes));
    used.imgsz = parts->sizes.data;
    used.device = device;
    options_results(&used, &parts->flags);
    TRY(text_status(&parts->flags));
    const char *end = parts->flags.data + parts->flags.length, *value;
    for (const char *name = parts->flags.data; name < end; name = value + strlen(value) + 1) {
        value = name + strlen(name) + 1;
        add(parts, name, value, false);
    }
out:
    return status;
}

static enum status find_parts(const struct options *options, const struct inputs *inputs,
                              const char *backend, struct parts *parts) {
    enum status status;
    const struct packed_paths *images = &inputs->dataset.images;
    uint64_t listed;
    TRY(memory_zeroed(INPUT_PARTS + option_count(), sizeof *parts->items, &parts->items));
    fingerprint_text(networks_fingerprint(&inputs->networks), parts->model);
    fingerprint_text(networks_folds_fingerprint(&inputs->networks, images->count), parts->folds);
    TRY(packed_paths_fingerprint(images, &listed));
    fingerprint_text(listed, parts->images);
    names_part(&inputs->classes, parts->names);
    add(parts, options->weights ? "--model or --weights" : "--model", parts->model, true);
    add(parts, "--fold", parts->folds, true);
    add(parts, "the list of images", parts->images, true);
    image_splits_text(&inputs->dataset.splits, &parts->splits);
    TRY(text_status(&parts->splits));
    add(parts, "the list's division into splits", parts->splits.data, false);
    add(parts, "the class names", parts->names, true);
    labels_part(&inputs->dataset, parts->labels);
    add(parts, "the form of labels, or COCO's annotations", parts->labels, true);
    TRY(add_flags(options, inputs, backend, parts));
out:
    return status;
}

/* A run that is being continued may still be on its way out: it is given some time. */
static enum status take_lock(const struct options *options, struct run_lock **lock) {
    enum { WAIT_SECONDS = 20, TRIES_A_SECOND = 10 };
    bool held = false;
    enum status status = run_lock_take(options->output, &held, lock);
    for (int i = 0; held && options->resume && i < WAIT_SECONDS * TRIES_A_SECOND; i++) {
        if (i == 0)
            line_print(stderr, "verify: %s; waiting for it to end", status_message());
        nanosleep(&(struct timespec){.tv_nsec = 1000000000 / TRIES_A_SECOND}, NULL);
        status = run_lock_take(options->output, &held, lock);
    }
    return status;
}

/* The epoch before's report is not true any more. */
static enum status remove_report(const char *output) {
    char report[PATH_MAX];
    int length = snprintf(report, sizeof report, "%s/" REPORT_FILE, output);
    if (length < 0 || (size_t)length >= sizeof report)
        return FAIL(STATUS_BAD_INPUT, "--output %.1000s: the path is too long", output);
    struct location location = {AT_FDCWD, NULL, report};
    return unlink(report) != 0 && errno != ENOENT
               ? storage_failed(errno, &location, "cannot remove")
               : STATUS_OK;
}

/* Makes the empty file that BEGUN_FILE names, if it names one. */
static enum status mark_begun(void) {
    const char *path = getenv(BEGUN_FILE);
    if (!path || !*path)
        return STATUS_OK;
    struct location location = {AT_FDCWD, NULL, path};
    int file = open(path, O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
    if (file < 0 || close(file) != 0)
        return storage_failed(errno, &location, BEGUN_FILE ": cannot make");
    return STATUS_OK;
}

static enum status begin(const struct options *options, const struct inputs *inputs,
                         const char *backend, struct run *run) {
    enum status status;
    struct parts parts = {0};
    struct run_start start = {.state = RUN_FRESH};
    TRY(find_parts(options, inputs, backend, &parts));
    if (options->overwrite)
        TRY(output_may_clear(options->output, &inputs->dataset.images));
    else if (!options->resume)
        TRY(output_prepare(options->output));
    TRY(take_lock(options, &run->lock));
    if (options->overwrite)
        TRY(output_clear(options->output, &run->kept_images));
    /* Once run.json is there, a start without --resume would be refused; but what --overwrite
     * removes is gone for sure only then. */
    if (!options->overwrite)
        TRY(mark_begun());
    if (options->resume)
        TRY(run_file_check_rejudged(options->output, "--resume: "));
    const struct run_parts all = {parts.count, parts.items, inputs->dataset.common,
                                  inputs->dataset.root};
    TRY(run_file_start(options->output, &all, options->resume, options->overwrite, &start));
    if (options->overwrite)
        TRY(mark_begun());
    run->epoch = start.epoch;
    run->resumed = start.state == RUN_CONTINUED;
    run->rejudged = start.rejudged;
    run->complete = start.state == RUN_COMPLETE;
    run->counts = start.counts;
    run->stamp = start.stamp;
    if (run->resumed) {
        TRY(remove_report(options->output));
        TRY(page_remove(options->output));
    }
    if (run->complete)
        run_lock_drop(&run->lock);
    else
        TRY(output_sweep(options->output));
out:
    free(parts.items);
    text_free(&parts.splits);
    text_free(&parts.sizes);
    text_free(&parts.flags);
    return status;
}

/* What rank 0 found out about the run; plain data, sent as bytes. */
struct run_news {
    unsigned epoch;
    bool resumed, rejudged, complete;
    struct timespec stamp;
};

/* Rank 0's run becomes everybody's. */
static void share_run(struct run *run) {
    struct run_news news = {run->epoch, run->resumed, run->rejudged, run->complete, run->stamp};
    MPI_Bcast(&news, sizeof news, MPI_BYTE, 0, MPI_COMM_WORLD);
    run->epoch = news.epoch;
    run->resumed = news.resumed;
    run->rejudged = news.rejudged;
    run->complete = news.complete;
    run->stamp = news.stamp;
}

static enum place_mode place_mode_of(const char *name) {
    static const struct {
        const char *name;
        enum place_mode mode;
    } modes[] = {{"hardlink", PLACE_HARDLINK},
                 {"symlink", PLACE_SYMLINK},
                 {"copy", PLACE_COPY},
                 {"none", PLACE_NONE}};
    enum place_mode mode = PLACE_NONE;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (strcmp(modes[i].name, name) == 0)
            mode = modes[i].mode;
    return mode;
}

enum status run_open(const struct ranks *ranks, const struct options *options,
                     const struct inputs *inputs, const char *backend, struct run *run) {
    enum status status = STATUS_OK;
    char absolute[PATH_MAX] = "";
    if (ranks->rank == 0)
        status = begin(options, inputs, backend, run);
    if (status == STATUS_OK && ranks->rank == 0 && !realpath(options->output, absolute))
        status = FAIL(STATUS_BAD_INPUT, "--output %s: cannot be found after it was made",
                      options->output);
    TRY(agree(ranks, status));
    MPI_Bcast(absolute, sizeof absolute, MPI_CHAR, 0, MPI_COMM_WORLD);
    TRY(agree(ranks, memory_string(absolute, &run->output)));
    share_run(run);
    if (run->complete)
        return STATUS_OK;
    TRY(agree(ranks, placer_open(run->output, inputs->dataset.common, place_mode_of(options->place),
                                 &run->placer)));
    placer_stamp(run->placer, &run->stamp);
out:
    return status;
}

void run_beat_start(struct run *run, double now) {
    run->lock_beat = now;
}

void run_beat(struct run *run, double now) {
    if (!run->lock || run->lock_status != STATUS_OK || now - run->lock_beat < RUN_LOCK_BEAT_SECONDS)
        return;
    run->lock_beat = now;
    run->lock_status = run_lock_beat(run->lock);
    if (run->lock_status != STATUS_OK)
        snprintf(run->lock_message, sizeof run->lock_message, "%s", status_message());
}

enum status run_end(struct run *run) {
    return run_file_finish(run->output, &run->counts);
}

void run_free(struct run *run) {
    if (run->placer)
        placer_close(run->placer);
    journal_close(&run->journal);
    free(run->journals);
    run_lock_drop(&run->lock);
    free(run->output);
}
