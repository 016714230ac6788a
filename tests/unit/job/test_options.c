/* Flags, the config file, and which of them wins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "job/devices.h"
#include "job/options.h"
#include "unit.h"

/* Reads a command line given as one string. */
static enum status read_line(const char *line, struct options *options) {
    char copy[1024], *argv[64];
    int argc = 0;
    snprintf(copy, sizeof copy, "verify %s", line);
    for (char *word = strtok(copy, " "); word && argc < 63; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    return options_read(argc, argv, options);
}

static void check_bad(const char *line, const char *expected) {
    struct options options;
    assert_int_equal(read_line(line, &options), STATUS_BAD_INPUT);
    if (!strstr(status_message(), expected))
        fail_msg("'%s': message '%s' lacks '%s'", line, status_message(), expected);
    options_free(&options);
}

static void test_defaults(void **state) {
    (void)state;
    struct options o;
    assert_int_equal(read_line("--model m.onnx --data d", &o), STATUS_OK);
    assert_string_equal(o.output, "output");
    assert_string_equal(o.device, "auto");
    assert_string_equal(o.place, "hardlink");
    assert_string_equal(o.imgsz, "640");
    assert_int_equal(o.batch, 0);
    assert_int_equal(o.max_det, 300);
    assert_int_equal(o.fail_on, -1);
    assert_int_equal(o.hang_timeout, 30);
    assert_true(o.conf == 0.25 && o.iou == 0.7 && o.max_margin == 3.5 && o.max_shift == 3);
    assert_true(o.max_ghost == 7.5 && o.min_own == 0.15 && o.max_dup == 0.7 &&
                o.missing_conf == 0.5);
    assert_true(o.half);
    assert_false(o.strict || o.overwrite || o.rect || o.quiet);
    options_free(&o);
}

static void test_flags(void **state) {
    (void)state;
    struct options o;
    assert_int_equal(read_line("--model=m --data d --conf 0.3 --max-det 7 --no-half --batch auto "
                               "--place symlink --save-json --fail-on 0 --max-margin -1.5",
                               &o),
                     STATUS_OK);
    assert_true(o.conf == 0.3 && o.max_margin == -1.5);
    assert_int_equal(o.max_det, 7);
    assert_int_equal(o.fail_on, 0);
    assert_false(o.half);
    assert_true(o.save_json);
    assert_string_equal(o.place, "symlink");
    options_free(&o);
}

static void test_bad_flags(void **state) {
    (void)state;
    check_bad("", "--model is missing");
    check_bad("--model m", "--data is missing");
    check_bad("--nonsense", "--nonsense");
    check_bad("--model m --data d stray", "'stray': not a flag");
    check_bad("--model m --data", "--data: needs a value");
    check_bad("--model m --data d --conf 7", "--conf: 7 is outside of 0 to 1");
    check_bad("--model m --data d --conf x", "--conf: 'x' is not a number");
    check_bad("--model m --data d --conf nan", "not a number");
    check_bad("--model m --data d --imgsz 1.5", "not a whole number");
    check_bad("--model m --data d --imgsz 8", "outside");
    check_bad("--model m --data d --place move", "not one of hardlink|symlink|copy|none");
    check_bad("--model m --data d --place hard", "not one of");
    check_bad("--model m --data d --device gpu", "not one of auto|cpu|cuda");
    check_bad("--model m --data d --hang-timeout -1",
              "--hang-timeout: -1 is outside of 0 to 86400");
    check_bad("--model m --data d --strict=yes", "--strict=yes");
    check_bad("--model m --data d --resume --overwrite", "only one of them");
    check_bad("--model m --data d --config /nonexistent.json", "/nonexistent.json");
}

static void test_other_ways_to_write_flags(void **state) {
    (void)state;
    struct options o;
    assert_int_equal(read_line("model=best.pt data=data.yaml imgsz=320 conf=0.3 half=False "
                               "save_json=True rect=true strict=0 --resume=False --place=copy "
                               "no_half=False max_margin=-1 output=a=b",
                               &o),
                     STATUS_OK);
    assert_string_equal(o.model, "best.pt");
    assert_string_equal(o.data, "data.yaml");
    assert_string_equal(o.output, "a=b");
    assert_string_equal(o.place, "copy");
    assert_string_equal(o.imgsz, "320");
    assert_true(o.conf == 0.3 && o.max_margin == -1);
    assert_true(o.half && o.save_json && o.rect);
    assert_false(o.strict || o.resume);
    options_free(&o);
    assert_int_equal(read_line("-h", &o), STATUS_OK);
    assert_true(o.help);
    options_free(&o);
    assert_int_equal(read_line("-V", &o), STATUS_OK);
    assert_true(o.version);
    options_free(&o);
    /* A folder's name may be that of a flag with a value. */
    assert_int_equal(read_line("--model m --data d --output conf=0.3", &o), STATUS_OK);
    assert_string_equal(o.output, "conf=0.3");
    options_free(&o);
}

/* A line of flags, and what its message has: what it is about, and what to write instead. */
struct slip {
    const char *line, *about, *instead;
};

static void check_slips(const struct slip *slips, size_t count) {
    for (size_t i = 0; i < count; i++) {
        check_bad(slips[i].line, slips[i].about);
        check_bad(slips[i].line, slips[i].instead);
    }
}

static void test_flags_that_do_not_exist(void **state) {
    (void)state;
    static const struct slip slips[] = {
        {"--modle x", "--modle: no such flag", "did you mean --model?"},
        {"--modle", "--modle: no such flag", "did you mean --model?"},
        {"--modle=x", "--modle: no such flag", "did you mean --model?"},
        {"modle=x", "modle: no such flag", "did you mean --model?"},
        {"--Model x", "--Model: no such flag", "did you mean --model?"},
        {"--mod x", "--mod: no such flag", "did you mean --model?"},
        {"--max-dett 3", "--max-dett", "did you mean --max-det?"},
        {"--overwirte", "--overwirte", "did you mean --overwrite?"},
        {"--missing 1", "--missing", "did you mean --missing-conf?"},
        {"--no-model", "--no-model: no such flag", "see --help"},
        {"--no-conf", "--no-conf: no such flag; see --help", ""},
        {"best=v2.pt", "best: no such flag; see --help", ""},
        {"--cnf 1", "--cnf: no such flag", "did you mean --conf?"},
        {"--nonsense 1", "--nonsense: no such flag; see --help", ""},
        {"--source s", "Ultralytics' --source", "--data"},
        {"source=s", "Ultralytics' --source", "--data"},
        {"--souce s", "--souce", "Ultralytics' --source is --data here"},
        {"--img 64", "Ultralytics' --img", "--imgsz"},
        {"--img-size 64", "Ultralytics' --img-size", "--imgsz"},
        {"--img_size=64", "--img_size: no such flag", "--imgsz"},
        {"--workers 2", "Ultralytics' --workers", "--threads"},
        {"--project p", "Ultralytics' --project", "--output"},
        {"--name n", "Ultralytics' --name", "--output"},
        {"--exist-ok", "Ultralytics' --exist-ok", "--overwrite"},
        {"--conf-thres 1", "Ultralytics' --conf-thres", "--conf"},
        {"--iou-thres 1", "Ultralytics' --iou-thres", "--iou"},
        {"--batch-size 1", "Ultralytics' --batch-size", "--batch"},
        {"--verbose", "Ultralytics' --verbose", "--quiet"},
        {"--classes 0", "Ultralytics' --classes is not needed", "all classes"},
        {"--epochs 3", "Ultralytics' --epochs is not needed", "trains nothing"},
        {"show=True", "Ultralytics' --show is not needed", "draws nothing"},
        {"task=detect", "Ultralytics' --task is not needed", "one task"},
    };
    check_slips(slips, sizeof slips / sizeof *slips);
}

static void test_words_that_are_no_flags(void **state) {
    (void)state;
    static const struct slip slips[] = {
        {"val model=x", "'val': not a flag", "verify --model FILE --data PATH"},
        {"detect val model=x", "'detect': not a flag", "no modes"},
        {"revew out", "'revew': not a flag", "did you mean verify review OUTPUT?"},
        {"--quiet review out", "'review': not a flag", "a command stands first: verify review"},
        {"best.pt data.yaml", "'best.pt': not a flag", "--model?"},
        {"--model m data.yaml", "'data.yaml': not a flag", "--data?"},
        {"--model m y.weights", "'y.weights': not a flag", "--weights?"},
        {"--data a.jpg b.jpg", "'b.jpg': not a flag", "--data takes one value"},
        {"--strict False", "'False': not a flag", "--strict=False"},
        {"--resume yes", "'yes': not a flag", "--resume takes no value but =True or =False"},
        {"--rect foo", "'foo': not a flag", "--rect takes no value"},
        {"--conf 0.5 true", "'true': not a flag", "--conf takes one value"},
        {"-model x", "'-model': not a flag", "two plain hyphens, --model"},
        {"\xe2\x80\x94model x", "not a flag", "two plain hyphens, --model"},
        {"--", "'--': not a flag", "--help"},
        {"a/b=1", "'a/b=1': not a flag", "--help"},
    };
    check_slips(slips, sizeof slips / sizeof *slips);
}

static void test_values_that_are_none(void **state) {
    (void)state;
    static const struct slip slips[] = {
        {"--model --data D", "--model: needs a value", ""},
        {"--data d --model -h", "--model: needs a value", ""},
        {"--model= --data D", "--model: needs a value", ""},
        {"half=maybe", "--half=maybe", "neither True nor False"},
        {"--model data.yaml --data best.pt", "swapped", "--model best.pt --data data.yaml"},
        {"--model folder --data best.ONNX", "swapped", "--model best.ONNX --data folder"},
        {"--model a.pt --data b.pt", "--data b.pt: is a model", "data.yaml"},
        {"--weights best.pt --data d", "--model is missing", "--model best.pt"},
        {"--weights y.weights --data d", "--model is missing", ".cfg"},
        {"--model=~/m.pt --data d", "--model: ~/m.pt", "write the whole path"},
        {"--model m --data d --output ~", "--output: ~", "write the whole path"},
        {"--model https://x/m.pt --data d", "https://x/m.pt: is a URL", "download"},
        {"--model m --data d --output s3://x", "s3://x: is a URL", "give a folder"},
    };
    check_slips(slips, sizeof slips / sizeof *slips);
}

static void test_devices(void **state) {
    (void)state;
    static const struct {
        const char *text, *backend;
        size_t count;
        int indices[3];
    } good[] = {
        {"auto", "auto", 0, {0}},
        {"cpu", "cpu", 0, {0}},
        {"cuda", "cuda", 0, {0}},
        {"0", "cuda", 1, {0}},
        {"1,0,12", "cuda", 3, {1, 0, 12}},
        {"cuda:3", "cuda", 1, {3}},
        {"cuda:0,cuda:1", "cuda", 2, {0, 1}},
        {"[0, 1]", "cuda", 2, {0, 1}},
        {"cuda:0,1", "cuda", 2, {0, 1}},
    };
    static const struct slip bad[] = {
        {"--model m --data d --device mps", "--device: 'mps'", "use cpu"},
        {"--model m --data d --device -1", "--device: '-1'", "leave --device out"},
        {"--model m --data d --device cpu:0", "--device: 'cpu:0'", "use cpu"},
        {"--model m --data d --device gpu", "--device: 'gpu'", "use cuda"},
        {"--model m --data d --device 0,0", "'0,0' names device 0 twice", ""},
        {"--model m --data d --device 0,", "--device: '0,'", "0,1"},
        {"--model m --data d --device cuda:", "--device: 'cuda:'", "0,1"},
        {"--model m --data d --device 0;1", "--device: '0;1'", "0,1"},
        {"--model m --data d --device 99999999999", "more devices than", ""},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct devices devices;
        assert_int_equal(devices_read(good[i].text, &devices), STATUS_OK);
        assert_string_equal(devices.backend, good[i].backend);
        assert_int_equal(devices.count, good[i].count);
        assert_memory_equal(devices.indices, good[i].indices, good[i].count * sizeof(int));
    }
    check_slips(bad, sizeof bad / sizeof *bad);
}

static void write_config(const char *text, char *path) {
    strcpy(path, "/tmp/verify_config_XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static enum status read_with_config(const char *text, const char *flags, struct options *options) {
    char path[64], line[256];
    write_config(text, path);
    snprintf(line, sizeof line, "--config %s %s", path, flags);
    enum status status = read_line(line, options);
    unlink(path);
    return status;
}

static void test_config(void **state) {
    (void)state;
    struct options o;
    assert_int_equal(
        read_with_config("{\"model\": \"m\xc3\xa9\xe6\x97\xa5\", \"data\": \"d\", \"conf\": 0.3, "
                         "\"max_det\": 9, \"save-json\": true, \"half\": false, "
                         "\"iou\": 0.5, \"batch\": \"auto\", \"split\": null, "
                         "\"paths\": {\"output_base\": \"results\"}}",
                         "--iou 0.6", &o),
        STATUS_OK);
    assert_string_equal(o.model, "m\xc3\xa9\xe6\x97\xa5");
    assert_string_equal(o.output, "results");
    assert_true(o.conf == 0.3 && o.iou == 0.6);
    assert_int_equal(o.max_det, 9);
    assert_true(o.save_json);
    assert_false(o.half);
    options_free(&o);
}

static void test_bad_config(void **state) {
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", "--config"},
        {"[1]", "not a JSON object"},
        {"{\"conf\": 0.3", "line 1"},
        {"{\n\"conf\": }", "line 2"},
        {"{\"conf\": 7}", "outside of 0 to 1"},
        {"{\"conf\": \"high\"}", "not a number"},
        {"{\"conf\": [0.3]}", "neither a text nor a number"},
        {"{\"conf\": true}", "neither a text nor a number"},
        {"{\"strict\": 1}", "neither true nor false"},
        {"{\"colour\": \"red\"}", "'colour' is not a flag"},
        {"{\"paths\": {\"colour\": 1}}", "'colour' is not a flag"},
        {"{\"place\": \"move\"}", "not one of"},
        {"{\"output\": \"\"}", "needs a value"},
        {"{} trailing", "line 1"},
        {"{\n\"conf\": 0.3,\n}", "line 3: a comma before '}': leave it out"},
        {"{\"split\": [1,]}", "line 1: a comma before ']'"},
        {"{\n// a word\n\"conf\": 0.3}", "line 2: a comment, which JSON has not"},
        {"# a word\n{}", "line 1: a comment, which JSON has not"},
        {"{\"half\": True}", "small letters"},
        {"conf: 0.3", "is not JSON"},
        {" \n", "is empty"},
        {"{\"conf\": 0.3\n \"iou\": 1}", "line 2: a comma is missing"},
        {"{\n\"model\" \"m.onnx\"}", "line 2: a ':' is missing between a key and its value"},
        {"{\"conf\" 0.3}", "a ':' is missing"},
        {"{\"model\": \"m.onnx\" \"conf\": 0.3}", "a comma is missing"},
        {"{\"conf\": 0.3", "ends too early"},
        {"{\"img_size\": 3}", "Ultralytics' --img-size is --imgsz here"},
        {"{\"cnf\": 3}", "'cnf' is not a flag: did you mean --conf?"},
        {"{\"model\":\n\"\xff\"}", "line 2: "},
        {"{\xc3\xa9}", "line 1: "},
        {"{\"output\": \"~/out\"}", "output: ~/out: '~' means the home folder"},
        {"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}", "--config"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct options options;
        assert_int_equal(read_with_config(cases[i].text, "--model m --data d", &options),
                         STATUS_BAD_INPUT);
        if (!strstr(status_message(), cases[i].expected))
            fail_msg("%s: message '%s' lacks '%s'", cases[i].text, status_message(),
                     cases[i].expected);
        options_free(&options);
    }
}

static void check_json(const struct options *options, const char *expected) {
    struct text text = {0};
    options_json(options, &text);
    assert_int_equal(text_status(&text), STATUS_OK);
    if (!strstr(text.data, expected))
        fail_msg("%s lacks %s", text.data, expected);
    text_free(&text);
}

/* On the command line and in a file, whose values the command line's replace. */
static void test_flags_of_several_values(void **state) {
    (void)state;
    struct options o;
    int64_t sizes[OPTION_COUNTS_MOST];
    assert_int_equal(read_line("--model a.pt,b.pt --data d --imgsz 640,0832,320", &o), STATUS_OK);
    assert_string_equal(o.model, "a.pt,b.pt");
    assert_string_equal(o.imgsz, "640,832,320");
    assert_int_equal(option_counts(o.imgsz, sizes), 3);
    assert_true(sizes[0] == 640 && sizes[1] == 832 && sizes[2] == 320);
    check_json(&o, "\"imgsz\": [640, 832, 320]");
    check_json(&o, "\"fold\": null");
    options_free(&o);
    assert_int_equal(read_line("--fold a.pt=1.txt --data d fold=b.pt=2.txt", &o), STATUS_OK);
    assert_null(o.model);
    assert_string_equal(o.fold, "a.pt=1.txt\nb.pt=2.txt");
    check_json(&o, "\"fold\": [\"a.pt=1.txt\", \"b.pt=2.txt\"]");
    check_json(&o, "\"imgsz\": 640,");
    options_free(&o);
    static const char config[] = "{\"data\": \"d\", \"imgsz\": [640, \"832\"], "
                                 "\"fold\": [\"a=1\", \"b=2\"]}";
    assert_int_equal(read_with_config(config, "", &o), STATUS_OK);
    assert_string_equal(o.imgsz, "640,832");
    assert_string_equal(o.fold, "a=1\nb=2");
    options_free(&o);
    assert_int_equal(read_with_config(config, "--fold c=3 --imgsz 96", &o), STATUS_OK);
    assert_string_equal(o.imgsz, "96");
    assert_string_equal(o.fold, "c=3");
    options_free(&o);
    assert_int_equal(read_with_config("{\"model\": [\"a\", \"b\"]}", "--data d", &o), STATUS_OK);
    assert_string_equal(o.model, "a,b");
    options_free(&o);
}

static void test_bad_flags_of_several_values(void **state) {
    (void)state;
    check_bad("--model m --data d --imgsz 640,", "--imgsz: '' is not a number");
    check_bad("--model m --data d --imgsz 640,8", "--imgsz: 8 is outside of 32 to 16384");
    check_bad("--model m --data d --imgsz 640x480", "--imgsz: '640x480' is not a number");
    check_bad("--model m --data d --imgsz 32,32,32,32,32,32,32,32,32,32,32,32,32,32,32,32,32",
              "--imgsz: more than 16 numbers");
    check_bad("--model m --fold a=1 --data d", "leave --model out");
    struct options o;
    assert_int_equal(read_with_config("{\"imgsz\": []}", "--model m --data d", &o),
                     STATUS_BAD_INPUT);
    options_free(&o);
    assert_int_equal(read_with_config("{\"fold\": [true]}", "--data d", &o), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "an element is neither a text nor a number"));
    options_free(&o);
}

static void test_config_pipe(void **state) {
    (void)state;
    char line[64];
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    snprintf(line, sizeof line, "--config /dev/fd/%d", ends[0]);
    check_bad(line, "is not a regular file");
    check_bad(line, "into a file");
    close(ends[0]);
    close(ends[1]);
}

static void test_json_names_every_flag(void **state) {
    (void)state;
    struct options o;
    struct text json = {0};
    assert_int_equal(read_line("--model m --data d --conf 0.31 --output a\"b", &o), STATUS_OK);
    options_json(&o, &json);
    assert_int_equal(text_status(&json), STATUS_OK);
    assert_non_null(strstr(json.data, "\"conf\": 0.31"));
    assert_non_null(strstr(json.data, "\"output\": \"a\\\"b\""));
    assert_non_null(strstr(json.data, "\"batch\": \"auto\""));
    assert_non_null(strstr(json.data, "\"weights\": null"));
    assert_non_null(strstr(json.data, "\"half\": true"));
    struct text help = {0};
    options_help(COMMAND_VERIFY, &help);
    /* Every name of --help but --help and --version is in the JSON. */
    for (const char *at = strstr(help.data, "\n  --"); at; at = strstr(at + 1, "\n  --")) {
        char name[64] = "\"";
        strncat(name, at + 5, strcspn(at + 5, " \n"));
        strcat(name, "\":");
        if (!strcmp(name, "\"help\":") || !strcmp(name, "\"version\":"))
            continue;
        assert_non_null(strstr(json.data, name));
    }
    text_free(&help);
    text_free(&json);
    options_free(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_bad_flags),
        cmocka_unit_test(test_config),
        cmocka_unit_test(test_other_ways_to_write_flags),
        cmocka_unit_test(test_flags_that_do_not_exist),
        cmocka_unit_test(test_words_that_are_no_flags),
        cmocka_unit_test(test_values_that_are_none),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_bad_config),
        cmocka_unit_test(test_flags_of_several_values),
        cmocka_unit_test(test_bad_flags_of_several_values),
        cmocka_unit_test(test_config_pipe),
        cmocka_unit_test(test_json_names_every_flag),
    };
    return RUN_TESTS(tests);
}
