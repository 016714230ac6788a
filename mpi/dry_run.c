/* What a dry run prints. */
#include "stages.h"

void dry_run_print(struct screen *screen, const struct options *options,
                   const struct inputs *inputs, const struct totals *totals,
                   uint64_t total_images) {
    const uint64_t *c = totals->tally.counts;
    uint64_t boxes = 0, unknown = 0;
    for (size_t i = 0; i < VERDICT_COUNT; i++)
        boxes += c[TALLY_BOXES + i];
    for (size_t i = 0; i < inputs->classes.n_data; i++)
        unknown += inputs->classes.to_model[i] < 0;
    screen_line(screen, "%s", "");
    screen_line(screen, "Dry run: nothing was written.");
    screen_line(screen, "  Model: %s (%zu classes)", inputs->networks.named.data,
                inputs->networks.classes.count);
    screen_line(screen, "  Data set: %s (%zu classes, %llu unknown to the model)", options->data,
                inputs->classes.n_data, (unsigned long long)unknown);
    screen_line(screen, "  Images: %llu", (unsigned long long)total_images);
    screen_line(screen, "  Images that cannot be opened: %llu",
                (unsigned long long)c[TALLY_IMAGES + BUCKET_FAILED]);
    screen_line(screen, "  Boxes: %llu", (unsigned long long)boxes);
    screen_line(screen, "  Invalid label lines: %llu", (unsigned long long)c[TALLY_INVALID]);
    screen_line(screen, "  Label files without an image: %llu",
                (unsigned long long)totals->orphan_labels);
    screen_left_out(screen, &totals->tally, &inputs->dataset);
    screen_line(screen, "  Results would go to: %s (images by %s)", options->output,
                options->place);
}
