/* The emulated CUDA runtime: what it does late, and the mistakes that it finds. */
#include "emulated_runtime.h"
#include "emulation_padding.h"
#include "unit.h"

#include <cuda_runtime_api.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { BYTES = 64 };

#define CUDA_OK(call) assert_int_equal((call), cudaSuccess)

static void order_set(const char *name) {
    assert_int_equal(setenv("VERIFY_EMULATION_ORDER", name, 1), 0);
}

/* Two streams, an event, memory on both sides. */
struct rig {
    cudaStream_t first, second;
    cudaEvent_t event;
    unsigned char *pinned, *device;
};

static struct rig rig_make(void) {
    struct rig rig;
    CUDA_OK(cudaStreamCreateWithFlags(&rig.first, cudaStreamNonBlocking));
    CUDA_OK(cudaStreamCreateWithFlags(&rig.second, cudaStreamNonBlocking));
    CUDA_OK(cudaEventCreateWithFlags(&rig.event, cudaEventDisableTiming));
    CUDA_OK(cudaHostAlloc((void **)&rig.pinned, BYTES, cudaHostAllocDefault));
    CUDA_OK(cudaMalloc((void **)&rig.device, BYTES));
    return rig;
}

static void rig_free(struct rig *rig) {
    CUDA_OK(cudaStreamSynchronize(rig->first));
    CUDA_OK(cudaStreamSynchronize(rig->second));
    CUDA_OK(cudaFree(rig->device));
    CUDA_OK(cudaFreeHost(rig->pinned));
    CUDA_OK(cudaEventDestroy(rig->event));
    CUDA_OK(cudaStreamDestroy(rig->first));
    CUDA_OK(cudaStreamDestroy(rig->second));
    assert_int_equal(emulated_left(), 0);
}

static cudaError_t upload(struct rig *rig, cudaStream_t stream) {
    return cudaMemcpyAsync(rig->device, rig->pinned, BYTES, cudaMemcpyHostToDevice, stream);
}

static unsigned char first_byte(const void *device) {
    unsigned char bytes[BYTES];
    CUDA_OK(cudaMemcpy(bytes, device, BYTES, cudaMemcpyDeviceToHost));
    return bytes[0];
}

/* What a pinned buffer holds when its copy is done counts, not when it is enqueued. */
static void test_copies_are_late(void **state) {
    (void)state;
    order_set("ascending");
    struct rig rig = rig_make();
    memset(rig.pinned, 1, BYTES);
    CUDA_OK(upload(&rig, rig.first));
    memset(rig.pinned, 2, BYTES);
    CUDA_OK(cudaStreamSynchronize(rig.second));
    memset(rig.pinned, 3, BYTES);
    CUDA_OK(cudaStreamSynchronize(rig.first));
    memset(rig.pinned, 4, BYTES);
    assert_int_equal(first_byte(rig.device), 3);
    rig_free(&rig);
}

struct add {
    unsigned char *data;
    unsigned char factor, summand;
};
static void add_run(void *args) {
    const struct add *add = args;
    *add->data = (unsigned char)(*add->data * add->factor + add->summand);
}
static void enqueue(unsigned char *data, int factor, int summand, cudaStream_t stream) {
    struct add add = {data, (unsigned char)factor, (unsigned char)summand};
    EMULATION_CLEAR_PADDING(&add);
    CUDA_OK(emulated_enqueue("add", add_run, &add, sizeof add, stream));
}

