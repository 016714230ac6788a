#include "job/options.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/suffix.h"
#include "job/devices.h"

enum kind { TEXT, PATH, DEVICES, CHOICE, COUNT, REAL, SWITCH }; /* a text up to CHOICE */

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
    {"model", PATH, AT(model), 0, 0, NULL, NULL, "FILE",
     "the YOLO model: .pt, .onnx, or Darknet's .cfg with --weights"},
    {"weights", PATH, AT(weights), 0, 0, NULL, NULL, "FILE", "the .weights file of a Darknet .cfg"},
    {"data", PATH, AT(data), 0, 0, NULL, NULL, "PATH",
     "data.yaml, a folder of images, or a .txt list"},
    {"split", TEXT, AT(split), 0, 0, NULL, NULL, "NAMES",
     "of data.yaml: train,val,test (default: every one present)"},
    {"output", PATH, AT(output), 0, 0, "output", NULL, "DIR", "where results go"},
    {"config", PATH, AT(config), 0, 0, NULL, NULL, "FILE",
     "JSON with a key for each flag; the command line wins"},
    {"device", DEVICES, AT(device), 0, 0, "auto", NULL, "auto|cpu|cuda|0,1,...",
     "auto: CUDA where a device and the backend exist; numbers: of the GPUs that may be used"},
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
     "start over; removes only what a run wrote and nobody changed"},
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
     "end the job when a process gives no sign of life, or a GPU ends no batch, for so long "
     "(default: 30; 0: off)"},
    {"quiet", SWITCH, AT(quiet), 0, 0, NULL, NULL, NULL, "no lines on the screen but errors"},
    {"version", SWITCH, AT(version), 0, 0, NULL, NULL, NULL, "print the version (-V)"},
    {"help", SWITCH, AT(help), 0, 0, NULL, NULL, NULL, "print this (-h)"},
};

enum { ROWS = sizeof rows / sizeof rows[0] };
_Static_assert((int)ROWS <= (int)OPTION_ROWS, "raise OPTION_ROWS");

static void *field(const struct options *options, const struct row *row) {
    return (char *)options + row->offset;
}

size_t option_count(void) {
    return ROWS;
}

const char *option_name(size_t row) {
    return rows[row].name;
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

/* That a path is one, and nothing that a shell or a browser would make something of. */
static enum status check_path(const struct row *row, const char *value, const char *where) {
    if (strcmp(value, "~") == 0 || strncmp(value, "~/", 2) == 0)
        return FAIL(STATUS_BAD_INPUT,
                    "%s: %s: '~' means the home folder to a shell, which has not seen it (behind "
                    "'=', in quotes, in a file): write the whole path",
                    where, value);
    if (strstr(value, "://"))
        return FAIL(STATUS_BAD_INPUT, "%s: %s: is a URL: %s", where, value,
                    strcmp(row->value, "DIR") == 0
                        ? "give a folder of this machine's"
                        : "download what is there, and give the file's path");
    return STATUS_OK;
}

static enum status check_text(const struct row *row, const char *value, const char *where) {
    struct devices devices;
    if (row->kind == CHOICE && !is_choice(row->value, value))
        return FAIL(STATUS_BAD_INPUT, "%s: '%s' is not one of %s", where, value, row->value);
    if (*value == '\0')
        return FAIL(STATUS_BAD_INPUT, "%s: needs a value", where);
    if (row->kind == DEVICES && devices_read(value, &devices) != STATUS_OK)
        return status_prefix(STATUS_BAD_INPUT, "%s: ", where);
    return row->kind == PATH ? check_path(row, value, where) : STATUS_OK;
}

enum status option_set(struct options *options, size_t index, const char *value,
                       const char *where) {
    const struct row *row = &rows[index];
    if (row->kind <= CHOICE) {
        enum status status = check_text(row, value, where);
        if (status != STATUS_OK)
            return status;
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

/* --weights without --model. */
static enum status refuse_weights(const char *weights) {
    if (has_suffix(weights, ".weights"))
        return FAIL(STATUS_BAD_INPUT,
                    "--model is missing: the Darknet .cfg that --weights %s belongs to; see --help",
                    weights);
    return FAIL(STATUS_BAD_INPUT,
                "--model is missing: --weights is for a Darknet .cfg alone, any other model is "
                "--model %s; see --help",
                weights);
}

/* That the model is not given as the data set. */
static enum status check_order(const struct options *options) {
    static const char *const models[] = {".pt", ".onnx", ".cfg", ".weights", ".engine", NULL};
    const char *model = options->model, *data = options->data;
    struct stat about;
    if (!data || !has_suffix_of(data, models) ||
        (stat(data, &about) == 0 && S_ISDIR(about.st_mode)))
        return STATUS_OK;
    if (has_suffix_of(model, models))
        return FAIL(STATUS_BAD_INPUT,
                    "--data %s: is a model: a data.yaml, a folder or a .txt list is expected",
                    data);
    return FAIL(STATUS_BAD_INPUT,
                "--model %s --data %s: the two are swapped: write --model %s --data %s", model,
                data, data, model);
}

/* That what is needed is there. */
static enum status check_inputs(const struct options *options) {
    if (!options->model && options->weights)
        return refuse_weights(options->weights);
    if (!options->model)
        return FAIL(STATUS_BAD_INPUT,
                    "--model is missing: the YOLO model to verify with; see --help");
    if (!options->data && !options->inspect)
        return FAIL(STATUS_BAD_INPUT,
                    "--data is missing: data.yaml, a folder or a .txt list; see --help");
    return check_order(options);
}

enum status options_read(int argc, char **argv, struct options *options) {
    enum status status;
    bool given[ROWS] = {false};
    *options = (struct options){0};
    TRY(set_initial(options));
    TRY(command_line_read(argc, argv, given, options));
    if (options->help || options->version)
        return STATUS_OK;
    if (options->config)
        TRY(config_read(options->config, given, options));
    TRY(check_inputs(options));
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
        if (rows[i].kind <= CHOICE)
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
    text_string(
        text, "\nflag=value is --flag value (model=best.pt half=False); flags are written in full\n"
              "\nexit status: 0 done, 1 failed, 2 bad usage, config, model or data set,\n"
              "  3 with --strict, 4 with --fail-on, 130 or 143 interrupted\n");
}

/* A flag's value as JSON. */
static void append_value(const struct options *options, const struct row *row, struct text *text) {
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

void options_json(const struct options *options, struct text *text) {
    const char *separator = "{";
    for (size_t i = 0; i < ROWS; i++) {
        if (same_name(rows[i].name, "help") || same_name(rows[i].name, "version"))
            continue;
        text_format(text, "%s\"%s\": ", separator, rows[i].name);
        separator = ", ";
        append_value(options, &rows[i], text);
    }
    text_string(text, "}");
}

void options_lines(const struct options *options, struct text *text) {
    for (size_t i = 0; i < ROWS; i++) {
        text_format(text, "%s ", rows[i].name);
        append_value(options, &rows[i], text);
        text_string(text, "\n");
    }
}
