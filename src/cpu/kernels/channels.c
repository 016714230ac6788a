/* Copies of channels, a tile of cells at a time. */
#include "cpu/kernels/channels.h"

#include <stdbool.h>
#include <string.h>

/* Cells that are copied before the next channel's turn, so that a block stays in the cache. */
enum { TILE = 64 };

static float *channel_start(const struct channels *channels, size_t at, size_t cells) {
    size_t channel = channels->first + at;
    return channels->data + channel / channels->block * cells * channels->block +
           channel % channels->block;
}

void channels_copy(const struct channels *src, const struct channels *dst, size_t count,
                   size_t cells) {
    bool src_aligned = src->first % src->block == 0, dst_aligned = dst->first % dst->block == 0;
    size_t copied = 0;
    if (src->block == dst->block && src_aligned && dst_aligned) {
        copied = count / src->block * src->block;
        memcpy(channel_start(dst, 0, cells), channel_start(src, 0, cells),
               copied * cells * sizeof(float));
    }
    size_t group = src->block > dst->block ? src->block : dst->block;
    size_t groups = (count - copied + group - 1) / group;
    for (size_t g = 0; g < groups; g++) {
        size_t begin = copied + g * group;
        size_t end = begin + group < count ? begin + group : count;
        for (size_t tile = 0; tile < cells; tile += TILE) {
            size_t stop = tile + TILE < cells ? tile + TILE : cells;
            for (size_t c = begin; c < end; c++) {
                const float *from = channel_start(src, c, cells);
                float *to = channel_start(dst, c, cells);
                for (size_t p = tile; p < stop; p++)
                    to[p * dst->block] = from[p * src->block];
            }
        }
    }
}

void channels_clear_padding(float *data, size_t block, size_t used, size_t cells) {
    for (size_t p = 0; p < cells; p++)
        memset(data + p * block + used, 0, (block - used) * sizeof(float));
}
