/* Reading every tensor of a PyTorch file, wherever it is. */
#ifndef TESTS_TORCH_WALK_H
#define TESTS_TORCH_WALK_H

#include <stdlib.h>
#include <string.h>

#include "model/torch/torch_file.h"

enum { WALK_DEPTH = 40 };

struct torch_walk {
    struct torch_file *file;
    size_t left; /* values that may still be visited */
    size_t tensors;
    double elements, sum;
    enum status worst;
};

static inline void walk_tensor(struct torch_walk *walk, const struct pickled *tensor) {
    struct shape shape;
    float *elements = NULL;
    enum status status = torch_tensor_shape(walk->file, tensor, &shape);
    if (status == STATUS_OK) {
        const size_t count = (size_t)shape_elements(&shape);
        elements = malloc(count * sizeof *elements + 1);
        status = elements != NULL ? torch_tensor_read(walk->file, tensor, count, elements)
                                  : STATUS_FAILED;
        for (size_t i = 0; status == STATUS_OK && i < count; i++)
            walk->sum += elements[i];
        walk->elements += status == STATUS_OK ? (double)count : 0;
    }
    free(elements);
    walk->tensors++;
    walk->worst = status_worse(walk->worst, status);
}

static inline void walk_value(struct torch_walk *walk, const struct pickled *value, int depth) {
    if (value == NULL || walk->left == 0)
        return;
    walk->left--;
    if (depth > WALK_DEPTH)
        return;
    const bool tensor = strncmp(pickled_class(value), "torch._utils._rebuild_tensor",
                                strlen("torch._utils._rebuild_tensor")) == 0;
    if (tensor && value->kind == PICKLED_OBJECT) {
        walk_tensor(walk, value);
        return;
    }
    for (size_t i = 0; i < value->n_items && walk->left > 0; i++)
        walk_value(walk, value->items[i], depth + 1);
    walk_value(walk, value->arguments, depth + 1);
    walk_value(walk, value->state, depth + 1);
}

static inline struct torch_walk torch_walk(struct torch_file *file) {
    struct torch_walk walk = {.file = file, .left = 200000};
    walk_value(&walk, torch_file_root(file), 0);
    return walk;
}

#endif
