/* What two runs were told that makes them find different things. */
#include "review/diff/settings.h"

#include <string.h>

#include "job/options_table.h"

/* Where the images lie does not matter: they are compared by name. */
static bool matters(const struct option_row *row) {
    return row->effect >= EFFECT_INPUTS && row->effect <= EFFECT_VERDICTS &&
           strcmp(row->info.name, "data") != 0;
}

static struct json_object *value_of(const struct run_results *results, const char *name) {
    struct json_object *value = NULL;
    json_object_object_get_ex(json_member(results->report, "parameters", json_type_object), name,
                              &value);
    return value;
}

void settings_compare(const struct run_results *old, const struct run_results *new,
                      setting_differs *each, void *context) {
    for (size_t i = 0; i < option_count(); i++) {
        const char *name = option_info(i)->name;
        struct json_object *a = value_of(old, name), *b = value_of(new, name);
        if (matters(option_row(i)) && !json_object_equal(a, b))
            each(context, name, a ? json_object_to_json_string(a) : "null",
                 b ? json_object_to_json_string(b) : "null");
    }
}
