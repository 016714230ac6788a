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
#include "job.h"
#include "output/clear.h"
#include "output/storage.h"

enum { FINGERPRINTS = 3, BACKEND_NAME = 32 };

/* The parts of a run, and the texts that they point to. */
struct parts {
    size_t count;
    struct run_part *items; /* owned */
    char model[FINGERPRINT_DIGITS + 1];
    char images[FINGERPRINT_DIGITS + 1], names[FINGERPRINT_DIGITS + 1];
    struct text flags; /* options_results */
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

/* Adds the flags that change what a picture's record says, or where its files go, as they are in
 * force: the network's input is a multiple of its stride, and the device is a backend's. */
static enum status add_flags(const struct job *job, struct parts *parts) {
    struct options used = job->options;
    char backend[BACKEND_NAME];
    snprintf(backend, sizeof backend, "%s", job->interface->name);
    used.imgsz = job->imgsz;
    used.device = backend;
    options_results(&used, &parts->flags);
    enum status status = text_status(&parts->flags);
    if (status != STATUS_OK)
        return status;
    const char *end = parts->flags.data + parts->flags.length, *value;
    for (const char *name = parts->flags.data; name < end; name = value + strlen(value) + 1) {
        value = name + strlen(name) + 1;
        add(parts, name, value, false);
    }
    return STATUS_OK;
}

static enum status find_parts(const struct job *job, struct parts *parts) {
    enum status status;
    const struct path_list *images = &job->dataset.images;
    TRY(memory_zeroed(FINGERPRINTS + option_count(), sizeof *parts->items, &parts->items));
    fingerprint_text(job->model.fingerprint, parts->model);
    fingerprint_text(fingerprint_bytes(FINGERPRINT_START, images->bytes, images->length),
                     parts->images);
    names_part(&job->classes, parts->names);
    add(parts, job->options.weights ? "--model or --weights" : "--model", parts->model, true);
    add(parts, "the list of images", parts->images, true);
    add(parts, "the class names", parts->names, true);
    TRY(add_flags(job, parts));
out:
    return status;
}

/* A run that is being continued may still be on its way out: it is given some time. */
static enum status take_lock(struct job *job) {
    enum { WAIT_SECONDS = 20, TRIES_A_SECOND = 10 };
    const struct options *options = &job->options;
    bool held = false;
    enum status status = run_lock_take(options->output, &held, &job->lock);
    for (int i = 0; held && options->resume && i < WAIT_SECONDS * TRIES_A_SECOND; i++) {
        if (i == 0)
            line_print(stderr, "verify: %s; waiting for it to end", status_message());
        nanosleep(&(struct timespec){.tv_nsec = 1000000000 / TRIES_A_SECOND}, NULL);
        status = run_lock_take(options->output, &held, &job->lock);
    }
    return status;
}

/* The epoch before's report is not true any more. */
static enum status remove_report(const char *output) {
    char report[PATH_MAX];
    int length = snprintf(report, sizeof report, "%s/verification_report.json", output);
    if (length < 0 || (size_t)length >= sizeof report)
        return FAIL(STATUS_BAD_INPUT, "--output %.1000s: the path is too long", output);
    struct spot spot = {AT_FDCWD, NULL, report};
    return unlink(report) != 0 && errno != ENOENT ? storage_failed(errno, &spot, "cannot remove")
                                                  : STATUS_OK;
}

/* Makes the empty file that BEGUN_FILE names, if it names one. */
static enum status tell_begun(void) {
    const char *path = getenv(BEGUN_FILE);
    if (!path || !*path)
        return STATUS_OK;
    struct spot spot = {AT_FDCWD, NULL, path};
    int file = open(path, O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
    if (file < 0 || close(file) != 0)
        return storage_failed(errno, &spot, BEGUN_FILE ": cannot make");
    return STATUS_OK;
}

enum status run_begin(struct job *job) {
    enum status status;
    struct parts parts = {0};
    struct run_start start = {.state = RUN_FRESH};
    const struct options *options = &job->options;
    TRY(find_parts(job, &parts));
    if (options->overwrite)
        TRY(output_may_clear(options->output, &job->dataset.images));
    else if (!options->resume)
        TRY(output_prepare(options->output));
    TRY(take_lock(job));
    if (options->overwrite)
        TRY(output_clear(options->output, &job->kept_images));
    /* Once run.json is there, a start without --resume would be refused; but what --overwrite
     * removes is gone for sure only then. */
    if (!options->overwrite)
        TRY(tell_begun());
    const struct run_parts all = {parts.count, parts.items, job->dataset.common};
    TRY(run_file_start(options->output, &all, options->resume, options->overwrite, &start));
    if (options->overwrite)
        TRY(tell_begun());
    job->epoch = start.epoch;
    job->resumed = start.state == RUN_CONTINUED;
    job->complete = start.state == RUN_COMPLETE;
    job->counts = start.counts;
    job->stamp = start.stamp;
    if (job->resumed)
        TRY(remove_report(options->output));
    if (job->complete)
        run_lock_drop(&job->lock);
    else
        TRY(output_sweep(options->output));
out:
    free(parts.items);
    text_free(&parts.flags);
    return status;
}

enum status run_end(struct job *job) {
    job->counts = job_count(job);
    enum status status = run_file_finish(job->output, &job->counts);
    run_lock_drop(&job->lock);
    return status;
}
