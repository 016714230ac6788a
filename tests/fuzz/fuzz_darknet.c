/* A Darknet configuration, and after its NUL the weights. */
#include <string.h>

#include "fuzz_file.h"
#include "model/model.h"

void fuzz_one(const uint8_t *data, size_t size) {
    const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
    const size_t length = end != NULL ? (size_t)(end - data) : size,
                 rest = end != NULL ? size - length - 1 : 0;
    struct fuzz_file cfg = fuzz_file_open(data, length),
                     weights = fuzz_file_open(data + size - rest, rest);
    struct model model = {0};
    enum status status = darknet_read(cfg.path, end != NULL ? weights.path : NULL, 64, &model);
    if (status != STATUS_OK && status != STATUS_BAD_INPUT)
        abort();
    model_free(&model);
    fuzz_file_close(&cfg);
    fuzz_file_close(&weights);
}
