/* Files that are damaged, hostile or something else than a model: each gives one clear line. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "model/model.h"
#include "temp_folder.h"
#include "unit.h"

#define DATA "tests/data/onnx/"

static void expect_error(const char *path, const char *part) {
    struct model model;
    enum status status = model_read(path, NULL, 64, &model);
    if (status != STATUS_BAD_INPUT || strstr(status_message(), part) == NULL ||
        strncmp(status_message(), path, strlen(path)) != 0)
        fail_msg("%s: status %d, '%s' where '%s' was expected", path, status,
                 status == STATUS_OK ? "" : status_message(), part);
    assert_null(strpbrk(status_message(), "\n\r\033"));
    assert_null(model.names);
    assert_null(model.graph.tensors);
}

static void refuses_damaged_files(void **state) {
    (void)state;
    static const struct {
        const char *name, *part;
    } files[] = {
        {"cycle", "'b' is made by no operator"},
        {"missing_input", "'nowhere' is made by no operator"},
        {"same_name", "two tensors are named 'y'"},
        {"no_operators", "not an ONNX model"},
        {"no_output", "what its output is"},
        {"no_input", "what its input is"},
        {"huge_dims", "constant 'w'"},
        {"negative_dims", "constant 'w'"},
        {"short_data", "do not fit its dimensions"},
        {"nine_dims", "9 dimensions"},
        {"int8_weights", "type 3"},
        {"channels", "(batch, 3, height, width)"},
        {"rank_3", "(batch, 3, height, width)"},
        {"giant_picture", "too large"},
        {"two_inputs", "more than one input"},
        {"unknown_operator", "operator Frobnicate, node '/n1/Frobnicate'"},
        {"huge_expand", "operator Expand"},
        {"huge_fill", "operator ConstantOfShape"},
        {"huge_range", "operator Range"},
        {"huge_kernel", "operator MaxPool"},
        {"zero_stride", "operator MaxPool"},
        {"bad_axis", "axis 7"},
        {"bad_reshape", "operator Reshape"},
        {"bad_gather", "operator Gather"},
        {"external_outside", "outside the model's folder"},
        {"external_absolute", "outside the model's folder"},
        {"external_folder", "not a regular file"},
        {"external_length", "do not fit"},
        {"pose", "no detection head was found"},
        {"task", "task 'classify': give one that was trained for detection"},
        {"line_break", "operator Frob?[GPU 0] ?[2Jdone"},
    };
    size_t n = sizeof files / sizeof files[0], there = 0;
    for (size_t i = 0; i < n; i++) {
        char path[200];
        snprintf(path, sizeof path, DATA "hostile/%s.onnx", files[i].name);
        expect_error(path, files[i].part);
    }
    DIR *folder = opendir(DATA "hostile");
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        there += strstr(entry->d_name, ".onnx") != NULL;
    closedir(folder);
    assert_int_equal(there, n); /* none is forgotten above */
}

static void refuses_other_files(void **state) {
    (void)state;
    struct model model;
    char *folder = temp_folder_make(NULL);
    file_make(below(folder, "README.md"), "# A model\n");
    expect_error(below(folder, "README.md"), "ONNX (.onnx), PyTorch (.pt) and Darknet (.cfg)");
    file_make(below(folder, "text.onnx"), "# A model\n");
    expect_error(below(folder, "text.onnx"), "not an ONNX model");
    file_make(below(folder, "empty.onnx"), "");
    expect_error(below(folder, "empty.onnx"), "is empty");
    expect_error(below(folder, "absent.onnx"), "No such file");
    expect_error(folder, "is a folder");
    assert_int_equal(mkfifo(below(folder, "pipe.onnx"), 0600), 0);
    expect_error(below(folder, "pipe.onnx"), "not a regular file");
    assert_int_equal(model_read(DATA "opset13.onnx", "x.weights", 64, &model), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "--weights"));
    temp_folder_remove(folder);
}

