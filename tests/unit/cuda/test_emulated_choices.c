/* Which plans processes choose over the fake of cuDNN: those of one kind of device the same ones.
 */
#include "emulated_backend_rig.h"
#include "emulated_cudnn_rig.h"

#include <sys/wait.h>

#include "cuda/conv/conv_cache.h"
#include "cuda/conv/conv_choices.h"
#include "temp_folder.h"
#include "unit.h"

static const struct fake_cudnn faultless = {0};
/* With which the engine that is chosen is another one. */
static const struct fake_cudnn tensor_cores_slow = {.slow = FAKE_BIT(FAKE_TENSOR_CORE)};
static const struct fake_cudnn fused_slow = {.slow_fused = true};
static const struct fake_cudnn only_fallback_fast = {.slow = FAKE_ALL & ~FAKE_BIT(FAKE_FALLBACK)};
static const size_t enough = (size_t)1 << 30;

/* A cache folder of its own for each case. */
static int start(void **state) {
    *state = temp_folder_make(NULL);
    fake_cudnn_set(&faultless);
    emulated_set_memory(enough);
    return setenv("XDG_CACHE_HOME", *state, 1);
}

static int end(void **state) {
    temp_folder_remove(*state);
    assert_int_equal(unsetenv("VERIFY_CUDNN_CANDIDATES"), 0);
    assert_int_equal(fake_cudnn_left(), 0);
    assert_int_equal(emulated_left(), 0);
    return 0;
}

/* As the process of another machine. */
static void move_cache(void **state, const char *name) {
    assert_int_equal(setenv("XDG_CACHE_HOME", below(*state, name), 1), 0);
}

static struct conv_library *library_make(const struct fake_cudnn *with) {
    struct conv_library *library;
    fake_cudnn_set(with);
    ASSERT_OK(conv_library_make(&library));
    return library;
}

/* Builds a shape and runs it; which engine that takes. */
static enum fake_engine engine_of(struct conv_library *library, const struct conv_shape *shape) {
    struct conv_plan *plan;
    struct trial trial = trial_make(shape);
    uint64_t before[FAKE_ENGINES];
    enum fake_engine engine = 0;
    ASSERT_OK(conv_library_want(library, shape, &plan));
    ASSERT_OK(conv_library_build(library));
    for (int i = 0; i < FAKE_ENGINES; i++)
        before[i] = fake_cudnn_executions((enum fake_engine)i);
    trial_run(&trial, library, plan);
    while (fake_cudnn_executions(engine) == before[engine])
        engine++;
    trial_free(&trial);
    return engine;
}

static enum fake_engine engine_alone(const struct conv_shape *shape,
                                     const struct fake_cudnn *with) {
    struct conv_library *library = library_make(with);
    enum fake_engine engine = engine_of(library, shape);
    conv_library_free(library);
    return engine;
}

static void assert_damage_said(const struct conv_library *library, bool said) {
    const char *note = conv_library_note(library);
    const char *first =
        note ? strstr(note, " was damaged: convolution plans are chosen anew") : NULL;
    assert_int_equal(first != NULL, said);
    assert_null(first ? strstr(first + 1, " was damaged") : NULL);
}

static char *find_file(const char *folder, char *path, size_t size) {
    struct text kind = {0};
    char *found;
    ASSERT_OK(conv_choices_kind(&kind));
    ASSERT_OK(conv_cache_path(kind.data, &found));
    assert_int_equal(strncmp(found, folder, strlen(folder)), 0);
    snprintf(path, size, "%s", found);
    free(found);
    text_free(&kind);
    return path;
}

/* Who finds all that it needs in the file waits for nobody. */
static void test_read_without_a_lock(void **state) {
    struct conv_shape shape = shape_make(ELEMENT_F16, 8);
    char path[512];
    assert_int_equal(engine_alone(&shape, &tensor_cores_slow), FAKE_ORDINARY);
    int lock = conv_cache_lock(find_file(*state, path, sizeof path));
    assert_true(lock >= 0);
    assert_int_equal(engine_alone(&shape, &faultless), FAKE_ORDINARY);
    conv_cache_unlock(lock);
}

