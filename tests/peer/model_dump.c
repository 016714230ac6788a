/* Every box of a model for one input, decoded in double precision by the formulas beside enum
 * head_kind: model_dump MODEL HEIGHT WIDTH < PLANES > BOXES. PLANES are float32 (3,HEIGHT,WIDTH);
 * BOXES float32 rows of xc, yc, w, h in network pixels and the scores after the sigmoid (of an
 * anchor head the objectness before them). What reading the model cost goes to the standard error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "cpu/network.h"
#include "raw_head.h"

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The most memory that this process had so far, in KiB; 0 where the system does not say. */
static long most_memory(void) {
    char line[256];
    long memory = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && memory == 0 && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            memory = strtol(line + 6, NULL, 10);
    if (file != NULL)
        fclose(file);
    return memory;
}

static enum status read_timed(const char *path, int64_t size, struct model *model) {
    double start = seconds();
    long before = most_memory();
    enum status status = model_read(path, NULL, size, model);
    if (status == STATUS_OK)
        fprintf(stderr, "read in %.1f ms, %ld KiB more memory, %zu operators, %s\n",
                1e3 * (seconds() - start), most_memory() - before, model->graph.n_ops,
                model->family);
    return status;
}

/* Decodes one level and writes its rows. */
static enum status put_level(const struct head *head, size_t l, const struct head_maps *maps) {
    enum status status;
    size_t height = maps->boxes[l].height, width = maps->boxes[l].width;
    size_t count = height * width * head->n_anchors;
    size_t n_scores = head->n_classes + (head->kind == HEAD_ANCHOR);
    float *boxes = NULL, *scores = NULL;
    TRY(memory_zeroed(count * 4, sizeof *boxes, &boxes));
    TRY(memory_zeroed(count * n_scores, sizeof *scores, &scores));
    if (head->kind == HEAD_ANCHOR)
        raw_decode_anchor(head, &head->levels[l], maps->boxes[l].data, height, width, boxes,
                          scores);
    else
        raw_decode_distance(
            head, &head->levels[l],
            (const float *[]){maps->boxes[l].data, maps->scores[l].data, maps->extras[l].data},
            height, width, boxes, scores);
    for (size_t i = 0; i < count; i++) {
        fwrite(boxes + 4 * i, sizeof *boxes, 4, stdout);
        fwrite(scores + n_scores * i, sizeof *scores, n_scores, stdout);
    }
out:
    free(boxes);
    free(scores);
    return status;
}

static enum status dump(const char *path, size_t height, size_t width) {
    enum status status;
    struct model model = {0};
    struct cpu_network *network = NULL;
    struct head_maps maps;
    float *planes = NULL;
    TRY(read_timed(path, (int64_t)height, &model));
    TRY(memory_zeroed(3 * height * width, sizeof *planes, &planes));
    if (fread(planes, sizeof *planes, 3 * height * width, stdin) != 3 * height * width) {
        status = FAIL(STATUS_BAD_INPUT, "the standard input is too short");
        goto out;
    }
    TRY(cpu_network_make(&model.graph, &(struct cpu_options){.threads = 2, .block = 1}, &network));
    TRY(cpu_network_forward(network, height, width, planes, &maps));
    for (size_t l = 0; l < model.graph.head.n_levels; l++)
        TRY(put_level(&model.graph.head, l, &maps));
out:
    cpu_network_free(network);
    model_free(&model);
    free(planes);
    return status;
}

int main(int count, char **texts) {
    if (count != 4) {
        fprintf(stderr, "usage: model_dump MODEL HEIGHT WIDTH < PLANES > BOXES\n");
        return 2;
    }
    enum status status = dump(texts[1], strtoul(texts[2], NULL, 10), strtoul(texts[3], NULL, 10));
    if (status != STATUS_OK)
        fprintf(stderr, "%s\n", status_message());
    return (int)status;
}
