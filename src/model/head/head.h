/* Recognition of a network's detection head; private to model/.
 *
 * A file holds the head spelled out: reshapes, a softmax, anchor points, sigmoids. What it means is
 * found without regard to names or patterns: elements of the scores are followed back through
 * whatever moves them to the raw maps they come from, and what becomes of the other channels is
 * computed for random maps and compared with the head's formula (see enum head_kind). Only where
 * the numbers agree is the head recognised. */
#ifndef VERIFY_MODEL_HEAD_H
#define VERIFY_MODEL_HEAD_H

#include <math.h>

#include "model/graph.h"

/* Blocks that values were in. */
enum { HEAD_POOL = 8 };
struct head_pool {
    size_t n, bytes;
    void *blocks[HEAD_POOL];
};

/* Where to look: a graph with the shapes of its tensors at one input size. */
struct head_search {
    const struct graph *graph;
    enum task task;             /* that the file says it was trained for */
    int prototypes;             /* an output of the file that can be prototypes of masks: a tensor
                                   (1,C,h,w); -1: none */
    const struct shape *shapes; /* by tensor */
    const bool *known;          /* by tensor: whether its shape is known */
    int64_t height, width;
    uint64_t *work_left;    /* steps (see op_steps) that all of the search may still take */
    struct head_pool *pool; /* head_find's own */
};

/* Looks for a HEAD_DISTANCE or HEAD_ANCHOR. *found says whether there is one; levels are in the
 * order of their strides. A tail that takes too much memory or fails to compute is simply not
 * recognised; where *search->work_left ends up 0, the search was not finished. */
enum status head_find(const struct head_search *search, struct head *head, bool *found);

/* The two kinds. */
enum status head_find_distance(const struct head_search *search, struct head *head, bool *found);
/* Where the search has prototypes it finds heads with coefficients alone; these lie, as extras, in
 * the map of box and scores: an anchor has 5 + n_classes + n_extras channels there. */
enum status head_find_anchor(const struct head_search *search, struct head *head, bool *found);

/* Which cell of which level each anchor of a distance head's tail is. */
struct anchor_order {
    size_t count;
    const size_t *level, *cell; /* of each anchor */
};
/* Finds the coefficients of masks that go with a HEAD_DISTANCE and the search's prototypes: a
 * tensor of rank 3, its anchors in the order of `anchors`, that raw maps were moved into. Where
 * there is one, sets the levels' extras and what else the head has of masks. */
enum status head_find_masks(const struct head_search *search, const struct anchor_order *anchors,
                            struct head *head);

/* YOLOX's head, as its maps lie in the graph: (1,4,h,w) with x, y, w, h, (1,1,h,w) and
 * (1,classes,h,w) with logits, for each stride. x = (x + column) stride, w = e^w stride. */
struct yolox_level {
    int boxes, objectness, classes; /* tensors */
    size_t stride;
};
struct yolox {
    bool decoded; /* the graph makes boxes of it; its output are the maps' rows otherwise */
    size_t n_classes, n_levels;
    struct yolox_level levels[GRAPH_LEVELS]; /* in the order of their strides */
};
/* Looks for one, where head_find found nothing. */
enum status head_find_yolox(const struct head_search *search, struct yolox *yolox, bool *found);

/* What a network's own tail makes of random numbers in place of its last maps. */
struct tail {
    bool done;    /* the rest is known: the tail begins with convolutions, is understood, and not
                     out of proportion */
    size_t width; /* columns: numbers a box */
    bool *scores; /* by column, from the box's 4 on: it never leaves 0 to 1; owned */
    float most;   /* the largest of all boxes' numbers, for logits within 3 */
    bool corners; /* boxes are two corners each */
};
/* Looks at a tensor (1,rows,columns), where `axis` is 2, or (1,columns,rows), 1. tail_free also on
 * failure. */
enum status tail_probe(const struct head_search *search, int tensor, size_t axis,
                       struct tail *tail);
void tail_free(struct tail *tail);

/* Takes `steps` for each of `count` things from what the search may still do; false where that is
 * not enough: then nothing is left. */
bool head_spend(const struct head_search *search, uint64_t count, uint64_t steps);

/* head_memory.c: zeroed memory for a value, and its release. head_pool_free at the end. */
enum status head_allocate(const struct head_search *search, size_t bytes, void *out);
void head_release(const struct head_search *search, void *data);
void head_pool_free(struct head_pool *pool);

