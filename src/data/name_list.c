/* Reads files that name classes, one a line. */
#include "data/name_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/data_yaml.h"
#include "data/file_bytes.h"

enum { NAMES_MIB = 4 };

void name_list_free(struct name_list *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->names[i]);
    free(list->names);
    *list = (struct name_list){0};
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

static enum status add_name(const char *file, const char *at, const char *end, size_t *capacity,
                            struct name_list *list) {
    enum status status;
    char name[DATA_NAME_BYTES];
    while (at < end && is_blank(*at))
        at++;
    while (end > at && is_blank(end[-1]))
        end--;
    if (list->count == DATA_MAX_CLASSES || (size_t)(end - at) >= sizeof name)
        return FAIL(STATUS_BAD_INPUT, "%s, line %zu: %s", file, list->count + 1,
                    list->count == DATA_MAX_CLASSES ? "more than 100000 classes"
                                                    : "a name longer than 4095 bytes");
    for (const char *c = at; c < end; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return FAIL(STATUS_BAD_INPUT,
                        "%s, line %zu: holds a control character: it needs a "
                        "class name a line",
                        file, list->count + 1);
    if (at == end)
        snprintf(name, sizeof name, "class%zu", list->count);
    else
        snprintf(name, sizeof name, "%.*s", (int)(end - at), at);
    TRY(memory_reserve(&list->names, capacity, list->count + 1, sizeof *list->names));
    TRY(memory_string(name, &list->names[list->count]));
    list->count++;
out:
    return status;
}

static enum status parse(const char *file, const char *at, const char *end,
                         struct name_list *list) {
    enum status status = STATUS_OK;
    size_t capacity = 0;
    if (end - at >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
        at += 3;
    while (end > at && (is_blank(end[-1]) || end[-1] == '\n' || end[-1] == '\r'))
        end--;
    while (at < end) {
        const char *stop = at;
        while (stop < end && *stop != '\n' && *stop != '\r')
            stop++;
        TRY(add_name(file, at, stop, &capacity, list));
        at = stop + (end - stop >= 2 && stop[0] == '\r' && stop[1] == '\n');
        at += at < end;
    }
out:
    return status;
}

enum status name_list_read(const char *file, struct name_list *list) {
    enum status status;
    struct file_bytes content = {0};
    TRY(file_bytes_read(file, (size_t)NAMES_MIB << 20, &content));
    if (!content.bytes)
        status = FAIL(STATUS_BAD_INPUT, "%s %s", file,
                      content.missing ? "does not exist" : content.problem);
    else
        status = parse(file, content.bytes, content.bytes + content.length, list);
out:
    free(content.bytes);
    if (status != STATUS_OK)
        name_list_free(list);
    return status;
}
