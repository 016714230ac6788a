/* The stages of one image. */
#include "job/item.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/shown.h"
#include "job/decide.h"
#include "output/record.h"

void item_free(struct item *item) {
    text_free(&item->label_text);
    image_free(&item->image);
    label_file_free(&item->labels);
    free(item->targets);
    free(item->points);
    free(item->views);
    findings_free(&item->findings);
    findings_free(&item->planted_findings);
    planting_free(&item->planting);
    free(item->result.boxes);
    free(item->result.seen);
    free(item->result.planted);
    free(item->missing.items);
    text_free(&item->path_text);
    text_free(&item->predicted);
    text_free(&item->counts);
    for (size_t s = 0; s < STREAMS_MOST; s++)
        text_free(&item->texts[s]);
    *item = (struct item){0};
}

/* What a label says beside its box, in pixels, as `target` has it. */
static void make_points(const struct verify_job *job, const struct label *label, struct item *item,
                        struct target *target) {
    const float size[] = {(float)item->width, (float)item->height};
    const float *numbers = item->labels.numbers + label->first;
    float *points = item->points + label->first;
    target->keypoints = label->form == LABEL_POSE;
    target->point_values = target->keypoints ? job->labels.rules.keypoints.values : 2;
    target->n_points = label->n_numbers / target->point_values;
    target->points = points;
    for (size_t i = 0; i < label->n_numbers; i++) {
        size_t axis = i % target->point_values;
        points[i] = axis < 2 ? numbers[i] * size[axis] : numbers[i];
    }
}

static enum status make_targets(const struct verify_job *job, struct item *item) {
    const struct label_file *file = &item->labels;
    enum status status;
    TRY(memory_reserve(&item->targets, &item->target_capacity, file->n_labels ? file->n_labels : 1,
                       sizeof *item->targets));
    TRY(memory_reserve(&item->points, &item->point_capacity, file->n_numbers,
                       sizeof *item->points));
    float w = (float)item->width, h = (float)item->height;
    for (size_t i = 0; i < file->n_labels; i++) {
        const struct label *label = &file->labels[i];
        const float *b = label->xywhn;
        item->targets[i] = (struct target){
            .class =
                label->class < job->classes->n_data ? job->classes->to_model[label->class] : -1,
            .box = {(b[0] - b[2] / 2) * w, (b[1] - b[3] / 2) * h, (b[0] + b[2] / 2) * w,
                    (b[1] + b[3] / 2) * h},
        };
        if (label->n_numbers > 0)
            make_points(job, label, item, &item->targets[i]);
    }
out:
    return status;
}

static bool judge_oriented(const struct verify_job *job) {
    for (size_t i = 0; i < job->n_views; i++) {
        const struct head *head = &job->networks[i].model->graph.head;
        if (head->task == TASK_OBB && head->n_extras > 0)
            return true;
    }
    return false;
}

static enum status plant(const struct verify_job *job, struct item *item) {
    const struct planting_picture picture = {
        .name = dataset_image_name(job->root, item->path),
        .width = item->width,
        .height = item->height,
        .n_targets = item->labels.n_labels,
        .targets = item->targets,
        .oriented = judge_oriented(job),
    };
    return planting_make(job->judge, &picture, job->self_test ? job->planting_rate : 0,
                         &item->planting);
}

/* Hands to `outage` what reading the label file says of the file system. Where a device or a server
 * failed, there is no verdict without the labels that may be there: the image failed. */
static enum status check_label(struct outage *outage, struct item *item) {
    int error = item->labels.content.error;
    if (!error) {
        /* One that was refused, as a link out of the data set, is not to be opened later either. */
        if (item->labels.content.bytes)
            outage_read(outage, OUTAGE_LABELS, item->label_path);
        return STATUS_OK;
    }
    if (outage_is_hard(error))
        snprintf(item->error, sizeof item->error, "its label file cannot be read: %s: %s",
                 short_path(item->label_path).text, strerror(error));
    return outage_error(outage, OUTAGE_LABELS, item->label_path, error);
}

static enum status check_image(struct outage *outage, const struct item *item, int error) {
    if (error)
        return outage_error(outage, OUTAGE_IMAGES, item->path, error);
    outage_read(outage, OUTAGE_IMAGES, item->path);
    return STATUS_OK;
}

/* The first of the networks that the image is judged by. */
static size_t first_network(const struct verify_job *job, const struct item *item) {
    return job->set_of ? job->set_of[item->list_index] * job->n_views : 0;
}

static struct letterbox_frame frame_of(const struct verify_job *job, size_t network) {
    return network_frame(job->networks[network].model, job->networks[network].imgsz, job->rect);
}

/* What of its pixels the networks see. */
static struct image_part part_of(const struct verify_job *job, const struct item *item) {
    struct image_part part = {0};
    for (size_t i = 0; job->decode_fast && i < job->n_views; i++) {
        struct letterbox_frame frame = frame_of(job, first_network(job, item) + i);
        part.within_width = frame.width > part.within_width ? frame.width : part.within_width;
        part.within_height = frame.height > part.within_height ? frame.height : part.within_height;
    }
    return part;
}

