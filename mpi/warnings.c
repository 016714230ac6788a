/* What is odd about a run: said before the work, and about placing after it. */
#include "warnings.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/path.h"
#include "job/devices.h"
#include "job/sharing.h"
#include "job/trained.h"

/* The data set's classes that are not known, by name, as many as a line holds. `known`: of those of
 * all models; `who` does not know them, and `where` their boxes are uncertain. */
static void warn_of_unknown(struct screen *screen, const struct class_map *classes,
                            const bool *known, const char *who, const char *where) {
    enum { MOST_NAMES = 10 };
    struct text names = {0};
    size_t unknown = 0;
    for (size_t i = 0; i < classes->n_data; i++) {
        if (classes->to_model[i] >= 0 && known[classes->to_model[i]])
            continue;
        if (unknown < MOST_NAMES)
            text_format(&names, "%s%s", unknown ? ", " : "", classes->names[i]);
        unknown++;
    }
    if (unknown && text_status(&names) == STATUS_OK)
        screen_warning(screen,
                       "%s not know %zu of the data set's %zu classes, their boxes%s are "
                       "uncertain: %s%s",
                       who, unknown, classes->n_data, where, names.data,
                       unknown > MOST_NAMES ? ", ..." : "");
    text_free(&names);
}

/* With folds each model is alone with its images. */
static void warn_of_classes(struct screen *screen, const struct inputs *inputs) {
    const struct networks *networks = &inputs->networks;
    const struct class_union *all = &networks->classes;
    bool *known;
    struct text who = {0};
    if (memory_zeroed(all->count, sizeof *known, &known) != STATUS_OK)
        return;
    if (networks->folds.count == 0) {
        memset(known, true, all->count * sizeof *known);
        warn_of_unknown(screen, &inputs->classes, known,
                        networks->paths.count > 1 ? "the models do" : "the model does", "");
    }
    for (size_t i = 0; networks->folds.count && i < networks->paths.count; i++) {
        const uint32_t *numbers = all->numbers[i];
        memset(known, numbers == NULL, all->count * sizeof *known);
        for (size_t k = 0; numbers && k < networks->models[i].n_classes; k++)
            known[numbers[k]] = true;
        text_clear(&who);
        text_format(&who, "%s does", path_list_get(&networks->paths, i));
        if (text_status(&who) == STATUS_OK)
            warn_of_unknown(screen, &inputs->classes, known, who.data, " in its images");
    }
    text_free(&who);
    free(known);
}

static void warn_of_unread(struct screen *screen, const struct dataset *dataset) {
    struct text kinds = {0};
    dataset_unread_text(dataset, &kinds);
    if (dataset->unread.count && text_status(&kinds) == STATUS_OK)
        screen_warning(screen, "%zu pictures are of kinds that are not read, and left out: %s",
                       dataset->unread.count, kinds.data);
    text_free(&kinds);
}

/* Of labels that the network has learned by heart it says what they say. */
static void warn_of_training(struct screen *screen, const char *data, const struct model *model) {
    struct text path = {0};
    if (model->trained_on && path_absolute(NULL, data, &path) == STATUS_OK &&
        trained_on_same(model->trained_on, path.data))
        screen_warning(screen,
                       "the model says that it was trained on %.500s: if that is this data set, "
                       "errors that it has learned by heart are not seen; docs/kfold.md",
                       model->trained_on);
    text_free(&path);
}

/* Of a pose there is nothing to compare where the network has other points. */
static void warn_of_keypoints(struct screen *screen, const struct inputs *inputs, size_t index) {
    const struct head *head = &inputs->networks.models[index].graph.head;
    const struct keypoint_shape *keypoints = &inputs->dataset.keypoints;
    if (head->n_points && keypoints->count && head->n_points != keypoints->count)
        screen_warning(
            screen,
            "%s has %zu keypoints an object, the data set's labels %u: keypoints are not "
            "compared, boxes and classes are",
            path_list_get(&inputs->networks.paths, index), head->n_points, keypoints->count);
}

