/* The whole CUDA backend over the emulated runtime, against the CPU backend and against itself. */
#include "emulated_backend_rig.h"

#include <cuda_runtime_api.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cpu/cpu.h"
#include "cuda/cuda.h"
#include "cuda/device.h"
#include "emulated_runtime.h"
#include "unit.h"

static const char *const orders[] = {"ascending", "descending", "shuffled"};
enum { ORDERS = 3 };
static size_t order_at_hand(void) {
    const char *name = getenv("VERIFY_EMULATION_ORDER");
    size_t i = 0;
    while (name && i + 1 < ORDERS && strcmp(name, orders[i]) != 0)
        i++;
    return i;
}

/* Weights at random, so that the scores of a net that was never trained differ. */
static void shake(struct graph *graph) {
    uint32_t random = 1;
    for (size_t i = 0; i < graph->n_tensors; i++) {
        struct tensor *tensor = &graph->tensors[i];
        if (!tensor->constant || tensor->dtype != DTYPE_F32 || !tensor->shape.rank)
            continue;
        size_t n = (size_t)shape_elements(&tensor->shape);
        size_t inputs = n / (size_t)tensor->shape.dims[0];
        for (size_t k = 0; k < n; k++)
            ((float *)tensor->data)[k] =
                ((float)(next_random(&random) % 2001) / 1000 - 1) * 1.5f / sqrtf((float)inputs);
    }
}

/* With the sanitizers a sample is enough. */
#ifdef __SANITIZE_ADDRESS__
enum { FAILURE_STEP = 31, RUNS = 4 };
#else
enum { FAILURE_STEP = 3, RUNS = 12 };
#endif

/* What is allowed between the CPU and the device. */
struct limits {
    float score, evidence, box;
    bool lists; /* missing objects and predictions are the same ones */
};

static void compare_with_cpu(const char *name, struct plan plan, const struct model *model,
                             const struct samples *samples, const struct limits *limits) {
    struct run expected, actual;
    struct plan cpu = plan;
    cpu.interface = &backend_cpu;
    run_ok(&cpu, model, samples, &expected);
    run_ok(&plan, model, samples, &actual);
    struct distance distance = run_compare(&actual, &expected, limits->lists);
    print_message("%s: scores within %.1e, evidence %.1e, boxes %.1e px; %zu labels, %zu missing, "
                  "%zu predictions\n",
                  name, (double)distance.score, (double)distance.evidence, (double)distance.box,
                  distance.n_evidence, distance.n_missing, distance.n_predictions);
    assert_true(distance.n_evidence > 0);
    assert_true(distance.score <= limits->score);
    assert_true(distance.evidence <= limits->evidence);
    assert_true(distance.box <= limits->box);
    run_free(&expected);
    run_free(&actual);
}

static const struct limits in_fp32 = {1e-4f, 1e-4f, 1e-2f, true};
static const struct limits in_fp16 = {5e-3f, 5e-2f, 0.5f, false};

static void test_against_the_cpu(void **state) {
    (void)state;
    struct model model = demo_model();
    struct samples samples = {0};
    struct plan plan = usual;
    demo_samples(&samples, model.n_classes);
    plan.batch = 3;
    plan.slots = 7;
    plan.readers = 2;
    compare_with_cpu("demo, rect", plan, &model, &samples, &in_fp32);
    plan.rect = false;
    plan.imgsz = 96;
    compare_with_cpu("demo, square", plan, &model, &samples, &in_fp32);
    plan.second = 64;
    plan.folds = true;
    compare_with_cpu("folds, square", plan, &model, &samples, &in_fp32);
    plan.folds = false;
    plan.rect = true;
    compare_with_cpu("two sizes, rect", plan, &model, &samples, &in_fp32);
    plan.second = 0;
    samples_free(&samples);
    samples.n = 0;
    sample_read(&samples, "0002", model.n_classes);
    plan.batch = 1;
    plan.half = true;
    compare_with_cpu("demo, fp16", plan, &model, &samples, &in_fp16);
    samples_free(&samples);
    model_free(&model);
}

/* Labels where the network sees something, half of them of another class. */
static void label_what_is_seen(const struct plan *plan, const struct model *model,
                               struct samples *samples) {
    struct run run;
    struct plan cpu = *plan;
    cpu.interface = &backend_cpu;
    run_ok(&cpu, model, samples, &run);
    for (size_t i = 0; i < samples->n; i++) {
        struct sample *sample = &samples->items[i];
        const struct detections *seen = &run.findings[i].predictions;
        for (size_t k = 0; k < seen->count && k < 8; k++) {
            struct target *target = &sample->targets[sample->n_targets++];
            target->class = k % 2 ? seen->items[k].class : (int32_t)k;
            for (size_t c = 0; c < 4; c++)
                target->box[c] = seen->items[k].box[c] + (float)(c + k);
        }
    }
    run_free(&run);
}

