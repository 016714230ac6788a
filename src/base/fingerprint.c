/* FNV-1a of bytes and of files. */
#include "base/fingerprint.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define FNV_PRIME UINT64_C(0x100000001b3)

uint64_t fingerprint_bytes(uint64_t so_far, const void *bytes, size_t length) {
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < length; i++)
        so_far = (so_far ^ byte[i]) * FNV_PRIME;
    return so_far;
}

enum status fingerprint_file(const char *path, uint64_t *so_far) {
    char buffer[1 << 16], reason[128];
    int error = 0, file = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
    if (file < 0)
        return FAIL(STATUS_BAD_INPUT, "cannot read %.1000s: %s", path,
                    strerror_r(errno, reason, sizeof reason));
    ssize_t n;
    while ((n = file_read_some(file, buffer, sizeof buffer)) > 0)
        *so_far = fingerprint_bytes(*so_far, buffer, (size_t)n);
    if (n < 0)
        error = errno;
    close(file);
    return error == 0 ? STATUS_OK
                      : FAIL(STATUS_BAD_INPUT, "cannot read %.1000s: %s", path,
                             strerror_r(error, reason, sizeof reason));
}

void fingerprint_text(uint64_t fingerprint, char text[FINGERPRINT_DIGITS + 1]) {
    snprintf(text, FINGERPRINT_DIGITS + 1, "%016" PRIx64, fingerprint);
}
