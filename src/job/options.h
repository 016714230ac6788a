/* The flags, from the command line and from --config. options_list.h has a row for each. */
#ifndef VERIFY_JOB_OPTIONS_H
#define VERIFY_JOB_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "job/commands.h"

/* A value's type, by its kind in the list. */
#define OPTION_TYPE_FILES   char *
#define OPTION_TYPE_FILE    char *
#define OPTION_TYPE_FOLDER  char *
#define OPTION_TYPE_PATH    char *
#define OPTION_TYPE_TEXT    char *
#define OPTION_TYPE_TEXTS   char *
#define OPTION_TYPE_COUNTS  char *
#define OPTION_TYPE_DEVICES char *
#define OPTION_TYPE_CHOICE  char *
#define OPTION_TYPE_COUNT   int64_t
#define OPTION_TYPE_REAL    double
#define OPTION_TYPE_SWITCH  bool

/* A member for each flag, in the list's order. Texts are NULL where not given, and owned; ranges
 * were checked when a value was set. Of a flag that is repeated each value is a line. */
struct options {
#define OPTION(kind, member, ...) OPTION_TYPE_##kind member;
#include "job/options_list.h"
#undef OPTION
    bool imgsz_given; /* on the command line or in --config */
    enum command command;
    size_t n_words;
    char *words[COMMAND_WORDS_MOST]; /* behind the command, in their order; owned */
};

/* The whole numbers of a flag that takes several with commas between them, as `imgsz`: writes at
 * most OPTION_COUNTS_MOST of them, and returns how many. */
enum { OPTION_COUNTS_MOST = 16 };
size_t option_counts(const char *value, int64_t counts[OPTION_COUNTS_MOST]);

/* Reads the command line: a command and its words, if its first word is one, and flags; of a run,
 * under it the --config file that it names. STATUS_BAD_INPUT with one line for a flag that is
 * unknown or not the command's, a value out of range, words too many or too few, of a run a missing
 * --model or --data, the two swapped. On failure, too, options_free must be called. */
enum status options_read(int argc, char **argv, struct options *options);
void options_free(struct options *options);

/* Appends the text of a command's --help. */
void options_help(enum command command, struct text *text);

/* Appends a JSON object of every flag of a run in force. */
void options_json(const struct options *options, struct text *text);
/* Appends a line for each flag, --help and --version among them: "imgsz 640", the value as JSON;
 * and one for the command and its words. */
void options_lines(const struct options *options, struct text *text);
/* Appends, for each flag that changes what a run writes, its name with "--", a NUL, its value as
 * text ("" where not given), a NUL. A run may be resumed where all are the same. What --model,
 * --weights, --data and --split name is not among them: a fingerprint says what was in it. */
void options_results(const struct options *options, struct text *text);
/* The same of the flags that verdicts alone depend on. */
void options_verdicts(const struct options *options, struct text *text);

/* What a manual says of a flag, and a shell needs to complete it. */
struct option_info {
    const char *name;              /* as written behind "--" */
    char letter;                   /* as written behind "-"; '\0': none */
    const char *argument;          /* "FILE", "DIR", "N"; NULL: a switch */
    const char *initial;           /* the value where none is given, of a switch "on"; NULL: none */
    const char *help;              /* one line */
    const char *group;             /* a heading */
    const char *const *suffixes;   /* of the files that it takes, NULL behind the last; NULL: any */
    bool takes_path, takes_folder; /* a path; one of a folder alone */
    unsigned commands;             /* that take it: FOR(…); 0: a run alone */
};

/* How many flags there are, and one of them, in the order of --help. */
size_t option_count(void);
const struct option_info *option_info(size_t row);
/* Whether the command takes the flag of this row. */
bool option_is_for(size_t row, enum command command);
/* Appends the words that the flag of this row takes as its value, with `separator` between them;
 * nothing where there are none. Those of --device are the backends that their table has. */
void option_choices(size_t row, const char *separator, struct text *text);

#endif
