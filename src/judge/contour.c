/* Marching squares. */
#include "judge/contour.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Samples on a side, and to a cell of the prototypes. */
enum { FEWEST = 16, MOST = 128, A_CELL = 2 };
/* Of the ring: what is in the box ends at its edge. */
#define OUTSIDE (-1e30f)

/* The sides of a square between four samples. */
enum side { TOP, RIGHT, BOTTOM, LEFT, SIDES };

static float at(const struct contours *contours, size_t column, size_t row) {
    return contours->grid[row * contours->width + column];
}

/* Samples along an axis from `from` to `to`, and the ring, which lies on the box's edge. */
static size_t samples_along(const struct mask_axis *axis, float from, float to) {
    float cells = (to - from) * axis->scale / (float)axis->density;
    float n = ceilf(cells * A_CELL) + 1;
    return (size_t)fminf(fmaxf(n, FEWEST), MOST);
}

static void set_places(float *places, size_t n, float from, float to) {
    for (size_t i = 0; i < n; i++)
        places[i + 1] = from + (to - from) * (float)i / (float)(n - 1);
    places[0] = from;
    places[n + 1] = to;
}

static enum status sample(struct contours *contours, const struct mask *mask, struct box box) {
    enum status status;
    size_t columns = samples_along(&mask->x, box.x1, box.x2);
    size_t rows = samples_along(&mask->y, box.y1, box.y2);
    size_t width = columns + 2, height = rows + 2;
    contours->width = width;
    contours->height = height;
    TRY(memory_reserve(&contours->grid, &contours->grid_capacity, width * height,
                       sizeof *contours->grid));
    TRY(memory_reserve(&contours->passed, &contours->passed_capacity, width * height,
                       sizeof *contours->passed));
    TRY(memory_reserve(&contours->places, &contours->place_capacity, width + height,
                       sizeof *contours->places));
    set_places(contours->places, columns, box.x1, box.x2);
    set_places(contours->places + width, rows, box.y1, box.y2);
    memset(contours->passed, 0, width * height * sizeof *contours->passed);
    for (size_t r = 0; r < height; r++)
        for (size_t c = 0; c < width; c++) {
            bool ring = r == 0 || c == 0 || r == height - 1 || c == width - 1;
            contours->grid[r * width + c] =
                ring ? OUTSIDE : mask_at(mask, contours->places[c], contours->places[width + r]);
        }
out:
    return status;
}

static bool is_inside(float value) {
    return value > 0;
}

/* Where the contour that comes into a square by one side leaves it. Of four crossings those are
 * joined that keep what the square's middle is apart from what it is not. */
static enum side way_out(const struct contours *contours, size_t column, size_t row, enum side in) {
    static const enum side around_top_left[SIDES] = {LEFT, BOTTOM, RIGHT, TOP};
    static const enum side around_top_right[SIDES] = {RIGHT, TOP, LEFT, BOTTOM};
    const float corner[SIDES] = {at(contours, column, row), at(contours, column + 1, row),
                                 at(contours, column + 1, row + 1), at(contours, column, row + 1)};
    size_t n = 0;
    enum side other = in;
    for (size_t side = 0; side < SIDES; side++)
        if (is_inside(corner[side]) != is_inside(corner[(side + 1) % SIDES])) {
            n++;
            other = side == in ? other : (enum side)side;
        }
    if (n != SIDES)
        return other;
    bool middle = is_inside(corner[0] + corner[1] + corner[2] + corner[3]);
    return is_inside(corner[0]) != middle ? around_top_left[in] : around_top_right[in];
}

/* The crossing between two samples. */
static struct point crossing(const struct contours *contours, const size_t a[2],
                             const size_t b[2]) {
    const float *x = contours->places, *y = contours->places + contours->width;
    float from = at(contours, a[0], a[1]), to = at(contours, b[0], b[1]);
    float share = from / (from - to);
    return (struct point){x[a[0]] + share * (x[b[0]] - x[a[0]]),
                          y[a[1]] + share * (y[b[1]] - y[a[1]])};
}

static enum status add_point(struct contours *contours, struct point point) {
    enum status status;
    TRY(memory_reserve(&contours->points, &contours->point_capacity, contours->n_points + 1,
                       sizeof *contours->points));
    contours->points[contours->n_points++] = point;
out:
    return status;
}

/* Follows the contour that goes down between a sample and the one right of it, all around. */
static enum status follow(struct contours *contours, size_t column, size_t row) {
    enum status status = STATUS_OK;
    size_t c = column, r = row;
    enum side in = TOP;
    do {
        const size_t corners[SIDES][2] = {{c, r}, {c + 1, r}, {c + 1, r + 1}, {c, r + 1}};
        if (in == TOP || in == BOTTOM)
            contours->passed[(in == TOP ? r : r + 1) * contours->width + c] = true;
        TRY(add_point(contours, crossing(contours, corners[in], corners[(in + 1) % SIDES])));
        enum side out = way_out(contours, c, r, in);
        c = out == RIGHT ? c + 1 : out == LEFT ? c - 1 : c;
        r = out == BOTTOM ? r + 1 : out == TOP ? r - 1 : r;
        in = (enum side)((out + 2) % SIDES);
    } while (c != column || r != row || in != TOP);
    TRY(memory_reserve(&contours->ends, &contours->end_capacity, contours->n + 1,
                       sizeof *contours->ends));
    contours->ends[contours->n++] = contours->n_points;
out:
    return status;
}

enum status contours_find(struct contours *contours, const struct mask *mask, struct box box) {
    enum status status;
    contours->n = contours->n_points = 0;
    TRY(sample(contours, mask, box));
    for (size_t r = 1; r + 1 < contours->height; r++)
        for (size_t c = 0; c + 1 < contours->width; c++)
            if (is_inside(at(contours, c, r)) != is_inside(at(contours, c + 1, r)) &&
                !contours->passed[r * contours->width + c])
                TRY(follow(contours, c, r));
out:
    return status;
}

void contours_free(struct contours *contours) {
    free(contours->ends);
    free(contours->points);
    free(contours->grid);
    free(contours->passed);
    free(contours->places);
    *contours = (struct contours){0};
}
