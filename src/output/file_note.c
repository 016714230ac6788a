/* What a file looked like when it was written. */
#include "output/file_note.h"

#include <stdint.h>

enum { NUMBERS = 3 };

static void numbers_of(const struct stat *about, int64_t numbers[NUMBERS]) {
    numbers[0] = about->st_size;
    numbers[1] = about->st_mtim.tv_sec;
    numbers[2] = about->st_mtim.tv_nsec;
}

bool file_note_add(struct json_object *files, const char *name, const struct stat *about) {
    int64_t numbers[NUMBERS];
    struct json_object *list = json_object_new_array();
    bool added = list && json_object_object_add(files, name, list) == 0;
    numbers_of(about, numbers);
    for (size_t i = 0; added && i < NUMBERS; i++)
        added = json_object_array_add(list, json_object_new_int64(numbers[i])) == 0;
    return added;
}

bool file_note_holds(struct json_object *noted, const struct stat *about) {
    int64_t numbers[NUMBERS];
    if (!noted)
        return false;
    numbers_of(about, numbers);
    for (size_t i = 0; i < NUMBERS; i++)
        if (json_object_get_int64(json_object_array_get_idx(noted, i)) != numbers[i])
            return false;
    return true;
}
