/* Drafts that a killed process could not remove. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "output/place.h"
#include "output/storage.h"

enum { OPEN_FOLDERS = 32 };

static bool is_draft(const char *name) {
    size_t prefix = strlen(DRAFT_PREFIX);
    return strncmp(name, DRAFT_PREFIX, prefix) == 0 &&
           strspn(name + prefix, "0123456789abcdef") == DRAFT_DIGITS &&
           name[prefix + DRAFT_DIGITS] == '\0';
}

/* Whether a folder right in the output folder is one that a run makes. */
static bool is_made(const char *name) {
    static const char *const folders[] = {"correct", "mislabeled", "uncertain", "predicted"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (strcmp(name, folders[i]) == 0)
            return true;
    return false;
}

static int remove_draft(const char *path, const struct stat *about, int type, struct FTW *place) {
    (void)about;
    const char *name = path + place->base;
    if (type == FTW_D && place->level == 1 && !is_made(name))
        return FTW_SKIP_SUBTREE;
    if (type != FTW_D && is_draft(name))
        unlink(path);
    return FTW_CONTINUE;
}

enum status output_sweep(const char *output) {
    struct spot spot = {AT_FDCWD, NULL, output};
    return nftw(output, remove_draft, OPEN_FOLDERS, FTW_PHYS | FTW_ACTIONRETVAL) == 0
               ? STATUS_OK
               : storage_failed(errno, &spot, "cannot look through");
}
