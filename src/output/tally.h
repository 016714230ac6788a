/* What a rank counts. The fixed part is one array of uint64_t, so that ranks add theirs by one
 * MPI_Reduce; swap pairs and failures vary in number and are gathered as bytes. */
#ifndef VERIFY_OUTPUT_TALLY_H
#define VERIFY_OUTPUT_TALLY_H

#include "base/text.h"
#include "output/result.h"
#include "output/size.h"

/* What is counted of each class, and of each size. */
enum tally_group {
    TALLY_GROUP_BOXES, /* + enum verdict */
    TALLY_GROUP_MISSING = TALLY_GROUP_BOXES + VERDICT_COUNT,
    TALLY_PER_GROUP,
};
enum tally_count {
    TALLY_IMAGES,                                /* + enum bucket */
    TALLY_BOXES = TALLY_IMAGES + BUCKET_COUNT,   /* + enum verdict */
    TALLY_MISSING = TALLY_BOXES + VERDICT_COUNT, /* missing objects */
    TALLY_INVALID,                               /* invalid label lines */
    TALLY_UNLABELLED,                            /* images without a label file */
    TALLY_FORMS,                                 /* + enum label_form: of labels of which nothing
                                                    but the box was judged, though they say more */
    TALLY_WHOLE = TALLY_FORMS + LABEL_FORMS,     /* + enum label_form: of which that was, too */
    TALLY_REASONS = TALLY_WHOLE + LABEL_FORMS,   /* + enum reason */
    TALLY_SIZES = TALLY_REASONS + REASON_COUNT,  /* + enum size * TALLY_PER_GROUP + … */
    TALLY_CLASSES = TALLY_SIZES + SIZE_COUNT * TALLY_PER_GROUP, /* + class * TALLY_PER_GROUP + … */
};

struct swap_count {
    int32_t labelled, suggested; /* the data set's classes */
    uint64_t count;
};

struct tally {
    size_t n_classes, length;
    uint64_t *counts; /* [length]; owned */
    size_t n_swaps, swap_capacity;
    struct swap_count *swaps; /* sorted by labelled, then suggested; owned */
    struct text failures;     /* one JSON object {"image", "reason"} a line */
    size_t n_failures, failure_capacity;
    uint64_t *failure_indices; /* [n_failures]: the image of each line, in the list; owned */
    struct self_test_sums self_test;
};

/* All counts are 0. On failure there is nothing to free. */
enum status tally_make(size_t n_classes, struct tally *tally);
/* Zeroed is fine. */
void tally_free(struct tally *tally);

/* Appends what one image adds, as one line without its newline: the bucket, the number of invalid
 * label lines, "u" where it has no label file, then a word for each box,
 * "b<class>.<verdict>.<reason>.<size>", followed by "><suggested>" where that makes a swap, for
 * each missing object, "m<class>.<size>" ("m-" for a class that the data set lacks), for each form
 * of labels but boxes "l<form>.<number>" of those judged by their boxes alone and
 * "w<form>.<number>" of the others, and the words of the self-test (tally_self_test.h); of a
 * failed image, instead of those words, "f " and its JSON object. */
enum status tally_line(const struct image_result *result, const struct class_map *classes,
                       struct text *line);
/* Counts such a line, of the image with that index in the list; images come in any order. Classes
 * beyond the tally's are counted in the totals alone. STATUS_FAILED, with nothing counted, where it
 * is no such line; out of memory, the tally is of no use any more. */
enum status tally_apply(struct tally *tally, uint64_t index, const char *line);

/* Adds one line of `failures`; `json` is without its newline. */
enum status tally_add_failure(struct tally *tally, uint64_t index, const char *json, size_t length);
/* Puts the failures in list order, as the report shows them. */
enum status tally_sort_failures(struct tally *tally);
/* Adds `count` swaps of one pair. */
enum status tally_add_swaps(struct tally *tally, int32_t labelled, int32_t suggested,
                            uint64_t count);

#endif
