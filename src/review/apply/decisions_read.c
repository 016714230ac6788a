/* Reads decisions.jsonl, which a page, a script or a hand has made: every line is checked. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/shown.h"
#include "data/path.h"
#include "output/json_member.h"
#include "review/apply/decision_list.h"

/* What decisions of an action must have besides the image. */
static const struct {
    const char *name;
    bool line, class, box, points;
    bool more; /* what of box and points it need not have, it may have */
} actions[ACTIONS] = {
    [ACTION_CLASS] = {.name = "class", .line = true, .class = true},
    [ACTION_BOX] = {.name = "box", .line = true, .box = true},
    [ACTION_POINTS] = {.name = "points", .line = true, .points = true, .more = true},
    [ACTION_DELETE] = {.name = "delete", .line = true},
    [ACTION_KEEP] = {.name = "keep"},
    [ACTION_ADD] = {.name = "add", .class = true, .box = true, .more = true},
};
enum { POINT_NUMBERS = 20000 }; /* of one object: more than any outline has */

struct reading {
    const char *file;
    uint64_t line;
    size_t n_classes;
    struct decision_list *list;
};

/* The member, unless it is absent or null. */
static struct json_object *member(struct json_object *object, const char *key) {
    struct json_object *value = NULL;
    return json_object_object_get_ex(object, key, &value) ? value : NULL;
}

/* ---------------------------------------------------------------- members; each tells what is
 * wrong, or NULL */

static const char *read_action(struct json_object *object, struct decision *decision) {
    const char *name = json_member_text(object, "action");
    int i = 0;
    while (i < ACTIONS && !(name && strcmp(name, actions[i].name) == 0))
        i++;
    decision->action = (enum action)i;
    return i < ACTIONS ? NULL : "\"action\" is none of class, box, points, delete, keep, add";
}

static const char *read_line(struct json_object *object, struct decision *decision) {
    struct json_object *value = member(object, "line");
    if (decision->action == ACTION_ADD)
        return value ? "\"add\" takes no \"line\"" : NULL;
    if (!value)
        return actions[decision->action].line ? "\"line\" is missing" : NULL;
    int64_t line = json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : -1;
    /* Line 0 is the file as a whole, which can be kept alone. */
    if (line < !!actions[decision->action].line || line > UINT32_MAX)
        return "\"line\" is no number of a line";
    decision->line = (uint32_t)line;
    return NULL;
}

static const char *read_class(struct json_object *object, size_t n_classes,
                              struct decision *decision) {
    struct json_object *value = member(object, "class");
    bool takes = decision->action != ACTION_DELETE && decision->action != ACTION_KEEP;
    if (!value || !takes)
        return actions[decision->action].class ? "\"class\" is missing" : NULL;
    if (!json_object_is_type(value, json_type_int))
        return "\"class\" is not a whole number";
    decision->class = json_object_get_int64(value);
    if (decision->class < 0 || (uint64_t)decision->class >= n_classes)
        return "\"class\" is no class of the data set";
    return NULL;
}

static const char *read_box(struct json_object *object, struct decision *decision) {
    struct json_object *list = member(object, "xywhn");
    if (!actions[decision->action].box && !(list && actions[decision->action].more))
        return NULL;
    if (!json_object_is_type(list, json_type_array) || json_object_array_length(list) != 4)
        return "\"xywhn\" is not four numbers";
    for (size_t i = 0; i < 4; i++) {
        struct json_object *value = json_object_array_get_idx(list, i);
        if (!json_object_is_type(value, json_type_double) &&
            !json_object_is_type(value, json_type_int))
            return "\"xywhn\" is not four numbers";
        decision->xywhn[i] = json_object_get_double(value);
        if (!(decision->xywhn[i] >= 0 && decision->xywhn[i] <= 1))
            return "\"xywhn\" has a number that is not from 0 to 1";
        /* As it will be written. */
        if (i >= 2 && decision->xywhn[i] < 0.5e-6)
            return "\"xywhn\" is a box without width or height";
    }
    decision->has_xywhn = true;
    return NULL;
}

static enum status read_points(struct json_object *object, struct decision *decision,
                               const char **wrong) {
    enum status status;
    struct json_object *list = member(object, "points");
    if (!actions[decision->action].points && !(list && actions[decision->action].more))
        return STATUS_OK;
    size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
    if (n == 0 || n > POINT_NUMBERS) {
        *wrong = "\"points\" is no list of numbers";
        return STATUS_OK;
    }
    TRY(memory_zeroed(n, sizeof *decision->points, &decision->points));
    decision->n_points = n;
    for (size_t i = 0; i < n && !*wrong; i++) {
        struct json_object *value = json_object_array_get_idx(list, i);
        if (value && !json_object_is_type(value, json_type_double) &&
            !json_object_is_type(value, json_type_int))
            *wrong = "\"points\" is no list of numbers";
        decision->points[i] = value ? json_object_get_double(value) : NAN;
        if (!(decision->points[i] >= 0) && value)
            *wrong = "\"points\" has a number below 0";
    }
out:
    return status;
}

