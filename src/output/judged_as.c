/* How many labels are boxes, and of how many that say more nothing but the box was judged. */
#include "output/judged_as.h"

#include "output/fields.h"

static const struct {
    const char *key, *one, *several;
} forms[JUDGED_FORMS] = {
    [JUDGED_BOX] = {"box", "box", "boxes"},
    [JUDGED_POLYGON] = {"polygon", "polygon", "polygons"},
    [JUDGED_POSE] = {"pose", "pose", "poses"},
    [JUDGED_OBB] = {"obb", "oriented box", "oriented boxes"},
};

struct judged_as judged_as_of(const struct tally *tally) {
    const uint64_t *found = tally->counts + TALLY_FORMS, *whole = tally->counts + TALLY_WHOLE;
    uint64_t total = 0, quads = found[LABEL_QUAD];
    for (size_t v = 0; v < VERDICT_COUNT; v++)
        total += tally->counts[TALLY_BOXES + v];
    bool oriented = quads > 0 && quads + whole[LABEL_QUAD] == total;
    struct judged_as judged = {.counts = {
                                   [JUDGED_POLYGON] = found[LABEL_POLYGON] + (oriented ? 0 : quads),
                                   [JUDGED_POSE] = found[LABEL_POSE],
                                   [JUDGED_OBB] = oriented ? quads : 0,
                               }};
    for (size_t form = 0; form < LABEL_FORMS; form++)
        judged.whole += whole[form];
    judged.counts[JUDGED_BOX] =
        total - quads - found[LABEL_POLYGON] - found[LABEL_POSE] - judged.whole;
    return judged;
}

void judged_as_json(const struct judged_as *judged, struct text *text) {
    text_string(text, "{");
    for (size_t i = 0; i < JUDGED_FORMS; i++)
        field_count(text, forms[i].key, judged->counts[i]);
    if (judged->whole > 0)
        field_count(text, "whole", judged->whole);
    text_string(text, "}");
}

void judged_as_words(const struct judged_as *judged, struct text *text) {
    const char *between = "";
    for (size_t i = JUDGED_BOX + 1; i < JUDGED_FORMS; i++) {
        uint64_t count = judged->counts[i];
        if (count == 0)
            continue;
        text_format(text, "%s%llu %s", between, (unsigned long long)count,
                    count == 1 ? forms[i].one : forms[i].several);
        between = ", ";
    }
}
