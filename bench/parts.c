/* What a picture costs, part by part: bench_parts MODEL DATA IMGSZ ROUNDS [rect]
 * Takes the pictures of DATA, with their labels, one after another through all that a rank does
 * before it writes, on one thread of the CPU, ROUNDS times. Prints the CPU time of each part in ms
 * a picture, least and median of the rounds, and its share of the forward pass. Compiling for an
 * input shape is in the first round alone, and shown once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cpu/cpu.h"
#include "cpu/network.h"
#include "job/item.h"
#include "timing.h"

enum part { READ, SKETCH, LETTERBOX, FORWARD, JUDGE, VERDICT, PARTS };
static const char *const PART_NAMES[PARTS] = {
    [READ] = "read, decode",           [SKETCH] = "sketch",
    [LETTERBOX] = "letterbox",         [FORWARD] = "forward",
    [JUDGE] = "decode head, evidence", [VERDICT] = "verdict",
};

struct bench {
    struct model model;
    struct dataset dataset;
    struct class_map classes;
    struct cpu_network *network;
    struct judge judge;
    struct judge_scratch *scratch;
    struct item item;
    struct packed_reader images; /* of the data set */
    struct image image;
    uint8_t *levels;
    struct letterbox before;
    size_t rounds;
    double compile_ms;
    double *times[PARTS]; /* [rounds], of all pictures */
};

/* The time since *mark, which is moved on. */
static double lap(double *mark) {
    double before = *mark;
    *mark = timing_ms(CLOCK_PROCESS_CPUTIME_ID);
    return *mark - before;
}

static enum status take_picture(struct bench *bench, const struct verify_job *job, size_t round) {
    enum status status;
    struct item *item = &bench->item;
    const struct letterbox *box;
    struct head_maps maps;
    bool plain;
    double mark = timing_ms(CLOCK_PROCESS_CPUTIME_ID);
    TRY(item_read(job, NULL, &bench->image, item));
    if (item->error[0])
        TRY(FAIL(STATUS_BAD_INPUT, "%s: %s", item->path, item->error));
    bench->times[READ][round] += lap(&mark);
    TRY(sketch_make(&bench->image, &item->sketch, &plain));
    bench->times[SKETCH][round] += lap(&mark);
    box = &item->views[0].letterbox;
    TRY(letterbox_levels(&bench->image, box, &bench->before, bench->levels));
    bench->before = *box;
    bench->times[LETTERBOX][round] += lap(&mark);
    TRY(cpu_network_compile(bench->network, box->net_height, box->net_width));
    bench->compile_ms += lap(&mark);
    TRY(cpu_network_forward_levels(bench->network, box->net_height, box->net_width, bench->levels,
                                   &maps));
    bench->times[FORWARD][round] += lap(&mark);
    TRY(judge_picture(
        &bench->judge,
        &(struct view){.head = &bench->model.graph.head, .maps = &maps, .letterbox = box}, 1,
        item->targets, item->labels.n_labels, bench->scratch, &item->findings));
    bench->times[JUDGE][round] += lap(&mark);
    TRY(item_judge(job, item));
    bench->times[VERDICT][round] += lap(&mark);
out:
    return status;
}

static enum status open_all(struct bench *bench, char **arguments, size_t imgsz) {
    enum status status;
    TRY(model_read(arguments[0], NULL, (int64_t)imgsz, &bench->model));
    TRY(dataset_open(arguments[1], NULL, NULL, &bench->dataset));
    TRY(class_map_make((const char *const *)bench->dataset.names, bench->dataset.n_names,
                       (const char *const *)bench->model.names, bench->model.n_classes,
                       &bench->classes));
    bench->judge.n_classes = bench->model.graph.head.n_classes;
    TRY(judge_scratch_make(&bench->scratch));
    TRY(cpu_network_make(&bench->model.graph, &(struct cpu_options){.threads = 1},
                         &bench->network));
    TRY(memory_zeroed(3 * imgsz * imgsz, 1, &bench->levels));
    for (size_t part = 0; part < PARTS; part++)
        TRY(memory_zeroed(bench->rounds, sizeof(double), &bench->times[part]));
out:
    return status;
}

static void print(struct bench *bench) {
    double n = (double)bench->dataset.images.count;
    for (size_t part = 0; part < PARTS; part++)
        qsort(bench->times[part], bench->rounds, sizeof(double), timing_ascending);
    const double *forward = bench->times[FORWARD];
    printf("%zu pictures, ms of CPU time a picture: least, median, share of the forward pass\n",
           bench->dataset.images.count);
    for (size_t part = 0; part < PARTS; part++) {
        double least = bench->times[part][0], median = bench->times[part][bench->rounds / 2];
        printf("%-22s %8.3f %8.3f  %5.1f%%\n", PART_NAMES[part], least / n, median / n,
               100 * median / forward[bench->rounds / 2]);
    }
    printf("compiling for all input shapes, once: %.1f ms\n", bench->compile_ms);
}

static enum status run(struct bench *bench, char **arguments, bool rect) {
    enum status status;
    size_t imgsz = strtoul(arguments[2], NULL, 10);
    bench->rounds = strtoul(arguments[3], NULL, 10);
    if (imgsz < 32 || imgsz > 8192 || !bench->rounds)
        TRY(FAIL(STATUS_BAD_INPUT, "IMGSZ is 32 to 8192, ROUNDS at least 1"));
    TRY(open_all(bench, arguments, imgsz));
    struct verify_job job = {
        .interface = &backend_cpu,
        .judge = &bench->judge,
        .classes = &bench->classes,
        .thresholds = {3.5f, 3, 7.5f, 0.15f, 0.7f, 0.5f},
        .splits = &bench->dataset.splits,
        .root = bench->dataset.root,
        .labels = dataset_labels(&bench->dataset, bench->classes.n_data),
        .networks = &(struct backend_network){.model = &bench->model, .imgsz = (uint32_t)imgsz},
        .n_views = 1,
        .imgsz = (uint32_t)imgsz,
        .rect = rect,
    };
    bench->images.paths = &bench->dataset.images;
    for (size_t round = 0; round < bench->rounds; round++)
        for (size_t i = 0; i < bench->dataset.images.count; i++) {
            TRY(packed_reader_get(&bench->images, i, &bench->item.path));
            TRY(take_picture(bench, &job, round));
        }
    print(bench);
out:
    return status;
}

int main(int argc, char **argv) {
    struct bench bench = {0};
    bool rect = argc == 6 && strcmp(argv[5], "rect") == 0;
    if (argc != 5 && !rect) {
        fprintf(stderr, "usage: bench_parts MODEL DATA IMGSZ ROUNDS [rect]\n");
        return STATUS_BAD_INPUT;
    }
    enum status status = run(&bench, argv + 1, rect);
    if (status != STATUS_OK)
        fprintf(stderr, "bench_parts: %s\n", status_message());
    packed_reader_free(&bench.images);
    image_free(&bench.image);
    item_free(&bench.item);
    for (size_t part = 0; part < PARTS; part++)
        free(bench.times[part]);
    free(bench.levels);
    judge_scratch_free(bench.scratch);
    cpu_network_free(bench.network);
    class_map_free(&bench.classes);
    dataset_free(&bench.dataset);
    model_free(&bench.model);
    return (int)status;
}
