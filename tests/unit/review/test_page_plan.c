/* Which findings a page has, how they are laid out, and what part of a picture a crop shows. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "page_rig.h"
#include "review/pages/crop_area.h"
#include "unit.h"

static uint32_t next_random(uint32_t *random) {
    *random = *random * 1664525 + 1013904223;
    return *random >> 8;
}

static struct page_finding any_finding(uint32_t *random, uint64_t offset) {
    struct page_finding one = {.group = next_random(random) % 7};
    one.finding.offset = offset;
    one.finding.item = next_random(random) % 1000;
    one.finding.other = FINDING_NO_OTHER;
    one.finding.score = next_random(random) % 100 / 100.0;
    one.finding.weak = one.group == 6;
    return one;
}

/* The worst of many, added in whatever order and pieces, are the first of all of them sorted. */
static void test_worst(void **state) {
    (void)state;
    enum { ALL = 20000, MOST = 300 };
    uint32_t random = 1;
    struct worst all = {.most = ALL}, few = {.most = MOST},
                 parts[3] = {{.most = MOST}, {.most = MOST}, {.most = MOST}};
    for (uint64_t i = 0; i < ALL; i++) {
        struct page_finding one = any_finding(&random, i);
        ASSERT_OK(worst_add(&all, &one, 1));
        ASSERT_OK(worst_add(&parts[i % 3], &one, 1));
        assert_true(parts[i % 3].count < 10 * MOST);
    }
    worst_sort(&all);
    for (int i = 0; i < 3; i++) {
        worst_sort(&parts[i]);
        assert_int_equal(parts[i].count, MOST);
        ASSERT_OK(worst_add(&few, parts[i].items, parts[i].count));
        worst_free(&parts[i]);
    }
    worst_sort(&few);
    assert_int_equal(few.count, MOST);
    for (size_t i = 0; i < MOST; i++)
        assert_int_equal(few.items[i].finding.offset, all.items[i].finding.offset);
    worst_free(&all);
    worst_free(&few);
}

/* None is kept of a page of none. */
static void test_no_findings(void **state) {
    (void)state;
    struct page_plan plan;
    struct path_list names = {0};
    ASSERT_OK(page_plan_make(NULL, 0, NULL, &plan));
    ASSERT_OK(page_names(&plan, &names));
    assert_int_equal(names.count, 2);
    path_list_free(&names);
    page_plan_free(&plan);
}

static void test_layout(void **state) {
    (void)state;
    enum { COUNT = 2345 };
    uint32_t random = 7;
    static struct page_finding findings[COUNT];
    static bool seen[COUNT];
    struct page_plan plan;
    struct path_list names = {0};
    for (size_t i = 0; i < COUNT; i++)
        findings[i] = any_finding(&random, next_random(&random) % 700 * 10);
    ASSERT_OK(page_plan_make(findings, COUNT, NULL, &plan));
    uint32_t images = 0;
    for (size_t i = 0; i < COUNT; i++) {
        /* An image's number is how many others findings have named before. */
        assert_true(plan.images[i] <= images);
        images += plan.images[i] == images;
        assert_int_equal(plan.offsets[plan.images[i]], findings[i].finding.offset);
        assert_false(seen[plan.cells[i]]);
        seen[plan.cells[i]] = true;
        assert_int_equal(plan.by_cell[plan.cells[i]], i);
        if (i > 0) {
            uint32_t before = plan.by_cell[i - 1], now = plan.by_cell[i];
            assert_true(findings[before].group < findings[now].group ||
                        (findings[before].group == findings[now].group && before < now));
        }
        size_t end, first = page_plan_record(&plan, findings[i].finding.offset, &end);
        bool found = false;
        for (size_t k = first; k < end; k++)
            found |= plan.by_record[k] == i;
        assert_true(found);
    }
    assert_int_equal(plan.n_images, images);
    ASSERT_OK(page_names(&plan, &names));
    assert_int_equal(names.count, page_part_first(&plan, PAGE_PARTS));
    assert_string_equal(path_list_get(&names, 0), "index.html");
    assert_string_equal(path_list_get(&names, 1), "data/run.js");
    assert_string_equal(path_list_get(&names, 4), "data/findings-002.js");
    assert_string_equal(path_list_get(&names, 5), "data/images-000.js");
    assert_string_equal(path_list_get(&names, names.count - 1), "sheets/023.jpg");
    path_list_free(&names);
    page_plan_free(&plan);
}

