/* Which class of the model each class of the data set is, by name. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/class_names.h"
#include "data/dataset.h"
#include "data/excerpt.h"

enum { NAMES_SAID = 4 };

static size_t match_names(struct class_side *data, struct class_side *model,
                          struct class_map *map) {
    class_side_sort(data);
    class_side_sort(model);
    size_t d = 0, m = 0, matched = 0;
    while (d < data->count && m < model->count) {
        int order = strcmp(data->keys[d].folded, model->keys[m].folded);
        size_t first_data, first_model;
        size_t n_data = class_side_group(data, d, &first_data);
        size_t n_model = class_side_group(model, m, &first_model);
        bool pairs = n_data == n_model;
        for (size_t i = 0; order == 0 && i < n_data; i++)
            map->to_model[data->keys[d + i].number] =
                (int32_t)(pairs ? model->keys[m + i].number : first_model);
        for (size_t i = 0; order == 0 && i < n_model; i++)
            map->to_data[model->keys[m + i].number] =
                (int32_t)(pairs ? data->keys[d + i].number : first_data);
        matched += order == 0;
        d += order <= 0 ? n_data : 0;
        m += order >= 0 ? n_model : 0;
    }
    return matched;
}

static void match_numbers(struct class_map *map) {
    for (size_t i = 0; i < map->n_data; i++)
        map->to_model[i] = map->to_data[i] = (int32_t)i;
}

static void list_names(struct text *text, const char *const *names, size_t count) {
    for (size_t i = 0; i < count && i < NAMES_SAID; i++) {
        text_string(text, i ? ", " : "");
        text_excerpt(text, names[i], strlen(names[i]));
    }
    text_string(text, count > NAMES_SAID ? ", ..." : "");
}

static enum status nothing_shared(const char *const *data_names, size_t n_data, bool data_generic,
                                  const char *const *model_names, size_t n_model,
                                  bool model_generic) {
    struct text text = {0};
    if (data_generic || model_generic) {
        text_format(&text,
                    "the %s has no class names of its own, and the numbers of classes differ: %zu "
                    "in the data set, %zu in the model; give 'names' in data.yaml, or use the "
                    "model trained on this data set",
                    model_generic ? "model" : "data set", n_data, n_model);
    } else {
        text_string(&text, "the data set and the model share no class name: the data set has ");
        list_names(&text, data_names, n_data);
        text_string(&text, "; the model has ");
        list_names(&text, model_names, n_model);
        text_string(&text, "; check 'names' in data.yaml, and --model");
    }
    enum status status = text_status(&text);
    if (status == STATUS_OK)
        status = FAIL(STATUS_BAD_INPUT, "%s", text.data);
    text_free(&text);
    return status;
}

static enum status map_allocate(const char *const *names, size_t n_data, size_t n_model,
                                struct class_map *map) {
    enum status status;
    if (n_data > INT32_MAX || n_model > INT32_MAX)
        return FAIL(STATUS_BAD_INPUT, "too many classes: %zu and %zu", n_data, n_model);
    TRY(memory_zeroed(n_data, sizeof *map->names, &map->names));
    map->n_data = n_data;
    map->n_model = n_model;
    for (size_t i = 0; i < n_data; i++)
        TRY(memory_string(names[i], &map->names[i]));
    TRY(memory_zeroed(n_data, sizeof *map->to_model, &map->to_model));
    TRY(memory_zeroed(n_model, sizeof *map->to_data, &map->to_data));
    memset(map->to_model, 0xff, n_data * sizeof *map->to_model);
    memset(map->to_data, 0xff, n_model * sizeof *map->to_data);
out:
    return status;
}

enum status class_map_make(const char *const *data_names, size_t n_data,
                           const char *const *model_names, size_t n_model, struct class_map *map) {
    enum status status;
    struct class_side data = {0}, model = {0};
    *map = (struct class_map){0};
    bool nameless = n_data == 0;
    if (nameless) {
        data_names = model_names;
        n_data = n_model;
    }
    TRY(class_side_make(data_names, n_data, &data));
    TRY(class_side_make(model_names, n_model, &model));
    bool data_generic = class_side_is_generic(&data), model_generic = class_side_is_generic(&model);
    bool by_number = nameless || (n_data == n_model && (data_generic || model_generic));
    TRY(map_allocate(by_number && data_generic ? model_names : data_names, n_data, n_model, map));
    if (by_number)
        match_numbers(map);
    else if (match_names(&data, &model, map) == 0)
        status =
            nothing_shared(data_names, n_data, data_generic, model_names, n_model, model_generic);
out:
    class_side_free(&data);
    class_side_free(&model);
    if (status != STATUS_OK)
        class_map_free(map);
    return status;
}

void class_map_free(struct class_map *map) {
    for (size_t i = 0; map->names && i < map->n_data; i++)
        free(map->names[i]);
    free(map->names);
    free(map->to_model);
    free(map->to_data);
    *map = (struct class_map){0};
}
