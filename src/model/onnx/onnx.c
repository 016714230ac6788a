/* Reading an ONNX file: the sizes to read it at, the sweep over its operators, its head. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fingerprint.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/importer.h"
#include "model/onnx/onnx_file.h"

/* What the file says of its input. */
struct input {
    const char *name;
    int64_t batch, height, width; /* 0: any */
    bool grey;                    /* one channel */
};

enum {
    MOST_PIXELS = 8192, /* of an exported input's side */
    USUAL_SIZE = 640,   /* of pictures, where none is asked for */
    MOST_INPUTS = 4096, /* old files list constants among them */
    MOST_CLASSES = 100000,
    MOST_ROUNDS = 16, /* of reading operators that are not in order */
};

/* Steps that reading a file may take, computing constants and looking for the head, at all the
 * sizes that it is read at, the largest of which has so many pixels: a third of a second for most,
 * one for the largest pictures. A tail has work for each of its boxes, so for each pixel: heads by
 * distances need a tenth of this, those by anchors a quarter at 640 x 640 and half at 1280 x 1280,
 * with 80 classes. A head that needs more is taken as the file has it. */
static uint64_t most_steps(uint64_t pixels, size_t file_bytes) {
    const uint64_t always = 300000000, a_pixel = 2000, a_byte = 4, most_pixels = 1048576;
    return always + a_pixel * (pixels < most_pixels ? pixels : most_pixels) + a_byte * file_bytes;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The only input that is no constant, NULL where there is none. */
static enum status find_input(const Onnx__GraphProto *file, const Onnx__ValueInfoProto **found) {
    enum status status;
    const char **constants = NULL; /* sorted: there may be thousands of both */
    size_t n = 0;
    *found = NULL;
    TRY(memory_zeroed(file->n_initializer, sizeof *constants, &constants));
    for (size_t i = 0; i < file->n_initializer; i++)
        if (file->initializer[i]->name != NULL)
            constants[n++] = file->initializer[i]->name;
    qsort(constants, n, sizeof *constants, compare_names);
    for (size_t i = 0; i < file->n_input; i++) {
        const char *name = file->input[i]->name;
        if (name != NULL && bsearch(&name, constants, n, sizeof *constants, compare_names) != NULL)
            continue;
        if (*found != NULL) {
            status = FAIL(STATUS_BAD_INPUT,
                          "has more than one input ('%.100s', '%.100s'): a model "
                          "that takes one picture is expected",
                          (*found)->name == NULL ? "" : (*found)->name, name == NULL ? "" : name);
            goto out;
        }
        *found = file->input[i];
    }
out:
    free(constants);
    return status;
}

static enum status read_input(const Onnx__GraphProto *file, struct input *input) {
    const Onnx__ValueInfoProto *found;
    if (file->n_input > MOST_INPUTS || file->n_initializer > IMPORT_TENSORS)
        return FAIL(STATUS_BAD_INPUT, "damaged: it has %zu inputs and %zu constants", file->n_input,
                    file->n_initializer);
    enum status status = find_input(file, &found);
    if (status != STATUS_OK)
        return status;
    if (found == NULL || found->name == NULL || found->type == NULL ||
        found->type->tensor_type == NULL || found->type->tensor_type->shape == NULL)
        return FAIL(STATUS_BAD_INPUT, "damaged: it does not say what its input is");
    const Onnx__TypeProto__Tensor *type = found->type->tensor_type;
    int64_t dims[4] = {0};
    for (size_t i = 0; i < type->shape->n_dim && i < 4; i++)
        dims[i] = type->shape->dim[i]->has_dim_value ? type->shape->dim[i]->dim_value : 0;
    if (type->shape->n_dim != 4 || (dims[1] != 3 && dims[1] != 1 && dims[1] > 0))
        return FAIL(STATUS_BAD_INPUT,
                    "its input '%.100s' is not a picture: (batch, 3, height, width), "
                    "or 1 in place of 3 for grey ones, is expected",
                    found->name);
    if (type->elem_type != ONNX_FLOAT && type->elem_type != ONNX_FLOAT16)
        return FAIL(STATUS_BAD_INPUT, "its input '%.100s' is not of floating point type",
                    found->name);
    if (dims[2] > MOST_PIXELS || dims[3] > MOST_PIXELS)
        return FAIL(STATUS_BAD_INPUT, "its input of %" PRId64 " x %" PRId64 " pixels is too large",
                    dims[3], dims[2]);
    *input = (struct input){found->name, dims[0], dims[2] > 0 ? dims[2] : 0,
                            dims[3] > 0 ? dims[3] : 0, dims[1] == 1};
    return STATUS_OK;
}

/* Tasks whose models find boxes; `also`: and what more, of which nothing is used. */
static const struct claimed_task {
    const char *name, *also;
    enum task task;
} tasks[] = {
    {"detect", NULL, TASK_DETECT},
    {"segment", "a segmentation model", TASK_SEGMENT},
    {"obb", "a model of oriented boxes", TASK_OBB},
    {"pose", "a pose model", TASK_POSE},
};
enum { TASKS = sizeof tasks / sizeof *tasks };

/* What the file says it was trained for, detection where it does not; NULL: boxes are no part. */
static const struct claimed_task *task_of(const Onnx__ModelProto *file) {
    const char *name = metadata_find(file, "task");
    size_t i = 0;
    while (name != NULL && i < TASKS && strcmp(name, tasks[i].name) != 0)
        i++;
    return i < TASKS ? &tasks[i] : NULL;
}

static enum status check_task(const Onnx__ModelProto *file) {
    if (task_of(file) != NULL)
        return STATUS_OK;
    return FAIL(STATUS_BAD_INPUT,
                "is a model for the task '%.40s': give one that was trained for detection "
                "(yolo detect train), or for segmentation or poses",
                metadata_find(file, "task"));
}

static int64_t opset_of(const Onnx__ModelProto *file) {
    for (size_t i = 0; i < file->n_opset_import; i++) {
        const Onnx__OperatorSetIdProto *set = file->opset_import[i];
        if (set->domain == NULL || set->domain[0] == '\0' || strcmp(set->domain, "ai.onnx") == 0)
            return set->version;
    }
    return 1;
}

/* Looks up an operator's inputs. *missing: the first that no operator has made so far, or NULL;
 * *clear: all of them are understood. */
static void read_node(const struct importer *importer, const Onnx__NodeProto *message,
                      struct node *node, const char **missing, bool *clear) {
    *node = (struct node){.message = message, .n_inputs = message->n_input};
    *clear = true;
    *missing = NULL;
    for (size_t i = 0; i < message->n_input && *missing == NULL; i++) {
        const char *name = message->input[i];
        int tensor = name[0] == '\0' ? -1 : importer_find(importer, name);
        if (tensor < 0 && name[0] != '\0')
            *missing = name;
        if (tensor >= 0 && !importer->states[tensor].known)
            *clear = false;
        if (i < GRAPH_INPUTS)
            node->inputs[i] = tensor;
    }
}

/* Reads one operator. *missing: not yet, because this input of it is not there. */
static enum status sweep_node(struct importer *importer, const Onnx__NodeProto *message,
                              const char **missing) {
    enum status status;
    struct node node;
    bool clear;
    char reason[512];
    if (message->op_type == NULL)
        return FAIL(STATUS_BAD_INPUT, "damaged: an operator without a type");
    read_node(importer, message, &node, missing, &clear);
    if (*missing != NULL)
        return STATUS_OK;
    importer->serial++;
    if (node.n_inputs > GRAPH_INPUTS) {
        node.n_inputs = GRAPH_INPUTS;
        status = FAIL(STATUS_BAD_INPUT, "more than %d inputs are not supported", GRAPH_INPUTS);
    } else if (clear) {
        status = node_translate(importer, &node);
    } else {
        return importer_unknown(importer, &node, NULL);
    }
    if (status == STATUS_OK)
        return importer_unknown(importer, &node, NULL); /* outputs beside the first */
    if (status != STATUS_BAD_INPUT)
        return status;
    if (status_is_for(REASON_OPERATOR, status)) /* which it names */
        snprintf(reason, sizeof reason, "%s", status_message());
    else
        snprintf(reason, sizeof reason, "operator %.100s, node '%.100s': %.250s", message->op_type,
                 message->name == NULL ? "" : message->name, status_message());
    return importer_unknown(importer, &node, reason);
}

/* Reads all operators. They should be in order, but converters are known to append some that
 * belong in front: those that lack an input wait for the next round. */
static enum status sweep_nodes(struct importer *importer, const Onnx__GraphProto *file) {
    enum status status;
    size_t left = file->n_node;
    size_t *waiting = NULL; /* indices of operators */
    TRY(memory_zeroed(left, sizeof *waiting, &waiting));
    for (size_t i = 0; i < left; i++)
        waiting[i] = i;
    for (size_t round = 0; left > 0; round++) {
        const char *missing = NULL, *lacking;
        size_t kept = 0;
        for (size_t i = 0; i < left; i++) {
            TRY(sweep_node(importer, file->node[waiting[i]], &lacking));
            if (lacking == NULL)
                continue;
            if (missing == NULL)
                missing = lacking;
            waiting[kept++] = waiting[i];
        }
        if (kept == left || round == MOST_ROUNDS) {
            const Onnx__NodeProto *node = file->node[waiting[0]];
            status = FAIL(STATUS_BAD_INPUT,
                          "damaged: operator %.100s, node '%.100s': its input '%.100s' is made by "
                          "no operator",
                          node->op_type, node->name == NULL ? "" : node->name, missing);
            goto out;
        }
        left = kept;
    }
out:
    free(waiting);
    return status;
}

/* Reads constants and operators. */
static enum status sweep(struct importer *importer, const Onnx__GraphProto *file,
                         const struct input *input) {
    enum status status;
    TRY(importer_start(importer, file));
    TRY(importer_picture(importer, input->name, input->grey));
    for (size_t i = 0; i < file->n_initializer; i++) {
        const char *name = file->initializer[i]->name;
        int tensor;
        TRY(constant_read(importer, file->initializer[i], name == NULL ? "" : name, &tensor));
        TRY(importer_bind(importer, name == NULL ? "" : name, tensor));
    }
    TRY(sweep_nodes(importer, file));
out:
    return status;
}

/* How descriptions of Ultralytics' exports end: "... trained on DATA". */
#define TRAINED_ON " trained on "

static enum status describe_origin(const Onnx__ModelProto *file, struct model *model) {
    enum status status;
    struct text text = {0};
    const struct claimed_task *task = task_of(file);
    const char *description = metadata_find(file, "description");
    if (description == NULL)
        description = file->producer_name == NULL ? "" : file->producer_name;
    const char *trained = strstr(description, TRAINED_ON);
    if (trained != NULL && trained[strlen(TRAINED_ON)] != '\0')
        TRY(memory_string(trained + strlen(TRAINED_ON), &model->trained_on));
    text_string(&text, description);
    if (task != NULL && task->also != NULL)
        text_format(&text, "%s%s%s", *description == '\0' ? "" : ", ", task->also,
                    model->graph.head.n_extras == 0 ? " of which the boxes are used" : "");
    TRY(text_status(&text));
    TRY(memory_string(text.data == NULL ? "" : text.data, &model->description));
    status = memory_string("ONNX", &model->format);
out:
    text_free(&text);
    return status;
}

/* Copies what the file says of itself. */
static enum status describe(const Onnx__ModelProto *file, struct model *model) {
    enum status status;
    const char *names = metadata_find(file, "names");
    TRY(describe_origin(file, model));
    if (model->graph.head.n_classes > MOST_CLASSES) {
        status = FAIL(STATUS_BAD_INPUT, "its head has %zu classes, more than %d",
                      model->graph.head.n_classes, MOST_CLASSES);
        goto out;
    }
    model->n_classes = model->graph.head.n_classes;
    TRY(memory_zeroed(model->n_classes, sizeof *model->names, &model->names));
    if (names != NULL)
        TRY(names_read(names, model->names, model->n_classes, &model->n_named));
out:
    return status;
}

/* The sizes that a file is read at, one after the other, where it takes any. */
struct sizes {
    int64_t height[3], width[3];
    uint64_t most_pixels;
};

/* Reads the file at its own size or, where it takes any (*dynamic), at one of these. *work_left:
 * UINT64_MAX at first, then the steps that all further attempts may take; with none, the head is
 * not looked for again. */
static enum status read_at(const char *path, const struct sizes *sizes, size_t index,
                           uint64_t *work_left, struct model *model, bool *dynamic) {
    enum status status;
    struct onnx_file file;
    bool searched = *work_left == 0;
    uint64_t constants_left = 0;
    struct input input;
    struct importer importer = {
        .graph = &model->graph, .path = path, .fingerprint = FINGERPRINT_START};
    TRY(onnx_file_open(path, &file));
    TRY(check_task(file.model));
    TRY(read_input(file.model->graph, &input));
    *dynamic = input.height == 0 || input.width == 0;
    model->dynamic = *dynamic;
    model->own_height = *dynamic ? 0 : input.height;
    model->own_width = *dynamic ? 0 : input.width;
    importer.opset = opset_of(file.model);
    importer.task = task_of(file.model)->task;
    importer.batch = input.batch;
    importer.height = *dynamic ? sizes->height[index] : input.height;
    importer.width = *dynamic ? sizes->width[index] : input.width;
    /* Multiples of 64, the largest stride, further on, by different amounts. */
    importer.probe_height = importer.height + 192;
    importer.probe_width = importer.width + 320;
    importer.memory_left = IMPORT_SPARE;
    importer.work_left = searched ? &constants_left : work_left;
    if (searched)
        constants_left = most_steps(0, file.length);
    else if (*work_left == UINT64_MAX)
        *work_left = most_steps(*dynamic ? sizes->most_pixels
                                         : (uint64_t)input.height * (uint64_t)input.width,
                                file.length);
    TRY(sweep(&importer, file.model->graph, &input));
    if (searched)
        constants_left = 0;
    TRY(onnx_find_head(&importer, file.model));
    TRY(describe(file.model, model));
    model->fingerprint = importer.fingerprint;
out:
    importer_free(&importer);
    onnx_file_close(&file);
    if (status != STATUS_OK)
        model_free(model);
    return status;
}

/* A file whose network runs at one size alone must be run at that; `imgsz` is 0 where none is asked
 * for: pictures are then fitted into what the file was exported for, be it square or not. */
static enum status check_size(struct model *model, int64_t imgsz) {
    struct graph *graph = &model->graph;
    if (imgsz == 0 && model->own_height != model->own_width) {
        graph->fixed_height = model->own_height;
        graph->fixed_width = model->own_width;
    }
    int64_t height = graph->fixed_height, width = graph->fixed_width;
    if (height == 0 || imgsz == 0 || (height == imgsz && width == imgsz))
        return STATUS_OK;
    if (height != width)
        return FAIL(STATUS_BAD_INPUT,
                    "was exported for pictures of height %" PRId64 " and width %" PRId64
                    " alone, and verify's are square: export it again with imgsz=%" PRId64
                    " or dynamic=True, or leave out --imgsz: it runs at its own size then",
                    height, width, height > width ? height : width);
    return FAIL(STATUS_BAD_INPUT,
                "was exported for pictures of %" PRId64 " x %" PRId64
                " and cannot be run at %" PRId64 ": use --imgsz %" PRId64
                ", or export it again with imgsz=%" PRId64 " or dynamic=True",
                width, height, imgsz, height, imgsz);
}

/* A message that begins with the number of ONNX's format, a small one. */
bool onnx_recognises(const struct beginning *file) {
    return file->length >= 2 && file->bytes[0] == 0x08 && file->bytes[1] < 0x20;
}

enum status onnx_read(const char *path, const char *weights, int64_t imgsz, struct model *model) {
    /* Sizes without accidental equality with numbers of channels, for strides up to 32 and 64; a
     * model that these do not suit is read for the very size that it will be run at. */
    const int64_t asked = imgsz ? imgsz : USUAL_SIZE;
    struct sizes sizes = {{352, 704, asked}, {416, 832, asked}, 0};
    enum status status = STATUS_OK;
    bool dynamic = false;
    uint64_t work_left = UINT64_MAX;
    if (weights != NULL)
        return FAIL(STATUS_BAD_INPUT, "an ONNX model has its weights in it: leave out --weights");
    for (size_t i = 0; i < 3; i++) {
        uint64_t pixels = (uint64_t)sizes.height[i] * (uint64_t)sizes.width[i];
        sizes.most_pixels = pixels > sizes.most_pixels ? pixels : sizes.most_pixels;
    }
    for (size_t i = 0; i < 3; i = work_left == 0 ? 2 : i + 1) {
        *model = (struct model){0};
        status = read_at(path, &sizes, i, &work_left, model, &dynamic);
        if (status == STATUS_FAILED || (status == STATUS_OK && model->graph.fixed_height == 0) ||
            !dynamic || i == 2)
            break;
        model_free(model);
    }
    if (status == STATUS_OK)
        status = check_size(model, imgsz);
    if (status != STATUS_OK)
        model_free(model);
    return status;
}
