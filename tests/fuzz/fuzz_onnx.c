/* ONNX files. */
#include "fuzz_file.h"
#include "model/importer.h"

void fuzz_one(const uint8_t *data, size_t size) {
    struct fuzz_file input = fuzz_file_open(data, size);
    struct model model = {0};
    enum status status = onnx_read(input.path, NULL, 64, &model);
    if (status != STATUS_OK && status != STATUS_BAD_INPUT)
        abort();
    model_free(&model);
    fuzz_file_close(&input);
}
