#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_SIZE = 2048, PLACE_SIZE = 128 };

static _Thread_local char message[MESSAGE_SIZE];
static _Thread_local char place[PLACE_SIZE];

enum status status_set(enum status code, const char *file, int line, const char *format, ...) {
    /* The arguments may point into `message` itself. */
    char text[MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    memcpy(message, text, sizeof message);
    const char *slash = strrchr(file, '/');
    snprintf(place, sizeof place, "%s:%d", slash ? slash + 1 : file, line);
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

const char *status_place(void) {
    return place;
}
