#include "job/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum kind { TEXT, CHOICE, COUNT, REAL, SWITCH };

struct row {
    const char *name;
    enum kind kind;
    size_t offset;
    double least, most;       /* of COUNT and REAL */
    const char *initial;      /* as on the command line; NULL: none, or off */
    const char *automatic;    /* a word for 0, where one is accepted */
    const char *value, *help; /* for --help; CHOICE: the choices, separated by '|' */
};

#define AT(member) offsetof(struct options, member)

static const struct row rows[] = {
    {"model", TEXT, AT(model), 0, 0, NULL, NULL, "FILE",
     "the YOLO model: .pt, .onnx, or Darknet's .cfg with --weights"},
    {"weights", TEXT, AT(weights), 0, 0, NULL, NULL, "FILE", "the .weights file of a Darknet .cfg"},
    {"data", TEXT, AT(data), 0, 0, NULL, NULL, "PATH",
     "data.yaml, a folder of images, or a .txt list"},
    {"split", TEXT, AT(split), 0, 0, NULL, NULL, "NAMES",
     "of data.yaml: train,val,test (default: every one present)"},
    {"output", TEXT, AT(output), 0, 0, "output", NULL, "DIR", "where results go"},
    {"config", TEXT, AT(config), 0, 0, NULL, NULL, "FILE",
     "JSON with a key for each flag; the command line wins"},
    {"device", CHOICE, AT(device), 0, 0, "auto", NULL, "auto|cpu|cuda",
     "auto: CUDA where a device and the backend exist"},
    {"imgsz", COUNT, AT(imgsz), 32, 16384, "640", NULL, "N", "longer side of the network's input"},
    {"batch", COUNT, AT(batch), 0, 4096, "auto", "auto", "N", "pictures a forward"},
    {"conf", REAL, AT(conf), 0, 1, "0.25", NULL, "X", "lowest confidence of saved predictions"},
    {"iou", REAL, AT(iou), 0, 1, "0.7", NULL, "X", "IoU above which NMS drops a prediction"},
    {"max-det", COUNT, AT(max_det), 1, 30000, "300", NULL, "N", "most predictions a picture"},
    {"half", SWITCH, AT(half), 0, 0, "on", NULL, NULL,
     "fp16 with fp32 accumulation, on CUDA (default); --no-half: fp32"},
    {"threads", COUNT, AT(threads), 0, 1024, "auto", "auto", "N",
     "CPU threads a rank, decoding included (default: cores / local ranks)"},
    {"image-memory", COUNT, AT(image_memory), 16, 1 << 24, "2048", NULL, "MIB",
     "memory for decoded pictures a rank; a picture that needs more fails"},
    {"place", CHOICE, AT(place), 0, 0, "hardlink", NULL, "hardlink|symlink|copy|none",
     "how images get into the output; labels are always copies"},
    {"max-margin", REAL, AT(max_margin), -100, 100, "4", NULL, "X",
     "mislabeled above this log ratio of another class's evidence to the label's own"},
    {"max-shift", REAL, AT(max_shift), -100, 100, "2", NULL, "X",
     "misplaced above this log ratio of evidence near the box to evidence at it"},
    {"max-ghost", REAL, AT(max_ghost), -100, 100, "5", NULL, "X",
     "unseen above this measure of nothing being there"},
    {"min-own", REAL, AT(min_own), 0, 1, "0.15", NULL, "X",
     "evidence for its class that a correct label has at least"},
    {"max-dup", REAL, AT(max_dup), 0, 2, "0.7", NULL, "X",
     "IoU with a better label from which on a label is a duplicate"},
    {"missing-conf", REAL, AT(missing_conf), 0.05, 1, "0.5", NULL, "X",
     "confidence from which on an object without a label is missing"},
    {"resume", SWITCH, AT(resume), 0, 0, NULL, NULL, NULL,
     "continue an interrupted run, with any number of processes"},
    {"overwrite", SWITCH, AT(overwrite), 0, 0, NULL, NULL, NULL,
     "start over; removes only what a run makes"},
    {"save-json", SWITCH, AT(save_json), 0, 0, NULL, NULL, NULL,
     "write predictions.json (COCO results)"},
    {"save-txt", SWITCH, AT(save_txt), 0, 0, NULL, NULL, NULL, "write labels as predicted"},
    {"dry-run", SWITCH, AT(dry_run), 0, 0, NULL, NULL, NULL,
     "list images, labels and problems; run no model, write nothing"},
    {"rect", SWITCH, AT(rect), 0, 0, NULL, NULL, NULL,
     "rectangular inputs, as Ultralytics' predict"},
    {"inspect", SWITCH, AT(inspect), 0, 0, NULL, NULL, NULL, "print the model; run nothing"},
    {"strict", SWITCH, AT(strict), 0, 0, NULL, NULL, NULL,
     "exit 3 where images failed or label lines were invalid"},
    {"fail-on", COUNT, AT(fail_on), -1, 9e15, "-1", NULL, "N",
     "exit 4 where more than N boxes are mislabeled (default: off)"},
    {"hang-timeout", COUNT, AT(hang_timeout), 0, 86400, "30", NULL, "SECONDS",
     "end the job when a process gives no sign of life for so long (default: 30; 0: off)"},
    {"quiet", SWITCH, AT(quiet), 0, 0, NULL, NULL, NULL, "no lines on the screen but errors"},
    {"version", SWITCH, AT(version), 0, 0, NULL, NULL, NULL, "print the version"},
    {"help", SWITCH, AT(help), 0, 0, NULL, NULL, NULL, "print this"},
};

