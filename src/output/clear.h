/* Starting over (--overwrite): what an earlier run wrote goes, all else stays. */
#ifndef VERIFY_OUTPUT_CLEAR_H
#define VERIFY_OUTPUT_CLEAR_H

#include "data/packed_paths.h"
#include "output/journal.h"

/* Whether --overwrite may be tried at all, before anything is touched: STATUS_BAD_INPUT where the
 * folder holds results and no run wrote a manifest of them, or where an image, or its label file,
 * lies in a folder that would be cleared. An output folder that is absent is fine. */
enum status output_may_clear(const char *output, const struct packed_paths *images);

/* Removes what runs wrote into the output folder, whose lock is held, and then what they know of
 * themselves. STATUS_BAD_INPUT, with nothing removed, where something was changed since it was
 * written, which is named. What no run wrote stays, and so does an image that is the last name of
 * its picture (unless another lies where that one came from); *kept is how many of these.
 * Interrupted, it can only be done again. */
enum status output_clear(const char *output, uint64_t *kept);

/* Removes what the last of these epochs, which are in order, had announced and may have placed, for
 * images that are not done; only what is as it was written. After journal_repair of all. `tick`
 * (may be NULL) is called now and then. */
typedef void clear_tick(void *context);
enum status output_clear_leftovers(const char *output, const struct journal_id *ids, size_t count,
                                   clear_tick *tick, void *tick_context);

#endif
