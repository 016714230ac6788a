/* Errors that are planted among a picture's labels in memory, to see whether they are found: moved
 * boxes, boxes where nothing is, doubled, dropped and turned labels. What is planted depends on the
 * image's name and labels alone, so that neither ranks nor order matter. Internal to src/job. */
#ifndef VERIFY_JOB_PLANTING_H
#define VERIFY_JOB_PLANTING_H

#include "output/result.h"

#define NOT_A_TARGET NO_LABEL

struct planted {
    enum planted_kind kind;
    size_t label;  /* the one that was changed, among the picture's; NOT_A_TARGET: none was */
    size_t target; /* the wrong one, among those of the planting; NOT_A_TARGET: it is gone */
    size_t other;  /* of a doubled label: the first of the two, likewise */
    float box[4];  /* of a dropped label */
};

/* The labels of one picture with the errors among them. Start with a zeroed struct; reused. */
struct planting {
    bool chosen; /* of this picture the self-test takes more than the margins of its labels */
    size_t n_targets, target_capacity;
    /* Owned; not NULL where anything is planted. None but a turned label has points: what becomes
     * of the others is not looked at. */
    struct target *targets;
    size_t point_capacity;
    float *points; /* of turned labels; owned */
    size_t n_planted, capacity;
    struct planted *planted; /* owned */
};
void planting_free(struct planting *planting);

/* The picture as the labels know it. */
struct planting_picture {
    const char *name;
    uint32_t width, height;
    size_t n_targets;
    const struct target *targets;
    bool oriented; /* the networks judge how boxes are turned */
};

/* Which share of a run's pictures is chosen for planting: all of a small one. */
double planting_rate(uint64_t n_images);

/* Chooses the share `rate` of all pictures, none that has very many labels, and plants in those;
 * else, and where there is no label, n_planted is 0. Labels of a class that the model does not know
 * stay as they are. */
enum status planting_make(const struct judge *judge, const struct planting_picture *picture,
                          double rate, struct planting *planting);

/* Sets result->seen: what the findings for the planting's targets say of the errors. */
enum status planting_see(const struct planting *planting, const struct findings *findings,
                         struct image_result *result);

#endif
