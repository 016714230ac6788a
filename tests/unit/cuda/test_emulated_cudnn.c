/* cuda/conv/ over a fake of cuDNN: what it computes, every way that it falls back to, what it says
 * of it, and what is left when something fails. */
#include "emulated_cudnn_rig.h"

#include <glob.h>

#include "temp_folder.h"
#include "unit.h"

static const struct fake_cudnn faultless = {0};
static const size_t enough = (size_t)1 << 30;

/* Each case has a cache folder of its own, and leaves nothing. */
static int start(void **state) {
    *state = temp_folder_make(NULL);
    fake_cudnn_set(&faultless);
    emulated_set_memory(enough);
    return setenv("XDG_CACHE_HOME", *state, 1);
}

static int end(void **state) {
    temp_folder_remove(*state);
    for (int engine = FAKE_WINOGRAD; engine <= FAKE_REORDERED; engine++) /* forbidden ones */
        assert_int_equal(fake_cudnn_executions((enum fake_engine)engine), 0);
    assert_int_equal(fake_cudnn_left(), 0);
    assert_int_equal(emulated_left(), 0);
    return 0;
}

static void keep_nothing(void) {
    assert_int_equal(unsetenv("XDG_CACHE_HOME"), 0);
    assert_int_equal(unsetenv("HOME"), 0);
}

/* Builds and runs a shape by a library of its own; its note, to be freed, or NULL. */
static char *build_and_run(const struct conv_shape *shape) {
    struct conv_library *library;
    struct conv_plan *plan;
    struct trial trial = trial_make(shape);
    ASSERT_OK(conv_library_make(&library));
    ASSERT_OK(conv_library_want(library, shape, &plan));
    ASSERT_OK(conv_library_build(library));
    trial_run(&trial, library, plan);
    const char *note = conv_library_note(library);
    char *copy = note ? strdup(note) : NULL;
    conv_library_free(library);
    trial_free(&trial);
    return copy;
}

static void assert_said(char *note, const char *text, bool said) {
    if ((note && strstr(note, text)) != said)
        fail_msg("\"%s\" is said: %s", text, note ? note : "nothing");
    free(note);
}

/* Says nothing of convolutions. */
static void build_quietly(const struct conv_shape *shape) {
    assert_said(build_and_run(shape), "kinds of convolution", false);
}

static struct conv_shape strided(struct conv_shape shape) {
    shape.in_pitch += 8;
    shape.out_pitch += 16;
    shape.in_alignment = 8;
    shape.out_alignment = 4;
    shape.residual_pitch = shape.out_channels + 4;
    shape.residual_alignment = 2;
    if (shape.element == ELEMENT_F32)
        shape.residual_alignment = 4;
    return shape;
}

static const struct window windows[] = {
    {.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}, .group = 1},
    {.kernel = {3, 3}, .stride = {2, 2}, .dilation = {1, 1}, .pad = {0, 1, 1, 0}, .group = 1},
    {.kernel = {2, 3}, .stride = {1, 2}, .dilation = {3, 2}, .pad = {3, 2, 0, 4}, .group = 2},
};
static const struct epilogue epilogues[] = {
    {ACTIVATION_SILU, 0, 0}, {ACTIVATION_NONE, 0, 0},    {ACTIVATION_RELU, 0, 0},
    {ACTIVATION_CLIP, 0, 6}, {ACTIVATION_SIGMOID, 0, 0}, {ACTIVATION_LEAKY_RELU, 0.1f, 0},
    {ACTIVATION_GELU, 0, 0}, {ACTIVATION_TANH, 0, 0},    {ACTIVATION_SOFTPLUS, 0, 0},
    {ACTIVATION_MISH, 0, 0},
};
enum {
    WINDOWS = sizeof windows / sizeof *windows,
    EPILOGUES = sizeof epilogues / sizeof *epilogues,
};

/* The default stream, on which candidates were timed once, cannot be captured. */
static void test_stream_is_the_librarys(void **state) {
    (void)state;
    struct conv_library *library;
    cudaGraph_t graph;
    ASSERT_OK(conv_library_make(&library));
    cudaStream_t stream = conv_library_stream(library);
    assert_non_null(stream);
    assert_int_equal(cudaStreamBeginCapture(NULL, cudaStreamCaptureModeThreadLocal),
                     cudaErrorStreamCaptureUnsupported);
    assert_int_equal(cudaGetLastError(), cudaErrorStreamCaptureUnsupported);
    assert_int_equal(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), cudaSuccess);
    assert_int_equal(cudaStreamEndCapture(stream, &graph), cudaSuccess);
    assert_int_equal(cudaGraphDestroy(graph), cudaSuccess);
    conv_library_free(library);
}

