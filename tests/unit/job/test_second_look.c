/* Labels whose place is in doubt, over a backend that notes what it is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "job/second_look.h"
#include "unit.h"

enum { SLOTS = 3, BATCH = 2, WIDTH = 640, HEIGHT = 480, LABELS = 3 };

struct backend {
    size_t stages, submits, collects, pictures;
    bool fails, not_finite;
    struct picture *submitted;
    size_t n_submitted;
};

/* The label that the crop is around: its size tells them apart. */
static size_t label_of(uint32_t side) {
    return side / 30 - 2;
}

/* The picture's pixels say where they are. */
static uint8_t pixel(size_t x, size_t y) {
    return (uint8_t)(3 * x + 7 * y);
}

static enum status fake_stage(struct backend *backend, size_t slot, const struct image *image,
                              const struct picture_view *views, size_t n_views) {
    assert_int_equal(slot, SLOTS + backend->stages++ % BATCH);
    assert_int_equal(n_views, 2);
    assert_int_equal(image->width, image->height);
    /* Around (100 i + 100, 100): as in make_item. */
    size_t i = label_of(image->width), x = 100 * i + 100 - image->width / 2,
           y = 100 - image->width / 2;
    assert_int_equal(image->pixels[0], pixel(x, y));
    assert_int_equal(image->pixels[3 * (5 * image->width + 4)], pixel(x + 4, y + 5));
    for (size_t v = 0; v < 2; v++) {
        assert_int_equal(views[v].network, v + 1);
        assert_int_equal(views[v].letterbox.net_width, v ? 416 : 320);
        assert_int_equal(views[v].letterbox.net_height, v ? 416 : 320);
        assert_int_equal(views[v].letterbox.image_width, image->width);
    }
    return STATUS_OK;
}

static enum status fake_submit(struct backend *backend, struct picture *pictures, size_t n) {
    assert_in_range(n, 1, BATCH);
    assert_int_equal(backend->submits++, backend->collects);
    backend->pictures += n;
    backend->submitted = pictures;
    backend->n_submitted = n;
    return backend->fails ? FAIL(STATUS_FAILED, "the device broke") : STATUS_OK;
}

static enum status fake_collect(struct backend *backend) {
    backend->collects++;
    for (size_t i = 0; i < backend->n_submitted; i++) {
        const struct picture *picture = &backend->submitted[i];
        struct findings *findings = picture->findings;
        assert_null(picture->planted);
        assert_int_equal(picture->n_labels, LABELS);
        assert_int_equal(memory_reserve(&findings->evidence, &findings->evidence_capacity, LABELS,
                                        sizeof *findings->evidence),
                         STATUS_OK);
        findings->not_finite = backend->not_finite;
        findings->n_evidence = LABELS;
        uint32_t side = picture->views[0].letterbox.image_width;
        for (size_t k = 0; k < LABELS; k++) {
            float middle = (picture->targets[k].box[0] + picture->targets[k].box[2]) / 2;
            /* The one that it is of lies in its middle. */
            bool is_it = k == label_of(side);
            assert_true((middle == (float)side / 2) == is_it);
            findings->evidence[k] = (struct evidence){.judged = true, .near = is_it ? 0.5f : 9};
        }
    }
    return STATUS_OK;
}

static size_t fake_batch(const struct backend *backend) {
    (void)backend;
    return BATCH;
}

static const struct backend_interface fake = {.depth = 2,
                                              .stage = fake_stage,
                                              .submit = fake_submit,
                                              .collect = fake_collect,
                                              .batch = fake_batch};

/* A picture with three labels of 20, 30 and 40 pixels, in doubt but for the second. */
static void make_item(struct item *item) {
    static struct picture_view views[] = {{.network = 1}, {.network = 2}};
    *item = (struct item){.width = WIDTH, .height = HEIGHT, .n_views = 2, .views = views};
    item->labels.n_labels = LABELS;
    assert_int_equal(image_resize_buffer(&item->image, WIDTH, HEIGHT), STATUS_OK);
    for (size_t y = 0; y < HEIGHT; y++)
        for (size_t x = 0; x < WIDTH; x++)
            memset(item->image.pixels + 3 * (y * WIDTH + x), pixel(x, y), 3);
    assert_int_equal(memory_zeroed(LABELS, sizeof *item->targets, &item->targets), STATUS_OK);
    assert_int_equal(memory_zeroed(LABELS, sizeof(struct evidence), &item->findings.evidence),
                     STATUS_OK);
    item->findings.n_evidence = LABELS;
    for (size_t i = 0; i < LABELS; i++) {
        float x = 100 * (float)i + 100, half = 10 + 5 * (float)i;
        item->targets[i] =
            (struct target){.class = 0, .box = {x - half, 100 - half, x + half, 100 + half}};
        item->findings.evidence[i] = (struct evidence){
            .judged = true, .near = 0.1f, .size = 20, .shift = i == 1 ? 1.5f : 2.5f};
    }
}

