/* How large objects are for the network. */
#include "output/size.h"

#include <math.h>

#include "output/fields.h"

/* What the records' decimals are counted in. */
#define UNIT 1e6
_Static_assert(BOX_DECIMALS == 6, "the records' decimals");

/* COCO's limits, 32 and 96 pixels squared. */
static const struct {
    const char *name;
    uint64_t from;
} sizes[SIZE_COUNT] = {
    [SIZE_SMALL] = {"small", 0},
    [SIZE_MEDIUM] = {"medium", UINT64_C(32) * 32},
    [SIZE_LARGE] = {"large", UINT64_C(96) * 96},
};

const char *size_name(enum size size) {
    return sizes[size].name;
}

uint64_t size_from(enum size size) {
    return sizes[size].from;
}

/* A side in pixels of the network's input, times UNIT: whole numbers up to the division, so that
 * what lies on a limit does so everywhere. */
static double side(const struct image_result *result, double fraction, uint32_t pixels) {
    double longer = fmax(result->width, result->height);
    return longer > 0 ? nearbyint(fraction * UNIT) * pixels * result->imgsz / longer : 0;
}

enum size size_of(const struct image_result *result, double width, double height) {
    double area = side(result, width, result->width) * side(result, height, result->height);
    enum size size = SIZE_COUNT - 1;
    while (size > SIZE_SMALL && !(area / UNIT / UNIT >= (double)sizes[size].from))
        size--;
    return size;
}
