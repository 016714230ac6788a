/* Where a network's time goes on the device: bench_layers --help. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cuda/memory.h"
#include "model/model.h"
#include "peaks.h"
#include "stopwatch.h"

enum { SETS = 4, WARM_UP = 50, STEP_ROUNDS = 50 };

/* A step's launch and mark take the host no longer than this. */
static const double ENQUEUE_MS = 0.03;

struct settings {
    const char *model;
    size_t imgsz, batch, rounds;
    enum element element;
    double peak, bandwidth; /* TFLOP/s, TB/s; 0: by the device's name */
    bool json;
};

/* A batch of pictures on the device. */
struct input_set {
    void *pixels, *pictures;
};

struct bench {
    const struct settings *settings;
    struct model model;
    struct conv_library *library;
    struct network *network;
    struct network_memory memory;
    struct stopwatch *stopwatch;
    struct input_set inputs[SETS];
    double forward_ms, forward_minimum_ms;
    double *step_ms; /* [steps + 1]; the last is the time between two marks with nothing between */
};

static const char USAGE[] =
    "usage: bench_layers MODEL [--imgsz N] [--batch N] [--rounds N] [--fp32] [--json]\n"
    "                    [--peak TFLOP/s] [--bandwidth TB/s]\n"
    "\n"
    "Times the forward on the device, from the input map to the head's raw maps, and each step of\n"
    "it; noise as pictures, four batches in turn. Prints a Markdown table: for each step the "
    "time,\n"
    "what it computes and moves at least, the time that this takes at the device's peak rates,\n"
    "and the share of that in the step's time. Medians.\n"
    "\n"
    "  --imgsz N      side of the input (default 640)\n"
    "  --batch N      pictures a forward (default 32)\n"
    "  --rounds N     forwards measured (default 200)\n"
    "  --fp32         fp32 (default: fp16)\n"
    "  --json         the forward alone, as JSON\n"
    "  --peak X       the device's peak; default: known of some devices\n"
    "  --bandwidth X  of its memory, likewise\n";

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t n) {
    qsort(values, n, sizeof *values, by_value);
    return values[n / 2];
}

/* Noise, each picture other than the next; as large as the input, so that letterboxing only
 * copies. */
static enum status make_inputs(struct bench *bench) {
    enum status status = STATUS_OK;
    uint32_t side = (uint32_t)bench->settings->imgsz, random = 1;
    size_t n = bench->settings->batch, size = (size_t)3 * side * side;
    uint8_t *host = NULL;
    struct kernel_picture *pictures = NULL;
    TRY(memory_zeroed(n, size, &host));
    TRY(memory_zeroed(n, sizeof *pictures, &pictures));
    for (size_t i = 0; i < SETS; i++) {
        struct input_set *set = &bench->inputs[i];
        for (size_t k = 0; k < n * size; k++) {
            random = random * 1664525u + 1013904223u;
            host[k] = (uint8_t)(random >> 24);
        }
        TRY(device_alloc(n * size, &set->pixels));
        TRY(device_upload(host, n * size, set->pixels));
        for (size_t k = 0; k < n; k++)
            pictures[k] = (struct kernel_picture){(uint8_t *)set->pixels + k * size,
                                                  letterbox_plan(side, side, side, false, 32)};
        TRY(device_alloc(n * sizeof *pictures, &set->pictures));
        TRY(device_upload(pictures, n * sizeof *pictures, set->pictures));
    }
out:
    free(pictures);
    free(host);
    return status;
}

static enum status take_input(struct bench *bench, size_t round) {
    struct map input = network_input(bench->network);
    return kernel_letterbox(bench->inputs[round % SETS].pictures, &input,
                            conv_library_stream(bench->library));
}

static enum status measure_forward(struct bench *bench) {
    enum status status;
    struct stopwatch *stopwatch = bench->stopwatch;
    size_t rounds = bench->settings->rounds;
    size_t warm_up = rounds < WARM_UP ? rounds : WARM_UP;
    double *times = NULL;
    TRY(memory_zeroed(rounds, sizeof *times, &times));
    TRY(take_input(bench, 0));
    TRY(network_forward(bench->network));
    TRY(stopwatch_wait(stopwatch));
    TRY(stopwatch_capture(stopwatch, bench->network));
    for (size_t i = 0; i < warm_up + rounds; i++) {
        size_t mark = i < warm_up ? 0 : 2 * (i - warm_up);
        TRY(take_input(bench, i));
        TRY(stopwatch_mark(stopwatch, mark));
        TRY(stopwatch_replay(stopwatch));
        TRY(stopwatch_mark(stopwatch, mark + 1));
    }
    TRY(stopwatch_wait(stopwatch));
    for (size_t i = 0; i < rounds; i++)
        TRY(stopwatch_between(stopwatch, 2 * i, 2 * i + 1, &times[i]));
    bench->forward_ms = median(times, rounds);
    bench->forward_minimum_ms = times[0];
out:
    free(times);
    return status;
}