static void test_zoo(void **state) {
    (void)state;
    char path[FIXTURE_PATH];
    FIXTURE("zoo/yolo11.onnx", path);
    struct model model = {0};
    struct samples samples = {0};
    struct plan plan = usual;
    ASSERT_OK(model_read(path, NULL, 64, &model));
    shake(&model.graph);
    sample_draw(&samples, 64, 40, 3, model.n_classes);
    sample_draw(&samples, 97, 100, 5, model.n_classes);
    label_what_is_seen(&plan, &model, &samples);
    /* Many scores are nearly equal: the lists' order is rounding's. */
    struct limits limits = in_fp32;
    limits.lists = false;
    compare_with_cpu("yolo11", plan, &model, &samples, &limits);
    samples_free(&samples);
    model_free(&model);
}

/* The order of the streams, the batch, the place in it, the threads that stage, the number of slots
 * and where pictures are scaled change nothing. */
static void test_same_everywhere(void **state) {
    (void)state;
    static const struct {
        size_t batch, slots, readers;
    } ways[] = {{1, 3, 0}, {2, 4, 2}, {3, 7, 0}, {5, 7, 3}};
    const char *order = orders[order_at_hand()];
    struct model model = demo_model();
    struct samples samples = {0};
    struct run expected, actual;
    demo_samples(&samples, model.n_classes);
    run_ok(&usual, &model, &samples, &expected);
    for (size_t i = 0; i < RUNS; i++) {
        struct plan plan = usual;
        plan.batch = ways[i % 4].batch;
        plan.slots = ways[i % 4].slots;
        plan.readers = ways[i % 4].readers;
        plan.image_memory = i % 3 ? 0 : 1; /* all are scaled first */
        assert_int_equal(setenv("VERIFY_EMULATION_ORDER", orders[i % ORDERS], 1), 0);
        run_ok(&plan, &model, &samples, &actual);
        assert_same_run(&actual, &expected);
        run_free(&actual);
    }
    assert_int_equal(setenv("VERIFY_EMULATION_ORDER", order, 1), 0);
    run_free(&expected);
    samples_free(&samples);
    model_free(&model);
}

/* The first convolution's outcome is beyond fp16 wherever the picture is not black. */
static void enlarge(struct graph *graph) {
    size_t i = 0;
    while (graph->ops[i].kind != OP_CONV)
        i++;
    struct tensor *weights = &graph->tensors[graph->ops[i].inputs[1]];
    for (size_t k = 0; k < (size_t)(weights->shape.dims[2] * weights->shape.dims[3]); k++)
        ((float *)weights->data)[k] = 6e4f;
}

/* Pictures for which fp16 is too small are seen in fp32, the others of the batch are not. */
static void test_too_small_for_fp16(void **state) {
    (void)state;
    struct model model = demo_model();
    struct samples samples = {0};
    struct run in_half, alone, whole;
    struct plan plan = usual;
    enlarge(&model.graph);
    for (uint32_t i = 0; i < 6; i++) {
        sample_draw(&samples, i < 4 ? 64 : 32, 64, 2 + i, model.n_classes);
        struct image *image = &samples.items[i].image;
        if (i % 2)
            memset(image->pixels, 0, (size_t)3 * image->width * image->height);
    }
    run_ok(&plan, &model, &samples, &whole);
    plan.half = true;
    run_ok(&plan, &model, &samples, &alone);
    plan.batch = 4;
    plan.slots = 8;
    run_ok(&plan, &model, &samples, &in_half);
    assert_same_run(&in_half, &alone);
    for (size_t i = 0; i < samples.n; i++) {
        assert_false(in_half.findings[i].not_finite || whole.findings[i].widened);
        assert_int_equal(in_half.findings[i].widened, i % 2 == 0);
        if (i % 2 == 0)
            assert_same_findings(&in_half.findings[i], &whole.findings[i]);
    }
    run_free(&in_half);
    run_free(&alone);
    run_free(&whole);
    samples_free(&samples);
    model_free(&model);
}

static void test_second_device(void **state) {
    (void)state;
    struct model model = demo_model();
    struct samples samples = {0};
    struct run expected, actual;
    struct plan plan = usual;
    demo_samples(&samples, model.n_classes);
    run_ok(&plan, &model, &samples, &expected);
    emulated_set_devices(2);
    plan.local_rank = 3;
    plan.batch = 2;
    plan.readers = 3;
    run_ok(&plan, &model, &samples, &actual);
    emulated_set_devices(1);
    assert_same_run(&actual, &expected);
    run_free(&actual);
    run_free(&expected);
    samples_free(&samples);
    model_free(&model);
}

