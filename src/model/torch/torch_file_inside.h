/* Inside the reader of PyTorch files: where the parts of a file lie. */
#ifndef VERIFY_MODEL_TORCH_FILE_INSIDE_H
#define VERIFY_MODEL_TORCH_FILE_INSIDE_H

#include "model/torch/torch_file.h"

/* The elements of one or more tensors, as they lie in the file. */
struct torch_storage {
    const char *key; /* as a persistent id names it; not owned */
    uint64_t offset, bytes;
    size_t entry; /* of the archive */
    bool checked; /* against the archive's checksum */
};

struct torch_file {
    int descriptor;
    uint64_t size;
    struct torch_archive *archive; /* NULL: the layout before PyTorch 1.6 */
    struct pickle *pickle;
    struct pickle *keys; /* of that layout: owns the storages' keys */
    size_t n_storages;
    struct torch_storage *storages; /* sorted by key */
    uint64_t left;                  /* bytes that tensors may still read */
};

/* Reads `count` bytes at `offset`; STATUS_BAD_INPUT beyond the end. */
enum status torch_file_bytes(const struct torch_file *file, uint64_t offset, size_t count,
                             void *bytes);

/* The two layouts: each fills pickle and storages, in any order. */
enum status torch_archive_read(struct torch_file *file);
enum status torch_old_read(struct torch_file *file);
bool torch_old_recognise(const struct torch_file *file);

void torch_archive_close(struct torch_archive *archive); /* NULL is allowed */
/* Compares a storage with its checksum, where it was not yet. */
enum status torch_archive_check(struct torch_file *file, struct torch_storage *storage);

/* STATUS_BAD_INPUT, naming it, where a global of the pickle is one that exists to run code. */
enum status torch_globals_check(const struct pickle *pickle);

/* What a persistent id says of a storage; STATUS_BAD_INPUT where it says something else. */
struct torch_reference {
    const char *class, *key;
    uint64_t elements;
};
enum status torch_reference_read(const struct pickled *value, struct torch_reference *reference);

enum torch_element {
    TORCH_UNKNOWN,
    TORCH_UNTYPED, /* bytes: the tensor says of what */
    TORCH_DOUBLE,
    TORCH_FLOAT,
    TORCH_HALF,
    TORCH_BFLOAT16,
    TORCH_LONG,
    TORCH_INT,
    TORCH_SHORT,
    TORCH_CHAR,
    TORCH_BYTE,
    TORCH_BOOL,
};
/* From the name of a storage's class ("torch.HalfStorage") or of a type ("torch.float16"). */
enum torch_element torch_element_named(const char *name);
size_t torch_element_size(enum torch_element element); /* bytes; 0 for TORCH_UNKNOWN */

#endif