/* One forward with a mark behind each step. The host enqueues steps more slowly than a fast device
 * takes them: replays in front keep the device busy until all are enqueued. */
static enum status mark_steps(struct bench *bench, size_t round) {
    enum status status;
    struct stopwatch *stopwatch = bench->stopwatch;
    size_t n = network_n_steps(bench->network);
    size_t ahead = 1 + (size_t)(ENQUEUE_MS * (double)n / bench->forward_ms);
    TRY(take_input(bench, round));
    for (size_t i = 0; i < ahead; i++)
        TRY(stopwatch_replay(stopwatch));
    TRY(stopwatch_mark(stopwatch, 0));
    for (size_t i = 0; i < n; i++) {
        TRY(network_step_run(bench->network, i));
        TRY(stopwatch_mark(stopwatch, i + 1));
    }
    TRY(stopwatch_mark(stopwatch, n + 1));
    TRY(stopwatch_wait(stopwatch));
out:
    return status;
}

static enum status measure_steps(struct bench *bench) {
    enum status status;
    size_t n = network_n_steps(bench->network) + 1;
    size_t rounds = bench->settings->rounds < STEP_ROUNDS ? bench->settings->rounds : STEP_ROUNDS;
    double *times = NULL;
    TRY(memory_zeroed(n * rounds, sizeof *times, &times));
    TRY(memory_zeroed(n, sizeof *bench->step_ms, &bench->step_ms));
    for (size_t round = 0; round < rounds; round++) {
        TRY(mark_steps(bench, round));
        for (size_t i = 0; i < n; i++)
            TRY(stopwatch_between(bench->stopwatch, i, i + 1, &times[i * rounds + round]));
    }
    for (size_t i = 0; i < n; i++)
        bench->step_ms[i] = median(times + i * rounds, rounds);
out:
    free(times);
    return status;
}

static double bound_ms(const struct settings *settings, uint64_t flop, uint64_t bytes) {
    if (settings->peak <= 0.0 || settings->bandwidth <= 0.0)
        return 0.0;
    double compute = (double)flop / settings->peak, move = (double)bytes / settings->bandwidth;
    return 1e-9 * (compute > move ? compute : move);
}

static void print_row(const char *number, const struct network_step *step, double ms,
                      double bound) {
    printf("| %s | %s | %s | %.1f | %.3f | %.2f | ", number, step->kind, step->shape, 1e3 * ms,
           1e-9 * (double)step->flop, 1e-6 * (double)step->bytes);
    if (bound > 0.0)
        printf("%.1f | %.0f%%", 1e3 * bound, 100.0 * bound / ms);
    else
        printf("| ");
    printf(" | %s |\n", step->name);
}

static void print_table(const struct bench *bench) {
    const struct settings *settings = bench->settings;
    const char *precision = settings->element == ELEMENT_F16 ? "fp16" : "fp32";
    size_t n = network_n_steps(bench->network);
    struct network_step all = {.kind = "all", .name = ""};
    double sum_ms = 0.0, sum_bound = 0.0;
    printf("%s, %s, %zux%zu, batch %zu", stopwatch_device(bench->stopwatch), precision,
           settings->imgsz, settings->imgsz, settings->batch);
    if (settings->peak > 0.0)
        printf("; bound: %.1f TFLOP/s, %.3f TB/s", settings->peak, settings->bandwidth);
    printf("\n\n| step | kind | shape | µs | GFLOP | MB | bound µs | bound / µs | node |\n"
           "| --: | --- | --- | --: | --: | --: | --: | --: | --- |\n");
    for (size_t i = 0; i < n; i++) {
        struct network_step step = network_step(bench->network, i);
        double bound = bound_ms(settings, step.flop, step.bytes);
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        print_row(number, &step, bench->step_ms[i], bound);
        all.flop += step.flop;
        all.bytes += step.bytes;
        sum_ms += bench->step_ms[i];
        sum_bound += bound;
    }
    print_row("", &all, sum_ms, sum_bound);
    printf(
        "\nNothing between two marks: %.1f µs. The forward as one graph: %.3f ms (minimum %.3f), "
        "%.0f images/s.\n",
        1e3 * bench->step_ms[n], bench->forward_ms, bench->forward_minimum_ms,
        1e3 * (double)settings->batch / bench->forward_ms);
}

static void print_json(const struct bench *bench) {
    const struct settings *settings = bench->settings;
    printf("{\"device\": \"%s\", \"precision\": \"%s\", \"imgsz\": %zu, \"batch\": %zu, "
           "\"forward_ms\": %.6f, \"forward_minimum_ms\": %.6f}\n",
           stopwatch_device(bench->stopwatch), settings->element == ELEMENT_F16 ? "fp16" : "fp32",
           settings->imgsz, settings->batch, bench->forward_ms, bench->forward_minimum_ms);
}