/* ---------------------------------------------------------------- crops */

static struct image_area area_of(uint32_t width, uint32_t height, struct record_box *box) {
    struct record record = {.width = width, .height = height, .n_boxes = 1, .boxes = box};
    struct finding finding = {.other = FINDING_NO_OTHER};
    struct image_area area = crop_area(&record, &finding);
    /* A square of pixels. */
    assert_true(fabs((area.right - area.left) * width - (area.bottom - area.top) * height) < 1e-6);
    return area;
}

static void test_crop_area(void **state) {
    (void)state;
    struct record_box box = {.xywhn = {.5, .5, .1, .2}};
    struct image_area area = area_of(1000, 1000, &box);
    assert_true(fabs(area.left - .3) < 1e-9 && fabs(area.bottom - .7) < 1e-9);
    /* No smaller than a sixth of the longer side. */
    box = (struct record_box){.xywhn = {.5, .5, .001, .001}};
    area = area_of(1200, 600, &box);
    assert_true(fabs((area.right - area.left) - 1.0 / 6) < 1e-9);
    /* In a corner it is moved, not cut. */
    box = (struct record_box){.xywhn = {.05, .95, .1, .1}};
    area = area_of(800, 800, &box);
    assert_true(area.left == 0 && fabs(area.bottom - 1) < 1e-9);
    assert_true(fabs(area.right - .2) < 1e-9);
    /* Larger than the shorter side: beyond the picture on both. */
    box = (struct record_box){.xywhn = {.5, .5, .9, .9}};
    area = area_of(1000, 500, &box);
    assert_true(area.left == 0 && area.right == 1);
    assert_true(fabs(area.top + .5) < 1e-9 && fabs(area.bottom - 1.5) < 1e-9);
    /* The model's box is in it, too. */
    box = (struct record_box){
        .xywhn = {.3, .5, .1, .1}, .has_refined = true, .refined = {.6, .5, .1, .1}};
    area = area_of(1000, 1000, &box);
    assert_true(area.left <= .25 && area.right >= .65);
    /* But not where another class is suggested. */
    box.reason = REASON_CLASS;
    area = area_of(1000, 1000, &box);
    assert_true(area.left > .15 && area.right < .45);
    /* What is no number shows the whole picture. */
    box = (struct record_box){.xywhn = {NAN, .5, .1, .1}};
    area = area_of(640, 480, &box);
    assert_true(area.left == 0 && area.right == 1);
    box = (struct record_box){.xywhn = {.5, .5, .1, .1}};
    area = area_of(0, 0, &box);
    assert_true(area.left == area.right);
}

/* ---------------------------------------------------------------- threads */

struct steps {
    uint8_t done[500];
    size_t fails_at;
    size_t ticks;
};

static enum status step(void *context, size_t worker, size_t number) {
    struct steps *steps = context;
    assert_true(worker < 3);
    usleep(200);
    steps->done[number]++;
    return number == steps->fails_at ? FAIL(STATUS_BAD_INPUT, "step %zu", number) : STATUS_OK;
}

static void tick(void *context) {
    struct steps *steps = context;
    steps->ticks++;
}

static void test_workers(void **state) {
    (void)state;
    struct steps steps = {.fails_at = SIZE_MAX};
    struct workers workers = {3, sizeof steps.done, step, &steps, tick, &steps};
    ASSERT_OK(workers_run(&workers));
    for (size_t i = 0; i < sizeof steps.done; i++)
        assert_int_equal(steps.done[i], 1);
    assert_true(steps.ticks > 0);
    steps.fails_at = 40;
    assert_int_equal(workers_run(&workers), STATUS_BAD_INPUT);
    assert_string_equal(status_message(), "step 40");
    assert_int_equal(steps.done[499], 1);
    workers.n_steps = 0;
    ASSERT_OK(workers_run(&workers));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worst), cmocka_unit_test(test_no_findings),
        cmocka_unit_test(test_layout), cmocka_unit_test(test_crop_area),
        cmocka_unit_test(test_workers)};
    return RUN_TESTS(tests);
}