/* Processes that begin at once, for each of which another engine is fast: one chooses for all. */
static void test_processes_choose_alike(void **state) {
    enum { PROCESSES = 4 };
    static const struct fake_cudnn *const fast[] = {&faultless, &tensor_cores_slow,
                                                    &only_fallback_fast};
    struct conv_shape shape = shape_make(ELEMENT_F16, 8);
    (void)state;
    for (shape.n = 1; shape.n < 3; shape.n++) {
        pid_t children[PROCESSES];
        int chosen[PROCESSES];
        for (size_t i = 0; i < PROCESSES; i++) {
            children[i] = fork();
            assert_true(children[i] >= 0);
            if (children[i] == 0)
                _exit((int)engine_alone(&shape, fast[i % 3]));
        }
        for (size_t i = 0; i < PROCESSES; i++) {
            assert_int_equal(waitpid(children[i], &chosen[i], 0), children[i]);
            assert_true(WIFEXITED(chosen[i]));
            assert_int_equal(WEXITSTATUS(chosen[i]), WEXITSTATUS(chosen[0]));
        }
    }
}

static void test_damage_is_said_once(void **state) {
    struct conv_shape shape = shape_make(ELEMENT_F16, 8);
    char path[512];
    struct conv_library *library = library_make(&faultless);
    (void)engine_of(library, &shape);
    assert_damage_said(library, false);
    conv_library_free(library);
    file_make(find_file(*state, path, sizeof path), "verify convolution plans 1\nhalf of");
    for (int again = 0; again < 2; again++) {
        library = library_make(&faultless);
        assert_int_equal(engine_of(library, &shape), FAKE_TENSOR_CORE);
        assert_damage_said(library, !again); /* it has been written anew */
        conv_library_free(library);
    }
}

/* Choices of a library for another one, whose own file does not have them. */
static void test_choices_are_handed_on(void **state) {
    struct conv_shape shape = shape_make(ELEMENT_F16, 8), other = shape;
    struct text choices = {0};
    struct conv_library *library = library_make(&only_fallback_fast);
    other.n++;
    assert_int_equal(engine_of(library, &shape), FAKE_FALLBACK);
    ASSERT_OK(conv_choices_give(library, &choices));
    conv_library_free(library);
    move_cache(state, "another");
    assert_int_equal(engine_alone(&shape, &tensor_cores_slow), FAKE_ORDINARY); /* in the file */
    library = library_make(&faultless);
    ASSERT_OK(conv_choices_take(library, choices.data, choices.length));
    assert_int_equal(engine_of(library, &shape), FAKE_FALLBACK);
    assert_int_equal(fake_cudnn_executions(FAKE_ORDINARY), 0); /* nothing was timed */
    assert_int_equal(engine_of(library, &other), FAKE_TENSOR_CORE);
    conv_library_free(library);
    /* They are kept there, too. */
    assert_int_equal(engine_alone(&shape, &faultless), FAKE_FALLBACK);
    text_free(&choices);
}

/* What is no text of choices, or another device's, counts as none. */
static void test_choices_that_are_none(void **state) {
    struct conv_shape shape = shape_make(ELEMENT_F16, 8);
    struct text choices = {0};
    struct conv_library *library = library_make(&only_fallback_fast);
    (void)engine_of(library, &shape);
    ASSERT_OK(conv_choices_give(library, &choices));
    conv_library_free(library);
    for (size_t kind = 0; kind < 3; kind++) {
        move_cache(state, kind == 0 ? "0" : kind == 1 ? "1" : "2");
        emulated_set_old_device(kind == 0 ? 0 : -1);
        library = library_make(&faultless);
        ASSERT_OK(conv_choices_take(library, choices.data,
                                    choices.length / (kind == 1 ? 2 : 1) - (kind == 2 ? 1 : 0)));
        assert_int_equal(engine_of(library, &shape), FAKE_TENSOR_CORE);
        conv_library_free(library);
        emulated_set_old_device(-1);
    }
    text_free(&choices);
}

/* Later shapes are computed as cuDNN thinks best, whatever is fast or in the file. */
static void test_nothing_is_timed_later(void **state) {
    struct conv_shape shape = shape_make(ELEMENT_F16, 8), later = shape;
    struct fake_cudnn failing = {.failing = FAKE_BIT(FAKE_TENSOR_CORE)};
    (void)state;
    later.n++;
    assert_int_equal(engine_alone(&later, &only_fallback_fast), FAKE_FALLBACK); /* in the file */
    struct conv_library *library = library_make(&tensor_cores_slow);
    assert_int_equal(engine_of(library, &shape), FAKE_ORDINARY);
    conv_choices_settle(library);
    fake_cudnn_set(&tensor_cores_slow);
    assert_int_equal(engine_of(library, &later), FAKE_TENSOR_CORE);
    assert_int_equal(fake_cudnn_executions(FAKE_ORDINARY), 0);
    fake_cudnn_set(&failing);
    later.n++;
    assert_int_equal(engine_of(library, &later), FAKE_ORDINARY); /* the next that runs */
    conv_library_free(library);
    later.n--;
    assert_int_equal(engine_alone(&later, &faultless), FAKE_FALLBACK); /* still there */
}

