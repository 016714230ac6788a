#include "job/item.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "output/record.h"

void item_free(struct item *item) {
    free(item->label_path);
    image_free(&item->image);
    label_file_free(&item->labels);
    free(item->targets);
    findings_free(&item->findings);
    free(item->result.boxes);
    free(item->missing.items);
    text_free(&item->path_text);
    text_free(&item->record);
    text_free(&item->predictions);
    text_free(&item->predicted);
    text_free(&item->counts);
    *item = (struct item){0};
}

static enum status make_targets(const struct verify_job *job, struct item *item) {
    const struct label_file *file = &item->labels;
    enum status status = memory_reserve(&item->targets, &item->target_capacity,
                                        file->n_labels ? file->n_labels : 1, sizeof *item->targets);
    if (status != STATUS_OK)
        return status;
    float w = (float)item->image.width, h = (float)item->image.height;
    for (size_t i = 0; i < file->n_labels; i++) {
        const struct label *label = &file->labels[i];
        const float *b = label->xywhn;
        item->targets[i] = (struct target){
            .class =
                label->class < job->classes->n_data ? job->classes->to_model[label->class] : -1,
            .box = {(b[0] - b[2] / 2) * w, (b[1] - b[3] / 2) * h, (b[0] + b[2] / 2) * w,
                    (b[1] + b[3] / 2) * h},
        };
    }
    return STATUS_OK;
}

enum status item_read(const struct verify_job *job, struct item *item) {
    enum status status;
    item->error[0] = '\0';
    free(item->label_path);
    item->label_path = NULL;
    TRY(label_path(item->path, &item->label_path));
    TRY(label_file_read(item->label_path, job->classes->n_data, &item->labels));
    if (!job->interface) {
        /* A dry run promises to be quick: pictures are not decoded. */
        if (access(item->path, R_OK) != 0)
            snprintf(item->error, sizeof item->error, "%s", strerror(errno));
        return make_targets(job, item);
    }
    status = image_read(item->path, &item->image);
    if (status == STATUS_BAD_INPUT) {
        snprintf(item->error, sizeof item->error, "%s", status_message());
        return STATUS_OK;
    }
    if (status != STATUS_OK)
        TRY(status_prefix(status, "%s: ", item->path));
    TRY(make_targets(job, item));
    item->letterbox =
        letterbox_plan(item->image.width, item->image.height, job->imgsz, job->rect, job->stride);
out:
    return status;
}

/* Missing objects at or above the threshold; findings hold them down to MISSING_FLOOR. */
static enum status select_missing(const struct verify_job *job, struct item *item) {
    const struct detections *all = &item->findings.missing;
    enum status status = memory_reserve(&item->missing.items, &item->missing.capacity,
                                        all->count ? all->count : 1, sizeof *all->items);
    if (status != STATUS_OK)
        return status;
    item->missing.count = 0;
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].confidence >= job->thresholds.missing_conf)
            item->missing.items[item->missing.count++] = all->items[i];
    return STATUS_OK;
}

static void judge_box(const struct verify_job *job, const struct item *item, size_t i) {
    struct box_result *box = &item->result.boxes[i];
    *box = (struct box_result){.label = item->labels.labels[i]};
    if (item->targets[i].class < 0) {
        box->verdict = VERDICT_UNCERTAIN;
        box->reason = REASON_UNKNOWN_CLASS;
        box->evidence.suggested = box->evidence.twin = -1;
        return;
    }
    if (!job->interface)
        return; /* a dry run counts boxes, without a verdict */
    box->evidence = item->findings.evidence[i];
    box->verdict = verdict_of(&box->evidence, &job->thresholds, &box->reason);
}

enum status item_judge(const struct verify_job *job, struct item *item) {
    enum status status = STATUS_OK;
    struct image_result *result = &item->result;
    bool failed = item->error[0] != '\0';
    result->name = dataset_image_name(job->root, item->path);
    result->error = failed ? item->error : NULL;
    result->labels = &item->labels;
    result->width = failed ? 0 : item->image.width;
    result->height = failed ? 0 : item->image.height;
    result->n_boxes = 0;
    result->n_missing = result->n_predictions = 0;
    result->score = 0;
    if (!failed && job->interface && item->findings.not_finite)
        return FAIL(STATUS_FAILED,
                    "%s: the model's output for it is not finite (NaN or infinity): its weights "
                    "are damaged or its training diverged: give another checkpoint; on CUDA, first "
                    "try --no-half: fp16 may be too small for it",
                    item->path);
    if (!failed) {
        TRY(memory_reserve(&result->boxes, &result->box_capacity,
                           item->labels.n_labels ? item->labels.n_labels : 1,
                           sizeof *result->boxes));
        result->n_boxes = item->labels.n_labels;
        for (size_t i = 0; i < result->n_boxes; i++)
            judge_box(job, item, i);
    }
    if (!failed && job->interface) {
        TRY(select_missing(job, item));
        result->n_missing = item->missing.count;
        result->missing = item->missing.items;
        result->n_predictions = item->findings.predictions.count;
        result->predictions = item->findings.predictions.items;
        result->score = image_score(&item->findings);
    }
    result->bucket = bucket_of(result);
out:
    return status;
}

static enum status place_files(const struct verify_job *job, struct item *item) {
    enum status status = STATUS_OK;
    if (job->redo)
        TRY(placer_clear(job->placer, item->result.bucket, item->path));
    if (item->result.bucket == BUCKET_FAILED)
        goto out;
    status =
        placer_place_read(job->placer, item->result.bucket, item->path,
                          item->labels.present ? item->label_path : NULL, &item->labels.content);
    if (status == STATUS_BAD_INPUT) {
        /* It is gone since it was read. */
        snprintf(item->error, sizeof item->error, "%s", status_message());
        TRY(item_judge(job, item));
        if (job->redo)
            status = placer_clear(job->placer, item->result.bucket, item->path);
    }
out:
    return status;
}

enum status item_place(const struct verify_job *job, struct item *item) {
    enum status status = STATUS_OK;
    const struct image_result *result = &item->result;
    if (job->placer)
        TRY(place_files(job, item));
    if (job->journal) {
        text_clear(&item->record);
        TRY(record_write(result, job->classes, &item->record));
    }
    if (job->save_json) {
        text_clear(&item->predictions);
        TRY(predictions_write(result, job->classes, &item->predictions));
    }
    if (job->save_txt && result->bucket != BUCKET_FAILED) {
        text_clear(&item->predicted);
        TRY(predicted_label_write(result, job->classes, &item->predicted));
        TRY(placer_predicted(job->placer, item->path,
                             item->predicted.data ? item->predicted.data : "",
                             item->predicted.length));
    }
out:
    return status;
}

static void note_findings(const struct item *item, struct notes *notes) {
    if (item->result.error)
        notes_add(notes, NOTE_FAILED_IMAGE, "%s: %s", item->path, item->result.error);
    for (size_t i = 0; i < item->labels.n_invalid; i++)
        notes_add(notes, NOTE_INVALID_LABEL, "%s:%u: %s", item->label_path,
                  item->labels.invalid[i].line, item->labels.invalid[i].reason);
}

enum status item_record(const struct verify_job *job, struct item *item, struct tally *tally,
                        struct notes *notes) {
    enum status status;
    const struct journal_entry entry = {
        .index = item->list_index,
        .bucket = item->result.bucket,
        .record = &item->record,
        .predictions = job->save_json ? &item->predictions : NULL,
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
