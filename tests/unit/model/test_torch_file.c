/* PyTorch files that are as they should be: made by hand, and the fixtures. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/half.h"
#include "temp_folder.h"
#include "torch_maker.h"
#include "torch_walk.h"
#include "unit.h"

/* Opens a file of these bytes; to be closed. */
static struct torch_file *open_bytes(const struct text *bytes) {
    struct torch_file *file;
    char *folder = temp_folder_make(NULL);
    file_make_bytes(below(folder, "m.pt"), bytes->data, bytes->length);
    if (torch_file_open(below(folder, "m.pt"), &file) != STATUS_OK)
        fail_msg("%s", status_message());
    temp_folder_remove(folder);
    return file;
}

static struct torch_file *open_tensor(const struct made_tensor *tensor, const void *storage,
                                      size_t length) {
    struct text pickle = {0};
    struct zip_maker zip = {0};
    pickle_model(&pickle, tensor);
    zip_model(&zip, &pickle, storage, length);
    struct torch_file *file = open_bytes(&zip.bytes);
    text_free(&pickle);
    zip_free(&zip);
    return file;
}

static void expect_elements(struct torch_file *file, const char *shape, const float *expected,
                            size_t count) {
    char text[SHAPE_TEXT];
    struct shape found;
    float elements[64];
    const struct pickled *tensor = pickled_get(torch_file_root(file), "t");
    assert_int_equal(torch_tensor_shape(file, tensor, &found), STATUS_OK);
    assert_string_equal(shape_text(&found, text), shape);
    assert_int_equal(torch_tensor_read(file, tensor, count, elements), STATUS_OK);
    for (size_t i = 0; i < count; i++)
        assert_true(elements[i] == expected[i]);
    assert_int_equal(torch_tensor_read(file, tensor, count + 1, elements), STATUS_BAD_INPUT);
}

/* Two elements of each type, one of them negative where there are such. */
static void reads_every_type(void **state) {
    (void)state;
    static const struct {
        const char *class;
        size_t size;
        unsigned char bytes[16];
        float expected[2];
    } types[] = {
        {"DoubleStorage", 8, {0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0}, {1.5f, -2}},
        {"FloatStorage", 4, {0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0}, {1.5f, -2}},
        {"HalfStorage", 2, {0, 0x3e, 0, 0xc0}, {1.5f, -2}},
        {"BFloat16Storage", 2, {0xc0, 0x3f, 0, 0xc0}, {1.5f, -2}},
        {"LongStorage",
         8,
         {7, 1, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255},
         {263, -1}},
        {"IntStorage", 4, {7, 1, 0, 0, 255, 255, 255, 255}, {263, -1}},
        {"ShortStorage", 2, {7, 1, 254, 255}, {263, -2}},
        {"CharStorage", 1, {7, 128}, {7, -128}},
        {"ByteStorage", 1, {7, 255}, {7, 255}},
        {"BoolStorage", 1, {0, 1}, {0, 1}},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const struct made_tensor tensor = {types[i].class, "0", 2, 0, 1, 1, {2}, {1}};
        struct torch_file *file = open_tensor(&tensor, types[i].bytes, 2 * types[i].size);
        expect_elements(file, "(2)", types[i].expected, 2);
        torch_file_close(file);
    }
}