/* In one library, so that several threads look for engines. */
static void test_results(void **state) {
    (void)state;
    enum { TRIALS = 2 * WINDOWS * EPILOGUES };
    assert_int_equal(setenv("VERIFY_CUDNN_CANDIDATES", "2", 1), 0); /* one fused, one plain */
    for (int kind = 0; kind < 4; kind++) {
        struct fake_cudnn settings = {.no_fused = kind & 1, .no_strided = kind & 2};
        struct conv_library *library;
        struct conv_plan *plans[TRIALS];
        struct trial trials[TRIALS];
        fake_cudnn_set(&settings);
        ASSERT_OK(conv_library_make(&library));
        for (size_t i = 0; i < TRIALS; i++) {
            struct conv_shape shape = shape_make(i % 2 ? ELEMENT_F32 : ELEMENT_F16, 4);
            shape.window = windows[i / 2 % WINDOWS];
            shape.epilogue = epilogues[i / 2 / WINDOWS];
            shape.has_bias = i % 5 != 0;
            if (i % 3)
                shape = strided(shape);
            if (i % 3 == 2)
                shape.residual_pitch = 0;
            trials[i] = trial_make(&shape);
            ASSERT_OK(conv_library_want(library, &shape, &plans[i]));
        }
        ASSERT_OK(conv_library_build(library));
        for (size_t i = 0; i < TRIALS; i++) {
            trial_run(&trials[i], library, plans[i]);
            trial_free(&trials[i]);
        }
        conv_library_free(library);
    }
    assert_int_equal(unsetenv("VERIFY_CUDNN_CANDIDATES"), 0);
}

/* Which engine a shape is computed by, once it is built. */
static enum fake_engine engine_of(const struct conv_shape *shape, const struct fake_cudnn *with) {
    struct conv_library *library;
    struct conv_plan *plan;
    struct trial trial = trial_make(shape);
    enum fake_engine engine = 0;
    fake_cudnn_set(with);
    ASSERT_OK(conv_library_make(&library));
    ASSERT_OK(conv_library_want(library, shape, &plan));
    ASSERT_OK(conv_library_build(library));
    uint64_t before[FAKE_ENGINES];
    for (int i = 0; i < FAKE_ENGINES; i++)
        before[i] = fake_cudnn_executions((enum fake_engine)i);
    trial_run(&trial, library, plan);
    while (fake_cudnn_executions(engine) == before[engine])
        engine++;
    conv_library_free(library);
    trial_free(&trial);
    return engine;
}

static void test_fastest_is_taken(void **state) {
    (void)state;
    struct conv_shape half = shape_make(ELEMENT_F16, 8), single = shape_make(ELEMENT_F32, 8);
    assert_int_equal(engine_of(&half, &faultless), FAKE_TENSOR_CORE);
    assert_int_equal(engine_of(&single, &faultless), FAKE_ORDINARY);
    half.n = 3;
    struct fake_cudnn slow = {.slow = FAKE_BIT(FAKE_TENSOR_CORE)};
    assert_int_equal(engine_of(&half, &slow), FAKE_ORDINARY);
    half.n = 4;
    slow.slow |= FAKE_BIT(FAKE_ORDINARY);
    assert_int_equal(engine_of(&half, &slow), FAKE_FALLBACK); /* plain, and not for lack of fused */
    half.n = 5;
    build_quietly(&half);
}

/* Engines that are refused, cannot be run, or not be captured: the next one. */
static void test_engines_that_fail(void **state) {
    (void)state;
    struct conv_shape shape = shape_make(ELEMENT_F16, 8);
    for (int kind = 0; kind < 3; kind++)
        for (size_t left = FAKE_ORDINARY; left <= FAKE_FALLBACK;
             left += FAKE_FALLBACK - FAKE_ORDINARY) {
            struct fake_cudnn settings = {0};
            unsigned *faulty[] = {&settings.refused, &settings.failing, &settings.uncapturable};
            *faulty[kind] = left == FAKE_ORDINARY ? FAKE_BIT(FAKE_TENSOR_CORE)
                                                  : FAKE_ALL & ~FAKE_BIT(FAKE_FALLBACK);
            shape.n++;
            assert_int_equal(engine_of(&shape, &settings), left);
            assert_said(build_and_run(&shape), "does not fuse 1 of 1 kinds of convolution",
                        left == FAKE_FALLBACK);
        }
}

