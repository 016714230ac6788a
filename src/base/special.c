/* What is no file: pipes, sockets, devices. */
#include "base/special.h"

#include <errno.h>
#include <sys/stat.h>

bool special_is_why(const char *path, int error) {
    struct stat about;
    return (error == ENXIO || error == ENODEV) && stat(path, &about) == 0 &&
           !S_ISREG(about.st_mode);
}
