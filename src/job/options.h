/* The flags, from the command line and from --config; one table describes them all. */
#ifndef VERIFY_JOB_OPTIONS_H
#define VERIFY_JOB_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* Numbers are double and int64_t so that one table can fill them; ranges are checked there. */
struct options {
    char *model, *weights, *data, *split, *output, *config; /* NULL where not given; owned */
    char *device; /* as devices_read (job/devices.h) takes it; owned */
    char *place;  /* one of the table's choices; owned */
    int64_t imgsz, max_det;
    int64_t batch, threads; /* 0: automatic */
    int64_t fail_on;        /* -1: off */
    int64_t hang_timeout;   /* seconds; 0: off */
    int64_t image_memory;   /* MiB */
    double conf, iou;
    double max_margin, max_shift, max_ghost, min_own, max_dup, missing_conf;
    bool half; /* only a backend that has fp16 looks at it */
    bool resume, overwrite, save_json, save_txt, dry_run, rect, inspect, strict, quiet;
    bool version, help;
};

/* Reads the command line, and under it the --config file that it names. STATUS_BAD_INPUT with one
 * line for an unknown flag, a value out of range, a missing --model or --data, the two swapped. On
 * failure, too, options_free must be called. */
enum status options_read(int argc, char **argv, struct options *options);
void options_free(struct options *options);

/* Appends the text of --help. */
void options_help(struct text *text);

/* Appends a JSON object of every flag in force. */
void options_json(const struct options *options, struct text *text);
/* Appends a line for each flag, --help and --version among them: "imgsz 640", the value as JSON. */
void options_lines(const struct options *options, struct text *text);

/* Sets what the command line says, and marks it in `given` (one bool a table row). Used by
 * options_read. */
enum status command_line_read(int argc, char **argv, bool *given, struct options *options);

/* Applies a JSON file's keys to the options that `given` (one bool a table row) does not mark as
 * said on the command line. Used by options_read. */
enum status config_read(const char *path, const bool *given, struct options *options);

/* Sets the option of this table row from a text, as if given on the command line; `where` begins
 * the message of a failure ("--conf", "config.json: conf"). */
enum status option_set(struct options *options, size_t row, const char *value, const char *where);
/* The row of a flag's name ('-' and '_' alike, "no-" before a switch turns it off), or -1. */
int option_find(const char *name, bool *negated);
/* How many rows there are, and a row's name, as written behind "--". */
size_t option_count(void);
const char *option_name(size_t row);
/* Whether the row is a switch (takes no value), and switching it. */
bool option_is_switch(size_t row);
void option_switch(struct options *options, size_t row, bool on);

enum { OPTION_ROWS = 36 }; /* room for all rows */

#endif