/* Says which shape, and why; what was built before stays. */
static void test_no_engine_at_all(void **state) {
    (void)state;
    static const struct {
        struct fake_cudnn settings;
        const char *said;
    } cases[] = {{{.refused = FAKE_ALL}, "cuDNN has no engine for it"},
                 {{.failing = FAKE_ALL}, "an engine that is told to fail"},
                 {{.large = FAKE_ALL}, "too little memory"},
                 {{.uncapturable = FAKE_ALL}, "stream is capturing"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct conv_shape first = shape_make(ELEMENT_F16, 8), second = first;
        struct conv_library *library;
        struct conv_plan *built, *plan;
        struct trial trial = trial_make(&first);
        second.n = 7;
        fake_cudnn_set(&faultless);
        ASSERT_OK(conv_library_make(&library));
        ASSERT_OK(conv_library_want(library, &first, &built));
        ASSERT_OK(conv_library_build(library));
        fake_cudnn_set(&cases[i].settings);
        ASSERT_OK(conv_library_want(library, &second, &plan));
        assert_int_equal(conv_library_build(library), STATUS_FAILED);
        if (!strstr(status_message(), "convolution f16 n7 ") ||
            !strstr(status_message(), cases[i].said))
            fail_msg("%s", status_message());
        assert_int_equal(status_reason(), cases[i].settings.large ? REASON_MEMORY : REASON_OTHER);
        assert_int_equal(cudaGetLastError(), cudaSuccess);
        fake_cudnn_set(&faultless);
        ASSERT_OK(conv_library_build(library)); /* nothing to do */
        trial_run(&trial, library, built);
        ASSERT_OK(conv_library_want(library, &second, &plan));
        ASSERT_OK(conv_library_build(library));
        conv_library_free(library);
        trial_free(&trial);
    }
}

/* Ways that are slower are counted, and said once, also where they come from the cache file. */
static void test_notes(void **state) {
    (void)state;
    struct conv_shape shape = shape_make(ELEMENT_F16, 8), wide = strided(shape);
    struct fake_cudnn settings = {.no_fused = true, .no_strided = true};
    build_quietly(&shape);
    for (int again = 0; again < 2; again++) {
        struct conv_library *library;
        struct conv_plan *plan;
        fake_cudnn_set(&settings);
        ASSERT_OK(conv_library_make(&library));
        for (size_t n = 3; n < 6; n++) {
            shape.n = wide.n = n;
            ASSERT_OK(conv_library_want(library, &shape, &plan));
            ASSERT_OK(conv_library_want(library, &wide, &plan));
        }
        shape.epilogue.activation = ACTIVATION_MISH; /* which nothing fuses */
        ASSERT_OK(conv_library_want(library, &shape, &plan));
        shape.epilogue.activation = ACTIVATION_SILU;
        ASSERT_OK(conv_library_build(library));
        const char *note = conv_library_note(library);
        assert_non_null(note);
        const char *fused = strstr(note, "does not fuse 6 of 7 kinds of convolution");
        const char *copied =
            strstr(note, "takes 3 of 7 kinds of convolution only with copied maps");
        assert_true(fused && copied);
        assert_null(strstr(fused + 1, "does not fuse"));
        assert_null(strstr(copied + 1, "takes "));
        assert_int_not_equal(note[strlen(note) - 1], ' ');
        conv_library_free(library);
    }
}

/* The cache file's only entry is what the second start runs, without trying anything else. */
static void test_plans_are_kept(void **state) {
    (void)state;
    struct conv_shape shape = shape_make(ELEMENT_F16, 8);
    build_quietly(&shape);
    assert_true(fake_cudnn_executions(FAKE_FALLBACK) > 0);
    uint64_t calls = fake_cudnn_calls();
    fake_cudnn_set(&faultless);
    build_quietly(&shape);
    assert_int_equal(fake_cudnn_executions(FAKE_FALLBACK), 0);
    assert_int_equal(fake_cudnn_executions(FAKE_ORDINARY), 0);
    assert_int_equal(fake_cudnn_executions(FAKE_TENSOR_CORE), 4); /* two of them the build's */
    assert_true(fake_cudnn_calls() < calls / 4);
}

/* The only file that is kept, besides its lock. */
static char *cache_file(const char *folder) {
    glob_t found;
    assert_int_equal(glob(below(folder, "verify/convolutions-????????????????"), 0, NULL, &found),
                     0);
    assert_int_equal(found.gl_pathc, 1);
    char *path = strdup(found.gl_pathv[0]);
    globfree(&found);
    return path;
}

/* Whatever of the file is damaged or not taken, plans are found anew. */
static void test_plans_that_are_kept_and_useless(void **state) {
    struct conv_shape shape = shape_make(ELEMENT_F16, 8);
    struct fake_cudnn no_loading = {.no_loading = true};
    struct fake_cudnn failing = {.failing = FAKE_BIT(FAKE_TENSOR_CORE)};
    build_quietly(&shape);
    char *path = cache_file(*state);
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    for (int64_t kind = 0; kind < 2; kind++) {
        FILE *file = fopen(path, "r+");
        assert_non_null(file);
        if (kind == 0)
            assert_int_equal(ftruncate(fileno(file), about.st_size / 2), 0);
        else
            assert_int_equal(fputc('x', file), 'x');
        assert_int_equal(fclose(file), 0);
        fake_cudnn_set(&faultless);
        build_quietly(&shape);
        assert_true(fake_cudnn_executions(FAKE_FALLBACK) > 0);
        struct stat repaired;
        assert_int_equal(stat(path, &repaired), 0);
        assert_int_equal(repaired.st_size, about.st_size);
    }
    fake_cudnn_set(&no_loading);
    build_quietly(&shape);
    assert_true(fake_cudnn_executions(FAKE_FALLBACK) > 0);
    /* It can be loaded, not run: the next one takes its place, for later starts, too. */
    assert_int_equal(engine_of(&shape, &failing), FAKE_ORDINARY);
    fake_cudnn_set(&faultless);
    build_quietly(&shape);
    assert_int_equal(fake_cudnn_executions(FAKE_TENSOR_CORE), 0);
    free(path);
}

/* Nothing can be kept: plans without a text are not, and a folder that is none is said. */
static void test_plans_that_cannot_be_kept(void **state) {
    struct conv_shape shape = shape_make(ELEMENT_F16, 8);
    struct fake_cudnn no_text = {.no_text = true};
    for (int again = 0; again < 2; again++) {
        fake_cudnn_set(&no_text);
        build_quietly(&shape);
        assert_true(fake_cudnn_executions(FAKE_FALLBACK) > 0);
    }
    const char *file = below(*state, "file");
    assert_int_equal(close(creat(file, 0600)), 0);
    assert_int_equal(setenv("XDG_CACHE_HOME", file, 1), 0);
    fake_cudnn_set(&faultless);
    assert_said(build_and_run(&shape), "are not kept for the next start: ", true);
    keep_nothing();
    assert_said(build_and_run(&shape), "are not kept", false);
}

/* One way is compiled, and another only where that one cannot be run. */
static void test_few_candidates(void **state) {
    (void)state;
    struct conv_shape shape = shape_make(ELEMENT_F16, 8);
    struct fake_cudnn failing = {.failing = FAKE_BIT(FAKE_TENSOR_CORE)};
    assert_int_equal(setenv("VERIFY_CUDNN_CANDIDATES", "1", 1), 0);
    build_quietly(&shape);
    assert_int_equal(fake_cudnn_executions(FAKE_TENSOR_CORE), 4);
    assert_int_equal(fake_cudnn_executions(FAKE_ORDINARY), 0);
    shape.n++;
    assert_int_equal(engine_of(&shape, &failing), FAKE_ORDINARY);
    struct conv_shape large = shape; /* more than the pattern that candidates are timed with */
    large.n = 1;
    large.height = large.width = 96;
    fake_cudnn_set(&faultless);
    build_quietly(&large);
    assert_int_equal(setenv("VERIFY_CUDNN_CANDIDATES", "9", 1), 0); /* no such number */
    shape.n++;
    assert_int_equal(engine_of(&shape, &faultless), FAKE_TENSOR_CORE);
    assert_true(fake_cudnn_executions(FAKE_FALLBACK) > 0);
    assert_int_equal(unsetenv("VERIFY_CUDNN_CANDIDATES"), 0);
}

/* A graph that was captured before goes on with the workspace that it had. */
static void test_workspace_grows(void **state) {
    (void)state;
    struct conv_shape small = strided(shape_make(ELEMENT_F16, 8)), large = small;
    struct fake_cudnn no_strided = {.no_strided = true};
    struct conv_library *library;
    struct conv_plan *plan, *other;
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    large.height = large.width = 12;
    struct trial trial = trial_make(&small);
    struct conv_operands operands = trial_operands(&trial, true);
    fake_cudnn_set(&no_strided);
    ASSERT_OK(conv_library_make(&library));
    cudaStream_t stream = conv_library_stream(library);
    ASSERT_OK(conv_library_want(library, &small, &plan));
    ASSERT_OK(conv_library_build(library));
    assert_int_equal(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), cudaSuccess);
    ASSERT_OK(conv_run(library, plan, &operands));
    assert_int_equal(cudaStreamEndCapture(stream, &graph), cudaSuccess);
    assert_int_equal(cudaGraphInstantiateWithFlags(&exec, graph, 0), cudaSuccess);
    assert_int_equal(cudaGraphDestroy(graph), cudaSuccess);
    ASSERT_OK(conv_library_want(library, &large, &other));
    ASSERT_OK(conv_library_build(library));
    assert_int_equal(cudaGraphLaunch(exec, stream), cudaSuccess);
    ASSERT_OK(device_wait(stream));
    trial_compare(&trial);
    assert_int_equal(cudaGraphExecDestroy(exec), cudaSuccess);
    conv_library_free(library);
    trial_free(&trial);
}