/* x + 1 on one stream, 2 x on the other, in 20 turns; how often the first was not first. */
static size_t turns_wrong(const char *order, bool wait) {
    size_t wrong = 0;
    order_set(order);
    struct rig rig = rig_make();
    for (int i = 0; i < 20; i++) {
        cudaStream_t from = i % 2 ? rig.first : rig.second;
        cudaStream_t to = i % 2 ? rig.second : rig.first;
        CUDA_OK(cudaMemset(rig.device, 1, BYTES));
        CUDA_OK(cudaStreamSynchronize(NULL));
        enqueue(rig.device, 1, 1, from);
        CUDA_OK(cudaEventRecord(rig.event, from));
        if (wait)
            CUDA_OK(cudaStreamWaitEvent(to, rig.event, 0));
        enqueue(rig.device, 2, 0, to);
        CUDA_OK(cudaStreamSynchronize(to));
        wrong += first_byte(rig.device) != 4;
        CUDA_OK(cudaStreamSynchronize(from));
    }
    rig_free(&rig);
    return wrong;
}

static void test_waits(void **state) {
    (void)state;
    static const char *const orders[] = {"ascending", "descending", "shuffled"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(turns_wrong(orders[i], true), 0);
        assert_true(turns_wrong(orders[i], false) > 0);
    }
}

/* An event is what was recorded last; a wait keeps what it found. */
static void test_events(void **state) {
    (void)state;
    order_set("ascending");
    struct rig rig = rig_make();
    CUDA_OK(cudaMemset(rig.device, 1, BYTES));
    CUDA_OK(cudaStreamSynchronize(NULL));
    CUDA_OK(cudaStreamWaitEvent(rig.second, rig.event, 0)); /* never recorded: nothing */
    CUDA_OK(cudaEventSynchronize(rig.event));
    enqueue(rig.device, 1, 1, rig.first);
    CUDA_OK(cudaEventRecord(rig.event, rig.first));
    CUDA_OK(cudaStreamWaitEvent(rig.second, rig.event, 0));
    enqueue(rig.device, 1, 1, rig.first);
    CUDA_OK(cudaEventRecord(rig.event, rig.first));
    CUDA_OK(cudaStreamSynchronize(rig.second));
    assert_int_equal(first_byte(rig.device), 2);
    enqueue(rig.device, 1, 1, rig.first);
    CUDA_OK(cudaEventSynchronize(rig.event));
    assert_int_equal(first_byte(rig.device), 3);
    rig_free(&rig);
}

/* The default stream and those that do not wait for it; blocking ones do. */
static void test_default_stream(void **state) {
    (void)state;
    order_set("ascending");
    struct rig rig = rig_make();
    cudaStream_t blocking;
    CUDA_OK(cudaStreamCreateWithFlags(&blocking, cudaStreamDefault));
    CUDA_OK(cudaMemset(rig.device, 1, BYTES));
    enqueue(rig.device, 2, 0, rig.first);
    CUDA_OK(cudaStreamSynchronize(rig.first));
    CUDA_OK(cudaStreamSynchronize(NULL));
    assert_int_equal(first_byte(rig.device), 1); /* set after it was doubled */
    CUDA_OK(cudaMemset(rig.device, 3, BYTES));
    enqueue(rig.device, 2, 0, blocking);
    assert_int_equal(first_byte(rig.device), 6);
    /* From pageable memory: read at once, written later. */
    unsigned char bytes[BYTES] = {9};
    CUDA_OK(cudaMemcpy(rig.device, bytes, BYTES, cudaMemcpyHostToDevice));
    bytes[0] = 0;
    enqueue(rig.device, 1, 1, rig.first);
    CUDA_OK(cudaStreamSynchronize(rig.first));
    assert_int_equal(first_byte(rig.device), 9);
    CUDA_OK(cudaStreamDestroy(blocking));
    rig_free(&rig);
}