static void find_peak(struct settings *settings, const char *device) {
    const struct peak *peak = peak_of(device);
    if (!peak)
        return;
    if (settings->peak <= 0.0)
        settings->peak = settings->element == ELEMENT_F16 ? peak->half : peak->single;
    if (settings->bandwidth <= 0.0)
        settings->bandwidth = peak->bandwidth;
}

static enum status prepare(struct settings *settings, struct bench *bench) {
    enum status status;
    size_t side = settings->imgsz;
    TRY(model_read(settings->model, NULL, (int64_t)side, &bench->model));
    const struct graph *graph = &bench->model.graph;
    if (graph->fixed_height && (graph->fixed_height != (int64_t)side || //
                                graph->fixed_width != (int64_t)side)) {
        status = FAIL(STATUS_BAD_INPUT, "%s takes pictures of %lldx%lld only", settings->model,
                      (long long)graph->fixed_width, (long long)graph->fixed_height);
        goto out;
    }
    size_t marks = 2 * settings->rounds, steps = 4 * graph->n_ops + GRAPH_LEVELS * 2;
    TRY(stopwatch_make(marks > steps ? marks : steps, &bench->stopwatch));
    find_peak(settings, stopwatch_device(bench->stopwatch));
    TRY(conv_library_make(&bench->library));
    stopwatch_follow(bench->stopwatch, conv_library_stream(bench->library));
    TRY(network_make(graph, bench->library, settings->element, settings->batch, side, side,
                     &bench->network));
    TRY(conv_library_build(bench->library));
    struct network_bytes bytes = network_bytes(bench->network);
    TRY(device_alloc(bytes.arena, &bench->memory.arena));
    TRY(device_alloc(bytes.ends, &bench->memory.ends));
    network_bind(bench->network, &bench->memory);
    if (conv_library_note(bench->library))
        fprintf(stderr, "bench_layers: %s\n", conv_library_note(bench->library));
    TRY(make_inputs(bench));
out:
    return status;
}

static enum status run(struct settings *settings) {
    enum status status;
    struct bench bench = {.settings = settings};
    TRY(prepare(settings, &bench));
    TRY(measure_forward(&bench));
    if (settings->json) {
        print_json(&bench);
        goto out;
    }
    TRY(measure_steps(&bench));
    print_table(&bench);
out:
    if (bench.stopwatch)
        stopwatch_wait(bench.stopwatch);
    for (size_t i = 0; i < SETS; i++) {
        device_free(bench.inputs[i].pixels);
        device_free(bench.inputs[i].pictures);
    }
    free(bench.step_ms);
    network_free(bench.network);
    device_free(bench.memory.arena);
    device_free(bench.memory.ends);
    conv_library_free(bench.library);
    stopwatch_free(bench.stopwatch);
    model_free(&bench.model);
    return status;
}

static enum status read_options(int argc, char **argv, struct settings *settings) {
    static const struct option options[] = {
        {"imgsz", required_argument, NULL, 'i'},
        {"batch", required_argument, NULL, 'b'},
        {"rounds", required_argument, NULL, 'r'},
        {"peak", required_argument, NULL, 'p'},
        {"bandwidth", required_argument, NULL, 'w'},
        {"fp32", no_argument, NULL, 'f'},
        {"json", no_argument, NULL, 'j'},
        {0},
    };
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'i')
            settings->imgsz = strtoul(optarg, NULL, 10);
        else if (option == 'b')
            settings->batch = strtoul(optarg, NULL, 10);
        else if (option == 'r')
            settings->rounds = strtoul(optarg, NULL, 10);
        else if (option == 'p')
            settings->peak = strtod(optarg, NULL);
        else if (option == 'w')
            settings->bandwidth = strtod(optarg, NULL);
        else if (option == 'f')
            settings->element = ELEMENT_F32;
        else if (option == 'j')
            settings->json = true;
        else
            return FAIL(STATUS_BAD_INPUT, "unknown flag; see --help");
    }
    if (optind + 1 != argc)
        return FAIL(STATUS_BAD_INPUT, "one model, please; see --help");
    if (!settings->imgsz || settings->imgsz % 32 || !settings->batch || !settings->rounds)
        return FAIL(STATUS_BAD_INPUT, "numbers are counts from 1 on, --imgsz a multiple of 32");
    settings->model = argv[optind];
    return STATUS_OK;
}

int main(int argc, char **argv) {
    struct settings settings = {.imgsz = 640, .batch = 32, .rounds = 200, .element = ELEMENT_F16};
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(USAGE, stdout);
        return 0;
    }
    enum status status = read_options(argc, argv, &settings);
    if (status == STATUS_OK)
        status = run(&settings);
    if (status != STATUS_OK)
        fprintf(stderr, "bench_layers: %s\n", status_message());
    return (int)status;
}
