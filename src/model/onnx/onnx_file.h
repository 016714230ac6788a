/* An ONNX file in memory; private to model/. */
#ifndef VERIFY_MODEL_ONNX_FILE_H
#define VERIFY_MODEL_ONNX_FILE_H

#include "model/onnx/onnx_import.h"

struct onnx_file {
    Onnx__ModelProto *model; /* its graph is there and has operators; owned */
    size_t length;           /* of the file, bytes */
};

/* Reads and parses a file; a hostile one costs at most four times its size and IMPORT_SPARE, one
 * of integers of 8 bits thirteen times.
 * STATUS_BAD_INPUT where it is no ONNX model, without the path in the message. */
enum status onnx_file_open(const char *path, struct onnx_file *file);
void onnx_file_close(struct onnx_file *file);

#endif
