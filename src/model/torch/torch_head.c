/* The last module: the raw maps of boxes and scores, and what they mean. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/torch/torch_module.h"

/* The classes that are known. Those that train with auxiliary branches have several sets of maps
 * as inputs, one of which makes the boxes. */
static const struct head_class {
    const char *name;
    const char *other; /* what it is for, where its boxes cannot be used; NULL: boxes */
    const char *also;  /* what finds boxes and more; with `other`, only where boxes are distances */
    size_t sets, used; /* 0: one */
    const char *boxes, *scores; /* the lists of convolutions; NULL: those of Detect */
    const char *bins;
    const char *extras;   /* the list of convolutions of what its task has beside boxes; NULL: not
                             known */
    const char *last;     /* the list of those that each of these ends with; NULL: none */
    const char *n_extras; /* the attribute that says how many these are; NULL: those of keypoints */
    enum task task;
    bool raw_angle, centred_points; /* see struct head */
} heads[] = {
    {.name = "Detect"},
    {.name = "DDetect"},
    {.name = "v10Detect"},
    {.name = "IDetect"},
    {.name = "IAuxDetect", .sets = 2, .used = 0},
    {.name = "DualDetect", .sets = 2, .used = 1, .boxes = "cv4", .scores = "cv5", .bins = "dfl2"},
    {.name = "DualDDetect", .sets = 2, .used = 1, .boxes = "cv4", .scores = "cv5", .bins = "dfl2"},
    {.name = "TripleDetect", .sets = 3, .used = 2, .boxes = "cv6", .scores = "cv7", .bins = "dfl3"},
    {.name = "TripleDDetect",
     .sets = 3,
     .used = 2,
     .boxes = "cv6",
     .scores = "cv7",
     .bins = "dfl3"},
    {.name = "Segment",
     .also = "a segmentation model",
     .task = TASK_SEGMENT,
     .extras = "cv4",
     .n_extras = "nm"},
    {.name = "Segment26",
     .also = "a segmentation model",
     .task = TASK_SEGMENT,
     .extras = "cv4",
     .n_extras = "nm"},
    {.name = "Pose", .other = "poses", .also = "a pose model", .task = TASK_POSE, .extras = "cv4"},
    {.name = "Pose26",
     .other = "poses",
     .also = "a pose model",
     .task = TASK_POSE,
     .extras = "cv4",
     .last = "cv4_kpts",
     .centred_points = true},
    {.name = "IKeypoint", .also = "a pose model"},
    {.name = "Classify", .other = "classification"},
    {.name = "Classification", .other = "classification"},
    {.name = "Depth", .other = "depth"},
    {.name = "OBB",
     .also = "a model of oriented boxes",
     .task = TASK_OBB,
     .extras = "cv4",
     .n_extras = "ne"},
    {.name = "OBB26",
     .also = "a model of oriented boxes",
     .task = TASK_OBB,
     .extras = "cv4",
     .n_extras = "ne",
     .raw_angle = true},
    {.name = "SemanticSegment", .other = "semantic segmentation"},
    {.name = "RTDETRDecoder", .other = "RT-DETR"},
    {.name = "WorldDetect", .other = "detection by prompts"},
    {.name = "YOLOEDetect", .other = "detection by prompts"},
    {.name = "YOLOESegment", .other = "detection by prompts"},
    {.name = "YOLOESegment26", .other = "detection by prompts"},
};
enum { N_HEADS = sizeof heads / sizeof heads[0] };

static size_t find_head(const struct pickled *module) {
    size_t i = 0;
    while (i < N_HEADS && strcmp(heads[i].name, torch_class(module)) != 0)
        i++;
    return i;
}

bool torch_is_head(const struct pickled *module) {
    return torch_is_yolo(module) && find_head(module) < N_HEADS;
}

