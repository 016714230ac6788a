/* What the judge says of an image before any threshold: from it, and other thresholds, all that a
 * run writes of the image can be written again, to the same bytes. WORK_FOLDER/evidence has a part
 * for each image, in list order, behind EVIDENCE_HEAD: 4 bytes of length, then so many bytes.
 *
 * Numbers are whole ones of 7 bits a byte, the lowest first, or floats, lowest byte first; a text
 * is its length with the NUL (0: there is none), the bytes, the NUL. Classes are the data set's. */
#ifndef VERIFY_OUTPUT_EVIDENCE_H
#define VERIFY_OUTPUT_EVIDENCE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/text.h"
#include "output/result.h"

#define EVIDENCE_FILE "evidence"
#define EVIDENCE_HEAD "verify evidence 1\n"

/* Appends an image's part. */
enum status evidence_write(const struct image_result *result, const struct class_map *classes,
                           struct text *text);

/* An image as it was kept. Start with a zeroed struct; it can be read into again. */
struct kept_image {
    /* Without what thresholds decide: rulings, missing, planted, bucket. Texts point into the part;
     * classes of evidence are the data set's, and there are no predictions and no hypotheses. */
    struct image_result result;
    struct label_file labels; /* the invalid lines alone */
    const char *words;        /* of the self-test (tally_self_test.h), where the result cannot
                                 tell them: to be appended to the image's line; NULL: it can */
    struct text label;        /* the label file's name */
    size_t object_capacity;
    struct detection *objects;
    size_t n_numbers, number_capacity;
    float *numbers;
};

/* Reads a part without its length. STATUS_FAILED where it is none. */
enum status evidence_read(const unsigned char *bytes, size_t length, struct kept_image *image);
void kept_image_free(struct kept_image *image);

/* The parts of a run's evidence, one after the other. Zeroed at first. */
struct evidence_file {
    FILE *file;         /* owned */
    const char *output; /* for messages; the caller's */
    uint64_t offset;    /* of the part that comes next */
    uint64_t size;      /* of the file */
    size_t length, capacity;
    unsigned char *part; /* the one that was read last, without its length; owned */
};

/* From the part at `offset` on; 0: from the first. STATUS_BAD_INPUT where the output folder has no
 * evidence, or that of another version. On failure, too, evidence_close must be called. */
enum status evidence_open(const char *output, uint64_t offset, struct evidence_file *file);
void evidence_close(struct evidence_file *file);
/* Reads the next part; *more is false at the file's end. STATUS_FAILED where it is damaged. */
enum status evidence_next(struct evidence_file *file, bool *more);
/* Whether the image of the part that was read last failed. */
bool evidence_failed(const struct evidence_file *file);

#endif
