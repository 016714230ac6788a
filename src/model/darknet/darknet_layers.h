/* A Darknet network as its .cfg describes it, before there are weights; private to model/. */
#ifndef VERIFY_MODEL_DARKNET_LAYERS_H
#define VERIFY_MODEL_DARKNET_LAYERS_H

#include "model/darknet/darknet_cfg.h"
#include "model/graph.h"

enum darknet_kind {
    DARKNET_CONVOLUTIONAL,
    DARKNET_MAX_POOL,
    DARKNET_UPSAMPLE,
    DARKNET_ROUTE,    /* of each layer of `from`, part `group` of `groups`; side by side */
    DARKNET_SHORTCUT, /* the layer before and those of `from`, added */
    DARKNET_DROPOUT,  /* the layer before, as it is */
    DARKNET_YOLO,     /* the head's level: the layer before is its map */
};

struct darknet_size {
    int64_t channels, height, width;
};

/* One section after [net]; each kind uses its own members. */
struct darknet_layer {
    const struct cfg_section *section;
    enum darknet_kind kind;
    struct darknet_size in, out; /* at the .cfg's input size; in: of the layer before */
    struct window window;
    bool batch_normalize;
    enum activation activation;
    float alpha;   /* of the activation */
    int64_t scale; /* of an upsampling */
    size_t n_from, from[CFG_LIST];
    int64_t groups, group;
    size_t n_anchors, n_classes;
    float anchors[GRAPH_ANCHORS][2];
    float scale_xy;
    size_t stride;   /* of a [yolo] layer */
    bool new_coords; /* the map has passed a sigmoid, boxes are squares (see enum head_kind) */
};

struct darknet_net {
    struct darknet_size input;
    size_t n_layers;
    struct darknet_layer *layers; /* owned */
};

/* Reads every section and checks that they fit each other. The net points into cfg.
 * STATUS_BAD_INPUT, naming line and section. */
enum status darknet_net_read(const struct cfg *cfg, struct darknet_net *net);
void darknet_net_free(struct darknet_net *net);

enum { DARKNET_FILTERS = 1 << 16 }; /* most filters, and most classes */

/* The section being read. */
struct darknet_reader {
    const struct cfg *cfg;
    const struct cfg_section *section;
    const struct darknet_net *net; /* the layers before it */
    size_t index;                  /* of the layer */
};

static inline enum status section_integer(const struct darknet_reader *reader, const char *key,
                                          int64_t fallback, int64_t least, int64_t most,
                                          int64_t *out) {
    return cfg_integer(reader->cfg, reader->section, key, fallback, least, most, out);
}

static inline enum status section_switch(const struct darknet_reader *reader, const char *key,
                                         bool *on) {
    int64_t value;
    enum status status = section_integer(reader, key, 0, 0, 1, &value);
    *on = status == STATUS_OK && value != 0;
    return status;
}

/* darknet_yolo.c: a [yolo] section; and whether all of them make a head. */
enum status darknet_yolo_read(const struct darknet_reader *reader, struct darknet_layer *layer);
enum status darknet_yolo_check(const struct darknet_net *net);

#endif
