/* Plants errors among a picture's labels. */
#include "job/planting.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fingerprint.h"
#include "base/memory.h"
#include "judge/box.h"

/* Of the labels: how many are moved, dropped, doubled, turned, and how many boxes are added where
 * nothing is for each label. */
#define SHARE_OF_EACH 0.1
/* So many pictures give some ten thousand errors, and their rates to half a percent. */
#define MANY_PICTURES 4000.0

enum {
    TRIES = 200, /* for a place */
    CORNER_NUMBERS = 8,
    /* Of a picture: judging it twice would take long, and all of its labels are much alike. */
    MANY_LABELS = 1000,
};

/* Numbers that look random: SplitMix64 (Steele, Lea, Flood). */
static uint64_t random_bits(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static double random_between(uint64_t *state, double low, double high) {
    return low + (high - low) * (double)(random_bits(state) >> 11) * 0x1p-53;
}

/* What planting carries through its steps. */
struct planter {
    const struct judge *judge;
    const struct planting_picture *picture;
    struct planting *planting;
    uint64_t random;
};

void planting_free(struct planting *planting) {
    free(planting->targets);
    free(planting->planted);
    free(planting->points);
    *planting = (struct planting){0};
}

double planting_rate(uint64_t n_images) {
    return n_images > MANY_PICTURES ? MANY_PICTURES / (double)n_images : 1;
}

static enum status add_target(struct planting *planting, const struct target *target) {
    enum status status = memory_reserve(&planting->targets, &planting->target_capacity,
                                        planting->n_targets + 1, sizeof *planting->targets);
    if (status == STATUS_OK) {
        planting->targets[planting->n_targets] = *target;
        planting->targets[planting->n_targets++].n_points = 0;
    }
    return status;
}

static enum status add_planted(struct planting *planting, const struct planted *planted) {
    enum status status = memory_reserve(&planting->planted, &planting->capacity,
                                        planting->n_planted + 1, sizeof *planting->planted);
    if (status == STATUS_OK)
        planting->planted[planting->n_planted++] = *planted;
    return status;
}

/* A box within the picture, of this centre and size. */
static struct box box_within(const struct planting_picture *picture, const double centre[2],
                             const double size[2]) {
    return (struct box){(float)fmax(0, centre[0] - size[0] / 2),
                        (float)fmax(0, centre[1] - size[1] / 2),
                        (float)fmin(picture->width, centre[0] + size[0] / 2),
                        (float)fmin(picture->height, centre[1] + size[1] / 2)};
}

/* A box beside `box`: its centre off by up to `shift` of its sides, these times `shrink` to `grow`.
 */
static struct box box_beside(struct planter *planter, struct box box, double shift, double shrink,
                             double grow) {
    double width = (double)box.x2 - box.x1, height = (double)box.y2 - box.y1;
    const double centre[] = {
        ((double)box.x1 + box.x2) / 2 + random_between(&planter->random, -shift, shift) * width,
        ((double)box.y1 + box.y2) / 2 + random_between(&planter->random, -shift, shift) * height};
    const double size[] = {width * random_between(&planter->random, shrink, grow),
                           height * random_between(&planter->random, shrink, grow)};
    return box_within(planter->picture, centre, size);
}

static void set_box(struct target *target, struct box box) {
    target->box[0] = box.x1;
    target->box[1] = box.y1;
    target->box[2] = box.x2;
    target->box[3] = box.y2;
}

/* Beside its object but not quite off it. Where no place is found the label stays as it is. */
static enum status move_label(struct planter *planter, size_t label) {
    enum status status;
    const struct planting_picture *picture = planter->picture;
    struct planting *planting = planter->planting;
    struct target target = picture->targets[label];
    struct box box = box_of(target.box);
    bool moved = false;
    for (int i = 0; i < TRIES && !moved; i++) {
        struct box other = box_beside(planter, box, 0.5, 0.55, 1.6);
        float u = box_usable(other) ? box_iou(box, other) : 0;
        moved = u > 0.25f && u < 0.55f && other.x2 - other.x1 > 0.005f * (float)picture->width &&
                other.y2 - other.y1 > 0.005f * (float)picture->height;
        if (moved)
            set_box(&target, other);
    }
    if (moved)
        TRY(add_planted(planting, &(struct planted){.kind = PLANTED_MOVED,
                                                    .label = label,
                                                    .target = planting->n_targets}));
    status = add_target(planting, &target);
out:
    return status;
}

static enum status drop_label(struct planter *planter, size_t label) {
    struct planted planted = {
        .kind = PLANTED_MISSING, .label = label, .target = NOT_A_TARGET, .other = NOT_A_TARGET};
    memcpy(planted.box, planter->picture->targets[label].box, sizeof planted.box);
    return add_planted(planter->planting, &planted);
}

/* As two people draw the same box. */
static enum status double_label(struct planter *planter, size_t label) {
    enum status status;
    struct planting *planting = planter->planting;
    struct target target = planter->picture->targets[label];
    size_t first = planting->n_targets;
    TRY(add_target(planting, &target));
    set_box(&target, box_beside(planter, box_of(target.box), 0.05, 0.95, 1.05));
    TRY(add_planted(planting, &(struct planted){.kind = PLANTED_DUPLICATE,
                                                .label = label,
                                                .target = first + 1,
                                                .other = first}));
    status = add_target(planting, &target);
out:
    return status;
}

/* By 15 to 45 degrees around its middle, to either side; where all of it stays in the picture. */
static enum status turn_label(struct planter *planter, size_t label) {
    enum status status;
    const struct planting_picture *picture = planter->picture;
    struct planting *planting = planter->planting;
    struct target target = picture->targets[label];
    float *points = planting->points + label * CORNER_NUMBERS;
    double angle = random_between(&planter->random, 15, 45) * 0.0174532925199;
    double c = cos(angle), s = random_bits(&planter->random) & 1 ? sin(angle) : -sin(angle);
    double x0 = ((double)target.box[0] + target.box[2]) / 2;
    double y0 = ((double)target.box[1] + target.box[3]) / 2;
    struct box hull = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    for (size_t i = 0; i < CORNER_NUMBERS; i += 2) {
        double x = (double)target.points[i] - x0, y = (double)target.points[i + 1] - y0;
        points[i] = (float)(x0 + x * c - y * s);
        points[i + 1] = (float)(y0 + x * s + y * c);
        hull = (struct box){fminf(hull.x1, points[i]), fminf(hull.y1, points[i + 1]),
                            fmaxf(hull.x2, points[i]), fmaxf(hull.y2, points[i + 1])};
    }
    if (!(hull.x1 >= 0 && hull.y1 >= 0 && hull.x2 <= (float)picture->width &&
          hull.y2 <= (float)picture->height))
        return add_target(planting, &target);
    set_box(&target, hull);
    TRY(add_planted(
        planting,
        &(struct planted){.kind = PLANTED_TURNED, .label = label, .target = planting->n_targets}));
    TRY(add_target(planting, &target));
    planting->targets[planting->n_targets - 1].points = points;
    planting->targets[planting->n_targets - 1].n_points = target.n_points;
out:
    return status;
}

static bool is_oriented(const struct planter *planter, const struct target *target) {
    return planter->picture->oriented && !target->keypoints &&
           target->n_points * target->point_values == CORNER_NUMBERS;
}

static enum status plant_at(struct planter *planter, size_t label) {
    const struct target *target = &planter->picture->targets[label];
    double choice = random_between(&planter->random, 0, 1);
    if (target->class < 0 || !box_usable(box_of(target->box)))
        return add_target(planter->planting, target);
    if (choice < SHARE_OF_EACH)
        return move_label(planter, label);
    if (choice < 2 * SHARE_OF_EACH)
        return drop_label(planter, label);
    if (choice < 3 * SHARE_OF_EACH)
        return double_label(planter, label);
    if (choice < 4 * SHARE_OF_EACH && is_oriented(planter, target))
        return turn_label(planter, label);
    return add_target(planter->planting, target);
}

/* A class that the data set has. */
static int32_t random_class(struct planter *planter) {
    const struct judge *judge = planter->judge;
    size_t n = judge->n_classes, first = (size_t)(random_bits(&planter->random) % n);
    for (size_t i = 0; i < n; i++) {
        size_t class = (first + i) % n;
        if (!judge->class_in_data || judge->class_in_data[class])
            return (int32_t) class;
    }
    return -1;
}

/* Where no label is. */
static enum status add_unseen(struct planter *planter) {
    enum status status;
    const struct planting_picture *picture = planter->picture;
    struct planting *planting = planter->planting;
    double width = random_between(&planter->random, 0.08, 0.4);
    double height = random_between(&planter->random, 0.08, 0.4);
    const double size[] = {width * picture->width, height * picture->height};
    const double centre[] = {
        random_between(&planter->random, width / 2, 1 - width / 2) * picture->width,
        random_between(&planter->random, height / 2, 1 - height / 2) * picture->height};
    struct target target = {.class = random_class(planter)};
    struct box box = box_within(picture, centre, size);
    for (size_t i = 0; i < planting->n_targets; i++)
        if (box_iou(box, box_or_empty(box_of(planting->targets[i].box))) >= 0.1f)
            return STATUS_OK;
    if (target.class < 0 || !box_usable(box))
        return STATUS_OK;
    set_box(&target, box);
    TRY(add_planted(planting, &(struct planted){.kind = PLANTED_UNSEEN,
                                                .label = NOT_A_TARGET,
                                                .target = planting->n_targets}));
    status = add_target(planting, &target);
out:
    return status;
}

enum status planting_make(const struct judge *judge, const struct planting_picture *picture,
                          double rate, struct planting *planting) {
    enum status status = STATUS_OK;
    struct planter planter = {
        judge, picture, planting,
        fingerprint_bytes(FINGERPRINT_START, picture->name, strlen(picture->name))};
    planting->n_targets = planting->n_planted = 0;
    planting->chosen =
        random_between(&planter.random, 0, 1) < rate && picture->n_targets <= MANY_LABELS;
    if (!planting->chosen)
        return STATUS_OK;
    /* Where all labels are dropped none is left to be judged, but that they are missed is. */
    TRY(memory_reserve(&planting->targets, &planting->target_capacity, 1,
                       sizeof *planting->targets));
    if (picture->oriented)
        TRY(memory_reserve(&planting->points, &planting->point_capacity,
                           picture->n_targets * CORNER_NUMBERS, sizeof *planting->points));
    for (size_t i = 0; i < picture->n_targets; i++)
        TRY(plant_at(&planter, i));
    for (size_t i = 0; i < picture->n_targets; i++)
        if (random_between(&planter.random, 0, 1) < SHARE_OF_EACH)
            TRY(add_unseen(&planter));
out:
    return status;
}
