/* Copies among many pictures: what is kept of each, what tables of keys find, and the groups. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "output/near_groups.h"
#include "output/near_pairs.h"
#include "output/streams.h"
#include "output/work_folder.h"
#include "stream_find.h"
#include "temp_folder.h"
#include "unit.h"

enum { ORIGINALS = 300, COPIES = 60, PICTURES = ORIGINALS + COPIES, PLAIN = 17 };

/* A sum of waves, the weaker the shorter. */
static void make_levels(unsigned seed, uint8_t levels[SKETCH_CELLS]) {
    float waves[SKETCH_SIDE][SKETCH_SIDE];
    srand(seed + 1); /* 0 and 1 are the same */
    for (int v = 0; v < SKETCH_SIDE; v++)
        for (int u = 0; u < SKETCH_SIDE; u++)
            waves[v][u] = 60 * ((float)rand() / (float)RAND_MAX * 2 - 1) / (float)(1 + u + v);
    for (int i = 0; i < SKETCH_CELLS; i++) {
        float sum = 128;
        for (int v = 0; v < SKETCH_SIDE; v++)
            for (int u = 0; u < SKETCH_SIDE; u++)
                sum += waves[v][u] * cosf(0.19635f * (float)u * ((float)(i % SKETCH_SIDE) + .5f)) *
                       cosf(0.19635f * (float)v * ((float)(i / SKETCH_SIDE) + .5f));
        levels[i] = (uint8_t)fminf(fmaxf(sum, 0), 255);
    }
}

/* Of which original a picture is. */
static unsigned origin(unsigned picture) {
    return picture < ORIGINALS ? picture : (picture - ORIGINALS) % (COPIES / 2) * 5;
}

/* Every picture has one label; the second copy of an original has another class. */
static struct label label_of(unsigned picture) {
    return (struct label){.class = picture >= ORIGINALS + COPIES / 2,
                          .xywhn = {.5f, .25f, .125f, 1}};
}

static void append_picture(unsigned picture, struct text *text) {
    struct sketch sketch;
    struct box_result box = {.label = label_of(picture)};
    struct image_result result = {.sketch = &sketch, .n_boxes = 1, .boxes = &box};
    const struct stream_source source = {.result = &result};
    make_levels(origin(picture), sketch.levels);
    if (picture >= ORIGINALS)
        for (int i = 0; i < SKETCH_CELLS; i++)
            sketch.levels[i] = (uint8_t)(sketch.levels[i] * 9 / 10 + (i + (int)picture) % 3);
    if (picture == PLAIN || !sketch_hash_make(sketch.levels, &sketch.hash))
        result.sketch = NULL;
    assert_int_equal(stream_at(stream_find("sketches"))->write(&source, text), STATUS_OK);
}

static int set_up(void **state) {
    *state = temp_folder_make(NULL);
    return 0;
}

static int tear_down(void **state) {
    temp_folder_remove(*state);
    return 0;
}

/* The sketches of all pictures, without the last bytes. */
static void write_sketches(const char *output, size_t without) {
    struct text text = {0};
    text_string(&text, SKETCHES_HEAD);
    for (unsigned i = 0; i < PICTURES; i++)
        append_picture(i, &text);
    assert_int_equal(text_status(&text), STATUS_OK);
    file_make_bytes(below(output, WORK_FOLDER "/" SKETCHES_FILE), text.data, text.length - without);
    text_free(&text);
}

static void open_sketches(const char *output, struct sketches *sketches) {
    assert_int_equal(sketches_open(output, PICTURES, NULL, NULL, sketches), STATUS_OK);
    assert_int_equal(sketches->count, PICTURES);
}

static void find(const struct sketches *sketches, unsigned first, unsigned step,
                 struct near_forest *forest) {
    assert_int_equal(near_forest_make(sketches->count, forest), STATUS_OK);
    for (unsigned t = first; t < NEAR_TABLES; t += step)
        assert_int_equal(near_pairs_find(sketches, t, NULL, NULL, forest), STATUS_OK);
}

static void test_kept(void **state) {
    const char *output = *state;
    struct sketches sketches = {0};
    static struct sketch_labels labels;
    struct sketch sketch, wanted;
    write_sketches(output, 0);
    open_sketches(output, &sketches);
    assert_int_equal(sketches.items[PLAIN].offset, 0);
    make_levels(5, wanted.levels);
    assert_true(sketch_hash_make(wanted.levels, &wanted.hash));
    assert_int_equal(sketches_read(&sketches, 5, &sketch), STATUS_OK);
    assert_memory_equal(sketch.hash.bits, wanted.hash.bits, sizeof wanted.hash.bits);
    assert_memory_equal(sketch.hash.weak, wanted.hash.weak, SKETCH_WEAK);
    assert_memory_equal(sketch.levels, wanted.levels, SKETCH_CELLS);
    assert_int_equal(sketches_labels(&sketches, PICTURES - 1, &labels), STATUS_OK);
    assert_int_equal(labels.count, 1);
    assert_int_equal(labels.items[0].class, 1);
    assert_memory_equal(labels.items[0].xywh, ((uint8_t[]){128, 64, 32, 255}), 4);
    sketches_close(&sketches);
}

static void test_damaged(void **state) {
    const char *output = *state;
    struct sketches sketches = {0};
    write_sketches(output, 1);
    assert_int_equal(sketches_open(output, PICTURES, NULL, NULL, &sketches), STATUS_FAILED);
    sketches_close(&sketches);
    write_sketches(output, 0);
    assert_int_equal(sketches_open(output, PICTURES + 1, NULL, NULL, &sketches), STATUS_FAILED);
    sketches_close(&sketches);
    file_make(below(output, WORK_FOLDER "/" SKETCHES_FILE), "verify sketches 0\n");
    assert_int_equal(sketches_open(output, 0, NULL, NULL, &sketches), STATUS_FAILED);
    sketches_close(&sketches);
}

