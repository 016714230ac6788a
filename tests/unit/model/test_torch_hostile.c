/* PyTorch files whose pickle is hostile: calls, nesting, lies about tensors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "torch_hostile.h"
#include "unit.h"

static void expect_pickle_refused(const char *path, const struct text *pickle, const char *part) {
    struct zip_maker zip = {0};
    zip_model(&zip, pickle, "\0\0\0\0", 4);
    expect_refused(path, zip.bytes.data, zip.bytes.length, part);
    zip_free(&zip);
}

/* What runs commands, loads code or reaches files and other machines. */
static const char *const hostile_globals[][2] = {
    {"os", "system"},
    {"os", "popen"},
    {"os", "execv"},
    {"os", "remove"},
    {"posix", "system"},
    {"nt", "system"},
    {"subprocess", "Popen"},
    {"subprocess", "check_output"},
    {"builtins", "eval"},
    {"builtins", "exec"},
    {"builtins", "compile"},
    {"builtins", "open"},
    {"builtins", "__import__"},
    {"builtins", "breakpoint"},
    {"__builtin__", "eval"},
    {"__builtin__", "execfile"},
    {"__builtin__", "apply"},
    {"sys", "exit"},
    {"sys", "modules"},
    {"importlib", "import_module"},
    {"importlib._bootstrap", "_load"},
    {"runpy", "run_path"},
    {"runpy", "_run_code"},
    {"pty", "spawn"},
    {"socket", "socket"},
    {"shutil", "rmtree"},
    {"ctypes", "CDLL"},
    {"pickle", "loads"},
    {"_pickle", "loads"},
    {"marshal", "loads"},
    {"code", "InteractiveInterpreter"},
    {"webbrowser", "open"},
    {"urllib.request", "urlopen"},
    {"http.client", "HTTPSConnection"},
    {"requests.api", "get"},
    {"pip", "main"},
    {"pydoc", "pipepager"},
    {"timeit", "timeit"},
    {"cProfile", "run"},
    {"bdb", "Bdb.run"},
    {"asyncio.subprocess", "create_subprocess_shell"},
    {"types", "FunctionType"},
    {"types", "CodeType"},
    {"operator", "attrgetter"},
    {"numpy.testing._private.utils", "runstring"},
    {"torch", "load"},
    {"torch.hub", "load"},
    {"torch.utils.cpp_extension", "load_inline"},
    {"pathlib", "os.system"},
    {"torch.serialization", "os.system"},
    {"ultralytics.utils", "subprocess.run"},
    {"collections", "_sys.modules"},
    {"torch", "_utils.sys.exit"},
    {"logging", "__builtins__.eval"},
};

/* What PyTorch would call on opening the file: as a pickle of protocol 2 and of protocol 4, with
 * the result kept or thrown away. */
static void refuses_calls(void **state) {
    const struct place *place = *state;
    for (size_t i = 0; i < 4 * (sizeof hostile_globals / sizeof hostile_globals[0]); i++) {
        const char *const module = hostile_globals[i / 4][0], *const name =
                                                                  hostile_globals[i / 4][1];
        struct text pickle = {0};
        char full[100];
        text_string(&pickle, i % 2 ? "\x80\x04" : "\x80\x02");
        if (i % 2) {
            pickle_string(&pickle, module);
            pickle_string(&pickle, name);
            text_string(&pickle, "\x93");
        } else {
            text_format(&pickle, "c%s\n%s\n", module, name);
        }
        pickle_string(&pickle, "touch /tmp/hacked");
        text_string(&pickle, "\x85R");
        text_string(&pickle, i % 4 >= 2 ? "0}." : ".");
        snprintf(full, sizeof full, "refused: PyTorch would run %s.%s on opening", module, name);
        expect_pickle_refused(place->path, &pickle, full);
        text_free(&pickle);
    }
}

static void refuses_damaged_pickles(void **state) {
    const struct place *place = *state;
    static const struct {
        const char *bytes, *part;
    } pickles[] = {
        {"", "cut short"},
        {"garbage", "at its byte 0: opcode 0x67"},
        {"\x80\x09N.", "protocol 9"},
        {"(ios\nsystem\n.", "opcode 0x69"},
        {"(cos\nsystem\no.", "opcode 0x6f"},
        {"N2.", "opcode 0x32"},
        {"h\x01.", "memo 1"},
        {"Nr\xff\xff\xff\x7f.", "out of proportion"},
        {"\x8d\xff\xff\xff\xff\xff\xff\xff\x7fx", "cut short"},
        {"\x8a\xff.", "more than 64 bits"},
    };
    for (size_t i = 0; i < sizeof pickles / sizeof pickles[0]; i++) {
        struct text pickle = {0};
        text_string(&pickle, pickles[i].bytes);
        expect_pickle_refused(place->path, &pickle, pickles[i].part);
        text_free(&pickle);
    }
}

