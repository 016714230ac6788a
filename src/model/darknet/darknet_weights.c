/* Reads Darknet's .weights. */
#include "model/darknet/darknet_weights.h"

#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* Above any network's; below it the sizes fit. */
static const uint64_t MOST_FLOATS = (uint64_t)1 << 40;

/* Per filter a bias, with batch normalisation a scale, a mean and a variance, and its weights. */
static uint64_t floats_of(const struct darknet_layer *layer) {
    const struct window *window = &layer->window;
    uint64_t filter = (uint64_t)(layer->in.channels / window->group) *
                      (uint64_t)(window->kernel[0] * window->kernel[1]);
    return (uint64_t)layer->out.channels * (filter + (layer->batch_normalize ? 4 : 1));
}

static enum status count_floats(const struct darknet_net *net, uint64_t *count) {
    *count = 0;
    for (size_t i = 0; i < net->n_layers; i++) {
        if (net->layers[i].kind == DARKNET_CONVOLUTIONAL)
            *count += floats_of(&net->layers[i]);
        if (*count > MOST_FLOATS)
            return SECTION_FAIL(net->layers[i].section,
                                "the network has more than %" PRIu64 " weights", MOST_FLOATS);
    }
    return STATUS_OK;
}

/* The version's three numbers, then how many pictures the training saw: 64 bits since 0.2. */
static enum status read_header(FILE *file, uint64_t *length, bool *added_to_root) {
    int32_t version[3];
    unsigned char seen[8];
    if (fread(version, sizeof version, 1, file) != 1)
        return FAIL(STATUS_BAD_INPUT, "is too short to be a Darknet .weights file");
    if (version[0] < 0 || version[1] < 0 || version[0] > 1000 || version[1] > 1000)
        return FAIL(STATUS_BAD_INPUT,
                    "is not a Darknet .weights file: its version would be %" PRId32 ".%" PRId32,
                    version[0], version[1]);
    size_t size = version[0] * 10 + version[1] >= 2 ? 8 : 4;
    if (fread(seen, size, 1, file) != 1)
        return FAIL(STATUS_BAD_INPUT, "is too short to be a Darknet .weights file");
    *length = sizeof version + size;
    *added_to_root = version[2] == 0;
    return STATUS_OK;
}

static enum status open_checked(const char *path, uint64_t floats,
                                struct darknet_weights *weights) {
    enum status status;
    struct stat about;
    uint64_t header;
    int file = file_open(path, 0, &about);
    if (file == FILE_NOT_REGULAR)
        return FAIL(STATUS_BAD_INPUT, "is not a regular file");
    if (file < 0)
        return FAIL(STATUS_BAD_INPUT, "cannot be opened: %m");
    weights->file = fdopen(file, "rb");
    if (weights->file == NULL) {
        close(file);
        return FAIL(STATUS_FAILED, "cannot be opened: %m");
    }
    TRY(read_header(weights->file, &header, &weights->added_to_root));
    if ((uint64_t)about.st_size != header + 4 * floats)
        status = FAIL(STATUS_BAD_INPUT,
                      "has %" PRIu64 " bytes, the .cfg needs %" PRIu64 ": it is %sof another .cfg",
                      (uint64_t)about.st_size, header + 4 * floats,
                      (uint64_t)about.st_size < header + 4 * floats ? "cut short, or " : "");
out:
    return status;
}

enum status darknet_weights_open(const char *path, const struct darknet_net *net,
                                 struct darknet_weights *weights) {
    enum status status;
    uint64_t floats;
    *weights = (struct darknet_weights){0};
    TRY(count_floats(net, &floats));
    status = open_checked(path, floats, weights);
    if (status != STATUS_OK)
        status_prefix(status, "--weights %s: ", path);
out:
    if (status != STATUS_OK)
        darknet_weights_close(weights);
    return status;
}

void darknet_weights_close(struct darknet_weights *weights) {
    if (weights->file != NULL)
        fclose(weights->file);
    weights->file = NULL;
}

enum status darknet_weights_read(struct darknet_weights *weights, const struct darknet_layer *layer,
                                 float *out, size_t count) {
    size_t i = 0;
    if (fread(out, sizeof *out, count, weights->file) != count)
        return FAIL(STATUS_BAD_INPUT, "--weights cannot be read to its end");
    while (i < count && isfinite(out[i]))
        i++;
    if (i < count)
        return SECTION_FAIL(layer->section, "--weights has a number for it that is not finite: the "
                                            "file is damaged, or of another .cfg");
    return STATUS_OK;
}
