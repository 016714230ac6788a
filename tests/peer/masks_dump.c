/* Masks of objects that another program found, as the judge makes them, at the picture's size:
 * masks_dump MODEL SIDE IMAGE_WIDTH IMAGE_HEIGHT < INPUT > MASKS. INPUT is float32: planes
 * (3,SIDE,SIDE), then for each object x1, y1, x2, y2 in picture pixels, clipped to it, its class
 * and its score; an object's anchor is the one whose box and score are nearest. MASKS is uint8
 * (objects,IMAGE_HEIGHT,IMAGE_WIDTH). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cpu/network.h"
#include "judge/mask.h"
#include "model/model.h"

struct object {
    float box[4], class, score;
};

/* How far an anchor's clipped box and score are from an object's. */
static float apart(const struct anchors *anchors, size_t place, const struct object *object) {
    const struct letterbox *letterbox = &anchors->letterbox;
    struct box box = anchors_box_at(anchors, place);
    float w = (float)letterbox->image_width, h = (float)letterbox->image_height;
    float clipped[] = {fminf(fmaxf(box.x1, 0), w), fminf(fmaxf(box.y1, 0), h),
                       fminf(fmaxf(box.x2, 0), w), fminf(fmaxf(box.y2, 0), h)};
    float sum =
        100 * fabsf(anchors_score_at(anchors, place, (size_t)object->class) - object->score);
    for (size_t i = 0; i < 4; i++)
        sum += fabsf(clipped[i] - object->box[i]);
    return sum;
}

static uint32_t nearest(struct anchors *anchors, const struct object *object) {
    uint32_t found = 0;
    float least = INFINITY;
    for (uint32_t tile = 0; tile < anchors->n_tiles; tile++)
        for (size_t lane = 0; lane < TILE; lane++) {
            size_t place = anchors_decode(anchors, tile) * TILE + lane;
            float distance = box_usable(anchors_box_at(anchors, place))
                                 ? apart(anchors, place, object)
                                 : INFINITY;
            if (distance < least) {
                least = distance;
                found = anchors_id(anchors, place);
            }
        }
    return found;
}

static enum status dump(struct anchors *anchors) {
    enum status status;
    struct mask mask = {0};
    struct object object;
    bool finite;
    size_t width = anchors->letterbox.image_width, height = anchors->letterbox.image_height;
    uint8_t *pixels = NULL;
    TRY(memory_zeroed(width * height, 1, &pixels));
    while (fread(&object, sizeof object, 1, stdin) == 1) {
        struct box box = box_of(object.box);
        TRY(mask_make(&mask, anchors, nearest(anchors, &object), box, &finite));
        if (!finite) {
            status = FAIL(STATUS_FAILED, "a mask is not finite, or its box not in the picture");
            goto out;
        }
        mask_pixels(&mask, box, width, height, pixels);
        fwrite(pixels, width, height, stdout);
    }
out:
    mask_free(&mask);
    free(pixels);
    return status;
}

static enum status run(const struct model *model, uint32_t side, uint32_t width, uint32_t height) {
    enum status status;
    struct cpu_network *network = NULL;
    struct head_maps maps;
    struct anchors anchors = {0};
    const struct letterbox letterbox = letterbox_plan(width, height, side, false, 32);
    size_t count = (size_t)3 * side * side;
    float *planes = NULL;
    TRY(cpu_network_make(&model->graph, &(struct cpu_options){.threads = 1}, &network));
    TRY(memory_zeroed(count, sizeof *planes, &planes));
    if (fread(planes, sizeof *planes, count, stdin) != count) {
        status = FAIL(STATUS_BAD_INPUT, "the picture is too short");
        goto out;
    }
    TRY(cpu_network_forward(network, side, side, planes, &maps));
    TRY(anchors_begin(&anchors, &model->graph.head, &maps, &letterbox));
    if (!anchors.prototypes) {
        status = FAIL(STATUS_BAD_INPUT, "the model has no masks");
        goto out;
    }
    TRY(dump(&anchors));
out:
    anchors_free(&anchors);
    free(planes);
    cpu_network_free(network);
    return status;
}

int main(int argc, char **argv) {
    struct model model = {0};
    enum status status = STATUS_OK;
    if (argc != 5) {
        fprintf(stderr, "usage: masks_dump MODEL SIDE IMAGE_WIDTH IMAGE_HEIGHT < INPUT > MASKS\n");
        return STATUS_BAD_INPUT;
    }
    uint32_t side = (uint32_t)strtoul(argv[2], NULL, 10);
    TRY(model_read(argv[1], NULL, side, &model));
    TRY(run(&model, side, (uint32_t)strtoul(argv[3], NULL, 10),
            (uint32_t)strtoul(argv[4], NULL, 10)));
out:
    if (status != STATUS_OK)
        fprintf(stderr, "masks_dump: %s\n", status_message());
    model_free(&model);
    return (int)status;
}
