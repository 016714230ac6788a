/* How functions report failure: they return a status; the reason is kept per thread. */
#ifndef VERIFY_BASE_STATUS_H
#define VERIFY_BASE_STATUS_H

/* The values are the program's exit statuses. */
enum status {
    STATUS_OK = 0,
    STATUS_FAILED = 1,    /* the machine's fault: memory, disk, device, another process */
    STATUS_BAD_INPUT = 2, /* the user can mend it: usage, config, model, data set */
};

/* Stores the reason (printf format: what, where, what to do) and its place in the code for the
 * calling thread, and returns `code`. Use the macro FAIL. */
enum status status_set(enum status code, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The reason of the calling thread's last failure, without its place in the code; never NULL.
 * Valid until the thread's next failure. */
const char *status_message(void);

/* "file.c:123" of the calling thread's last failure; never NULL. */
const char *status_place(void);

/* Puts a text in front of the calling thread's stored reason ("model.onnx: " …) and returns
 * `code`, so that a caller can add where it happened. */
enum status status_prefix(enum status code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The value passes through an inline function, so that the compiler sees which code a failing
 * function returns. */
static inline enum status status_value(enum status code) {
    return code;
}
#define FAIL(code, ...) status_value((status_set((code), __FILE__, __LINE__, __VA_ARGS__), (code)))

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
