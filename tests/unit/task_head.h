/* A head of a task, made by hand, with one cell that sees anything: in a map of 8 x 8 cells of 8
 * pixels, cell (4, 3), whose centre is at (36, 28). Include after cmocka.h; link with verify_judge.
 */
#ifndef VERIFY_TEST_TASK_HEAD_H
#define VERIFY_TEST_TASK_HEAD_H

#include "judge/judge.h"

enum { MAP_SIDE = 8, MAP_CELLS = MAP_SIDE * MAP_SIDE, CELL = 3 * MAP_SIDE + 4, MOST_EXTRAS = 9 };
enum { FINE = 16, FINE_CELLS = FINE * FINE, PROTOTYPES = 2 };

struct task_head {
    struct head head;
    float sides[4 * MAP_CELLS], scores[MAP_CELLS], extras[MOST_EXTRAS * MAP_CELLS];
    float prototypes[PROTOTYPES * FINE_CELLS];
    struct head_maps maps;
    struct letterbox letterbox; /* the picture is the input */
    struct judge judge;
};

/* The cell's box is as many strides to each side (left, top, right, bottom), its extras are 0. */
static inline void task_head_make(struct task_head *made, enum task task, size_t n_extras,
                                  const float sides[4]) {
    *made = (struct task_head){
        .head = {.kind = HEAD_DISTANCE,
                 .task = task,
                 .n_extras = n_extras,
                 .n_classes = 1,
                 .bins = 1,
                 .n_anchors = 1,
                 .n_levels = 1,
                 .levels = {{.stride = 8}}},
        .letterbox = {.image_width = 64,
                      .image_height = 64,
                      .net_width = 64,
                      .net_height = 64,
                      .width = 64,
                      .height = 64,
                      .gain = 1,
                      .gain_x = 1,
                      .gain_y = 1},
        .judge = {.n_classes = 1},
    };
    for (size_t i = 0; i < MAP_CELLS; i++)
        made->scores[i] = -20;
    made->scores[CELL] = 4;
    for (size_t side = 0; side < 4; side++)
        made->sides[side * MAP_CELLS + CELL] = sides[side];
    made->maps.boxes[0] = (struct head_map){made->sides, 4, MAP_SIDE, MAP_SIDE, 1};
    made->maps.scores[0] = (struct head_map){made->scores, 1, MAP_SIDE, MAP_SIDE, 1};
    made->maps.extras[0] = (struct head_map){made->extras, n_extras, MAP_SIDE, MAP_SIDE, 1};
}

/* What is seen of a label, for which the cell's box is the network's own. */
static inline struct task_evidence task_head_see(const struct task_head *made,
                                                 const struct target *target,
                                                 struct findings *findings) {
    const struct view view = {&made->head, &made->maps, &made->letterbox, NULL};
    struct judge_scratch *scratch;
    assert_int_equal(judge_scratch_make(&scratch), STATUS_OK);
    assert_int_equal(judge_picture(&made->judge, &view, 1, target, 1, scratch, findings),
                     STATUS_OK);
    judge_scratch_free(scratch);
    assert_true(findings->evidence[0].has_refined);
    return findings->evidence[0].task;
}

/* A label of which nothing but its task's evidence is in doubt: its reason, NULL for correct. */
static inline const char *task_reason(const struct evidence *evidence) {
    static const struct thresholds usual = {.max_margin = 3.5f,
                                            .max_shift = 3,
                                            .max_ghost = 7.5f,
                                            .min_own = 0.15f,
                                            .max_dup = 0.7f,
                                            .min_outline = 0.6f,
                                            .max_angle = 15,
                                            .max_point = 0.1f};
    struct ruling ruling = verdict_of(evidence, &usual);
    enum verdict doubted = ruling.reason == REASON_NONE ? VERDICT_CORRECT : VERDICT_UNCERTAIN;
    assert_int_equal(ruling.verdict, doubted);
    return reason_name(ruling.reason);
}

#endif
