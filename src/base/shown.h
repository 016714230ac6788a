/* The one filter for all that is shown: whatever names, files and machines hold, a line on the
 * screen or in a log is one line of printable UTF-8. */
#ifndef VERIFY_BASE_SHOWN_H
#define VERIFY_BASE_SHOWN_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/text.h"

/* One character of a text. */
struct character {
    size_t length;  /* bytes, 1 to 4; 1 where they are no UTF-8 */
    bool valid;     /* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates */
    bool printable; /* valid, and nothing that moves a terminal's cursor, changes its state, ends
                       the line or reorders it: no control character of ASCII or Latin-1, no line
                       separator, no mark of direction */
};

/* The character at `bytes`, of which `left` (at least 1) are there. */
struct character character_read(const char *bytes, size_t left);

/* Appends the bytes; those of characters that are not printable become \xNN. */
void text_shown(struct text *text, const char *bytes, size_t length);

enum { SHORT_PATH_BYTES = 300 };

/* A path as a message has it, so that the reason behind it is not cut off: whole, or "…" and its
 * last SHORT_PATH_BYTES where it is longer. */
struct short_path {
    char text[SHORT_PATH_BYTES + sizeof "…"];
};
struct short_path short_path(const char *path);

enum { LINE_BYTES = 16384 }; /* longer lines are cut */

/* Writes one line (given without its newline) as text_shown has it, and flushes, so that
 * `tail -f` and a killed job show all. What cannot be written is left to the stream's error flag.
 */
void line_print(FILE *file, const char *format, ...) __attribute__((format(printf, 2, 3)));
void line_vprint(FILE *file, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* The same for a text of many lines, each with its newline. */
void lines_print(FILE *file, const char *lines);

#endif
