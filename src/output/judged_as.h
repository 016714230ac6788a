/* What of the labels was judged: the boxes of all; of polygons, poses and oriented boxes the rest,
 * too, where a network of that task saw the object. */
#ifndef VERIFY_OUTPUT_JUDGED_AS_H
#define VERIFY_OUTPUT_JUDGED_AS_H

#include "output/tally.h"

enum { JUDGED_BOX, JUDGED_POLYGON, JUDGED_POSE, JUDGED_OBB, JUDGED_FORMS };

struct judged_as {
    uint64_t counts[JUDGED_FORMS]; /* labels whose boxes alone were judged, by what they are */
    uint64_t whole;                /* those that say more, and all of it was judged */
};

/* Of everybody's tally: polygons of four points are oriented boxes where all labels are such. */
struct judged_as judged_as_of(const struct tally *tally);

/* Appends `judged_as` of the report, a JSON object; `whole` only where there are such. */
void judged_as_json(const struct judged_as *judged, struct text *text);
/* Appends those that are more than the boxes that were judged, "917 polygons, 1 pose"; nothing
 * where none are. */
void judged_as_words(const struct judged_as *judged, struct text *text);

#endif