enum { ROWS = sizeof rows / sizeof rows[0] };
_Static_assert((int)ROWS <= (int)OPTION_ROWS, "raise OPTION_ROWS");

static void *field(const struct options *options, const struct row *row) {
    return (char *)options + row->offset;
}

bool option_is_switch(size_t row) {
    return rows[row].kind == SWITCH;
}

void option_switch(struct options *options, size_t row, bool on) {
    *(bool *)field(options, &rows[row]) = on;
}

static bool same_name(const char *a, const char *b) {
    for (; *a && *b; a++, b++)
        if (*a != *b && !(strchr("-_", *a) && strchr("-_", *b)))
            return false;
    return *a == *b;
}

int option_find(const char *name, bool *negated) {
    *negated = false;
    for (size_t i = 0; i < ROWS; i++)
        if (same_name(name, rows[i].name))
            return (int)i;
    if (strncmp(name, "no-", 3) != 0 && strncmp(name, "no_", 3) != 0)
        return -1;
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].kind == SWITCH && same_name(name + 3, rows[i].name)) {
            *negated = true;
            return (int)i;
        }
    return -1;
}

static bool is_choice(const char *choices, const char *value) {
    size_t length = strlen(value);
    for (const char *at = choices; *at; at += strcspn(at, "|") + (at[strcspn(at, "|")] == '|'))
        if (strcspn(at, "|") == length && strncmp(at, value, length) == 0)
            return length > 0;
    return false;
}

enum status option_set(struct options *options, size_t index, const char *value,
                       const char *where) {
    const struct row *row = &rows[index];
    if (row->kind == TEXT || row->kind == CHOICE) {
        if (row->kind == CHOICE && !is_choice(row->value, value))
            return FAIL(STATUS_BAD_INPUT, "%s: '%s' is not one of %s", where, value, row->value);
        if (*value == '\0')
            return FAIL(STATUS_BAD_INPUT, "%s: needs a value", where);
        char **text = field(options, row);
        free(*text);
        *text = NULL;
        return memory_string(value, text);
    }
    double number = 0;
    if (!row->automatic || strcmp(value, row->automatic) != 0) {
        char *end;
        errno = 0;
        number = strtod(value, &end);
        if (end == value || *end || errno || !isfinite(number))
            return FAIL(STATUS_BAD_INPUT, "%s: '%s' is not a number", where, value);
        if (row->kind == COUNT && number != floor(number))
            return FAIL(STATUS_BAD_INPUT, "%s: %s is not a whole number", where, value);
        if (number < row->least || number > row->most)
            return FAIL(STATUS_BAD_INPUT, "%s: %s is outside of %.17g to %.17g", where, value,
                        row->least, row->most);
    }
    if (row->kind == COUNT)
        *(int64_t *)field(options, row) = (int64_t)number;
    else
        *(double *)field(options, row) = number;
    return STATUS_OK;
}

static enum status set_initial(struct options *options) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].kind == SWITCH)
            option_switch(options, i, rows[i].initial != NULL);
        else if (rows[i].initial)
            TRY(option_set(options, i, rows[i].initial, rows[i].name));
    }
out:
    return status;
}

/* getopt's table: every flag, and --no-NAME for each switch that starts on. */
static size_t long_options(struct option *table) {
    size_t n = 0;
    for (size_t i = 0; i < ROWS; i++)
        table[n++] = (struct option){
            rows[i].name, rows[i].kind == SWITCH ? no_argument : required_argument, NULL, (int)i};
    bool negated;
    table[n++] =
        (struct option){"no-half", no_argument, NULL, option_find("half", &negated) + ROWS};
    table[n] = (struct option){0};
    return n;
}

