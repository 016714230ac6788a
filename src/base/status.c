/* The calling thread's last failure: what to say of it, and what a caller may do about it. */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/status_record.h"

enum status status_set(enum status_reason reason, enum status code, const char *format, ...) {
    struct status_record *record = verify_status_record();
    /* The arguments may point into the message itself. */
    char text[sizeof record->message];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    memcpy(record->message, text, sizeof text);
    record->reason = reason;
    return code;
}

enum status status_prefix(enum status code, const char *format, ...) {
    struct status_record *record = verify_status_record();
    char text[sizeof record->message];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length >= 0 && (size_t)length < sizeof text) {
        snprintf(text + length, sizeof text - (size_t)length, "%s", record->message);
        memcpy(record->message, text, sizeof text);
    }
    return code;
}

const char *status_message(void) {
    return verify_status_record()->message;
}

enum status_reason status_reason(void) {
    return verify_status_record()->reason;
}
