/* The threads of a block as fibers. A fiber runs one thread after another until one of them waits;
 * the next thread then gets another fiber, so that kernels without barriers need one. */
#include "cuda_emulation.h"

#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <mutex>
#include <numeric>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

enum { THREADS_MOST = 1024, BLOCKS_MOST_YZ = 65535, STACK_BYTES = 1 << 18 };
enum { CACHE_LINE_BYTES = 64, CACHE_LINES = 64 /* of a page */ };

uint3 threadIdx, blockIdx, blockDim, gridDim;

extern uint64_t emulation_shared_begin[], emulation_shared_end[]; /* shared.ld */

/* What a kernel finds where nothing was written, by the order: as floats, not-a-number, large and
 * next to 0. */
static const uint64_t FILLINGS[] = {0xffffffffffffffff, 0x7b7b7b7b7b7b7b7b, 0xa5a5a5a5a5a5a5a5};

/* Of 0 to n - 1: stride and n have no common divisor. */
struct permutation {
    uint64_t n, stride, offset;
};

/* What a switch needs lies together. */
struct fiber {
    bool begun;
    char *stack;              /* NULL: the caller's */
    const void *stack_bottom; /* for the sanitizer */
    size_t stack_bytes;
    jmp_buf place;      /* to go on from: quicker than a context, which takes system calls */
    ucontext_t context; /* to begin in */
};

enum thread_state { RUNNABLE, IN_BARRIER, IN_WARP, ENDED };

struct thread {
    enum thread_state state;
    struct fiber *fiber; /* NULL: not started */
    const char *operation;
    struct emulation_site site;
    unsigned mask; /* of a warp operation */
    uint64_t value, result;
    unsigned from; /* the lane whose value is wanted */
};

/* The launch that runs; one at a time, since shared memory is static. */
static struct {
    std::mutex mutex;
    const char *kernel;
    void (*run)(void *);
    void *args;
    enum emulation_order order;
    struct permutation threads_order;
    uint32_t seed;
    unsigned n, n_ended, n_in_barrier;
    unsigned cursor; /* the running thread's place in the order */
    struct thread *current;
    struct thread threads[THREADS_MOST];
    struct fiber caller, fibers[THREADS_MOST];
    struct fiber *idle[THREADS_MOST];
    size_t n_fibers, n_idle;
} machine;

static unsigned thread_index(const struct thread *thread) {
    return (unsigned)(thread - machine.threads);
}

static struct thread *warp_of(const struct thread *thread) {
    return machine.threads + thread_index(thread) / warpSize * warpSize;
}

[[noreturn]] static void die(const char *what) {
    fprintf(stderr, "emulation: kernel %s: %s\n", machine.kernel, what);
    abort();
}

enum emulation_order emulation_order_wanted(void) {
    const char *name = getenv("VERIFY_EMULATION_ORDER");
    if (!name || strcmp(name, "ascending") == 0)
        return ASCENDING;
    if (strcmp(name, "descending") == 0)
        return DESCENDING;
    if (strcmp(name, "shuffled") == 0)
        return SHUFFLED;
    fprintf(stderr,
            "emulation: VERIFY_EMULATION_ORDER is none of ascending, descending, shuffled\n");
    abort();
}

/* A shuffled order is another one each time, but the same ones in each run. */
static struct permutation permutation_make(uint64_t n) {
    if (machine.order == ASCENDING)
        return {n, 1, 0};
    if (machine.order == DESCENDING)
        return {n, n - 1, n - 1};
    machine.seed = machine.seed * 1664525 + 1013904223;
    uint64_t stride = machine.seed % n;
    while (std::gcd(stride, n) != 1 || (stride == 1 && n > 2))
        stride = (stride + 1) % n;
    return {n, stride, machine.seed >> 8};
}

static uint64_t permuted(const struct permutation *order, uint64_t i) {
    return (i * order->stride + order->offset) % order->n;
}

static struct thread *thread_at(unsigned i) {
    return &machine.threads[permuted(&machine.threads_order, i)];
}

/* Writes also what the sanitizer keeps free between variables. */
__attribute__((no_sanitize("address"))) static void fill_shared(void) {
    for (volatile uint64_t *at = emulation_shared_begin; at != emulation_shared_end; at++)
        *at = FILLINGS[machine.order];
}

#ifdef __SANITIZE_ADDRESS__
/* The C library's own _longjmp: the sanitizer's takes the stack that it leaves for given up, and
 * marks all of it as free, which takes most of the time. */
static void (*find_jump(void))(jmp_buf, int) {
    void *library = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    void *jump = library ? dlsym(library, "_longjmp") : NULL;
    if (!jump)
        die("the C library has no _longjmp");
    return (void (*)(jmp_buf, int))jump;
}
static void (*const jump)(jmp_buf, int) = find_jump();
#else
static void (*const jump)(jmp_buf, int) = _longjmp;
#endif