void warn_of_inputs(struct screen *screen, const struct options *options,
                    const struct inputs *inputs, uint64_t kept_images) {
    const struct dataset *dataset = &inputs->dataset;
    const struct networks *networks = &inputs->networks;
    int64_t sizes[OPTION_COUNTS_MOST];
    size_t n_sizes = option_counts(options->imgsz, sizes);
    for (size_t i = 0; i < n_sizes; i++)
        if (networks->sizes[i] != (uint32_t)sizes[i])
            screen_warning(screen, "--imgsz %lld: raised to %u, a multiple of %u",
                           (long long)sizes[i], networks->sizes[i], networks->stride);
    for (size_t i = 0; i < networks->paths.count; i++)
        warn_of_training(screen, options->data, &networks->models[i]);
    for (size_t i = 0; i < networks->paths.count; i++)
        warn_of_keypoints(screen, inputs, i);
    warn_of_classes(screen, inputs);
    if (dataset->repeated)
        screen_warning(screen, "%llu images are listed more than once: each is verified once",
                       (unsigned long long)dataset->repeated);
    if (dataset->other)
        screen_warning(screen, "%llu listed files are not pictures by their suffix: left out",
                       (unsigned long long)dataset->other);
    if (kept_images)
        screen_warning(screen,
                       "%llu images in the output are the last names of their pictures: left where "
                       "they are",
                       (unsigned long long)kept_images);
    warn_of_unread(screen, dataset);
    if (dataset->skipped)
        screen_warning(screen, "%s", dataset->skipped);
}

void warn_of_lack(const struct ranks *ranks, const struct processor *processor,
                  struct screen *screen) {
    struct {
        char host[HOST_BYTES], reason[sizeof processor->lacks];
    } lack = {0};
    MPI_Request request;
    int mine = processor->lacks[0] ? ranks->rank : INT_MAX, first;
    MPI_Iallreduce(&mine, &first, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    if (first == INT_MAX)
        return;
    snprintf(lack.host, sizeof lack.host, "%s", ranks->host);
    snprintf(lack.reason, sizeof lack.reason, "%s", processor->lacks);
    MPI_Ibcast(&lack, sizeof lack, MPI_BYTE, first, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    if (ranks->rank == 0)
        screen_warning(screen, "no rank uses a GPU, since rank %d on %s cannot: %s", first,
                       lack.host, lack.reason);
}

/* One process uses one GPU: of a list that is longer than a node has processes, the rest idles. */
static void warn_of_idle(struct screen *screen, const char *named, int local_size) {
    struct devices devices;
    if (devices_read(named, &devices) == STATUS_OK && devices.count > (size_t)local_size)
        screen_warning(screen,
                       "--device %s names %zu GPUs and %d of them will work: start a process for "
                       "each (mpirun -np %zu)",
                       named, devices.count, local_size, devices.count);
}

enum status warn_of_sharing(const struct ranks *ranks, const char *named, const char *device,
                            struct screen *screen) {
    struct holder mine = {0}, *all = NULL;
    MPI_Request request;
    enum status status = memory_zeroed((size_t)ranks->size, sizeof *all, &all);
    TRY(agree(ranks, status));
    snprintf(mine.host, sizeof mine.host, "%s", ranks->host);
    snprintf(mine.device, sizeof mine.device, "%s", device);
    MPI_Iallgather(&mine, sizeof mine, MPI_BYTE, all, sizeof mine, MPI_BYTE, MPI_COMM_WORLD,
                   &request);
    wait_for(ranks, &request);
    if (ranks->rank == 0)
        warn_of_idle(screen, named, ranks->local_size);
    for (int r = 0; r < ranks->size; r++) {
        int first = sharing_first(all, r);
        if (first == r)
            continue;
        if (r == ranks->rank)
            screen_own(screen, "[GPU %d] WARNING: shares %s with rank %d", r, all[r].device, first);
        if (ranks->rank == 0)
            screen_line(screen, "[GPU %d] WARNING: shares %s with rank %d", r, all[r].device,
                        first);
    }
out:
    free(all);
    return status;
}

void warn_of_placing(const struct ranks *ranks, struct placer *placer, const char *output,
                     struct screen *screen) {
    MPI_Request request;
    enum { LINKS, SHARED, COUNT };
    uint64_t mine[COUNT] = {0}, all[COUNT] = {0};
    if (placer) {
        mine[LINKS] = placer_fell_back(placer);
        mine[SHARED] = placer_shared(placer);
    }
    MPI_Ireduce(mine, all, COUNT, MPI_UINT64_T, MPI_SUM, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    if (all[LINKS])
        screen_warning(screen, "%s cannot hold hard links to the images: symbolic links instead",
                       output);
    if (all[SHARED])
        screen_warning(screen,
                       "%llu images share their file in %s/" PREDICTED_FOLDER
                       " with another, of which they differ in the suffix only: each file has the "
                       "predictions of one",
                       (unsigned long long)all[SHARED], output);
}
