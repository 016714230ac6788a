/* The head of an ONNX network: one that is known, YOLOX's, or the file's own tail. */
#include <stdlib.h>

#include "base/memory.h"
#include "model/head/head.h"
#include "model/onnx/onnx_import.h"
#include "model/onnx/onnx_stem.h"

/* Below this much a stem does next to nothing with pixels from 0 to 1: it is for 0 to 255. Trained
 * ones make 5 and more of those that they are for. */
static const double LEAST_GAIN = 0.5;

/* Whether a map follows the picture's size. */
static bool map_is_open(const struct importer *importer, int map, int64_t stride) {
    const struct shape *shape = &importer->probes[map];
    return importer->states[map].open && shape->rank == 4 &&
           shape->dims[2] * stride == importer->probe_height &&
           shape->dims[3] * stride == importer->probe_width;
}

/* Whether the raw maps do. */
static bool head_is_open(const struct importer *importer, const struct head *head) {
    bool open = true;
    if (head_has_masks(head)) {
        int64_t rows = importer->shapes[head->prototypes].dims[2];
        open = map_is_open(importer, head->prototypes, importer->height / rows);
    }
    for (size_t l = 0; l < head->n_levels && open; l++) {
        const struct head_level *level = &head->levels[l];
        const int maps[] = {level->boxes, level->scores, level->extras};
        for (size_t k = 0; k < (head->n_extras ? 3 : 2) && open; k++)
            open = map_is_open(importer, maps[k], (int64_t)level->stride);
    }
    return open;
}

/* An output of the file that can be prototypes of masks: a map. -1: none. */
static int find_prototypes(const struct importer *importer, const Onnx__GraphProto *file,
                           const struct head_search *search) {
    for (size_t i = 0; i < file->n_output; i++) {
        int tensor = importer_find(importer, file->output[i]->name);
        if (tensor >= 0 && importer->states[tensor].known && map_stride(search, tensor) > 0 &&
            importer->graph->tensors[tensor].dtype == DTYPE_F32)
            return tensor;
    }
    return -1;
}

/* Channels of each of `count` anchors in one map: `first` and how many of the `all` that it has. */
struct channel_cut {
    size_t count;
    int64_t all, first, channels;
};

static enum status cut_channels(struct importer *importer, int map, const struct channel_cut *cut,
                                int *out) {
    enum status status = STATUS_OK;
    Onnx__NodeProto message = ONNX__NODE_PROTO__INIT;
    struct op join = {.kind = OP_CONCAT, .n_inputs = cut->count, .output = -1, .axis = 1};
    message.name = (char[]){"head"};
    message.op_type = (char[]){"Slice"};
    const struct node node = {.message = &message};
    for (size_t i = 0; i < cut->count; i++) {
        struct op op = {.kind = OP_SLICE, .n_inputs = 1, .inputs = {map}, .output = -1};
        for (size_t k = 0; k < GRAPH_RANK; k++)
            op.slice[k] = (struct slice_range){0, INT64_MAX, 1};
        int64_t start = (int64_t)i * cut->all + cut->first;
        op.slice[1] = (struct slice_range){start, start + cut->channels, 1};
        TRY(emit(importer, &node, &op, false, NULL, &join.inputs[i]));
    }
    message.op_type = (char[]){"Concat"};
    TRY(emit(importer, &node, &join, false, NULL, out));
out:
    return status;
}

/* Of an anchor head whose coefficients lie in the map of box and scores makes two maps a level. */
static enum status part_coefficients(struct importer *importer) {
    enum status status = STATUS_OK;
    struct head *head = &importer->graph->head;
    int64_t scores = 5 + (int64_t)head->n_classes, extras = (int64_t)head->n_extras;
    for (size_t l = 0; l < head->n_levels; l++) {
        struct head_level *level = &head->levels[l];
        int map = level->boxes;
        const struct channel_cut of_scores = {head->n_anchors, scores + extras, 0, scores};
        const struct channel_cut of_extras = {head->n_anchors, scores + extras, scores, extras};
        TRY(cut_channels(importer, map, &of_scores, &level->boxes));
        TRY(cut_channels(importer, map, &of_extras, &level->extras));
        level->scores = level->boxes;
    }
out:
    return status;
}

