/* How functions report failure: they return a status; message and reason are kept per thread. */
#ifndef VERIFY_BASE_STATUS_H
#define VERIFY_BASE_STATUS_H

#include <stdbool.h>

/* The values are the program's exit statuses. */
enum status {
    STATUS_OK = 0,
    STATUS_FAILED = 1,    /* the machine's fault: memory, disk, device, another process */
    STATUS_BAD_INPUT = 2, /* the user can mend it: usage, config, model, data set */
};

/* What a caller may do something about, other than to say the message. */
enum status_reason {
    REASON_OTHER,    /* what the message says */
    REASON_MEMORY,   /* the device has too little memory: less of it may do */
    REASON_OPERATOR, /* an operator of the model, which the message names, is not understood */
};

/* Stores message (printf format: what, where, what to do) and reason for the calling thread and
 * returns `code`. Use the macros FAIL and FAIL_FOR. */
enum status status_set(enum status_reason reason, enum status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The message of the calling thread's last failure; never NULL. Valid until the thread's next
 * failure. */
const char *status_message(void);

/* The reason of the calling thread's last failure. */
enum status_reason status_reason(void);

/* Puts a text in front of the calling thread's stored message ("model.onnx: " …) and returns
 * `code`, so that a caller can add where it happened. The reason stays. */
enum status status_prefix(enum status code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The value passes through an inline function, so that the compiler sees which code a failing
 * function returns. */
static inline enum status status_value(enum status code) {
    return code;
}
#define FAIL_FOR(reason, code, ...)                                                                \
    status_value((status_set((reason), (code), __VA_ARGS__), (code)))
#define FAIL(code, ...) FAIL_FOR(REASON_OTHER, code, __VA_ARGS__)

/* Whether the failure that the calling thread has just met is for this reason. */
static inline bool status_is_for(enum status_reason reason, enum status code) {
    return code != STATUS_OK && status_reason() == reason;
}

/* The worse of two: for steps that are all taken, whatever became of the others. */
static inline enum status status_worse(enum status a, enum status b) {
    return a > b ? a : b;
}

/* Runs a call that returns a status; on failure goes to the function's single `out:` label.
 * Needs a local `enum status status`. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        status = (call);                                                                           \
        if (status != STATUS_OK)                                                                   \
            goto out;                                                                              \
    } while (0)

#endif
