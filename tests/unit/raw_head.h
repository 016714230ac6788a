/* For tests of models: what a network's raw maps mean, by the formulas beside enum head_kind,
 * written as plainly as they stand there. */
#ifndef VERIFY_TESTS_RAW_HEAD_H
#define VERIFY_TESTS_RAW_HEAD_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph_evaluate.h"
#include "model/model.h"

/* All boxes and scores of one picture. */
struct decoded {
    size_t count;    /* boxes: level by level, of an anchor head anchor by anchor, row by row */
    size_t n_scores; /* a box: the classes; of an anchor head the objectness before them */
    float *boxes;    /* (count,4): xc, yc, w, h in network pixels */
    float *scores;   /* (count,n_scores) after the sigmoid */
};

static inline double raw_sigmoid(double x) {
    return 1.0 / (1.0 + exp(-x));
}

static inline double raw_distance(const float *map, size_t cells, size_t cell, size_t channel,
                                  size_t bins) {
    double sum = 0.0, mean = 0.0;
    if (bins == 1)
        return map[channel * cells + cell];
    for (size_t b = 0; b < bins; b++) {
        double weight = exp((double)map[(channel + b) * cells + cell]);
        sum += weight;
        mean += weight * (double)b;
    }
    return mean / sum;
}

/* maps: of boxes, of scores, of extras. */
static inline void raw_decode_distance(const struct head *head, const struct head_level *level,
                                       const float *const *maps, size_t height, size_t width,
                                       float *box, float *score) {
    const float *boxes = maps[0], *scores = maps[1];
    size_t cells = height * width;
    for (size_t p = 0; p < cells; p++) {
        double side[4], stride = (double)level->stride;
        for (size_t s = 0; s < 4; s++)
            side[s] =
                raw_distance(boxes, cells, p, level->box_channel + s * head->bins, head->bins);
        double x = (double)(p % width) + 0.5, y = (double)(p / width) + 0.5;
        double right = (side[2] - side[0]) / 2, down = (side[3] - side[1]) / 2, angle = 0;
        if (head->task == TASK_OBB) {
            angle = (double)maps[2][level->extra_channel * cells + p];
            angle = head->raw_angle ? angle : (raw_sigmoid(angle) - 0.25) * acos(-1);
        }
        *box++ = (float)((x + right * cos(angle) - down * sin(angle)) * stride);
        *box++ = (float)((y + right * sin(angle) + down * cos(angle)) * stride);
        *box++ = (float)((side[0] + side[2]) * stride);
        *box++ = (float)((side[1] + side[3]) * stride);
        for (size_t c = 0; c < head->n_classes; c++)
            *score++ = (float)raw_sigmoid(scores[(level->score_channel + c) * cells + p]);
    }
}

static inline void raw_decode_anchor(const struct head *head, const struct head_level *level,
                                     const float *map, size_t height, size_t width, float *box,
                                     float *score) {
    size_t cells = height * width, channels = 5 + head->n_classes;
    double scale = level->scale_xy > 0 ? (double)level->scale_xy : 2.0;
    for (size_t a = 0; a < head->n_anchors; a++) {
        for (size_t p = 0; p < cells; p++) {
            const float *at = map + (level->box_channel + a * channels) * cells + p;
            double s[4];
            for (size_t i = 0; i < 4; i++)
                s[i] = i < 2 && level->scale_xy < 0 ? at[i * cells]
                       : i < 2                ? scale * raw_sigmoid(at[i * cells]) - (scale - 1) / 2
                       : level->scale_xy != 0 ? exp(at[i * cells])
                                              : pow(2.0 * raw_sigmoid(at[i * cells]), 2);
            *box++ = (float)((s[0] + (double)(p % width)) * (double)level->stride);
            *box++ = (float)((s[1] + (double)(p / width)) * (double)level->stride);
            *box++ = (float)(s[2] * (double)level->anchors[a][0]);
            *box++ = (float)(s[3] * (double)level->anchors[a][1]);
            for (size_t c = 0; c <= head->n_classes; c++)
                *score++ = (float)raw_sigmoid(at[(4 + c) * cells]);
        }
    }
}