/* Every copy is in its original's group, and nothing else is; of the first 150 pictures each fifth
 * has two copies, but one that is plain. */
static void test_pairs(void **state) {
    const char *output = *state;
    struct sketches sketches = {0};
    struct near_forest forest = {0};
    write_sketches(output, 0);
    open_sketches(output, &sketches);
    find(&sketches, 0, 1, &forest);
    for (unsigned i = 0; i < PICTURES; i++)
        assert_int_equal(near_forest_first(&forest, i), origin(i));
    near_forest_free(&forest);
    sketches_close(&sketches);
}

/* Whoever has which tables, and in whichever order their pairs are joined. */
static void test_any_ranks(void **state) {
    const char *output = *state;
    struct sketches sketches = {0};
    struct near_forest whole = {0};
    write_sketches(output, 0);
    open_sketches(output, &sketches);
    find(&sketches, 0, 1, &whole);
    for (unsigned ranks = 2; ranks <= NEAR_TABLES; ranks++) {
        struct near_forest joined = {0};
        assert_int_equal(near_forest_make(PICTURES, &joined), STATUS_OK);
        for (unsigned rank = ranks; rank-- > 0;) {
            struct near_forest part;
            find(&sketches, rank, ranks, &part);
            for (size_t i = part.n_pairs; i-- > 0;)
                assert_int_equal(near_forest_join(&joined, part.pairs[i]), STATUS_OK);
            near_forest_free(&part);
        }
        for (unsigned i = 0; i < PICTURES; i++)
            assert_int_equal(near_forest_first(&joined, i), near_forest_first(&whole, i));
        near_forest_free(&joined);
    }
    near_forest_free(&whole);
    sketches_close(&sketches);
}

static const char *name_of(const void *context, uint32_t image) {
    (void)context;
    return image < ORIGINALS ? "a.jpg" : "b.jpg";
}

/* The originals and their first copies are one split. */
static void test_groups(void **state) {
    const char *output = *state;
    struct sketches sketches = {0};
    struct near_forest forest = {0};
    struct near_groups groups = {0};
    struct text text = {0};
    const struct image_splits splits = {
        .count = 2, .split = {0, 1}, .end = {ORIGINALS + COPIES / 2, PICTURES}};
    write_sketches(output, 0);
    open_sketches(output, &sketches);
    assert_int_equal(near_forest_make(PICTURES, &forest), STATUS_OK);
    assert_int_equal(near_forest_join(&forest, (struct near_pair){310, 50}), STATUS_OK);
    assert_int_equal(near_forest_join(&forest, (struct near_pair){60, 342}), STATUS_OK);
    assert_int_equal(near_forest_join(&forest, (struct near_pair){342, 312}), STATUS_OK);
    assert_int_equal(near_groups_make(&sketches, &splits, NULL, NULL, &forest, &groups), STATUS_OK);
    assert_int_equal(groups.count, 2);
    assert_int_equal(groups.images, 5);
    assert_int_equal(groups.across_splits, 1);
    assert_int_equal(groups.labels_differ, 1);
    assert_memory_equal(groups.members + groups.items[0].first, ((uint32_t[]){60, 312, 342}), 12);
    assert_memory_equal(groups.members + groups.items[1].first, ((uint32_t[]){50, 310}), 8);
    near_groups_json(&groups, &splits, name_of, NULL, &text);
    assert_string_equal(
        text.data,
        "{\"groups\": 2, \"images\": 5, \"across_splits\": 1, \"labels_differ\": 1, \"list\": ["
        "{\"across_splits\": true, \"labels_differ\": true, \"count\": 3, \"images\": ["
        "{\"image\": \"a.jpg\", \"split\": \"train\"}, {\"image\": \"b.jpg\", \"split\": "
        "\"train\"}, {\"image\": \"b.jpg\", \"split\": \"val\"}]}, "
        "{\"across_splits\": false, \"labels_differ\": false, \"count\": 2, \"images\": ["
        "{\"image\": \"a.jpg\", \"split\": \"train\"}, {\"image\": \"b.jpg\", \"split\": "
        "\"train\"}]}]}");
    text_free(&text);
    near_groups_free(&groups);
    near_forest_free(&forest);
    sketches_close(&sketches);
}

static void test_labels(void **state) {
    (void)state;
    static struct sketch_labels a, b;
    a = (struct sketch_labels){
        .count = 2, .kept = 2, .items = {{1, {100, 100, 20, 20}}, {2, {30, 40, 50, 60}}}};
    b = a;
    b.items[0] = a.items[1];
    b.items[1] = a.items[0];
    assert_false(sketch_labels_differ(&a, &b)); /* in another order */
    b.items[0].xywh[0] += 8;                    /* as after a crop */
    assert_false(sketch_labels_differ(&a, &b));
    b.items[0].xywh[0] += 60;
    assert_true(sketch_labels_differ(&a, &b));
    b = a;
    b.items[1].class = 3;
    assert_true(sketch_labels_differ(&a, &b));
    b = a;
    b.count = b.kept = 1;
    assert_true(sketch_labels_differ(&a, &b));
    b = a;
    b.items[1] = b.items[0]; /* one label twice is not the two */
    assert_true(sketch_labels_differ(&a, &b));
    assert_true(sketch_labels_differ(&b, &a));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pairs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_any_ranks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_groups, set_up, tear_down),
        cmocka_unit_test(test_labels),
    };
    return RUN_TESTS(tests);
}