/* Builds and runs a shape; where that fails, the message says something and nothing is left. */
static enum status attempt(const struct conv_shape *shape) {
    enum status status;
    struct conv_library *library = NULL;
    struct conv_plan *plan;
    TRY(conv_library_make(&library));
    TRY(conv_library_want(library, shape, &plan));
    TRY(conv_library_build(library));
out:
    conv_library_free(library);
    assert_int_equal(fake_cudnn_left(), 0);
    assert_int_equal(emulated_left(), 0);
    assert_int_equal(cudaGetLastError(), cudaSuccess); /* no later call is blamed */
    return status;
}

/* Memory that does not suffice while candidates are timed is said to be that. */
static void test_short_memory(void **state) {
    (void)state;
    struct conv_shape shape = strided(shape_make(ELEMENT_F16, 8));
    struct fake_cudnn no_strided = {.no_strided = true};
    size_t refused = 0;
    fake_cudnn_set(&no_strided);
    emulated_set_memory(enough);
    ASSERT_OK(attempt(&shape));
    size_t peak = emulated_memory_peak();
    keep_nothing();
    for (size_t i = 1; i <= 16; i++) {
        emulated_set_memory(peak * i / 16);
        if (attempt(&shape) == STATUS_OK)
            continue;
        assert_int_equal(status_reason(), REASON_MEMORY);
        assert_non_null(strstr(status_message(), "out of device memory"));
        refused++;
    }
    assert_int_equal(refused, 15);
}

