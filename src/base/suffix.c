/* What a file's name says of its kind. */
#include "base/suffix.h"

#include <string.h>
#include <strings.h>

bool has_suffix(const char *path, const char *suffix) {
    size_t length = strlen(path), n = strlen(suffix);
    return length >= n && strcasecmp(path + length - n, suffix) == 0;
}

bool has_suffix_of(const char *path, const char *const *suffixes) {
    while (*suffixes && !has_suffix(path, *suffixes))
        suffixes++;
    return *suffixes != NULL;
}
