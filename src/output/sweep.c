/* Drafts that a killed process could not remove. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "output/place.h"
#include "output/storage.h"

enum { OPEN_FOLDERS = 32 };

static int remove_draft(const char *path, const struct stat *about, int type, struct FTW *place) {
    (void)about;
    if (type != FTW_D && strncmp(path + place->base, DRAFT_PREFIX, strlen(DRAFT_PREFIX)) == 0)
        unlink(path);
    return 0;
}

enum status output_sweep(const char *output) {
    static const char *const folders[] = {"correct", "mislabeled", "uncertain", "predicted"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char path[PATH_MAX];
        int length = snprintf(path, sizeof path, "%s/%s", output, folders[i]);
        if (length < 0 || (size_t)length >= sizeof path)
            return FAIL(STATUS_BAD_INPUT, "--output %.1000s: the path is too long", output);
        if (nftw(path, remove_draft, OPEN_FOLDERS, FTW_PHYS) != 0 && errno != ENOENT)
            return storage_failed(errno, &(struct spot){AT_FDCWD, NULL, path},
                                  "cannot look through");
    }
    return STATUS_OK;
}
