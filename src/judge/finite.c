/* Whether what a network gave are numbers, and what its own tail made can be boxes and scores. */
#include "judge/head_decode.h"
#include "judge/scratch.h"
#include "judge/vector_clones.h"

/* `runs` times `run` values, `step` apart. On the bits, as a comparison of floats would keep the
 * loop from being vectorised. */
VECTOR_CLONES
static bool are_finite(const float *values, size_t runs, size_t step, size_t run) {
    uint32_t most = 0;
    for (size_t i = 0; i < runs; i++)
        for (size_t k = 0; k < run; k++) {
            uint32_t magnitude = float_magnitude(values[i * step + k]);
            most = magnitude > most ? magnitude : most;
        }
    return most < FLOAT_INFINITY;
}

/* n channels from `first` on; what else is in their blocks does not count. */
static bool channels_are_finite(const struct head_map *map, size_t first, size_t n) {
    size_t cells = map->width * map->height, block = map->block, end = first + n;
    bool finite = true;
    for (size_t at = first / block * block; finite && at < end; at += block) {
        size_t from = first > at ? first - at : 0, to = end - at < block ? end - at : block;
        const float *values = map->data + at * cells + from;
        finite = to - from == block ? are_finite(values, 1, 0, block * cells)
                                    : are_finite(values, cells, block, to - from);
    }
    return finite;
}

bool boxes_are_finite(const struct anchors *anchors) {
    const struct head *head = anchors->head;
    size_t n = head->kind == HEAD_DISTANCE ? 4 * head->bins : 4;
    bool finite = true;
    for (size_t i = 0; finite && i < anchors->n_planes; i++)
        finite = channels_are_finite(anchors->planes[i].boxes, anchors->planes[i].box_channel, n);
    for (size_t i = 0; finite && head->n_extras && i < anchors->n_planes; i++)
        finite = channels_are_finite(anchors->planes[i].extras, anchors->planes[i].extra_channel,
                                     head->n_extras);
    if (finite && anchors->prototypes)
        finite = channels_are_finite(anchors->prototypes, 0, head->n_extras);
    return finite;
}

bool tail_is_plausible(const struct anchors *anchors) {
    const struct plane *plane = &anchors->planes[0]; /* such a head has one */
    float side = anchors->head->untried_side;
    size_t end = plane->class_channel + anchors->head->n_classes;
    bool in_pixels = false;
    for (size_t cell = 0; side > 0 && cell < plane->cells; cell++) {
        float sides[4];
        for (size_t i = 0; i < 4; i++)
            sides[i] = plane->boxes->data[head_map_offset(plane->boxes, i, cell)];
        in_pixels = in_pixels || box_is_in_pixels(sides, side);
        for (size_t channel = 4; channel < end; channel++)
            if (!score_is_plausible(
                    plane->scores->data[head_map_offset(plane->scores, channel, cell)]))
                return false;
    }
    return in_pixels || side <= 0;
}
