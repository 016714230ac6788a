/* A head that is not known: the file's output, taken as the boxes and scores that its own tail
 * makes, where they can be that. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/memory.h"
#include "model/head/head.h"
#include "model/onnx/onnx_import.h"

enum { BOX = 4, USUAL_STRIDE = 32, MOST_STRIDE = 1024 };
/* Boxes of random logits within 3 that stay below this are the logits themselves, or fractions. */
static const float LEAST_PIXELS = 4.0f;

/* The columns of an output: the box, perhaps an objectness, classes from one on. */
struct columns {
    int64_t width; /* all of them */
    bool last;     /* along the last dimension */
    bool objectness;
    int64_t first, count; /* of the classes */
    bool tried;           /* what is in them was found out by running the tail */
};

/* Why the first of the tensors that this one depends on was not understood, or NULL. */
static enum status trouble_before(const struct importer *importer, int tensor,
                                  const struct tensor_state **trouble) {
    enum status status;
    const struct graph *graph = importer->graph;
    bool *needed = NULL;
    *trouble = NULL;
    TRY(memory_zeroed(graph->n_tensors, sizeof *needed, &needed));
    needed[tensor] = true;
    for (size_t i = graph->n_ops; i-- > 0;)
        for (size_t k = 0; needed[graph->ops[i].output] && k < graph->ops[i].n_inputs; k++)
            if (graph->ops[i].inputs[k] >= 0)
                needed[graph->ops[i].inputs[k]] = true;
    for (size_t i = 0; i < graph->n_tensors && *trouble == NULL; i++)
        if (needed[i] && importer->states[i].trouble != NULL)
            *trouble = &importer->states[i];
out:
    free(needed);
    return status;
}

/* Where the classes are by the width of the output and the number of names (0: none) alone. */
static bool columns_by_width(int64_t named, struct columns *columns) {
    columns->objectness = named == 0 ? columns->last : columns->width == named + BOX + 1;
    columns->first = BOX + columns->objectness;
    columns->count = columns->width - columns->first;
    return columns->count > 0 && (named == 0 || columns->count == named);
}

/* The columns from `from` on that are scores, or are not, one after the other. */
static int64_t run_of(const struct tail *tail, int64_t from, bool scores) {
    int64_t end = from;
    while (end < (int64_t)tail->width && tail->scores[end] == scores)
        end++;
    return end - from;
}

/* Where some columns are no scores, as landmarks are not: classes are in front of them or behind.
 * In front, the names alone tell an objectness from a class. */
static bool columns_beside_landmarks(int64_t named, const struct tail *tail,
                                     struct columns *columns) {
    int64_t front = run_of(tail, BOX, true), landmarks = run_of(tail, BOX + front, false);
    int64_t behind = run_of(tail, BOX + front + landmarks, true);
    bool whole = BOX + front + landmarks + behind == columns->width;
    if (front == 1 && whole && behind > 0 && (named == 0 || behind == named)) {
        columns->objectness = true;
        columns->first = BOX + front + landmarks;
        columns->count = behind;
        return true;
    }
    columns->objectness = front == named + 1;
    columns->first = BOX + columns->objectness;
    columns->count = named;
    /* One number alone is no landmark: an angle, by which the boxes are turned. */
    return named > 0 && landmarks > 1 && (front == named || front == named + 1);
}

/* Where so many numbers at the end are keypoints, as the file says. */
static bool columns_before_keypoints(int64_t named, int64_t keypoints, const struct tail *tail,
                                     struct columns *columns) {
    int64_t front = columns->width - BOX - keypoints;
    columns->objectness = named == 0 ? columns->last : front == named + 1;
    columns->first = BOX + columns->objectness;
    columns->count = front - columns->objectness;
    /* The first of a keypoint's numbers is a place. */
    bool there = !tail->done || run_of(tail, BOX, true) == front;
    return there && columns->count > 0 && (named == 0 || columns->count == named);
}

