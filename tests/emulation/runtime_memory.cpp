/* Memory of devices, and pinned memory: pages of their own. */
#include <cuda_emulation.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emulated_runtime.h"
#include "runtime.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes)   ((void)(address), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#endif

enum { ALIGNMENT = 256 }; /* as the CUDA runtime's */

static const unsigned char FILLINGS[] = {0xff, 0x7b, 0xa5}; /* by the order */

static size_t page_bytes(void) {
    return (size_t)sysconf(_SC_PAGESIZE);
}

static void protect(const allocation *at, int protection) {
    size_t page = page_bytes();
    if (mprotect((char *)at->mapping + page, at->mapped - 2 * page, protection) != 0)
        runtime_die("mprotect failed");
}

static void protect_devices(int protection) {
    for (const auto &[address, at] : runtime.allocations)
        if (!at.pinned)
            protect(&at, protection);
}

memory_access::memory_access(void) {
    protect_devices(PROT_READ | PROT_WRITE);
}

memory_access::~memory_access() {
    protect_devices(PROT_NONE);
}

/* What is allocated ends with its pages, but for the alignment. */
static void *allocate(size_t bytes, bool pinned) {
    size_t page = page_bytes(), size = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    size_t pages = (size + page - 1) / page * page;
    allocation at = {};
    at.mapped = pages + 2 * page;
    at.mapping = mmap(NULL, at.mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at.mapping == MAP_FAILED)
        return NULL;
    protect(&at, PROT_READ | PROT_WRITE);
    char *begin = (char *)at.mapping + page;
    memset(begin, FILLINGS[emulation_order_wanted()], pages);
    at.data = begin + pages - size;
    at.bytes = bytes;
    at.pinned = pinned;
    at.device = runtime_device();
    at.id = ++runtime.n_made;
    ASAN_POISON_MEMORY_REGION(begin, pages);
    ASAN_UNPOISON_MEMORY_REGION(at.data, bytes);
    if (!pinned) {
        protect(&at, PROT_NONE);
        runtime.used += bytes;
        runtime.peak = runtime.used > runtime.peak ? runtime.used : runtime.peak;
    }
    runtime.allocations[(uintptr_t)at.data] = at;
    return at.data;
}

static void release(const char *what, void *memory, bool pinned) {
    auto at = runtime.allocations.find((uintptr_t)memory);
    if (at == runtime.allocations.end() || at->second.pinned != pinned)
        runtime_die("%s of what it did not give", what);
    const allocation &found = at->second;
    const char *name = streams_need(found.id);
    if (name)
        runtime_die("%s of memory that is needed by what is enqueued: %s", what, name);
    if (!pinned)
        runtime.used -= found.bytes;
    ASAN_UNPOISON_MEMORY_REGION(found.mapping, found.mapped);
    munmap(found.mapping, found.mapped);
    runtime.allocations.erase(at);
}

const allocation *memory_find(const void *address) {
    auto next = runtime.allocations.upper_bound((uintptr_t)address);
    if (next == runtime.allocations.begin())
        return NULL;
    const allocation *at = &std::prev(next)->second;
    return (const char *)address < at->data + at->bytes ? at : NULL;
}

const allocation *memory_range(const char *what, const void *address, size_t bytes) {
    const allocation *at = memory_find(address);
    if (!at || bytes > at->bytes - (size_t)((const char *)address - at->data))
        runtime_die("%s of %zu bytes that are not all allocated", what, bytes);
    return at;
}

bool memory_exists(uint64_t id) {
    for (const auto &[address, at] : runtime.allocations)
        if (at.id == id)
            return true;
    return false;
}

void memory_add_uses(const void *argument, size_t bytes, std::vector<uint64_t> *uses) {
    for (size_t at = 0; at + sizeof(void *) <= bytes; at += sizeof(void *)) {
        void *word;
        memcpy(&word, (const char *)argument + at, sizeof word);
        const allocation *found = memory_find(word);
        if (found)
            uses->push_back(found->id);
    }
}

void emulated_set_memory(size_t bytes) {
    std::lock_guard<std::mutex> guard(runtime.mutex);
    runtime.memory = bytes;
    runtime.peak = runtime.used;
}

size_t emulated_memory_peak(void) {
    std::lock_guard<std::mutex> guard(runtime.mutex);
    return runtime.peak;
}

static size_t used_here(void) {
    size_t used = 0;
    for (const auto &[address, at] : runtime.allocations)
        if (!at.pinned && at.device == runtime_device())
            used += at.bytes;
    return used;
}

static cudaError_t may_allocate(struct call *call) {
    return call->error ? call->error : capture_forbids();
}

