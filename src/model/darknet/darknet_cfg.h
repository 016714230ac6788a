/* Darknet's .cfg: sections of key=value, one a line; private to model/.
 *
 *     [convolutional]
 *     filters=32          # blanks do not count; '#' and ';' begin a comment */
#ifndef VERIFY_MODEL_DARKNET_CFG_H
#define VERIFY_MODEL_DARKNET_CFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Texts point into struct cfg's and have no blanks and no control characters. */
struct cfg_option {
    const char *key, *value;
    size_t line; /* from 1 */
};
struct cfg_section {
    const char *name;
    size_t line;
    size_t first, n_options; /* in struct cfg's options */
};
struct cfg {
    char *text;
    size_t n_sections, section_capacity;
    struct cfg_section *sections;
    size_t n_options, option_capacity;
    struct cfg_option *options;
};

/* STATUS_BAD_INPUT, with the line, where the file is no such text. */
enum status cfg_read(const char *path, struct cfg *cfg);
void cfg_free(struct cfg *cfg);

/* Reads a text file of at most 1 MiB into *text, the caller's to free; NULL where there is no such
 * file. */
enum status small_file_read(const char *path, char **text);

/* Fails with a section's line and name in front of the reason. */
#define SECTION_FAIL(section, ...) LINE_FAIL(section, (section)->line, __VA_ARGS__)
#define LINE_FAIL(section, at, ...)                                                                \
    ((void)FAIL(STATUS_BAD_INPUT, __VA_ARGS__),                                                    \
     (void)status_prefix(STATUS_BAD_INPUT, "line %zu, [%.40s]: ", (size_t)(at), (section)->name),  \
     status_value(STATUS_BAD_INPUT))

/* The option of a key (the first, as in Darknet), or NULL. */
const struct cfg_option *cfg_find(const struct cfg *cfg, const struct cfg_section *section,
                                  const char *key);
/* Its value, or `fallback` where there is none. */
const char *cfg_text(const struct cfg *cfg, const struct cfg_section *section, const char *key,
                     const char *fallback);
/* A whole number; `fallback` where the key is absent. STATUS_BAD_INPUT where it is none or outside
 * of least to most. */
enum status cfg_integer(const struct cfg *cfg, const struct cfg_section *section, const char *key,
                        int64_t fallback, int64_t least, int64_t most, int64_t *out);
enum { CFG_LIST = 64 }; /* most values of a list */

/* What a list may hold: numbers from least to most, at most CFG_LIST of them, and whether they must
 * be whole. */
struct cfg_range {
    double least, most;
    size_t most_values;
    bool whole;
};

/* Numbers separated by commas; *count is 0 where the key is absent. STATUS_BAD_INPUT where they are
 * not as the range says. cfg_integers' are whole. */
enum status cfg_numbers(const struct cfg *cfg, const struct cfg_section *section, const char *key,
                        struct cfg_range range, double *out, size_t *count);
enum status cfg_integers(const struct cfg *cfg, const struct cfg_section *section, const char *key,
                         struct cfg_range range, int64_t *out, size_t *count);

#endif