/* Says which columns cannot be scores. */
static enum status fail_scores(const struct tail *tail, int64_t named) {
    int64_t front = run_of(tail, BOX, true), wrong = run_of(tail, BOX + front, false);
    if (front == 0)
        return FAIL(STATUS_BAD_INPUT,
                    "the scores in its output leave 0 to 1: no sigmoid is applied to them; export "
                    "it with its boxes and scores decoded");
    return FAIL(STATUS_BAD_INPUT,
                "its output has %zu numbers a box, of which those from %" PRId64 " to %" PRId64
                " leave 0 to 1 and are no scores (%s?), and %" PRId64
                " class names: which of the others are classes is not certain; export it with "
                "'names' in its metadata, or a model of boxes alone",
                tail->width, BOX + front, BOX + front + wrong - 1,
                wrong == 1 ? "an angle" : "landmarks", named);
}

/* Whether the boxes can be centres and sizes in pixels. */
static enum status check_boxes(const struct tail *tail) {
    if (tail->most < LEAST_PIXELS)
        return FAIL(STATUS_BAD_INPUT,
                    "the boxes in its output are not in pixels: they are %s; export it with its "
                    "boxes decoded, in pixels of the input",
                    tail->most <= 1.5f ? "fractions of the picture, or not decoded"
                                       : "not decoded");
    if (tail->corners)
        return FAIL(STATUS_BAD_INPUT,
                    "the boxes in its output are two corners each, where centre and size are "
                    "expected; export it without NMS, with boxes as x, y, width, height");
    return STATUS_OK;
}

/* What a file says of the numbers in its output. */
struct claims {
    int64_t named, keypoints; /* classes that have names, numbers of keypoints; 0: it does not */
};

static enum status fail_width(const struct claims *claims, const struct columns *columns) {
    int64_t more = claims->keypoints;
    return FAIL(STATUS_BAD_INPUT,
                "names %" PRId64 " classes, and its output has %" PRId64
                " numbers a box where %" PRId64 " (4%s and the classes) or %" PRId64
                " (an objectness besides) are expected: data.yaml, the names and the output "
                "must agree; export the model again",
                claims->named, columns->width, claims->named + more + BOX,
                more ? ", the keypoints" : "", claims->named + more + BOX + 1);
}

/* Finds the classes among the columns. *found: false where the output is not a detector's. */
static enum status find_columns(const struct head_search *search, int tensor,
                                const struct claims *claims, struct columns *columns, bool *found) {
    enum status status = STATUS_OK;
    struct tail tail = {0};
    *found = false;
    if (columns->width <= BOX)
        return STATUS_OK;
    TRY(tail_probe(search, tensor, columns->last ? 2 : 1, &tail));
    columns->tried = tail.done;
    bool scores = !tail.done || run_of(&tail, BOX, true) == columns->width - BOX;
    if (claims->keypoints > 0) {
        *found = columns_before_keypoints(claims->named, claims->keypoints, &tail, columns);
    } else if (scores) {
        *found = columns_by_width(claims->named, columns);
    } else {
        *found = columns_beside_landmarks(claims->named, &tail, columns);
        if (!*found)
            TRY(fail_scores(&tail, claims->named));
    }
    if (*found && tail.done)
        TRY(check_boxes(&tail));
    if (!*found && claims->named > 0)
        status = fail_width(claims, columns);
out:
    tail_free(&tail);
    return status;
}

/* Adds a slice of an output's columns, [first, end). */
static enum status slice(struct importer *importer, const struct node *node, int tensor,
                         size_t axis, const int64_t ends[2], int *out) {
    struct op op = {.kind = OP_SLICE, .n_inputs = 1, .inputs = {tensor}, .output = -1};
    for (size_t i = 0; i < GRAPH_RANK; i++)
        op.slice[i] = (struct slice_range){0, INT64_MAX, 1};
    op.slice[axis] = (struct slice_range){ends[0], ends[1], 1};
    return emit(importer, node, &op, true, NULL, out);
}

