/* Reads one case of raw head maps and labels, as tests/data/evidence_cases.py writes it: a file of
 * little-endian float32 and nothing else. What is expected of it follows in the file. */
#ifndef VERIFY_TESTS_EVIDENCE_CASE_H
#define VERIFY_TESTS_EVIDENCE_CASE_H

#include <stdio.h>
#include <stdlib.h>

#include "judge/judge.h"

#define CASE_MAGIC 20240.0f

struct evidence_case {
    float *numbers;
    size_t count,
        at; /* `at`: the next number to read; beyond `count` where the file is too short */
    struct judge judge;
    struct head head;
    bool *class_in_data;
    struct head_maps maps; /* point into `numbers` */
    struct letterbox letterbox;
    size_t n_targets;
    struct target *targets;
};

static inline const float *case_take(struct evidence_case *file, size_t n) {
    static const float zero;
    if (n > file->count - (file->at < file->count ? file->at : file->count)) {
        file->at = file->count + 1;
        return &zero;
    }
    const float *numbers = file->numbers + file->at;
    file->at += n;
    return numbers;
}

static inline float case_number(struct evidence_case *file) {
    return *case_take(file, 1);
}

static inline size_t case_size(struct evidence_case *file) {
    return (size_t)case_number(file);
}

static inline void case_read_map(struct evidence_case *file, struct head_map *map) {
    map->channels = case_size(file);
    map->height = case_size(file);
    map->width = case_size(file);
    map->block = case_size(file);
    size_t blocks = map->block ? (map->channels + map->block - 1) / map->block : 0;
    map->data = case_take(file, blocks * map->block * map->height * map->width);
}

static inline void case_read_head(struct evidence_case *file) {
    struct head *head = &file->head;
    head->kind = (enum head_kind)case_size(file);
    head->n_classes = file->judge.n_classes = case_size(file);
    head->bins = case_size(file);
    head->n_anchors = case_size(file);
    head->objectness = case_size(file);
    head->channels_last = case_size(file);
    head->n_levels = case_size(file);
    for (size_t i = 0; i < head->n_levels && i < GRAPH_LEVELS; i++) {
        struct head_level *level = &head->levels[i];
        level->stride = case_size(file);
        level->box_channel = case_size(file);
        level->score_channel = case_size(file);
        for (size_t j = 0; j < head->n_anchors && j < GRAPH_ANCHORS; j++) {
            level->anchors[j][0] = case_number(file);
            level->anchors[j][1] = case_number(file);
        }
        case_read_map(file, &file->maps.boxes[i]);
        bool same = case_size(file);
        if (same)
            file->maps.scores[i] = file->maps.boxes[i];
        else
            case_read_map(file, &file->maps.scores[i]);
    }
}

static inline bool case_read_bytes(struct evidence_case *file, FILE *stream) {
    size_t capacity = 1 << 16;
    file->numbers = malloc(capacity * sizeof *file->numbers);
    while (file->numbers) {
        file->count += fread(file->numbers + file->count, sizeof *file->numbers,
                             capacity - file->count, stream);
        if (file->count < capacity)
            return true;
        capacity *= 2;
        float *grown = realloc(file->numbers, capacity * sizeof *grown);
        if (!grown)
            return false;
        file->numbers = grown;
    }
    return false;
}

static inline void case_free(struct evidence_case *file) {
    free(file->numbers);
    free(file->class_in_data);
    free(file->targets);
    *file = (struct evidence_case){0};
}

/* False where the stream holds no case. case_free releases it either way. */
static inline bool case_read(struct evidence_case *file, FILE *stream) {
    *file = (struct evidence_case){0};
    if (!case_read_bytes(file, stream) || case_number(file) != CASE_MAGIC)
        return false;
    case_read_head(file);
    struct letterbox *letterbox = &file->letterbox;
    letterbox->gain = case_number(file);
    letterbox->gain_x = case_number(file);
    letterbox->gain_y = case_number(file);
    letterbox->left = (uint32_t)case_size(file);
    letterbox->top = (uint32_t)case_size(file);
    if (case_size(file)) {
        size_t n = file->head.n_classes;
        file->class_in_data = calloc(n, sizeof *file->class_in_data);
        for (size_t i = 0; i < n && file->class_in_data; i++)
            file->class_in_data[i] = case_size(file);
        file->judge.class_in_data = file->class_in_data;
    }
    file->judge.predict = case_size(file);
    file->judge.conf = case_number(file);
    file->judge.iou = case_number(file);
    file->judge.max_det = case_size(file);
    file->n_targets = case_size(file);
    file->targets = calloc(file->n_targets + 1, sizeof *file->targets);
    for (size_t i = 0; i < file->n_targets && file->targets; i++) {
        file->targets[i].class = (int32_t)case_number(file);
        for (size_t j = 0; j < 4; j++)
            file->targets[i].box[j] = case_number(file);
    }
    return file->targets && file->at <= file->count;
}

#endif