/* Reads the strides of all levels, and checks them against the maps'. */
static enum status read_strides(struct torch_import *import, const struct pickled *module,
                                const int *maps, size_t n_maps) {
    enum status status;
    struct head *head = &import->graph->head;
    float strides[GRAPH_LEVELS];
    int64_t stride;
    TRY(torch_values(import, module, pickled_get(module, "stride"), n_maps, strides));
    for (size_t l = 0; l < n_maps; l++) {
        TRY(torch_stride(import, module, maps[l], &stride));
        if (strides[l] != (float)stride) {
            status =
                TORCH_FAIL(import, module, "damaged: a stride of %g where the map's is %" PRId64,
                           (double)strides[l], stride);
            goto out;
        }
        head->levels[l].stride = (size_t)stride;
    }
out:
    return status;
}

static enum status check_channels(struct torch_import *import, const struct pickled *module,
                                  int map, int64_t expected) {
    int64_t channels;
    enum status status = torch_channels(import, module, map, &channels);
    if (status == STATUS_OK && channels != expected)
        return TORCH_FAIL(import, module,
                          "damaged: a map of %" PRId64
                          " channels where its attributes make %" PRId64,
                          channels, expected);
    return status;
}

/* The parts of a list, one a level. */
static enum status level_parts(struct torch_import *import, const struct pickled *module,
                               const char *name, size_t n_levels, struct torch_parts *parts) {
    enum status status;
    TRY(torch_parts(import, module, name, parts));
    if (parts->count != n_levels)
        status = TORCH_FAIL(import, module, "damaged: %zu modules '%s' for %zu maps", parts->count,
                            name, n_levels);
out:
    return status;
}

/* That distances are the mean of bins 0, 1, 2 … */
static enum status check_bins(struct torch_import *import, const struct pickled *module,
                              const char *name, size_t bins) {
    enum status status = STATUS_OK;
    float weights[GRAPH_BINS];
    const struct pickled *conv = torch_part(torch_part(module, name), "conv");
    if (bins == 1)
        return STATUS_OK;
    if (bins > GRAPH_BINS)
        return TORCH_FAIL(import, module, "more than %d bins are not supported", GRAPH_BINS);
    TRY(torch_values(import, module, torch_parameter(conv, "weight"), bins, weights));
    for (size_t i = 0; i < bins; i++)
        if (weights[i] != (float)i)
            return TORCH_FAIL(import, module, "bins other than 0 to %zu are not supported",
                              bins - 1);
out:
    return status;
}

/* How many numbers an anchor the task has beside boxes and scores. */
static enum status count_extras(struct torch_import *import, const struct pickled *module,
                                const struct head_class *class, int64_t *channels) {
    enum status status;
    int64_t shape[2];
    if (class->n_extras != NULL)
        return torch_int(import, module, class->n_extras, 1, channels);
    TRY(torch_ints(import, module, "kpt_shape", 1, 2, shape));
    if (shape[1] != 2 && shape[1] != 3)
        return TORCH_FAIL(import, module, "damaged: keypoints of %" PRId64 " numbers", shape[1]);
    import->graph->head.n_points = (size_t)shape[0];
    import->graph->head.point_values = (size_t)shape[1];
    *channels = shape[0] * shape[1];
out:
    return status;
}

/* What the task has beside boxes and scores, by one more stack of convolutions a level: an angle,
 * coefficients of masks, keypoints. */
static enum status read_extras(struct torch_import *import, const struct pickled *module,
                               bool usual, const int *inputs, const struct head_class *class) {
    enum status status;
    struct head *head = &import->graph->head;
    struct torch_parts extras, last;
    int64_t channels;
    char name[32], name_of_last[32];
    snprintf(name, sizeof name, "%s%s", usual ? "" : "one2one_", class->extras);
    if (class->task == TASK_POSE && torch_part(module, name) == NULL)
        return STATUS_OK; /* its boxes are read without */
    TRY(count_extras(import, module, class, &channels));
    TRY(level_parts(import, module, name, head->n_levels, &extras));
    if (class->last != NULL) {
        snprintf(name_of_last, sizeof name_of_last, "%s%s", usual ? "" : "one2one_", class->last);
        TRY(level_parts(import, module, name_of_last, head->n_levels, &last));
    }
    for (size_t l = 0; l < head->n_levels; l++) {
        int *map = &head->levels[l].extras;
        TRY(torch_run_item(import, &extras, l, inputs[l], map));
        if (class->last != NULL)
            TRY(torch_run_item(import, &last, l, *map, map));
        TRY(check_channels(import, module, *map, channels));
    }
    head->n_extras = (size_t)channels;
out:
    return status;
}

