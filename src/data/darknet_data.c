/* Reads Darknet's .data files. */
#include "data/darknet_data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/excerpt.h"
#include "data/file_bytes.h"
#include "data/name_list.h"
#include "data/number.h"
#include "data/path.h"

enum { DATA_MIB = 1, DATA_LINE = 8192 };

struct data_reader {
    const char *file;
    size_t line;
    struct data_yaml *yaml;
    struct text names; /* the path of the names' file, as written */
    double n_classes;  /* 0: not given */
};

static enum status bad_line(const struct data_reader *reader, const char *text, const char *what) {
    struct text shown = {0};
    text_excerpt(&shown, text, strlen(text));
    enum status status = text_status(&shown);
    if (status == STATUS_OK)
        status = FAIL(STATUS_BAD_INPUT, "%s, line %zu: '%s' %s", reader->file, reader->line,
                      shown.data ? shown.data : "", what);
    text_free(&shown);
    return status;
}

static char *trim(char *text) {
    size_t length = strlen(text);
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        text[--length] = '\0';
    return text + strspn(text, " \t");
}

/* Of a key that is read; others are passed over. */
static enum status take_value(struct data_reader *reader, const char *key, const char *value) {
    static const struct {
        const char *key;
        size_t split;
    } splits[] = {
        {"train", SPLIT_TRAIN}, {"valid", SPLIT_VAL}, {"val", SPLIT_VAL}, {"test", SPLIT_TEST}};
    enum status status = STATUS_OK;
    for (const char *c = value; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return bad_line(reader, value, "holds a control character");
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++)
        if (*value && strcmp(key, splits[i].key) == 0) {
            path_list_free(&reader->yaml->entries[splits[i].split]);
            TRY(path_list_add(&reader->yaml->entries[splits[i].split], value));
        }
    if (strcmp(key, "names") == 0) {
        text_clear(&reader->names);
        text_string(&reader->names, value);
        TRY(text_status(&reader->names));
    }
    if (strcmp(key, "classes") == 0 &&
        (number_parse(value, strlen(value), &reader->n_classes) != NUMBER_FINITE ||
         reader->n_classes != floor(reader->n_classes) || reader->n_classes < 1 ||
         reader->n_classes > DATA_MAX_CLASSES))
        return bad_line(reader, value, "is no number of classes from 1 to 100000");
out:
    return status;
}

static enum status read_line(struct data_reader *reader, const char *at, size_t length) {
    char line[DATA_LINE];
    if (length >= sizeof line || memchr(at, '\0', length))
        return FAIL(STATUS_BAD_INPUT,
                    "%s, line %zu: longer than 8191 bytes, or with a NUL byte: "
                    "this is no Darknet .data file",
                    reader->file, reader->line);
    memcpy(line, at, length);
    line[length] = '\0';
    char *text = trim(line);
    if (!*text || *text == '#' || *text == ';')
        return STATUS_OK;
    char *equals = strchr(text, '=');
    if (!equals)
        return bad_line(reader, text, "is no 'key = value', as a Darknet .data file has them");
    *equals = '\0';
    return take_value(reader, trim(text), trim(equals + 1));
}

