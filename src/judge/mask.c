/* Masks: prototypes times coefficients, around a part of the picture. */
#include "judge/mask.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "judge/vector_clones.h"

/* Cells are divided into so many at most. */
enum { DENSEST = 4 };

static float between(float low, float value, float high) {
    return fminf(fmaxf(value, low), high);
}

/* How the picture lies along one axis of the input. */
struct lie {
    float gain;
    size_t start, length; /* in network pixels */
    size_t pixels;        /* of a cell */
    size_t n_cells;
};

/* How dense values have to be for the picture's edges to lie between two of them, of an axis of
 * cells of `pixels` network pixels. */
static size_t density_of(const struct lie *lie) {
    size_t density = 1, pixels = lie->pixels;
    while (density < DENSEST && pixels % (2 * density) == 0 &&
           (lie->start % (pixels / density) != 0 || lie->length % (pixels / density) != 0))
        density *= 2;
    return density;
}

/* The cell, in halves and so on of one, that value i lies at. */
static float cell_of(const struct mask_axis *axis, size_t i) {
    return ((float)i + 0.5f) / (float)axis->density - 0.5f;
}

/* What [from, to] in picture pixels depends on. */
static struct mask_axis axis_of(float from, float to, const struct lie *lie, size_t density) {
    size_t pitch = lie->pixels / density, n_cells = lie->n_cells, most = n_cells * density - 1;
    size_t low_value = lie->start / pitch, high_value = (lie->start + lie->length - 1) / pitch;
    struct mask_axis axis = {.scale = lie->gain / (float)pitch,
                             .shift = (float)lie->start / (float)pitch - 0.5f,
                             .low = low_value < most ? low_value : most,
                             .high = high_value < most ? high_value : most,
                             .density = density};
    float low = (float)axis.low, high = (float)axis.high;
    axis.first = (size_t)between(low, floorf(from * axis.scale + axis.shift), high);
    size_t last = (size_t)between(low, floorf(to * axis.scale + axis.shift) + 1, high);
    axis.count = last - axis.first + 1;
    float first_cell = fmaxf(floorf(cell_of(&axis, axis.first)), 0);
    float last_cell = fminf(floorf(cell_of(&axis, last)) + 1, (float)(n_cells - 1));
    axis.first_cell = (size_t)first_cell;
    axis.n_cells = (size_t)last_cell - axis.first_cell + 1;
    return axis;
}

/* Adds `n` channels, each times its coefficient, to a row of cells; they lie beside each other. */
VECTOR_CLONES
static void add_block(const float *restrict in, size_t block, const float *restrict coefficients,
                      size_t n, size_t cells, float *restrict out) {
    for (size_t cell = 0; cell < cells; cell++) {
        float sum = 0;
        for (size_t k = 0; k < n; k++)
            sum += coefficients[k] * in[cell * block + k];
        out[cell] += sum;
    }
}

/* The logits at the cells. */
static void combine(struct mask *mask, const struct head_map *prototypes, const float *coefficients,
                    size_t n) {
    for (size_t r = 0; r < mask->y.n_cells; r++) {
        float *out = mask->cells + r * mask->x.n_cells;
        size_t cell = (mask->y.first_cell + r) * prototypes->width + mask->x.first_cell;
        for (size_t c = 0; c < mask->x.n_cells; c++)
            out[c] = 0;
        for (size_t k = 0; k < n; k += prototypes->block) {
            size_t count = n - k < prototypes->block ? n - k : prototypes->block;
            add_block(prototypes->data + head_map_offset(prototypes, k, cell), prototypes->block,
                      coefficients + k, count, mask->x.n_cells, out);
        }
    }
}

/* The two cells of an axis, counted from its first, that value `i` lies between, and the share of
 * the second. */
static float neighbours_of(const struct mask_axis *axis, size_t i, size_t cells[2]) {
    float at = cell_of(axis, axis->first + i) - (float)axis->first_cell;
    at = between(0, at, (float)(axis->n_cells - 1));
    cells[0] = (size_t)at;
    cells[1] = cells[0] + 1 < axis->n_cells ? cells[0] + 1 : cells[0];
    return at - (float)cells[0];
}

/* From cells to values. */
static void interpolate(struct mask *mask) {
    const struct mask_axis *x = &mask->x, *y = &mask->y;
    float *rows = mask->cells + y->n_cells * x->n_cells;
    size_t at[2];
    for (size_t c = 0; c < x->count; c++) {
        float share = neighbours_of(x, c, at);
        for (size_t r = 0; r < y->n_cells; r++) {
            const float *cells = mask->cells + r * x->n_cells;
            rows[r * x->count + c] = cells[at[0]] + share * (cells[at[1]] - cells[at[0]]);
        }
    }
    for (size_t r = 0; r < y->count; r++) {
        float share = neighbours_of(y, r, at);
        const float *above = rows + at[0] * x->count, *below = rows + at[1] * x->count;
        for (size_t c = 0; c < x->count; c++)
            mask->values[r * x->count + c] = above[c] + share * (below[c] - above[c]);
    }
}

