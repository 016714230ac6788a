/* What ranks say of themselves before anything else, and comparing it. */
#include "job/identity.h"

#include <stdio.h>
#include <string.h>

#include "base/fingerprint.h"

#define MAGIC "verify rank\n"

void identity_make(const char *host, const char *flags, struct identity *identity) {
    *identity = (struct identity){.magic = MAGIC, .version = VERIFY_VERSION};
    snprintf(identity->host, sizeof identity->host, "%s", host);
    if (flags)
        fingerprint_text(fingerprint_bytes(FINGERPRINT_START, flags, strlen(flags)),
                         identity->flags);
}

enum status identities_compare(const struct identity *all, size_t count) {
    for (size_t r = 1; r < count; r++) {
        if (memcmp(all[r].magic, all[0].magic, sizeof all[r].magic) == 0 &&
            memcmp(all[r].version, all[0].version, sizeof all[r].version) == 0)
            continue;
        return FAIL(STATUS_BAD_INPUT,
                    "rank %zu on %.143s runs verify %.63s, rank 0 on %.143s runs %.63s: install "
                    "the same version on all nodes",
                    r, all[r].host, all[r].version, all[0].host, all[0].version);
    }
    return STATUS_OK;
}

bool identities_have_same_flags(const struct identity *all, size_t count) {
    for (size_t r = 0; r < count; r++)
        if (!all[r].flags[0] || memcmp(all[r].flags, all[0].flags, sizeof all[r].flags) != 0)
            return false;
    return true;
}

/* The value in a line "imgsz 640", as a message shows it. */
static const char *shown(const char *line, size_t length, int *shown_length) {
    enum { MOST = 400 };
    const char *space = memchr(line, ' ', length);
    const char *value = space ? space + 1 : line + length;
    size_t left = (size_t)(line + length - value);
    if (left == 4 && memcmp(value, "null", left) == 0) {
        value = "not given";
        left = strlen(value);
    }
    *shown_length = (int)(left < MOST ? left : MOST);
    return value;
}

enum status flags_compare(const char *mine, const char *first) {
    while (*mine && *first) {
        size_t length = strcspn(mine, "\n"), other = strcspn(first, "\n");
        if (length != other || memcmp(mine, first, length) != 0) {
            int here, there;
            const char *value = shown(mine, length, &here);
            const char *wanted = shown(first, other, &there);
            return FAIL(STATUS_BAD_INPUT,
                        "--%.*s is %.*s here and %.*s on rank 0: start all ranks with the same "
                        "flags",
                        (int)strcspn(mine, " \n"), mine, here, value, there, wanted);
        }
        mine += length + (mine[length] == '\n');
        first += other + (first[other] == '\n');
    }
    return STATUS_OK;
}
