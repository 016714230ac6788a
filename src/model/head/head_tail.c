/* What a network's own tail makes of its last maps: whether its columns can be boxes and scores. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "model/head/head.h"

enum { BOX = 4, ELEMENT_STEPS = 4 };
/* Random logits are within 3; those that scores are looked at with, within 8 times that. */
static const float WIDE = 8.0f;
static const float ROUNDING = 1e-3f; /* by which a score may leave 0 to 1 */

/* A tail's output being looked at. */
struct output {
    const struct head_search *search;
    int tensor;
    size_t axis, n_rows, width; /* as in struct tail */
};

static size_t element(const struct output *output, size_t row, size_t column) {
    return output->axis == 2 ? row * output->width + column : column * output->n_rows + row;
}

/* The last convolutions' maps are what the tail begins with. */
static bool is_last_map(const struct head_search *search, const struct op *op,
                        const void *context) {
    (void)context;
    return op->kind == OP_CONV && map_stride(search, op->output) > 0;
}

/* The output for maps of random numbers within 3 times `scale`. */
static enum status run(const struct output *output, float scale, struct value *out, bool *done) {
    enum status status;
    const struct head_search *search = output->search;
    struct subgraph subgraph = {0};
    *out = (struct value){0};
    TRY(subgraph_open(search, output->tensor, is_last_map, NULL, &subgraph, done));
    for (size_t s = 0; s < subgraph.n_sources && *done; s++) {
        struct value *map = &subgraph.values[subgraph.sources[s]];
        *done = subgraph.sources[s] != search->graph->input &&
                search->graph->tensors[subgraph.sources[s]].dtype == DTYPE_F32;
        TRY(subgraph_allocate(&subgraph, subgraph.sources[s], DTYPE_F32, done));
        size_t n = (size_t)shape_elements(&map->shape);
        *done = *done && head_spend(search, n, ELEMENT_STEPS);
        if (!*done)
            break;
        random_values(map->data, n, s + 1);
        for (size_t i = 0; i < n; i++)
            ((float *)map->data)[i] *= scale;
    }
    if (*done)
        TRY(subgraph_evaluate(&subgraph, out, done));
    *done = *done && head_spend(search, output->n_rows * output->width, ELEMENT_STEPS);
out:
    subgraph_close(&subgraph);
    return status;
}

/* Which columns stay within 0 to 1 whatever the logits are. */
static void read_scores(const struct output *output, const float *values, bool *scores) {
    for (size_t c = BOX; c < output->width; c++) {
        scores[c] = true;
        for (size_t r = 0; r < output->n_rows && scores[c]; r++) {
            float value = values[element(output, r, c)];
            scores[c] = value >= -ROUNDING && value <= 1.0f + ROUNDING;
        }
    }
}

/* The largest number of the boxes. */
static float read_boxes(const struct output *output, const float *values) {
    float most = 0;
    for (size_t r = 0; r < output->n_rows; r++)
        for (size_t c = 0; c < BOX; c++)
            most = fmaxf(most, fabsf(values[element(output, r, c)]));
    return most;
}

/* Whether the boxes of logits of zero, which lie all over the picture, are corners: no box is as
 * wide and high as its centre is far from the left and the top, everywhere. */
static bool are_corners(const struct output *output, const float *values) {
    float least = INFINITY, most = -INFINITY;
    for (size_t r = 0; r < output->n_rows; r++) {
        float box[BOX];
        for (size_t c = 0; c < BOX; c++)
            box[c] = values[element(output, r, c)];
        if (!(box[2] >= box[0] && box[3] >= box[1]))
            return false;
        least = fminf(least, box[0]);
        most = fmaxf(most, box[0]);
    }
    return most - least > (float)output->search->width / 2;
}

void tail_free(struct tail *tail) {
    free(tail->scores);
    *tail = (struct tail){0};
}

enum status tail_probe(const struct head_search *search, int tensor, size_t axis,
                       struct tail *tail) {
    enum status status;
    const struct shape *shape = &search->shapes[tensor];
    struct head_pool pool = {0};
    struct head_search own = *search;
    const struct output output = {&own, tensor, axis, (size_t)shape->dims[3 - axis],
                                  (size_t)shape->dims[axis]};
    struct value values[3] = {{0}};
    own.pool = &pool;
    *tail = (struct tail){.width = output.width};
    TRY(memory_zeroed(output.width, sizeof *tail->scores, &tail->scores));
    tail->done = true;
    for (size_t i = 0; i < 3 && tail->done; i++)
        TRY(run(&output, (const float[]){WIDE, 1, 0}[i], &values[i], &tail->done));
    if (tail->done) {
        read_scores(&output, values[0].data, tail->scores);
        tail->most = read_boxes(&output, values[1].data);
        tail->corners = are_corners(&output, values[2].data);
    }
out:
    for (size_t i = 0; i < 3; i++)
        head_release(&own, values[i].data);
    head_pool_free(&pool);
    return status;
}
