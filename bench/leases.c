/* The whole program over a backend that sleeps instead of computing, so that what ranks do for each
 * other shows without the noise of a busy machine: bench_leases takes verify's flags. Environment:
 * SLEEP_MS of an image (10), SLOW_RANK (0) on this node, SLOW_TIMES as long there (1). */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "backend.h"
#include "base/memory.h"

struct backend {
    double ms;
    char device[64];
};

static double number(const char *name, double otherwise) {
    const char *text = getenv(name);
    return text ? strtod(text, NULL) : otherwise;
}

static enum status always_available(const int *devices, size_t n_devices) {
    (void)devices;
    (void)n_devices;
    return STATUS_OK;
}

static enum status sleep_open(const struct backend_network *networks, size_t n_networks,
                              const struct judge *judge, const struct backend_options *options,
                              struct backend **out) {
    (void)networks;
    (void)n_networks;
    (void)judge;
    enum status status = memory_zeroed(1, sizeof **out, out);
    if (status != STATUS_OK)
        return status;
    double times = options->local_rank == (int)number("SLOW_RANK", 0) ? number("SLOW_TIMES", 1) : 1;
    (*out)->ms = times * number("SLEEP_MS", 10);
    snprintf((*out)->device, sizeof(*out)->device, "%.6g ms an image", (*out)->ms);
    return STATUS_OK;
}

static const char *sleep_device(const struct backend *backend) {
    return backend->device;
}

static size_t one(const struct backend *backend) {
    (void)backend;
    return 1;
}

static enum status sleep_stage(struct backend *backend, size_t slot, const struct image *image,
                               const struct picture_view *views, size_t n_views) {
    (void)backend;
    (void)slot;
    (void)image;
    (void)views;
    (void)n_views;
    return STATUS_OK;
}

static enum status sleep_submit(struct backend *backend, struct picture *pictures, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct findings *findings = pictures[i].findings;
        enum status status = memory_reserve(&findings->evidence, &findings->evidence_capacity,
                                            pictures[i].n_labels + 1, sizeof *findings->evidence);
        if (status != STATUS_OK)
            return status;
        findings->n_evidence = pictures[i].n_labels;
        findings->missing.count = findings->predictions.count = 0;
        for (size_t k = 0; k < pictures[i].n_labels; k++)
            findings->evidence[k] =
                (struct evidence){.judged = true, .own = 1, .suggested = -1, .twin = -1};
    }
    double seconds = 1e-3 * backend->ms * (double)n;
    struct timespec time = {.tv_sec = (time_t)seconds};
    time.tv_nsec = (long)(1e9 * (seconds - (double)time.tv_sec));
    nanosleep(&time, NULL);
    return STATUS_OK;
}

static enum status sleep_collect(struct backend *backend) {
    (void)backend;
    return STATUS_OK;
}

static void sleep_close(struct backend *backend) {
    free(backend);
}

/* It calls itself what the CPU's does, to be given as many threads and slots. */
static const struct backend_interface backend_sleep = {
    .name = "cpu",
    .prefix = "CPU",
    .auto_batch = 1,
    .depth = 1,
    .available = always_available,
    .open = sleep_open,
    .device = sleep_device,
    .batch = one,
    .stage = sleep_stage,
    .submit = sleep_submit,
    .collect = sleep_collect,
    .close = sleep_close,
};

const struct backend_interface *const backends[] = {&backend_sleep, NULL};
