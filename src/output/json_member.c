/* Members of JSON objects. */
#include "output/json_member.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

struct json_object *json_member(struct json_object *object, const char *key, enum json_type type) {
    struct json_object *value = NULL;
    return json_object_is_type(object, json_type_object) &&
                   json_object_object_get_ex(object, key, &value) &&
                   json_object_is_type(value, type)
               ? value
               : NULL;
}

const char *json_member_text(struct json_object *object, const char *key) {
    struct json_object *value = json_member(object, key, json_type_string);
    return value ? json_object_get_string(value) : NULL;
}

uint64_t json_member_count(struct json_object *object, const char *key) {
    struct json_object *value = json_member(object, key, json_type_int);
    int64_t number = value ? json_object_get_int64(value) : 0;
    return number > 0 ? (uint64_t)number : 0;
}

double json_member_number(struct json_object *object, const char *key) {
    struct json_object *value = NULL;
    if (!json_object_is_type(object, json_type_object) ||
        !json_object_object_get_ex(object, key, &value) ||
        !(json_object_is_type(value, json_type_double) ||
          json_object_is_type(value, json_type_int)))
        return NAN;
    return json_object_get_double(value);
}

enum status json_object_read(const char *path, struct json_object **object) {
    enum status status;
    struct stat about;
    char *bytes = NULL;
    *object = NULL;
    int file = file_open(path, 0, &about);
    if (file < 0) {
        status = FAIL(STATUS_BAD_INPUT, "%s: cannot be read: %s", path,
                      file == FILE_NOT_REGULAR ? "not a file" : strerror(errno));
        goto out;
    }
    size_t size = (size_t)about.st_size;
    TRY(memory_zeroed(size + 1, 1, &bytes));
    if (file_read(file, bytes, size) < 0)
        TRY(FAIL(STATUS_BAD_INPUT, "%s: cannot be read: %s", path, strerror(errno)));
    *object = json_tokener_parse(bytes);
    if (!json_object_is_type(*object, json_type_object)) {
        json_object_put(*object);
        *object = NULL;
        status = FAIL(STATUS_BAD_INPUT, "%s: is not what verify writes", path);
    }
out:
    if (file >= 0)
        close(file);
    free(bytes);
    return status;
}
