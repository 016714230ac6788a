#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "job.h"
#include "job/devices.h"
#include "job/plugins.h"
#include "screen.h"

/* Where ranks read different models, by the same path on different nodes, verdicts would be mixed.
 */
static enum status compare_models(struct job *job) {
    const struct options *options = &job->options;
    uint64_t first = job->model.fingerprint;
    MPI_Request request;
    MPI_Ibcast(&first, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD, &request);
    wait_for(job, &request);
    enum status status = STATUS_OK;
    if (first != job->model.fingerprint)
        status = FAIL(STATUS_BAD_INPUT,
                      "another %.1000s%s%.500s than rank 0 has: copy the same to all nodes",
                      options->model, options->weights ? ", or " : "",
                      options->weights ? options->weights : "");
    return agree(job, status);
}

enum status job_open_model(struct job *job) {
    const struct options *options = &job->options;
    enum status status;
    TRY(agree(job, model_read(options->model, options->weights, options->imgsz, &job->model)));
    TRY(compare_models(job));
    int64_t stride = job->model.stride;
    job->imgsz = (uint32_t)((options->imgsz + stride - 1) / stride * stride);
    job->thresholds = (struct thresholds){
        .max_margin = (float)options->max_margin,
        .max_shift = (float)options->max_shift,
        .max_ghost = (float)options->max_ghost,
        .min_own = (float)options->min_own,
        .max_dup = (float)options->max_dup,
        .missing_conf = (float)options->missing_conf,
    };
out:
    return status;
}

