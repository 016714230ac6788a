/* The table of flags, for the files here that set, read and show them. */
#ifndef VERIFY_JOB_OPTIONS_TABLE_H
#define VERIFY_JOB_OPTIONS_TABLE_H

#include <stddef.h>

#include "job/options.h"

/* What a value is. Up to OPTION_CHOICE the member is a text. */
enum option_kind {
    OPTION_FILES, /* with commas between them */
    OPTION_FILE,
    OPTION_FOLDER,
    OPTION_PATH, /* a file or a folder */
    OPTION_TEXT,
    OPTION_TEXTS,  /* repeated: each adds a line */
    OPTION_COUNTS, /* whole numbers with commas between them */
    OPTION_DEVICES,
    OPTION_CHOICE,
    OPTION_COUNT,
    OPTION_REAL,
    OPTION_SWITCH,
};

/* What a flag changes. From EFFECT_PREDICTIONS to EFFECT_MEANS a run is resumed with the same value
 * alone, and of several that differ the first in this order is named. */
enum option_effect {
    EFFECT_UNKNOWN,     /* of no row */
    EFFECT_INPUTS,      /* what is read, whose fingerprint says what it was */
    EFFECT_PREDICTIONS, /* what the network says, and what is kept of it */
    EFFECT_VERDICTS,
    EFFECT_FILES,   /* which are written */
    EFFECT_MEANS,   /* by what device, and how files are placed */
    EFFECT_NOTHING, /* of what a run writes, but for the report's times and parameters */
    EFFECT_NO_RUN,  /* a text is printed instead */
};

struct option_row {
    struct option_info info;
    enum option_kind kind;
    enum option_effect effect;
    size_t offset;         /* of the member of struct options */
    double least, most;    /* of OPTION_COUNT, OPTION_COUNTS and OPTION_REAL */
    const char *automatic; /* a word for 0; NULL: none */
    /* Of OPTION_CHOICE: the words that it takes, NULL behind the last. */
    const char *const *choices;
    /* What Ultralytics (yolo's arguments, and the flags of YOLOv5's and v7's scripts) calls it
     * where that is something else, NULL behind the last; NULL: nothing. */
    const char *const *synonyms;
};

/* Each flag's row. */
enum option_index {
#define OPTION(kind, member, ...) OPTION_AT_##member,
#include "job/options_list.h"
#undef OPTION
    OPTION_ROWS,
};

/* `row` is below OPTION_ROWS, here and below. */
const struct option_row *option_row(size_t row);
/* Whether the row's flag takes no value, unless behind '='. */
bool option_is_switch(size_t row);

/* Whether it takes several values: with commas between them, or by being repeated. */
bool option_is_list(size_t row);
bool option_is_repeated(size_t row);

/* The row's member: char *, int64_t, double or bool. */
void *option_member(struct options *options, const struct option_row *row);
const void *option_value(const struct options *options, const struct option_row *row);

/* Appends what stands for a value in --help: "N", or the choices with '|' between them. Nothing for
 * a switch. */
void option_argument(const struct option_row *row, struct text *text);

/* Whether two names are the same, '-' and '_' being alike. */
bool option_same_name(const char *a, const char *b);
/* The row of a flag's name ("no-" before a switch turns it off: *negated), or -1. */
int option_find(const char *name, bool *negated);

#endif
