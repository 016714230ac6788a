/* What is verified and by which model: opened on rank 0, made the same on all ranks. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "inputs.h"
#include "job/decide.h"
#include "job/wanted.h"
#include "share_labels.h"

/* Where ranks read different models, by the same path on different nodes, verdicts would be mixed.
 */
static enum status compare_model(const struct ranks *ranks, const struct options *options,
                                 const struct networks *networks, size_t index) {
    const struct model *model = &networks->models[index];
    uint64_t first = model->fingerprint;
    MPI_Request request;
    MPI_Ibcast(&first, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    enum status status = STATUS_OK;
    if (first != model->fingerprint)
        status = FAIL(STATUS_BAD_INPUT,
                      "another %.1000s%s%.500s than rank 0 has: copy the same to all nodes",
                      path_list_get(&networks->paths, index), options->weights ? ", or " : "",
                      options->weights ? options->weights : "");
    return agree(ranks, status);
}

enum status inputs_open_models(const struct ranks *ranks, const struct options *options,
                               struct inputs *inputs) {
    enum status status;
    TRY(agree(ranks, networks_read(options, &inputs->networks)));
    for (size_t i = 0; i < inputs->networks.paths.count; i++)
        TRY(compare_model(ranks, options, &inputs->networks, i));
    inputs->thresholds = options_thresholds(options);
out:
    return status;
}

/* A block of NUL-terminated strings from rank 0 to all; *block is the caller's to free. */
static enum status share_strings(const struct ranks *ranks, struct text *strings, char **block,
                                 size_t *length) {
    enum status status;
    uint64_t bytes = strings->length;
    MPI_Bcast(&bytes, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
    status = memory_zeroed(bytes, 1, block);
    if (bytes > INT_MAX)
        status = FAIL(STATUS_BAD_INPUT, "too many class names");
    TRY(agree(ranks, status));
    if (ranks->rank == 0 && strings->data)
        memcpy(*block, strings->data, bytes);
    MPI_Bcast(*block, (int)bytes, MPI_CHAR, 0, MPI_COMM_WORLD);
    *length = bytes;
out:
    return status;
}

/* All of rank 0's data set but its images becomes everybody's. */
static enum status share_dataset(const struct ranks *ranks, struct dataset *dataset) {
    enum status status;
    char **const folders[] = {&dataset->root, &dataset->common, &dataset->extent,
                              &dataset->annotation_file};
    enum { FOLDERS = sizeof folders / sizeof *folders };
    struct text strings = {0};
    char *block = NULL;
    size_t length = 0;
    MPI_Bcast(&dataset->splits, sizeof dataset->splits, MPI_BYTE, 0, MPI_COMM_WORLD);
    MPI_Bcast(&dataset->keypoints, sizeof dataset->keypoints, MPI_BYTE, 0, MPI_COMM_WORLD);
    MPI_Bcast(&dataset->traits, sizeof dataset->traits, MPI_BYTE, 0, MPI_COMM_WORLD);
    MPI_Bcast(&dataset->format, sizeof dataset->format, MPI_BYTE, 0, MPI_COMM_WORLD);
    if (ranks->rank == 0) {
        for (size_t i = 0; i < FOLDERS; i++)
            text_bytes(&strings, *folders[i] ? *folders[i] : "",
                       (*folders[i] ? strlen(*folders[i]) : 0) + 1);
        for (size_t i = 0; i < dataset->n_names; i++)
            text_bytes(&strings, dataset->names[i], strlen(dataset->names[i]) + 1);
    }
    TRY(agree(ranks, text_status(&strings)));
    TRY(share_strings(ranks, &strings, &block, &length));
    status = STATUS_OK;
    if (ranks->rank != 0 && block) {
        const char *at = block;
        for (size_t i = 0; i < FOLDERS && status == STATUS_OK; i++, at += strlen(at) + 1)
            status = memory_string(at, folders[i]);
        size_t capacity = 0;
        for (; status == STATUS_OK && at < block + length; at += strlen(at) + 1) {
            status = memory_reserve(&dataset->names, &capacity, dataset->n_names + 1,
                                    sizeof *dataset->names);
            if (status == STATUS_OK)
                status = memory_string(at, &dataset->names[dataset->n_names]);
            dataset->n_names += status == STATUS_OK;
        }
    }
    TRY(agree(ranks, status));
    status = annotations_share(ranks, &dataset->annotations);
out:
    free(block);
    text_free(&strings);
    return status;
}

static enum status match_classes(const struct options *options, struct inputs *inputs) {
    enum status status;
    const struct class_union *known = &inputs->networks.classes;
    const struct keypoint_traits *traits = &inputs->dataset.traits;
    TRY(networks_check_names(&inputs->networks, inputs->dataset.n_names));
    TRY(class_map_make((const char *const *)inputs->dataset.names, inputs->dataset.n_names,
                       (const char *const *)known->names, known->count, &inputs->classes));
    TRY(networks_check_classes(&inputs->networks, &inputs->classes));
    TRY(memory_zeroed(known->count, sizeof *inputs->class_in_data, &inputs->class_in_data));
    for (size_t i = 0; i < known->count; i++)
        inputs->class_in_data[i] = inputs->classes.to_data[i] >= 0;
    inputs->judge = (struct judge){
        .n_classes = known->count,
        .class_in_data = inputs->class_in_data,
        .self_test = options->self_test,
        .predict = streams_need_predictions(options_streams(options)) || options->save_txt,
        .conf = (float)options->conf,
        .iou = (float)options->iou,
        .max_det = (size_t)options->max_det,
        .keypoints = {.count = inputs->dataset.keypoints.count,
                      .flip = traits->n_flip ? traits->flip : NULL,
                      .sigmas = traits->n_sigmas ? traits->sigmas : NULL},
    };
out:
    return status;
}

/* Which model judges which image: rank 0 finds out and tells the others, a byte an image. */
static enum status share_folds(const struct ranks *ranks, struct inputs *inputs) {
    enum status status = STATUS_OK;
    enum { PIECE = 1 << 30 };
    struct networks *networks = &inputs->networks;
    uint64_t n = inputs->dataset.images.count;
    if (networks->folds.count == 0)
        return STATUS_OK;
    if (ranks->rank == 0)
        status = folds_assign(&networks->folds, &inputs->dataset, &networks->model_of);
    TRY(agree(ranks, status));
    MPI_Bcast(&n, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
    if (ranks->rank != 0)
        status = memory_zeroed(n, 1, &networks->model_of);
    TRY(agree(ranks, status));
    for (uint64_t at = 0; at < n; at += PIECE)
        MPI_Bcast(networks->model_of + at, (int)(n - at < PIECE ? n - at : PIECE), MPI_BYTE, 0,
                  MPI_COMM_WORLD);
out:
    return status;
}

enum status inputs_open_data(const struct ranks *ranks, const struct options *options,
                             struct inputs *inputs) {
    enum status status = STATUS_OK;
    if (ranks->rank == 0)
        status = dataset_open(options->data, options->split, options->output, &inputs->dataset);
    if (ranks->rank == 0 && status == STATUS_OK)
        status = dataset_check_labels(&inputs->dataset);
    TRY(agree(ranks, status));
    TRY(share_dataset(ranks, &inputs->dataset));
    TRY(agree(ranks, match_classes(options, inputs)));
    TRY(share_folds(ranks, inputs));
out:
    return status;
}

void inputs_free(struct inputs *inputs) {
    free(inputs->class_in_data);
    class_map_free(&inputs->classes);
    dataset_free(&inputs->dataset);
    networks_free(&inputs->networks);
}