static void test_graphs(void **state) {
    (void)state;
    order_set("shuffled");
    struct rig rig = rig_make();
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    void *other;
    CUDA_OK(cudaMemset(rig.device, 1, BYTES));
    CUDA_OK(cudaStreamSynchronize(NULL));
    CUDA_OK(cudaStreamBeginCapture(rig.first, cudaStreamCaptureModeThreadLocal));
    enqueue(rig.device, 1, 1, rig.first);
    enqueue(rig.device, 2, 0, rig.first);
    CUDA_OK(cudaStreamEndCapture(rig.first, &graph));
    CUDA_OK(cudaGraphInstantiateWithFlags(&exec, graph, 0));
    CUDA_OK(cudaGraphDestroy(graph));
    assert_int_equal(first_byte(rig.device), 1); /* recorded only */
    CUDA_OK(cudaGraphLaunch(exec, rig.first));
    CUDA_OK(cudaGraphLaunch(exec, rig.first));
    CUDA_OK(cudaStreamSynchronize(rig.first));
    assert_int_equal(first_byte(rig.device), 10);
    CUDA_OK(cudaGraphExecDestroy(exec));
    /* What a capture forbids breaks it. */
    CUDA_OK(cudaStreamBeginCapture(rig.first, cudaStreamCaptureModeThreadLocal));
    assert_int_equal(cudaMalloc(&other, 1), cudaErrorStreamCaptureUnsupported);
    assert_int_equal(cudaStreamEndCapture(rig.first, &graph), cudaErrorStreamCaptureInvalidated);
    assert_null(graph);
    CUDA_OK(cudaStreamBeginCapture(rig.first, cudaStreamCaptureModeThreadLocal));
    assert_int_equal(cudaStreamSynchronize(rig.first), cudaErrorStreamCaptureUnsupported);
    assert_int_equal(cudaStreamEndCapture(rig.first, &graph), cudaErrorStreamCaptureInvalidated);
    assert_int_equal(cudaGetLastError(), cudaErrorStreamCaptureInvalidated);
    rig_free(&rig);
}

static void test_memory_limit(void **state) {
    (void)state;
    void *half, *other;
    size_t unused, total;
    emulated_set_memory(1000);
    CUDA_OK(cudaMalloc(&half, 500));
    CUDA_OK(cudaMemGetInfo(&unused, &total));
    assert_int_equal(unused, 500);
    assert_int_equal(total, 1000);
    assert_int_equal(cudaMalloc(&other, 501), cudaErrorMemoryAllocation);
    assert_int_equal(cudaGetLastError(), cudaErrorMemoryAllocation);
    assert_int_equal(cudaGetLastError(), cudaSuccess);
    CUDA_OK(cudaMalloc(&other, 500));
    assert_int_equal(emulated_memory_peak(), 1000);
    assert_int_equal(emulated_left(), 2);
    CUDA_OK(cudaFree(half));
    CUDA_OK(cudaFree(other));
    emulated_set_memory((size_t)1 << 30);
}

static void test_failures(void **state) {
    (void)state;
    struct rig rig = rig_make();
    emulated_fail_at(2, false);
    CUDA_OK(upload(&rig, rig.first));
    assert_null(emulated_failed());
    assert_int_equal(upload(&rig, rig.first), cudaErrorLaunchFailure);
    assert_string_equal(emulated_failed(), "cudaMemcpyAsync");
    CUDA_OK(upload(&rig, rig.first));
    assert_int_equal(emulated_calls(), 3);
    emulated_fail_at(1, true);
    assert_int_equal(cudaStreamSynchronize(rig.first), cudaErrorLaunchFailure);
    assert_int_equal(upload(&rig, rig.first), cudaErrorLaunchFailure);
    emulated_fail_at(0, false);
    rig_free(&rig);
    (void)cudaGetLastError();
}

enum mistake {
    HOST_READS_DEVICE,
    NOT_PINNED,
    TOO_LONG,
    WRONG_SIDE,
    FREED_EARLY,
    PINNED_FREED_EARLY,
    GRAPH_NEEDS_FREED,
    GRAPH_DESTROYED_EARLY,
    FREED_TWICE,
    STREAM_DESTROYED_EARLY,
    OTHER_DEVICE,
    MISTAKES
};