static void free_item(struct item *item) {
    item->views = NULL;
    item_free(item);
}

struct rig {
    struct backend backend;
    struct model model;
    struct backend_network networks[3];
    struct item items[2];
    struct item *listed[2];
    struct verify_job job;
    struct flight flight;
    struct second_look second;
};

static void rig_make(struct rig *rig, bool zoom) {
    *rig = (struct rig){.model = {.stride = 32}};
    for (size_t i = 0; i < 3; i++)
        rig->networks[i] =
            (struct backend_network){.model = &rig->model, .imgsz = i == 2 ? 832 : 640};
    rig->job = (struct verify_job){.interface = &fake,
                                   .backend = &rig->backend,
                                   .zoom = zoom,
                                   .networks = rig->networks,
                                   .slots = SLOTS};
    for (size_t i = 0; i < 2; i++) {
        make_item(&rig->items[i]);
        rig->listed[i] = &rig->items[i];
    }
    rig->flight = (struct flight){.n_items = 2, .items = rig->listed};
    assert_int_equal(second_look_make(&rig->job, BATCH, &rig->second), STATUS_OK);
}

static void rig_free(struct rig *rig) {
    for (size_t i = 0; i < 2; i++)
        free_item(&rig->items[i]);
    second_look_free(&rig->second);
}

static enum status look(struct rig *rig) {
    return second_look_take(&rig->job, &rig->flight, &rig->second);
}

static void test_labels_in_doubt_alone(void **state) {
    (void)state;
    struct rig rig;
    rig_make(&rig, true);
    assert_int_equal(look(&rig), STATUS_OK);
    assert_int_equal(rig.backend.pictures, 4);
    assert_int_equal(rig.backend.collects, 2);
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < LABELS; k++)
            assert_float_equal(rig.items[i].findings.evidence[k].near, k == 1 ? 0.1f : 0.3f, 1e-6f);
    rig_free(&rig);
}

/* An odd number of them: the last batch is not full. */
static void test_a_part_of_a_batch(void **state) {
    (void)state;
    struct rig rig;
    rig_make(&rig, true);
    rig.items[0].findings.evidence[0].shift = 0;
    assert_int_equal(look(&rig), STATUS_OK);
    assert_int_equal(rig.backend.pictures, 3);
    assert_int_equal(rig.backend.collects, 2);
    assert_int_equal(rig.second.n, 0);
    rig_free(&rig);
}

static void test_what_gets_none(void **state) {
    (void)state;
    struct rig rig;
    rig_make(&rig, true);
    strcpy(rig.items[0].error, "unreadable");
    rig.items[1].findings.not_finite = true;
    assert_int_equal(look(&rig), STATUS_OK);
    assert_int_equal(rig.backend.stages, 0);
    rig_free(&rig);
    rig_make(&rig, false);
    assert_int_equal(look(&rig), STATUS_OK);
    assert_int_equal(rig.backend.stages, 0);
    rig_free(&rig);
}

static void test_failures(void **state) {
    (void)state;
    struct rig rig;
    rig_make(&rig, true);
    rig.backend.fails = true;
    assert_int_equal(look(&rig), STATUS_FAILED);
    assert_string_equal(status_message(), "the device broke");
    rig_free(&rig);
    rig_make(&rig, true);
    rig.backend.not_finite = true;
    assert_int_equal(look(&rig), STATUS_OK);
    assert_true(rig.items[0].findings.not_finite && rig.items[1].findings.not_finite);
    rig_free(&rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_labels_in_doubt_alone),
        cmocka_unit_test(test_a_part_of_a_batch),
        cmocka_unit_test(test_what_gets_none),
        cmocka_unit_test(test_failures),
    };
    return RUN_TESTS(tests);
}
