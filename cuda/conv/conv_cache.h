/* The chosen convolution plans: what was fastest for a shape on one kind of device with one version
 * of cuDNN; as a text, for another process; and as a file, for a later start. A text that is not
 * whole, or is of another device or version, counts as empty. The file is written anew as a whole
 * under a temporary name and renamed, so that reading it needs no lock. */
#ifndef VERIFY_CUDA_CONV_CACHE_H
#define VERIFY_CUDA_CONV_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "base/text.h"

enum {
    CONV_CACHE_BYTES = 16 << 20, /* of a text, about; what was put first is left out */
    CONV_CACHE_FILES = 16,       /* of a folder; the oldest are removed */
};

struct conv_cache_entry {
    char *key;    /* conv_shape_key */
    char *choice; /* how the plan is used, one word or more, no line end */
    char *plan;   /* cuDNN's text of the plan */
};

struct conv_cache {
    size_t n, capacity;
    struct conv_cache_entry *entries; /* the last that was put last */
};

/* NULL where the key is unknown. Valid until the next put, parse or read. */
const struct conv_cache_entry *conv_cache_find(const struct conv_cache *cache, const char *key);
/* Adds or replaces, as the last; the texts are copied. */
enum status conv_cache_put(struct conv_cache *cache, const char *key, const char *choice,
                           const char *plan);
void conv_cache_free(struct conv_cache *cache);

/* Appends the cache as a text without NUL. `device` names the kind of device and versions. */
enum status conv_cache_text(const struct conv_cache *cache, const char *device, struct text *bytes);
/* Adds a text's entries; its bytes are overwritten. *damaged: it is none that is whole. Fails only
 * for lack of memory. */
enum status conv_cache_parse(struct conv_cache *cache, char *bytes, size_t length,
                             const char *device, bool *damaged);
/* The same with a file; one that is not there is not damaged. */
enum status conv_cache_read(struct conv_cache *cache, const char *path, const char *device,
                            bool *damaged);
enum status conv_cache_write(const struct conv_cache *cache, const char *path, const char *device);

/* conv_cache_folder.c — where the file of this device is kept: *path is NULL where neither
 * XDG_CACHE_HOME nor HOME is an absolute path; free() releases it. */
enum status conv_cache_path(const char *device, char **path);
/* Makes the folders of a path that are missing; best effort: opening the file says so. */
void conv_cache_folders(const char *path);
/* Waits until no other process holds the lock beside the file, whose folder is made where it is
 * missing. Gives a number for conv_cache_unlock, or -1 where the file system has no locks. */
int conv_cache_lock(const char *path);
void conv_cache_unlock(int lock);
/* Removes the oldest files beside this one that are more than CONV_CACHE_FILES, of other devices
 * and versions, and unfinished ones of processes that are gone; best effort. */
void conv_cache_prune(const char *path);

#endif