/* Local ranks go round the devices that are listed, and no others. */
static void test_listed_devices(void **state) {
    (void)state;
    static const struct {
        int local_rank, devices[3];
        size_t n_devices;
        int expected;
    } cases[] = {
        {0, {2}, 1, 2},    {1, {2}, 1, 2},    {0, {3, 1}, 2, 3},
        {1, {3, 1}, 2, 1}, {2, {3, 1}, 2, 3}, {2, {0}, 0, 2},
    };
    static const int beyond[] = {0, 4};
    struct device device;
    emulated_set_devices(4);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ASSERT_OK(device_available(cases[i].devices, cases[i].n_devices));
        ASSERT_OK(device_bind(cases[i].local_rank, cases[i].devices, cases[i].n_devices, &device));
        assert_int_equal(device.index, cases[i].expected);
    }
    assert_int_equal(device_available(beyond, 2), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "there is no GPU 4: 4 are visible"));
    assert_int_equal(device_bind(0, beyond, 2, &device), STATUS_BAD_INPUT);
    ASSERT_OK(device_bind(0, NULL, 0, &device));
    /* Each that is listed must do; of those that are not, one. */
    static const int old[] = {0, 1};
    emulated_set_old_device(1);
    ASSERT_OK(device_available(NULL, 0));
    ASSERT_OK(device_available(old, 1));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(device_available(old + i, 2 - i), STATUS_BAD_INPUT);
        assert_non_null(strstr(status_message(), "GPU 1 has compute capability 6.0"));
    }
    emulated_set_old_device(-1);
    emulated_set_devices(1);
}

/* A picture that is large, or too large for its part of the memory, comes to the same as on the
 * CPU, and slots have no room for it as a whole. */
static void test_large_picture(void **state) {
    (void)state;
    static const size_t enough = (size_t)1 << 30;
    static const struct {
        uint32_t width, height;
        size_t image_memory, most;
    } cases[] = {{700, 500, 1 << 19, 1 << 19}, {4100, 2800, 0, 8 << 20}};
    struct model model = demo_model();
    struct samples samples = {0};
    struct plan plan = usual;
    plan.slots = 2;
    sample_draw(&samples, 200, 132, 9, model.n_classes);
    emulated_set_memory(enough);
    compare_with_cpu("small", plan, &model, &samples, &in_fp32);
    size_t peak = emulated_memory_peak();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        plan.image_memory = cases[i].image_memory;
        sample_draw(&samples, cases[i].width, cases[i].height, 9, model.n_classes);
        emulated_set_memory(enough);
        compare_with_cpu("large", plan, &model, &samples, &in_fp32);
        assert_true(emulated_memory_peak() < peak + cases[i].most);
    }
    samples_free(&samples);
    model_free(&model);
}

/* What a message calls a call. */
static const char *said_of(const char *call) {
    static const char *const others[][2] = {
        {"cudaHostAlloc", "pinned memory"},
        {"cudaGetDeviceCount", "the GPUs cannot be counted: "},
        {"cudaSetDevice", "cannot be opened"},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(call, others[i][0]) == 0 && !strstr(status_message(), call))
            return others[i][1];
    return strncmp(call, "cuda", 4) == 0 || strcmp(call, "conv_run") == 0 ? call : "kernel ";
}

static void check_failure(const struct plan *plan, const struct model *model,
                          const struct samples *samples, uint64_t at, bool for_good) {
    struct run run;
    emulated_fail_at(at, for_good);
    enum status status = run_make(plan, model, samples, &run);
    const char *call = emulated_failed();
    if (!call)
        fail_msg("call %d was not made: %s", (int)at, status_message());
    assert_int_equal(emulated_left(), 0);
    assert_int_equal(cudaGetLastError(), cudaSuccess); /* no later call is blamed */
    if (status == STATUS_OK) /* on the way out, where nothing can be said any more */
        assert_string_equal(call, "cudaStreamSynchronize");
    else if (!strstr(status_message(), said_of(call)))
        fail_msg("call %d, %s, failed: %s", (int)at, call, status_message());
    assert_int_equal(status == STATUS_BAD_INPUT, strcmp(call, "cudaGetDeviceCount") == 0);
    run_free(&run);
}

static void sweep_failures(bool for_good, size_t step) {
    struct model model = demo_model();
    struct samples samples = {0};
    struct run run;
    sample_draw(&samples, 64, 64, 2, model.n_classes);
    sample_draw(&samples, 64, 63, 0, model.n_classes);
    sample_draw(&samples, 64, 32, 2, model.n_classes);
    struct plan plan = usual;
    plan.imgsz = 32;
    emulated_fail_at(0, false);
    run_ok(&plan, &model, &samples, &run);
    uint64_t n = emulated_calls();
    run_free(&run);
    /* The orders together take them all. */
    for (uint64_t at = 1 + order_at_hand() % step; at <= n; at += step)
        check_failure(&plan, &model, &samples, at, for_good);
    print_message("%d of %d calls\n", (int)(n / step), (int)n);
    emulated_fail_at(0, false);
    run_ok(&plan, &model, &samples, &run);
    run_free(&run);
    samples_free(&samples);
    model_free(&model);
}

