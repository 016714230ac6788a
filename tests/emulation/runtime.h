/* What the parts of the emulated runtime share. All of it under the one mutex that struct call
 * holds. */
#ifndef VERIFY_TEST_RUNTIME_H
#define VERIFY_TEST_RUNTIME_H

#include <cuda_runtime_api.h>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stdint.h>
#include <thread>
#include <vector>

/* When a stream has done so many operations. */
struct position {
    uint64_t stream, count;
};

/* Something to be done; a graph's launches share theirs. */
struct work {
    const char *name;
    std::function<void(void)> run;
    std::vector<uint64_t> uses; /* allocations, by number */
};
using work_list = std::vector<std::shared_ptr<const work>>;

struct operation {
    work_list work; /* none: a wait */
    std::vector<position> after;
};

struct capture {
    enum cudaStreamCaptureMode mode;
    std::thread::id thread;
    bool broken;
    work_list work;
};

struct CUstream_st {
    uint64_t id; /* 0: not destroyed by programs, a device's legacy stream */
    int device;
    bool blocking, legacy;
    uint64_t done;
    unsigned eagerness; /* of shuffled work ahead */
    std::deque<operation> queue;
    std::unique_ptr<struct capture> capture;
};

struct CUevent_st {
    int device;
    struct position recorded; /* count 0: never */
    bool asked;               /* since then */
    /* On the clock, once it is reached; NULL of events that are not for that. */
    std::shared_ptr<double> milliseconds;
};

struct CUgraph_st {
    work_list work;
};
struct CUgraphExec_st {
    work_list work;
};

struct allocation {
    uint64_t id;
    char *data;
    size_t bytes;
    bool pinned;
    int device;
    void *mapping; /* whole pages, and one on both sides that may not be touched */
    size_t mapped;
};

struct runtime {
    std::mutex mutex;
    int n_devices, old_device;
    size_t memory, used, peak;       /* of one device; of all */
    std::vector<const char *> calls; /* their names, but for those that release */
    uint64_t fail_at;
    bool fail_for_good, lost, fail_for_memory;
    uint64_t n_questions, hang_after; /* 0: never */
    bool hangs;
    const char *failed;
    uint64_t n_made; /* numbers of allocations and streams */
    double clock;    /* milliseconds that work took which says so (stream_submit) */
    uint32_t random;
    std::map<uintptr_t, allocation> allocations; /* by address */
    std::map<uint64_t, std::unique_ptr<CUstream_st>> streams;
    std::set<void *> events, graphs, execs;
};
extern struct runtime runtime;

[[noreturn]] __attribute__((format(printf, 1, 2))) void runtime_die(const char *format, ...);
/* 0 to n - 1. */
unsigned runtime_random(unsigned n);
/* The device of the calling thread. */
int runtime_device(void);

/* A call of the runtime: holds the mutex; streams work ahead at its end. */
struct call {
    cudaError_t error; /* what it is to fail with, as emulated_fail_at says */
    call(const char *name, bool releases = false);
    ~call();
    /* Makes an error the calling thread's last one. */
    cudaError_t result(cudaError_t error);

  private:
    std::lock_guard<std::mutex> guard;
};

/* runtime_memory.cpp */

/* The allocation that an address lies in, or NULL. */
const allocation *memory_find(const void *address);
/* The allocation that holds all these bytes; aborts where there is none. `what`: of the call. */
const allocation *memory_range(const char *what, const void *address, size_t bytes);
bool memory_exists(uint64_t id);
/* Adds the allocations whose addresses stand in an argument, whose padding is clear. */
void memory_add_uses(const void *argument, size_t bytes, std::vector<uint64_t> *uses);
/* Devices' memory can be touched while one of these lives. */
struct memory_access {
    memory_access(void);
    ~memory_access();
};

/* runtime_streams.cpp */

/* NULL: the legacy stream of the calling thread's device. */
CUstream_st *stream_of(cudaStream_t stream);
/* Puts work into a stream's queue, or into its capture. */
cudaError_t stream_enqueue(CUstream_st *stream, const work_list &work);
void stream_enqueue_wait(CUstream_st *stream, struct position after);
struct position stream_tail(const CUstream_st *stream);
void streams_reach(struct position wanted);
/* What streams do of their own accord. */
void streams_work_ahead(void);
/* Nothing that is enqueued is ever done. */
void streams_drop(void);
/* For libraries beside the runtime. Enqueues work that needs the allocations which these addresses
 * lie in and takes so long. */
cudaError_t stream_submit(const char *name, std::function<void(void)> run,
                          const std::vector<const void *> &memory, double milliseconds,
                          cudaStream_t stream);
/* Aborts where not all of these bytes are in one allocation. */
void stream_check_memory(const char *what, const void *address, size_t bytes);
/* The name of enqueued work that needs the allocation, or NULL. */
const char *streams_need(uint64_t allocation);

/* runtime_capture.cpp */

/* An error where a capture forbids what the calling thread is about to do, and breaks it. */
cudaError_t capture_forbids(void);

#endif
