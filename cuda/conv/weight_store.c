/* Weights on the device, one copy for all networks of a library. */
#include "cuda/conv/weight_store.h"

#include <stdlib.h>

#include "base/memory.h"

struct weight_entry {
    struct weight_key key;
    void *data;
};

static bool same_key(const struct weight_key *a, const struct weight_key *b) {
    return a->source == b->source && a->form == b->form && a->element == b->element &&
           a->out_channels == b->out_channels && a->in_channels == b->in_channels &&
           a->shift[0] == b->shift[0] && a->shift[1] == b->shift[1];
}

const void *weight_store_find(const struct weight_store *store, const struct weight_key *key) {
    for (size_t i = 0; i < store->n; i++)
        if (same_key(&store->entries[i].key, key))
            return store->entries[i].data;
    return NULL;
}

enum status weight_store_put(struct weight_store *store, const struct weight_key *key,
                             const void *host, size_t bytes, const void **out) {
    enum status status;
    struct weight_entry entry = {.key = *key};
    TRY(memory_reserve(&store->entries, &store->capacity, store->n + 1, sizeof entry));
    TRY(device_alloc(bytes, &entry.data));
    TRY(device_upload(host, bytes, entry.data));
    store->entries[store->n++] = entry;
    store->bytes += bytes;
    *out = entry.data;
    entry.data = NULL;
out:
    device_free(entry.data);
    return status;
}

void weight_store_free(struct weight_store *store) {
    for (size_t i = 0; i < store->n; i++)
        device_free(store->entries[i].data);
    free(store->entries);
    *store = (struct weight_store){0};
}
