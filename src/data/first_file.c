/* Looks for what a user may have meant. */
#include "data/first_file.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/suffix.h"

char *first_file(const char *folder, const char *const *suffixes) {
    char *found = NULL;
    DIR *stream = opendir(folder);
    const struct dirent *entry;
    while (stream && (entry = readdir(stream)) != NULL) {
        const char *name = entry->d_name;
        if (!has_suffix_of(name, suffixes) || (found && strcmp(name, found) > 0))
            continue;
        free(found);
        found = strdup(name);
    }
    if (stream)
        closedir(stream);
    return found;
}
