/* A picture's file, all the way into the network's input: of any format, EXIF, turning, letterbox.
 * Once with square inputs and once with rectangular ones. */
#include "fuzz_file.h"
#include "image/image.h"

/* Little, so that most executions are short. Small pictures fit, with what their decoders need
 * beside them, and many announce more. */
enum { MEMORY = 5 << 20, SIDE = 64, STRIDE = 32 };

static void render(const struct image *image, bool rect, uint8_t *levels) {
    const struct letterbox none = {0};
    struct letterbox box = letterbox_plan(image->width, image->height, SIDE, rect, STRIDE);
    if (box.net_width > SIDE || box.net_height > SIDE || box.left + box.width > box.net_width ||
        box.top + box.height > box.net_height)
        abort();
    if (letterbox_levels(image, &box, &none, levels) != STATUS_OK)
        abort();
}

void fuzz_one(const uint8_t *data, size_t size) {
    struct fuzz_file file = fuzz_file_open(data, size);
    struct image image = {0};
    if (image_budget_make(MEMORY, 1, &image.budget) != STATUS_OK)
        abort();
    struct image_budget *budget = image.budget;
    enum status status = image_read(file.path, &image);
    if (status != STATUS_OK && status != STATUS_BAD_INPUT)
        abort();
    if (status == STATUS_OK) {
        uint8_t levels[3 * SIDE * SIDE];
        render(&image, false, levels);
        render(&image, true, levels);
    }
    image_free(&image);
    if (!image_budget_grow(budget, MEMORY)) /* all was given back */
        abort();
    image_budget_free(budget);
    fuzz_file_close(&file);
}