/* Nested and self-containing values are no mistake; reading them ends. */
static void survives_nesting(void **state) {
    const struct place *place = *state;
    const struct {
        const char *begin, *unit, *end;
    } shapes[] = {
        {"", "(", "."},
        {"", "]", "."},
        {"N", "\x85", "."},
        {"N", "\x85q", "."},
        {"]q\1", "](h\1h\1e", "."},
        {"]q\1", "h\1a", "."},
        {"}q\1", "h\1h\1s", "."},
        {"cm\nC\n)Rq\1", "cm\nC\n)\x81h\1b", "."},
        {"N", "\x94", "."},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct text pickle = {0};
        struct zip_maker zip = {0};
        text_string(&pickle, shapes[i].begin);
        for (int k = 0; k < 100000; k++)
            text_string(&pickle, shapes[i].unit);
        text_string(&pickle, shapes[i].end);
        zip_model(&zip, &pickle, "", 0);
        survive(place->path, zip.bytes.data, zip.bytes.length);
        text_free(&pickle);
        zip_free(&zip);
    }
}

static void refuses_lies_of_tensors(void **state) {
    const struct place *place = *state;
    const int64_t big = INT64_MAX, half = (int64_t)1 << 62;
    const struct {
        struct made_tensor tensor;
        const char *part;
    } lies[] = {
        {{"FloatStorage", "0", 4, 1, 2, 2, {2, 2}, {2, 1}}, "strides leave its data"},
        {{"FloatStorage", "0", 4, 4, 0, 0, {0}, {0}}, "strides leave its data"},
        {{"FloatStorage", "0", 4, big, 1, 1, {1}, {1}}, "strides leave its data"},
        {{"FloatStorage", "0", 4, -1, 1, 1, {1}, {1}}, "impossible size"},
        {{"FloatStorage", "0", 4, INT64_MIN, 1, 1, {1}, {1}}, "impossible size"},
        {{"FloatStorage", "0", 4, 0, 2, 2, {2, 2}, {3, 1}}, "strides leave its data"},
        {{"FloatStorage", "0", 4, 0, 1, 1, {2}, {big}}, "strides leave its data"},
        {{"FloatStorage", "0", 4, 0, 1, 1, {3}, {big}}, "strides leave its data"},
        {{"FloatStorage", "0", 4, 0, 2, 2, {5, 5}, {half, half}}, "strides leave its data"},
        {{"FloatStorage", "0", 4, 3, 2, 2, {2, 2}, {half, half}}, "strides leave its data"},
        {{"FloatStorage", "0", 4, 0, 1, 1, {4}, {-1}}, "is none"},
        {{"FloatStorage", "0", 4, 3, 1, 1, {4}, {-1}}, "is none"},
        {{"FloatStorage", "0", 4, 0, 1, 1, {-4}, {1}}, "is none"},
        {{"FloatStorage", "0", 4, 0, 1, 1, {INT64_MIN}, {1}}, "is none"},
        {{"FloatStorage", "0", 4, 0, 1, 1, {5}, {0}}, "more elements than its data"},
        {{"FloatStorage", "0", 4, 0, 2, 2, {big, big}, {0, 0}}, "impossible size"},
        {{"FloatStorage", "0", 4, 0, 2, 2, {1 << 20, 1 << 20}, {0, 0}}, "more elements"},
        {{"FloatStorage", "0", 4, 0, 1, 1, {1 << 30}, {1}}, "strides leave its data"},
        {{"FloatStorage", "0", 4, 0, 7, 7, {1, 1, 1, 1, 1, 1, 1}, {1}}, "more than 6 dimensions"},
        {{"FloatStorage", "0", 4, 0, 2, 1, {2, 2}, {1}}, "2 dimensions and 1 strides"},
        {{"FloatStorage", "0", 4, 0, 0, 1, {0}, {1}}, "0 dimensions and 1 strides"},
        {{"FloatStorage", "0", 5, 0, 1, 1, {1}, {1}}, "a tensor's data has 16 bytes"},
        {{"FloatStorage", "0", 3, 0, 1, 1, {1}, {1}}, "a tensor's data has 16 bytes"},
        {{"FloatStorage", "0", half, 0, 1, 1, {1}, {1}}, "a tensor's data has 16 bytes"},
        {{"FloatStorage", "0", -4, 0, 1, 1, {1}, {1}}, "without a storage"},
        {{"DoubleStorage", "0", 4, 0, 1, 1, {1}, {1}}, "a tensor's data has 16 bytes"},
        {{"HalfStorage", "0", 4, 0, 1, 1, {1}, {1}}, "a tensor's data has 16 bytes"},
        {{"ByteStorage", "0", 4, 0, 1, 1, {1}, {1}}, "a tensor's data has 16 bytes"},
        {{"UntypedStorage", "0", 16, 0, 1, 1, {1}, {1}}, "type that is not supported"},
        {{"ComplexFloatStorage", "0", 2, 0, 1, 1, {1}, {1}}, "torch.ComplexFloatStorage"},
        {{"QInt8Storage", "0", 16, 0, 1, 1, {1}, {1}}, "torch.QInt8Storage"},
        {{"nn.Linear", "0", 4, 0, 1, 1, {1}, {1}}, "torch.nn.Linear"},
        {{"FloatStorage", "1", 4, 0, 1, 1, {1}, {1}}, "missing"},
        {{"FloatStorage", "", 4, 0, 1, 1, {1}, {1}}, "missing"},
        {{"FloatStorage", "../data.pkl", 4, 0, 1, 1, {1}, {1}}, "missing"},
        {{"FloatStorage", "/etc/passwd", 4, 0, 1, 1, {1}, {1}}, "missing"},
    };
    const char storage[16] = {0};
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct text pickle = {0}, old = {0};
        struct zip_maker zip = {0};
        pickle_model(&pickle, &lies[i].tensor);
        zip_model(&zip, &pickle, storage, sizeof storage);
        expect_refused(place->path, zip.bytes.data, zip.bytes.length, lies[i].part);
        old_model(&old, &pickle, storage, sizeof storage, 4);
        survive(place->path, old.data, old.length);
        text_free(&pickle);
        text_free(&old);
        zip_free(&zip);
    }
}

