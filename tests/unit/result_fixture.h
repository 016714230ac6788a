/* A data set of four classes and a model of four others, and one judged image of each kind.
 * Include after cmocka.h. */
#ifndef TESTS_RESULT_FIXTURE_H
#define TESTS_RESULT_FIXTURE_H

#include <math.h>

#include "output/result.h"
#include "output/tally.h"

/* Data: 0 person, 1 tv, 2 a name to be escaped, 3 unknown to the model. Model: tv, person, dog
 * (not in the data set), the escaped one. */
static inline struct class_map fixture_classes(void) {
    static int32_t to_model[] = {1, 0, 3, -1}, to_data[] = {1, 0, -1, 2};
    static char *names[] = {"person", "tv", "say \"hi\"\n\xc3\xa9\xff", "unicorn"};
    return (struct class_map){
        .n_data = 4, .n_model = 4, .to_model = to_model, .to_data = to_data, .names = names};
}

enum { TV_OF_MODEL, PERSON_OF_MODEL, DOG_OF_MODEL };

/* Three labels (mislabeled as a tv; correct; of a class that the model does not know), a missing
 * person, an invalid line. The caller fills in what it wants otherwise. */
static inline struct image_result fixture_result(void) {
    static const struct box_result pristine[] = {
        {.label = {1, 0, {0.5f, 0.4f, 0.1f, 0.2f}},
         .evidence = {.own = 0.0004f,
                      .rival = 0.98123f,
                      .contest = 0.99f,
                      .near = 0.00118f,
                      .suggested = TV_OF_MODEL,
                      .margin = 7.58256f,
                      .shift = 2.30258f,
                      .ghost = 1.27314f,
                      .twin = -1},
         .ruling = {VERDICT_MISLABELED, REASON_CLASS, true},
         .score = 0.000104752},
        {.label = {3, 1, {0.25f, 0.333333f, 0.5f, 1.0f / 3}},
         .evidence = {.own = 1,
                      .rival = 0,
                      .suggested = DOG_OF_MODEL,
                      .margin = -6.9f,
                      .shift = -0.00001f,
                      .dup = 0.5f,
                      .location = 0.91f,
                      .has_refined = true,
                      .refined = {-10, 100, 320, 500},
                      .twin = -1},
         .ruling = {VERDICT_CORRECT, REASON_NONE, false},
         .score = 0.99999951},
        {.label = {4, 3, {0.1f, 0.1f, 0.1f, 0.1f}},
         .evidence = {.suggested = -1, .twin = -1},
         .ruling = {VERDICT_UNCERTAIN, REASON_UNKNOWN_CLASS, false},
         .score = 1},
    };
    static struct box_result boxes[3];
    static struct invalid_label invalid[] = {{2, "class 80 is \"bad\""}, {0, "not a file"}};
    static const struct label_file labels = {.present = true, .n_invalid = 2, .invalid = invalid};
    static const struct detection missing[] = {
        {.class = PERSON_OF_MODEL,
         .confidence = 0.81f,
         .box = {0, 0, 64, 48},
         .certainty = 0.6561f},
    };
    for (int i = 0; i < 3; i++)
        boxes[i] = pristine[i];
    return (struct image_result){.name = "images/a.jpg",
                                 .label = "labels/a.txt",
                                 .split = "val",
                                 .bucket = BUCKET_MISLABELED,
                                 .score = 3.12437e-05,
                                 .width = 640,
                                 .height = 480,
                                 .imgsz = 640,
                                 .n_boxes = 3,
                                 .box_capacity = 3,
                                 .boxes = boxes,
                                 .n_missing = 1,
                                 .missing = missing,
                                 .labels = &labels};
}

/* Makes its second label a pose of two points, one of which is off. */
static inline void fixture_pose(struct image_result *result) {
    static const float numbers[] = {9, 64, 96, 2, 320, 12, 0};
    result->numbers = numbers;
    result->boxes[1].evidence.task = (struct task_evidence){
        .task = TASK_POSE,
        .agreement = 0.75f,
        .error = 0.25f,
        .first = 1,
        .count = 6,
        .pose = {.point = 1, .swapped = true, .absent = 2, .invented = 3, .values = 3}};
}

/* Counts one image, behind those that were counted before. */
static inline enum status tally_add(struct tally *tally, const struct image_result *result,
                                    const struct class_map *classes) {
    struct text line = {0};
    size_t n = tally->n_failures;
    enum status status;
    TRY(tally_line(result, classes, &line));
    TRY(tally_apply(tally, n ? tally->failure_indices[n - 1] + 1 : 0, line.data));
out:
    text_free(&line);
    return status;
}

#endif
