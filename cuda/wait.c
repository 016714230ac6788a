/* Waiting for an event by asking for it, so that a device that hangs is noticed. */
#include "cuda/wait.h"

#include <time.h>

#include "base/clock.h"
#include "base/silence.h"
#include "cuda/check.h"

/* How long it asks without a pause, and from how much sleep to how much it asks then: a sixteenth
 * of what it has waited, so that little is lost and long waits cost no CPU. Meanwhile the device
 * works on the next batch. */
#define SPIN_SECONDS  50e-6
#define SHORT_SECONDS 50e-6
#define LONG_SECONDS  1e-3
#define PART          (1.0 / 16)

static void pause_after(double waited) {
    double seconds = waited * PART;
    if (waited < SPIN_SECONDS)
        return;
    seconds = seconds < SHORT_SECONDS ? SHORT_SECONDS : seconds;
    seconds = seconds > LONG_SECONDS ? LONG_SECONDS : seconds;
    nanosleep(&(struct timespec){.tv_nsec = (long)(seconds * 1e9)}, NULL);
}

enum status event_wait(cudaEvent_t event, double limit, bool *hung) {
    enum status status = STATUS_OK;
    const double start = clock_seconds();
    struct silence silence = {0, start};
    *hung = false;
    for (;;) {
        const double now = clock_seconds();
        /* The time first: what has happened by then is not missed. */
        bool late = silence_measure(&silence, now) > limit && limit > 0;
        cudaError_t code = cudaEventQuery(event);
        if (code != cudaErrorNotReady) {
            status = cuda_status(code, "cudaEventQuery");
            break;
        }
        cuda_forget(code); /* it is none */
        if (late) {
            *hung = true;
            break;
        }
        pause_after(now - start);
    }
    return status;
}

enum status hang_failure(int device, const char *name, double seconds) {
    return FAIL(STATUS_FAILED,
                "GPU %d (%s): a batch has not ended for %g s, the device hangs: look for 'Xid' in "
                "dmesg, reset it or leave it out with CUDA_VISIBLE_DEVICES; where it may take "
                "longer, give more seconds to --hang-timeout",
                device, name, seconds);
}