/* A way of which others cannot be told is taken where that matters to nobody: the first one. */
static void test_ways_without_text(void **state) {
    struct conv_shape shape = shape_make(ELEMENT_F16, 8);
    struct fake_cudnn no_text = only_fallback_fast;
    struct text choices = {0};
    (void)state;
    no_text.no_text = true;
    struct conv_library *library = library_make(&no_text);
    assert_int_equal(engine_of(library, &shape), FAKE_TENSOR_CORE);
    ASSERT_OK(conv_choices_give(library, &choices));
    assert_null(strstr(choices.data, "f16 n2"));
    conv_library_free(library);
    text_free(&choices);
}

/* Two backends for which other engines are fast: findings are the same to the bit once the one has
 * the other's choices, also of shapes that come later, and not before. */
static void test_backends_agree(void **state) {
    struct model model = demo_model();
    struct samples samples = {0};
    struct run leader, alone, follower;
    struct text choices = {0}, kind = {0};
    struct plan plan = usual;
    const struct backend_options options = {0};
    ASSERT_OK(plan.interface->kind(&options, &kind));
    assert_non_null(strstr(kind.data, "Emulated GPU, 9.0, 1 multiprocessors, cuDNN "));
    text_free(&kind);
    demo_samples(&samples, model.n_classes);
    samples_keep(&samples, 2);
    plan.half = true;
    /* One that fuses, and one that rounds before the activation. */
    assert_int_equal(setenv("VERIFY_CUDNN_CANDIDATES", "2", 1), 0);
    fake_cudnn_set(&fused_slow);
    ASSERT_OK(run_open(&plan, &model, &samples, &leader));
    ASSERT_OK(plan.interface->choices(leader.backend, &choices));
    ASSERT_OK(run_close(&leader, run_all(&leader)));
    move_cache(state, "another");
    fake_cudnn_set(&faultless);
    run_ok(&plan, &model, &samples, &alone);
    assert_true(run_compare(&leader, &alone, false).score > 0);
    plan.choices = &choices;
    run_ok(&plan, &model, &samples, &follower);
    assert_same_run(&follower, &leader);
    run_free(&leader);
    run_free(&alone);
    run_free(&follower);
    text_free(&choices);
    samples_free(&samples);
    model_free(&model);
}

/* cuDNN is asked for no batch that is too large for the memory. */
static void test_memory_comes_first(void **state) {
    struct model model = demo_model();
    struct samples samples = {0};
    struct run run;
    struct plan plan = usual;
    uint64_t calls[2];
    sample_draw(&samples, 64, 64, 2, model.n_classes);
    assert_int_equal(setenv("VERIFY_CUDNN_CANDIDATES", "1", 1), 0);
    for (size_t small = 0; small < 2; small++) {
        char name[8];
        plan.batch = small ? 128 : 1;
        snprintf(name, sizeof name, "%zu", small);
        move_cache(state, name);
        emulated_set_memory(small ? emulated_memory_peak() + (enough >> 10) : enough);
        fake_cudnn_set(&faultless);
        ASSERT_OK(run_open(&plan, &model, &samples, &run));
        calls[small] = fake_cudnn_calls();
        assert_int_equal(plan.interface->batch(run.backend) < plan.batch, small);
        run_close(&run, STATUS_OK);
        run_free(&run);
    }
    print_message("%d calls of cuDNN, and %d where the batch is halved\n", (int)calls[0],
                  (int)calls[1]);
    /* As many for the batch that it comes to, but for threads' handles. */
    assert_true(calls[1] < calls[0] + calls[0] / 8);
    emulated_set_memory(enough);
    samples_free(&samples);
    model_free(&model);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        CASE(test_read_without_a_lock),   CASE(test_processes_choose_alike),
        CASE(test_damage_is_said_once),   CASE(test_choices_are_handed_on),
        CASE(test_choices_that_are_none), CASE(test_nothing_is_timed_later),
        CASE(test_ways_without_text),     CASE(test_backends_agree),
        CASE(test_memory_comes_first),
    };
    return RUN_TESTS(tests);
}