static enum status command_line(int argc, char **argv, bool *given, struct options *options) {
    enum status status = STATUS_OK;
    struct option table[ROWS + 2];
    long_options(table);
    optind = 0; /* glibc: a fresh scan */
    opterr = 0;
    int found;
    while ((found = getopt_long(argc, argv, "+:", table, NULL)) != -1) {
        if (found == '?' || found == ':') {
            const char *flag = argv[optind > 0 ? optind - 1 : 0];
            return FAIL(STATUS_BAD_INPUT, "%s: %s; see --help", flag,
                        found == ':' ? "needs a value"
                                     : "no such flag, or not to be used like this");
        }
        size_t row = (size_t)found % ROWS;
        given[row] = true;
        if (rows[row].kind == SWITCH) {
            option_switch(options, row, found < (int)ROWS);
            continue;
        }
        char where[64] = "--";
        strncat(where, rows[row].name, sizeof where - 3);
        TRY(option_set(options, row, optarg, where));
    }
    if (optind < argc)
        return FAIL(STATUS_BAD_INPUT, "'%s': not a flag; see --help", argv[optind]);
out:
    return status;
}

enum status options_read(int argc, char **argv, struct options *options) {
    enum status status;
    bool given[ROWS] = {false};
    *options = (struct options){0};
    TRY(set_initial(options));
    TRY(command_line(argc, argv, given, options));
    if (options->help || options->version)
        return STATUS_OK;
    if (options->config)
        TRY(config_read(options->config, given, options));
    if (!options->model)
        return FAIL(STATUS_BAD_INPUT,
                    "--model is missing: the YOLO model to verify with; see --help");
    if (!options->data && !options->inspect)
        return FAIL(STATUS_BAD_INPUT,
                    "--data is missing: data.yaml, a folder or a .txt list; see --help");
    bool unused;
    if (options->resume && options->overwrite) {
        /* One on the command line wins over the other in the file. */
        bool resume = given[option_find("resume", &unused)];
        bool overwrite = given[option_find("overwrite", &unused)];
        options->resume = resume || !overwrite;
        options->overwrite = overwrite || !resume;
    }
    if (options->resume && options->overwrite)
        return FAIL(STATUS_BAD_INPUT, "--resume and --overwrite: only one of them at a time");
out:
    return status;
}

void options_free(struct options *options) {
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].kind == TEXT || rows[i].kind == CHOICE)
            free(*(char **)field(options, &rows[i]));
    *options = (struct options){0};
}

void options_help(struct text *text) {
    text_string(text, "usage: verify --model FILE --data PATH [flags]\n"
                      "       mpirun -np N verify --model FILE --data PATH [flags]\n\n"
                      "Verifies YOLO labels with a trained YOLO model and sorts the images into\n"
                      "DIR/{correct,mislabeled,uncertain}.\n\n");
    for (size_t i = 0; i < ROWS; i++) {
        char flag[64];
        int n = snprintf(flag, sizeof flag, "--%s%s%s", rows[i].name, rows[i].value ? " " : "",
                         rows[i].value ? rows[i].value : "");
        text_format(text, n <= 20 ? "  %-20s  %s" : "  %s\n                        %s", flag,
                    rows[i].help);
        if (rows[i].kind != SWITCH && rows[i].initial && !strstr(rows[i].help, "default"))
            text_format(text, " (default: %s)", rows[i].initial);
        text_string(text, "\n");
    }
    text_string(text, "\nexit status: 0 done, 1 failed, 2 bad usage, config, model or data set,\n"
                      "  3 with --strict, 4 with --fail-on, 130 or 143 interrupted\n");
}

void options_json(const struct options *options, struct text *text) {
    const char *separator = "{";
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &rows[i];
        if (same_name(row->name, "help") || same_name(row->name, "version"))
            continue;
        text_format(text, "%s\"%s\": ", separator, row->name);
        separator = ", ";
        if (row->kind == SWITCH)
            text_string(text, *(bool *)field(options, row) ? "true" : "false");
        else if (row->kind == COUNT && row->automatic && *(int64_t *)field(options, row) == 0)
            text_json_string(text, row->automatic);
        else if (row->kind == COUNT)
            text_format(text, "%lld", (long long)*(int64_t *)field(options, row));
        else if (row->kind == REAL)
            text_json_number(text, *(double *)field(options, row), 6);
        else if (*(char **)field(options, row))
            text_json_string(text, *(char **)field(options, row));
        else
            text_string(text, "null");
    }
    text_string(text, "}");
}
