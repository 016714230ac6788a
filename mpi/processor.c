/* Which backend this rank computes with, and opening it. */
#include "processor.h"

#include <stdio.h>
#include <string.h>

#include "job/devices.h"

/* Index of the best backend that this rank may and can use; -1, with a message, where none. */
static int choose_backend(const char *device, const struct devices *devices) {
    for (int i = 0; backends[i]; i++) {
        bool asked_for = strcmp(devices->backend, backends[i]->name) == 0;
        if (!asked_for && strcmp(devices->backend, "auto") != 0)
            continue;
        enum status status = backends[i]->available(devices->indices, devices->count);
        if (status == STATUS_OK)
            return i;
        status_prefix(status, "--device %s: ", device);
        if (asked_for)
            break;
    }
    return -1;
}

/* The same for all ranks: a node without a GPU among others would hold up the job unseen. `mine` is
 * this rank's best. */
static int agree_on_backend(int mine, const struct devices *devices, char *lacks, size_t size) {
    int common, best;
    MPI_Allreduce(&mine, &common, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    MPI_Allreduce(&mine, &best, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (mine > best && backends[best]->available(devices->indices, devices->count) != STATUS_OK)
        snprintf(lacks, size, "%s", status_message());
    return common;
}

enum status processor_open(const struct ranks *ranks, const struct options *options,
                           const struct inputs *inputs, struct processor *processor) {
    enum status status;
    struct devices devices;
    TRY(agree(ranks, devices_read(options->device, &devices)));
    int mine = choose_backend(options->device, &devices);
    TRY(agree(ranks, mine < 0 ? STATUS_BAD_INPUT : STATUS_OK));
    int common = agree_on_backend(mine, &devices, processor->lacks, sizeof processor->lacks);
    const struct backend_interface *interface = processor->interface = backends[common];
    size_t threads = threads_bind(options->threads, ranks->local_size);
    /* A CPU forward takes tens of decodes' time; a GPU's takes less than one. */
    bool slow = strcmp(interface->name, "cpu") == 0;
    size_t batch = options->batch ? (size_t)options->batch : interface->auto_batch;
    processor->capacity = capacity_plan(slow, threads, batch, interface->depth);
    struct backend_options opening = {
        .model = options->model,
        .threads = threads,
        .slots = processor->capacity.slots,
        .batch = batch,
        .image_memory = (size_t)options->image_memory << 20,
        .imgsz = inputs->imgsz,
        .rect = options->rect,
        .half = options->half,
        .local_rank = ranks->local_rank,
        .devices = devices.indices,
        .n_devices = devices.count,
        .hang_seconds = (double)options->hang_timeout,
    };
    status = interface->open(&inputs->model, &inputs->judge, &opening, &processor->backend);
    TRY(agree(ranks, status));
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
    return strcmp(processor_prefix(processor), "GPU") == 0;
}

const char *processor_prefix(const struct processor *processor) {
    return processor->interface ? processor->interface->prefix : "CPU";
}
