/* Waiting for the device, which may never answer. */
#ifndef VERIFY_CUDA_WAIT_H
#define VERIFY_CUDA_WAIT_H

#include <cuda_runtime_api.h>
#include <stdbool.h>

#include "base/status.h"

/* Waits until the event, once recorded, has happened. *hung: it has not for `limit` seconds (0: no
 * limit) in which this process was awake; that is no failure yet, but nothing that waits for the
 * device may be called any more, nor anything released that it may still be using. */
enum status event_wait(cudaEvent_t event, double limit, bool *hung);

/* The failure of a device that hangs: what to do about it. */
enum status hang_failure(int device, const char *name, double seconds);

#endif