/* The output without the columns that are neither box nor score. */
static enum status drop_landmarks(struct importer *importer, const struct columns *columns,
                                  int *tensor) {
    enum status status;
    Onnx__NodeProto message = ONNX__NODE_PROTO__INIT;
    size_t axis = columns->last ? 2 : 1;
    int64_t front = BOX + columns->objectness;
    struct op op = {.kind = OP_CONCAT, .n_inputs = 2, .output = -1, .axis = (int64_t)axis};
    message.name = (char[]){"head"};
    message.op_type = (char[]){"Slice"};
    const struct node node = {.message = &message};
    if (front + columns->count == columns->width)
        return STATUS_OK;
    TRY(slice(importer, &node, *tensor, axis, (const int64_t[]){0, front}, &op.inputs[0]));
    TRY(slice(importer, &node, *tensor, axis,
              (const int64_t[]){columns->first, columns->first + columns->count}, &op.inputs[1]));
    message.op_type = (char[]){"Concat"};
    TRY(emit(importer, &node, &op, true, NULL, tensor));
out:
    return status;
}

static void make_head(const Onnx__ModelProto *file, const struct columns *columns, int tensor,
                      struct head *head) {
    const char *stride = metadata_find(file, "stride");
    *head = (struct head){.kind = HEAD_FINAL,
                          .n_classes = (size_t)columns->count,
                          .bins = 1,
                          .n_anchors = 1,
                          .objectness = columns->objectness,
                          .channels_last = columns->last,
                          .n_levels = 1};
    head->levels[0].boxes = head->levels[0].scores = tensor;
    head->levels[0].stride = stride == NULL ? 0 : strtoul(stride, NULL, 10);
    if (head->levels[0].stride == 0 || head->levels[0].stride > MOST_STRIDE)
        head->levels[0].stride = USUAL_STRIDE;
}

static float longer_side(const struct importer *importer) {
    return (float)(importer->height > importer->width ? importer->height : importer->width);
}

enum status onnx_final_head(struct importer *importer, const Onnx__ModelProto *file,
                            const struct head_search *search) {
    enum status status;
    const struct tensor_state *trouble;
    const char *names = metadata_find(file, "names");
    const char *name = file->graph->n_output == 0 ? NULL : file->graph->output[0]->name;
    int tensor = name == NULL ? -1 : importer_find(importer, name);
    struct claims claims = {.keypoints = metadata_keypoints(file)};
    size_t named = 0;
    bool found = false;
    if (tensor < 0)
        return FAIL(STATUS_BAD_INPUT, "damaged: it does not say what its output is");
    TRY(trouble_before(importer, tensor, &trouble));
    if (trouble != NULL)
        return FAIL_FOR(trouble->reason, STATUS_BAD_INPUT,
                        "%s; give a detection model exported without NMS", trouble->trouble);
    const struct shape *shape = &importer->shapes[tensor];
    if (names != NULL)
        TRY(names_read(names, NULL, 0, &named));
    if (importer->states[tensor].known && shape->rank == 3 && shape->dims[0] == 1 &&
        importer->graph->tensors[tensor].dtype == DTYPE_F32 &&
        !importer->graph->tensors[tensor].constant) {
        struct columns columns = {.last = shape->dims[2] < shape->dims[1]};
        columns.width = shape->dims[columns.last ? 2 : 1];
        claims.named = (int64_t)named;
        TRY(find_columns(search, tensor, &claims, &columns, &found));
        if (found) {
            TRY(drop_landmarks(importer, &columns, &tensor));
            make_head(file, &columns, tensor, &importer->graph->head);
            if (!columns.tried)
                importer->graph->head.untried_side = longer_side(importer);
            return STATUS_OK;
        }
    }
    char text[SHAPE_TEXT];
    status =
        FAIL(STATUS_BAD_INPUT,
             "no detection head was found: its output '%.100s' is %s where a detection model's "
             "is (1, 4 + classes, boxes); export a model trained for detection",
             name, importer->states[tensor].known ? shape_text(shape, text) : "of unknown shape");
out:
    return status;
}