static void test_failing_calls(void **state) {
    (void)state;
    sweep_failures(false, FAILURE_STEP);
}

static void test_lost_device(void **state) {
    (void)state;
    sweep_failures(true, 5 * FAILURE_STEP);
}

/* A batch that never ends: whichever it is, a failure that names the device, in time, and nothing
 * that waits for it from then on. What the backend has is left behind. */
static void test_hanging_device(void **state) {
    (void)state;
    enum { BATCHES = 4, QUESTIONS = 2 }; /* of opening, too */
    struct model model = demo_model();
    struct samples samples = {0};
    struct plan plan = usual;
    plan.hang_seconds = 0.2;
    for (size_t i = 0; i < BATCHES; i++)
        sample_draw(&samples, 64, 64, 2, model.n_classes);
    for (size_t batch = 0; batch < BATCHES; batch++) {
        /* LeakSanitizer looks here. */
        static struct backend *left_behind[BATCHES];
        struct run run;
        plan.readers = batch % 2;
        emulated_hang(1 + (1 + batch) * QUESTIONS);
        assert_int_equal(run_open(&plan, &model, &samples, &run), STATUS_OK);
        left_behind[batch] = run.backend;
        assert_non_null(left_behind[batch]);
        assert_int_equal(run_close(&run, run_all(&run)), STATUS_FAILED);
        assert_non_null(strstr(status_message(), "GPU 0 (Emulated GPU"));
        assert_non_null(strstr(status_message(), "a batch has not ended for 0.2 s"));
        run_free(&run);
    }
    emulated_hang(0);
    samples_free(&samples);
    model_free(&model);
}

/* Whether opening fails in time and says so; what it had is left to the end of the process. */
static bool opening_hangs(const struct model *model, const struct samples *samples) {
    struct run run;
    struct plan plan = usual;
    plan.hang_seconds = 0.2;
    emulated_hang(1);
    return run_open(&plan, model, samples, &run) == STATUS_FAILED && !run.backend &&
           strstr(status_message(), "a batch has not ended for 0.2 s");
}

/* Nor is a device waited for that hangs while the backend is opened. */
static void test_hanging_at_first(void **state) {
    (void)state;
    struct model model = demo_model();
    struct samples samples = {0};
    int result;
    sample_draw(&samples, 64, 64, 2, model.n_classes);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(opening_hangs(&model, &samples) ? 0 : 1);
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 0);
    samples_free(&samples);
    model_free(&model);
}

/* Where a batch has more labels than any before, its room is made once the batch before has ended:
 * there, too, it is seen in time that it does not. */
static void test_more_labels_while_it_hangs(void **state) {
    (void)state;
    static struct backend *left_behind; /* LeakSanitizer looks here */
    struct model model = demo_model();
    struct samples samples = {0};
    struct run run;
    struct air air = {0};
    struct plan plan = usual;
    plan.hang_seconds = 0.2;
    sample_draw(&samples, 64, 64, 2, model.n_classes);
    sample_draw(&samples, 64, 64, LABELS_MOST, model.n_classes);
    ASSERT_OK(run_open(&plan, &model, &samples, &run));
    left_behind = run.backend;
    for (size_t i = 0; i < samples.n; i++)
        ASSERT_OK(run_stage(&run, i, i));
    ASSERT_OK(run_submit(&run, &air, (void *[]){&run.numbers[0]}, 1));
    emulated_hang_now();
    assert_int_equal(run_submit(&run, &air, (void *[]){&run.numbers[1]}, 1), STATUS_FAILED);
    assert_non_null(strstr(status_message(), "a batch has not ended for 0.2 s"));
    assert_ptr_equal(run.backend, left_behind);
    run_close(&run, STATUS_FAILED);
    run_free(&run);
    emulated_hang(0);
    samples_free(&samples);
    model_free(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_the_cpu),
        cmocka_unit_test(test_zoo),
        cmocka_unit_test(test_same_everywhere),
        cmocka_unit_test(test_second_device),
        cmocka_unit_test(test_too_small_for_fp16),
        cmocka_unit_test(test_listed_devices),
        cmocka_unit_test(test_large_picture),
        cmocka_unit_test(test_failing_calls),
        cmocka_unit_test(test_lost_device),
        cmocka_unit_test(test_hanging_device),
        cmocka_unit_test(test_hanging_at_first),
        cmocka_unit_test(test_more_labels_while_it_hangs),
    };
    return RUN_TESTS(tests);
}
