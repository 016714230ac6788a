/* Which pictures are copies, without comparing each with each: some bits of the hashes are a key,
 * and only pictures with the same key are compared. Copies differ in a few bits, mostly in those
 * that were not sure, so a picture has several keys, with such bits flipped; and there are several
 * tables, whose keys are of other bits. */
#ifndef VERIFY_OUTPUT_NEAR_PAIRS_H
#define VERIFY_OUTPUT_NEAR_PAIRS_H

#include "output/near_forest.h"
#include "output/sketches.h"

enum { NEAR_TABLES = 8 };

/* Joins the copies that a table (below NEAR_TABLES) shows. What tables show all together does not
 * depend on their order, nor on whether each has a forest of its own. `tick` (NULL: none) is called
 * now and then. */
enum status near_pairs_find(const struct sketches *sketches, unsigned table, sketches_tick *tick,
                            void *context, struct near_forest *forest);

#endif
