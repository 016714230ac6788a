/* The tensors of a PyTorch file: which elements of which storage they are. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/half.h"
#include "model/torch/torch_file_inside.h"

enum { MOST_WRAPPERS = 4 };

/* A tensor as its pickle describes it, checked. */
struct tensor_view {
    enum torch_element element;
    struct torch_storage *storage;
    struct shape shape;
    int64_t strides[GRAPH_RANK];
    uint64_t count;         /* elements */
    uint64_t first, extent; /* the part of the storage that holds them, in elements */
};

static const struct {
    const char *storage, *type;
    enum torch_element element;
    size_t size;
} elements[] = {
    {"UntypedStorage", "", TORCH_UNTYPED, 1},
    {"DoubleStorage", "float64", TORCH_DOUBLE, 8},
    {"FloatStorage", "float32", TORCH_FLOAT, 4},
    {"HalfStorage", "float16", TORCH_HALF, 2},
    {"BFloat16Storage", "bfloat16", TORCH_BFLOAT16, 2},
    {"LongStorage", "int64", TORCH_LONG, 8},
    {"IntStorage", "int32", TORCH_INT, 4},
    {"ShortStorage", "int16", TORCH_SHORT, 2},
    {"CharStorage", "int8", TORCH_CHAR, 1},
    {"ByteStorage", "uint8", TORCH_BYTE, 1},
    {"BoolStorage", "bool", TORCH_BOOL, 1},
};
enum { N_ELEMENTS = sizeof elements / sizeof elements[0] };

enum torch_element torch_element_named(const char *name) {
    const char *const prefixes[] = {"torch.cuda.", "torch.storage.", "torch."};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        const size_t length = strlen(prefixes[i]);
        for (size_t k = 0; k < N_ELEMENTS && strncmp(name, prefixes[i], length) == 0; k++)
            if (strcmp(name + length, elements[k].storage) == 0 ||
                strcmp(name + length, elements[k].type) == 0)
                return elements[k].element;
    }
    return TORCH_UNKNOWN;
}

size_t torch_element_size(enum torch_element element) {
    for (size_t i = 0; i < N_ELEMENTS; i++)
        if (elements[i].element == element)
            return elements[i].size;
    return 0;
}

enum status torch_reference_read(const struct pickled *value, struct torch_reference *reference) {
    const struct pickled *id = value->kind == PICKLED_REFERENCE ? value->target : NULL;
    if (id == NULL || id->kind != PICKLED_TUPLE || id->n_items < 5 ||
        !pickled_is(id->items[0], "storage") || id->items[1]->kind != PICKLED_GLOBAL ||
        id->items[2]->kind != PICKLED_TEXT || strlen(id->items[2]->text) != id->items[2]->length ||
        id->items[4]->kind != PICKLED_INT || id->items[4]->integer < 0)
        return FAIL(STATUS_BAD_INPUT, "a tensor without a storage");
    if (id->n_items > 5 && id->items[5]->kind != PICKLED_NONE)
        return FAIL(STATUS_BAD_INPUT, "a view of a storage, which PyTorch no longer writes");
    *reference = (struct torch_reference){.class = pickled_class(id->items[1]),
                                          .key = id->items[2]->text,
                                          .elements = (uint64_t)id->items[4]->integer};
    return STATUS_OK;
}

static int compare_key(const void *key, const void *storage) {
    return strcmp(key, ((const struct torch_storage *)storage)->key);
}

static enum status find_storage(const struct torch_file *file, const struct pickled *value,
                                struct tensor_view *view) {
    enum status status;
    struct torch_reference reference;
    TRY(torch_reference_read(value, &reference));
    view->element = torch_element_named(reference.class);
    const size_t size = torch_element_size(view->element);
    if (size == 0) {
        status =
            FAIL(STATUS_BAD_INPUT, "a tensor of %.100s, which is not supported", reference.class);
        goto out;
    }
    view->storage = bsearch(reference.key, file->storages, file->n_storages, sizeof *file->storages,
                            compare_key);
    if (view->storage == NULL) {
        status = FAIL(STATUS_BAD_INPUT, "a tensor whose data is missing from the file");
        goto out;
    }
    if (reference.elements != view->storage->bytes / size || view->storage->bytes % size != 0)
        status = FAIL(STATUS_BAD_INPUT,
                      "a tensor's data has %" PRIu64 " bytes where %" PRIu64
                      " elements of %zu are said to be",
                      view->storage->bytes, reference.elements, size);
out:
    return status;
}

