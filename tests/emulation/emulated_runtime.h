/* CUDA's runtime on the CPU: cuda/backend.c and all below it run over it unchanged. Devices are
 * host memory, their kernels the emulation's (cuda_emulation.h), their convolutions plain loops
 * (emulated_conv.c).
 *
 * Work is not done when it is enqueued, but as late as CUDA allows: when somebody waits for it, and
 * then only what that needs. VERIFY_EMULATION_ORDER says which stream comes first:
 *   ascending   the one made first;
 *   descending  the one made last; streams but the first one made also work ahead, as far as their
 *               waits allow, after every call;
 *   shuffled    any; each stream is lazy, eager or between the two, for some calls.
 * A wait that is missing therefore shows as other data in one of them.
 *
 * Device memory cannot be touched by the host but through the runtime (SIGSEGV), and holds rubbish
 * when it is new. The process aborts, with a message, on: copies beyond an allocation or to the
 * wrong side; asynchronous copies of memory that is not pinned; memory freed or graphs destroyed
 * while work that is enqueued needs them, and launches of graphs that need memory freed since; one
 * device's work with another's memory.
 *
 * Time passes by convolutions alone (fake_cudnn.h), as many milliseconds as their engine says.
 *
 * Not to be had: managed memory, peers, cudaDeviceSynchronize, callbacks, several streams
 * in one capture, and whatever is not in include/cuda_runtime_api.h. Not seen: kernels that read
 * pageable host memory; kernels of two streams that share memory and alternate within a kernel. */
#ifndef VERIFY_TEST_EMULATED_RUNTIME_H
#define VERIFY_TEST_EMULATED_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How many devices there are: 1 at first; none where VERIFY_EMULATION_ABSENT is set. */
void emulated_set_devices(int count);
/* This one is of compute capability 6.0, the others of 9.0; -1: none is. */
void emulated_set_old_device(int device);
/* Memory of each device, 1 GiB at first; what is allocated stays. */
void emulated_set_memory(size_t bytes);
/* The most that was allocated on all devices together since emulated_set_memory. */
size_t emulated_memory_peak(void);

/* From now on calls and launches are counted from 1, and number `at` (0: none) fails without
 * effect, but for waits, which wait. Calls that release something are not counted. `for_good`: the
 * device is lost: so does every one after it, what is enqueued is never done, and releasing fails,
 * too, though it releases. */
void emulated_fail_at(uint64_t at, bool for_good);
/* Whether that one call fails for lack of the device's memory, as most calls may; at first it does
 * not. */
void emulated_fail_for_memory(bool memory);
uint64_t emulated_calls(void);
/* The name of one of them, from 1 on. */
const char *emulated_call(uint64_t number);
/* The function, or the kernel, that failed by it; NULL: none. */
const char *emulated_failed(void);

/* The device hangs for good from the question after so many that were asked of events (0: never):
 * nothing that is enqueued is done any more, and the process aborts on calls that would wait for
 * it, or that release something. VERIFY_EMULATION_HANG says the same to a program. */
void emulated_hang(uint64_t after);
/* It does from now on, until emulated_hang is called. */
void emulated_hang_now(void);

/* Allocations, streams, events and graphs that were not released. */
size_t emulated_left(void);

/* For what the emulation does instead of a library: enqueues run(copy of the arguments), `bytes`
 * plain bytes; the memory whose addresses stand in them is needed until then, so that their padding
 * is to be clear (emulation_padding.h). Returns a cudaError_t. */
int emulated_enqueue(const char *name, void (*run)(void *), const void *args, size_t bytes,
                     void *stream);

#ifdef __cplusplus
}
#endif

#endif