cudaError_t cudaMalloc(void **out, size_t bytes) {
    struct call call(__func__);
    cudaError_t error = may_allocate(&call);
    size_t used = used_here();
    if (error != cudaSuccess)
        return call.result(error);
    if (used > runtime.memory || bytes > runtime.memory - used || !(*out = allocate(bytes, false)))
        return call.result(cudaErrorMemoryAllocation);
    return cudaSuccess;
}

cudaError_t cudaHostAlloc(void **out, size_t bytes, unsigned flags) {
    struct call call(__func__);
    cudaError_t error = may_allocate(&call);
    (void)flags;
    if (error == cudaSuccess && !(*out = allocate(bytes, true)))
        error = cudaErrorMemoryAllocation;
    return call.result(error);
}

static cudaError_t release_call(const char *name, void *memory, bool pinned) {
    struct call call(name, true);
    cudaError_t error = capture_forbids();
    if (memory)
        release(name, memory, pinned);
    return call.result(call.error ? call.error : error);
}

cudaError_t cudaFree(void *memory) {
    return release_call(__func__, memory, false);
}

cudaError_t cudaFreeHost(void *memory) {
    return release_call(__func__, memory, true);
}

cudaError_t cudaMemGetInfo(size_t *unused, size_t *total) {
    struct call call(__func__);
    size_t used = used_here();
    *unused = used < runtime.memory ? runtime.memory - used : 0;
    *total = runtime.memory;
    return call.result(call.error);
}

static std::shared_ptr<const work> copy_work(void *dst, const void *src, size_t bytes) {
    std::vector<uint64_t> uses;
    for (const void *side : {(const void *)dst, src})
        if (const allocation *at = memory_find(side))
            uses.push_back(at->id);
    return std::make_shared<work>(work{"a copy", [=] { memcpy(dst, src, bytes); }, uses});
}

/* Checks both sides; the host's, or NULL where it is pageable. */
static const allocation *check_copy(const char *what, const void *dst, const void *src,
                                    size_t bytes, enum cudaMemcpyKind kind) {
    bool up = kind == cudaMemcpyHostToDevice;
    const void *host = up ? src : dst;
    if (memory_range(what, up ? dst : src, bytes)->pinned)
        runtime_die("%s with host memory on the device's side", what);
    if (!memory_find(host))
        return NULL;
    const allocation *at = memory_range(what, host, bytes);
    if (!at->pinned)
        runtime_die("%s with a device's memory on the host's side", what);
    return at;
}

cudaError_t cudaMemset(void *memory, int value, size_t bytes) {
    struct call call(__func__);
    cudaError_t error = may_allocate(&call);
    if (error != cudaSuccess || !bytes)
        return call.result(error);
    const allocation *at = memory_range(__func__, memory, bytes);
    auto fill =
        std::make_shared<work>(work{"cudaMemset", [=] { memset(memory, value, bytes); }, {at->id}});
    error = stream_enqueue(stream_of(NULL), {fill});
    if (at->pinned && error == cudaSuccess)
        streams_reach(stream_tail(stream_of(NULL)));
    return call.result(error);
}

/* From pageable memory it returns when the host's side has been read. */
cudaError_t cudaMemcpy(void *dst, const void *src, size_t bytes, enum cudaMemcpyKind kind) {
    struct call call(__func__);
    cudaError_t error = may_allocate(&call);
    CUstream_st *stream = stream_of(NULL);
    if (error != cudaSuccess || !bytes)
        return call.result(error);
    bool staged = !check_copy(__func__, dst, src, bytes, kind) && kind == cudaMemcpyHostToDevice;
    auto copy = copy_work(dst, src, bytes);
    if (staged) {
        auto bytes_read =
            std::make_shared<std::vector<char>>((const char *)src, (const char *)src + bytes);
        copy = std::make_shared<work>(
            work{"cudaMemcpy", [=] { memcpy(dst, bytes_read->data(), bytes); }, copy->uses});
    }
    error = stream_enqueue(stream, {copy});
    if (error == cudaSuccess && !staged)
        streams_reach(stream_tail(stream));
    return call.result(error);
}

cudaError_t cudaMemcpyAsync(void *dst, const void *src, size_t bytes, enum cudaMemcpyKind kind,
                            cudaStream_t stream) {
    struct call call(__func__);
    if (call.error || !bytes)
        return call.result(call.error);
    if (kind == cudaMemcpyDeviceToDevice) {
        for (const void *side : {(const void *)dst, src})
            if (memory_range(__func__, side, bytes)->pinned)
                runtime_die("%s with host memory on the device's side", __func__);
    } else if (!check_copy(__func__, dst, src, bytes, kind))
        runtime_die("%s with host memory that is not pinned", __func__);
    return call.result(stream_enqueue(stream_of(stream), {copy_work(dst, src, bytes)}));
}
