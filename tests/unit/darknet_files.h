/* For the tests of Darknet models: a .cfg and a .weights file in a folder of the test's own. */
#ifndef VERIFY_TESTS_DARKNET_FILES_H
#define VERIFY_TESTS_DARKNET_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/importer.h"
#include "temp_folder.h"

#define NET  "[net]\nwidth=64\nheight=64\nchannels=3\n"
#define YOLO "[yolo]\nmask=0\nanchors=10,20\nnum=1\nclasses=2\n"
/* Of 7 channels, as YOLO needs. */
#define MAP "[convolutional]\nfilters=7\nsize=1\nactivation=linear\n"

/* The content of a .weights file under construction. */
struct weights {
    size_t length;
    unsigned char bytes[1 << 16];
};

static inline void weights_put(struct weights *weights, const void *bytes, size_t length) {
    assert_true(weights->length + length <= sizeof weights->bytes);
    memcpy(weights->bytes + weights->length, bytes, length);
    weights->length += length;
}

/* major.minor.2, then 64 or 32 bits of pictures seen. */
static inline void weights_header(struct weights *weights, int32_t major, int32_t minor,
                                  bool wide) {
    const int32_t version[3] = {major, minor, 2};
    const uint64_t seen = 32013312;
    weights->length = 0;
    weights_put(weights, version, sizeof version);
    weights_put(weights, &seen, wide ? 8 : 4);
}

/* `count` floats that are all over -1 to 1, the same in every run; returns where they lie. */
static inline float *weights_floats(struct weights *weights, size_t count, float least,
                                    float range) {
    float *first = (float *)(void *)(weights->bytes + weights->length);
    for (size_t i = 0; i < count; i++) {
        uint32_t hash = (uint32_t)(weights->length * 2654435761u) ^ 0x5bd1e995u;
        hash = (hash ^ (hash >> 15)) * 2246822519u;
        float value = least + range * (float)((hash >> 8) % 4096) / 4096;
        weights_put(weights, &value, sizeof value);
    }
    return first;
}

/* Writes both files (weights NULL: none, and no --weights) and reads the model. */
static inline enum status darknet_load(const char *folder, const char *cfg,
                                       const struct weights *weights, struct model *model) {
    file_make(below(folder, "m.cfg"), cfg);
    if (weights != NULL)
        file_make_bytes(below(folder, "m.weights"), weights->bytes, weights->length);
    return model_read(below(folder, "m.cfg"), weights == NULL ? NULL : below(folder, "m.weights"),
                      64, model);
}

static inline void assert_refused(enum status status, const char *says) {
    assert_int_equal(status, STATUS_BAD_INPUT);
    if (!strstr(status_message(), says) || !strstr(status_message(), "m.cfg: "))
        fail_msg("the message is \"%s\"; it should say \"%s\"", status_message(), says);
    if (strchr(status_message(), '\n') || strlen(status_message()) > 400)
        fail_msg("the message is no clear line: \"%s\"", status_message());
}

#endif
