/* The modules that are known, and how one runs within another. */
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
    {"AvgPool2d", PACKAGE_TORCH, torch_average_pool, NULL},
    {"BatchNorm2d", PACKAGE_TORCH, torch_batch_norm, NULL},
    {"Conv2d", PACKAGE_TORCH, torch_conv2d, NULL},
    {"ConvTranspose2d", PACKAGE_TORCH, torch_conv_transpose2d, NULL},
    {"Dropout", PACKAGE_TORCH, torch_identity, NULL},
    {"Dropout2d", PACKAGE_TORCH, torch_identity, NULL},
    {"GELU", PACKAGE_TORCH, torch_activation, NULL},
    {"Hardsigmoid", PACKAGE_TORCH, torch_activation, NULL},
    {"Hardswish", PACKAGE_TORCH, torch_activation, NULL},
    {"Identity", PACKAGE_TORCH, torch_identity, NULL},
    {"LeakyReLU", PACKAGE_TORCH, torch_activation, NULL},
    {"MaxPool2d", PACKAGE_TORCH, torch_max_pool, NULL},
    {"MemoryEfficientMish", PACKAGE_TORCH, torch_activation, NULL},
    {"Mish", PACKAGE_TORCH, torch_activation, NULL},
    {"ReLU", PACKAGE_TORCH, torch_activation, NULL},
    {"ReLU6", PACKAGE_TORCH, torch_activation, NULL},
    {"Sequential", PACKAGE_TORCH, torch_sequential, NULL},
    {"SiLU", PACKAGE_TORCH, torch_activation, NULL},
    {"Sigmoid", PACKAGE_TORCH, torch_activation, NULL},
    {"Tanh", PACKAGE_TORCH, torch_activation, NULL},
    {"Upsample", PACKAGE_TORCH, torch_upsample, NULL},
    {"ZeroPad2d", PACKAGE_TORCH, torch_zero_pad, NULL},

    {"A2C2f", PACKAGE_YOLO, torch_a2c2f, NULL},
    {"AAttn", PACKAGE_YOLO, torch_area_attention, NULL},
    {"ABlock", PACKAGE_YOLO, torch_area_block, NULL},
    {"AConv", PACKAGE_YOLO, torch_aconv, NULL},
    {"ADown", PACKAGE_YOLO, torch_adown, NULL},
    {"Attention", PACKAGE_YOLO, torch_attention_block, NULL},
    {"Bottleneck", PACKAGE_YOLO, torch_bottleneck, NULL},
    {"BottleneckCSP", PACKAGE_YOLO, torch_bottleneck_csp, NULL},
    {"C1", PACKAGE_YOLO, torch_c1, NULL},
    {"C2", PACKAGE_YOLO, torch_c2, NULL},
    {"C2PSA", PACKAGE_YOLO, torch_c2psa, NULL},
    {"C2f", PACKAGE_YOLO, torch_c2f, NULL},
    {"C2fCIB", PACKAGE_YOLO, torch_c2f, NULL},
    {"C2fPSA", PACKAGE_YOLO, torch_c2f, NULL},
    {"C3", PACKAGE_YOLO, torch_c3, NULL},
    {"C3Ghost", PACKAGE_YOLO, torch_c3, NULL},
    {"C3SPP", PACKAGE_YOLO, torch_c3, NULL},
    {"C3k", PACKAGE_YOLO, torch_c3, NULL},
    {"C3k2", PACKAGE_YOLO, torch_c2f, NULL},
    {"C3x", PACKAGE_YOLO, torch_c3, NULL},
    {"CBFuse", PACKAGE_YOLO, NULL, torch_cb_fuse},
    {"CBLinear", PACKAGE_YOLO, torch_cb_linear, NULL},
    {"CIB", PACKAGE_YOLO, torch_cib, NULL},
    {"Concat", PACKAGE_YOLO, NULL, torch_concat},
    {"Conv", PACKAGE_YOLO, torch_conv, NULL},
    {"ConvTranspose", PACKAGE_YOLO, torch_conv_transpose, NULL},
    {"CrossConv", PACKAGE_YOLO, torch_bottleneck, NULL},
    {"DWConv", PACKAGE_YOLO, torch_conv, NULL},
    {"DWConvTranspose2d", PACKAGE_YOLO, torch_conv_transpose2d, NULL},
    {"ELAN1", PACKAGE_YOLO, torch_elan, NULL},
    {"Focus", PACKAGE_YOLO, torch_focus, NULL},
    {"GhostBottleneck", PACKAGE_YOLO, torch_ghost_bottleneck, NULL},
    {"GhostConv", PACKAGE_YOLO, torch_ghost_conv, NULL},
    {"LightConv", PACKAGE_YOLO, torch_light_conv, NULL},
    {"PSA", PACKAGE_YOLO, torch_psa, NULL},
    {"PSABlock", PACKAGE_YOLO, torch_psa_block, NULL},
    {"RepBottleneck", PACKAGE_YOLO, torch_bottleneck, NULL},
    {"RepC3", PACKAGE_YOLO, torch_rep_c3, NULL},
    {"RepCSP", PACKAGE_YOLO, torch_c3, NULL},
    {"RepConv", PACKAGE_YOLO, torch_rep_conv, NULL},
    {"RepNCSPELAN4", PACKAGE_YOLO, torch_elan, NULL},
    {"RepVGGDW", PACKAGE_YOLO, torch_rep_dw, NULL},
    {"SCDown", PACKAGE_YOLO, torch_scdown, NULL},
    {"SPP", PACKAGE_YOLO, torch_spp, NULL},
    {"SPPELAN", PACKAGE_YOLO, torch_sppelan, NULL},
    {"SPPF", PACKAGE_YOLO, torch_sppf, NULL},
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
        return TORCH_FAIL(import, module,
                          "this kind of module is not known: export the model (yolo export "
                          "model=best.pt format=onnx) and give the .onnx file");
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
