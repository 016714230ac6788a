/* Every anchor that the CPU backend's network gives for pictures, in picture pixels, decoded here
 * in double precision: raw_dump MODEL IMGSZ IMAGE... > FILE. For each picture float64: the number
 * of anchors A, of classes K, the letterbox's gain, then A x (x1, y1, x2, y2, K scores). For models
 * with a distance head. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cpu/network.h"
#include "image/image.h"
#include "letterbox_render.h"
#include "model/model.h"

static double at(const struct head_map *map, size_t channel, size_t cell) {
    size_t cells = map->width * map->height;
    return map->data[channel / map->block * cells * map->block + cell * map->block +
                     channel % map->block];
}

static double side(const struct head_map *map, size_t channel, size_t cell, size_t bins) {
    if (bins == 1)
        return at(map, channel, cell);
    double sum = 0, weighted = 0;
    for (size_t i = 0; i < bins; i++) {
        double weight = exp(at(map, channel + i, cell));
        sum += weight;
        weighted += weight * (double)i;
    }
    return weighted / sum;
}

static void put(double number) {
    fwrite(&number, sizeof number, 1, stdout);
}

static void put_anchor(const struct head *head, const struct head_maps *maps, size_t level,
                       size_t cell, const struct letterbox *box) {
    const struct head_level *l = &head->levels[level];
    const struct head_map *boxes = &maps->boxes[level], *scores = &maps->scores[level];
    double x = (double)(cell % boxes->width) + 0.5, y = (double)(cell / boxes->width) + 0.5;
    for (size_t i = 0; i < 4; i++) {
        double d = side(boxes, l->box_channel + i * head->bins, cell, head->bins);
        double centre = i % 2 ? y : x, pad = i % 2 ? box->top : box->left;
        put(((centre + (i < 2 ? -d : d)) * (double)l->stride - pad) /
            (i % 2 ? box->gain_y : box->gain_x));
    }
    for (size_t k = 0; k < head->n_classes; k++)
        put(1 / (1 + exp(-at(scores, l->score_channel + k, cell))));
}

static enum status dump(struct cpu_network *network, const struct head *head, const char *path,
                        uint32_t imgsz) {
    enum status status;
    struct image image = {0};
    struct head_maps maps;
    float *planes = NULL;
    size_t anchors = 0;
    TRY(image_read(path, &image));
    struct letterbox box = letterbox_plan(image.width, image.height, imgsz, false, 32);
    TRY(memory_zeroed((size_t)3 * box.net_width * box.net_height, sizeof *planes, &planes));
    TRY(letterbox_render(&image, &box, planes));
    TRY(cpu_network_forward(network, box.net_height, box.net_width, planes, &maps));
    for (size_t i = 0; i < head->n_levels; i++)
        anchors += maps.boxes[i].width * maps.boxes[i].height;
    put((double)anchors);
    put((double)head->n_classes);
    put(box.gain);
    for (size_t i = 0; i < head->n_levels; i++)
        for (size_t cell = 0; cell < maps.boxes[i].width * maps.boxes[i].height; cell++)
            put_anchor(head, &maps, i, cell, &box);
out:
    free(planes);
    image_free(&image);
    return status;
}

int main(int argc, char **argv) {
    struct model model = {0};
    struct cpu_network *network = NULL;
    enum status status = STATUS_OK;
    if (argc < 4) {
        fprintf(stderr, "usage: raw_dump MODEL IMGSZ IMAGE...\n");
        return STATUS_BAD_INPUT;
    }
    uint32_t imgsz = (uint32_t)strtoul(argv[2], NULL, 10);
    TRY(model_read(argv[1], NULL, imgsz, &model));
    if (model.graph.head.kind != HEAD_DISTANCE) {
        status = FAIL(STATUS_BAD_INPUT, "%s has no distance head", argv[1]);
        goto out;
    }
    TRY(cpu_network_make(&model.graph, &(struct cpu_options){.threads = 1}, &network));
    for (int i = 3; i < argc; i++)
        TRY(dump(network, &model.graph.head, argv[i], imgsz));
out:
    if (status != STATUS_OK)
        fprintf(stderr, "raw_dump: %s\n", status_message());
    cpu_network_free(network);
    model_free(&model);
    return (int)status;
}
