/* Our own convolutions on pictures: boxes and scores of every anchor next to those of oneDNN's
 * direct convolutions, and the same bytes for any number of threads. */
#include "head_boxes.h"

#include <glob.h>
#include <stdio.h>

#include "base/memory.h"
#include "image/image.h"
#include "letterbox_render.h"
#include "model/model.h"
#include "unit.h"

enum { MOST_PICTURES = 24 };

/* What may differ: boxes in network pixels, of anchors that a user could come to see. */
static const double BOX_MOST = 0.1, BOX_SHARE = 0.999, SCORE_MOST = 1e-4;
static const float SCORE_SEEN = 0.01f;

struct differences {
    double *boxes; /* one an anchor that is seen */
    size_t n, capacity;
    double score;
};

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* (4 + n_classes, anchors); free() releases it. */
static float *forward(struct cpu_network *network, const struct head *head, size_t height,
                      size_t width, const float *planes, size_t *anchors) {
    struct head_maps maps;
    size_t done = 0;
    ASSERT_OK(cpu_network_forward(network, height, width, planes, &maps));
    *anchors = 0;
    for (size_t i = 0; i < head->n_levels; i++)
        *anchors += maps.boxes[i].width * maps.boxes[i].height;
    float *out = malloc((4 + head->n_classes) * *anchors * sizeof *out);
    assert_non_null(out);
    for (size_t i = 0; i < head->n_levels; i++)
        done += decode_level(head, i, &maps, out, done, *anchors);
    return out;
}

static void compare(const struct head *head, const float *plain, const float *ours, size_t anchors,
                    struct differences *differences) {
    for (size_t a = 0; a < anchors; a++) {
        double box = 0.0;
        float highest = 0.0f;
        for (size_t i = 0; i < 4; i++)
            box = fmax(box, fabs((double)plain[i * anchors + a] - (double)ours[i * anchors + a]));
        for (size_t i = 4; i < 4 + head->n_classes; i++) {
            double score = fabs((double)plain[i * anchors + a] - (double)ours[i * anchors + a]);
            assert_true(score >= 0.0); /* numbers */
            differences->score = fmax(differences->score, score);
            highest = fmaxf(highest, plain[i * anchors + a]);
        }
        if (highest < SCORE_SEEN)
            continue;
        ASSERT_OK(memory_reserve(&differences->boxes, &differences->capacity, differences->n + 1,
                                 sizeof *differences->boxes));
        differences->boxes[differences->n++] = box;
    }
}

/* Letterboxed, as the program does. */
static float *read_picture(const char *path, size_t imgsz, bool rectangle, struct letterbox *box) {
    struct image image = {0};
    ASSERT_OK(image_read(path, &image));
    *box = letterbox_plan(image.width, image.height, (uint32_t)imgsz, rectangle, 32);
    float *planes = malloc((size_t)3 * box->net_width * box->net_height * sizeof *planes);
    assert_non_null(planes);
    ASSERT_OK(letterbox_render(&image, box, planes));
    image_free(&image);
    return planes;
}

static void check_model(const char *model_path, const char *pictures, size_t imgsz) {
    struct model model = {0};
    /* oneDNN's; ours in blocks of 8, with one thread and with three; ours in blocks of 16. */
    const struct cpu_options options[] = {
        {.threads = 1, .plain = true},
        {.threads = 1, .block = 8},
        {.threads = 3, .block = 8},
        {.threads = 2, .block = 16, .convolutions = convolutions_of(16)}};
    enum { NETWORKS = sizeof options / sizeof *options };
    struct cpu_network *networks[NETWORKS];
    struct differences differences = {0};
    glob_t found;
    assert_int_equal(glob(pictures, 0, NULL, &found), 0);
    ASSERT_OK(model_read(model_path, NULL, (int64_t)imgsz, &model));
    const struct head *head = &model.graph.head;
    assert_int_equal(head->kind, HEAD_DISTANCE);
    for (size_t i = 0; i < NETWORKS; i++)
        ASSERT_OK(cpu_network_make(&model.graph, &options[i], &networks[i]));
    size_t step = (found.gl_pathc + MOST_PICTURES - 1) / MOST_PICTURES;
    for (size_t i = 0; i < found.gl_pathc; i += step) {
        struct letterbox box;
        size_t anchors;
        float *planes =
            read_picture(found.gl_pathv[i], imgsz, i % 2 && !model.graph.fixed_width, &box);
        float *results[NETWORKS];
        for (size_t k = 0; k < NETWORKS; k++)
            results[k] =
                forward(networks[k], head, box.net_height, box.net_width, planes, &anchors);
        compare(head, results[0], results[1], anchors, &differences);
        compare(head, results[0], results[3], anchors, &differences);
        assert_memory_equal(results[1], results[2],
                            (4 + head->n_classes) * anchors * sizeof **results);
        for (size_t k = 0; k < NETWORKS; k++)
            free(results[k]);
        free(planes);
    }
    assert_true(differences.n > 0);
    qsort(differences.boxes, differences.n, sizeof *differences.boxes, ascending);
    double box = differences.boxes[(size_t)(BOX_SHARE * (double)(differences.n - 1))];
    print_message(
        "%s: %zu anchors, boxes within %.2g px (p99.9; %.2g at most), scores within %.2g\n",
        model_path, differences.n, box, differences.boxes[differences.n - 1], differences.score);
    assert_true(box <= BOX_MOST);
    assert_true(differences.score <= SCORE_MOST);
    free(differences.boxes);
    for (size_t i = 0; i < NETWORKS; i++)
        cpu_network_free(networks[i]);
    model_free(&model);
    globfree(&found);
}

static void coco(void **state) {
    (void)state;
    char model[FIXTURE_PATH], images[FIXTURE_PATH], pictures[FIXTURE_PATH + 8];
    FIXTURE("models/yolov8n.onnx", model);
    FIXTURE("coco128/images", images);
    snprintf(pictures, sizeof pictures, "%s/*.jpg", images);
    check_model(model, pictures, 640);
}

static void demo(void **state) {
    (void)state;
    check_model("demo/model.onnx", "demo/data/images/*", 320);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coco),
        cmocka_unit_test(demo),
    };
    return RUN_TESTS(tests);
}