/* Runs the model on one picture and decodes its keypoints, (count,n_points,point_values) in network
 * pixels, which free() releases. */
static inline enum status raw_keypoints_run(const struct model *model, size_t height, size_t width,
                                            const float *input, size_t *count, float **out) {
    const struct head *head = &model->graph.head;
    int wanted[GRAPH_LEVELS];
    float *maps[GRAPH_LEVELS] = {NULL}, *at;
    *count = 0;
    for (size_t l = 0; l < head->n_levels; l++) {
        wanted[l] = head->levels[l].extras;
        *count += height / head->levels[l].stride * (width / head->levels[l].stride);
    }
    enum status status = graph_evaluate(&model->graph, (int64_t)height, (int64_t)width, input,
                                        wanted, head->n_levels, maps);
    if (status != STATUS_OK)
        return status;
    *out = at = calloc(*count * head->n_extras, sizeof(float));
    for (size_t l = 0; l < head->n_levels; l++) {
        size_t stride = head->levels[l].stride, columns = width / stride;
        size_t cells = columns * (height / stride);
        for (size_t p = 0; p < cells; p++)
            for (size_t k = 0; k < head->n_extras; k++, at++) {
                double value = maps[l][(head->levels[l].extra_channel + k) * cells + p];
                size_t axis = k % head->point_values;
                double cell = (double)(axis == 0 ? p % columns : p / columns);
                double place = head->centred_points ? value + cell + 0.5 : 2 * value + cell;
                *at = (float)(axis == 2 ? raw_sigmoid(value) : place * (double)stride);
            }
        free(maps[l]);
    }
    return STATUS_OK;
}

/* Runs the model on one picture, (3,height,width) planes, and decodes its head (of the kinds with
 * raw maps). free() releases boxes and scores. */
static inline enum status raw_head_run(const struct model *model, size_t height, size_t width,
                                       const float *input, struct decoded *out) {
    const struct head *head = &model->graph.head;
    enum { MAPS = 3 };
    int wanted[MAPS * GRAPH_LEVELS];
    float *maps[MAPS * GRAPH_LEVELS] = {NULL};
    size_t n = head->n_levels, done = 0;
    *out = (struct decoded){.n_scores = head->n_classes + (head->kind == HEAD_ANCHOR)};
    for (size_t l = 0; l < n; l++) {
        wanted[MAPS * l] = head->levels[l].boxes;
        wanted[MAPS * l + 1] = head->levels[l].scores;
        wanted[MAPS * l + 2] = head->n_extras ? head->levels[l].extras : head->levels[l].scores;
        out->count +=
            height / head->levels[l].stride * (width / head->levels[l].stride) * head->n_anchors;
    }
    enum status status = graph_evaluate(&model->graph, (int64_t)height, (int64_t)width, input,
                                        wanted, MAPS * n, maps);
    if (status != STATUS_OK)
        return status;
    out->boxes = calloc(out->count * 4, sizeof(float));
    out->scores = calloc(out->count * out->n_scores, sizeof(float));
    for (size_t l = 0; l < n; l++) {
        const struct head_level *level = &head->levels[l];
        size_t h = height / level->stride, w = width / level->stride;
        if (head->kind == HEAD_ANCHOR)
            raw_decode_anchor(head, level, maps[MAPS * l], h, w, out->boxes + 4 * done,
                              out->scores + out->n_scores * done);
        else
            raw_decode_distance(head, level, (const float *const *)maps + MAPS * l, h, w,
                                out->boxes + 4 * done, out->scores + out->n_scores * done);
        done += h * w * head->n_anchors;
    }
    for (size_t i = 0; i < MAPS * n; i++)
        free(maps[i]);
    return STATUS_OK;
}

#endif
