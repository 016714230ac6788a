/* Which engines could run the shapes: chosen already, or asked of cuDNN, in threads. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "cuda/check.h"
#include "cuda/conv/conv_library.h"
#include "cuda/conv/cudnn_check.h"

static const struct {
    const char *text;
    struct conv_way way;
} ways[] = {
    {"fused", {CONV_FUSED, false, false}},
    {"plain", {CONV_PLAIN, false, false}},
    {"fused packed", {CONV_FUSED, true, false}},
    {"plain packed", {CONV_PLAIN, true, false}},
    {"plain not fused", {CONV_PLAIN, false, true}},
    {"plain packed not fused", {CONV_PLAIN, true, true}},
};
enum { N_WAYS = sizeof ways / sizeof *ways, ASKED = 4 /* the first ones, in this order */ };

const char *conv_way_text(const struct conv_way *way) {
    for (size_t i = 0; i < N_WAYS; i++)
        if (ways[i].way.form == way->form && ways[i].way.packed == way->packed &&
            ways[i].way.forced == way->forced)
            return ways[i].text;
    return "";
}

bool conv_way_parse(const char *text, struct conv_way *way) {
    for (size_t i = 0; i < N_WAYS; i++)
        if (!strcmp(ways[i].text, text)) {
            *way = ways[i].way;
            return true;
        }
    return false;
}

static bool load(const struct conv_target *target, struct conv_plan *plan,
                 const struct conv_cache *choices) {
    const struct conv_cache_entry *entry = conv_cache_find(choices, plan->key.data);
    struct conv_way way;
    if (!entry || !conv_way_parse(entry->choice, &way) ||
        !conv_form_exists(&plan->shape, way.form) ||
        !conv_engine_load(target, entry->plan, &way, &plan->build->candidates[0]))
        return false;
    plan->build->n_candidates = 1;
    return true;
}

/* Candidates of all ways, up to `most`. */
static void find(const struct conv_target *target, struct conv_plan *plan, size_t most) {
    struct conv_build *build = plan->build;
    bool direct = false;
    for (size_t i = 0; i < ASKED; i++) {
        const struct conv_way *way = &ways[i].way;
        /* Copies only where there is no other way. */
        if (way->packed && (direct || !conv_is_strided(&plan->shape)))
            continue;
        if (!conv_form_exists(&plan->shape, way->form))
            continue;
        size_t room = most - build->n_candidates;
        size_t limit = way->form == CONV_FUSED ? (most + 1) / 2 : room;
        build->n_candidates +=
            conv_engines_find(target, &plan->shape, way, &build->candidates[build->n_candidates],
                              limit < room ? limit : room);
        direct = direct || (!way->packed && build->n_candidates);
    }
}

void conv_candidates_renew(struct conv_library *library, struct conv_plan *plan) {
    struct conv_target target = {.handle = library->handles[0]};
    find(&target, plan, CONV_CANDIDATES);
}

struct finder {
    struct conv_library *library;
    atomic_size_t next; /* plan that no thread has taken yet */
};
struct worker {
    struct finder *finder;
    struct conv_target target;
    pthread_t thread;
};

static void work(struct worker *worker) {
    struct finder *finder = worker->finder;
    struct conv_library *library = finder->library;
    for (;;) {
        size_t i = atomic_fetch_add(&finder->next, 1);
        if (i >= library->plans.n)
            return;
        struct conv_plan *plan = library->plans.items[i];
        if (!plan->built && !load(&worker->target, plan, &library->choices))
            find(&worker->target, plan, library->settled ? 1 : library->most_candidates);
    }
}

/* A thread besides the calling one. Others do its share where it cannot. */
static void *help(void *argument) {
    struct worker *worker = argument;
    if (cudaSetDevice(worker->finder->library->device) == cudaSuccess)
        work(worker);
    return NULL;
}

/* Threads worth having: no more than processors and plans. */
static size_t thread_count(const struct conv_library *library) {
    size_t pending = 0;
    cpu_set_t set;
    for (size_t i = 0; i < library->plans.n; i++)
        pending += !library->plans.items[i]->built;
    int processors = sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
    size_t count = processors < 1 ? 1 : (size_t)processors;
    if (count > CONV_THREADS)
        count = CONV_THREADS;
    return count < pending ? count : pending;
}

enum status conv_candidates_find(struct conv_library *library) {
    enum status status = STATUS_OK;
    struct finder finder = {.library = library, .next = 0};
    struct worker workers[CONV_THREADS];
    size_t wanted = thread_count(library);
    size_t started = 1;
    /* A handle belongs to one thread at a time; plans run with the one that they were made with. */
    while (library->n_handles < wanted) {
        cudnnHandle_t handle = NULL;
        TRY(CUDNN(cudnnCreate(&handle)));
        library->handles[library->n_handles++] = handle;
        TRY(CUDNN(cudnnSetStream(handle, library->stream)));
    }
    for (size_t i = 0; i < wanted; i++)
        workers[i] = (struct worker){.finder = &finder, .target.handle = library->handles[i]};
    /* Fewer threads than wanted do the same work. */
    while (started < wanted &&
           !pthread_create(&workers[started].thread, NULL, help, &workers[started]))
        started++;
    if (wanted)
        work(&workers[0]);
    while (started > 1)
        (void)pthread_join(workers[--started].thread, NULL);
out:
    return status;
}
