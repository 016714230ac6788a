/* What libFuzzer calls: the target, under a limit on its processor time. libFuzzer's own limit
 * counts the time on the wall, in which a busy machine does other things. */
#include <signal.h>
#include <sys/time.h>

#include "fuzz_file.h"

enum { MOST_SECONDS = 5 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void too_long(int signal) {
    (void)signal;
    abort(); /* libFuzzer keeps the input */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct itimerval limit = {.it_value.tv_sec = MOST_SECONDS}, none = {0};
    if (signal(SIGPROF, too_long) == SIG_ERR || setitimer(ITIMER_PROF, &limit, NULL) != 0)
        abort();
    fuzz_one(data, size);
    if (setitimer(ITIMER_PROF, &none, NULL) != 0)
        abort();
    return 0;
}