/* The tuple of integers, none negative. */
static enum status read_integers(const struct pickled *value, size_t *rank, int64_t *integers) {
    if (value->kind == PICKLED_OBJECT && strcmp(pickled_class(value), "torch.Size") == 0 &&
        value->arguments->n_items == 1)
        value = value->arguments->items[0];
    if (value->kind != PICKLED_TUPLE || value->n_items > GRAPH_RANK)
        return FAIL(STATUS_BAD_INPUT, "a tensor without a shape, or of more than %d dimensions",
                    GRAPH_RANK);
    *rank = value->n_items;
    for (size_t i = 0; i < value->n_items; i++) {
        if (value->items[i]->kind != PICKLED_INT || value->items[i]->integer < 0)
            return FAIL(STATUS_BAD_INPUT, "a tensor whose shape or stride is not valid");
        integers[i] = value->items[i]->integer;
    }
    return STATUS_OK;
}

/* The elements from the first to the last that the shape and strides lead to. */
static enum status measure(int64_t offset, struct tensor_view *view) {
    const uint64_t room = view->storage->bytes / torch_element_size(view->element);
    const int64_t count = shape_elements(&view->shape);
    uint64_t last = 0, step;
    if (count < 0 || offset < 0)
        return FAIL(STATUS_BAD_INPUT, "a tensor of an impossible size");
    view->count = (uint64_t)count;
    view->first = (uint64_t)offset;
    view->extent = 0;
    if (count == 0)
        return STATUS_OK;
    for (size_t i = 0; i < view->shape.rank; i++)
        if (__builtin_mul_overflow((uint64_t)(view->shape.dims[i] - 1), (uint64_t)view->strides[i],
                                   &step) ||
            __builtin_add_overflow(last, step, &last))
            return FAIL(STATUS_BAD_INPUT, "a tensor whose strides leave its data");
    if (view->first >= room || last >= room - view->first)
        return FAIL(STATUS_BAD_INPUT, "a tensor whose strides leave its data");
    if (view->count > room)
        return FAIL(STATUS_BAD_INPUT, "a tensor with more elements than its data");
    view->extent = last + 1;
    return STATUS_OK;
}

static bool is_class(const char *name, const char *class) {
    return strncmp(name, "torch._", strlen("torch._")) == 0 &&
           strcmp(strrchr(name, '.') + 1, class) == 0;
}

/* What a tensor is rebuilt with: function and arguments, without the wrappers of parameters and of
 * tensors with attributes. */
static enum status unwrap(const struct pickled *value, const char **function,
                          const struct pickled **arguments) {
    *function = "";
    *arguments = NULL;
    if (value->kind == PICKLED_OBJECT) {
        *function = pickled_class(value);
        *arguments = value->arguments;
    }
    for (int i = 0; i < MOST_WRAPPERS && *arguments != NULL; i++) {
        const size_t count = (*arguments)->n_items;
        const struct pickled **items = (*arguments)->items;
        if (is_class(*function, "_rebuild_from_type_v2") && count >= 3 &&
            items[2]->kind == PICKLED_TUPLE) {
            *function = pickled_class(items[0]);
            *arguments = items[2];
        } else if ((is_class(*function, "_rebuild_parameter") ||
                    is_class(*function, "_rebuild_parameter_with_state")) &&
                   count >= 1 && items[0]->kind == PICKLED_OBJECT) {
            *function = pickled_class(items[0]);
            *arguments = items[0]->arguments;
        } else {
            return STATUS_OK;
        }
    }
    return FAIL(STATUS_BAD_INPUT, "a tensor is expected, and something else is there");
}

static enum status view_read(const struct torch_file *file, const struct pickled *tensor,
                             struct tensor_view *view) {
    enum status status;
    const char *function;
    const struct pickled *arguments;
    size_t rank;
    *view = (struct tensor_view){0};
    TRY(unwrap(tensor, &function, &arguments));
    const bool typed = is_class(function, "_rebuild_tensor_v3");
    if ((!typed && !is_class(function, "_rebuild_tensor_v2") &&
         !is_class(function, "_rebuild_tensor")) ||
        arguments->n_items < (typed ? 7 : 4) || arguments->items[1]->kind != PICKLED_INT) {
        status = FAIL(STATUS_BAD_INPUT, "a tensor is expected, and %.100s is there",
                      function[0] != '\0' ? function : "something else");
        goto out;
    }
    TRY(find_storage(file, arguments->items[0], view));
    if (view->element == TORCH_UNTYPED && typed)
        view->element = torch_element_named(pickled_class(arguments->items[6]));
    if (view->element == TORCH_UNTYPED || view->element == TORCH_UNKNOWN) {
        status = FAIL(STATUS_BAD_INPUT, "a tensor of a type that is not supported");
        goto out;
    }
    TRY(read_integers(arguments->items[2], &view->shape.rank, view->shape.dims));
    TRY(read_integers(arguments->items[3], &rank, view->strides));
    if (rank != view->shape.rank) {
        status = FAIL(STATUS_BAD_INPUT, "a tensor with %zu dimensions and %zu strides",
                      view->shape.rank, rank);
        goto out;
    }
    TRY(measure(arguments->items[1]->integer, view));
out:
    return status;
}

