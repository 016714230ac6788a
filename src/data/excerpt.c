/* A user's text, made fit for a message. */
#include "data/excerpt.h"

#include "base/shown.h"

void text_excerpt(struct text *text, const char *bytes, size_t length) {
    size_t end = 0;
    while (end < length) {
        size_t step = character_read(bytes + end, length - end).length;
        if (end + step > EXCERPT_BYTES)
            break;
        end += step;
    }
    text_shown(text, bytes, end);
    if (end < length)
        text_string(text, "...");
}