static void fiber_switch(struct fiber *from, struct fiber *to) {
#ifdef __SANITIZE_ADDRESS__
    void *fake_stack;
    __sanitizer_start_switch_fiber(&fake_stack, to->stack_bottom, to->stack_bytes);
#endif
    if (_setjmp(from->place) == 0) {
        if (to->begun || !to->stack)
            jump(to->place, 1);
        to->begun = true;
        setcontext(&to->context);
    }
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(fake_stack, &to->stack_bottom, &to->stack_bytes);
#endif
}

static void thread_enter(struct thread *thread) {
    unsigned i = thread_index(thread), row = i / blockDim.x;
    machine.current = thread;
    threadIdx = {i % blockDim.x, row % blockDim.y, row / blockDim.y};
}

/* Goes on to the next thread in the order that can run; NULL where it has begun already and has a
 * fiber of its own, or where there is none. */
static struct thread *take_fresh(void) {
    for (; machine.cursor + 1 < machine.n; machine.cursor++) {
        struct thread *thread = thread_at(machine.cursor + 1);
        if (thread->state != RUNNABLE)
            continue;
        if (thread->fiber)
            return NULL;
        machine.cursor++;
        return thread;
    }
    return NULL;
}

static void fiber_main(void) {
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(NULL, &machine.caller.stack_bottom,
                                    &machine.caller.stack_bytes);
#endif
    struct fiber *fiber = machine.current->fiber;
    for (;;) {
        for (struct thread *thread = machine.current; thread; thread = take_fresh()) {
            thread->fiber = fiber;
            thread_enter(thread);
            machine.run(machine.args);
            thread->state = ENDED;
            machine.n_ended++;
        }
        machine.idle[machine.n_idle++] = fiber;
        fiber_switch(fiber, &machine.caller);
    }
}

/* With a page before the stack that may not be touched. Stacks end at different places of a page:
 * what all threads of a block have at the same depth would else be in the same few lines of the
 * processor's caches, and each switch would wait for memory. */
static struct fiber *fiber_make(void) {
    struct fiber *fiber = &machine.fibers[machine.n_fibers++];
    size_t shift = machine.n_fibers % CACHE_LINES * CACHE_LINE_BYTES;
    size_t guard = (size_t)sysconf(_SC_PAGESIZE);
    void *memory = mmap(NULL, guard + STACK_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory, guard, PROT_NONE) != 0 ||
        getcontext(&fiber->context) != 0)
        die("no memory for a fiber");
    fiber->stack = (char *)memory + guard;
    fiber->stack_bottom = fiber->context.uc_stack.ss_sp = fiber->stack;
    fiber->stack_bytes = fiber->context.uc_stack.ss_size = STACK_BYTES - shift;
    makecontext(&fiber->context, fiber_main, 0);
    return fiber;
}

static void thread_resume(struct thread *thread) {
    if (!thread->fiber)
        thread->fiber = machine.n_idle ? machine.idle[--machine.n_idle] : fiber_make();
    thread_enter(thread);
    fiber_switch(&machine.caller, thread->fiber);
}

/* The current thread lets others run. */
static void thread_wait(void) {
    struct thread *thread = machine.current;
    fiber_switch(thread->fiber, &machine.caller);
}

static void thread_say(char *out, size_t size, const struct thread *thread) {
    char mask[32] = "";
    if (thread->state == IN_WARP)
        snprintf(mask, sizeof mask, " of mask %08x", thread->mask);
    if (thread->state == ENDED)
        snprintf(out, size, "thread %u has ended", thread_index(thread));
    else
        snprintf(out, size, "thread %u waits in %s%s (%s:%d)", thread_index(thread),
                 thread->operation, mask, thread->site.file, thread->site.line);
}

/* The addresses say it mostly: it is asked for each thread at each barrier. */
static bool same_text(const char *a, const char *b) {
    return a == b || strcmp(a, b) == 0;
}

static bool same_place(const struct thread *a, const struct thread *b) {
    return a->state == b->state && a->mask == b->mask && a->site.line == b->site.line &&
           same_text(a->operation, b->operation) && same_text(a->site.file, b->site.file);
}

/* No thread can run: names one, and one that it waits for. */
[[noreturn]] static void die_stuck(void) {
    struct thread *thread = machine.threads, *other;
    while (thread->state == ENDED)
        thread++;
    bool warp = thread->state == IN_WARP;
    struct thread *first = warp ? warp_of(thread) : machine.threads;
    for (other = first;
         same_place(thread, other) || (warp && !(thread->mask >> (other - first) & 1));)
        other++;
    char what[1024], waiting[400], missing[400];
    thread_say(waiting, sizeof waiting, thread);
    thread_say(missing, sizeof missing, other);
    snprintf(what, sizeof what, "block %u is stuck: %s; %s", blockIdx.x, waiting, missing);
    die(what);
}

static void block_run(void) {
    machine.n_ended = machine.n_in_barrier = 0;
    for (unsigned i = 0; i < machine.n; i++) {
        machine.threads[i].state = RUNNABLE;
        machine.threads[i].fiber = NULL;
    }
    fill_shared();
    while (machine.n_ended < machine.n) {
        bool any = false;
        machine.threads_order = permutation_make(machine.n);
        for (machine.cursor = 0; machine.cursor < machine.n; machine.cursor++) {
            struct thread *thread = thread_at(machine.cursor);
            if (thread->state != RUNNABLE)
                continue;
            thread_resume(thread);
            any = true;
        }
        if (!any)
            die_stuck();
    }
}

