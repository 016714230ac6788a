/* cuDNN plans every convolution of networks, for GPUs that are only described to it: what it
 * compiles at run time, too, where CUDA's own stub stands for the driver. */
#include "yolo_nets.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/memory.h"
#include "cuda_described.h"
#include "unit.h"

enum { BATCH = 32, IMGSZ = 640 };

/* The library that networks want convolutions of here: it only keeps which (conv_library.h has the
 * structure, and cuDNN nothing to do with it). */
enum status conv_library_make(struct conv_library **out) {
    return memory_zeroed(1, sizeof **out, out);
}

void conv_library_free(struct conv_library *library) {
    if (!library)
        return;
    conv_plans_free(&library->plans);
    weight_store_free(&library->weights);
    free(library);
}

stream_handle conv_library_stream(const struct conv_library *library) {
    return library->stream;
}

enum status conv_library_want(struct conv_library *library, const struct conv_shape *shape,
                              struct conv_plan **out) {
    return conv_plans_want(&library->plans, shape, out);
}

enum status conv_library_build(struct conv_library *library) {
    (void)library;
    return STATUS_OK;
}

const char *conv_library_note(const struct conv_library *library) {
    (void)library;
    return NULL;
}

struct weight_store *conv_library_weights(struct conv_library *library) {
    return &library->weights;
}

enum status conv_run(struct conv_library *library, const struct conv_plan *plan,
                     const struct conv_operands *operands) {
    (void)library, (void)plan, (void)operands;
    return STATUS_FAILED;
}

/* Adds the shapes of a network to a list of those that differ, as of a batch. */
static void add_shapes(struct conv_plans *all, const struct yolo *yolo, enum element element) {
    struct graph graph = yolo_make(yolo);
    struct rig_network rig = network_start(&graph, element, 1, IMGSZ, IMGSZ);
    const struct conv_plans *plans = &rig.library->plans;
    assert_true(plans->n > 20);
    for (size_t i = 0; i < plans->n; i++) {
        struct conv_shape shape = plans->items[i]->shape;
        struct conv_plan *plan;
        shape.n = BATCH;
        ASSERT_OK(conv_plans_want(all, &shape, &plan));
    }
    network_end(&rig);
    graph_free(&graph);
}

/* Threads that take the next shape of the list, each `stride`th one. */
struct planner {
    const struct conv_plans *plans;
    const struct described_gpu *gpu;
    struct conv_way way;
    size_t stride;
    atomic_size_t next, planned, without;
};

static void *plan_shapes(void *argument) {
    struct planner *planner = argument;
    struct conv_target target;
    if (!described_make(planner->gpu, &target))
        return NULL;
    for (;;) {
        struct conv_engine engine;
        size_t i = atomic_fetch_add(&planner->next, planner->stride);
        if (i >= planner->plans->n)
            break;
        const struct conv_plan *plan = planner->plans->items[i];
        if (!conv_form_exists(&plan->shape, planner->way.form))
            continue;
        size_t found = conv_engines_find(&target, &plan->shape, &planner->way, &engine, 1);
        if (found)
            conv_engine_free(&engine);
        else
            print_message("%s: no %s engine for %s\n", planner->gpu->name,
                          conv_way_text(&planner->way), plan->key.data);
        atomic_fetch_add(&planner->planned, 1);
        atomic_fetch_add(&planner->without, !found);
    }
    described_free(&target);
    return NULL;
}

static void plan_all(const struct conv_plans *plans, const struct described_gpu *gpu,
                     struct conv_way way, size_t first, size_t stride) {
    enum { THREADS = 2 };
    struct planner planner = {
        .plans = plans, .gpu = gpu, .way = way, .next = first, .stride = stride};
    pthread_t threads[THREADS];
    double begin = clock_seconds();
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, plan_shapes, &planner), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    print_message("%s: %zu of %zu shapes planned %s in %.1f s\n", gpu->name,
                  (size_t)planner.planned, plans->n, conv_way_text(&way), clock_seconds() - begin);
    (void)fflush(stdout);
    assert_true(planner.planned > 0);
    assert_int_equal(planner.without, 0);
}

static const struct yolo yolos[] = {
    {YOLO_V8, 16, 1, 1024}, {YOLO_V5, 16, 1, 1024}, {YOLO_11, 16, 1, 1024}, /* n */
    {YOLO_V8, 32, 1, 1024}, {YOLO_V5, 32, 1, 1024}, {YOLO_11, 32, 1, 1024}, /* s */
    {YOLO_V8, 48, 2, 576},  {YOLO_V8, 80, 3, 640},  {YOLO_11, 64, 1, 512},  /* m, x, m */
};
enum { SMALL = 3, YOLOS = sizeof yolos / sizeof *yolos };

/* Fused engines are compiled, which takes long: of the smallest networks each shape is planned for
 * one of the GPUs, in turns, unless VERIFY_PLANS is "all", which takes all networks and each shape
 * for each GPU. */
static void check_plans(enum element element, enum conv_form form) {
    struct conv_plans plans = {0};
    struct conv_target target;
    const char *text = getenv("VERIFY_PLANS");
    bool all = text && strcmp(text, "all") == 0;
    bool each = all || form == CONV_PLAIN;
    if (!getenv("VERIFY_DRIVER_STUB"))
        SKIP("there is no stub of the driver in LD_LIBRARY_PATH (VERIFY_DRIVER_STUB)");
    if (!described_make(&described_gpus[0], &target))
        SKIP("this cuDNN describes no device");
    described_free(&target);
    for (size_t i = 0; i < (all ? YOLOS : SMALL); i++)
        add_shapes(&plans, &yolos[i], element);
    for (size_t i = 0; i < DESCRIBED_GPUS; i++)
        plan_all(&plans, &described_gpus[i], (struct conv_way){.form = form}, each ? 0 : i,
                 each ? 1 : DESCRIBED_GPUS);
    conv_plans_free(&plans);
}

static void test_fused_in_fp16(void **state) {
    (void)state;
    check_plans(ELEMENT_F16, CONV_FUSED);
}

static void test_plain_in_fp16(void **state) {
    (void)state;
    check_plans(ELEMENT_F16, CONV_PLAIN);
}

static void test_plain_in_fp32(void **state) {
    (void)state;
    check_plans(ELEMENT_F32, CONV_PLAIN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fused_in_fp16),
        cmocka_unit_test(test_plain_in_fp16),
        cmocka_unit_test(test_plain_in_fp32),
    };
    return RUN_TESTS(tests);
}
