/* Tensors that are there in one layout and needed in the other, and copies of channels. */
#ifndef VERIFY_CPU_CONVERT_H
#define VERIFY_CPU_CONVERT_H

#include "cpu/compile/plan.h"
#include "cpu/kernels/channels.h"

/* Channels from one map to another. */
struct channels_args {
    size_t src, dst;
    struct channels from, to; /* their data is set at run time */
    size_t count, cells;
    size_t dst_channels; /* of the whole map, if its padding has to be cleared; else 0 */
};

/* Appends a step that copies them. */
enum status plan_copy_channels(struct plan *plan, const struct channels_args *what);
/* Appends a step that copies a map from the layout in which it is there to the other one. */
enum status plan_convert(struct plan *plan, int tensor, enum layout to);
/* The tensor's buffer in this layout, to be read: converts it where it is only there in the other
 * one. */
enum status plan_read(struct plan *plan, int tensor, enum layout layout, size_t *buffer);

#endif