/* A link in the place of external data is not followed. */
static void refuses_external_links(void **state) {
    (void)state;
    size_t length;
    char *folder = temp_folder_make(NULL), *bytes = file_get(DATA "external.onnx", &length);
    struct model model;
    file_make_bytes(below(folder, "m.onnx"), bytes, length);
    free(bytes);
    expect_error(below(folder, "m.onnx"), "external.bin");
    bytes = file_get(DATA "external.bin", &length);
    file_make_bytes(below(folder, "elsewhere"), bytes, length);
    assert_int_equal(symlink("elsewhere", below(folder, "external.bin")), 0);
    expect_error(below(folder, "m.onnx"), "not a regular file");
    assert_int_equal(unlink(below(folder, "external.bin")), 0);
    file_make_bytes(below(folder, "external.bin"), bytes, length - 1);
    expect_error(below(folder, "m.onnx"), "do not fit");
    file_make_bytes(below(folder, "external.bin"), bytes, length);
    assert_int_equal(model_read(below(folder, "m.onnx"), NULL, 64, &model), STATUS_OK);
    model_free(&model);
    free(bytes);
    temp_folder_remove(folder);
}

/* A file of many tiny messages costs many times its size once parsed; there is a limit. */
static void limits_memory(void **state) {
    (void)state;
    enum { NODES = 4 << 20 };
    char *folder = temp_folder_make(NULL);
    unsigned char *bytes = malloc(8 + 2 * NODES);
    assert_non_null(bytes);
    memcpy(bytes, "\x08\x08\x3a\x80\x80\x80\x04", 7); /* a graph of 2 * NODES bytes */
    for (size_t i = 0; i < NODES; i++)
        memcpy(bytes + 7 + 2 * i, "\x0a\x00", 2); /* an operator without anything */
    file_make_bytes(below(folder, "many.onnx"), bytes, 7 + 2 * NODES);
    free(bytes);
    expect_error(below(folder, "many.onnx"), "not an ONNX model");
    temp_folder_remove(folder);
}

/* Any outcome is good that is no crash, no leak (under the sanitizers) and no other status. */
static void survives(const char *path, const char *bytes, size_t length) {
    struct model model;
    file_make_bytes(path, bytes, length);
    enum status status = model_read(path, NULL, 64, &model);
    assert_in_range(status, STATUS_OK, STATUS_BAD_INPUT);
    assert_int_not_equal(status, STATUS_FAILED);
    if (status == STATUS_OK) {
        struct text text = {0};
        assert_int_equal(model_describe(&model, model.graph.fixed_height ? 64 : 128,
                                        model.graph.fixed_height ? 64 : 96, &text),
                         STATUS_OK);
        text_free(&text);
        model_free(&model);
    }
}

static void survives_truncation(void **state) {
    (void)state;
    size_t length, read = 0;
    struct model model;
    char *folder = temp_folder_make(NULL), *bytes = file_get(DATA "opset11.onnx", &length);
    const char *path = below(folder, "cut.onnx");
    for (size_t cut = 1; cut < length; cut += 23) {
        file_make_bytes(path, bytes, cut);
        if (model_read(path, NULL, 64, &model) == STATUS_OK) { /* at the end of a whole field */
            read++;
            model_free(&model);
        }
    }
    assert_in_range(read, 0, 4);
    free(bytes);
    temp_folder_remove(folder);
}

static void survives_flipped_bits(void **state) {
    (void)state;
    static const char *const files[] = {"opset11", "opset18", "anchors", "own_tail", "external"};
    uint64_t random = 12345;
    char *folder = temp_folder_make(NULL);
    const char *path = below(folder, "flipped.onnx");
    for (size_t i = 0; i < 500; i++) {
        size_t length;
        char name[200];
        snprintf(name, sizeof name, DATA "%s.onnx", files[i % 5]);
        char *bytes = file_get(name, &length);
        for (size_t k = 0; k < 1 + i % 7; k++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            bytes[(random >> 33) % length] ^= (char)(1 << (random >> 20) % 8);
        }
        survives(path, bytes, length);
        free(bytes);
    }
    temp_folder_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_damaged_files),  cmocka_unit_test(refuses_other_files),
        cmocka_unit_test(refuses_external_links), cmocka_unit_test(limits_memory),
        cmocka_unit_test(survives_truncation),    cmocka_unit_test(survives_flipped_bits),
    };
    return RUN_TESTS(tests);
}
