/* What finding copies costs: bench_near FOLDER IMAGES
 * Writes FOLDER/.verify/sketches of so many made-up pictures (their frequencies as photographs have
 * them; one in a hundred is a copy of an earlier one, darker and with noise) and finds the copies,
 * on one thread. Prints the time and the most memory so far of each step. The folder must not be
 * the output of a run. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/near_groups.h"
#include "output/near_pairs.h"
#include "output/streams.h"
#include "output/work_folder.h"
#include "timing.h"

enum { COPY_EVERY = 100, KEPT = 1 << 12 };

stream_write sketches_stream_write;

static uint32_t draw(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* From -1 to 1. */
static float draw_real(uint64_t *state) {
    return (float)((double)draw(state) / (1u << 30) - 1);
}

static uint8_t level(float value) {
    return (uint8_t)lroundf(fminf(fmaxf(value, 0), 255));
}

/* A sum of waves, the weaker the shorter. */
static void make_levels(uint64_t *state, const float waves[SKETCH_SIDE][SKETCH_SIDE],
                        uint8_t levels[SKETCH_CELLS]) {
    float half[SKETCH_SIDE][SKETCH_SIDE] = {{0}};
    for (int v = 0; v < SKETCH_SIDE; v++)
        for (int u = 0; u < SKETCH_SIDE; u++) {
            float value = 60 * draw_real(state) / (float)(1 + u + v);
            for (int x = 0; x < SKETCH_SIDE; x++)
                half[v][x] += value * waves[u][x];
        }
    for (int y = 0; y < SKETCH_SIDE; y++)
        for (int x = 0; x < SKETCH_SIDE; x++) {
            float sum = 128;
            for (int v = 0; v < SKETCH_SIDE; v++)
                sum += half[v][x] * waves[v][y];
            levels[y * SKETCH_SIDE + x] = level(sum);
        }
}

static void make_copy(uint64_t *state, const uint8_t from[SKETCH_CELLS],
                      uint8_t levels[SKETCH_CELLS]) {
    for (int i = 0; i < SKETCH_CELLS; i++)
        levels[i] = level(0.9f * from[i] + 2 * draw_real(state));
}

/* All pictures' parts, as a run writes them. */
static enum status write_parts(FILE *file, size_t images) {
    enum status status = STATUS_OK;
    struct text text = {0};
    float waves[SKETCH_SIDE][SKETCH_SIDE];
    uint8_t(*kept)[SKETCH_CELLS] = calloc(KEPT, sizeof *kept);
    uint64_t state = 1;
    if (!kept)
        return FAIL(STATUS_FAILED, "out of memory");
    for (int u = 0; u < SKETCH_SIDE; u++)
        for (int x = 0; x < SKETCH_SIDE; x++)
            waves[u][x] = (float)cos(acos(-1) * (2 * x + 1) * u / (2 * SKETCH_SIDE));
    fputs(SKETCHES_HEAD, file);
    for (size_t i = 0; i < images; i++) {
        struct sketch sketch;
        struct image_result result = {.sketch = &sketch};
        const struct stream_source source = {.result = &result};
        if (i % COPY_EVERY == COPY_EVERY - 1)
            make_copy(&state, kept[draw(&state) % (i < KEPT ? i : KEPT)], sketch.levels);
        else
            make_levels(&state, (const float(*)[SKETCH_SIDE])waves, sketch.levels);
        memcpy(kept[i % KEPT], sketch.levels, sizeof *kept);
        if (!sketch_hash_make(sketch.levels, &sketch.hash))
            result.sketch = NULL;
        text_clear(&text);
        TRY(sketches_stream_write(&source, &text));
        fwrite(text.data, 1, text.length, file);
    }
out:
    text_free(&text);
    free(kept);
    return status;
}

static enum status write_file(const char *folder, size_t images) {
    char path[4096];
    snprintf(path, sizeof path, "%s/" WORK_FOLDER, folder);
    mkdir(folder, 0777);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/" WORK_FOLDER "/" SKETCHES_FILE, folder);
    FILE *file = fopen(path, "wb");
    if (!file)
        return FAIL(STATUS_BAD_INPUT, "%s: %s", path, strerror(errno));
    enum status status = write_parts(file, images);
    if (fclose(file) != 0)
        status = FAIL(STATUS_FAILED, "%s: %s", path, strerror(errno));
    return status;
}

static void print(const char *what, double *mark) {
    struct rusage usage;
    double now = timing_ms(CLOCK_PROCESS_CPUTIME_ID);
    getrusage(RUSAGE_SELF, &usage);
    printf("%-12s %8.2f s, most memory %7.1f MiB\n", what, (now - *mark) / 1e3,
           (double)usage.ru_maxrss / 1024);
    fflush(stdout);
    *mark = now;
}

static enum status run(const char *folder, size_t images) {
    enum status status;
    struct sketches sketches = {0};
    struct near_forest forest = {0};
    struct near_groups groups = {0};
    const struct image_splits splits = {0};
    double mark = timing_ms(CLOCK_PROCESS_CPUTIME_ID);
    TRY(write_file(folder, images));
    print("made", &mark);
    TRY(sketches_open(folder, images, NULL, NULL, &sketches));
    TRY(near_forest_make(images, &forest));
    print("read", &mark);
    for (unsigned t = 0; t < NEAR_TABLES; t++) {
        TRY(near_pairs_find(&sketches, t, NULL, NULL, &forest));
        print("a table", &mark);
    }
    TRY(near_groups_make(&sketches, &splits, NULL, NULL, &forest, &groups));
    print("groups", &mark);
    printf("%zu groups of %llu images\n", groups.count, (unsigned long long)groups.images);
out:
    near_groups_free(&groups);
    near_forest_free(&forest);
    sketches_close(&sketches);
    return status;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: bench_near FOLDER IMAGES\n");
        return STATUS_BAD_INPUT;
    }
    enum status status = run(argv[1], strtoull(argv[2], NULL, 10));
    if (status != STATUS_OK)
        fprintf(stderr, "bench_near: %s\n", status_message());
    return (int)status;
}
