/* Arithmetic of polygons. */
#include "judge/polygon.h"

#include <math.h>

static float cross(struct point origin, struct point a, struct point b) {
    return (a.x - origin.x) * (b.y - origin.y) - (a.y - origin.y) * (b.x - origin.x);
}

float polygon_area(const struct point *points, size_t n) {
    float sum = 0;
    for (size_t i = 2; i < n; i++)
        sum += cross(points[0], points[i - 1], points[i]);
    return fabsf(sum) / 2;
}

/* Whether a comes first, from left to right and then upwards. */
static bool precedes(struct point a, struct point b) {
    return a.x < b.x || (a.x == b.x && a.y < b.y);
}

/* Adds the points' one side, in the order of `sorted`, to a hull whose points from `first` on are
 * of that side. */
static size_t add_side(const struct point *sorted, size_t n, int step, size_t first,
                       struct point *hull) {
    size_t count = first;
    const struct point *at = step > 0 ? sorted : sorted + n - 1;
    for (size_t i = 0; i < n; i++, at += step) {
        while (count >= first + 2 && cross(hull[count - 2], hull[count - 1], *at) <= 0)
            count--;
        hull[count++] = *at;
    }
    return count - 1; /* the last one begins the other side */
}

/* Andrew's monotone chain. */
size_t polygon_hull(const struct point *points, size_t n, struct point hull[CORNERS]) {
    struct point sorted[CORNERS], chain[2 * CORNERS];
    for (size_t i = 0; i < n; i++) {
        size_t at = i;
        for (; at > 0 && precedes(points[i], sorted[at - 1]); at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = points[i];
    }
    if (n < 3)
        return 0;
    size_t count = add_side(sorted, n, 1, 0, chain);
    count = add_side(sorted, n, -1, count, chain);
    for (size_t i = 0; i < count && i < CORNERS; i++)
        hull[i] = chain[i];
    return count;
}

/* Leaves of a convex polygon what lies on the inner side of the line from a to b (Sutherland and
 * Hodgman 1974). */
static size_t clip(const struct point *in, size_t n, struct point a, struct point b,
                   struct point *out) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        struct point p = in[i], q = in[(i + 1) % n];
        float of_p = cross(a, b, p), of_q = cross(a, b, q);
        if (of_p >= 0)
            out[count++] = p;
        if ((of_p < 0) != (of_q < 0)) {
            float t = of_p / (of_p - of_q);
            out[count++] = (struct point){p.x + t * (q.x - p.x), p.y + t * (q.y - p.y)};
        }
    }
    return count;
}

float polygon_iou(const struct point *a, size_t n_a, const struct point *b, size_t n_b) {
    struct point shared[2][CLIPPED_MOST];
    size_t n = n_a, now = 0;
    if (n_a < 3 || n_b < 3)
        return 0;
    for (size_t i = 0; i < n_a; i++)
        shared[0][i] = a[i];
    for (size_t i = 0; i < n_b && n > 0; i++, now = 1 - now)
        n = clip(shared[now], n, b[i], b[(i + 1) % n_b], shared[1 - now]);
    float inter = n < 3 ? 0 : polygon_area(shared[now], n);
    float sum = polygon_area(a, n_a) + polygon_area(b, n_b) - inter;
    return sum > 0 ? inter / sum : 0;
}

void turned_corners(struct turned_box box, struct point corners[CORNERS]) {
    static const float along[CORNERS] = {-0.5f, 0.5f, 0.5f, -0.5f};
    static const float across[CORNERS] = {-0.5f, -0.5f, 0.5f, 0.5f};
    float c = cosf(box.angle), s = sinf(box.angle);
    for (size_t i = 0; i < CORNERS; i++) {
        float x = along[i] * box.width, y = across[i] * box.height;
        corners[i] = (struct point){box.x + x * c - y * s, box.y + x * s + y * c};
    }
}

/* The one of this angle around a polygon. */
static struct turned_box turned_at(const struct point *points, size_t n, float angle) {
    float c = cosf(angle), s = sinf(angle);
    float low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (size_t i = 0; i < n; i++) {
        const float at[2] = {points[i].x * c + points[i].y * s, points[i].y * c - points[i].x * s};
        for (size_t k = 0; k < 2; k++) {
            low[k] = fminf(low[k], at[k]);
            high[k] = fmaxf(high[k], at[k]);
        }
    }
    float x = (low[0] + high[0]) / 2, y = (low[1] + high[1]) / 2;
    return (struct turned_box){x * c - y * s, x * s + y * c, high[0] - low[0], high[1] - low[1],
                               angle};
}

struct turned_box turned_around(const struct point *points, size_t n) {
    struct turned_box best = {0};
    for (size_t i = 0; i < n; i++) {
        struct point p = points[i], q = points[(i + 1) % n];
        struct turned_box box = turned_at(points, n, atan2f(q.y - p.y, q.x - p.x));
        if (i == 0 || box.width * box.height < best.width * best.height)
            best = box;
    }
    if (best.height > best.width)
        best =
            (struct turned_box){best.x, best.y, best.height, best.width, best.angle + 1.57079633f};
    return best;
}