/* Distances to the sides and scores, by two stacks of convolutions a level. Networks that can do
 * without suppression of duplicates have two pairs of these; the usual one is taken, unless the
 * file was saved without. */
static enum status read_distance(struct torch_import *import, const struct pickled *module,
                                 const struct head_class *class, const int *inputs,
                                 size_t n_inputs) {
    enum status status;
    struct head *head = &import->graph->head;
    struct torch_parts boxes, scores;
    const char *of_boxes = class->boxes, *of_scores = class->scores;
    bool usual = torch_part(module, "cv2") != NULL;
    if (of_boxes == NULL) {
        of_boxes = usual ? "cv2" : "one2one_cv2";
        of_scores = usual ? "cv3" : "one2one_cv3";
    }
    int64_t classes, bins;
    int maps[GRAPH_LEVELS];
    TRY(torch_int(import, module, "nc", 1, &classes));
    TRY(torch_int(import, module, "reg_max", 1, &bins));
    TRY(check_bins(import, module, class->bins == NULL ? "dfl" : class->bins, (size_t)bins));
    TRY(level_parts(import, module, of_boxes, n_inputs, &boxes));
    TRY(level_parts(import, module, of_scores, n_inputs, &scores));
    *head = (struct head){.kind = HEAD_DISTANCE,
                          .task = class->task,
                          .raw_angle = class->raw_angle,
                          .centred_points = class->centred_points,
                          .n_classes = (size_t)classes,
                          .bins = (size_t)bins,
                          .n_anchors = 1,
                          .n_levels = n_inputs};
    for (size_t l = 0; l < n_inputs; l++) {
        struct head_level *level = &head->levels[l];
        TRY(torch_run_item(import, &boxes, l, inputs[l], &level->boxes));
        TRY(torch_run_item(import, &scores, l, inputs[l], &level->scores));
        TRY(check_channels(import, module, level->boxes, 4 * bins));
        TRY(check_channels(import, module, level->scores, classes));
        maps[l] = level->boxes;
    }
    if (class->extras != NULL && (class->task != TASK_SEGMENT || torch_has_prototypes(module)))
        TRY(read_extras(import, module, usual, inputs, class));
    if (head_has_masks(head))
        TRY(torch_prototypes(import, module, inputs, n_inputs, &head->prototypes));
    TRY(read_strides(import, module, maps, n_inputs));
out:
    return status;
}

/* What an anchor's channels are. */
struct anchor_channels {
    int64_t all;   /* box, objectness, marks, classes, coefficients */
    int64_t marks; /* coordinates of landmarks */
    int64_t classes;
    int64_t coefficients; /* of masks, where these are used */
};

/* Leaves box, objectness and classes in one map, coefficients in another. */
static enum status cut_others(struct torch_import *import, const struct pickled *module,
                              int64_t anchors, const struct anchor_channels *channels,
                              struct head_level *level) {
    enum status status;
    int parts[2 * GRAPH_ANCHORS], coefficients[GRAPH_ANCHORS], map = level->boxes;
    size_t n = 0;
    for (int64_t a = 0; a < anchors; a++) {
        int64_t start = a * channels->all, classes = start + 5 + channels->marks;
        bool together = channels->marks == 0;
        TRY(torch_slice(import, module, map, start, together ? 5 + channels->classes : 5,
                        &parts[n++]));
        if (!together)
            TRY(torch_slice(import, module, map, classes, channels->classes, &parts[n++]));
        if (channels->coefficients > 0)
            TRY(torch_slice(import, module, map, classes + channels->classes,
                            channels->coefficients, &coefficients[a]));
    }
    TRY(build_concat(import->graph, torch_layer(import, module), parts, n, 1, &level->boxes));
    level->scores = level->boxes;
    if (channels->coefficients > 0)
        TRY(build_concat(import->graph, torch_layer(import, module), coefficients, (size_t)anchors,
                         1, &level->extras));
out:
    return status;
}

