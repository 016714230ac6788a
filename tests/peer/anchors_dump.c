/* Every anchor as the judge decodes it from the CPU backend's maps, for comparison with other
 * programs: anchors_dump MODEL WEIGHTS HEIGHT WIDTH < PLANES > ANCHORS. WEIGHTS is "" for models
 * that have theirs in them, PLANES float32 (3,HEIGHT,WIDTH). ANCHORS is float32: for each level,
 * anchor and cell x1, y1, x2, y2 in network pixels (0 where the box is unusable) and the classes'
 * scores. */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cpu/network.h"
#include "judge/anchors.h"
#include "model/model.h"

static void put(const struct anchors *anchors, size_t place) {
    struct box box = anchors_box_at(anchors, place);
    fwrite(&box, sizeof box, 1, stdout);
    for (size_t c = 0; c < anchors->head->n_classes; c++) {
        float score = anchors_score_at(anchors, place, c);
        fwrite(&score, sizeof score, 1, stdout);
    }
}

static enum status dump(struct cpu_network *network, const struct head *head, uint32_t height,
                        uint32_t width) {
    enum status status;
    struct head_maps maps;
    struct anchors anchors = {0};
    const struct letterbox whole = {
        .net_width = width, .net_height = height, .gain = 1, .gain_x = 1, .gain_y = 1};
    float *planes = NULL;
    size_t count = (size_t)3 * height * width;
    TRY(memory_zeroed(count, sizeof *planes, &planes));
    if (fread(planes, sizeof *planes, count, stdin) != count) {
        status = FAIL(STATUS_BAD_INPUT, "the picture is too short");
        goto out;
    }
    TRY(cpu_network_forward(network, height, width, planes, &maps));
    TRY(anchors_begin(&anchors, head, &maps, &whole));
    for (size_t i = 0; i < anchors.n_planes; i++) {
        const struct plane *plane = &anchors.planes[i];
        for (size_t cell = 0; cell < plane->cells; cell++)
            put(&anchors,
                anchors_decode(&anchors, plane->first_tile + cell / TILE) * TILE + cell % TILE);
    }
out:
    anchors_free(&anchors);
    free(planes);
    return status;
}

int main(int argc, char **argv) {
    struct model model = {0};
    struct cpu_network *network = NULL;
    enum status status = STATUS_OK;
    if (argc != 5) {
        fprintf(stderr, "usage: anchors_dump MODEL WEIGHTS HEIGHT WIDTH < PLANES > ANCHORS\n");
        return STATUS_BAD_INPUT;
    }
    uint32_t height = (uint32_t)strtoul(argv[3], NULL, 10);
    uint32_t width = (uint32_t)strtoul(argv[4], NULL, 10);
    TRY(model_read(argv[1], *argv[2] == '\0' ? NULL : argv[2], width, &model));
    TRY(cpu_network_make(&model.graph, &(struct cpu_options){.threads = 1}, &network));
    TRY(dump(network, &model.graph.head, height, width));
out:
    if (status != STATUS_OK)
        fprintf(stderr, "anchors_dump: %s\n", status_message());
    cpu_network_free(network);
    model_free(&model);
    return (int)status;
}
