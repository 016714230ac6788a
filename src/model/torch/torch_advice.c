/* What to do with a PyTorch file whose network is not known, by whose it is. */
#include <string.h>

#include "model/torch/torch_module.h"

#define AND_GIVE " and give the .onnx file"

const char *torch_advice(const char *class) {
    static const struct {
        const char *prefix, *advice;
    } packages[] = {
        {"ultralytics.", "export the model (yolo export model=best.pt format=onnx)" AND_GIVE},
        {"yolov6.", "export the model by YOLOv6's deploy/ONNX/export_onnx.py" AND_GIVE},
        {"yolox.", "export the model by YOLOX's tools/export_onnx.py" AND_GIVE},
        {"super_gradients.", "export the model by its export()" AND_GIVE},
        {"mmdet.", "export the model by MMDeploy's tools/deploy.py" AND_GIVE},
    };
    static const char *const repositories[] = {"models.", "utils.", "yolov5.", "yolov7.",
                                               "yolov9."};
    for (size_t i = 0; i < sizeof packages / sizeof packages[0]; i++)
        if (strncmp(class, packages[i].prefix, strlen(packages[i].prefix)) == 0)
            return packages[i].advice;
    for (size_t i = 0; i < sizeof repositories / sizeof repositories[0]; i++)
        if (strncmp(class, repositories[i], strlen(repositories[i])) == 0)
            return "export the model to ONNX by export.py of the repository that it was trained "
                   "with" AND_GIVE;
    return "export the model to ONNX by the program that it was trained with" AND_GIVE;
}

static bool is_table(const struct pickled *value) {
    return value != NULL &&
           (value->kind == PICKLED_DICT || (value->kind == PICKLED_OBJECT && value->n_items > 0));
}

/* The key of a table that begins with a text; NULL where it has none. */
static const char *find_key(const struct pickled *table, const char *begin) {
    for (size_t i = 0; i + 1 < table->n_items; i += 2)
        if (table->items[i]->kind == PICKLED_TEXT &&
            strncmp(table->items[i]->text, begin, strlen(begin)) == 0)
            return table->items[i]->text;
    return NULL;
}

/* The weights of a file that has no network: the root itself, or what training has put there. */
static const struct pickled *find_weights(const struct pickled *root) {
    static const char *const names[] = {"state_dict", "model_state_dict", "model", "ema", "net"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (is_table(pickled_get(root, names[i])))
            return pickled_get(root, names[i]);
    return root;
}

const char *torch_weights_advice(const struct pickled *root) {
    static const struct {
        const char *begin, *advice;
    } origins[] = {
        {"backbone.backbone.",
         "they are YOLOX's: export the model by its tools/export_onnx.py" AND_GIVE},
        {"bbox_head.", "they are MMDetection's or MMYOLO's: export the model by MMDeploy's "
                       "tools/deploy.py" AND_GIVE},
        {"detect.", "they are YOLOv6's: give the file that its training saved, or export the "
                    "model by its deploy/ONNX/export_onnx.py" AND_GIVE},
    };
    if (!is_table(root))
        return NULL;
    const struct pickled *weights = find_weights(root);
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++)
        if (find_key(weights, origins[i].begin) != NULL)
            return origins[i].advice;
    return "give the .pt file that training saved (best.pt), or an ONNX export, or, where it was "
           "trained, load them into the network (model.load_state_dict) and save all of it "
           "(torch.save({'model': model}, 'whole.pt'))";
}
