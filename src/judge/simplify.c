/* Douglas and Peucker's algorithm, with the tolerance at which each point goes. */
#include "judge/simplify.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

/* The distance of p from the line from a to b. */
static float distance(struct point p, struct point a, struct point b) {
    float dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
    float along = length > 0 ? ((p.x - a.x) * dx + (p.y - a.y) * dy) / length : 0;
    along = fminf(fmaxf(along, 0), 1);
    return hypotf(p.x - a.x - along * dx, p.y - a.y - along * dy);
}

/* Weighs the points between `first` and `last` (n: the first one again): the farthest one keeps its
 * distance, or what those on both sides of it have where that is less, and splits the rest. */
static enum status weigh(struct simplifier *simplifier, const struct point *points, size_t n,
                         size_t first, size_t last) {
    enum status status;
    size_t n_spans = 0;
    float *weight = simplifier->weight;
    /* A span is split at most once a point, and what waits are disjoint spans. */
    TRY(memory_reserve(&simplifier->spans, &simplifier->span_capacity, n + 1,
                       sizeof *simplifier->spans));
    simplifier->spans[n_spans][0] = first;
    simplifier->spans[n_spans++][1] = last;
    while (n_spans) {
        size_t from = simplifier->spans[--n_spans][0], to = simplifier->spans[n_spans][1];
        size_t far = from;
        float most = -1;
        for (size_t i = from + 1; i < to; i++) {
            float d = distance(points[i], points[from], points[to % n]);
            if (d > most) {
                most = d;
                far = i;
            }
        }
        if (far == from)
            continue;
        weight[far] = fminf(most, fminf(weight[from], weight[to % n]));
        simplifier->spans[n_spans][0] = from;
        simplifier->spans[n_spans++][1] = far;
        simplifier->spans[n_spans][0] = far;
        simplifier->spans[n_spans++][1] = to;
    }
out:
    return status;
}

/* The largest first. */
static int compare(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

enum status polygon_simplify(struct simplifier *simplifier, struct point *points, size_t *n,
                             size_t most, float tolerance) {
    enum status status;
    size_t count = *n, far = 0, kept = 0;
    if (count <= 3)
        return STATUS_OK;
    TRY(memory_reserve(&simplifier->weight, &simplifier->weight_capacity, count,
                       sizeof *simplifier->weight));
    TRY(memory_reserve(&simplifier->sorted, &simplifier->sorted_capacity, count,
                       sizeof *simplifier->sorted));
    float *weight = simplifier->weight;
    for (size_t i = 1; i < count; i++)
        if (hypotf(points[i].x - points[0].x, points[i].y - points[0].y) >
            hypotf(points[far].x - points[0].x, points[far].y - points[0].y))
            far = i;
    for (size_t i = 0; i < count; i++)
        weight[i] = 0; /* where all lie on one place */
    weight[0] = weight[far] = INFINITY;
    TRY(weigh(simplifier, points, count, 0, far));
    TRY(weigh(simplifier, points, count, far, count));
    for (size_t i = 0; i < count; i++)
        simplifier->sorted[i] = weight[i];
    qsort(simplifier->sorted, count, sizeof *weight, compare);
    float limit = most < count ? simplifier->sorted[most - 1] : 0;
    limit = fminf(fmaxf(limit, tolerance), simplifier->sorted[2]);
    for (size_t i = 0; i < count && kept < most; i++)
        if (weight[i] >= limit)
            points[kept++] = points[i];
    *n = kept;
out:
    return status;
}

void simplifier_free(struct simplifier *simplifier) {
    free(simplifier->weight);
    free(simplifier->sorted);
    free(simplifier->spans);
    *simplifier = (struct simplifier){0};
}
