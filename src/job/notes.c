/* Warnings of a rank on their way to the screen. */
#include "job/notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/shown.h"
#include "job/verify.h"

/* What "and N more" counts, by kind; NULL: what is said once says it of all. */
static const char *const nouns[NOTE_KINDS] = {
    [NOTE_DEVICE] = "notes on the device",
    [NOTE_STALL] = "pauses",
    [NOTE_FAILED_IMAGE] = "images that could not be read",
    [NOTE_INVALID_LABEL] = "invalid label lines",
};

enum status notes_make(struct notes *notes) {
    *notes = (struct notes){0};
    int error = pthread_mutex_init(&notes->mutex, NULL);
    return error ? FAIL(STATUS_FAILED, "a mutex: %s", strerror(error)) : STATUS_OK;
}

void notes_free(struct notes *notes) {
    pthread_mutex_destroy(&notes->mutex);
    text_free(&notes->waiting);
}

void notes_add(struct notes *notes, enum note_kind kind, const char *format, ...) {
    enum { MOST = NOTE_BYTES - 2 }; /* beside the newline and the NUL */
    char line[NOTE_BYTES];
    struct text shown = {0};
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    /* Here and not only where it is printed: notes are told apart by their newlines. */
    text_shown(&shown, line, strlen(line));
    pthread_mutex_lock(&notes->mutex);
    uint64_t cap = nouns[kind] ? NOTE_CAP : 1;
    if (notes->count[kind]++ < cap && text_status(&shown) == STATUS_OK)
        text_format(&notes->waiting, "%.*s\n", MOST, shown.length ? shown.data : "");
    pthread_mutex_unlock(&notes->mutex);
    text_free(&shown);
}

void notes_close(struct notes *notes) {
    pthread_mutex_lock(&notes->mutex);
    for (size_t i = 0; i < NOTE_KINDS; i++)
        if (nouns[i] && notes->count[i] > NOTE_CAP)
            text_format(&notes->waiting, "… and %llu more %s: see verification_records.jsonl\n",
                        (unsigned long long)(notes->count[i] - NOTE_CAP), nouns[i]);
    pthread_mutex_unlock(&notes->mutex);
}

bool notes_take(struct notes *notes, char *out, size_t size) {
    pthread_mutex_lock(&notes->mutex);
    size_t used = strlen(out);
    while (notes->taken < notes->waiting.length) {
        const char *line = notes->waiting.data + notes->taken;
        size_t length = (size_t)(strchr(line, '\n') - line) + 1;
        if (used + length + 1 > size)
            break;
        memcpy(out + used, line, length);
        used += length;
        notes->taken += length;
    }
    out[used] = '\0';
    bool all = notes->taken == notes->waiting.length;
    if (all) {
        text_clear(&notes->waiting);
        notes->taken = 0;
    }
    pthread_mutex_unlock(&notes->mutex);
    return all;
}
