/* Reading and parsing an ONNX file within a limit of memory. */
#include "model/onnx/onnx_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

/* protobuf-c's sizes are 32 bit in places, and protobuf itself stops at 2 GiB. */
static const size_t MOST_BYTES = ((size_t)1 << 31) - 1;

static enum status read_all(const char *path, uint8_t **data, size_t *length) {
    enum status status;
    struct stat about;
    int file = file_open(path, 0, &about);
    *data = NULL;
    if (file == FILE_NOT_REGULAR)
        return FAIL(STATUS_BAD_INPUT, "is no regular file");
    if (file < 0)
        return FAIL(STATUS_BAD_INPUT, "cannot be opened: %s", strerror(errno));
    if (about.st_size <= 0 || (uint64_t)about.st_size > MOST_BYTES) {
        status = FAIL(STATUS_BAD_INPUT, "%s",
                      about.st_size <= 0 ? "is empty"
                                         : "is larger than 2 GiB; a model of that size "
                                           "keeps its weights in a second file");
        goto out;
    }
    *length = (size_t)about.st_size;
    TRY(memory_zeroed(*length, 1, data));
    ssize_t done = file_read(file, *data, *length);
    if (done != (ssize_t)*length)
        status = FAIL(STATUS_BAD_INPUT, "cannot be read: %s",
                      done < 0 ? strerror(errno) : "it became shorter");
out:
    close(file);
    if (status != STATUS_OK) {
        free(*data);
        *data = NULL;
    }
    return status;
}

/* What a message costs beside its bytes: the allocator's own. */
enum { OVERHEAD = 32 };

static void *allocate_within(void *left, size_t size) {
    size_t *bytes = left;
    if (size > *bytes || *bytes - size < OVERHEAD)
        return NULL;
    *bytes -= size + OVERHEAD;
    return malloc(size);
}

static void release(void *left, void *memory) {
    (void)left;
    free(memory);
}

/* Names go into messages and logs: what could break a line or a terminal does not. */
static void clean(char *text) {
    for (; text != NULL && *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 127)
            *text = '?';
}

static void clean_external(const Onnx__TensorProto *tensor) {
    for (size_t i = 0; i < tensor->n_external_data; i++)
        clean(tensor->external_data[i]->value);
}

static void clean_names(const Onnx__GraphProto *graph) {
    for (size_t i = 0; i < graph->n_node; i++) {
        const Onnx__NodeProto *node = graph->node[i];
        clean(node->name);
        clean(node->op_type);
        for (size_t k = 0; k < node->n_input; k++)
            clean(node->input[k]);
        for (size_t k = 0; k < node->n_output; k++)
            clean(node->output[k]);
        for (size_t k = 0; k < node->n_attribute; k++)
            if (node->attribute[k]->t != NULL)
                clean_external(node->attribute[k]->t);
    }
    for (size_t i = 0; i < graph->n_initializer; i++) {
        clean(graph->initializer[i]->name);
        clean_external(graph->initializer[i]);
    }
    for (size_t i = 0; i < graph->n_input; i++)
        clean(graph->input[i]->name);
    for (size_t i = 0; i < graph->n_output; i++)
        clean(graph->output[i]->name);
}

enum status onnx_file_open(const char *path, struct onnx_file *file) {
    enum status status;
    uint8_t *data = NULL;
    size_t left;
    *file = (struct onnx_file){0};
    TRY(read_all(path, &data, &file->length));
    left = file->length + IMPORT_SPARE;
    ProtobufCAllocator limited = {allocate_within, release, &left};
    file->model = onnx__model_proto__unpack(&limited, file->length, data);
    if (file->model == NULL || file->model->graph == NULL || file->model->graph->n_node == 0) {
        status =
            FAIL(STATUS_BAD_INPUT,
                 "is no ONNX model, or a damaged one: it cannot be parsed or holds no network; "
                 "copy or export it again");
        onnx_file_close(file);
        goto out;
    }
    clean_names(file->model->graph);
    for (size_t i = 0; i < file->model->n_metadata_props; i++)
        clean(file->model->metadata_props[i]->value);
out:
    free(data);
    return status;
}

void onnx_file_close(struct onnx_file *file) {
    /* The limiting allocator's memory is malloc's, which the default one releases. */
    if (file->model != NULL)
        onnx__model_proto__free_unpacked(file->model, NULL);
    file->model = NULL;
}