/* Landmarks stand before the classes: of five points in faces, of four in plates. The layout of
 * others is not known. */
static enum status read_channels(struct torch_import *import, const struct pickled *module,
                                 const struct head_class *class, struct anchor_channels *channels,
                                 const char **also) {
    enum status status;
    TRY(torch_int(import, module, "nc", 1, &channels->classes));
    int64_t plain = channels->classes + 5;
    TRY(torch_int_or(import, module, "no", plain, plain, &channels->all));
    bool split = strcmp(class->name, "IKeypoint") == 0; /* points have convolutions of their own */
    if (split)
        channels->all = plain;
    channels->marks = class->also == NULL ? channels->all - plain : 0;
    channels->coefficients = 0;
    if (class->task == TASK_SEGMENT && torch_has_prototypes(module))
        channels->coefficients = channels->all - plain;
    if (channels->marks != 0 && channels->marks != 8 && channels->marks != 10) {
        status = TORCH_FAIL(import, module,
                            "has %" PRId64 " numbers a box beside box, objectness and classes, "
                            "and what they are is not known",
                            channels->marks);
        goto out;
    }
    if (channels->marks != 0)
        *also = "a model with landmarks";
out:
    return status;
}

/* v7's convolutions: before one something is added to each channel of its input, behind it each
 * channel is multiplied, by numbers that were learned. Both go into the weights. */
static enum status fold_implicit(struct torch_import *import, const struct pickled *module,
                                 const struct pickled *added, const struct pickled *factors) {
    enum status status;
    struct graph *graph = import->graph;
    const struct op *op = &graph->ops[graph->n_ops - 1];
    float *before = NULL, *behind = NULL;
    if (op->kind != OP_CONV || op->n_inputs < 3 || op->inputs[2] < 0 || op->window.kernel[0] != 1 ||
        op->window.kernel[1] != 1 || op->window.group != 1)
        return TORCH_FAIL(import, module, "damaged: its convolutions are not of 1x1 with a bias");
    float *weights = graph->tensors[op->inputs[1]].data, *bias = graph->tensors[op->inputs[2]].data;
    const int64_t *dims = graph->tensors[op->inputs[1]].shape.dims;
    size_t n_out = (size_t)dims[0], n_in = (size_t)dims[1];
    TRY(memory_zeroed(n_in, sizeof *before, &before));
    TRY(memory_zeroed(n_out, sizeof *behind, &behind));
    TRY(torch_values(import, module, torch_parameter(added, "implicit"), n_in, before));
    TRY(torch_values(import, module, torch_parameter(factors, "implicit"), n_out, behind));
    for (size_t o = 0; o < n_out; o++) {
        double sum = (double)bias[o];
        for (size_t i = 0; i < n_in; i++) {
            sum += (double)weights[o * n_in + i] * (double)before[i];
            weights[o * n_in + i] *= behind[o];
        }
        bias[o] = (float)(sum * (double)behind[o]);
    }
out:
    free(before);
    free(behind);
    return status;
}

/* The convolution of one level. */
static enum status run_level(struct torch_import *import, const struct pickled *module,
                             const struct torch_parts *convs, size_t level, int x, int *out) {
    enum status status;
    struct torch_parts added, factors;
    TRY(torch_run_item(import, convs, level, x, out));
    if (torch_part(module, "ia") == NULL)
        return STATUS_OK;
    TRY(torch_parts(import, module, "ia", &added));
    TRY(torch_parts(import, module, "im", &factors));
    if (level >= added.count || level >= factors.count)
        return TORCH_FAIL(import, module, "damaged: parts 'ia' and 'im' are not those of its maps");
    TRY(fold_implicit(import, module, added.items[2 * level + 1], factors.items[2 * level + 1]));
out:
    return status;
}