static enum status read_lines(struct data_reader *reader, const char *at, const char *end) {
    enum status status = STATUS_OK;
    if (end - at >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
        at += 3;
    for (reader->line = 1; at < end; reader->line++) {
        const char *stop = at;
        while (stop < end && *stop != '\n' && *stop != '\r')
            stop++;
        TRY(read_line(reader, at, (size_t)(stop - at)));
        at = stop + (end - stop >= 2 && stop[0] == '\r' && stop[1] == '\n');
        at += at < end;
    }
out:
    return status;
}

/* Replaces *path by `entry` below the first of the folders where it is there; by that below the
 * current folder where it is in none. *folder becomes the one that was chosen. */
static enum status resolve(const char *file, const char *entry, struct text *folder,
                           struct text *path) {
    enum status status;
    static const char *const ways[] = {".", "", ".."}; /* "": the file's folder */
    struct text own = {0};
    text_bytes(&own, file, path_folder_length(file));
    TRY(text_status(&own));
    for (size_t i = 0; i <= sizeof ways / sizeof *ways; i++) {
        const char *way = ways[i % (sizeof ways / sizeof *ways)];
        TRY(path_absolute(*way == '.' && !way[1] ? NULL : own.data, *way ? way : ".", folder));
        TRY(path_absolute(folder->data, entry, path));
        if (access(path->data, F_OK) == 0)
            break;
    }
out:
    text_free(&own);
    return status;
}

static enum status find_path(struct data_reader *reader) {
    enum status status = STATUS_OK;
    struct text folder = {0}, path = {0};
    const char *entry = ".";
    for (size_t split = N_SPLITS; split-- > 0;)
        if (reader->yaml->entries[split].count > 0)
            entry = path_list_get(&reader->yaml->entries[split], 0);
    TRY(resolve(reader->file, entry, &folder, &path));
    TRY(memory_string(folder.data, &reader->yaml->path));
out:
    text_free(&folder);
    text_free(&path);
    return status;
}

/* What is unpacked from CVAT lies beside the file, whatever folder it is said to be in. */
static enum status no_names(const struct data_reader *reader, const char *path) {
    enum status status;
    struct text beside = {0};
    size_t folder = path_folder_length(reader->file);
    text_bytes(&beside, reader->file, folder);
    text_string(&beside, path + path_folder_length(path));
    TRY(text_status(&beside));
    if (folder > 0 && access(beside.data, F_OK) == 0)
        TRY(FAIL(STATUS_BAD_INPUT,
                 "%s does not exist, as %s says; %s does: give the folder, --data %.*s, instead",
                 path, reader->file, beside.data, (int)folder, reader->file));
    status = FAIL(STATUS_BAD_INPUT, "%s does not exist: check 'names' in %s", path, reader->file);
out:
    text_free(&beside);
    return status;
}

static enum status read_names(struct data_reader *reader) {
    enum status status = STATUS_OK;
    struct name_list list = {0};
    struct text folder = {0}, path = {0};
    size_t wanted = (size_t)reader->n_classes;
    if (reader->names.length > 0) {
        TRY(resolve(reader->file, reader->names.data, &folder, &path));
        if (access(path.data, F_OK) != 0)
            TRY(no_names(reader, path.data));
        TRY(name_list_read(path.data, &list));
        if (list.count == 0)
            TRY(FAIL(STATUS_BAD_INPUT, "%s is empty: it needs a class name a line", path.data));
        if (wanted > 0 && wanted != list.count)
            TRY(FAIL(STATUS_BAD_INPUT, "%s: 'classes = %zu', and %s names %zu: they must match",
                     reader->file, wanted, path.data, list.count));
        reader->yaml->names = list.names;
        reader->yaml->n_names = list.count;
        list = (struct name_list){0};
        goto out;
    }
    TRY(memory_zeroed(wanted, sizeof *reader->yaml->names, &reader->yaml->names));
    for (; reader->yaml->n_names < wanted; reader->yaml->n_names++) {
        char name[32];
        snprintf(name, sizeof name, "class%zu", reader->yaml->n_names);
        TRY(memory_string(name, &reader->yaml->names[reader->yaml->n_names]));
    }
out:
    name_list_free(&list);
    text_free(&folder);
    text_free(&path);
    return status;
}

enum status darknet_data_read(const char *file, struct data_yaml *yaml) {
    enum status status;
    struct data_reader reader = {.file = file, .yaml = yaml};
    struct file_bytes content = {0};
    yaml->darknet = true;
    TRY(file_bytes_read(file, (size_t)DATA_MIB << 20, &content));
    if (!content.bytes) {
        status = FAIL(STATUS_BAD_INPUT, "%s %s", file, content.problem);
        goto out;
    }
    TRY(read_lines(&reader, content.bytes, content.bytes + content.length));
    TRY(find_path(&reader));
    TRY(read_names(&reader));
out:
    free(content.bytes);
    text_free(&reader.names);
    return status;
}
