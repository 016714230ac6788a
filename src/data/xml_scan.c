/* Goes through XML texts. */
#include "data/xml_scan.h"

#include <stdlib.h>
#include <string.h>

/* Whether a text stands here. */
static bool stands(const struct xml_scan *scan, const char *text) {
    size_t length = strlen(text);
    return scan->length - scan->at >= length && memcmp(scan->bytes + scan->at, text, length) == 0;
}

/* Goes behind the next `text`. */
static bool go_behind(struct xml_scan *scan, const char *text) {
    while (scan->at < scan->length && !stands(scan, text))
        scan->at++;
    if (scan->at == scan->length) {
        scan->problem = "it ends too early";
        return false;
    }
    scan->at += strlen(text);
    return true;
}

/* A declaration may have others in square brackets. */
static bool skip_declaration(struct xml_scan *scan) {
    while (scan->at < scan->length && scan->bytes[scan->at] != '>' && scan->bytes[scan->at] != '[')
        scan->at++;
    return scan->at < scan->length && scan->bytes[scan->at] == '[' && !go_behind(scan, "]")
               ? false
               : go_behind(scan, ">");
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A tag from its '<' on. */
static enum xml_kind take_tag(struct xml_scan *scan, struct xml_piece *piece) {
    const char *bytes = scan->bytes;
    char quote = '\0';
    scan->at++;
    piece->kind = XML_OPEN;
    if (scan->at < scan->length && bytes[scan->at] == '/') {
        piece->kind = XML_CLOSE;
        scan->at++;
    }
    piece->name_begin = scan->at;
    while (scan->at < scan->length && !is_blank(bytes[scan->at]) && bytes[scan->at] != '>' &&
           bytes[scan->at] != '/' && bytes[scan->at] != '<')
        scan->at++;
    piece->name_end = scan->at;
    for (; scan->at < scan->length; scan->at++) {
        char c = bytes[scan->at];
        if (quote)
            quote = c == quote ? '\0' : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '>' || c == '<')
            break;
    }
    if (scan->at == scan->length || bytes[scan->at] != '>' ||
        piece->name_end == piece->name_begin) {
        scan->problem = "a tag has no name or no end";
        return piece->kind = XML_END;
    }
    piece->empty = bytes[scan->at - 1] == '/';
    piece->end = ++scan->at;
    return piece->kind;
}

enum xml_kind xml_next(struct xml_scan *scan, struct xml_piece *piece) {
    *piece = (struct xml_piece){.kind = XML_END};
    while (!scan->problem && scan->at < scan->length) {
        piece->begin = scan->at;
        if (stands(scan, "<!--")) {
            go_behind(scan, "-->");
        } else if (stands(scan, "<?")) {
            go_behind(scan, "?>");
        } else if (stands(scan, "<![CDATA[")) {
            go_behind(scan, "]]>");
        } else if (stands(scan, "<!")) {
            skip_declaration(scan);
        } else if (stands(scan, "<")) {
            return take_tag(scan, piece);
        } else {
            const char *tag = memchr(scan->bytes + scan->at, '<', scan->length - scan->at);
            scan->at = tag ? (size_t)(tag - scan->bytes) : scan->length;
            piece->end = scan->at;
            return piece->kind = XML_TEXT;
        }
    }
    return XML_END;
}

bool xml_is(const struct xml_scan *scan, const struct xml_piece *piece, const char *name) {
    size_t length = strlen(name);
    return piece->name_end - piece->name_begin == length &&
           memcmp(scan->bytes + piece->name_begin, name, length) == 0;
}

static const struct {
    const char *written;
    char meant;
} entities[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}};

/* Appends a character that is written as its number, "&#65;"; returns its length, 0 where it is
 * none below 128: others are kept as they are written. */
static size_t take_number(const char *at, size_t length, struct text *out) {
    char digits[8] = "", *end;
    const char *stop = memchr(at, ';', length);
    size_t n = stop ? (size_t)(stop - at) : 0;
    if (n < 3 || n - 2 >= sizeof digits || at[1] != '#')
        return 0;
    bool hex = at[2] == 'x';
    memcpy(digits, at + 2 + hex, n - 2 - hex);
    unsigned long code = strtoul(digits, &end, hex ? 16 : 10);
    if (end == digits || *end || code < 0x20 || code > 0x7e)
        return 0;
    text_bytes(out, &(char){(char)code}, 1);
    return n + 1;
}

void xml_scan_text(const char *bytes, size_t begin, size_t end, struct text *out) {
    text_clear(out);
    while (begin < end && is_blank(bytes[begin]))
        begin++;
    while (end > begin && is_blank(bytes[end - 1]))
        end--;
    while (begin < end) {
        size_t taken = 0;
        for (size_t i = 0; i < sizeof entities / sizeof *entities && !taken; i++) {
            size_t length = strlen(entities[i].written);
            if (end - begin >= length && memcmp(bytes + begin, entities[i].written, length) == 0) {
                text_bytes(out, &entities[i].meant, 1);
                taken = length;
            }
        }
        if (!taken && bytes[begin] == '&')
            taken = take_number(bytes + begin, end - begin, out);
        if (!taken) {
            text_bytes(out, bytes + begin, 1);
            taken = 1;
        }
        begin += taken;
    }
    text_string(out, "");
}
