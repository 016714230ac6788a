/* Which backend this rank computes with, and opening it. */
#include "processor.h"

#include <stdio.h>

#include "job/devices.h"
#include "job/plugins.h"

/* The same for all ranks: a node without a GPU among others would hold up the job unseen. `mine` is
 * this rank's best. */
static int agree_on_backend(int mine, const struct devices *devices, char *lacks, size_t size) {
    const struct backend_interface *unused;
    int common, best;
    MPI_Allreduce(&mine, &common, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    MPI_Allreduce(&mine, &best, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (mine > best && devices_usable(devices, best, &unused) != STATUS_OK)
        snprintf(lacks, size, "%s", status_message());
    return common;
}

enum status processor_open(const struct ranks *ranks, const struct options *options,
                           const struct inputs *inputs, struct processor *processor) {
    enum status status;
    struct devices devices;
    TRY(agree(ranks, devices_read(options->device, &devices)));
    const struct backend_interface *interface;
    int mine = devices_choose(&devices, &interface, processor->lacks, sizeof processor->lacks);
    status =
        mine < 0 ? status_prefix(STATUS_BAD_INPUT, "--device %s: ", options->device) : STATUS_OK;
    TRY(agree(ranks, status));
    int common = agree_on_backend(mine, &devices, processor->lacks, sizeof processor->lacks);
    TRY(agree(ranks, plugin_open(backends[common], &interface)));
    processor->interface = interface;
    size_t threads = threads_bind(options->threads, ranks->local_size);
    /* A CPU forward takes tens of decodes' time; a GPU's takes less than one. */
    bool slow = !interface->uses_gpus;
    size_t batch = options->batch ? (size_t)options->batch : interface->auto_batch;
    bool differ = options->rect || inputs->networks.folds.count;
    processor->capacity =
        capacity_plan(slow, differ && interface->wants_alike, threads, batch, interface->depth);
    struct backend_options opening = {
        .threads = threads,
        .slots = processor->capacity.slots + (options->zoom ? processor->capacity.batch : 0),
        .batch = processor->capacity.batch,
        .views = networks_views(&inputs->networks),
        .image_memory = (size_t)options->image_memory << 20,
        .rect = options->rect,
        .half = options->half,
        .local_rank = ranks->local_rank,
        .devices = devices.indices,
        .n_devices = devices.count,
        .hang_seconds = (double)options->hang_timeout,
    };
    TRY(agree(ranks, processor_open_alike(ranks, interface, inputs, &opening, processor)));
    snprintf(processor->name, sizeof processor->name, "%s", interface->device(processor->backend));
out:
    return status;
}

void processor_open_none(const struct ranks *ranks, const struct options *options,
                         struct processor *processor) {
    processor->capacity = capacity_plan_dry(threads_bind(options->threads, ranks->local_size));
}

void processor_free(struct processor *processor) {
    if (processor->backend)
        processor->interface->close(processor->backend);
}

bool processor_uses_gpus(const struct processor *processor) {
    return processor->interface && processor->interface->uses_gpus;
}

const char *processor_prefix(const struct processor *processor) {
    return processor->interface ? processor->interface->prefix : "CPU";
}

bool processor_self_tests(const struct processor *processor, const struct judge *judge) {
    return judge->self_test && processor->interface && processor->interface->self_tests;
}