/* How each network that the image is judged by is to see it. */
static enum status plan_views(const struct verify_job *job, struct item *item) {
    enum status status;
    size_t first = first_network(job, item);
    TRY(memory_reserve(&item->views, &item->view_capacity, job->n_views, sizeof *item->views));
    item->n_views = job->n_views;
    for (size_t i = 0; i < item->n_views; i++) {
        struct letterbox_frame frame = frame_of(job, first + i);
        item->views[i] =
            (struct picture_view){first + i, letterbox_within(item->width, item->height, &frame)};
    }
out:
    return status;
}

static enum status draw_sketch(const struct image *image, struct item *item) {
    bool plain;
    enum status status = sketch_make(image, &item->sketch, &plain);
    item->has_sketch = !plain;
    return status;
}

/* The label file first: a file system that goes away between the two takes the image with it, not
 * the labels alone, which would make it one of the background. */
enum status item_read(const struct verify_job *job, struct outage *outage, struct image *image,
                      struct item *item) {
    enum status status;
    item->error[0] = '\0';
    item->width = item->height = 0;
    item->has_sketch = false;
    TRY(label_source_path(job->labels.format, job->labels.file, item->path, &item->label_text));
    item->label_path = item->label_text.data;
    TRY(label_source_read(&job->labels, item->label_path, item->path, item->list_index,
                          &item->labels));
    TRY(check_label(outage, item));
    if (item->error[0])
        return STATUS_OK;
    if (!job->interface) {
        /* A dry run promises to be quick: pictures are not decoded. */
        int error = access(item->path, R_OK) == 0 ? 0 : errno;
        if (error)
            snprintf(item->error, sizeof item->error, "%s", strerror(error));
        TRY(check_image(outage, item, error));
        return make_targets(job, item);
    }
    struct image_part part = part_of(job, item);
    status = image_read_part(item->path, &part, image);
    if (status == STATUS_BAD_INPUT) {
        snprintf(item->error, sizeof item->error, "%s", status_message());
        return check_image(outage, item, image->error);
    }
    if (status != STATUS_OK)
        TRY(status_prefix(status, "%s: ", short_path(item->path).text));
    TRY(check_image(outage, item, 0));
    item->width = image->whole_width;
    item->height = image->whole_height;
    if (job->sketches)
        TRY(draw_sketch(image, item));
    TRY(make_targets(job, item));
    TRY(plant(job, item));
    TRY(plan_views(job, item));
out:
    return status;
}

static void read_evidence(const struct verify_job *job, const struct item *item, size_t i) {
    struct box_result *box = &item->result.boxes[i];
    *box = (struct box_result){.label = item->labels.labels[i]};
    box->evidence.suggested = box->evidence.twin = -1;
    if (item->targets[i].class >= 0 && job->interface)
        box->evidence = item->findings.evidence[i];
    if (item->targets[i].class < 0) /* a dry run gives no other verdict */
        box->ruling = verdict_of_unknown();
    box->score = box_score(&box->evidence);
}

/* All that does not depend on thresholds, of an image that the network saw. */
static enum status read_findings(struct item *item) {
    struct image_result *result = &item->result;
    const struct findings *findings = &item->findings;
    result->n_objects = findings->missing.count;
    result->objects = findings->missing.items;
    result->n_predictions = findings->predictions.count;
    result->predictions = findings->predictions.items;
    result->score = image_score(findings);
    result->self_test = findings->n_hypotheses > 0;
    if (result->self_test && item->planting.chosen)
        result->hypotheses = findings->hypotheses;
    return item->planting.n_planted ? planting_see(&item->planting, &item->planted_findings, result)
                                    : STATUS_OK;
}

/* Whether what the network gave for an image says anything. */
static enum status check_findings(const struct item *item) {
    if (item->findings.not_finite)
        return FAIL(STATUS_FAILED,
                    "%s: the model's output for it is not finite (NaN or infinity): its weights "
                    "are damaged or its training diverged: start over with --overwrite, and give "
                    "another checkpoint",
                    short_path(item->path).text);
    if (item->findings.implausible)
        return FAIL(STATUS_FAILED,
                    "%s: the model's output for it cannot be boxes in pixels and scores from 0 to "
                    "1, which could not be found out before: start over with --overwrite, and "
                    "give the model exported again, with its boxes and scores decoded",
                    short_path(item->path).text);
    return STATUS_OK;
}

