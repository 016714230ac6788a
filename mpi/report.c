/* verification_report.json, and the hosts and devices of all ranks for it. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "data/label_source.h"
#include "output/report.h"
#include "output/run_file.h"
#include "pulse.h"
#include "stages.h"

/* Failed images that are written to the report in a second, at least. */
#define FAILURES_A_SECOND 10000

/* What rank 0 needs of each rank for the report; plain data, sent as bytes. */
struct rank_line {
    char host[HOST_BYTES], device[256];
    uint64_t images;
    double seconds;
};

/* Names of images by their places in the list. */
struct names {
    const char *root;
    struct packed_reader *images;
};

static const char *name_of(const void *context, uint32_t image) {
    const struct names *names = context;
    const char *path;
    return packed_reader_get(names->images, image, &path) == STATUS_OK
               ? dataset_image_name(names->root, path)
               : "";
}

static enum status write_report(const struct ranks *ranks, const struct report_parts *parts,
                                const struct rank_line *lines) {
    enum status status;
    const struct options *options = parts->options;
    const struct inputs *inputs = parts->inputs;
    const struct totals *totals = parts->totals;
    struct rank_report *reports = NULL;
    struct options used = *options;
    struct text parameters = {0}, sizes = {0}, near = {0};
    struct packed_reader images = {.paths = &inputs->dataset.images};
    const struct names names = {inputs->dataset.root, &images};
    TRY(memory_zeroed((size_t)ranks->size, sizeof *reports, &reports));
    for (int r = 0; r < ranks->size; r++)
        reports[r] = (struct rank_report){r, lines[r].host, lines[r].device, lines[r].images,
                                          lines[r].seconds};
    networks_sizes(&inputs->networks, &sizes);
    TRY(text_status(&sizes));
    if (inputs->networks.own_sizes)
        used.imgsz = sizes.data;
    options_json(&used, &parameters);
    TRY(text_status(&parameters));
    if (totals->has_near)
        near_groups_json(&totals->near, &inputs->dataset.splits, name_of, &names, &near);
    TRY(status_worse(text_status(&near), text_status(&images.path)));
    struct report report = {
        .status = totals->signal ? "interrupted" : "complete",
        .tally = &totals->tally,
        .self_test = totals->has_self_test ? &totals->self_test : NULL,
        .classes = &inputs->classes,
        .orphan_labels = totals->orphan_labels,
        .keypoints = inputs->dataset.keypoints,
        .label_format = label_format_name(inputs->dataset.format),
        .n_unread_kinds = inputs->dataset.n_unread_kinds,
        .unread_kinds = inputs->dataset.unread_kinds,
        .near_duplicates = near.data,
        .n_ranks = (size_t)ranks->size,
        .ranks = reports,
        .parameters = parameters.data,
        .model = inputs->networks.named.data,
        .dataset = options->data,
        .started = totals->started,
        .finished = totals->started + (clock_seconds() - totals->clock_started),
    };
    pulse_announce(ranks->pulse, (double)totals->tally.n_failures / FAILURES_A_SECOND);
    TRY(report_write(parts->output, &report));
    TRY(run_file_note(parts->output));
out:
    free(reports);
    packed_reader_free(&images);
    text_free(&parameters);
    text_free(&sizes);
    text_free(&near);
    return status;
}

enum status report_all(const struct ranks *ranks, const struct report_parts *parts) {
    enum status status = STATUS_OK;
    MPI_Request request;
    struct rank_line mine = {.images = parts->totals->images_done,
                             .seconds = parts->totals->seconds},
                     *all = NULL;
    snprintf(mine.host, sizeof mine.host, "%s", ranks->host);
    snprintf(mine.device, sizeof mine.device, "%s", parts->device);
    if (ranks->rank == 0)
        status = memory_zeroed((size_t)ranks->size, sizeof *all, &all);
    TRY(agree(ranks, status));
    MPI_Igather(&mine, sizeof mine, MPI_BYTE, all, sizeof mine, MPI_BYTE, 0, MPI_COMM_WORLD,
                &request);
    wait_for(ranks, &request);
    if (ranks->rank == 0)
        status = write_report(ranks, parts, all);
    status = agree(ranks, status);
out:
    free(all);
    return status;
}
