/* The lines that a user sees: on the screen and, byte for byte the same, in output/logs. */
#ifndef VERIFY_MPI_SCREEN_H
#define VERIFY_MPI_SCREEN_H

#include "processor.h"
#include "totals.h"

struct screen;

/* Opens output/logs/gpu{rank}.log, and on rank 0 verify.log; output (NULL: the screen alone) is
 * not copied. On failure *out is as it was. */
enum status screen_open(const struct ranks *ranks, const struct processor *processor,
                        const char *output, bool quiet, struct screen **out);
/* NULL is fine. */
void screen_close(struct screen *screen);

/* A line (without its newline) to the screen and verify.log; on rank 0 only. */
void screen_line(struct screen *screen, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same, also with --quiet. */
void screen_error(struct screen *screen, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* On rank 0: "[CPU 0] WARNING: ..." to the screen, verify.log and its own log. */
void screen_warning(struct screen *screen, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A line to this rank's own log alone. */
void screen_own(struct screen *screen, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* An error that rank 0 cannot print itself: on another rank, to the screen, verify.log and its own
 * log. */
void screen_stand_in(struct screen *screen, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "CPU" or "GPU": of this run's lines about a rank. */
const char *screen_prefix(const struct screen *screen);

/* The fixed lines of a run, in the order of their use; on rank 0 only. */
void screen_title(struct screen *screen);
void screen_start(struct screen *screen, uint64_t images);
void screen_all_completed(struct screen *screen);
void screen_results(struct screen *screen, const struct totals *totals, uint64_t images,
                    const struct dataset *dataset);
void screen_review(struct screen *screen); /* where the review page is */
void screen_complete(struct screen *screen);
/* How many images have no label file, and which pictures were left out; no line where none. */
void screen_left_out(struct screen *screen, const struct tally *tally,
                     const struct dataset *dataset);

#endif
