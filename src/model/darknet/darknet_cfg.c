/* Reads Darknet's .cfg into sections, and their options into numbers. */
#include "model/darknet/darknet_cfg.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

enum { MOST_BYTES = 1 << 20, MOST_SECTIONS = 4096 };

enum status small_file_read(const char *path, char **text) {
    enum status status = STATUS_OK;
    struct stat about;
    int file = file_open(path, 0, &about);
    *text = NULL;
    if (file == FILE_NOT_REGULAR)
        return FAIL(STATUS_BAD_INPUT, "is no regular file");
    if (file < 0 && errno == ENOENT)
        return STATUS_OK;
    if (file < 0)
        return FAIL(STATUS_BAD_INPUT, "cannot be opened: %m");
    if (about.st_size > MOST_BYTES) {
        status = FAIL(STATUS_BAD_INPUT, "has %" PRIu64 " bytes; a text of %d at most is expected",
                      (uint64_t)about.st_size, MOST_BYTES);
        goto out;
    }
    TRY(memory_zeroed((size_t)about.st_size + 1, 1, text));
    if (file_read(file, *text, (size_t)about.st_size) < about.st_size)
        status = FAIL(STATUS_BAD_INPUT, "cannot be read to its end");
    else if (strlen(*text) < (size_t)about.st_size)
        status = FAIL(STATUS_BAD_INPUT, "is no text: it has a NUL byte");
out:
    close(file);
    if (status != STATUS_OK) {
        free(*text);
        *text = NULL;
    }
    return status;
}

/* Takes blanks, the comment and what could break a message's line out of a line. */
static void clean_line(char *line) {
    char *to = line;
    for (const char *from = line; *from != '\0' && *from != '#' && *from != ';'; from++)
        if (*from != ' ' && *from != '\t' && *from != '\r')
            *to++ = (unsigned char)*from < ' ' || *from == 127 ? '?' : *from;
    *to = '\0';
}

static enum status add_section(struct cfg *cfg, char *line, size_t number) {
    enum status status;
    size_t length = strlen(line);
    if (line[length - 1] != ']')
        return FAIL(STATUS_BAD_INPUT, "line %zu: '%.40s' begins a section without ending it: ']'",
                    number, line);
    if (cfg->n_sections == MOST_SECTIONS)
        return FAIL(STATUS_BAD_INPUT, "line %zu: more than %d sections", number, MOST_SECTIONS);
    line[length - 1] = '\0';
    TRY(memory_reserve(&cfg->sections, &cfg->section_capacity, cfg->n_sections + 1,
                       sizeof *cfg->sections));
    cfg->sections[cfg->n_sections++] =
        (struct cfg_section){.name = line + 1, .line = number, .first = cfg->n_options};
out:
    return status;
}

static enum status add_option(struct cfg *cfg, char *line, size_t number) {
    enum status status;
    char *equals = strchr(line, '=');
    if (equals == NULL || equals == line)
        return FAIL(STATUS_BAD_INPUT, "line %zu: '%.40s' is neither [section] nor key=value",
                    number, line);
    if (cfg->n_sections == 0)
        return FAIL(STATUS_BAD_INPUT, "line %zu: '%.40s' stands before the first section, [net]",
                    number, line);
    *equals = '\0';
    TRY(memory_reserve(&cfg->options, &cfg->option_capacity, cfg->n_options + 1,
                       sizeof *cfg->options));
    cfg->options[cfg->n_options++] = (struct cfg_option){line, equals + 1, number};
    cfg->sections[cfg->n_sections - 1].n_options++;
out:
    return status;
}

enum status cfg_read(const char *path, struct cfg *cfg) {
    enum status status;
    size_t number = 1;
    *cfg = (struct cfg){0};
    TRY(small_file_read(path, &cfg->text));
    if (cfg->text == NULL) {
        status = FAIL(STATUS_BAD_INPUT, "cannot be opened: %s", strerror(ENOENT));
        goto out;
    }
    char *line = cfg->text;
    if (strncmp(line, "\xEF\xBB\xBF", 3) == 0) /* byte order mark */
        line += 3;
    for (char *next; line != NULL; line = next, number++) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        clean_line(line);
        if (*line == '[')
            TRY(add_section(cfg, line, number));
        else if (*line != '\0')
            TRY(add_option(cfg, line, number));
    }
out:
    if (status != STATUS_OK)
        cfg_free(cfg);
    return status;
}

void cfg_free(struct cfg *cfg) {
    free(cfg->text);
    free(cfg->sections);
    free(cfg->options);
    *cfg = (struct cfg){0};
}

const struct cfg_option *cfg_find(const struct cfg *cfg, const struct cfg_section *section,
                                  const char *key) {
    for (size_t i = section->first; i < section->first + section->n_options; i++)
        if (strcmp(cfg->options[i].key, key) == 0)
            return &cfg->options[i];
    return NULL;
}

const char *cfg_text(const struct cfg *cfg, const struct cfg_section *section, const char *key,
                     const char *fallback) {
    const struct cfg_option *option = cfg_find(cfg, section, key);
    return option == NULL ? fallback : option->value;
}

/* The number that begins at *at, and past the comma behind it. */
static bool take_number(const char **at, double *out) {
    char *end;
    if (strspn(*at, "+-.0123456789eE") != strcspn(*at, ",")) /* no "nan", "inf", "0x1" */
        return false;
    *out = strtod(*at, &end);
    if (end == *at || (*end != '\0' && *end != ','))
        return false;
    *at = end + (*end == ',');
    return true;
}

enum status cfg_numbers(const struct cfg *cfg, const struct cfg_section *section, const char *key,
                        struct cfg_range range, double *out, size_t *count) {
    const struct cfg_option *option = cfg_find(cfg, section, key);
    *count = 0;
    if (option == NULL)
        return STATUS_OK;
    const char *at = option->value;
    do {
        double value;
        if (*count == range.most_values)
            return LINE_FAIL(section, option->line, "%.40s has more than %zu value%s", key,
                             range.most_values, range.most_values == 1 ? "" : "s");
        if (!take_number(&at, &value) || !(value >= range.least && value <= range.most) ||
            (range.whole && value != floor(value)))
            return LINE_FAIL(section, option->line, "%.40s=%.40s: %s from %.9g to %.9g is needed",
                             key, option->value, range.whole ? "a whole number" : "a number",
                             range.least, range.most);
        out[(*count)++] = value;
    } while (*at != '\0');
    return STATUS_OK;
}

enum status cfg_integers(const struct cfg *cfg, const struct cfg_section *section, const char *key,
                         struct cfg_range range, int64_t *out, size_t *count) {
    double values[CFG_LIST];
    range.whole = true;
    enum status status = cfg_numbers(cfg, section, key, range, values, count);
    for (size_t i = 0; status == STATUS_OK && i < *count; i++)
        out[i] = (int64_t)values[i];
    return status;
}

enum status cfg_integer(const struct cfg *cfg, const struct cfg_section *section, const char *key,
                        int64_t fallback, int64_t least, int64_t most, int64_t *out) {
    size_t count;
    const struct cfg_range range = {.least = (double)least, .most = (double)most, .most_values = 1};
    enum status status = cfg_integers(cfg, section, key, range, out, &count);
    if (status == STATUS_OK && count == 0)
        *out = fallback;
    return status;
}
