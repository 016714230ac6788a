/* Making lines fit to be shown, and printing them: the one place from which lines go out. */
#include "base/shown.h"

#include <stdint.h>
#include <string.h>

/* Characters that are no text, from first to last. */
static const struct {
    uint32_t first, last;
} hidden[] = {
    {0x0080, 0x009f}, /* control characters; ASCII's are seen to before */
    {0x061c, 0x061c}, {0x200e, 0x200f}, {0x202a, 0x202e}, {0x2066, 0x2069}, /* direction */
    {0x2028, 0x2029}, /* separators of lines and paragraphs */
};

static bool is_printable(uint32_t code) {
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        if (code >= hidden[i].first && code <= hidden[i].last)
            return false;
    return true;
}

struct character character_read(const char *bytes, size_t left) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000}; /* of a character's length */
    const unsigned char *s = (const unsigned char *)bytes;
    struct character character = {.length = 1};
    if (s[0] < 0x80) {
        character.valid = true;
        character.printable = s[0] >= 0x20 && s[0] != 0x7f; /* by far the most */
        return character;
    }
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    uint32_t code = s[0] & (0x7fU >> length);
    if (s[0] < 0xc2 || s[0] > 0xf4 || length > left)
        return character;
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return character;
        code = code << 6 | (s[i] & 0x3f);
    }
    if (code < least[length] || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff)
        return character;
    return (struct character){length, true, is_printable(code)};
}

enum { SHOWN_BYTES = 4 }; /* \xNN: what a byte is shown as, at the most */

/* A part of a text and what is shown for it. */
struct piece {
    const char *shown; /* into the text, or `escaped` */
    size_t length;
    char escaped[4 * SHOWN_BYTES + 1]; /* each byte of a character */
};

/* The first piece: as many printable characters as there are, or one that is not. Returns how many
 * bytes (left is at least 1) it stands for. */
static size_t piece_take(const char *bytes, size_t left, struct piece *piece) {
    size_t run = 0;
    struct character character = character_read(bytes, left);
    while (character.printable) {
        run += character.length;
        if (run == left)
            break;
        character = character_read(bytes + run, left - run);
    }
    if (run > 0) {
        piece->shown = bytes;
        piece->length = run;
        return run;
    }
    for (size_t i = 0; i < character.length; i++)
        snprintf(piece->escaped + 4 * i, 5, "\\x%02x", (unsigned char)bytes[i]);
    piece->shown = piece->escaped;
    piece->length = 4 * character.length;
    return character.length;
}

void text_shown(struct text *text, const char *bytes, size_t length) {
    struct piece piece;
    for (size_t at = 0; at < length;) {
        at += piece_take(bytes + at, length - at, &piece);
        text_bytes(text, piece.shown, piece.length);
    }
}

struct short_path short_path(const char *path) {
    struct short_path made;
    size_t length = strlen(path);
    bool cut = length > SHORT_PATH_BYTES;
    const char *at = cut ? path + length - SHORT_PATH_BYTES : path;
    while (cut && (*at & 0xc0) == 0x80)
        at++; /* not amid a character */
    snprintf(made.text, sizeof made.text, "%s%s", cut ? "…" : "", at);
    return made;
}

/* As text_shown, without needing memory. */
static void put_shown(FILE *file, const char *bytes, size_t length) {
    struct piece piece;
    for (size_t at = 0; at < length;) {
        at += piece_take(bytes + at, length - at, &piece);
        fwrite(piece.shown, 1, piece.length, file);
    }
}

/* The same into `shown`, which has room for SHOWN_BYTES a byte. Returns how many there are. */
static size_t copy_shown(char *shown, const char *bytes, size_t length) {
    struct piece piece;
    size_t end = 0;
    for (size_t at = 0; at < length;) {
        at += piece_take(bytes + at, length - at, &piece);
        memcpy(shown + end, piece.shown, piece.length);
        end += piece.length;
    }
    return end;
}

void line_vprint(FILE *file, const char *format, va_list args) {
    char line[LINE_BYTES], shown[(size_t)SHOWN_BYTES * LINE_BYTES + sizeof "...\n"];
    int length = vsnprintf(line, sizeof line, format, args);
    const char *end = length >= (int)sizeof line ? "...\n" : "\n";
    size_t bytes = copy_shown(shown, line, length < 0 ? 0 : strlen(line));
    snprintf(shown + bytes, sizeof shown - bytes, "%s", end);
    /* At once, since stderr keeps nothing: mpirun might put others' lines before a line's end. */
    fwrite(shown, 1, bytes + strlen(end), file);
    fflush(file);
}

void line_print(FILE *file, const char *format, ...) {
    va_list args;
    va_start(args, format);
    line_vprint(file, format, args);
    va_end(args);
}

void lines_print(FILE *file, const char *lines) {
    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n");
        put_shown(file, lines, length);
        lines += length;
        if (*lines == '\n')
            fputc(*lines++, file);
    }
    fflush(file);
}
