/* Carries out decisions. */
#include "review/apply/changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/shown.h"
#include "review/apply/coco_edit.h"
#include "review/apply/label_bytes.h"
#include "review/apply/label_diff.h"
#include "review/apply/label_place.h"
#include "review/apply/voc_edit.h"

/* The file that is worked on. */
struct work {
    struct changes *changes;
    struct text label, image, line; /* paths; what is shown */
    struct file_bytes bytes;
    struct label_edit edit;
};

/* ---------------------------------------------------------------- what is shown */

static const char *class_name(const struct changes *changes, uint64_t class) {
    const struct run_results *results = changes->layout->results;
    return class < results->n_classes ? results->names[class] : "?";
}

static void box_append(struct text *text, const double xywhn[4]) {
    for (int i = 0; i < 4; i++) {
        text_string(text, " ");
        text_json_number(text, xywhn[i], 6);
    }
}

static void show_refused(const struct changes *changes, const struct decision *decision) {
    const struct path_list *names = &changes->list->names;
    size_t name = decision->label != SIZE_MAX ? decision->label : decision->image;
    const char *of = name != SIZE_MAX ? path_list_get(names, name) : "";
    if (decision->from && decision->line)
        line_print(stderr, "verify: refused: decision %llu: %s, line %u: %s",
                   (unsigned long long)decision->from, of, decision->line, decision->refused);
    else if (decision->from)
        line_print(stderr, "verify: refused: decision %llu: %s: %s",
                   (unsigned long long)decision->from, of, decision->refused);
    else if (decision->line)
        line_print(stderr, "verify: refused: %s, line %u: %s", of, decision->line,
                   decision->refused);
    else
        line_print(stderr, "verify: refused: %s: %s", of, decision->refused);
}

static enum status show_done(const struct work *work, const struct decision *decision,
                             struct text *line) {
    const struct changes *changes = work->changes;
    text_clear(line);
    text_string(line, path_list_get(&changes->list->names, decision->label));
    if (decision->line)
        text_format(line, ":%u", decision->line);
    switch (decision->action) {
    case ACTION_CLASS:
    case ACTION_BOX:
    case ACTION_POINTS:
        if (decision->class >= 0 && decision->class != decision->judged_class)
            text_format(line, ": class %u %s -> %lld %s", decision->judged_class,
                        class_name(changes, decision->judged_class), (long long)decision->class,
                        class_name(changes, (uint64_t)decision->class));
        if (decision->action == ACTION_BOX) {
            text_string(line, ": box");
            box_append(line, decision->judged_xywhn);
            text_string(line, " ->");
            box_append(line, decision->xywhn);
        }
        if (decision->action == ACTION_POINTS)
            text_format(line, ": %zu numbers of its points", decision->n_points);
        break;
    case ACTION_ADD:
        text_format(line, ": added: %lld %s", (long long)decision->class,
                    class_name(changes, (uint64_t)decision->class));
        box_append(line, decision->xywhn);
        break;
    default:
        text_format(line, ": deleted: %u %s", decision->judged_class,
                    class_name(changes, decision->judged_class));
        break;
    }
    enum status status = text_status(line);
    if (status == STATUS_OK)
        line_print(stdout, "%s", line->data);
    return status;
}

static enum status count(struct work *work, const struct decision *decisions, size_t n) {
    enum status status = STATUS_OK;
    struct changes *changes = work->changes;
    for (size_t i = 0; i < n; i++) {
        const struct decision *decision = &decisions[i];
        if (decision->refused) {
            changes->refused++;
            show_refused(changes, decision);
        } else if (decision->done || decision->action == ACTION_KEEP) {
            changes->done[decision->action]++;
        } else {
            changes->same++;
        }
        if (decision->done && changes->shown)
            TRY(show_done(work, decision, &work->line));
    }
out:
    return status;
}

/* ---------------------------------------------------------------- a file */

static enum status find_paths(struct work *work, const struct decision *first) {
    enum status status;
    const struct changes *changes = work->changes;
    const struct path_list *names = &changes->list->names;
    TRY(run_results_path(changes->layout->results, path_list_get(names, first->label),
                         &work->label));
    status = run_results_path(
        changes->layout->results,
        path_list_get(names, first->image != SIZE_MAX ? first->image : first->label), &work->image);
out:
    return status;
}

