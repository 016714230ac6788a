/* Where a thread's last failure is kept (status.h). */
#ifndef VERIFY_BASE_STATUS_RECORD_H
#define VERIFY_BASE_STATUS_RECORD_H

#include "base/status.h"

struct status_record {
    enum status_reason reason;
    char message[2048];
};

/* The calling thread's. One for the program and the plug-ins that it opens: the program exports it,
 * and they have none. */
struct status_record *verify_status_record(void) __attribute__((visibility("default")));

#endif
