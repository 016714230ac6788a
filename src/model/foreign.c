/* Files that are no model: what each kind is, and what to give. */
#include "model/foreign.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/suffix.h"

#define GIVE    ": give the .pt file that it was made from (best.pt), or its ONNX export"
#define UNPACK  ": unpack it and give the .pt or .onnx file that is in it"
#define PICTURE "is a picture: a model file is expected; pictures go to --data"
#define LIST    "is a text file: a model file is expected; a list of images goes to --data"
#define DATA                                                                                       \
    "is a YAML file that describes a data set: give it to --data, and a .pt or .onnx file here"
#define NETWORK                                                                                    \
    "describes a network without its weights: give the .pt file that training saved (best.pt)"
#define WEIGHTS  "is the weights of a Darknet network: give its .cfg here and this file to --weights"
#define TENSORS  "holds weights without their network" GIVE
#define ENGINE   "is a TensorRT engine, compiled for one kind of GPU" GIVE
#define OPENVINO "is part of an OpenVINO export" GIVE
#define NCNN     "is part of an ncnn export" GIVE
#define PADDLE   "is part of a PaddlePaddle export" GIVE
#define KERAS    "is a Keras or HDF5 file" GIVE
#define TF       "is a TensorFlow graph" GIVE
#define TFLITE   "is a TensorFlow Lite model" GIVE
#define COREML   "is a Core ML model" GIVE
#define CHIP     "is a model compiled for one kind of chip" GIVE

/* Formats that begin with, or have at an offset, bytes of their own. */
static const struct {
    size_t offset, length;
    const char *bytes, *message;
} magics[] = {
    {0, 26, "version https://git-lfs.gi",
     "is a git-lfs pointer, not the file itself: run `git lfs pull` where it was cloned"},
    {0, 2, "\x1f\x8b", "is a gzip archive" UNPACK},
    {0, 6, "7z\xbc\xaf\x27\x1c", "is a 7z archive" UNPACK},
    {0, 4, "Rar!", "is a RAR archive" UNPACK},
    {0, 6, "\xfd\x37zXZ\0", "is an xz archive" UNPACK},
    {0, 4, "\x28\xb5\x2f\xfd", "is a zstd archive" UNPACK},
    {257, 5, "ustar", "is a tar archive" UNPACK},
    {0, 4, "ftrt", ENGINE},
    {4, 4, "TFL3", TFLITE},
    {0, 4, "\x89HDF", KERAS},
    {0, 4, "RKNN", CHIP},
    {0, 7, "7767517", NCNN},
    {0, 8, "\0\0\0\0\2\0\0\0", WEIGHTS}, /* versions 0.2 and 0.1 */
    {0, 8, "\0\0\0\0\1\0\0\0", WEIGHTS},
    {0, 3, "\xff\xd8\xff", PICTURE},
    {0, 4, "\x89PNG", PICTURE},
};

/* Where neither the content nor an importer says more. */
static const struct {
    const char *suffix, *message;
} suffixes[] = {
    {".engine", ENGINE},
    {".trt", ENGINE},
    {".plan", ENGINE},
    {".safetensors", TENSORS},
    {".torchscript", "is a TorchScript model, which holds code" GIVE},
    {".tflite", TFLITE},
    {".pb", TF},
    {".h5", KERAS},
    {".keras", KERAS},
    {".mlmodel", COREML},
    {".mlpackage", COREML},
    {".xml", OPENVINO},
    {".param", NCNN},
    {".pdmodel", PADDLE},
    {".pdiparams", PADDLE},
    {".mnn", "is an MNN model" GIVE},
    {".rknn", CHIP},
    {".hef", CHIP},
    {".axmodel", CHIP},
    {".pte", CHIP},
    {".weights", WEIGHTS},
    {".npz", TENSORS},
    {".npy", TENSORS},
    {".bin", "is weights without their network, of OpenVINO or ncnn perhaps" GIVE},
    {".yaml", "is a YAML file: a .pt or .onnx file is expected; a data set's goes to --data"},
    {".yml", "is a YAML file: a .pt or .onnx file is expected; a data set's goes to --data"},
    {".txt", LIST},
    {".jpg", PICTURE},
    {".jpeg", PICTURE},
    {".png", PICTURE},
    {".json", "is a JSON file: a .pt or .onnx file is expected; flags in "
              "a file go to --config"},
};

/* Whether a line of the text begins so. */
static bool has_line(const char *text, const char *beginning) {
    size_t length = strlen(beginning);
    while (text && strncasecmp(text, beginning, length) != 0) {
        const char *end = strchr(text, '\n');
        text = end ? end + 1 : NULL;
    }
    return text != NULL;
}

static const char *text_content(const char *text) {
    text += strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    const char *first = text + strspn(text, " \t\r\n");
    if (strncasecmp(first, "<!doctype html", 14) == 0 || strncasecmp(first, "<html", 5) == 0 ||
        strncasecmp(first, "<head", 5) == 0)
        return "is an HTML page, as a download that failed leaves it: download the file itself";
    if (strncmp(first, "<?xml", 5) == 0)
        return strstr(first, "<net") ? OPENVINO : "is an XML file: a model file is expected";
    if (has_line(text, "backbone:"))
        return NETWORK;
    if (has_line(text, "train:") || has_line(text, "val:") || has_line(text, "names:"))
        return DATA;
    return NULL;
}

/* Both begin with a length and then JSON: a .safetensors file's header, the metadata that
 * Ultralytics puts in front of an engine. */
static const char *json_behind_length(const struct beginning *file) {
    uint64_t wide = 0;
    uint32_t narrow = 0;
    if (file->length < 16)
        return NULL;
    for (size_t i = 8; i-- > 0;)
        wide = wide << 8 | file->bytes[i];
    for (size_t i = 4; i-- > 0;)
        narrow = narrow << 8 | file->bytes[i];
    if (wide < 100000000 && memcmp(file->bytes + 8, "{\"", 2) == 0)
        return TENSORS;
    if (narrow < 1000000 && memcmp(file->bytes + 4, "{\"", 2) == 0)
        return ENGINE;
    return NULL;
}

const char *foreign_content(const struct beginning *file) {
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (file->length >= magics[i].offset + magics[i].length &&
            memcmp(file->bytes + magics[i].offset, magics[i].bytes, magics[i].length) == 0)
            return magics[i].message;
    const char *text = (const char *)file->bytes;
    if (strlen(text) == file->length)
        return text_content(text);
    return json_behind_length(file);
}

const char *foreign_suffix(const char *path) {
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (has_suffix(path, suffixes[i].suffix))
            return suffixes[i].message;
    return NULL;
}

enum status foreign_folder(const char *path) {
    static const struct {
        const char *inside, *message;
    } kinds[] = {
        {"weights/best.pt", "is the folder of a training: give its weights/best.pt"},
        {"best.pt", "is a folder: give the best.pt that is in it"},
        {"saved_model.pb", TF},
        {"Manifest.json", COREML},
        {"model.ncnn.param", NCNN},
        {"metadata.yaml", "is the folder of an export" GIVE},
    };
    char inside[4096];
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        int n = snprintf(inside, sizeof inside, "%s/%s", path, kinds[i].inside);
        if (n > 0 && (size_t)n < sizeof inside && access(inside, F_OK) == 0)
            return FAIL(STATUS_BAD_INPUT, "%s", kinds[i].message);
    }
    return FAIL(STATUS_BAD_INPUT, "is a folder: a model file is expected; a folder of images goes "
                                  "to --data");
}
