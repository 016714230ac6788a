/* Devices, errors, and calls that are made to fail. */
#include <cuda_emulation.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "emulated_runtime.h"
#include "runtime.h"

/* How many a program sees that cannot call emulated_set_devices: VERIFY_EMULATION_DEVICES, or 1. */
static int devices_wanted() {
    const char *text = getenv("VERIFY_EMULATION_DEVICES");
    return text ? atoi(text) : 1;
}

struct runtime runtime = {
    .n_devices = devices_wanted(), .old_device = -1, .memory = (size_t)1 << 30, .random = 1};

static thread_local cudaError_t last_error;
static thread_local int current_device;

void runtime_die(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("emulation: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}

unsigned runtime_random(unsigned n) {
    runtime.random = runtime.random * 1664525u + 1013904223u;
    return (runtime.random >> 8) % n;
}

int runtime_device(void) {
    return current_device;
}

call::call(const char *name, bool releases) : error(cudaSuccess), guard(runtime.mutex) {
    if (releases && runtime.hangs)
        runtime_die("%s: of a device that hangs", name);
    if (!releases)
        runtime.calls.push_back(name);
    bool turn = !releases && runtime.calls.size() == runtime.fail_at;
    if (!turn && !runtime.lost)
        return;
    error = runtime.fail_for_memory ? cudaErrorMemoryAllocation : cudaErrorLaunchFailure;
    if (turn) {
        runtime.failed = name;
        runtime.lost = runtime.fail_for_good;
    }
    if (runtime.lost)
        streams_drop();
}

call::~call() {
    streams_work_ahead();
}

cudaError_t call::result(cudaError_t value) {
    if (value != cudaSuccess)
        last_error = value;
    return value;
}

void emulated_set_devices(int count) {
    runtime.n_devices = count;
}

void emulated_set_old_device(int device) {
    runtime.old_device = device;
}

void emulated_fail_at(uint64_t at, bool for_good) {
    std::lock_guard<std::mutex> guard(runtime.mutex);
    runtime.calls.clear();
    runtime.fail_at = at;
    runtime.fail_for_good = for_good;
    runtime.lost = false;
    runtime.failed = NULL;
}

void emulated_fail_for_memory(bool memory) {
    std::lock_guard<std::mutex> guard(runtime.mutex);
    runtime.fail_for_memory = memory;
}

void emulated_hang(uint64_t after) {
    std::lock_guard<std::mutex> guard(runtime.mutex);
    runtime.hang_after = after;
    runtime.n_questions = 0;
    runtime.hangs = false;
}

void emulated_hang_now(void) {
    std::lock_guard<std::mutex> guard(runtime.mutex);
    runtime.hangs = true;
}

uint64_t emulated_calls(void) {
    std::lock_guard<std::mutex> guard(runtime.mutex);
    return runtime.calls.size();
}

const char *emulated_call(uint64_t number) {
    std::lock_guard<std::mutex> guard(runtime.mutex);
    return runtime.calls.at(number - 1);
}

const char *emulated_failed(void) {
    std::lock_guard<std::mutex> guard(runtime.mutex);
    return runtime.failed;
}

size_t emulated_left(void) {
    std::lock_guard<std::mutex> guard(runtime.mutex);
    size_t streams = 0;
    for (const auto &[id, stream] : runtime.streams)
        streams += !stream->legacy;
    return runtime.allocations.size() + streams + runtime.events.size() + runtime.graphs.size() +
           runtime.execs.size();
}

cudaError_t cudaGetLastError(void) {
    cudaError_t error = last_error;
    last_error = cudaSuccess;
    return error;
}

const char *cudaGetErrorString(cudaError_t error) {
    switch (error) {
    case cudaSuccess:
        return "no error";
    case cudaErrorInvalidValue:
        return "invalid argument";
    case cudaErrorMemoryAllocation:
        return "out of memory";
    case cudaErrorInvalidConfiguration:
        return "invalid configuration argument";
    case cudaErrorInsufficientDriver:
        return "CUDA driver version is insufficient for CUDA runtime version";
    case cudaErrorNoDevice:
        return "no CUDA-capable device is detected";
    case cudaErrorInvalidDevice:
        return "invalid device ordinal";
    case cudaErrorInvalidResourceHandle:
        return "invalid resource handle";
    case cudaErrorNotReady:
        return "device not ready";
    case cudaErrorLaunchFailure:
        return "unspecified launch failure";
    case cudaErrorStreamCaptureUnsupported:
        return "operation not permitted when stream is capturing";
    case cudaErrorStreamCaptureInvalidated:
        return "operation failed due to a previous error during capture";
    }
    return "unrecognized error code";
}

cudaError_t cudaGetDeviceCount(int *count) {
    struct call call(__func__);
    *count = call.error || getenv("VERIFY_EMULATION_ABSENT") ? 0 : runtime.n_devices;
    return call.result(call.error ? call.error : *count ? cudaSuccess : cudaErrorNoDevice);
}

static cudaError_t check_device(int device) {
    return device >= 0 && device < runtime.n_devices ? cudaSuccess : cudaErrorInvalidDevice;
}

cudaError_t cudaSetDevice(int device) {
    struct call call(__func__);
    cudaError_t error = call.error ? call.error : check_device(device);
    if (error == cudaSuccess)
        current_device = device;
    return call.result(error);
}

cudaError_t cudaGetDevice(int *device) {
    struct call call(__func__);
    *device = current_device;
    return call.result(call.error);
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *properties, int device) {
    struct call call(__func__);
    cudaError_t error = call.error ? call.error : check_device(device);
    if (error != cudaSuccess)
        return call.result(error);
    *properties = {};
    snprintf(properties->name, sizeof properties->name, "Emulated GPU");
    properties->uuid.bytes[0] = (char)0xe0;
    properties->uuid.bytes[15] = (char)device;
    properties->totalGlobalMem = runtime.memory;
    properties->major = device == runtime.old_device ? 6 : 9;
    properties->multiProcessorCount = 1;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int device) {
    struct call call(__func__);
    *value =
        attribute == cudaDevAttrComputeCapabilityMajor ? (device == runtime.old_device ? 6 : 9) : 0;
    return call.result(call.error ? call.error : check_device(device));
}

cudaError_t cudaDriverGetVersion(int *version) {
    struct call call(__func__);
    *version = CUDART_VERSION;
    return call.result(call.error);
}

cudaError_t cudaRuntimeGetVersion(int *version) {
    struct call call(__func__);
    *version = CUDART_VERSION;
    return call.result(call.error);
}