/* Boxes relative to anchors, by one convolution a level. The file has anchors in cells. */
static enum status read_anchors(struct torch_import *import, const struct pickled *module,
                                const struct head_class *class, const int *inputs, size_t n_inputs,
                                const char **also) {
    enum status status;
    struct head *head = &import->graph->head;
    struct torch_parts convs;
    struct anchor_channels channels;
    int64_t anchors;
    int maps[GRAPH_LEVELS];
    float sides[GRAPH_LEVELS * GRAPH_ANCHORS * 2];
    TRY(read_channels(import, module, class, &channels, also));
    TRY(torch_int(import, module, "na", 1, &anchors));
    if (anchors > GRAPH_ANCHORS) {
        status =
            TORCH_FAIL(import, module, "more than %d anchors are not supported", GRAPH_ANCHORS);
        goto out;
    }
    TRY(torch_values(import, module, torch_buffer(module, "anchors"),
                     n_inputs * (size_t)anchors * 2, sides));
    TRY(level_parts(import, module, "m", n_inputs, &convs));
    *head = (struct head){.kind = HEAD_ANCHOR,
                          .task = class->task,
                          .n_extras = (size_t)channels.coefficients,
                          .n_classes = (size_t)channels.classes,
                          .bins = 1,
                          .n_anchors = (size_t)anchors,
                          .n_levels = n_inputs};
    for (size_t l = 0; l < n_inputs; l++) {
        TRY(run_level(import, module, &convs, l, inputs[l], &maps[l]));
        TRY(check_channels(import, module, maps[l], anchors * channels.all));
        head->levels[l].boxes = head->levels[l].scores = maps[l];
        if (channels.all != channels.classes + 5)
            TRY(cut_others(import, module, anchors, &channels, &head->levels[l]));
    }
    if (head_has_masks(head))
        TRY(torch_prototypes(import, module, inputs, n_inputs, &head->prototypes));
    TRY(read_strides(import, module, maps, n_inputs));
    for (size_t i = 0; i < n_inputs * (size_t)anchors * 2; i++) {
        struct head_level *level = &head->levels[i / 2 / (size_t)anchors];
        float side = sides[i] * (float)level->stride;
        if (!(side > 0.0f) || side > 65536.0f) {
            status = TORCH_FAIL(import, module, "damaged: an anchor of %g pixels", (double)side);
            goto out;
        }
        level->anchors[i / 2 % (size_t)anchors][i % 2] = side;
    }
out:
    return status;
}

enum status torch_head(struct torch_import *import, const struct pickled *module, const char *name,
                       const int *inputs, size_t n_inputs, const char **also) {
    enum status status;
    size_t before;
    const struct head_class *class = &heads[find_head(module)];
    size_t sets = class->sets == 0 ? 1 : class->sets, n_levels = n_inputs / sets;
    TRY(torch_enter(import, module, name, &before));
    *also = class->also;
    inputs += class->used * n_levels;
    bool anchors = torch_part(module, "m") != NULL;
    if (class->other != NULL && (class->also == NULL || anchors))
        status = TORCH_FAIL(import, module, "is a model for %s; a detection model is needed",
                            class->other);
    else if (n_levels < 1 || n_levels > GRAPH_LEVELS || n_inputs % sets != 0)
        status = TORCH_FAIL(import, module, "damaged: a head on %zu maps", n_inputs);
    else if (anchors)
        status = read_anchors(import, module, class, inputs, n_levels, also);
    else
        status = read_distance(import, module, class, inputs, n_levels);
    torch_leave(import, before);
out:
    return status;
}
