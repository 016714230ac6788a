/* A rank's work: its part of the images, each read, letterboxed, forwarded, judged, placed,
 * recorded. Threads of its own do it; the caller polls. Knows no MPI. */
#ifndef VERIFY_JOB_VERIFY_H
#define VERIFY_JOB_VERIFY_H

#include "backend.h"
#include "data/dataset.h"
#include "data/label_source.h"
#include "job/work.h"
#include "output/journal.h"
#include "output/place.h"
#include "output/tally.h"

/* What all images are verified with. Everything is the caller's and must outlive the work. */
struct verify_job {
    const struct backend_interface *interface; /* NULL: a dry run, which reads and counts only */
    struct backend *backend;
    const struct judge *judge;
    const struct class_map *classes;
    struct thresholds thresholds;
    const struct image_splits *splits; /* of the list of all images */
    const char *root;                  /* image names are relative to it */
    struct label_source labels;        /* of the data set */
    const char *common;                /* deepest folder common to all images */
    struct placer *placer;             /* NULL in a dry run */
    struct journal *journal;           /* this rank's; NULL in a dry run */
    bool self_test;       /* errors are planted, and what labels would be with other classes said */
    double planting_rate; /* in which share of the pictures */
    bool save_txt;
    bool sketches; /* pictures are sketched, so that copies are found */
    bool zoom;     /* labels whose place is in doubt get a closer look */
    bool redo;     /* an interrupted run may have placed images that its journals do not have */
    /* An image is judged by n_views of the networks, one behind the other: those of its set. */
    const struct backend_network *networks;
    size_t n_views;
    const uint8_t *set_of; /* by place in the list of all images; NULL: all are of the first set */
    uint32_t imgsz;        /* of the smallest network */
    bool rect;
    bool decode_fast; /* pictures much larger than the networks' inputs are not decoded whole */
    size_t readers, placers; /* threads */
    size_t slots;            /* images in flight: as many as the backend was opened with */
    /* Images that may be taken while one waits for others that are alike, so that batches are of
     * one kind; fewer than slots. 0: none waits. */
    size_t window;
    double patience;      /* seconds that it waits where the backend has nothing to do */
    size_t image_memory;  /* bytes, for pictures that are being read; 0: no limit */
    double stall_seconds; /* a warning after so long without a finished image; 0: none */
};

/* A batch takes a device some hundredths of a second: what is forwarded too early while it has
 * nothing to do costs little. */
#define GATHERING_PATIENCE 0.5

enum {
    NOTE_BYTES = 1024, /* room for any warning line, its newline and NUL */
    ERROR_BYTES = 1024,
};

/* Where the work stands; also what a rank tells rank 0 (plain data, sent as bytes). */
struct verify_progress {
    uint64_t done, left;     /* images finished, and not yet taken by a reader */
    uint64_t total;          /* these and those that are under way; may grow and shrink */
    double seconds;          /* from the start to now, or to the last image where none is to do */
    int32_t finished;        /* 1: all done or stopped by a failure */
    int32_t status;          /* enum status: why it stopped */
    int32_t model_failed;    /* 1: the model is at fault, so --resume would stop as well */
    char error[ERROR_BYTES]; /* and the message */
    char notes[NOTE_BYTES];  /* warning texts, one a line, as many as fit */
};

/* Seconds of thread time by stage, summed over threads. */
enum verify_stage {
    STAGE_READ,
    STAGE_STAGE,
    STAGE_FORWARD,
    STAGE_PLACE,
    STAGE_RECORD,
    STAGE_COUNT
};

struct verify;

/* Starts the threads over `work`, which is the caller's and must outlive them; they end once it is
 * closed and empty. `tally` is added to as images are finished and may be read after verify_join.
 * On failure *out is NULL. */
enum status verify_start(const struct verify_job *job, struct work *work, struct tally *tally,
                         struct verify **out);

/* Where the work stands now; never waits for it. Notes out of the queue of notes are appended to
 * those in *progress (zeroed at first), as many as fit: the caller empties it when they are passed
 * on. `finished` is set only once none is left and all threads that work have ended. */
void verify_poll(struct verify *verify, struct verify_progress *progress);

/* Makes the work end early, `work` with it: images that are on their way are dropped, what is
 * recorded stays. */
void verify_cancel(struct verify *verify);

/* Waits for the threads and frees everything. The first failure's status and message. `stages`
 * (STAGE_COUNT entries) may be NULL. */
enum status verify_join(struct verify *verify, double *stages);

#endif
