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

#include "job/options.h"

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
    assert_int_equal(o.imgsz, 640);
    assert_int_equal(o.batch, 0);
    assert_int_equal(o.max_det, 300);
    assert_int_equal(o.fail_on, -1);
    assert_int_equal(o.hang_timeout, 30);
    assert_true(o.conf == 0.25 && o.iou == 0.7 && o.max_margin == 4 && o.max_shift == 2);
    assert_true(o.max_ghost == 5 && o.min_own == 0.15 && o.max_dup == 0.7 && o.missing_conf == 0.5);
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
    assert_int_equal(read_with_config("{\"model\": \"m\", \"data\": \"d\", \"conf\": 0.3, "
                                      "\"max_det\": 9, \"save-json\": true, \"half\": false, "
                                      "\"iou\": 0.5, \"batch\": \"auto\", \"split\": null, "
                                      "\"paths\": {\"output_base\": \"results\"}}",
                                      "--iou 0.6", &o),
                     STATUS_OK);
    assert_string_equal(o.model, "m");
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
    options_help(&help);
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
        cmocka_unit_test(test_defaults),   cmocka_unit_test(test_flags),
        cmocka_unit_test(test_bad_flags),  cmocka_unit_test(test_config),
        cmocka_unit_test(test_bad_config), cmocka_unit_test(test_json_names_every_flag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