/* Tensors that are not described as tensors are. */
static void refuses_other_tensors(void **state) {
    const struct place *place = *state;
    const struct {
        const char *arguments, *part;
    } cases[] = {
        {")", "_rebuild_tensor_v2 is there"},
        {"(NK\x01))t", "without a storage"},
        {"(NN))t", "_rebuild_tensor_v2 is there"},
        {"(K\x01K\x01))t", "without a storage"},
        {"(NQK\x01))t", "without a storage"},
        {"()QK\x01))t", "without a storage"},
        {"((U\7storageNU\0010NK\1tQK\1))t", "without a storage"},
        {"((U\7storagectorch\nByteStorage\nK\1NK\1tQK\1))t", "without a storage"},
        {"((U\7storagectorch\nByteStorage\nU\0010NNtQK\1))t", "without a storage"},
        {"((U\7storagectorch\nByteStorage\nU\0010NK\4)tQK\1))t", "view of a storage"},
        {"((U\7storagectorch\nByteStorage\nU\0010NK\4tQK\1N)t", "without a shape"},
        {"((U\7storagectorch\nByteStorage\nU\0010NK\4tQK\1N\x85)t", "is none"},
        {"((U\7storagectorch\nByteStorage\nU\0010NK\4tQK\1)N\x85t", "is none"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text pickle = {0};
        text_string(&pickle, "ctorch._utils\n_rebuild_tensor_v2\n");
        text_string(&pickle, cases[i].arguments);
        text_string(&pickle, "R.");
        expect_pickle_refused(place->path, &pickle, cases[i].part);
        text_free(&pickle);
    }
}

/* Many tensors of one storage: the file would be read again and again. */
static void limits_reading(void **state) {
    const struct place *place = *state;
    enum { SIZE = 1 << 20, COUNT = 1000 };
    const struct made_tensor tensor = {"ByteStorage", "0", SIZE, 0, 1, 1, {SIZE}, {1}};
    struct text pickle = {0};
    struct zip_maker zip = {0};
    char *storage = calloc(1, SIZE);
    text_string(&pickle, "(");
    for (int i = 0; i < COUNT; i++)
        pickle_tensor(&pickle, &tensor);
    text_string(&pickle, "t.");
    zip_model(&zip, &pickle, storage, SIZE);
    expect_refused(place->path, zip.bytes.data, zip.bytes.length, "many times as large");
    free(storage);
    text_free(&pickle);
    zip_free(&zip);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(refuses_calls),           TEST(refuses_damaged_pickles), TEST(survives_nesting),
        TEST(refuses_lies_of_tensors), TEST(refuses_other_tensors),   TEST(limits_reading),
    };
    return RUN_TESTS(tests);
}
