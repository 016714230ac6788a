/* What the CUDA backend takes of a device's memory, over the emulated runtime. */
#include "emulated_backend_rig.h"

#include "cuda/network/network.h"
#include "unit.h"

/* With the sanitizers a sample is enough. */
#ifdef __SANITIZE_ADDRESS__
enum { MEMORY_STEPS = 8, CALL_STEP = 37 };
#else
enum { MEMORY_STEPS = 16, CALL_STEP = 7 };
#endif
static const size_t enough = (size_t)1 << 30;

/* Whatever the device has, either the backend does not open, or all is well. */
static void test_short_memory(void **state) {
    (void)state;
    struct model model = demo_model();
    struct samples samples = {0};
    struct run expected, actual;
    struct plan plan = usual;
    size_t refused = 0, halved = 0, whole = 0;
    demo_samples(&samples, model.n_classes);
    plan.batch = 4;
    plan.slots = 6;
    emulated_set_memory(enough);
    run_ok(&plan, &model, &samples, &expected);
    size_t peak = emulated_memory_peak();
    for (size_t i = 1; i <= MEMORY_STEPS; i++) {
        emulated_set_memory(peak * i / MEMORY_STEPS);
        enum status status = run_make(&plan, &model, &samples, &actual);
        assert_int_equal(emulated_left(), 0);
        assert_true(emulated_memory_peak() <= peak * i / MEMORY_STEPS);
        if (status == STATUS_OK) {
            assert_same_run(&actual, &expected);
            halved += actual.largest < plan.batch;
            whole += actual.largest == plan.batch;
        } else {
            assert_int_equal(status, STATUS_FAILED);
            assert_non_null(strstr(status_message(), "out of device memory: "));
            assert_int_equal(actual.largest, 0); /* refused at once */
            refused++;
        }
        run_free(&actual);
    }
    assert_true(refused && halved && whole > 1);
    emulated_set_memory(enough);
    run_free(&expected);
    samples_free(&samples);
    model_free(&model);
}

static bool is_of_graphs(const char *call) {
    return strncmp(call, "cudaGraph", 9) == 0;
}

/* Of the calls that were made: those of graphs, which are few, and each CALL_STEP-th. */
static bool *some_calls(uint64_t n) {
    bool *wanted = calloc(n, sizeof *wanted);
    assert_non_null(wanted);
    for (uint64_t i = 0; i < n; i++)
        wanted[i] = i % CALL_STEP == 0 || is_of_graphs(emulated_call(i + 1));
    return wanted;
}

/* Whichever call there is too little memory for: while it is opened, the batch is a smaller one;
 * later it is said, and graphs are done without. */
static void test_calls_short_of_memory(void **state) {
    (void)state;
    struct model model = demo_model();
    struct samples samples = {0};
    struct run expected, actual;
    struct plan plan = usual;
    size_t halved = 0, graphs = 0, refused = 0;
    demo_samples(&samples, model.n_classes);
    samples_keep(&samples, 4);
    plan.batch = 2;
    plan.slots = 4;
    emulated_set_memory(enough);
    emulated_fail_at(0, false);
    run_ok(&plan, &model, &samples, &expected);
    uint64_t n = emulated_calls();
    emulated_fail_for_memory(true);
    bool *wanted = some_calls(n);
    for (uint64_t at = 1; at <= n; at++) {
        if (!wanted[at - 1])
            continue;
        emulated_fail_at(at, false);
        enum status status = run_make(&plan, &model, &samples, &actual);
        const char *call = emulated_failed();
        assert_non_null(call);
        assert_int_equal(emulated_left(), 0);
        bool of_graphs = is_of_graphs(call);
        if (status == STATUS_OK) {
            assert_same_run(&actual, &expected);
            halved += actual.largest < plan.batch;
            graphs += of_graphs;
        } else {
            assert_false(of_graphs);
            assert_non_null(strstr(status_message(), "out of memory"));
            refused++;
        }
        run_free(&actual);
    }
    print_message("of %d calls %zu make the batch smaller, %zu are said\n", (int)n, halved,
                  refused);
    assert_true(halved && graphs && refused);
    emulated_fail_for_memory(false);
    emulated_fail_at(0, false);
    free(wanted);
    run_free(&expected);
    samples_free(&samples);
    model_free(&model);
}

/* A larger network makes room for many labels: with it goes what the others share and do not need.
 */
