/* What is odd about a run: said before the work, and about placing after it. */
#ifndef VERIFY_MPI_WARNINGS_H
#define VERIFY_MPI_WARNINGS_H

#include "output/place.h"
#include "processor.h"
#include "screen.h"

/* On rank 0: what it found odd while setting up. `kept_images`: that --overwrite left. */
void warn_of_inputs(struct screen *screen, const struct options *options,
                    const struct inputs *inputs, uint64_t kept_images);

/* Collective: all ranks do without GPUs because some have none. */
void warn_of_lack(const struct ranks *ranks, const struct processor *processor,
                  struct screen *screen);

/* Collective: every rank whose GPU a lower rank has, too; on rank 0, GPUs of the list that is
 * --device's (`named`) that idle. */
enum status warn_of_sharing(const struct ranks *ranks, const char *named, const char *device,
                            struct screen *screen);

/* Collective: what placing could not do as it was asked to; once, whichever ranks met it. `placer`
 * may be NULL. */
void warn_of_placing(const struct ranks *ranks, struct placer *placer, const char *output,
                     struct screen *screen);

#endif