static enum status read_text(struct json_object *object, struct decision *decision,
                             const char **wrong) {
    enum status status;
    struct json_object *value = member(object, "text");
    if (decision->line == 0)
        return STATUS_OK;
    if (!json_object_is_type(value, json_type_string)) {
        *wrong = "\"text\", the line as it was judged, is missing";
        return STATUS_OK;
    }
    decision->text_length = (size_t)json_object_get_string_len(value);
    TRY(memory_zeroed(decision->text_length + 1, 1, &decision->text));
    memcpy(decision->text, json_object_get_string(value), decision->text_length);
out:
    return status;
}

/* A name as records have it: no way out of the data set that they do not name. */
static enum status read_name(struct reading *reading, struct json_object *object, const char *key,
                             size_t *place, const char **wrong) {
    struct json_object *value = member(object, key);
    if (!value)
        return STATUS_OK;
    const char *name =
        json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
    if (!*name || strlen(name) != (size_t)json_object_get_string_len(value)) {
        *wrong = strcmp(key, "image") == 0 ? "\"image\" is no name" : "\"label\" is no name";
        return STATUS_OK;
    }
    return decision_list_name(reading->list, name, place);
}

static enum status read_decision(struct reading *reading, struct json_object *object,
                                 struct decision *decision, const char **wrong) {
    enum status status = STATUS_OK;
    if (!json_object_is_type(object, json_type_object))
        *wrong = "it is not a JSON object";
    if (!*wrong)
        *wrong = read_action(object, decision);
    if (!*wrong)
        *wrong = read_line(object, decision);
    if (!*wrong)
        *wrong = read_class(object, reading->n_classes, decision);
    if (!*wrong)
        *wrong = read_box(object, decision);
    if (!*wrong)
        TRY(read_points(object, decision, wrong));
    if (!*wrong)
        TRY(read_name(reading, object, "image", &decision->image, wrong));
    if (!*wrong)
        TRY(read_name(reading, object, "label", &decision->label, wrong));
    if (!*wrong && decision->image == SIZE_MAX && decision->label == SIZE_MAX)
        *wrong = "\"image\" is missing";
    if (!*wrong)
        TRY(read_text(object, decision, wrong));
out:
    return status;
}

/* ---------------------------------------------------------------- lines */

static struct json_object *parse(struct json_tokener *tokener, const char *line, size_t length) {
    json_tokener_reset(tokener);
    struct json_object *object = json_tokener_parse_ex(tokener, line, (int)length);
    size_t end = json_tokener_get_parse_end(tokener);
    while (end < length && strchr(" \t\r", line[end]))
        end++;
    if (object && json_tokener_get_error(tokener) == json_tokener_success && end == length)
        return object;
    json_object_put(object);
    return NULL;
}

static bool is_empty(const char *line, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (!strchr(" \t\r", line[i]))
            return false;
    return true;
}

static enum status take_line(struct reading *reading, struct json_tokener *tokener,
                             const char *line, size_t length) {
    enum { LONGEST = 1 << 20 };
    enum status status = STATUS_OK;
    struct decision decision = {
        .from = reading->line, .class = -1, .image = SIZE_MAX, .label = SIZE_MAX};
    const char *wrong = length > LONGEST ? "it is too long" : NULL;
    struct json_object *object = NULL;
    if (is_empty(line, length))
        return STATUS_OK;
    if (!wrong) {
        object = parse(tokener, line, length);
        TRY(read_decision(reading, object, &decision, &wrong));
    }
    if (wrong) {
        line_print(stderr, "verify: refused: %s, line %llu: %s", reading->file,
                   (unsigned long long)reading->line, wrong);
        reading->list->refused++;
        goto out;
    }
    TRY(decision_list_add(reading->list, &decision));
    decision.text = NULL;
    decision.points = NULL;
out:
    free(decision.text);
    free(decision.points);
    json_object_put(object);
    return status;
}

static enum status read_lines(struct reading *reading, FILE *stream) {
    enum status status = STATUS_OK;
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    struct json_tokener *tokener = json_tokener_new();
    if (!tokener)
        return FAIL(STATUS_FAILED, "out of memory: %s", reading->file);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS);
    while ((length = getline(&line, &capacity, stream)) >= 0) {
        reading->line++;
        size_t end = (size_t)length - (length > 0 && line[length - 1] == '\n');
        size_t mark =
            reading->line == 1 && end >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
        TRY(take_line(reading, tokener, line + mark, end - mark));
    }
    if (ferror(stream))
        status = FAIL(STATUS_FAILED, "%s: cannot be read: %s", reading->file, strerror(errno));
out:
    json_tokener_free(tokener);
    free(line);
    return status;
}

enum status decisions_read(const char *file, size_t n_classes, struct decision_list *list) {
    struct reading reading = {.file = file, .n_classes = n_classes, .list = list};
    struct stat about;
    int opened = file_open(file, 0, &about);
    if (opened < 0)
        return FAIL(STATUS_BAD_INPUT, "%s: %s: give the decisions that the page has saved", file,
                    opened == FILE_NOT_REGULAR ? "is not a file" : strerror(errno));
    FILE *stream = fdopen(opened, "r");
    if (!stream) {
        close(opened);
        return FAIL(STATUS_FAILED, "%s: cannot be read: %s", file, strerror(errno));
    }
    enum status status = read_lines(&reading, stream);
    fclose(stream);
    return status;
}