static void test_room_for_labels(void **state) {
    (void)state;
    struct model model = demo_model();
    struct samples samples = {0};
    struct run expected, actual;
    struct plan plan = usual;
    uint32_t random = 1;
    plan.folds = true; /* the picture is the first network's */
    plan.second = 128;
    sample_draw(&samples, 64, 60, 1, model.n_classes);
    emulated_set_memory(enough);
    run_ok(&plan, &model, &samples, &actual);
    run_free(&actual);
    size_t peak = emulated_memory_peak();
    sample_label(&samples.items[0], LABELS_MOST - 1, model.n_classes, &random);
    emulated_set_memory(enough);
    run_ok(&plan, &model, &samples, &expected);
    assert_true(emulated_memory_peak() > peak + 64 * 64 * 4);
    emulated_set_memory(peak);
    run_ok(&plan, &model, &samples, &actual);
    assert_same_run(&actual, &expected);
    emulated_set_memory(enough);
    run_free(&expected);
    run_free(&actual);
    samples_free(&samples);
    model_free(&model);
}

/* The most that a run takes of the device. */
static size_t peak_of(struct plan plan, const struct model *model, const struct samples *samples) {
    struct run run;
    emulated_set_memory(enough);
    run_ok(&plan, model, samples, &run);
    run_free(&run);
    return emulated_memory_peak();
}

static struct network_bytes bytes_of(const struct model *model, size_t batch, size_t side) {
    struct conv_library *library;
    struct network *network;
    ASSERT_OK(conv_library_make(&library));
    ASSERT_OK(network_make(&model->graph, library, ELEMENT_F32, batch, side, side, &network));
    struct network_bytes bytes = network_bytes(network);
    network_free(network);
    conv_library_free(library);
    return bytes;
}

/* Beside what one network takes, another one takes its weights and its ends alone, another shape of
 * one no more than weights. */
static void test_networks_share(void **state) {
    (void)state;
    enum { WEIGHTS = 32 << 10, BATCH = 4 };
    struct model model = demo_model();
    struct samples samples = {0};
    struct plan plan = usual;
    demo_samples(&samples, model.n_classes);
    plan.batch = BATCH;
    plan.slots = 6;
    plan.imgsz = 96;
    plan.rect = false;
    const struct network_bytes large = bytes_of(&model, BATCH, 96),
                               small = bytes_of(&model, BATCH, 64);
    const size_t one = peak_of(plan, &model, &samples);
    assert_true(large.arena > 4 * WEIGHTS);
    plan.folds = true;
    plan.second = 96;
    assert_true(peak_of(plan, &model, &samples) <= one + large.ends + WEIGHTS);
    plan.second = 64;
    assert_true(peak_of(plan, &model, &samples) <= one + small.ends + WEIGHTS);
    /* The larger one comes later. */
    plan.imgsz = 64;
    plan.second = 96;
    assert_true(peak_of(plan, &model, &samples) <= one + small.ends + WEIGHTS);
    plan.folds = false;
    plan.imgsz = 96;
    plan.second = 0;
    plan.rect = true;
    assert_true(peak_of(plan, &model, &samples) <= one + WEIGHTS);
    samples_free(&samples);
    model_free(&model);
}

/* Networks that are larger than all before move those that have run: what comes of it is the same.
 */
static void test_memory_moves(void **state) {
    (void)state;
    static const uint32_t sides[][2] = {{96, 32}, {96, 40}, {40, 96}, {96, 32}, {33, 96},
                                        {96, 96}, {96, 31}, {96, 90}, {40, 96}, {96, 32}};
    struct model model = demo_model();
    struct samples samples = {0};
    struct run expected, actual;
    struct plan plan = usual;
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        sample_draw(&samples, sides[i][0], sides[i][1], 2, model.n_classes);
    plan.imgsz = 96;
    emulated_set_memory(enough);
    run_ok(&plan, &model, &samples, &expected);
    plan.opened = 32;
    for (plan.readers = 0; plan.readers < 3; plan.readers += 2) {
        run_ok(&plan, &model, &samples, &actual);
        assert_same_run(&actual, &expected);
        run_free(&actual);
    }
    run_free(&expected);
    samples_free(&samples);
    model_free(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_networks_share),  cmocka_unit_test(test_memory_moves),
        cmocka_unit_test(test_short_memory),    cmocka_unit_test(test_calls_short_of_memory),
        cmocka_unit_test(test_room_for_labels),
    };
    return RUN_TESTS(tests);
}
