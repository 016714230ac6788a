/* What the judge says of an image before any threshold: from it, and other thresholds, all that a
 * run writes of the image can be written again, to the same bytes. WORK_FOLDER/evidence has a part
 * for each image, in list order, behind EVIDENCE_HEAD: 4 bytes of length, then so many bytes.
 *
 * Numbers are whole ones of 7 bits a byte, the lowest first, or floats, lowest byte first; a text
 * is its length with the NUL (0: there is none), the bytes, the NUL. Classes are the data set's. */
#ifndef VERIFY_OUTPUT_EVIDENCE_H
#define VERIFY_OUTPUT_EVIDENCE_H

#include "base/text.h"
#include "output/result.h"

#define EVIDENCE_FILE "evidence"
#define EVIDENCE_HEAD "verify evidence 1\n"

/* The bytes before a part, which say how long it is; and the longest that is believed. */
enum { EVIDENCE_LENGTH_BYTES = 4, EVIDENCE_PART_BYTES = 1 << 28 };

/* Appends an image's part. */
enum status evidence_write(const struct image_result *result, const struct class_map *classes,
                           struct text *text);

/* How many bytes follow the 4 that a part begins with. */
uint32_t evidence_length(const unsigned char bytes[EVIDENCE_LENGTH_BYTES]);
/* Whether the image of the bytes behind those, at least one, is one that failed. */
bool evidence_failed(const unsigned char *bytes);

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
};

/* Reads a part without its length. STATUS_FAILED where it is none. */
enum status evidence_read(const unsigned char *bytes, size_t length, struct kept_image *image);
void kept_image_free(struct kept_image *image);

#endif