enum status item_judge(const struct verify_job *job, struct item *item) {
    enum status status = STATUS_OK;
    struct image_result *result = &item->result;
    bool failed = item->error[0] != '\0';
    result->name = dataset_image_name(job->root, item->path);
    result->label = item->labels.absent ? NULL : dataset_image_name(job->root, item->label_path);
    result->split = image_split(job->splits, item->list_index);
    result->imgsz = job->imgsz;
    result->error = failed ? item->error : NULL;
    result->labels = &item->labels;
    result->sketch = !failed && item->has_sketch ? &item->sketch : NULL;
    result->width = failed ? 0 : item->width;
    result->height = failed ? 0 : item->height;
    result->n_boxes = 0;
    result->n_objects = result->n_missing = result->n_predictions = 0;
    result->n_seen = result->n_planted = 0;
    result->self_test = false;
    result->hypotheses = NULL;
    result->numbers = item->findings.numbers;
    result->score = 0;
    if (!failed && job->interface)
        TRY(check_findings(item));
    if (!failed) {
        TRY(memory_reserve(&result->boxes, &result->box_capacity,
                           item->labels.n_labels ? item->labels.n_labels : 1,
                           sizeof *result->boxes));
        result->n_boxes = item->labels.n_labels;
        for (size_t i = 0; i < result->n_boxes; i++)
            read_evidence(job, item, i);
    }
    result->bucket = bucket_of(result);
    if (!failed && job->interface) {
        TRY(read_findings(item));
        TRY(image_decide(&job->thresholds, &item->missing, result));
    }
out:
    return status;
}

static const struct file_bytes *label_of(const struct item *item) {
    return item->labels.present ? &item->labels.content : NULL;
}

/* Writes the image's texts of those of the journal's streams that come before its files are
 * placed, or of the others. */
static enum status write_texts(const struct verify_job *job, bool before, struct item *item) {
    enum status status = STATUS_OK;
    const struct stream_source source = {
        .result = &item->result,
        .classes = job->classes,
        .placer = job->placer,
        .path = item->path,
        .label = label_of(item),
        .predicted = job->save_txt ? &item->predicted : NULL,
    };
    for (size_t s = 0; s < stream_count(); s++) {
        const struct stream *stream = stream_at(s);
        if (!streams_have(journal_streams(job->journal), s) || stream->before_placed != before)
            continue;
        text_clear(&item->texts[s]);
        TRY(stream->write(&source, &item->texts[s]));
        if (before)
            TRY(journal_announce(job->journal, s, &item->texts[s], &item->announced[s]));
    }
out:
    return status;
}

static void forget_announced(struct item *item) {
    for (size_t s = 0; s < STREAMS_MOST; s++)
        item->announced[s] = (struct journal_text){0};
}

/* Says what will be placed, then places it. */
static enum status place_files(const struct verify_job *job, struct outage *outage,
                               struct item *item) {
    enum status status = STATUS_OK;
    enum bucket bucket = item->result.bucket;
    const struct file_bytes *label = label_of(item);
    forget_announced(item);
    if (job->redo)
        TRY(placer_clear(job->placer, bucket, item->path, label));
    if (bucket == BUCKET_FAILED)
        goto out;
    if (job->journal)
        TRY(write_texts(job, true, item));
    status = placer_place_read(job->placer, bucket, item->path, label);
    if (status == STATUS_BAD_INPUT) {
        /* It is gone since it was read. */
        snprintf(item->error, sizeof item->error, "%s", status_message());
        TRY(outage_error(outage, OUTAGE_IMAGES, item->path, ENOENT));
        forget_announced(item);
        TRY(item_judge(job, item));
        if (job->redo)
            status = placer_clear(job->placer, BUCKET_FAILED, item->path, label);
        else
            status = STATUS_OK;
    }
out:
    return status;
}

enum status item_place(const struct verify_job *job, struct outage *outage, struct item *item) {
    enum status status = STATUS_OK;
    const struct image_result *result = &item->result;
    if (job->save_txt && result->bucket != BUCKET_FAILED) {
        text_clear(&item->predicted);
        TRY(predicted_label_write(result, job->classes, &item->predicted));
    }
    if (job->placer)
        TRY(place_files(job, outage, item));
    if (job->journal)
        TRY(write_texts(job, false, item));
    if (job->save_txt && result->bucket != BUCKET_FAILED)
        TRY(placer_predicted(job->placer, item->path,
                             item->predicted.data ? item->predicted.data : "",
                             item->predicted.length));
out:
    return status;
}

static void note_findings(const struct item *item, struct notes *notes) {
    if (item->result.error)
        notes_add(notes, NOTE_FAILED_IMAGE, "%s: %s", short_path(item->path).text,
                  item->result.error);
    else if (item->findings.widened)
        notes_add(
            notes, NOTE_WIDENED,
            "%s: fp16 is too small for the model's numbers: this picture, and others of which "
            "that is so, are forwarded again in fp32; faster, where they are many: --no-half",
            short_path(item->path).text);
    for (size_t i = 0; i < item->labels.n_invalid; i++)
        notes_add(notes, NOTE_INVALID_LABEL, "%s:%u: %s", short_path(item->label_path).text,
                  item->labels.invalid[i].line, item->labels.invalid[i].reason);
}

enum status item_record(const struct verify_job *job, struct item *item, struct tally *tally,
                        struct notes *notes) {
    enum status status;
    const struct journal_entry entry = {
        .index = item->list_index,
        .bucket = item->result.bucket,
        .texts = item->texts,
        .announced = item->announced,
        .tally = &item->counts,
    };
    note_findings(item, notes);
    text_clear(&item->counts);
    TRY(tally_line(&item->result, job->classes, &item->counts));
    if (job->journal)
        TRY(journal_add(job->journal, &entry));
    TRY(tally_apply(tally, item->list_index, item->counts.data));
out:
    return status;
}
