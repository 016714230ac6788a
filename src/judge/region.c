/* Areas of regions, line by line. */
#include "judge/region.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

/* Few crossings are sorted faster by insertion. */
enum { FEW = 32 };

static size_t n_points(const struct region *region) {
    return region->n ? region->ends[region->n - 1] : 0;
}

/* Widens [*low, *high] by the region's points and adds up the lengths of its polygons. */
static double measure(const struct region *region, float *low, float *high) {
    double length = 0;
    for (size_t k = 0, first = 0; k < region->n; first = region->ends[k++])
        for (size_t i = first, last = region->ends[k] - 1; i < region->ends[k]; last = i++) {
            struct point p = region->points[last], q = region->points[i];
            length += sqrt((double)(q.x - p.x) * (double)(q.x - p.x) +
                           (double)(q.y - p.y) * (double)(q.y - p.y));
            *low = fminf(*low, q.y);
            *high = fmaxf(*high, q.y);
        }
    return length;
}

static int compare(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void sort(float *x, size_t n) {
    if (n > FEW) {
        qsort(x, n, sizeof *x, compare);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        float value = x[i];
        size_t at = i;
        for (; at > 0 && x[at - 1] > value; at--)
            x[at] = x[at - 1];
        x[at] = value;
    }
}

/* Finds where the line at y crosses, from left to right. The region is between each two. */
static void cross(const struct region *region, float y, struct crossings *crossings) {
    size_t n = 0;
    for (size_t k = 0, first = 0; k < region->n; first = region->ends[k++])
        for (size_t i = first, last = region->ends[k] - 1; i < region->ends[k]; last = i++) {
            struct point p = region->points[last], q = region->points[i];
            if ((p.y <= y) != (q.y <= y))
                crossings->x[n++] = p.x + (y - p.y) / (q.y - p.y) * (q.x - p.x);
        }
    crossings->n = n;
    sort(crossings->x, n);
}

/* The length of a line that is in the region. */
static double covered(const struct crossings *crossings) {
    double sum = 0;
    for (size_t i = 0; i + 1 < crossings->n; i += 2)
        sum += (double)(crossings->x[i + 1] - crossings->x[i]);
    return sum;
}

/* The length that is in both. */
static double shared(const struct crossings *a, const struct crossings *b) {
    double sum = 0;
    for (size_t i = 0, j = 0; i + 1 < a->n && j + 1 < b->n;) {
        float from = fmaxf(a->x[i], b->x[j]), to = fminf(a->x[i + 1], b->x[j + 1]);
        if (to > from)
            sum += (double)(to - from);
        if (a->x[i + 1] < b->x[j + 1])
            i += 2;
        else
            j += 2;
    }
    return sum;
}

enum status region_compare(const struct region *a, const struct region *b,
                           struct crossings memory[2], struct region_difference *difference,
                           bool *measured) {
    enum status status;
    float low = INFINITY, high = -INFINITY;
    double length = measure(a, &low, &high) + measure(b, &low, &high), of_a = 0, of_b = 0, both = 0;
    double step = ((double)high - (double)low) / REGION_LINES;
    *measured = false;
    if (!isfinite(length) || !(length > 0))
        return STATUS_OK;
    TRY(memory_reserve(&memory[0].x, &memory[0].capacity, n_points(a), sizeof *memory[0].x));
    TRY(memory_reserve(&memory[1].x, &memory[1].capacity, n_points(b), sizeof *memory[1].x));
    for (size_t line = 0; line < REGION_LINES; line++) {
        float y = (float)((double)low + ((double)line + 0.5) * step);
        cross(a, y, &memory[0]);
        cross(b, y, &memory[1]);
        of_a += covered(&memory[0]) * step;
        of_b += covered(&memory[1]) * step;
        both += shared(&memory[0], &memory[1]) * step;
    }
    *measured = of_a > 0 && of_b > 0;
    if (*measured) {
        difference->iou = (float)(both / (of_a + of_b - both));
        difference->distance = (float)(2 * (of_a + of_b - 2 * both) / length);
    }
out:
    return status;
}
