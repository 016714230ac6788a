/* What kind of thing --data names. */
#include "data/source.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/suffix.h"
#include "data/path.h"
#include "data/picture.h"

bool is_url(const char *text) {
    size_t scheme =
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");
    return scheme > 1 && strncmp(text + scheme, "://", 3) == 0;
}

bool is_windows_path(const char *text) {
    bool letter = (text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z');
    return strchr(text, '\\') || (letter && text[1] == ':' && text[2] == '/');
}

#define LINES                                                                                      \
    "has an object a line: convert it to COCO's annotations, one .json, or to YOLO label files"
#define UNPACK "is an archive: unpack it, and give its data.yaml, or its folder of images"
#define VIDEO  "is a video: take pictures out of it, label them, and give their folder"
#define MODEL  "is a model, which --model takes; --data takes a data.yaml, a folder or a .txt list"
#define VOC    "is XML, maybe Pascal VOC's: give the folder that the files and their images are in"
#define TABLE                                                                                      \
    "is a table: convert it to YOLO label files, one a picture, and give the folder of pictures"

/* What files of other kinds are, and what to do. */
static const struct {
    const char *suffix, *advice;
} others[] = {
    {".jsonl", LINES},   {".ndjson", LINES}, {".zip", UNPACK},    {".tar", UNPACK},
    {".tgz", UNPACK},    {".gz", UNPACK},    {".xz", UNPACK},     {".bz2", UNPACK},
    {".zst", UNPACK},    {".7z", UNPACK},    {".rar", UNPACK},    {".mp4", VIDEO},
    {".avi", VIDEO},     {".mov", VIDEO},    {".mkv", VIDEO},     {".webm", VIDEO},
    {".m4v", VIDEO},     {".mpg", VIDEO},    {".mpeg", VIDEO},    {".wmv", VIDEO},
    {".ts", VIDEO},      {".asf", VIDEO},    {".flv", VIDEO},     {".pt", MODEL},
    {".pth", MODEL},     {".onnx", MODEL},   {".weights", MODEL}, {".cfg", MODEL},
    {".engine", MODEL},  {".xml", VOC},      {".csv", TABLE},     {".tsv", TABLE},
    {".parquet", TABLE},
};

static enum status no_data_set(const char *path) {
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (has_suffix(path, others[i].suffix))
            return FAIL(STATUS_BAD_INPUT, "%s is not a data set: it %s", path, others[i].advice);
    if (picture_kind(path))
        return FAIL(
            STATUS_BAD_INPUT,
            "%s is not a data set, but a single picture: give its folder, or a .txt list with "
            "its path in it",
            path);
    return FAIL(STATUS_BAD_INPUT,
                "%s is not a data set: --data takes a data.yaml, a folder of images or a .txt list",
                path);
}

/* There is no such file or folder. */
static enum status not_there(const char *given, const char *path, int error) {
    const char *hint = "";
    if (*given == '~')
        hint = "; the shell has left '~' as it is (behind '=', or in quotes): write the path out";
    else if (is_windows_path(given))
        hint = "; it is written as on Windows: here folders are parted by '/'";
    else if (has_suffix(given, ".yaml") && !strchr(given, '/'))
        hint = "; no data set is downloaded: give the path of a data.yaml that is here";
    return FAIL(STATUS_BAD_INPUT, "%s: %s: check --data%s", path, strerror(error), hint);
}

/* Whether it is a list of files: of a name with a comma in it, the last one alone would end in such
 * a suffix. */
static bool is_several(const char *given) {
    for (const char *comma = strchr(given, ','); comma; comma = strchr(comma + 1, ',')) {
        size_t length = (size_t)(comma - given);
        if ((length > 5 && strncasecmp(comma - 5, ".yaml", 5) == 0) ||
            (length > 4 && strncasecmp(comma - 4, ".yml", 4) == 0) ||
            (length > 5 && strncasecmp(comma - 5, ".data", 5) == 0))
            return true;
    }
    return false;
}

enum status source_kind(const char *given, const char *path, enum source *kind) {
    struct stat info;
    if (stat(path, &info) != 0 && is_url(given))
        return FAIL(STATUS_BAD_INPUT,
                    "--data %s is a URL: download the data set, and give its data.yaml or folder",
                    given);
    if (stat(path, &info) != 0 && is_several(given)) {
        *kind = SOURCE_SEVERAL;
        return STATUS_OK;
    }
    if (stat(path, &info) != 0)
        return not_there(given, path, errno);
    if (S_ISDIR(info.st_mode))
        *kind = SOURCE_FOLDER;
    else if (has_suffix(path, ".yaml") || has_suffix(path, ".yml"))
        *kind = SOURCE_YAML;
    else if (has_suffix(path, ".data"))
        *kind = SOURCE_DARKNET;
    else if (has_suffix(path, ".txt"))
        *kind = SOURCE_LIST;
    else if (has_suffix(path, ".json"))
        *kind = SOURCE_COCO;
    else
        return no_data_set(path);
    return STATUS_OK;
}
