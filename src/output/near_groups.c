/* From which images are copies of each other to groups, worst first. */
#include "output/near_groups.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "output/fields.h"

enum {
    LISTED_GROUPS = 1000, /* in the report */
    LISTED_IMAGES = 50,   /* of a group */
    COMPARED = 8,         /* images of a group, behind each, whose labels are compared with its, */
    LARGE_GROUP = 64,     /* and in one of more than so many */
    LARGE_COMPARED = 2,
    SLACK = 13,      /* of 255: by which a copy's labels may lie elsewhere, since its border
                        may be cut off, */
    SLACK_SHARE = 4, /* and by this part of their size */
};

/* ---------------------------------------------------------------- labels */

static bool is_near(int a, int b, int slack) {
    return abs(a - b) <= slack;
}

static bool is_alike(const struct sketch_label *a, const struct sketch_label *b) {
    int wide = a->xywh[2] > b->xywh[2] ? a->xywh[2] : b->xywh[2];
    int high = a->xywh[3] > b->xywh[3] ? a->xywh[3] : b->xywh[3];
    const int slack[2] = {SLACK + wide / SLACK_SHARE, SLACK + high / SLACK_SHARE};
    bool alike = a->class == b->class;
    for (int k = 0; k < 4; k++)
        alike = alike && is_near(a->xywh[k], b->xywh[k], slack[k % 2]);
    return alike;
}

void sketch_labels_lacking(const struct sketch_labels *a, const struct sketch_labels *b,
                           bool *lacking) {
    bool taken[SKETCH_LABELS] = {false};
    for (size_t i = 0; i < a->kept; i++) {
        size_t k = 0;
        while (k < b->kept && (taken[k] || !is_alike(&a->items[i], &b->items[k])))
            k++;
        lacking[i] = k == b->kept;
        if (!lacking[i])
            taken[k] = true;
    }
}

bool sketch_labels_differ(const struct sketch_labels *a, const struct sketch_labels *b) {
    bool lacking[SKETCH_LABELS];
    if (a->count != b->count)
        return true;
    sketch_labels_lacking(a, b, lacking);
    for (size_t i = 0; i < a->kept; i++)
        if (lacking[i])
            return true;
    return false;
}

static enum status differ(const struct sketches *sketches, uint32_t one, uint32_t other,
                          bool *result) {
    enum status status;
    struct sketch_labels a, b;
    struct sketch sketch_a, sketch_b;
    *result = false;
    TRY(sketches_labels(sketches, one, &a));
    TRY(sketches_labels(sketches, other, &b));
    if (!sketch_labels_differ(&a, &b))
        goto out;
    /* A group may have others between them that both are like. */
    TRY(sketches_read(sketches, one, &sketch_a));
    TRY(sketches_read(sketches, other, &sketch_b));
    *result = sketch_same(&sketch_a, &sketch_b);
out:
    return status;
}

static enum status compare_labels(const struct sketches *sketches, const uint32_t *members,
                                  sketches_tick *tick, void *context, struct near_group *group) {
    enum status status = STATUS_OK;
    size_t reach = group->count > LARGE_GROUP ? LARGE_COMPARED : COMPARED;
    for (size_t i = 0; i < group->count && !group->labels_differ; i++) {
        if (tick)
            tick(context);
        for (size_t k = i + 1; k < group->count && k <= i + reach && !group->labels_differ; k++)
            TRY(differ(sketches, members[i], members[k], &group->labels_differ));
    }
out:
    return status;
}

/* ---------------------------------------------------------------- groups */

static bool splits_differ(const struct image_splits *splits, uint32_t one, uint32_t other) {
    const char *a = image_split(splits, one), *b = image_split(splits, other);
    return a && b && strcmp(a, b) != 0;
}

