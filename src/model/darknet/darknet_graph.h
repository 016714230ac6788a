/* A Darknet network and its weights to a graph; private to model/. */
#ifndef VERIFY_MODEL_DARKNET_GRAPH_H
#define VERIFY_MODEL_DARKNET_GRAPH_H

#include "model/darknet/darknet_weights.h"

/* Appends everything to an empty graph, the head included. */
enum status darknet_graph(const struct darknet_net *net, struct darknet_weights *weights,
                          struct graph *graph);

#endif
