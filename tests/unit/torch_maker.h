/* PyTorch files made by hand, truthful or not. Include after cmocka.h; link with zlib. */
#ifndef TESTS_TORCH_MAKER_H
#define TESTS_TORCH_MAKER_H

#include <zlib.h>

#include "base/text.h"
#include "model/torch/torch_file.h"

/* A zip archive being written. */
struct zip_maker {
    struct text bytes, directory;
    unsigned count;
    /* Lies about the entries to come. */
    unsigned method, flags, crc_flip;
    size_t size_added;   /* to the size that the headers give */
    size_t packed_added; /* bytes before those of the entry */
};

static inline void put_number(struct text *text, uint64_t number, size_t size) {
    for (size_t i = 0; i < size; i++) {
        const char byte = (char)(i < sizeof number ? number >> 8 * i : 0);
        text_bytes(text, &byte, 1);
    }
}

/* The fields that both headers of an entry have, from "version needed" to "extra length". */
static inline void zip_fields(struct zip_maker *zip, struct text *text, const char *name,
                              const void *bytes, size_t length) {
    const size_t size = length + zip->size_added;
    put_number(text, 20, 2);
    put_number(text, zip->flags, 2);
    put_number(text, zip->method, 2);
    put_number(text, 0x21 << 16, 4); /* 1980-01-01 */
    put_number(text, crc32(0, bytes, (uInt)length) ^ zip->crc_flip, 4);
    put_number(text, size + zip->packed_added, 4);
    put_number(text, size, 4);
    put_number(text, strlen(name), 2);
    put_number(text, 0, 2);
}

/* An entry of the directory whose local header lies at `offset`. */
static inline void zip_list(struct zip_maker *zip, const char *name, const void *bytes,
                            size_t length, size_t offset) {
    text_string(&zip->directory, "PK\1\2");
    put_number(&zip->directory, 20, 2);
    zip_fields(zip, &zip->directory, name, bytes, length);
    put_number(&zip->directory, 0, 10); /* comment, disk, attributes */
    put_number(&zip->directory, offset, 4);
    text_string(&zip->directory, name);
    zip->count++;
}

static inline void zip_add(struct zip_maker *zip, const char *name, const void *bytes,
                           size_t length) {
    zip_list(zip, name, bytes, length, zip->bytes.length);
    text_string(&zip->bytes, "PK\3\4");
    zip_fields(zip, &zip->bytes, name, bytes, length);
    text_string(&zip->bytes, name);
    put_number(&zip->bytes, 0, zip->packed_added);
    text_bytes(&zip->bytes, bytes, length);
}

/* Writes the directory; the archive is then in zip->bytes. */
static inline void zip_end(struct zip_maker *zip) {
    const size_t start = zip->bytes.length;
    if (zip->count > 0)
        text_bytes(&zip->bytes, zip->directory.data, zip->directory.length);
    text_string(&zip->bytes, "PK\5\6");
    put_number(&zip->bytes, 0, 4);
    put_number(&zip->bytes, zip->count, 2);
    put_number(&zip->bytes, zip->count, 2);
    put_number(&zip->bytes, zip->directory.length, 4);
    put_number(&zip->bytes, start, 4);
    put_number(&zip->bytes, 0, 2);
    assert_int_equal(text_status(&zip->bytes), STATUS_OK);
}

static inline void zip_free(struct zip_maker *zip) {
    text_free(&zip->bytes);
    text_free(&zip->directory);
    *zip = (struct zip_maker){0};
}

static inline void pickle_integer(struct text *pickle, int64_t integer) {
    text_string(pickle, "\x8a\x08");
    put_number(pickle, (uint64_t)integer, 8);
}

static inline void pickle_string(struct text *pickle, const char *string) {
    text_string(pickle, "X");
    put_number(pickle, strlen(string), 4);
    text_string(pickle, string);
}

/* A tensor as a file describes it. */
struct made_tensor {
    const char *class, *key;
    int64_t elements; /* of its storage */
    int64_t offset;
    size_t rank, n_strides;
    int64_t shape[9], strides[9];
};

static inline void pickle_integers(struct text *pickle, const int64_t *integers, size_t count) {
    text_string(pickle, "(");
    for (size_t i = 0; i < count; i++)
        pickle_integer(pickle, integers[i]);
    text_string(pickle, "t");
}

static inline void pickle_tensor(struct text *pickle, const struct made_tensor *tensor) {
    text_string(pickle, "ctorch._utils\n_rebuild_tensor_v2\n((");
    pickle_string(pickle, "storage");
    text_format(pickle, "ctorch\n%s\n", tensor->class);
    pickle_string(pickle, tensor->key);
    pickle_string(pickle, "cpu");
    pickle_integer(pickle, tensor->elements);
    text_string(pickle, "tQ");
    pickle_integer(pickle, tensor->offset);
    pickle_integers(pickle, tensor->shape, tensor->rank);
    pickle_integers(pickle, tensor->strides, tensor->n_strides);
    text_string(pickle, "\x89"
                        "ccollections\nOrderedDict\n)RtR");
}

/* The pickle {"t": tensor}. */
static inline void pickle_model(struct text *pickle, const struct made_tensor *tensor) {
    text_string(pickle, "\x80\x02}");
    pickle_string(pickle, "t");
    pickle_tensor(pickle, tensor);
    text_string(pickle, "s.");
}

/* An archive of a pickle and one storage. */
static inline void zip_model(struct zip_maker *zip, const struct text *pickle, const void *storage,
                             size_t length) {
    zip_add(zip, "m/data.pkl", pickle->data, pickle->length);
    zip_add(zip, "m/byteorder", "little", 6);
    zip_add(zip, "m/data/0", storage, length);
    zip_add(zip, "m/version", "3\n", 2);
    zip_end(zip);
}

/* The layout before PyTorch 1.6, with one storage. */
static inline void old_model(struct text *file, const struct text *pickle, const void *storage,
                             size_t length, uint64_t elements) {
    const char begin[] = "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20j\xa8P\x19.\x80\x02M\xe9\x03.";
    text_bytes(file, begin, sizeof begin - 1);
    text_string(file, "\x80\x02}");
    pickle_string(file, "little_endian");
    text_string(file, "\x88s.");
    text_bytes(file, pickle->data, pickle->length);
    text_string(file, "\x80\x02]");
    pickle_string(file, "0");
    text_string(file, "a.");
    put_number(file, elements, 8);
    text_bytes(file, storage, length);
    assert_int_equal(text_status(file), STATUS_OK);
}

#endif
