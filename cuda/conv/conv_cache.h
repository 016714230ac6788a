/* The cache file of chosen convolution plans: what was fastest for a shape on one kind of device
 * with one version of cuDNN. A file that cannot be read, or is not whole, or is of another device
 * or version, counts as empty; it is written anew as a whole under a temporary name and renamed. */
#ifndef VERIFY_CUDA_CONV_CACHE_H
#define VERIFY_CUDA_CONV_CACHE_H

#include <stddef.h>

#include "base/status.h"

struct conv_cache_entry {
    char *key;    /* conv_shape_key */
    char *choice; /* how the plan is used, one word or more, no line end */
    char *plan;   /* cuDNN's text of the plan */
};

struct conv_cache {
    size_t n, capacity;
    struct conv_cache_entry *entries;
};

/* Where the file of this device is kept: *path is NULL where neither XDG_CACHE_HOME nor HOME is an
 * absolute path; free() releases it. `device` names the kind of device and versions. */
enum status conv_cache_path(const char *device, char **path);

/* Waits until no other process holds the lock beside the file, whose folder is made where it is
 * missing. Gives a number for conv_cache_unlock, or -1 where the file system has no locks. */
int conv_cache_lock(const char *path);
void conv_cache_unlock(int lock);

/* Adds the file's entries to the cache. Fails only for lack of memory. */
enum status conv_cache_read(struct conv_cache *cache, const char *path, const char *device);
/* NULL where the key is unknown. Valid until the next put or read. */
const struct conv_cache_entry *conv_cache_find(const struct conv_cache *cache, const char *key);
/* Adds or replaces; the texts are copied. */
enum status conv_cache_put(struct conv_cache *cache, const char *key, const char *choice,
                           const char *plan);
/* Fails also where the file would be larger than what is read; the old one then stays. */
enum status conv_cache_write(const struct conv_cache *cache, const char *path, const char *device);
void conv_cache_free(struct conv_cache *cache);

#endif
