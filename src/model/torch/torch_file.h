/* A PyTorch file: a zip archive of a pickle and of storages. */
#ifndef VERIFY_MODEL_TORCH_FILE_H
#define VERIFY_MODEL_TORCH_FILE_H

#include "model/graph.h"
#include "model/torch/pickle.h"

struct torch_file;

/* STATUS_BAD_INPUT, without the path, where it is damaged or none. Opens no other file. */
enum status torch_file_open(const char *path, struct torch_file **out);
void torch_file_close(struct torch_file *file); /* NULL is allowed */
const struct pickled *torch_file_root(const struct torch_file *file);

/* The shape of a tensor or parameter object; STATUS_BAD_INPUT where it is none, or where its
 * strides leave its storage. */
enum status torch_tensor_shape(const struct torch_file *file, const struct pickled *tensor,
                               struct shape *shape);
/* Its elements, converted to float from any numeric type, row-major: `count` of them, as many as
 * the shape has. */
enum status torch_tensor_read(struct torch_file *file, const struct pickled *tensor, size_t count,
                              float *elements);

#endif
