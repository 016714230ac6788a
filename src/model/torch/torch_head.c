/* The last module: the raw maps of boxes and scores, and what they mean. */
#include <inttypes.h>
#include <string.h>

#include "model/torch/torch_module.h"

static const struct {
    const char *name;
    const char *other; /* NULL: finds boxes; otherwise what it is for */
    bool segment;
} heads[] = {
    {"Detect", NULL, false},
    {"v10Detect", NULL, false},
    {"Segment", NULL, true},
    {"Segment26", NULL, true},
    {"Classify", "classification", false},
    {"Classification", "classification", false},
    {"Depth", "depth", false},
    {"OBB", "oriented boxes", false},
    {"OBB26", "oriented boxes", false},
    {"Pose", "poses", false},
    {"Pose26", "poses", false},
    {"SemanticSegment", "semantic segmentation", false},
    {"RTDETRDecoder", "RT-DETR", false},
    {"WorldDetect", "detection by prompts", false},
    {"YOLOEDetect", "detection by prompts", false},
    {"YOLOESegment", "detection by prompts", false},
    {"YOLOESegment26", "detection by prompts", false},
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
                              size_t bins) {
    enum status status = STATUS_OK;
    float weights[64];
    const struct pickled *conv = torch_part(torch_part(module, "dfl"), "conv");
    if (bins == 1)
        return STATUS_OK;
    if (bins > sizeof weights / sizeof weights[0])
        return TORCH_FAIL(import, module, "more than %zu bins are not supported",
                          sizeof weights / sizeof weights[0]);
    TRY(torch_values(import, module, torch_parameter(conv, "weight"), bins, weights));
    for (size_t i = 0; i < bins; i++)
        if (weights[i] != (float)i)
            return TORCH_FAIL(import, module, "bins other than 0 to %zu are not supported",
                              bins - 1);
out:
    return status;
}

/* Distances to the sides and scores, by two stacks of convolutions a level. Networks that can do
 * without suppression of duplicates have two pairs of these; the usual one is taken, unless the
 * file was saved without. */
static enum status read_distance(struct torch_import *import, const struct pickled *module,
                                 const int *inputs, size_t n_inputs) {
    enum status status;
    struct head *head = &import->graph->head;
    struct torch_parts boxes, scores;
    bool usual = torch_part(module, "cv2") != NULL;
    int64_t classes, bins;
    int maps[GRAPH_LEVELS];
    TRY(torch_int(import, module, "nc", 1, &classes));
    TRY(torch_int(import, module, "reg_max", 1, &bins));
    TRY(check_bins(import, module, (size_t)bins));
    TRY(level_parts(import, module, usual ? "cv2" : "one2one_cv2", n_inputs, &boxes));
    TRY(level_parts(import, module, usual ? "cv3" : "one2one_cv3", n_inputs, &scores));
    *head = (struct head){.kind = HEAD_DISTANCE,
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
    TRY(read_strides(import, module, maps, n_inputs));
out:
    return status;
}

/* Leaves 5 + classes of each anchor's channels, cutting off those of masks. */
static enum status cut_masks(struct torch_import *import, const struct pickled *module, int map,
                             int64_t anchors, int64_t channels, int64_t kept, int *out) {
    enum status status;
    int parts[GRAPH_ANCHORS];
    for (int64_t a = 0; a < anchors; a++)
        TRY(torch_slice(import, module, map, a * channels, kept, &parts[a]));
    TRY(build_concat(import->graph, torch_layer(import, module), parts, (size_t)anchors, 1, out));
out:
    return status;
}

/* Boxes relative to anchors, by one convolution a level. The file has anchors in cells. */
static enum status read_anchors(struct torch_import *import, const struct pickled *module,
                                const int *inputs, size_t n_inputs) {
    enum status status;
    struct head *head = &import->graph->head;
    struct torch_parts convs;
    int64_t classes, anchors, channels;
    int maps[GRAPH_LEVELS];
    float sides[GRAPH_LEVELS * GRAPH_ANCHORS * 2];
    TRY(torch_int(import, module, "nc", 1, &classes));
    TRY(torch_int(import, module, "na", 1, &anchors));
    TRY(torch_int_or(import, module, "no", classes + 5, classes + 5, &channels));
    if (anchors > GRAPH_ANCHORS) {
        status =
            TORCH_FAIL(import, module, "more than %d anchors are not supported", GRAPH_ANCHORS);
        goto out;
    }
    TRY(torch_values(import, module, torch_buffer(module, "anchors"),
                     n_inputs * (size_t)anchors * 2, sides));
    TRY(level_parts(import, module, "m", n_inputs, &convs));
    *head = (struct head){.kind = HEAD_ANCHOR,
                          .n_classes = (size_t)classes,
                          .bins = 1,
                          .n_anchors = (size_t)anchors,
                          .n_levels = n_inputs};
    for (size_t l = 0; l < n_inputs; l++) {
        TRY(torch_run_item(import, &convs, l, inputs[l], &maps[l]));
        TRY(check_channels(import, module, maps[l], anchors * channels));
        if (channels != classes + 5)
            TRY(cut_masks(import, module, maps[l], anchors, channels, classes + 5, &maps[l]));
        head->levels[l].boxes = head->levels[l].scores = maps[l];
    }
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
                       const int *inputs, size_t n_inputs, bool *segment) {
    enum status status;
    size_t before, kind = find_head(module);
    TRY(torch_enter(import, module, name, &before));
    *segment = heads[kind].segment;
    if (heads[kind].other != NULL)
        status = TORCH_FAIL(import, module, "is a model for %s; a detection model is needed",
                            heads[kind].other);
    else if (n_inputs < 1 || n_inputs > GRAPH_LEVELS)
        status = TORCH_FAIL(import, module, "damaged: a head on %zu maps", n_inputs);
    else if (torch_part(module, "m") != NULL)
        status = read_anchors(import, module, inputs, n_inputs);
    else
        status = read_distance(import, module, inputs, n_inputs);
    torch_leave(import, before);
out:
    return status;
}
