/* Warnings of a rank on their way to the screen: a repeated kind is capped, the rest counted. */
#ifndef VERIFY_JOB_NOTES_H
#define VERIFY_JOB_NOTES_H

#include <pthread.h>
#include <stdint.h>

#include "base/text.h"

enum note_kind {
    NOTE_DEVICE,
    NOTE_STALL,
    NOTE_FAILED_IMAGE,
    NOTE_INVALID_LABEL,
    NOTE_WIDENED, /* said once */
    NOTE_KINDS
};
enum { NOTE_CAP = 10 }; /* lines of one kind */

/* Thread-safe. */
struct notes {
    pthread_mutex_t mutex;
    struct text waiting; /* lines not yet taken */
    size_t taken;        /* bytes of `waiting` already taken */
    uint64_t count[NOTE_KINDS];
};

/* On failure there is nothing to free. */
enum status notes_make(struct notes *notes);
void notes_free(struct notes *notes);

/* Adds a warning as text_shown has it, cut to a line that fits a struct verify_progress. */
void notes_add(struct notes *notes, enum note_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds "… and N more" for each kind that was capped. Call once, at the end. */
void notes_close(struct notes *notes);

/* Appends as many whole lines as fit to `out` (NUL-terminated, of `size` bytes). Returns whether
 * all are taken. */
bool notes_take(struct notes *notes, char *out, size_t size);

#endif
