/* Weights on the device, kept once for all networks of a conv library: networks of other input
 * shapes or batches read the same. */
#ifndef VERIFY_CUDA_WEIGHT_STORE_H
#define VERIFY_CUDA_WEIGHT_STORE_H

#include "cuda/map.h"
#include "cuda/memory.h"
#include "model/graph.h"

/* What makes two copies the same. */
struct weight_key {
    const void *source; /* the constant's numbers, which stay as they are while the store exists */
    int form;           /* the order that they were brought into */
    enum element element;
    size_t out_channels, in_channels; /* padding included */
    int64_t shift[2];                 /* of the form, where it has more than one */
};

struct weight_store {
    size_t n, capacity, bytes; /* bytes: on the device, all together */
    struct weight_entry *entries;
};

/* NULL where it has none. Valid until the store is freed. */
const void *weight_store_find(const struct weight_store *store, const struct weight_key *key);
/* Copies host memory to the device. */
enum status weight_store_put(struct weight_store *store, const struct weight_key *key,
                             const void *host, size_t bytes, const void **out);
void weight_store_free(struct weight_store *store);

#endif
