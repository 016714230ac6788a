/* A thread's last failure: all that a process keeps of its own, so that a plug-in is built without
 * this file. */
#include "base/status_record.h"

static _Thread_local struct status_record record;

struct status_record *verify_status_record(void) {
    return &record;
}