/* The maps of YOLOX's levels, each put together, as the head of the graph. */
static enum status take_yolox(struct importer *importer, const struct head_search *search,
                              const struct yolox *yolox) {
    enum status status;
    Onnx__NodeProto message = ONNX__NODE_PROTO__INIT;
    struct head *head = &importer->graph->head;
    message.name = (char[]){"head"};
    message.op_type = (char[]){"Concat"};
    const struct node node = {.message = &message};
    TRY(stem_take_bgr_levels(importer, search));
    *head = (struct head){.kind = HEAD_ANCHOR,
                          .n_classes = yolox->n_classes,
                          .bins = 1,
                          .n_anchors = 1,
                          .n_levels = yolox->n_levels};
    for (size_t l = 0; l < yolox->n_levels; l++) {
        const struct yolox_level *from = &yolox->levels[l];
        struct head_level *level = &head->levels[l];
        const struct op concat = {.kind = OP_CONCAT,
                                  .n_inputs = 3,
                                  .inputs = {from->boxes, from->objectness, from->classes},
                                  .output = -1,
                                  .axis = 1};
        TRY(emit(importer, &node, &concat, false, NULL, &level->boxes));
        level->scores = level->boxes;
        level->stride = from->stride;
        level->anchors[0][0] = level->anchors[0][1] = (float)from->stride;
        level->scale_xy = HEAD_LINEAR_XY;
    }
    importer->graph->corner = true;
out:
    return status;
}

/* YOLOX's head, whose pixels are BGR from 0 to 255: where the stem is YOLOX's, or made for such
 * pixels. The first YOLOv6's has boxes by the same formula and pixels as all others: its tail is
 * taken as it is. Rows that nothing makes boxes of are YOLOX's or not to be understood. */
static enum status find_yolox(struct importer *importer, const struct head_search *search,
                              bool *found) {
    enum status status;
    struct yolox yolox;
    struct stem stem;
    TRY(head_find_yolox(search, &yolox, found));
    if (!*found)
        return STATUS_OK;
    TRY(stem_read(search, &stem));
    if (stem.plain && (stem.focus || stem.gain < LEAST_GAIN))
        return take_yolox(importer, search, &yolox);
    *found = false;
    if (!yolox.decoded)
        status = FAIL(STATUS_BAD_INPUT,
                      "its output has the numbers of a head like YOLOX's of which no boxes are "
                      "made, behind first layers that are not YOLOX's: what pixels and boxes mean "
                      "is not in the file; export it with its boxes decoded (in YOLOX: "
                      "--decode_in_inference)");
out:
    return status;
}

enum status onnx_find_head(struct importer *importer, const Onnx__ModelProto *file) {
    enum status status;
    struct graph *graph = importer->graph;
    bool *known = NULL, found;
    TRY(memory_zeroed(graph->n_tensors, sizeof *known, &known));
    for (size_t i = 0; i < graph->n_tensors; i++)
        known[i] = importer->states[i].known;
    struct head_search search = {.graph = graph,
                                 .task = importer->task,
                                 .shapes = importer->shapes,
                                 .known = known,
                                 .height = importer->height,
                                 .width = importer->width,
                                 .work_left = importer->work_left};
    search.prototypes = find_prototypes(importer, file->graph, &search);
    TRY(stem_check_pixels(&search));
    TRY(head_find(&search, &graph->head, &found));
    if (found && graph->head.kind == HEAD_ANCHOR && head_has_masks(&graph->head))
        TRY(part_coefficients(importer));
    if (!found)
        TRY(find_yolox(importer, &search, &found));
    if (!found) {
        status = onnx_final_head(importer, file, &search);
        if (status == STATUS_BAD_INPUT && *importer->work_left == 0)
            status = FAIL(STATUS_BAD_INPUT,
                          "no detection head was found: following what its output is made of takes "
                          "too long; export a model trained for detection");
        if (status != STATUS_OK)
            goto out;
    }
    if (!found || !head_is_open(importer, &graph->head)) {
        graph->fixed_height = importer->height;
        graph->fixed_width = importer->width;
    }
out:
    free(known);
    return status;
}
