/* The command line: a command and its words; --flag value, --flag=value, and flag=value as
 * Ultralytics' `yolo` takes it. */
#include "job/command_line.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "job/hint.h"
#include "job/options_set.h"

enum { MOST_NAME = 63 };

/* One word that begins as a flag does. */
struct flag {
    char name[MOST_NAME + 1]; /* without its dashes */
    const char *value;        /* behind '='; NULL: none */
};

/* The flag whose letter the word is behind one hyphen, or NULL. */
static const struct option_info *find_letter(const char *word) {
    for (size_t i = 0; i < option_count(); i++) {
        const char letter[] = {'-', option_info(i)->letter, '\0'};
        if (letter[1] != '\0' && strcmp(word, letter) == 0)
            return option_info(i);
    }
    return NULL;
}

/* Whether the word is a flag's, known or not: --name, --name=value, name=value or -letter. */
static bool read_flag(const char *word, struct flag *flag) {
    const struct option_info *by_letter = find_letter(word);
    if (by_letter) {
        snprintf(flag->name, sizeof flag->name, "%s", by_letter->name);
        flag->value = NULL;
        return true;
    }
    bool dashes = strncmp(word, "--", 2) == 0;
    const char *name = dashes ? word + 2 : word;
    size_t length = strcspn(name, "=");
    flag->value = name[length] == '=' ? name + length + 1 : NULL;
    if (length == 0 || (!dashes && !flag->value))
        return false;
    for (size_t i = 0; i < length && !dashes; i++)
        if (!isalnum((unsigned char)name[i]) && name[i] != '-' && name[i] != '_')
            return false; /* a path that holds a '=' */
    snprintf(flag->name, sizeof flag->name, "%.*s", (int)length, name);
    return dashes || isalpha((unsigned char)*name);
}

/* Whether a word cannot be the value of the flag before it. */
static bool is_next_flag(const char *word) {
    return strncmp(word, "--", 2) == 0 || find_letter(word);
}

static enum status fail_with_hint(const char *word, const char *problem, const struct text *hint) {
    enum status status = text_status(hint);
    if (status != STATUS_OK)
        return status;
    return FAIL(STATUS_BAD_INPUT, "%s: %s%s; see --help", word, problem,
                hint->length ? hint->data : "");
}

static enum status unknown_flag(const char *word, const char *name) {
    struct text hint = {0};
    char written[MOST_NAME + 3];
    snprintf(written, sizeof written, "%.*s", (int)strcspn(word, "="), word);
    hint_flag(name, &hint);
    enum status status = fail_with_hint(written, "no such flag", &hint);
    text_free(&hint);
    return status;
}

static enum status stray_word(const char *word, const char *after) {
    struct text hint = {0}, quoted = {0};
    text_format(&quoted, "'%s'", word);
    hint_word(word, after, &hint);
    enum status status = text_status(&quoted);
    if (status == STATUS_OK)
        status = fail_with_hint(quoted.data, "not a flag", &hint);
    text_free(&hint);
    text_free(&quoted);
    return status;
}

/* A word that is no flag: the command's next one, or a mistake. */
static enum status take_word(const char *word, const char *after, struct options *options) {
    const struct command_info *info = command_info(options->command);
    if (options->command == COMMAND_VERIFY)
        return stray_word(word, after);
    if (options->n_words == info->most)
        return FAIL(STATUS_BAD_INPUT,
                    "'%s': one word too many: is written verify %s %s; see verify %s --help", word,
                    info->word, info->arguments, info->word);
    enum status status = memory_string(word, &options->words[options->n_words]);
    options->n_words += status == STATUS_OK;
    return status;
}

static enum status check_command(const char *word, size_t row, enum command command) {
    if (option_is_for(row, command))
        return STATUS_OK;
    if (command == COMMAND_VERIFY)
        return FAIL(STATUS_BAD_INPUT, "%.60s: is not a flag of a run; see --help", word);
    return FAIL(STATUS_BAD_INPUT, "%.60s: is not a flag of verify %s; see verify %s --help", word,
                command_info(command)->word, command_info(command)->word);
}

static enum status set_switch(struct options *options, size_t row, bool negated,
                              const char *value) {
    bool on = true;
    if (value && !option_read_switch(value, &on))
        return FAIL(STATUS_BAD_INPUT, "--%s=%s: neither True nor False; see --help",
                    option_info(row)->name, value);
    option_switch(options, row, on != negated);
    return STATUS_OK;
}

enum status command_line_read(int argc, char **argv, bool *given, struct options *options) {
    enum status status = STATUS_OK;
    const char *after = NULL;
    options->command = argc > 1 ? command_find(argv[1]) : COMMAND_VERIFY;
    for (int i = options->command == COMMAND_VERIFY ? 1 : 2; i < argc; i++) {
        const char *word = argv[i];
        struct flag flag;
        bool negated;
        if (!read_flag(word, &flag)) {
            TRY(take_word(word, after, options));
            continue;
        }
        int found = option_find(flag.name, &negated);
        if (found < 0)
            return unknown_flag(word, flag.name);
        size_t row = (size_t)found;
        TRY(check_command(word, row, options->command));
        given[row] = true;
        after = option_info(row)->name;
        if (option_is_switch(row)) {
            TRY(set_switch(options, row, negated, flag.value));
            continue;
        }
        char where[MOST_NAME + 3];
        snprintf(where, sizeof where, "--%s", after);
        if (!flag.value && (i + 1 == argc || is_next_flag(argv[i + 1])))
            return FAIL(STATUS_BAD_INPUT, "%s: needs a value; see --help", where);
        TRY(option_set(options, row, flag.value ? flag.value : argv[++i], where));
    }
out:
    return status;
}
