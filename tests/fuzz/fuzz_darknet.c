/* Darknet's models, from the two files to what the judge makes of a picture: a configuration, and
 * after its NUL the weights. These begin with a byte: where it is odd, they are repeated or cut to
 * the length that the configuration asks for, as hardly any mutation has the right one. */
#include <string.h>

#include "cpu/network.h"
#include "fuzz_file.h"
#include "judge/judge.h"
#include "model/darknet/darknet_layers.h"
#include "model/model.h"
#include "model/operators/cost.h"

enum {
    SIDE = 64,
    HEADER = 20,
    MOST_FLOATS = 1 << 16,
    MOST_STEPS = 20000000, /* of a network that is run: some 20 ms without the sanitizers */
};

struct bytes {
    uint8_t *data;
    size_t size;
};

static size_t floats_of(const struct darknet_layer *layer) {
    const struct window *window = &layer->window;
    if (layer->kind != DARKNET_CONVOLUTIONAL)
        return 0;
    size_t inputs = (size_t)(layer->in.channels / window->group);
    size_t filter = inputs * (size_t)(window->kernel[0] * window->kernel[1]);
    return (size_t)layer->out.channels * (filter + (layer->batch_normalize ? 4 : 1));
}

/* The floats that the configuration's layers hold; 0 where there is no such configuration or they
 * are too many. */
static size_t count_floats(const char *path) {
    struct cfg cfg = {0};
    struct darknet_net net = {0};
    size_t count = 0;
    if (cfg_read(path, &cfg) == STATUS_OK && darknet_net_read(&cfg, &net) == STATUS_OK)
        for (size_t i = 0; i < net.n_layers && count <= MOST_FLOATS; i++)
            count += floats_of(&net.layers[i]);
    darknet_net_free(&net);
    cfg_free(&cfg);
    return count <= MOST_FLOATS ? count : 0;
}

/* The weights' bytes, which begin behind `how`; the caller's to free. */
static struct bytes fit_weights(const uint8_t *how, size_t size, const char *cfg) {
    size_t length = size - 1, floats = how[0] & 1 && length > HEADER ? count_floats(cfg) : 0;
    struct bytes out = {.size = floats > 0 ? HEADER + 4 * floats : length};
    out.data = malloc(out.size + 1);
    if (out.data == NULL)
        abort();
    for (size_t i = 0; i < out.size; i++)
        out.data[i] = how[1 + (i < length ? i : HEADER + (i - HEADER) % (length - HEADER))];
    return out;
}

/* Whether the graph takes this size, and not so long that fuzzing stands still. */
static bool is_small(const struct graph *graph) {
    struct shape *shapes = calloc(graph->n_tensors, sizeof *shapes);
    uint64_t left = MOST_STEPS;
    if (shapes == NULL)
        abort();
    enum status status = graph_shapes(graph, SIDE, SIDE, shapes);
    for (size_t i = 0; status == STATUS_OK && i < graph->n_ops; i++)
        steps_spend(&left, op_steps(&graph->ops[i], shapes, &shapes[graph->ops[i].output]));
    free(shapes);
    if (status != STATUS_OK && status != STATUS_BAD_INPUT)
        abort();
    return status == STATUS_OK && left > 0;
}

static void judge_maps(const struct graph *graph, const struct head_maps *maps) {
    const struct judge judge = {.n_classes = graph->head.n_classes,
                                .predict = true,
                                .conf = 0.25f,
                                .iou = 0.7f,
                                .max_det = 300};
    const struct letterbox letterbox = letterbox_plan(SIDE, SIDE, SIDE, false, 1);
    const struct target targets[] = {{.class = 0, .box = {8, 8, 40, 40}},
                                     {.class = -1, .box = {0, 0, SIDE, SIDE}}};
    struct judge_scratch *scratch = NULL;
    struct findings findings = {0};
    if (judge_scratch_make(&scratch) != STATUS_OK)
        abort();
    enum status status = judge_picture(
        &judge, &(struct view){.head = &graph->head, .maps = maps, .letterbox = &letterbox}, 1,
        targets, 2, scratch, &findings);
    if (status == STATUS_OK && findings.n_evidence != 2)
        abort();
    findings_free(&findings);
    judge_scratch_free(scratch);
}

/* Compiles the network, runs it on one picture and judges that. */
static void run(const struct graph *graph) {
    static float planes[3 * SIDE * SIDE];
    struct cpu_network *network = NULL;
    struct head_maps maps;
    for (size_t i = 0; i < sizeof planes / sizeof planes[0]; i++)
        planes[i] = (float)(i * 37 % 256) / 255;
    enum status status = cpu_network_make(graph, &(struct cpu_options){.threads = 1}, &network);
    if (status == STATUS_OK)
        status = cpu_network_forward(network, SIDE, SIDE, planes, &maps);
    if (status == STATUS_OK)
        judge_maps(graph, &maps);
    else if (status != STATUS_BAD_INPUT)
        abort();
    cpu_network_free(network);
}

void fuzz_one(const uint8_t *data, size_t size) {
    const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
    const size_t length = end != NULL ? (size_t)(end - data) : size;
    const bool has_weights = end != NULL && length + 1 < size;
    struct fuzz_file cfg = fuzz_file_open(data, length), weights = {.descriptor = -1};
    if (has_weights) {
        struct bytes bytes = fit_weights(end + 1, size - length - 1, cfg.path);
        weights = fuzz_file_open(bytes.data, bytes.size);
        free(bytes.data);
    }
    struct model model = {0};
    enum status status = model_read(cfg.path, has_weights ? weights.path : NULL, SIDE, &model);
    if (status == STATUS_OK && is_small(&model.graph))
        run(&model.graph);
    if (status != STATUS_OK && status != STATUS_BAD_INPUT)
        abort();
    model_free(&model);
    fuzz_file_close(&cfg);
    if (has_weights)
        fuzz_file_close(&weights);
}
