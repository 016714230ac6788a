/* The pieces that records and the report are written with: `"key": value`, with ", " before it
 * wherever something stands before it in its object or array. Internal to src/output. */
#ifndef VERIFY_OUTPUT_FIELDS_H
#define VERIFY_OUTPUT_FIELDS_H

#include "base/text.h"
#include "data/dataset.h"

/* The separator, where one is due: for items of an array. */
void field_next(struct text *text);
/* `"key": `; `key` needs no escaping. */
void field_key(struct text *text, const char *key);
void field_string(struct text *text, const char *key, const char *value); /* NULL: null */
void field_number(struct text *text, const char *key, double value, int decimals);
/* With significant digits instead of decimals. */
void field_significant(struct text *text, const char *key, double value, int digits);
void field_count(struct text *text, const char *key, uint64_t value);
/* A class of the data set, by number and by name ("class7" beyond the map); null for -1. */
void field_class(struct text *text, const struct class_map *classes, const char *key,
                 const char *name_key, int64_t class);

/* The data set's number of a class of the model; -1 where it has none. */
int32_t class_in_data(const struct class_map *classes, int32_t model_class);

#endif
