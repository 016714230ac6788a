/* Darknet's [yolo] sections, which make the head. */
#include <inttypes.h>

#include "model/darknet/darknet_layers.h"

/* The anchors that mask= picks of anchors=; without mask= all. */
static enum status read_anchors(const struct darknet_reader *reader, struct darknet_layer *layer) {
    enum status status;
    const struct cfg *cfg = reader->cfg;
    const struct cfg_section *section = reader->section;
    double anchors[CFG_LIST];
    int64_t num, mask[GRAPH_ANCHORS];
    size_t n_values;
    TRY(section_integer(reader, "num", 1, 1, CFG_LIST / 2, &num));
    const struct cfg_range pixels = {0.01, 1e5, CFG_LIST, false};
    TRY(cfg_numbers(cfg, section, "anchors", pixels, anchors, &n_values));
    if (n_values != 2 * (size_t)num) {
        status = SECTION_FAIL(section, "anchors= has %zu numbers, num=%" PRId64 " needs %" PRId64,
                              n_values, num, 2 * num);
        goto out;
    }
    const struct cfg_range indices = {0, (double)(num - 1), GRAPH_ANCHORS, true};
    TRY(cfg_integers(cfg, section, "mask", indices, mask, &layer->n_anchors));
    if (layer->n_anchors == 0) {
        if (num > GRAPH_ANCHORS) {
            status = SECTION_FAIL(section, "%" PRId64 " anchors; %d at most are supported", num,
                                  GRAPH_ANCHORS);
            goto out;
        }
        for (layer->n_anchors = 0; (int64_t)layer->n_anchors < num; layer->n_anchors++)
            mask[layer->n_anchors] = (int64_t)layer->n_anchors;
    }
    for (size_t i = 0; i < layer->n_anchors; i++)
        for (size_t k = 0; k < 2; k++)
            layer->anchors[i][k] = (float)anchors[2 * mask[i] + (int64_t)k];
out:
    return status;
}

/* Boxes of new_coords are YOLOv5's if the map has passed a sigmoid, which is then left out. */
static enum status check_coords(const struct darknet_reader *reader,
                                const struct darknet_layer *layer) {
    const struct darknet_layer *before = &reader->net->layers[reader->index - 1];
    if (!layer->new_coords)
        return STATUS_OK;
    if (before->kind != DARKNET_CONVOLUTIONAL || before->activation != ACTIVATION_SIGMOID)
        return SECTION_FAIL(reader->section,
                            "new_coords=1 needs activation=logistic in the section before it");
    if (layer->scale_xy != 2.0f)
        return SECTION_FAIL(reader->section,
                            "new_coords=1 with scale_x_y=%g is not supported, with 2 it is",
                            (double)layer->scale_xy);
    return STATUS_OK;
}

/* Of the map, in pixels of the network's input. */
static enum status find_stride(const struct darknet_reader *reader, struct darknet_layer *layer) {
    const struct darknet_size *input = &reader->net->input, *map = &layer->in;
    layer->stride = (size_t)(input->width / map->width);
    if (input->width != map->width * (int64_t)layer->stride ||
        input->height != map->height * (int64_t)layer->stride)
        return SECTION_FAIL(reader->section,
                            "a map of %" PRId64 "x%" PRId64 " is no whole part of [net]'s %" PRId64
                            "x%" PRId64 ": width and height must be multiples of 32",
                            map->width, map->height, input->width, input->height);
    return STATUS_OK;
}

enum status darknet_yolo_read(const struct darknet_reader *reader, struct darknet_layer *layer) {
    enum status status;
    int64_t classes;
    double scale_xy = 1.0;
    size_t n;
    if (reader->index == 0)
        return SECTION_FAIL(reader->section, "there is no layer before it");
    TRY(section_integer(reader, "classes", 20, 1, DARKNET_FILTERS, &classes));
    const struct cfg_range scales = {0.01, 100, 1, false};
    TRY(cfg_numbers(reader->cfg, reader->section, "scale_x_y", scales, &scale_xy, &n));
    TRY(section_switch(reader, "new_coords", &layer->new_coords));
    TRY(read_anchors(reader, layer));
    layer->scale_xy = (float)scale_xy;
    layer->n_classes = (size_t)classes;
    layer->out = layer->in;
    int64_t needed = (int64_t)layer->n_anchors * (classes + 5);
    if (layer->in.channels != needed) {
        status = SECTION_FAIL(reader->section,
                              "%zu anchors and classes=%" PRId64 " need filters=%" PRId64
                              " in the section before it, which has %" PRId64,
                              layer->n_anchors, classes, needed, layer->in.channels);
        goto out;
    }
    TRY(check_coords(reader, layer));
    TRY(find_stride(reader, layer));
out:
    return status;
}

enum status darknet_yolo_check(const struct darknet_net *net) {
    const struct darknet_layer *first = NULL;
    for (size_t i = 0; i < net->n_layers; i++) {
        const struct darknet_layer *layer = &net->layers[i];
        if (layer->kind != DARKNET_YOLO)
            continue;
        if (first != NULL && first->n_classes != layer->n_classes)
            return SECTION_FAIL(layer->section, "classes=%zu; the [yolo] layer before has %zu",
                                layer->n_classes, first->n_classes);
        first = layer;
    }
    if (first == NULL)
        return FAIL(STATUS_BAD_INPUT, "has no [yolo] section: it is no detection model, or one of "
                                      "YOLOv2 or before, which is not supported");
    return STATUS_OK;
}