/* Lays the values out. False where the part is not in the picture, or the prototypes are no map of
 * the input. */
static bool plan(struct mask *mask, const struct anchors *anchors, struct box part) {
    const struct letterbox *letterbox = &anchors->letterbox;
    const struct head_map *map = anchors->prototypes;
    /* A pixel that begins in the part ends up to one behind it: so does what is asked at it. */
    part.x1 = fmaxf(part.x1, 0);
    part.y1 = fmaxf(part.y1, 0);
    part.x2 = fminf(part.x2 + 0.5f, (float)letterbox->image_width);
    part.y2 = fminf(part.y2 + 0.5f, (float)letterbox->image_height);
    if (!box_usable(part) || map->width == 0 || map->height == 0)
        return false;
    const struct lie x = {letterbox->gain_x, letterbox->left, letterbox->width,
                          letterbox->net_width / map->width, map->width};
    const struct lie y = {letterbox->gain_y, letterbox->top, letterbox->height,
                          letterbox->net_height / map->height, map->height};
    if (x.pixels == 0 || y.pixels == 0 || x.length == 0 || y.length == 0)
        return false;
    size_t across = density_of(&x), down = density_of(&y);
    size_t density = across > down ? across : down;
    if (x.pixels % density != 0 || y.pixels % density != 0)
        return false;
    mask->x = axis_of(part.x1, part.x2, &x, density);
    mask->y = axis_of(part.y1, part.y2, &y, density);
    return true;
}

enum status mask_make(struct mask *mask, const struct anchors *anchors, uint32_t anchor,
                      struct box part, bool *finite) {
    enum status status = STATUS_OK;
    const struct mask_axis *x = &mask->x, *y = &mask->y;
    size_t cell, n = anchors->head->n_extras;
    const struct plane *plane = anchors_cell(anchors, anchor, &cell);
    *finite = plan(mask, anchors, part);
    if (!*finite)
        return STATUS_OK;
    TRY(memory_reserve(&mask->values, &mask->value_capacity, y->count * x->count,
                       sizeof *mask->values));
    TRY(memory_reserve(&mask->cells, &mask->cell_capacity, y->n_cells * (x->n_cells + x->count) + n,
                       sizeof *mask->cells));
    float *coefficients = mask->cells + y->n_cells * (x->n_cells + x->count);
    for (size_t k = 0; k < n; k++)
        coefficients[k] = head_map_at(plane->extras, plane->extra_channel + k, cell);
    combine(mask, anchors->prototypes, coefficients, n);
    interpolate(mask);
    for (size_t i = 0; i < y->count * x->count && *finite; i++)
        *finite = isfinite(mask->values[i]);
out:
    return status;
}

void mask_free(struct mask *mask) {
    free(mask->values);
    free(mask->cells);
    *mask = (struct mask){0};
}

/* Where a place in the picture lies among an axis' values: the one before it, and the share of the
 * one behind. */
static float place(const struct mask_axis *axis, float at, size_t values[2]) {
    float value = at * axis->scale + axis->shift - (float)axis->first;
    value = between(0, value, (float)(axis->count - 1));
    values[0] = (size_t)value;
    values[1] = values[0] + 1 < axis->count ? values[0] + 1 : values[0];
    return value - (float)values[0];
}

float mask_at(const struct mask *mask, float x, float y) {
    size_t columns[2], rows[2];
    float across = place(&mask->x, x, columns), down = place(&mask->y, y, rows);
    const float *above = mask->values + rows[0] * mask->x.count;
    const float *below = mask->values + rows[1] * mask->x.count;
    float top = above[columns[0]] + across * (above[columns[1]] - above[columns[0]]);
    float bottom = below[columns[0]] + across * (below[columns[1]] - below[columns[0]]);
    return top + down * (bottom - top);
}

void mask_pixels(const struct mask *mask, struct box box, size_t width, size_t height,
                 uint8_t *pixels) {
    memset(pixels, 0, width * height);
    for (size_t r = 0; r < height; r++)
        for (size_t c = 0; c < width; c++) {
            float x = (float)c, y = (float)r;
            if (x >= box.x1 && x < box.x2 && y >= box.y1 && y < box.y2)
                pixels[r * width + c] = mask_at(mask, x + 0.5f, y + 0.5f) > 0;
        }
}
