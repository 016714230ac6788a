/* The calling thread's last failure: what to say of it, and what a caller may do about it. */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_SIZE = 2048 };

static _Thread_local char message[MESSAGE_SIZE];
static _Thread_local enum status_reason last_reason;

enum status status_set(enum status_reason reason, enum status code, const char *format, ...) {
    /* The arguments may point into `message` itself. */
    char text[MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    memcpy(message, text, sizeof message);
    last_reason = reason;
    return code;
}

enum status status_prefix(enum status code, const char *format, ...) {
    char text[MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length >= 0 && length < MESSAGE_SIZE) {
        snprintf(text + length, sizeof text - (size_t)length, "%s", message);
        memcpy(message, text, sizeof message);
    }
    return code;
}

const char *status_message(void) {
    return message;
}

enum status_reason status_reason(void) {
    return last_reason;
}