static void reads_strides(void **state) {
    (void)state;
    unsigned char bytes[24];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    static const struct {
        struct made_tensor tensor;
        const char *shape;
        size_t count;
        float expected[12];
    } cases[] = {
        {{"ByteStorage", "0", 24, 5, 0, 0, {0}, {0}}, "()", 1, {5}},
        {{"ByteStorage", "0", 24, 2, 2, 2, {2, 3}, {3, 1}}, "(2,3)", 6, {2, 3, 4, 5, 6, 7}},
        {{"ByteStorage", "0", 24, 0, 2, 2, {3, 2}, {1, 3}}, "(3,2)", 6, {0, 3, 1, 4, 2, 5}},
        {{"ByteStorage", "0", 24, 1, 2, 2, {2, 2}, {12, 3}}, "(2,2)", 4, {1, 4, 13, 16}},
        {{"ByteStorage", "0", 24, 23, 1, 1, {1}, {1000}}, "(1)", 1, {23}},
        {{"ByteStorage", "0", 24, 0, 3, 3, {2, 2, 3}, {12, 1, 4}},
         "(2,2,3)",
         12,
         {0, 4, 8, 1, 5, 9, 12, 16, 20, 13, 17, 21}},
        {{"ByteStorage", "0", 24, 7, 2, 2, {3, 1}, {2, 9}}, "(3,1)", 3, {7, 9, 11}},
        {{"ByteStorage", "0", 24, 7, 2, 2, {2, 2}, {0, 1}}, "(2,2)", 4, {7, 8, 7, 8}},
        {{"ByteStorage", "0", 24, 24, 2, 2, {0, 7}, {7, 1}}, "(0,7)", 0, {0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct torch_file *file = open_tensor(&cases[i].tensor, bytes, sizeof bytes);
        expect_elements(file, cases[i].shape, cases[i].expected, cases[i].count);
        torch_file_close(file);
    }
}

/* What surrounds a tensor: a parameter's wrapper, a type of its own, a type given apart. */
static void reads_wrapped_tensors(void **state) {
    (void)state;
    const struct made_tensor tensor = {"ByteStorage", "0", 2, 0, 1, 1, {2}, {1}};
    const float expected[] = {3, 4};
    for (int kind = 0; kind < 4; kind++) {
        struct text pickle = {0};
        struct zip_maker zip = {0};
        text_string(&pickle, "}");
        pickle_string(&pickle, "t");
        if (kind == 0) {
            text_string(&pickle, "ctorch._utils\n_rebuild_parameter\n");
            pickle_tensor(&pickle, &tensor);
            text_string(&pickle, "\x88}\x87R");
        } else if (kind == 1) {
            text_string(&pickle, "ctorch._tensor\n_rebuild_from_type_v2\n"
                                 "(ctorch._utils\n_rebuild_parameter\n"
                                 "ctorch.nn.parameter\nParameter\n");
            pickle_tensor(&pickle, &tensor);
            text_string(&pickle, "\x88}\x87}tR");
        } else if (kind == 2) {
            text_string(&pickle, "ctorch._utils\n_rebuild_parameter_with_state\n(");
            pickle_tensor(&pickle, &tensor);
            text_string(&pickle, "\x88}}tR");
        } else {
            text_string(&pickle, "ctorch._utils\n_rebuild_tensor_v3\n((");
            pickle_string(&pickle, "storage");
            text_string(&pickle, "ctorch.storage\nUntypedStorage\n");
            pickle_string(&pickle, "0");
            text_string(&pickle, "NK\x02tQ" /* 2 bytes, from 0 */
                                 "K");
            put_number(&pickle, 0, 1);
            text_string(&pickle, "K\x02\x85K\x01\x85\x89}"
                                 "ctorch\nuint8\ntR");
        }
        text_string(&pickle, "s.");
        zip_model(&zip, &pickle, "\3\4", 2);
        struct torch_file *file = open_bytes(&zip.bytes);
        expect_elements(file, "(2)", expected, 2);
        torch_file_close(file);
        text_free(&pickle);
        zip_free(&zip);
    }
}

static void reads_the_old_layout(void **state) {
    (void)state;
    const struct made_tensor tensor = {"ShortStorage", "0", 4, 1, 1, 1, {2}, {2}};
    const float expected[] = {1, 3};
    struct text pickle = {0}, bytes = {0};
    pickle_model(&pickle, &tensor);
    old_model(&bytes, &pickle, "\0\0\1\0\2\0\3\0", 8, 4);
    struct torch_file *file = open_bytes(&bytes);
    expect_elements(file, "(2)", expected, 2);
    torch_file_close(file);
    text_free(&pickle);
    text_free(&bytes);
}

/* A checkpoint holds more than a model: what is not looked at may be of any class. */
static void accepts_what_training_writes(void **state) {
    (void)state;
    const char *const globals[] = {
        "argparse\nNamespace",
        "pathlib\nPosixPath",
        "pathlib._local\nPosixPath",
        "datetime\ndatetime",
        "numpy.core.multiarray\nscalar",
        "numpy._core.multiarray\n_reconstruct",
        "numpy\ndtype",
        "builtins\ngetattr",
        "__builtin__\nslice",
        "_codecs\nencode",
        "my.package\nCallback",
        "models.code\nBlock",
        "ultralytics.utils\nIterableSimpleNamespace",
        "torch\ndevice",
        "copyreg\n_reconstructor",
        "functools\npartial",
    };
    struct text pickle = {0};
    struct zip_maker zip = {0};
    text_string(&pickle, "(");
    for (size_t i = 0; i < sizeof globals / sizeof globals[0]; i++)
        text_format(&pickle, "c%s\n)R", globals[i]);
    text_string(&pickle, "t.");
    zip_model(&zip, &pickle, "", 0);
    struct torch_file *file = open_bytes(&zip.bytes);
    assert_int_equal(torch_file_root(file)->n_items, sizeof globals / sizeof globals[0]);
    torch_file_close(file);
    text_free(&pickle);
    zip_free(&zip);
}

/* Against what PyTorch says of the same files. */
static void reads_fixtures(void **state) {
    (void)state;
    static const struct {
        const char *name, *class;
        size_t tensors;
        double elements, first;
    } files[] = {
        {"models/yolov8n.pt", "ultralytics.nn.tasks.DetectionModel", 359, 3167855, -2.11328125},
        {"zoo/yolov8.pt", "ultralytics.nn.tasks.DetectionModel", 359, 358470, 0.0134429931640625},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct torch_file *file;
        float *elements;
        struct shape shape;
        char path[FIXTURE_PATH];
        FIXTURE(files[i].name, path);
        if (torch_file_open(path, &file) != STATUS_OK)
            fail_msg("%s", status_message());
        const struct pickled *model = pickled_get(torch_file_root(file), "model");
        assert_string_equal(pickled_class(model), files[i].class);
        struct torch_walk walk = torch_walk(file);
        assert_int_equal(walk.worst, STATUS_OK);
        assert_int_equal(walk.tensors, files[i].tensors);
        assert_true(walk.elements == files[i].elements);
        const struct pickled *layer = pickled_get(pickled_get(model, "_modules"), "model");
        layer = pickled_get(pickled_get(layer, "_modules"), "0");
        layer = pickled_get(pickled_get(layer, "_modules"), "conv");
        const struct pickled *weight = pickled_get(pickled_get(layer, "_parameters"), "weight");
        assert_int_equal(torch_tensor_shape(file, weight, &shape), STATUS_OK);
        const size_t count = (size_t)shape_elements(&shape);
        assert_non_null(elements = malloc(count * sizeof *elements));
        assert_int_equal(torch_tensor_read(file, weight, count, elements), STATUS_OK);
        assert_true((double)elements[0] == files[i].first);
        free(elements);
        torch_file_close(file);
    }
}

static void converts_halves(void **state) {
    (void)state;
    assert_true(half_to_float(0x0000) == 0 && !signbit(half_to_float(0x0000)));
    assert_true(half_to_float(0x8000) == 0 && signbit(half_to_float(0x8000)));
    assert_true(half_to_float(0x0001) == 0x1p-24f);
    assert_true(half_to_float(0x83ff) == -1023 * 0x1p-24f);
    assert_true(half_to_float(0x0400) == 0x1p-14f);
    assert_true(half_to_float(0x7bff) == 65504);
    assert_true(isinf(half_to_float(0xfc00)) && half_to_float(0xfc00) < 0);
    assert_true(isnan(half_to_float(0x7e00)));
    assert_true(bfloat_to_float(0x3fc0) == 1.5f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_type),
        cmocka_unit_test(reads_strides),
        cmocka_unit_test(reads_wrapped_tensors),
        cmocka_unit_test(reads_the_old_layout),
        cmocka_unit_test(accepts_what_training_writes),
        cmocka_unit_test(reads_fixtures),
        cmocka_unit_test(converts_halves),
    };
    return RUN_TESTS(tests);
}
