/* What is kept of each picture so that copies of it are found: its sketch, and its labels in short.
 * WORK_FOLDER/sketches has a part for each image, in list order, behind SKETCHES_HEAD: a byte 0
 * where there is no picture or it is plain; else a byte 1, the hash (its bits in 8 bytes each,
 * lowest first, and the weak ones), the levels, the number of labels in 4 bytes, and of at most
 * SKETCH_LABELS of them the class in 2 bytes and centre and size in a byte each, of 255. */
#ifndef VERIFY_OUTPUT_SKETCHES_H
#define VERIFY_OUTPUT_SKETCHES_H

#include <stddef.h>
#include <stdint.h>

#include "image/sketch.h"

#define SKETCHES_FILE "sketches"
#define SKETCHES_HEAD "verify sketches 1\n"

enum { SKETCH_LABELS = 1000 };

/* Images are numbered by 32 bits. */
#define SKETCHES_MOST UINT32_MAX

struct sketch_entry {
    struct sketch_hash hash;
    uint64_t offset; /* of its part in the file; 0: it has no sketch */
};

/* Zeroed at first. */
struct sketches {
    int file; /* open where `opened` */
    bool opened;
    const char *output; /* for messages; the caller's */
    size_t count;
    struct sketch_entry *items; /* by place in the list; owned */
};

struct sketch_label {
    uint16_t class;
    uint8_t xywh[4];
};

/* A label in short. */
struct sketch_label sketch_label_make(uint32_t class, const float xywhn[4]);

struct sketch_labels {
    uint32_t count, kept; /* in all; in `items` */
    struct sketch_label items[SKETCH_LABELS];
};

typedef void sketches_tick(void *context);

/* Reads the hashes of all `count` images, at most SKETCHES_MOST. `tick` (NULL: none) is called now
 * and then. STATUS_FAILED where the file is damaged. On failure, too, sketches_close must be
 * called. */
enum status sketches_open(const char *output, size_t count, sketches_tick *tick, void *context,
                          struct sketches *sketches);
void sketches_close(struct sketches *sketches);

/* Of an image that has a sketch. */
enum status sketches_read(const struct sketches *sketches, size_t image, struct sketch *sketch);
enum status sketches_labels(const struct sketches *sketches, size_t image,
                            struct sketch_labels *labels);

#endif