static void make(enum mistake mistake, struct rig *rig) {
    static unsigned char pageable[BYTES];
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    cudaStream_t stream;
    switch (mistake) {
    case HOST_READS_DEVICE:
        *(volatile unsigned char *)rig->device = 1;
        break;
    case NOT_PINNED:
        cudaMemcpyAsync(rig->device, pageable, BYTES, cudaMemcpyHostToDevice, rig->first);
        break;
    case TOO_LONG:
        cudaMemcpyAsync(rig->device + 1, rig->pinned, BYTES, cudaMemcpyHostToDevice, rig->first);
        break;
    case WRONG_SIDE:
        cudaMemcpyAsync(rig->device, rig->pinned, BYTES, cudaMemcpyDeviceToHost, rig->first);
        break;
    case FREED_EARLY:
        enqueue(rig->device, 1, 1, rig->first);
        cudaFree(rig->device);
        break;
    case PINNED_FREED_EARLY:
        upload(rig, rig->first);
        cudaFreeHost(rig->pinned);
        break;
    case GRAPH_NEEDS_FREED:
    case GRAPH_DESTROYED_EARLY:
        cudaStreamBeginCapture(rig->first, cudaStreamCaptureModeThreadLocal);
        enqueue(rig->device, 1, 1, rig->first);
        cudaStreamEndCapture(rig->first, &graph);
        cudaGraphInstantiateWithFlags(&exec, graph, 0);
        if (mistake == GRAPH_NEEDS_FREED)
            cudaFree(rig->device);
        cudaGraphLaunch(exec, rig->first);
        if (mistake == GRAPH_DESTROYED_EARLY)
            cudaGraphExecDestroy(exec);
        cudaStreamSynchronize(rig->first);
        break;
    case FREED_TWICE:
        cudaFree(rig->device);
        cudaFree(rig->device);
        break;
    case STREAM_DESTROYED_EARLY:
        upload(rig, rig->first);
        cudaStreamDestroy(rig->first);
        break;
    case OTHER_DEVICE:
        emulated_set_devices(2);
        cudaSetDevice(1);
        cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
        enqueue(rig->device, 1, 1, stream);
        break;
    case MISTAKES:
        break;
    }
}

static void test_mistakes(void **state) {
    (void)state;
    order_set("ascending");
    struct rig rig = rig_make();
    for (int i = 0; i <= MISTAKES; i++) {
        int status;
        pid_t child = fork();
        assert_true(child >= 0);
        if (!child) {
            signal(SIGABRT, SIG_DFL);
            signal(SIGSEGV, SIG_DFL);
            assert_non_null(freopen("/dev/null", "w", stderr));
            make((enum mistake)i, &rig);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        if (i == MISTAKES)
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        else if (!WIFSIGNALED(status))
            fail_msg("mistake %d was not found", i);
        else
            assert_int_equal(WTERMSIG(status), i == HOST_READS_DEVICE ? SIGSEGV : SIGABRT);
    }
    rig_free(&rig);
}

struct padded {
    uint32_t low;
    void *none;
};
static void padded_run(void *args) {
    (void)args;
}

/* Half an old address beside a number is no address. */
static void test_padding(void **state) {
    (void)state;
    struct padded args = {0};
    struct rig rig = rig_make();
    unsigned char *other;
    CUDA_OK(cudaMalloc((void **)&other, BYTES));
    memcpy(&args, &other, sizeof other);
    EMULATION_CLEAR_PADDING(&args);
    if (memcmp(&args, &other, sizeof other) != 0)
        CUDA_OK(emulated_enqueue("padded", padded_run, &args, sizeof args, rig.first));
    else
        print_message("padding is not cleared by this compiler\n");
    CUDA_OK(cudaFree(other));
    rig_free(&rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies_are_late), cmocka_unit_test(test_waits),
        cmocka_unit_test(test_events),          cmocka_unit_test(test_default_stream),
        cmocka_unit_test(test_graphs),          cmocka_unit_test(test_memory_limit),
        cmocka_unit_test(test_failures),        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_padding),
    };
    return RUN_TESTS(tests);
}
