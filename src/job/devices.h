/* What --device says: a backend and, of one with numbered devices, those that a node's ranks may
 * use; and which backend that comes to. The names are those of the table of backends. */
#ifndef VERIFY_JOB_DEVICES_H
#define VERIFY_JOB_DEVICES_H

#include <stddef.h>

#include "backend.h"
#include "base/status.h"
#include "base/text.h"

enum { MOST_DEVICES = 64 };

struct devices {
    const char *backend; /* "auto" or a backend's name; static */
    size_t count;        /* 0: every one that is visible */
    int indices[MOST_DEVICES];
};

/* Reads "auto", "cpu", "cuda", or devices as Ultralytics writes them: "0", "0,1", "cuda:0",
 * "[0, 1]". STATUS_BAD_INPUT with the reason, which begins with the text in quotes, otherwise. */
enum status devices_read(const char *text, struct devices *out);

/* Appends what --device takes by name, best last, with `separator` between: "auto|cpu|cuda". */
void devices_choices(const char *separator, struct text *out);

/* Whether the backend at `index` in the table can be used with these devices: STATUS_OK and *out,
 * which has its functions; else STATUS_BAD_INPUT with what is missing, without "--device". Where
 * its plug-in cannot be opened, *out is its row in the table. */
enum status devices_usable(const struct devices *devices, int index,
                           const struct backend_interface **out);

/* Index in the table of the best backend that this process may and can use, and *out, its
 * functions; -1, with a message, where none. With "auto", a backend whose device is not here is
 * passed over; where it is and the plug-in cannot be used, lacks (size bytes) says why, and is ""
 * otherwise. */
int devices_choose(const struct devices *devices, const struct backend_interface **out, char *lacks,
                   size_t size);

#endif
