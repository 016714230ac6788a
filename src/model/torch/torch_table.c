/* The table of modules, and how one runs within another. */
#include <stdio.h>
#include <string.h>

#include "model/torch/torch_module.h"

/* Whose class it is: names may mean something else elsewhere. */
enum package { PACKAGE_TORCH, PACKAGE_YOLO };

/* Classes have moved between files of a package; the package and the last component are enough. */
static const struct {
    const char *prefix;
    enum package package;
} packages[] = {
    {"torch.nn.", PACKAGE_TORCH},
    {"utils.activations.", PACKAGE_TORCH},
    {"models.", PACKAGE_YOLO},
    {"yolov5.models.", PACKAGE_YOLO},
    {"ultralytics.nn.", PACKAGE_YOLO},
    {"ultralytics.yolo.", PACKAGE_YOLO},
    {"ultralytics.models.", PACKAGE_YOLO},
};

static const struct row {
    const char *name;
    enum package package;
    torch_translator *translate; /* of one input */
    torch_joiner *join;          /* of several */
} table[] = {
#define MODULE(name, package, translate) {name, PACKAGE_##package, translate, NULL},
#define JOINER(name, package, join)      {name, PACKAGE_##package, NULL, join},
#include "model/torch/torch_list.h"
#undef MODULE
#undef JOINER
};

static bool is_in(const struct pickled *module, enum package package) {
    for (size_t p = 0; p < sizeof packages / sizeof packages[0]; p++)
        if (packages[p].package == package &&
            strncmp(pickled_class(module), packages[p].prefix, strlen(packages[p].prefix)) == 0)
            return true;
    return false;
}

bool torch_is_yolo(const struct pickled *module) {
    return is_in(module, PACKAGE_YOLO);
}

static const struct row *find_row(const struct pickled *module) {
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(table[i].name, torch_class(module)) == 0 && is_in(module, table[i].package))
            return &table[i];
    return NULL;
}

static enum status run_here(struct torch_import *import, const struct pickled *module,
                            const int *inputs, size_t n_inputs, int *out) {
    const struct row *row = find_row(module);
    if (module->kind != PICKLED_OBJECT)
        return TORCH_FAIL(import, module, "damaged: is not a module");
    if (import->visits_left-- == 0)
        return TORCH_FAIL(import, module, "damaged: the model has more than %d modules",
                          TORCH_VISITS);
    if (row == NULL)
        return TORCH_FAIL(import, module, "this kind of module is not known: %s",
                          torch_advice(pickled_class(module)));
    if (row->join != NULL)
        return row->join(import, module, inputs, n_inputs, out);
    if (n_inputs != 1)
        return TORCH_FAIL(import, module, "damaged: takes one input, is given %zu", n_inputs);
    return row->translate(import, module, inputs[0], out);
}

enum status torch_enter(struct torch_import *import, const struct pickled *module, const char *name,
                        size_t *before) {
    enum status status;
    if (import->depth == TORCH_DEPTH)
        return TORCH_FAIL(import, module, "damaged: modules lie deeper than %d", TORCH_DEPTH);
    *before = import->place.length;
    text_format(&import->place, "%s%.60s", import->place.length == 0 ? "" : ".", name);
    status = text_status(&import->place);
    if (status == STATUS_OK)
        import->depth++;
    return status;
}

void torch_leave(struct torch_import *import, size_t before) {
    import->depth--;
    import->place.length = before;
    import->place.data[before] = '\0';
}

enum status torch_run(struct torch_import *import, const struct pickled *module, const char *name,
                      const int *inputs, size_t n_inputs, int *out) {
    size_t before;
    enum status status = torch_enter(import, module, name, &before);
    if (status != STATUS_OK)
        return status;
    status = run_here(import, module, inputs, n_inputs, out);
    torch_leave(import, before);
    return status;
}

enum status torch_run_part(struct torch_import *import, const struct pickled *module,
                           const char *name, int x, int *out) {
    const struct pickled *part = torch_part(module, name);
    if (part == NULL)
        return TORCH_FAIL(import, module, "damaged: has no part '%s'", name);
    return torch_run(import, part, name, &x, 1, out);
}

enum status torch_run_item(struct torch_import *import, const struct torch_parts *parts, size_t i,
                           int x, int *out) {
    char name[128];
    const char *item = parts->items[2 * i]->text;
    snprintf(name, sizeof name, "%s%s%.40s", parts->name, parts->name[0] == '\0' ? "" : ".", item);
    return torch_run(import, parts->items[2 * i + 1], name, &x, 1, out);
}