/* head_subgraph.c: the operators between chosen tensors and one that is computed from them. */

/* Most tensors that the elements of one may come from. */
enum { SUBGRAPH_SOURCES = 64 };
/* Added to an element's number for each sigmoid that it passes. */
#define SUBGRAPH_SIGMOID ((int64_t)1 << 50)

struct subgraph {
    const struct head_search *search;
    int target;
    bool moves;   /* followed are operators that move elements and the sigmoid, alone */
    bool *inside; /* by tensor: computed within the subgraph */
    uint32_t *uses;
    size_t n_sources;
    int sources[SUBGRAPH_SOURCES]; /* what the subgraph stands on, constants apart */
    struct value *values;          /* by tensor: the sources', and what is being computed; owned */
    uint64_t bytes;                /* that the values take */
};

/* Whether the subgraph ends at the operator's output. */
typedef bool subgraph_boundary(const struct head_search *search, const struct op *op,
                               const void *context);

/* Follows a tensor back. With `boundary` NULL through what moves elements, to where anything else
 * made them; otherwise through every operator, to the boundary. *closed: false where there are
 * more than SUBGRAPH_SOURCES sources. */
enum status subgraph_open(const struct head_search *search, int target, subgraph_boundary *boundary,
                          const void *context, struct subgraph *subgraph, bool *closed);
void subgraph_close(struct subgraph *subgraph);

/* Makes room for a tensor's elements, zeroed, in subgraph->values: for the sources' before it is
 * evaluated. *done becomes false where the memory is out of proportion. */
enum status subgraph_allocate(struct subgraph *subgraph, int tensor, enum dtype dtype, bool *done);

/* Computes the target from values of the sources; out->data is the caller's to head_release. *done:
 * false where an operator is not understood, or work or memory are out of proportion. */
enum status subgraph_evaluate(struct subgraph *subgraph, struct value *out, bool *done);

/* The same from random values of its sources, which stay in subgraph->values. */
enum status subgraph_run_random(struct subgraph *subgraph, struct value *out, bool *done);

/* Of a subgraph of moves: where each element of the target comes from. Element e of source s is
 * number first[s] + e; SUBGRAPH_SIGMOID is added for each sigmoid. *ids is the caller's to
 * head_release. */
enum status subgraph_trace(struct subgraph *subgraph, int64_t first[SUBGRAPH_SOURCES + 1],
                           int64_t **ids, bool *done);
/* Whether an operator of a subgraph of moves is a sigmoid: one without has no scores. */
bool subgraph_passes_sigmoid(const struct subgraph *subgraph);
/* The source that a number belongs to. */
size_t subgraph_source(const int64_t first[SUBGRAPH_SOURCES + 1], size_t n_sources, int64_t id);

/* The level whose cells a map has; head->n_levels where none. */
size_t head_level_of(const struct head_search *search, const struct head *head, int tensor);
/* Makes the sources of a subgraph the extras of the levels: one of each, neither its boxes nor its
 * scores; false where they are not so. */
bool head_take_extras(const struct subgraph *subgraph, struct head *head);
/* Whether an operator makes such a map, and does more than to move elements: what boxes and
 * keypoints are followed back to. A subgraph_boundary whose context is the head. */
bool head_is_raw_map(const struct head_search *search, const struct op *op, const void *context);
/* Looks for the keypoints of a head whose boxes and scores are found, and sets what struct head has
 * of TASK_POSE; leaves it as it is where there are none that the formulas agree with. */
enum status head_find_points(const struct head_search *search, const struct anchor_order *anchors,
                             struct head *head);

/* Whether an operator only moves elements. */
bool op_moves(const struct graph *graph, const struct op *op);
bool op_is_sigmoid(const struct op *op);

/* The stride of a map of rank 4, (1,C,H/stride,W/stride); 0 where it is none. */
int64_t map_stride(const struct head_search *search, int tensor);
/* Sorts maps by stride, ascending. */
void sort_by_stride(const struct head_search *search, int *tensors, size_t count);

/* Whether a side of a box is the formula's but for the rounding of a graph in floats. */
static inline bool head_box_agrees(double value, double expected) {
    return fabs(value - expected) <= 1e-3 + 4e-6 * fabs(expected);
}

/* Numbers in [-3, 3) that are the same in every run. */
void random_values(float *values, size_t count, uint64_t seed);

#endif
