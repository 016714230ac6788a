/* The scripts that hand JSON to the page. */
#include "review/pages/page_script.h"

#include <string.h>

#include "output/fields.h"

void page_script_begin(const char *kind, size_t file, struct text *text) {
    text_clear(text);
    text_format(text, "page_data(\"%s\", %zu, ", kind, file);
}

enum status page_script_end(struct text *text) {
    enum status status;
    struct text escaped = {0};
    text_string(text, ");\n");
    TRY(text_status(text));
    const char *at = text->data, *next;
    for (; (next = strchr(at, '<')) != NULL; at = next + 1) {
        text_bytes(&escaped, at, (size_t)(next - at));
        text_string(&escaped, "\\u003c");
    }
    text_string(&escaped, at);
    TRY(text_status(&escaped));
    struct text whole = *text;
    *text = escaped;
    escaped = whole;
out:
    text_free(&escaped);
    return status;
}

void page_script_four(struct text *text, const double numbers[4]) {
    for (int i = 0; i < 4; i++) {
        field_next(text);
        text_json_number(text, numbers[i], BOX_DECIMALS);
    }
}
