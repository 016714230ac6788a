/* The CPU backend's forward pass step by step: bench_cpu_layers MODEL IMGSZ THREADS ROUNDS [plain]
 * prints a Markdown table. Of each step the least time of all rounds (plain: with oneDNN's
 * convolutions alone); its GFLOP/s, counted as the direct algorithm's, and their share of the
 * multiply-adds that the CPU was just seen to do. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cpu/kernels/convolutions_choose.h"
#include "forward_case.h"
#include "timing.h"

struct row {
    struct cpu_step step;
    double ms;
};

struct profile {
    struct row *rows;
    size_t n, capacity;
    size_t at; /* the step that comes next in this round */
    double before;
    enum status status;
};

static void after_step(void *context, const struct cpu_step *step) {
    struct profile *profile = context;
    double ms = timing_ms(CLOCK_MONOTONIC) - profile->before;
    if (profile->at == profile->n) {
        enum status status = memory_reserve(&profile->rows, &profile->capacity, profile->n + 1,
                                            sizeof *profile->rows);
        if (status != STATUS_OK) {
            profile->status = status;
            return;
        }
        profile->rows[profile->n++] = (struct row){*step, ms};
    }
    struct row *row = &profile->rows[profile->at++];
    row->ms = ms < row->ms ? ms : row->ms;
    profile->before = timing_ms(CLOCK_MONOTONIC);
}

static enum status run_round(const struct forward_case *what, struct profile *profile) {
    enum status status;
    struct head_maps maps;
    profile->at = 0;
    profile->before = timing_ms(CLOCK_MONOTONIC);
    const struct cpu_trace trace = {after_step, profile};
    TRY(cpu_network_trace(what->network, what->imgsz, what->imgsz, what->planes, &maps, &trace));
    status = profile->status;
out:
    return status;
}

#if defined(__x86_64__)
#include <immintrin.h>

/* GFLOP/s of independent multiply-adds on one thread: the best of some short runs. */
#define PEAK(function, features, lanes, vector, set, add, multiply_add, store)                     \
    __attribute__((target(features))) static double function(void) {                               \
        enum { CHAINS = 10, STEPS = 1000000, RUNS = 20 };                                          \
        double best = 0.0;                                                                         \
        for (size_t run = 0; run < RUNS; run++) {                                                  \
            vector sums[CHAINS], factor = set(0.999f);                                             \
            for (size_t i = 0; i < CHAINS; i++)                                                    \
                sums[i] = set((float)i);                                                           \
            double start = timing_ms(CLOCK_MONOTONIC);                                             \
            for (size_t step = 0; step < STEPS; step++)                                            \
                _Pragma("GCC unroll 10") for (size_t i = 0; i < CHAINS; i++) sums[i] =             \
                    multiply_add(sums[i], factor, factor);                                         \
            double ms = timing_ms(CLOCK_MONOTONIC) - start;                                        \
            double rate = 2.0 * (lanes)*CHAINS * STEPS / ms * 1e-6;                                \
            float sink[lanes];                                                                     \
            for (size_t i = 1; i < CHAINS; i++)                                                    \
                sums[0] = add(sums[0], sums[i]);                                                   \
            store(sink, sums[0]);                                                                  \
            /* Always true; keeps the sums. */                                                     \
            best = rate > best && sink[0] < 1e9f ? rate : best;                                    \
        }                                                                                          \
        return best;                                                                               \
    }
PEAK(peak_avx2, "avx2,fma", 8, __m256, _mm256_set1_ps, _mm256_add_ps, _mm256_fmadd_ps,
     _mm256_storeu_ps)
PEAK(peak_avx512, "avx512f", 16, __m512, _mm512_set1_ps, _mm512_add_ps, _mm512_fmadd_ps,
     _mm512_storeu_ps)

static double measure_peak(size_t threads) {
    double sum = 0.0;
    bool wide = convolutions_choose_block() == 16;
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return 0.0;
#pragma omp parallel num_threads((int)threads) reduction(+ : sum)
    sum += wide ? peak_avx512() : peak_avx2();
    return sum;
}
#else
static double measure_peak(size_t threads) {
    (void)threads;
    return 0.0;
}
#endif

static void print_profile(const struct profile *profile, double peak) {
    double total = 0.0;
    for (size_t i = 0; i < profile->n; i++)
        total += profile->rows[i].ms;
    printf("peak %.1f GFLOP/s, %.2f ms in all\n\n"
           "| kind | shape | ms | GFLOP/s | of peak | of all | node |\n"
           "| --- | --- | --: | --: | --: | --: | --- |\n",
           peak, total);
    for (size_t i = 0; i < profile->n; i++) {
        const struct row *row = &profile->rows[i];
        const struct cpu_step *step = &row->step;
        const struct window *window = &step->op->window;
        char in[SHAPE_TEXT], out[SHAPE_TEXT];
        printf("| %s | %s %s", step->kind, shape_text(&step->in, in), shape_text(&step->out, out));
        /* An activation behind a convolution has no arithmetic worth counting. */
        if (step->flop > 0.0 && strcmp(step->kind, "elements") != 0)
            printf(" %lldx%lld/%lld | %.3f | %.1f | %.2f", (long long)window->kernel[0],
                   (long long)window->kernel[1], (long long)window->stride[0], row->ms,
                   step->flop / row->ms * 1e-6, peak > 0 ? step->flop / row->ms * 1e-6 / peak : 0);
        else
            printf(" | %.3f | |", row->ms);
        printf(" | %.1f%% | %s |\n", 100.0 * row->ms / total, step->op->name);
    }
}

static enum status bench(const struct forward_case *what) {
    enum status status = STATUS_OK;
    struct profile profile = {0};
    for (size_t i = 0; i <= what->rounds; i++)
        TRY(run_round(what, &profile));
    print_profile(&profile, measure_peak(what->threads));
out:
    free(profile.rows);
    return status;
}

int main(int argc, char **argv) {
    return forward_case_main(argc, argv, bench);
}