/* Groups and their members, in the order of their first images. */
static enum status gather(struct near_forest *forest, struct near_groups *groups) {
    enum status status;
    uint32_t *sizes = NULL; /* of groups, by first image; then where their next member goes */
    size_t next = 0, n_members = 0;
    TRY(memory_zeroed(forest->count, sizeof *sizes, &sizes));
    for (size_t i = 0; i < forest->count; i++)
        sizes[near_forest_first(forest, (uint32_t)i)]++;
    for (size_t i = 0; i < forest->count; i++) {
        groups->count += sizes[i] > 1;
        n_members += sizes[i] > 1 ? sizes[i] : 0;
    }
    groups->images = n_members;
    TRY(memory_zeroed(groups->count, sizeof *groups->items, &groups->items));
    TRY(memory_zeroed(n_members, sizeof *groups->members, &groups->members));
    n_members = 0;
    for (size_t i = 0; i < forest->count; i++) {
        uint32_t size = sizes[i];
        sizes[i] = size > 1 ? (uint32_t)n_members + 1 : 0;
        if (size < 2)
            continue;
        groups->items[next++] = (struct near_group){.first = n_members, .count = size};
        n_members += size;
    }
    for (size_t i = 0; i < forest->count; i++) {
        uint32_t first = near_forest_first(forest, (uint32_t)i);
        if (sizes[first])
            groups->members[sizes[first]++ - 1] = (uint32_t)i;
    }
out:
    free(sizes);
    return status;
}

/* What is worse comes first; of the same kind the larger one, then the one that is first in the
 * list, whose members come first as well. */
static int compare_groups(const void *left, const void *right) {
    const struct near_group *a = left, *b = right;
    int worse_a = 2 * a->across_splits + a->labels_differ;
    int worse_b = 2 * b->across_splits + b->labels_differ;
    if (worse_a != worse_b)
        return worse_b - worse_a;
    if (a->count != b->count)
        return a->count < b->count ? 1 : -1;
    return a->first < b->first ? -1 : a->first > b->first;
}

enum status near_groups_make(const struct sketches *sketches, const struct image_splits *splits,
                             sketches_tick *tick, void *context, struct near_forest *forest,
                             struct near_groups *groups) {
    enum status status;
    TRY(gather(forest, groups));
    for (size_t i = 0; i < groups->count; i++) {
        struct near_group *group = &groups->items[i];
        const uint32_t *members = groups->members + group->first;
        for (size_t k = 1; k < group->count && !group->across_splits; k++)
            group->across_splits = splits_differ(splits, members[0], members[k]);
        TRY(compare_labels(sketches, members, tick, context, group));
        groups->across_splits += group->across_splits;
        groups->labels_differ += group->labels_differ;
    }
    if (groups->count)
        qsort(groups->items, groups->count, sizeof *groups->items, compare_groups);
out:
    return status;
}

void near_groups_free(struct near_groups *groups) {
    free(groups->items);
    free(groups->members);
    *groups = (struct near_groups){0};
}

/* ---------------------------------------------------------------- the report's member */

static void field_flag(struct text *text, const char *key, bool value) {
    field_key(text, key);
    text_string(text, value ? "true" : "false");
}

void near_groups_json(const struct near_groups *groups, const struct image_splits *splits,
                      near_name *name, const void *context, struct text *text) {
    text_string(text, "{");
    field_count(text, "groups", groups->count);
    field_count(text, "images", groups->images);
    field_count(text, "across_splits", groups->across_splits);
    field_count(text, "labels_differ", groups->labels_differ);
    field_key(text, "list");
    text_string(text, "[");
    for (size_t i = 0; i < groups->count && i < LISTED_GROUPS; i++) {
        const struct near_group *group = &groups->items[i];
        const uint32_t *members = groups->members + group->first;
        field_next(text);
        text_string(text, "{");
        field_flag(text, "across_splits", group->across_splits);
        field_flag(text, "labels_differ", group->labels_differ);
        field_count(text, "count", group->count);
        field_key(text, "images");
        text_string(text, "[");
        for (size_t k = 0; k < group->count && k < LISTED_IMAGES; k++) {
            field_next(text);
            text_string(text, "{");
            field_string(text, "image", name(context, members[k]));
            field_string(text, "split", image_split(splits, members[k]));
            text_string(text, "}");
        }
        text_string(text, "]}");
    }
    text_string(text, "]}");
}
