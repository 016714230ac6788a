/* Attention. Where a head fits into registers: one block takes TILE_QUERIES queries of one area and
 * head, a query a thread, and walks over the area's keys and values in tiles that its threads load
 * together. Other sizes take the plain way, in which nothing is shared. */
#include "cuda/elements/attention.h"
#include "cuda/kernels/kernels_launch.h"

enum { TILE_QUERIES = 128, TILE_KEYS = 32, MOST_BLOCKS = 1 << 20 };

/* Loads `channels` channels from `from` on of the tile's cells, with zeros up to Size and beyond
 * the area's end. */
template <int Size>
static __device__ void load_tile(const struct map *qkv, size_t cell, size_t cells, size_t from,
                                 size_t channels, float (*tile)[Size]) {
    for (int i = (int)threadIdx.x; i < TILE_KEYS * Size; i += TILE_QUERIES) {
        size_t row = (size_t)(i / Size), channel = (size_t)(i % Size);
        tile[row][channel] =
            row < cells && channel < channels
                ? element_load(qkv->data, qkv->element, (cell + row) * qkv->pitch + from + channel)
                : 0.0f;
    }
}

/* Four sums side by side, to shorten the chain of additions. */
template <int Size> static __device__ float dot(const float (&a)[Size], const float *b) {
    float sums[4] = {0};
    LANES_UNROLL
    for (int i = 0; i < Size; i++)
        sums[i % 4] += a[i] * b[i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

template <int Key, int Value>
static __global__ void __launch_bounds__(TILE_QUERIES)
    attend(const struct attention_maps args, size_t tiles, size_t blocks) {
    __shared__ __align__(16) float keys[TILE_KEYS][Key], values[TILE_KEYS][Value];
    const struct attention *attention = &args.attention;
    const struct map *qkv = &args.qkv;
    size_t cells = attention_area_cells(&args);
    for (size_t block = blockIdx.x; block < blocks; block += gridDim.x) {
        size_t head = block / tiles % attention->heads;
        size_t first = block / tiles / attention->heads * cells;
        size_t channel = attention_channel(attention, head);
        size_t at = block % tiles * TILE_QUERIES + threadIdx.x;
        /* Threads beyond the area's end repeat its last query and do not store. */
        size_t query = first + (at < cells ? at : cells - 1);
        float q[Key], sums[Value] = {0};
        LANES_UNROLL
        for (int c = 0; c < Key; c++)
            q[c] = (size_t)c < attention->key_dim
                       ? attention->scale *
                             element_load(qkv->data, qkv->element, query * qkv->pitch + channel + c)
                       : 0.0f;
        struct softmax softmax = softmax_start();
        for (size_t start = 0; start < cells; start += TILE_KEYS) {
            size_t count = cells - start < TILE_KEYS ? cells - start : TILE_KEYS;
            __syncthreads();
            load_tile<Key>(qkv, first + start, count, channel + attention->key_dim,
                           attention->key_dim, keys);
            load_tile<Value>(qkv, first + start, count, channel + 2 * attention->key_dim,
                             attention->head_dim, values);
            __syncthreads();
            for (size_t key = 0; key < count; key++) {
                float rescale, weight = softmax_take(&softmax, dot<Key>(q, keys[key]), &rescale);
                LANES_UNROLL
                for (int c = 0; c < Value; c++)
                    sums[c] = sums[c] * rescale + weight * values[key][c];
            }
        }
        if (at >= cells)
            continue;
        LANES_UNROLL
        for (int c = 0; c < Value; c++)
            if ((size_t)c < attention->head_dim)
                element_store(args.dst.data, args.dst.element,
                              query * args.dst.pitch + head * attention->head_dim + (size_t)c,
                              sums[c] / softmax.sum);
    }
}

template <int Key, int Value>
static enum status launch_attend(const struct attention_maps *args, stream_handle stream) {
    size_t tiles = (attention_area_cells(args) + TILE_QUERIES - 1) / TILE_QUERIES;
    size_t blocks = tiles * args->attention.heads * args->attention.areas * args->qkv.n;
    KERNEL_LAUNCH((attend<Key, Value>), launch_limit(blocks, MOST_BLOCKS), TILE_QUERIES, stream,
                  *args, tiles, blocks);
    return launch_status("kernel attention");
}

enum status kernel_attention(const struct map *qkv, const struct attention *attention,
                             const struct map *dst, stream_handle stream) {
    struct attention_maps args = {*qkv, *dst, *attention};
    enum status status = attention_check(&args);
    if (status != STATUS_OK || !map_runs(dst, 1))
        return status;
    if (attention->key_dim <= 32 && attention->head_dim <= 32)
        return launch_attend<32, 32>(&args, stream);
    if (attention->key_dim <= 32 && attention->head_dim <= 64)
        return launch_attend<32, 64>(&args, stream);
    if (attention->key_dim <= 64 && attention->head_dim <= 64)
        return launch_attend<64, 64>(&args, stream);
    return launch_elements<struct attention_maps, attention_run>("kernel attention", &args, dst,
                                                                 attention_lanes(&args), stream);
}