/* Elements `stride` apart in a little-endian array, which is aligned to them. */
#define CONVERT(type, expression)                                                                  \
    do {                                                                                           \
        const type *in = bytes;                                                                    \
        for (size_t i = 0; i < count; i++) {                                                       \
            const type value = in[i * stride];                                                     \
            out[i] = (expression);                                                                 \
        }                                                                                          \
    } while (0)

static void convert(enum torch_element element, const void *bytes, size_t stride, size_t count,
                    float *out) {
    switch (element) {
    case TORCH_DOUBLE:
        CONVERT(double, (float)value);
        break;
    case TORCH_FLOAT:
        CONVERT(float, value);
        break;
    case TORCH_HALF:
        CONVERT(uint16_t, half_to_float(value));
        break;
    case TORCH_BFLOAT16:
        CONVERT(uint16_t, bfloat_to_float(value));
        break;
    case TORCH_LONG:
        CONVERT(int64_t, (float)value);
        break;
    case TORCH_INT:
        CONVERT(int32_t, (float)value);
        break;
    case TORCH_SHORT:
        CONVERT(int16_t, (float)value);
        break;
    case TORCH_CHAR:
        CONVERT(int8_t, (float)value);
        break;
    case TORCH_BYTE:
        CONVERT(uint8_t, (float)value);
        break;
    case TORCH_BOOL:
        CONVERT(uint8_t, value != 0 ? 1.0f : 0.0f);
        break;
    case TORCH_UNTYPED:
    case TORCH_UNKNOWN:
        break;
    }
}

/* Takes the elements out of their part of the storage in the order of the shape: runs of equal
 * distance at once, of as many axes as lie in the file as they are wanted. */
static void gather(const struct tensor_view *view, const char *bytes, float *out) {
    const size_t size = torch_element_size(view->element);
    size_t outer = view->shape.rank, run = 1, stride = 1;
    uint64_t at = 0;
    int64_t index[GRAPH_RANK] = {0};
    while (outer > 0 && (run == 1 || (uint64_t)view->strides[outer - 1] == run * stride)) {
        outer--;
        if (run == 1)
            stride = (size_t)view->strides[outer];
        run *= (size_t)view->shape.dims[outer];
    }
    for (uint64_t i = 0; i < view->count; i += run) {
        convert(view->element, bytes + at * size, stride, run, out + i);
        for (size_t axis = outer; axis-- > 0;) {
            at += (uint64_t)view->strides[axis];
            if (++index[axis] < view->shape.dims[axis])
                break;
            at -= (uint64_t)view->strides[axis] * (uint64_t)view->shape.dims[axis];
            index[axis] = 0;
        }
    }
}

enum status torch_tensor_shape(const struct torch_file *file, const struct pickled *tensor,
                               struct shape *shape) {
    struct tensor_view view;
    enum status status = view_read(file, tensor, &view);
    *shape = view.shape;
    return status;
}

enum status torch_tensor_read(struct torch_file *file, const struct pickled *tensor, size_t count,
                              float *out) {
    enum status status;
    struct tensor_view view;
    char *bytes = NULL;
    TRY(view_read(file, tensor, &view));
    if (count != view.count) {
        status = FAIL(STATUS_BAD_INPUT, "a tensor of %" PRIu64 " elements where %zu are expected",
                      view.count, count);
        goto out;
    }
    const size_t size = torch_element_size(view.element);
    if (view.extent * size > file->left) {
        status = FAIL(STATUS_BAD_INPUT, "its tensors are many times as large as the file");
        goto out;
    }
    file->left -= view.extent * size;
    TRY(torch_archive_check(file, view.storage));
    TRY(memory_zeroed((size_t)view.extent, size, &bytes));
    TRY(torch_file_bytes(file, view.storage->offset + view.first * size, (size_t)view.extent * size,
                         bytes));
    gather(&view, bytes, out);
out:
    free(bytes);
    return status;
}
