#include "data/excerpt.h"

/* Length of the printable character at s (of `left` bytes), or 0. Latin-1's control characters
 * (C2 80 to C2 9F) and the line separators (E2 80 A8/A9) are not printable. */
static size_t printable_length(const unsigned char *s, size_t left) {
    if (s[0] < 0x80)
        return s[0] >= 0x20 && s[0] != 0x7f;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool beyond = (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf4 && s[1] > 0x8f);
    bool control = (s[0] == 0xc2 && s[1] < 0xa0) ||
                   (s[0] == 0xe2 && s[1] == 0x80 && (s[2] == 0xa8 || s[2] == 0xa9));
    return overlong || beyond || control ? 0 : length;
}

void text_excerpt(struct text *text, const char *bytes, size_t length) {
    const unsigned char *s = (const unsigned char *)bytes;
    size_t at = 0;
    while (at < length) {
        size_t n = printable_length(s + at, length - at);
        if (at + (n ? n : 1) > EXCERPT_BYTES) {
            text_string(text, "...");
            return;
        }
        if (n)
            text_bytes(text, bytes + at, n);
        else
            text_format(text, "\\x%02x", s[at]);
        at += n ? n : 1;
    }
}
