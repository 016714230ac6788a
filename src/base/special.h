/* What is no file: pipes, sockets, devices. */
#ifndef VERIFY_BASE_SPECIAL_H
#define VERIFY_BASE_SPECIAL_H

#include <stdbool.h>

/* Whether open() failed with this errno value because a socket or a device node without a device
 * stands at the path. The errors are those of a file whose own device is gone. */
bool special_is_why(const char *path, int error);

#endif
