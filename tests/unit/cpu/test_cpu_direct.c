/* Our own direct convolutions against sums in double: planes and blocks, sizes and channels that
 * fill neither bands nor groups nor blocks, other kernels than squares. */
#include "cpu_rig.h"

#include "unit.h"

struct layer {
    struct direct direct;
    size_t in_channels, out_channels;
};

static float *random_floats(size_t n, uint32_t seed) {
    float *data = aligned_alloc(64, (n * sizeof *data + 127) / 64 * 64);
    assert_non_null(data);
    fill_random(data, n, seed);
    return data;
}

static double expected_at(const struct layer *layer, const float *weights, const float *src,
                          size_t o, size_t y, size_t x) {
    const struct direct *d = &layer->direct;
    double sum = (double)d->bias[o];
    for (size_t i = 0; i < layer->in_channels; i++)
        for (size_t tap = 0; tap < d->kernel[0] * d->kernel[1]; tap++) {
            size_t row = y * d->stride[0] + tap / d->kernel[1] * d->dilation[0];
            size_t column = x * d->stride[1] + tap % d->kernel[1] * d->dilation[1];
            if (row < d->pad[0] || row - d->pad[0] >= d->in[0] || column < d->pad[1] ||
                column - d->pad[1] >= d->in[1])
                continue;
            size_t cell = (row - d->pad[0]) * d->in[1] + column - d->pad[1];
            size_t at =
                (i / d->in_block * d->in[0] * d->in[1] + cell) * d->in_block + i % d->in_block;
            sum +=
                (double)weights[(o * layer->in_channels + i) * d->kernel[0] * d->kernel[1] + tap] *
                (double)src[at];
        }
    return sum;
}

static void check_layer(struct layer layer) {
    struct direct *d = &layer.direct;
    direct_complete(d, layer.in_channels, layer.out_channels);
    size_t n_weights = layer.out_channels * layer.in_channels * d->kernel[0] * d->kernel[1];
    size_t cells = d->out[0] * d->out[1], outputs = d->out_blocks * d->block;
    float *src = random_floats(d->in_maps * d->in_block * d->in[0] * d->in[1], 1);
    float *weights = random_floats(n_weights, 2), *bias = random_floats(outputs, 3);
    float *packed = random_floats(direct_weight_count(d), 4);
    float *patch = random_floats(direct_patch_count(d), 5);
    float *dst = random_floats(outputs * cells, 6);
    uint32_t *offsets = malloc((direct_terms(d) + 1) * sizeof *offsets);
    assert_non_null(offsets);
    /* What is in a block beyond the channels counts for nothing, be it what it may. */
    for (size_t o = layer.out_channels; o < outputs; o++)
        bias[o] = 0.0f;
    direct_weights(d, weights, layer.in_channels, layer.out_channels, packed);
    direct_offsets(d, offsets);
    d->weights = packed;
    d->bias = bias;
    d->offsets = offsets;
    /* The last band first: each stands alone. */
    for (size_t band = direct_bands(d); band-- > 0;) {
        direct_copy(d, src, NULL, band, patch);
        for (size_t pair = 0; pair < d->out_blocks; pair += 2)
            convolutions_of(d->block)->direct_band(d, patch, dst, pair, band);
    }
    for (size_t o = 0; o < outputs; o++)
        for (size_t cell = 0; cell < cells; cell++) {
            float actual = dst[(o / d->block * cells + cell) * d->block + o % d->block];
            double expected =
                o < layer.out_channels
                    ? expected_at(&layer, weights, src, o, cell / d->out[1], cell % d->out[1])
                    : 0.0;
            if (!(fabs((double)actual - expected) <= 2e-5 * fmax(1.0, fabs(expected))))
                fail_msg("%zux%zu, %zu of %zu -> %zu in blocks of %zu, output %zu, cell %zu of "
                         "%zux%zu is %.9g; "
                         "%.9g is expected",
                         d->kernel[0], d->kernel[1], layer.in_channels, d->in_block,
                         layer.out_channels, d->block, o, cell, d->out[0], d->out[1],
                         (double)actual, expected);
        }
    free(offsets);
    free(dst);
    free(patch);
    free(packed);
    free(bias);
    free(weights);
    free(src);
}

/* Sizes of the input follow; `less` columns and rows of it are not reached by any window. */
static struct layer layer_of(struct direct direct, size_t in_channels, size_t out_channels,
                             size_t less) {
    for (size_t i = 0; i < 2; i++) {
        size_t extent = (direct.out[i] - 1) * direct.stride[i] +
                        (direct.kernel[i] - 1) * direct.dilation[i] + 1;
        /* As much padding behind as in front, if there is room for a cell between. */
        direct.in[i] = extent > 2 * direct.pad[i] ? extent - 2 * direct.pad[i] : 1;
        direct.in[i] += less;
    }
    return (struct layer){direct, in_channels, out_channels};
}

static void layers(void **state) {
    (void)state;
    static const size_t channels[][2] = {{3, 16}, {1, 8}, {2, 5}, {3, 33}, {9, 24}, {16, 7}};
    static const size_t outs[][2] = {{1, 1}, {2, 6}, {3, 7}, {5, 13}, {8, 20}};
    static const struct direct kinds[] = {
        {.kernel = {3, 3}, .stride = {2, 2}, .dilation = {1, 1}, .pad = {1, 1}},
        {.kernel = {3, 3}, .stride = {1, 1}, .dilation = {1, 1}, .pad = {1, 1}},
        {.kernel = {6, 6}, .stride = {2, 2}, .dilation = {1, 1}, .pad = {2, 2}},
        {.kernel = {1, 4}, .stride = {3, 1}, .dilation = {1, 2}, .pad = {0, 3}},
        {.kernel = {2, 1}, .stride = {1, 4}, .dilation = {3, 1}, .pad = {2, 0}},
    };
    if (!convolutions_of(8) || !convolutions_of(16))
        SKIP("this CPU has none of these kernels");
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t c = 0; c < sizeof channels / sizeof *channels; c++)
            for (size_t s = 0; s < sizeof outs / sizeof *outs; s++)
                for (size_t i = 0; i < 4; i++) {
                    struct direct direct = kinds[k];
                    direct.block = i < 2 ? 8 : 16;
                    direct.in_block = i % 2 ? direct.block : 1;
                    direct.out[0] = outs[s][0];
                    direct.out[1] = outs[s][1];
                    check_layer(layer_of(direct, channels[c][0], channels[c][1], s % 2));
                }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers),
    };
    return RUN_TESTS(tests);
}
