/* Text as XML 1.0 has it. */
#include "review/export/xml.h"

#include <string.h>

#include "base/shown.h"

/* Control characters but tabs and ends of lines, and the last two characters of the first plane. */
static bool is_allowed(const char *bytes, struct character character) {
    unsigned char first = (unsigned char)*bytes;
    if (!character.valid)
        return false;
    if (character.length == 1)
        return first >= 0x20 || first == '\t' || first == '\n' || first == '\r';
    return character.length != 3 ||
           (memcmp(bytes, "\xef\xbf\xbe", 3) != 0 && memcmp(bytes, "\xef\xbf\xbf", 3) != 0);
}

static const char *escape_of(char byte) {
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\t':
        return "&#9;";
    case '\n':
        return "&#10;";
    case '\r':
        return "&#13;";
    default:
        return NULL;
    }
}

void xml_text(struct text *text, const char *string) {
    size_t length = strlen(string);
    for (size_t at = 0; at < length;) {
        struct character character = character_read(string + at, length - at);
        const char *escape = escape_of(string[at]);
        if (!is_allowed(string + at, character))
            text_string(text, "\xef\xbf\xbd");
        else if (escape)
            text_string(text, escape);
        else
            text_bytes(text, string + at, character.length);
        at += character.length;
    }
}

void xml_attribute(struct text *text, const char *name, const char *value) {
    text_format(text, " %s=\"", name);
    xml_text(text, value);
    text_string(text, "\"");
}
