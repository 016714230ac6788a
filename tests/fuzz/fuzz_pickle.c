/* The pickle machine alone. */
#include "fuzz_file.h"
#include "model/torch/pickle.h"

void fuzz_one(const uint8_t *data, size_t size) {
    struct pickle *pickle;
    enum status status = pickle_read(data, size, &pickle);
    if (status == STATUS_OK && pickle_length(pickle) > size)
        abort();
    if (status == STATUS_OK)
        pickled_get(pickle_root(pickle), "model");
    else if (status != STATUS_BAD_INPUT)
        abort();
    pickle_free(pickle);
}
