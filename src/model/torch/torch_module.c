/* What a module of a PyTorch file holds, each thing checked as it is looked at. */
#include "model/torch/torch_module.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { MOST_INT = 1 << 20 };

const char *torch_class(const struct pickled *module) {
    const char *name = pickled_class(module), *last = strrchr(name, '.');
    return last == NULL ? name : last + 1;
}

void torch_prefix(const struct torch_import *import, const struct pickled *module) {
    const char *class = pickled_class(module);
    bool placed = import->place.length > 0, classed = class[0] != '\0';
    if (placed && classed)
        (void)status_prefix(STATUS_BAD_INPUT, "%.200s (%.100s): ", import->place.data, class);
    else if (placed || classed)
        (void)status_prefix(STATUS_BAD_INPUT, "%.200s: ", placed ? import->place.data : class);
}

struct layer torch_layer(const struct torch_import *import, const struct pickled *module) {
    return (struct layer){import->place.data, torch_class(module)};
}

/* An entry of one of the tables that every module has. */
static const struct pickled *entry(const struct pickled *module, const char *table,
                                   const char *name) {
    const struct pickled *value = pickled_get(pickled_get(module, table), name);
    return value == NULL || value->kind == PICKLED_NONE ? NULL : value;
}

const struct pickled *torch_part(const struct pickled *module, const char *name) {
    return entry(module, "_modules", name);
}

const struct pickled *torch_parameter(const struct pickled *module, const char *name) {
    return entry(module, "_parameters", name);
}

const struct pickled *torch_buffer(const struct pickled *module, const char *name) {
    return entry(module, "_buffers", name);
}

enum status torch_parts(const struct torch_import *import, const struct pickled *module,
                        const char *name, struct torch_parts *parts) {
    const struct pickled *owner = name == NULL ? module : torch_part(module, name);
    const struct pickled *table = pickled_get(owner, "_modules");
    if (owner == NULL)
        return TORCH_FAIL(import, module, "has no part '%.100s'", name);
    if (table == NULL || (table->kind != PICKLED_DICT && table->kind != PICKLED_OBJECT) ||
        table->n_items % 2 != 0)
        return TORCH_FAIL(import, module, "damaged: its parts are not a table");
    for (size_t i = 0; i < table->n_items; i += 2)
        if (table->items[i]->kind != PICKLED_TEXT)
            return TORCH_FAIL(import, module, "damaged: a part without a name");
    *parts = (struct torch_parts){name == NULL ? "" : name, table->n_items / 2, table->items};
    return STATUS_OK;
}

static bool int_of(const struct pickled *value, int64_t least, int64_t *out) {
    if (value == NULL || (value->kind != PICKLED_INT && value->kind != PICKLED_BOOL) ||
        value->integer < least || value->integer > MOST_INT)
        return false;
    *out = value->integer;
    return true;
}

enum status torch_int(const struct torch_import *import, const struct pickled *module,
                      const char *name, int64_t least, int64_t *value) {
    if (!int_of(pickled_get(module, name), least, value))
        return TORCH_FAIL(import, module,
                          "its attribute '%s' is not an integer of %" PRId64 " to %d", name, least,
                          MOST_INT);
    return STATUS_OK;
}

enum status torch_int_or(const struct torch_import *import, const struct pickled *module,
                         const char *name, int64_t least, int64_t fallback, int64_t *value) {
    if (pickled_get(module, name) != NULL)
        return torch_int(import, module, name, least, value);
    *value = fallback;
    return STATUS_OK;
}

enum status torch_flag_or(const struct torch_import *import, const struct pickled *module,
                          const char *name, bool fallback, bool *value) {
    int64_t number;
    enum status status = torch_int_or(import, module, name, 0, fallback, &number);
    if (status == STATUS_OK)
        *value = number != 0;
    return status;
}

enum status torch_number(const struct torch_import *import, const struct pickled *module,
                         const char *name, double *value) {
    const struct pickled *number = pickled_get(module, name);
    if (number != NULL && number->kind == PICKLED_FLOAT && number->number == number->number)
        *value = number->number;
    else if (number != NULL && number->kind == PICKLED_INT)
        *value = (double)number->integer;
    else
        return TORCH_FAIL(import, module, "its attribute '%s' is not a number", name);
    return STATUS_OK;
}

enum status torch_ints(const struct torch_import *import, const struct pickled *module,
                       const char *name, int64_t least, size_t count, int64_t *values) {
    const struct pickled *list = pickled_get(module, name);
    bool several = list != NULL && (list->kind == PICKLED_TUPLE || list->kind == PICKLED_LIST);
    bool fits = list != NULL && (!several || list->n_items == count);
    for (size_t i = 0; i < count && fits; i++)
        fits = int_of(several ? list->items[i] : list, least, &values[i]);
    if (!fits)
        return TORCH_FAIL(import, module,
                          "its attribute '%s' is not %zu integers of %" PRId64 " to %d", name,
                          count, least, MOST_INT);
    return STATUS_OK;
}

static enum status tensor_shape(const struct torch_import *import, const struct pickled *module,
                                const struct pickled *tensor, struct shape *shape,
                                size_t *elements) {
    enum status status = torch_tensor_shape(import->file, tensor, shape);
    int64_t count;
    if (status == STATUS_BAD_INPUT)
        torch_prefix(import, module);
    if (status != STATUS_OK)
        return status;
    count = shape_elements(shape);
    if (count < 0)
        return TORCH_FAIL(import, module, "damaged: a tensor of impossible shape");
    *elements = (size_t)count;
    return STATUS_OK;
}

enum status torch_constant(struct torch_import *import, const struct pickled *module,
                           const struct pickled *tensor, size_t rank, int *constant) {
    enum status status;
    struct shape shape;
    size_t elements;
    float *data;
    TRY(tensor_shape(import, module, tensor, &shape, &elements));
    if (shape.rank != rank) {
        char text[SHAPE_TEXT];
        status =
            TORCH_FAIL(import, module, "damaged: a parameter of shape %s; rank %zu is expected",
                       shape_text(&shape, text), rank);
        goto out;
    }
    if (elements > import->memory_left / sizeof *data) {
        status = TORCH_FAIL(import, module, "damaged: its parameters are larger than the file");
        goto out;
    }
    import->memory_left -= elements * sizeof *data;
    TRY(build_constant(import->graph, import->place.data, &shape, constant, &data));
    status = torch_tensor_read(import->file, tensor, elements, data);
    if (status == STATUS_BAD_INPUT)
        torch_prefix(import, module);
out:
    return status;
}

enum status torch_scalar(struct torch_import *import, float value, int *constant) {
    float *data;
    enum status status =
        build_constant(import->graph, import->place.data, &(struct shape){0}, constant, &data);
    if (status == STATUS_OK)
        *data = value;
    return status;
}

enum status torch_values(struct torch_import *import, const struct pickled *module,
                         const struct pickled *tensor, size_t count, float *values) {
    enum status status;
    struct shape shape;
    size_t elements;
    if (tensor == NULL)
        return TORCH_FAIL(import, module, "damaged: a tensor is missing");
    TRY(tensor_shape(import, module, tensor, &shape, &elements));
    if (elements != count) {
        status = TORCH_FAIL(import, module, "damaged: a tensor of %zu elements; %zu are expected",
                            elements, count);
        goto out;
    }
    status = torch_tensor_read(import->file, tensor, count, values);
    if (status == STATUS_BAD_INPUT)
        torch_prefix(import, module);
out:
    return status;
}
