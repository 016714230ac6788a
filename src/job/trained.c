/* Whether a model was trained on the data set that it is to judge: by the names of the two. */
#include "job/trained.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

struct part {
    const char *start;
    size_t length;
};

static bool is_separator(char character) {
    return character == '/' || character == '\\';
}

static bool part_is(struct part part, const char *text) {
    return part.length == strlen(text) && strncasecmp(part.start, text, part.length) == 0;
}

static bool parts_equal(struct part a, struct part b) {
    return a.length == b.length && a.length > 0 && strncmp(a.start, b.start, a.length) == 0;
}

/* The last part of the first `length` characters of a path, on whatever system it was written. */
static struct part last_part(const char *path, size_t length) {
    while (length > 0 && is_separator(path[length - 1]))
        length--;
    size_t start = length;
    while (start > 0 && !is_separator(path[start - 1]))
        start--;
    return (struct part){path + start, length - start};
}

/* Whether many data sets' files are called so. */
static bool is_common(struct part name) {
    static const char *const common[] = {"data", "dataset", "images", "train", "val",
                                         "test", "all",     "list",   "."};
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        if (part_is(name, common[i]))
            return true;
    return false;
}

static struct part without_suffix(struct part name) {
    static const char *const suffixes[] = {".yaml", ".yml", ".txt", ".data"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t length = strlen(suffixes[i]);
        if (name.length > length &&
            strncasecmp(name.start + name.length - length, suffixes[i], length) == 0)
            name.length -= length;
    }
    return name;
}

/* What the set at a path goes by; no characters where no part of it says anything. */
static struct part set_name(const char *path) {
    struct part name = without_suffix(last_part(path, strlen(path)));
    while (name.length > 0 && is_common(name))
        name = last_part(path, (size_t)(name.start - path));
    return name;
}

bool trained_on_same(const char *trained_on, const char *data) {
    return parts_equal(last_part(trained_on, strlen(trained_on)), last_part(data, strlen(data))) ||
           parts_equal(set_name(trained_on), set_name(data));
}
