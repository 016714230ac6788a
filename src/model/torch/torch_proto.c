/* What makes the prototypes of masks: Proto, of the finest map, and Proto26, of all maps. */
#include <inttypes.h>
#include <string.h>

#include "model/torch/torch_module.h"

static bool joins_maps(const struct pickled *proto) {
    return strcmp(torch_class(proto), "Proto26") == 0;
}

bool torch_has_prototypes(const struct pickled *module) {
    const struct pickled *proto = torch_part(module, "proto");
    return proto != NULL && torch_is_yolo(proto) &&
           (joins_maps(proto) || strcmp(torch_class(proto), "Proto") == 0);
}

/* Adds each coarser map, through a convolution and enlarged, to the finest. */
static enum status join_maps(struct torch_import *import, const struct pickled *proto,
                             const int *inputs, size_t n_inputs, int *out) {
    enum status status;
    struct torch_parts convs;
    int64_t fine, coarse;
    int x = inputs[0];
    TRY(torch_parts(import, proto, "feat_refine", &convs));
    if (convs.count + 1 != n_inputs)
        return TORCH_FAIL(import, proto, "damaged: %zu modules 'feat_refine' for %zu maps",
                          convs.count, n_inputs);
    TRY(torch_stride(import, proto, x, &fine));
    for (size_t i = 0; i < convs.count; i++) {
        int more;
        TRY(torch_run_item(import, &convs, i, inputs[i + 1], &more));
        TRY(torch_stride(import, proto, more, &coarse));
        TRY(build_resize(import->graph, torch_layer(import, proto), more,
                         (float)coarse / (float)fine, &more));
        TRY(build_binary(import->graph, torch_layer(import, proto), BINARY_ADD, x, more, &x));
    }
    TRY(torch_run_part(import, proto, "feat_fuse", x, out));
out:
    return status;
}

static enum status run_proto(struct torch_import *import, const struct pickled *proto,
                             const int *inputs, size_t n_inputs, int *out) {
    static const char *const parts[] = {"cv1", "upsample", "cv2", "cv3"};
    enum status status = STATUS_OK;
    size_t expected = import->graph->head.n_extras;
    int64_t channels;
    int x = inputs[0];
    if (joins_maps(proto))
        TRY(join_maps(import, proto, inputs, n_inputs, &x));
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        TRY(torch_run_part(import, proto, parts[i], x, &x));
    TRY(torch_channels(import, proto, x, &channels));
    if (channels != (int64_t)expected)
        status =
            TORCH_FAIL(import, proto, "damaged: makes %" PRId64 " prototypes for %zu coefficients",
                       channels, expected);
    *out = x;
out:
    return status;
}

enum status torch_prototypes(struct torch_import *import, const struct pickled *module,
                             const int *inputs, size_t n_inputs, int *out) {
    const struct pickled *proto = torch_part(module, "proto");
    size_t before;
    enum status status = torch_enter(import, proto, "proto", &before);
    if (status != STATUS_OK)
        return status;
    status = run_proto(import, proto, inputs, n_inputs, out);
    torch_leave(import, before);
    return status;
}
