/* What --device says: a backend and, of CUDA's, the devices that a node's ranks may use. */
#ifndef VERIFY_JOB_DEVICES_H
#define VERIFY_JOB_DEVICES_H

#include <stddef.h>

#include "base/status.h"

enum { MOST_DEVICES = 64 };

struct devices {
    const char *backend; /* "auto", "cpu" or "cuda"; static */
    size_t count;        /* 0: every one that is visible */
    int indices[MOST_DEVICES];
};

/* Reads "auto", "cpu", "cuda", or devices as Ultralytics writes them: "0", "0,1", "cuda:0",
 * "[0, 1]". STATUS_BAD_INPUT with the reason, which begins with the text in quotes, otherwise. */
enum status devices_read(const char *text, struct devices *out);

#endif
