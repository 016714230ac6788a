/* What each image of this rank is verified with. */
#include <string.h>

#include "job/planting.h"
#include "stages.h"

struct verify_job verify_describe(const struct options *options, const struct inputs *inputs,
                                  const struct processor *processor, const struct run *run,
                                  uint64_t total_images) {
    return (struct verify_job){
        .interface = processor->interface,
        .backend = processor->backend,
        .judge = &inputs->judge,
        .classes = &inputs->classes,
        .thresholds = inputs->thresholds,
        .splits = &inputs->dataset.splits,
        .root = inputs->dataset.root,
        .labels = dataset_labels(&inputs->dataset, inputs->classes.n_data),
        .common = inputs->dataset.common,
        .placer = run->placer,
        .journal = run->journal,
        .redo = run->resumed,
        .self_test = processor_self_tests(processor, &inputs->judge),
        .planting_rate = planting_rate(total_images),
        .save_txt = options->save_txt && processor->interface,
        .sketches = options->hash && processor->interface,
        .zoom = options->zoom && processor->interface,
        .networks = inputs->networks.items,
        .n_views = networks_views(&inputs->networks),
        .set_of = inputs->networks.model_of,
        .imgsz = networks_least_size(&inputs->networks),
        .rect = options->rect,
        /* A closer look needs all pixels. */
        .decode_fast = strcmp(options->decode, "fast") == 0 && !options->zoom,
        .readers = processor->capacity.readers,
        .placers = processor->capacity.placers,
        .slots = processor->capacity.slots,
        .window = processor->capacity.window,
        .patience = GATHERING_PATIENCE,
        .image_memory = (size_t)options->image_memory << 20,
        .stall_seconds = (double)options->hang_timeout,
    };
}