/* Why nothing may be decided about a file; NULL: something may. */
static const char *why_not(const struct work *work, const struct decision *first, bool link) {
    const struct file_bytes *bytes = &work->bytes;
    if (!bytes->bytes && !bytes->missing)
        return "the label file cannot be read";
    /* A label file is made for an image that is there. */
    if (bytes->missing && (first->image == SIZE_MAX || access(work->image.data, F_OK) != 0))
        return "there is no such label file, and its image is not where it was: say by --data "
               "where";
    if (!work->changes->in_place)
        return NULL;
    if (link)
        return "the label file is a symbolic link, which is not followed";
    return label_place_check(work->label.data,
                             layout_within(work->changes->layout, work->label.data));
}

static enum status make_file(struct work *work) {
    enum status status = STATUS_OK;
    struct changes *changes = work->changes;

    if (work->edit.n_ranges == 0)
        return STATUS_OK;
    const struct changed_file file = {.path = work->label.data,
                                      .name = layout_below(changes->layout, work->label.data),
                                      .bytes = &work->bytes,
                                      .edit = &work->edit};
    changes->files++;
    changes->made += work->bytes.missing;
    if (changes->diff)
        TRY(label_diff(file.name, work->bytes.bytes, work->bytes.length, &work->edit,
                       changes->diff));
    if (changes->take)
        status = changes->take(changes->context, &file);
out:
    return status;
}

static enum status edit_file(struct work *work, struct decision *decisions, size_t n) {
    const struct changes *changes = work->changes;
    const struct run_results *results = changes->layout->results;
    const struct file_bytes *bytes = &work->bytes;
    const struct label_rules rules = {.keypoints = results->keypoints};
    switch (results->format) {
    case LABEL_FORMAT_COCO:
        return coco_edit_make(work->label.data, bytes->bytes, bytes->length, &changes->list->names,
                              decisions, n, &work->edit);
    case LABEL_FORMAT_VOC:
        return voc_edit_make(bytes->bytes, bytes->length, results->names, results->n_classes,
                             decisions, n, &work->edit);
    default:
        return label_edit_make(bytes->bytes, bytes->length, &rules, decisions, n, &work->edit);
    }
}

static enum status change_file(struct work *work, struct decision *decisions, size_t n) {
    enum status status;
    bool link = false;
    free(work->bytes.bytes);
    work->bytes = (struct file_bytes){0};
    TRY(find_paths(work, decisions));
    TRY(label_bytes_read(work->changes->layout->results->format, work->label.data, work->image.data,
                         &work->bytes, &link));
    const char *refused = why_not(work, decisions, link);
    work->edit.n_ranges = 0;
    if (!refused)
        TRY(edit_file(work, decisions, n));
    for (size_t i = 0; refused && i < n; i++)
        decisions[i].refused = refused;
    TRY(count(work, decisions, n));
    status = make_file(work);
out:
    return status;
}

enum status changes_make(struct changes *changes) {
    enum status status = STATUS_OK;
    struct work work = {.changes = changes};
    struct decision *items = changes->list->items;
    size_t n = changes->list->count, at = 0;
    changes->refused = changes->list->refused;
    while (at < n && items[at].label != SIZE_MAX) {
        size_t end = at + 1;
        while (end < n && items[end].label == items[at].label)
            end++;
        TRY(change_file(&work, items + at, end - at));
        at = end;
    }
    status = count(&work, items + at, n - at);
out:
    text_free(&work.label);
    text_free(&work.image);
    text_free(&work.line);
    free(work.bytes.bytes);
    label_edit_free(&work.edit);
    return status;
}

void changes_text(const struct changes *changes, struct text *text) {
    static const char *const words[ACTIONS] = {
        [ACTION_CLASS] = "class",    [ACTION_BOX] = "box",   [ACTION_POINTS] = "points",
        [ACTION_DELETE] = "deleted", [ACTION_KEEP] = "kept", [ACTION_ADD] = "added"};
    const char *separator = "";
    for (int a = 0; a < ACTIONS; a++) {
        if (a == ACTION_POINTS && changes->done[a] == 0) /* of most data sets */
            continue;
        text_format(text, "%s%s %llu", separator, words[a], (unsigned long long)changes->done[a]);
        separator = ", ";
    }
}

bool changes_any(const struct changes *changes) {
    return changes->files > 0;
}
