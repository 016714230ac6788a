/* Pieces of JSON. */
#include "output/fields.h"

#include <inttypes.h>

void field_next(struct text *text) {
    /* No complete value ends in one of these. */
    char last = text->length > 0 ? text->data[text->length - 1] : '\n';
    if (last != '{' && last != '[' && last != '\n')
        text_string(text, ", ");
}

void field_key(struct text *text, const char *key) {
    field_next(text);
    text_string(text, "\"");
    text_string(text, key);
    text_string(text, "\": ");
}

void field_string(struct text *text, const char *key, const char *value) {
    field_key(text, key);
    if (value)
        text_json_string(text, value);
    else
        text_string(text, "null");
}

void field_number(struct text *text, const char *key, double value, int decimals) {
    field_key(text, key);
    text_json_number(text, value, decimals);
}

void field_significant(struct text *text, const char *key, double value, int digits) {
    field_key(text, key);
    text_json_significant(text, value, digits);
}

void field_count(struct text *text, const char *key, uint64_t value) {
    field_key(text, key);
    text_count(text, value);
}

void field_class(struct text *text, const struct class_map *classes, const char *key,
                 const char *name_key, int64_t class) {
    field_key(text, key);
    if (class < 0) {
        text_string(text, "null");
        field_string(text, name_key, NULL);
        return;
    }
    text_count(text, (uint64_t) class);
    field_key(text, name_key);
    if ((size_t) class < classes->n_data)
        text_json_string(text, classes->names[class]);
    else
        text_format(text, "\"class%" PRId64 "\"", class);
}

int32_t class_in_data(const struct class_map *classes, int32_t model_class) {
    if (model_class < 0 || (size_t)model_class >= classes->n_model)
        return -1;
    return classes->to_data[model_class];
}
