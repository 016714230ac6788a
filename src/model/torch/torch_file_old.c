/* The layout before PyTorch 1.6: five pickles (a magic number, a version, the machine, the object,
 * the storages' keys), and behind them each storage, its number of elements in front. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/torch/torch_file_inside.h"

/* The first pickle, from the third byte on: an integer of ten bytes, and its end. */
static const unsigned char magic[] = {0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9,
                                      0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e};
enum { MAGIC_END = 2 + sizeof magic, VERSION = 1001, MOST_PICKLED = 32 << 20 };

bool torch_old_recognise(const struct torch_file *file) {
    unsigned char bytes[MAGIC_END];
    return file->size >= sizeof bytes &&
           torch_file_bytes(file, 0, sizeof bytes, bytes) == STATUS_OK && bytes[0] == 0x80 &&
           memcmp(bytes + 2, magic, sizeof magic) == 0;
}

/* What of the pickles lies between `at` and the end of what was read. */
struct pickles {
    const char *bytes;
    size_t length, at;
};

static enum status pickle_next(struct pickles *pickles, struct pickle **out) {
    enum status status =
        pickle_read(pickles->bytes + pickles->at, pickles->length - pickles->at, out);
    if (status == STATUS_OK)
        pickles->at += pickle_length(*out);
    return status;
}

static enum status check_header(struct pickles *pickles) {
    enum status status;
    struct pickle *version = NULL, *machine = NULL;
    TRY(pickle_next(pickles, &version));
    TRY(pickle_next(pickles, &machine));
    const struct pickled *number = pickle_root(version),
                         *little = pickled_get(pickle_root(machine), "little_endian");
    if (number->kind != PICKLED_INT || number->integer != VERSION)
        status = FAIL(STATUS_BAD_INPUT, "is of a version of PyTorch's files that is not known");
    else if (little == NULL || little->kind != PICKLED_BOOL || little->integer == 0)
        status = FAIL(STATUS_BAD_INPUT, "its byte order is not 'little'");
out:
    pickle_free(version);
    pickle_free(machine);
    return status;
}

static int compare_references(const void *a, const void *b) {
    const struct torch_reference *left = a, *right = b;
    return strcmp(left->key, right->key);
}

/* The storages that the object names, sorted by key. */
static enum status list_references(const struct pickle *pickle, struct torch_reference **list,
                                   size_t *count) {
    enum status status;
    const struct pickled *const *values;
    *count = pickle_references(pickle, &values);
    TRY(memory_zeroed(*count, sizeof **list, list));
    for (size_t i = 0; i < *count; i++)
        TRY(torch_reference_read(values[i], &(*list)[i]));
    qsort(*list, *count, sizeof **list, compare_references);
out:
    return status;
}

static enum status add_storage(struct torch_file *file, const struct pickled *key,
                               const struct torch_reference *list, size_t count, uint64_t *at) {
    enum status status;
    uint64_t n_elements, bytes;
    if (key->kind != PICKLED_TEXT) {
        status = FAIL(STATUS_BAD_INPUT, "a storage has no key");
        goto out;
    }
    const struct torch_reference wanted = {.key = key->text},
                                 *found = bsearch(&wanted, list, count, sizeof wanted,
                                                  compare_references);
    const size_t size = found != NULL ? torch_element_size(torch_element_named(found->class)) : 0;
    if (size == 0) {
        status = FAIL(STATUS_BAD_INPUT, "a storage of a type that is not known");
        goto out;
    }
    if (file->size - *at < sizeof n_elements) {
        status = FAIL(STATUS_BAD_INPUT, "is cut short");
        goto out;
    }
    TRY(torch_file_bytes(file, *at, sizeof n_elements, &n_elements));
    *at += sizeof n_elements;
    if (__builtin_mul_overflow(n_elements, size, &bytes) || bytes > file->size - *at) {
        status = FAIL(STATUS_BAD_INPUT, "is cut short, or a storage's size is wrong");
        goto out;
    }
    file->storages[file->n_storages++] =
        (struct torch_storage){.key = key->text, .offset = *at, .bytes = bytes};
    *at += bytes;
out:
    return status;
}

static enum status read_storages(struct torch_file *file, uint64_t at) {
    enum status status;
    struct torch_reference *list = NULL;
    size_t count;
    const struct pickled *keys = pickle_root(file->keys);
    TRY(list_references(file->pickle, &list, &count));
    if (keys->kind != PICKLED_LIST) {
        status = FAIL(STATUS_BAD_INPUT, "the list of its storages is missing");
        goto out;
    }
    TRY(memory_zeroed(keys->n_items, sizeof *file->storages, &file->storages));
    for (size_t i = 0; i < keys->n_items; i++)
        TRY(add_storage(file, keys->items[i], list, count, &at));
out:
    free(list);
    return status;
}

enum status torch_old_read(struct torch_file *file) {
    enum status status;
    char *bytes = NULL;
    struct pickles pickles = {
        .length = file->size < MOST_PICKLED ? (size_t)file->size : MOST_PICKLED, .at = MAGIC_END};
    TRY(memory_zeroed(pickles.length, 1, &bytes));
    TRY(torch_file_bytes(file, 0, pickles.length, bytes));
    pickles.bytes = bytes;
    TRY(check_header(&pickles));
    TRY(pickle_next(&pickles, &file->pickle));
    TRY(pickle_next(&pickles, &file->keys));
    TRY(read_storages(file, pickles.at));
out:
    free(bytes);
    return status;
}