/* A block of NUL-terminated strings from rank 0 to all; *block is the caller's to free. */
static enum status share_strings(struct job *job, struct text *strings, char **block,
                                 size_t *length) {
    enum status status;
    uint64_t bytes = strings->length;
    MPI_Bcast(&bytes, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
    status = memory_zeroed(bytes, 1, block);
    if (bytes > INT_MAX)
        status = FAIL(STATUS_BAD_INPUT, "too many class names");
    TRY(agree(job, status));
    if (job->rank == 0 && strings->data)
        memcpy(*block, strings->data, bytes);
    MPI_Bcast(*block, (int)bytes, MPI_CHAR, 0, MPI_COMM_WORLD);
    *length = bytes;
out:
    return status;
}

/* Root, common folder, extent and class names of rank 0's data set become everybody's. */
static enum status share_dataset(struct job *job) {
    enum status status;
    struct dataset *dataset = &job->dataset;
    char **const folders[] = {&dataset->root, &dataset->common, &dataset->extent};
    enum { FOLDERS = sizeof folders / sizeof *folders };
    struct text strings = {0};
    char *block = NULL;
    size_t length = 0;
    if (job->rank == 0) {
        for (size_t i = 0; i < FOLDERS; i++)
            text_bytes(&strings, *folders[i], strlen(*folders[i]) + 1);
        for (size_t i = 0; i < dataset->n_names; i++)
            text_bytes(&strings, dataset->names[i], strlen(dataset->names[i]) + 1);
    }
    TRY(agree(job, text_status(&strings)));
    TRY(share_strings(job, &strings, &block, &length));
    status = STATUS_OK;
    if (job->rank != 0 && block) {
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
    status = agree(job, status);
out:
    free(block);
    text_free(&strings);
    return status;
}

static enum status match_classes(struct job *job) {
    enum status status;
    TRY(class_map_make((const char *const *)job->dataset.names, job->dataset.n_names,
                       (const char *const *)job->model.names, job->model.n_classes, &job->classes));
    TRY(memory_zeroed(job->model.n_classes, sizeof *job->class_in_data, &job->class_in_data));
    for (size_t i = 0; i < job->model.n_classes; i++)
        job->class_in_data[i] = job->classes.to_data[i] >= 0;
    job->judge = (struct judge){
        .head = job->model.graph.head,
        .class_in_data = job->class_in_data,
        .predict = job->options.save_json || job->options.save_txt,
        .conf = (float)job->options.conf,
        .iou = (float)job->options.iou,
        .max_det = (size_t)job->options.max_det,
    };
out:
    return status;
}

enum status job_open_data(struct job *job) {
    enum status status = STATUS_OK;
    if (job->rank == 0)
        status =
            dataset_open(job->options.data, job->options.split, job->options.output, &job->dataset);
    if (job->rank == 0 && status == STATUS_OK)
        status = dataset_check_labels(&job->dataset);
    TRY(agree(job, status));
    TRY(share_dataset(job));
    TRY(agree(job, match_classes(job)));
out:
    return status;
}

enum status job_open_backend(struct job *job) {
    enum status status;
    const struct options *options = &job->options;
    struct devices devices;
    TRY(agree(job, devices_read(options->device, &devices)));
    const struct backend_interface *chosen;
    int mine = devices_choose(&devices, &chosen, job->lacks, sizeof job->lacks), common, best;
    status =
        mine < 0 ? status_prefix(STATUS_BAD_INPUT, "--device %s: ", options->device) : STATUS_OK;
    TRY(agree(job, status));
    /* All ranks alike: a node without a GPU among others would hold up the job unseen. */
    MPI_Allreduce(&mine, &common, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    MPI_Allreduce(&mine, &best, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (mine > best && devices_usable(&devices, best, &chosen) != STATUS_OK)
        snprintf(job->lacks, sizeof job->lacks, "%s", status_message());
    TRY(agree(job, plugin_open(backends[common], &job->interface)));
    job->threads = job_threads(options->threads, job->local_size);
    /* A CPU forward takes tens of decodes' time; a GPU's takes less than one. */
    bool slow = !job->interface->uses_gpus;
    job->readers = slow ? 1 + job->threads / 8 : job->threads;
    job->placers = 1;
    size_t batch = options->batch ? (size_t)options->batch : job->interface->auto_batch;
    /* One batch more than can be submitted: the one that is being read. Where an image takes long,
     * no more than are being read: what a rank has taken at the end nobody else can do. */
    job->slots = job->interface->depth * batch + job->readers + job->placers;
    if (!slow)
        job->slots += batch + 1;
    struct backend_options opening = {
        .model = options->model,
        .threads = job->threads,
        .slots = job->slots,
        .batch = batch,
        .image_memory = (size_t)options->image_memory << 20,
        .imgsz = job->imgsz,
        .rect = options->rect,
        .half = options->half,
        .local_rank = job->local_rank,
        .devices = devices.indices,
        .n_devices = devices.count,
        .hang_seconds = (double)options->hang_timeout,
    };
    status = job->interface->open(&job->model, &job->judge, &opening, &job->backend);
    TRY(agree(job, status));
    snprintf(job->device, sizeof job->device, "%s", job->interface->device(job->backend));
out:
    return status;
}

/* What rank 0 found out about the run; plain data, sent as bytes. */
struct run_news {
    unsigned epoch;
    bool resumed, complete;
    struct timespec stamp;
};

enum status job_open_output(struct job *job) {
    static const struct {
        const char *name;
        enum place_mode mode;
    } modes[] = {{"hardlink", PLACE_HARDLINK},
                 {"symlink", PLACE_SYMLINK},
                 {"copy", PLACE_COPY},
                 {"none", PLACE_NONE}};
    enum status status = STATUS_OK;
    const char *output = job->options.output;
    char absolute[PATH_MAX] = "";
    if (job->rank == 0)
        status = run_begin(job);
    if (status == STATUS_OK && job->rank == 0 && !realpath(output, absolute))
        status = FAIL(STATUS_BAD_INPUT, "--output %s: cannot be found after it was made", output);
    TRY(agree(job, status));
    MPI_Bcast(absolute, sizeof absolute, MPI_CHAR, 0, MPI_COMM_WORLD);
    TRY(agree(job, memory_string(absolute, &job->output)));
    struct run_news news = {job->epoch, job->resumed, job->complete, job->stamp};
    MPI_Bcast(&news, sizeof news, MPI_BYTE, 0, MPI_COMM_WORLD);
    job->epoch = news.epoch;
    job->resumed = news.resumed;
    job->complete = news.complete;
    job->stamp = news.stamp;
    if (job->complete)
        return STATUS_OK;
    enum place_mode mode = PLACE_NONE;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (strcmp(modes[i].name, job->options.place) == 0)
            mode = modes[i].mode;
    TRY(agree(job, placer_open(job->output, job->dataset.common, mode, &job->placer)));
    placer_stamp(job->placer, &job->stamp);
out:
    return status;
}

/* The data set's classes that the model lacks, by name, as many as a line holds. */
static void warn_of_classes(struct job *job, const char *prefix) {
    struct text names = {0};
    size_t unknown = 0;
    for (size_t i = 0; i < job->classes.n_data; i++) {
        if (job->classes.to_model[i] >= 0)
            continue;
        if (unknown < 10)
            text_format(&names, "%s%s", unknown ? ", " : "", job->classes.names[i]);
        unknown++;
    }
    if (unknown && text_status(&names) == STATUS_OK)
        screen_warning(job->screen, prefix,
                       "the model does not know %zu of the data set's %zu classes, their boxes are "
                       "uncertain: %s%s",
                       unknown, job->classes.n_data, names.data, unknown > 10 ? ", ..." : "");
    text_free(&names);
}

static void warn_of_unread(struct job *job, const char *prefix) {
    struct text kinds = {0};
    dataset_unread_text(&job->dataset, &kinds);
    if (job->dataset.unread.count && text_status(&kinds) == STATUS_OK)
        screen_warning(job->screen, prefix,
                       "%zu pictures are of kinds that are not read, and left out: %s",
                       job->dataset.unread.count, kinds.data);
    text_free(&kinds);
}

void job_warn(struct job *job) {
    const struct dataset *dataset = &job->dataset;
    const char *prefix = job->interface ? job->interface->prefix : "CPU";
    if (job->imgsz != (uint32_t)job->options.imgsz)
        screen_warning(job->screen, prefix, "--imgsz %lld: raised to %u, a multiple of %lld",
                       (long long)job->options.imgsz, job->imgsz, (long long)job->model.stride);
    warn_of_classes(job, prefix);
    if (dataset->repeated)
        screen_warning(job->screen, prefix,
                       "%llu images are listed more than once: each is verified once",
                       (unsigned long long)dataset->repeated);
    if (dataset->other)
        screen_warning(job->screen, prefix,
                       "%llu listed files are no pictures by their suffix: left out",
                       (unsigned long long)dataset->other);
    if (job->kept_images)
        screen_warning(job->screen, prefix,
                       "%llu images in the output are the last names of their pictures: left where "
                       "they are",
                       (unsigned long long)job->kept_images);
    warn_of_unread(job, prefix);
    if (dataset->skipped)
        screen_warning(job->screen, prefix, "%s", dataset->skipped);
}

void job_free(struct job *job) {
    if (job->backend)
        job->interface->close(job->backend);
    if (job->placer)
        placer_close(job->placer);
    tally_free(&job->tally);
    path_list_free(&job->share);
    free(job->share_indices);
    journal_close(&job->journal);
    free(job->journals);
    free(job->all_journals);
    free(job->done);
    run_lock_drop(&job->lock);
    free(job->class_in_data);
    class_map_free(&job->classes);
    dataset_free(&job->dataset);
    model_free(&job->model);
    free(job->output);
    options_free(&job->options);
    if (job->progress_comm != MPI_COMM_NULL)
        MPI_Comm_free(&job->progress_comm);
}
