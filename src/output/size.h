/* How large objects are for the network, in the three classes that COCO's results have. */
#ifndef VERIFY_OUTPUT_SIZE_H
#define VERIFY_OUTPUT_SIZE_H

#include <stdint.h>

#include "output/result.h"

enum size { SIZE_SMALL, SIZE_MEDIUM, SIZE_LARGE, SIZE_COUNT };

/* "small", "medium", "large". */
const char *size_name(enum size size);
/* The least area, in pixels of the network's input. */
uint64_t size_from(enum size size);

/* Of a box whose sides are these fractions of the picture, in the picture as it is scaled to fit
 * the network's input. Fractions count as precisely as records have them, so that the records tell
 * the same. */
enum size size_of(const struct image_result *result, double width, double height);

#endif