static uint64_t threads_of(const dim3 &block) {
    return (uint64_t)block.x * block.y * block.z;
}

cudaError_t emulation_check(const struct emulation_kernel *kernel) {
    const dim3 &grid = kernel->grid;
    uint64_t n = threads_of(kernel->block);
    bool fits = n && n <= THREADS_MOST && grid.x && grid.y && grid.z && grid.x <= INT32_MAX &&
                grid.y <= BLOCKS_MOST_YZ && grid.z <= BLOCKS_MOST_YZ;
    return fits ? cudaSuccess : cudaErrorInvalidConfiguration;
}

void emulation_run(const struct emulation_kernel *kernel, void *args) {
    std::lock_guard<std::mutex> guard(machine.mutex);
    const dim3 &grid = kernel->grid;
    machine.kernel = kernel->name;
    machine.run = kernel->thread;
    machine.args = args;
    machine.n = (unsigned)threads_of(kernel->block);
    machine.order = emulation_order_wanted();
    machine.seed = 1;
    gridDim = grid;
    blockDim = kernel->block;
    uint64_t blocks = (uint64_t)grid.x * grid.y * grid.z;
    struct permutation order = permutation_make(blocks);
    for (uint64_t i = 0; i < blocks; i++) {
        uint64_t at = permuted(&order, i);
        blockIdx = {(unsigned)(at % grid.x), (unsigned)(at / grid.x % grid.y),
                    (unsigned)(at / grid.x / grid.y)};
        block_run();
    }
}

static void arrive(enum thread_state state, const char *operation, unsigned mask,
                   const emulation_site &site) {
    struct thread *thread = machine.current;
    thread->state = state;
    thread->operation = operation;
    thread->mask = mask;
    thread->site = site;
}

unsigned emulation_barrier(const char *operation, bool value, const emulation_site &site) {
    struct thread *self = machine.current;
    arrive(IN_BARRIER, operation, 0, site);
    self->value = value;
    machine.n_in_barrier++;
    if (machine.n_in_barrier == machine.n) {
        uint64_t sum = 0;
        for (unsigned i = 0; i < machine.n; i++) {
            if (!same_place(self, &machine.threads[i]))
                die_stuck();
            sum += machine.threads[i].value;
        }
        for (unsigned i = 0; i < machine.n; i++) {
            machine.threads[i].state = RUNNABLE;
            machine.threads[i].result = sum;
        }
        machine.n_in_barrier = 0;
    }
    thread_wait();
    return (unsigned)self->result;
}

unsigned emulation_lane(void) {
    return thread_index(machine.current) % warpSize;
}

/* The lanes of the current thread's operation that there are: a block's last warp may be short. */
static unsigned warp_lanes(void) {
    struct thread *self = machine.current;
    unsigned left = machine.n - thread_index(warp_of(self));
    if (!(self->mask >> emulation_lane() & 1))
        die("a lane is not in its own mask");
    return left < warpSize ? self->mask & ((1u << left) - 1) : self->mask;
}

/* Whether all of `lanes` have arrived; they may then run. */
static bool warp_complete(unsigned lanes) {
    struct thread *self = machine.current, *warp = warp_of(self);
    for (unsigned lane = 0; lane < warpSize; lane++)
        if (lanes >> lane & 1 && !same_place(self, &warp[lane]))
            return false;
    for (unsigned lane = 0; lane < warpSize; lane++)
        if (lanes >> lane & 1)
            warp[lane].state = RUNNABLE;
    return true;
}

unsigned emulation_vote(const char *operation, unsigned mask, bool value,
                        const emulation_site &site) {
    struct thread *self = machine.current, *warp = warp_of(self);
    arrive(IN_WARP, operation, mask, site);
    self->value = value;
    unsigned lanes = warp_lanes(), votes = 0;
    if (warp_complete(lanes)) {
        for (unsigned lane = 0; lane < warpSize; lane++)
            if (lanes >> lane & 1)
                votes |= (unsigned)warp[lane].value << lane;
        for (unsigned lane = 0; lane < warpSize; lane++)
            if (lanes >> lane & 1)
                warp[lane].result = votes;
    }
    thread_wait();
    return (unsigned)self->result;
}

uint64_t emulation_exchange(const char *operation, unsigned mask, uint64_t bits, unsigned from,
                            const emulation_site &site) {
    struct thread *self = machine.current, *warp = warp_of(self);
    arrive(IN_WARP, operation, mask, site);
    self->value = bits;
    self->from = from;
    unsigned lanes = warp_lanes();
    if (warp_complete(lanes))
        for (unsigned lane = 0; lane < warpSize; lane++)
            if (lanes >> lane & 1) {
                unsigned other = warp[lane].from;
                warp[lane].result =
                    lanes >> other & 1 ? warp[other].value : FILLINGS[machine.order];
            }
    thread_wait();
    return self->result;
}
