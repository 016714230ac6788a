/* One image on its way through a rank's stages, and what each stage adds. Items are a fixed pool:
 * their buffers are used again and again. Internal to src/job. */
#ifndef VERIFY_JOB_ITEM_H
#define VERIFY_JOB_ITEM_H

#include "job/notes.h"
#include "job/outage.h"
#include "job/planting.h"
#include "job/verify.h"

struct item {
    size_t slot;       /* of the backend; also the item's place in the pool */
    size_t turn;       /* images that the rank took before this one */
    struct item *next; /* while it is gathered with others */
    const char *path;  /* path_text's */
    struct text label_text;
    const char *label_path; /* in it: of the file that has the image's labels */
    char error[512];        /* why the image failed; "" where it did not */
    uint32_t width, height; /* of the picture; 0 where it was not read */
    struct image image;     /* its pixels, where they are kept for a closer look (zoom) */
    struct sketch sketch;   /* where has_sketch */
    bool has_sketch;
    struct label_file labels;
    size_t target_capacity;
    struct target *targets; /* one a label, same order */
    size_t point_capacity;
    float *points; /* what the targets refer to */
    size_t n_views, view_capacity;
    struct picture_view *views;
    struct findings findings;
    struct planting planting;
    struct findings planted_findings; /* of the planting's targets, where it has any */
    struct image_result result;
    struct detections missing; /* of findings, those that count */
    uint64_t list_index;       /* in the list of all images */
    struct text path_text, predicted, counts;
    /* Both by the row of a stream; the second: where the journal has what came before placing. */
    struct text texts[STREAMS_MOST];
    struct journal_text announced[STREAMS_MOST];
};

/* Zeroed is fine. */
void item_free(struct item *item);

/* read: file and labels → pixels (in *image), targets. A bad image is data; a lack of memory and a
 * file system that is away fail. */
enum status item_read(const struct verify_job *job, struct outage *outage, struct image *image,
                      struct item *item);
/* judge: findings → verdicts, bucket, score, and the warnings that belong to them. */
enum status item_judge(const struct verify_job *job, struct item *item);
/* place: the image into its bucket, the texts of the journal's streams. */
enum status item_place(const struct verify_job *job, struct outage *outage, struct item *item);
/* record: in the order of taking, by one thread at a time. */
enum status item_record(const struct verify_job *job, struct item *item, struct tally *tally,
                        struct notes *notes);

#endif