/* Whichever call of cuDNN or of CUDA fails: either another way is found, or it is said. */
static void test_failing_calls(void **state) {
    struct conv_shape shape = strided(shape_make(ELEMENT_F16, 8));
    size_t failed = 0, mended = 0;
    (void)state;
    keep_nothing();
    fake_cudnn_set(&faultless);
    emulated_fail_at(0, false);
    ASSERT_OK(attempt(&shape));
    uint64_t calls[] = {fake_cudnn_calls(), emulated_calls()};
    for (int side = 0; side < 2; side++)
        for (uint64_t at = 1; at <= calls[side]; at += at < 60 ? 1 : 31) {
            struct fake_cudnn settings = {.fail_at = side ? 0 : at};
            fake_cudnn_set(&settings);
            emulated_fail_at(side ? at : 0, false);
            enum status status = attempt(&shape);
            failed += status != STATUS_OK;
            mended += status == STATUS_OK;
            if (status != STATUS_OK && !strstr(status_message(), "cuDNN: ") &&
                !strstr(status_message(), "CUDA: "))
                fail_msg("call %d of %d: %s", (int)at, side, status_message());
        }
    emulated_fail_at(0, false);
    assert_true(failed && mended);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        CASE(test_stream_is_the_librarys),
        CASE(test_results),
        CASE(test_fastest_is_taken),
        CASE(test_engines_that_fail),
        CASE(test_no_engine_at_all),
        CASE(test_notes),
        CASE(test_plans_are_kept),
        CASE(test_plans_that_are_kept_and_useless),
        CASE(test_plans_that_cannot_be_kept),
        CASE(test_few_candidates),
        CASE(test_workspace_grows),
        CASE(test_short_memory),
        CASE(test_failing_calls),
    };
    return RUN_TESTS(tests);
}
