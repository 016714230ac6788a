/* PyTorch files of both layouts, and all their tensors. */
#include "../unit/torch_walk.h"
#include "fuzz_file.h"

void fuzz_one(const uint8_t *data, size_t size) {
    struct fuzz_file input = fuzz_file_open(data, size);
    struct torch_file *file = NULL;
    enum status status = torch_file_open(input.path, &file);
    if (status == STATUS_OK)
        status = torch_walk(file).worst;
    if (status != STATUS_OK && status != STATUS_BAD_INPUT)
        abort();
    torch_file_close(file);
    fuzz_file_close(&input);
}
