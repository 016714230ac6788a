/* What forbids --overwrite before anything is touched. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/label.h"
#include "data/path.h"
#include "output/clear.h"
#include "output/made.h"
#include "output/run_file.h"
#include "output/storage.h"

struct search {
    char *output;       /* without links; owned */
    struct text folder; /* of the last path, as given */
    char *resolved;     /* the same without links; NULL: it is not there; owned */
};

/* Whether a path without links lies in a folder that would be cleared. */
static bool is_cleared(const struct search *search, const char *path) {
    size_t length = strlen(search->output);
    if (strncmp(path, search->output, length) != 0 || path[length] != '/')
        return false;
    path += length + 1;
    for (size_t i = 0; i < MADE_FOLDERS; i++) {
        const char *name = made_folder_name(i);
        size_t n = strlen(name);
        if (strncmp(path, name, n) == 0 && (path[n] == '/' || path[n] == '\0'))
            return true;
    }
    return false;
}

/* Whether the folder that a path lies in is one that would be cleared. */
static enum status check_folder(struct search *search, const char *path, bool *cleared) {
    enum status status = STATUS_OK;
    size_t length = path_folder_length(path);
    if (length != search->folder.length || !search->folder.data ||
        memcmp(path, search->folder.data, length) != 0) {
        text_clear(&search->folder);
        text_bytes(&search->folder, path, length);
        TRY(text_status(&search->folder));
        free(search->resolved);
        search->resolved = realpath(search->folder.data, NULL);
    }
    *cleared = search->resolved && is_cleared(search, search->resolved);
out:
    return status;
}

/* Whether a file that is read lies there, or is reached through a name that does. */
static enum status check_path(struct search *search, const char *path, bool *cleared) {
    enum { MOST_LINKS = 40 }; /* as many as the system follows */
    enum status status;
    char target[PATH_MAX];
    struct text hop = {0}, next = {0};
    TRY(check_folder(search, path, cleared));
    text_string(&hop, path);
    for (int i = 0; i < MOST_LINKS && !*cleared; i++) {
        TRY(text_status(&hop));
        ssize_t length = readlink(hop.data, target, sizeof target - 1);
        if (length < 0)
            break;
        target[length] = '\0';
        text_clear(&next);
        if (target[0] != '/')
            text_bytes(&next, hop.data, path_folder_length(hop.data));
        text_format(&next, "%s%s", target[0] == '/' ? "" : "/", target);
        TRY(text_status(&next));
        text_clear(&hop);
        text_bytes(&hop, next.data, next.length);
        TRY(check_folder(search, hop.data, cleared));
    }
out:
    text_free(&hop);
    text_free(&next);
    return status;
}

static enum status check_inputs(const char *output, const struct packed_paths *images) {
    enum status status = STATUS_OK;
    struct search search = {.output = realpath(output, NULL)};
    struct packed_reader reader = {.paths = images};
    struct text label = {0};
    for (size_t i = 0; search.output && i < images->count; i++) {
        const char *image, *found;
        bool cleared;
        TRY(packed_reader_get(&reader, i, &image));
        found = image;
        TRY(check_path(&search, image, &cleared));
        if (!cleared) {
            TRY(label_path_text(image, &label));
            found = label.data;
            TRY(check_path(&search, label.data, &cleared));
        }
        if (cleared) {
            status = FAIL(STATUS_BAD_INPUT,
                          "--overwrite would remove what is to be read: %.1000s lies in the output "
                          "folder %.1000s: choose another --output",
                          found, output);
            break;
        }
    }
out:
    free(search.output);
    free(search.resolved);
    text_free(&search.folder);
    packed_reader_free(&reader);
    text_free(&label);
    return status;
}

static enum status check_owner(const char *output) {
    enum status status = STATUS_OK;
    struct text list = {0};
    bool owns = false;
    int folder;
    TRY(output_folder_open(output, true, &folder));
    if (folder < 0)
        return STATUS_OK;
    TRY(made_find(folder, output, &list));
    if (list.length) {
        TRY(run_file_owns(output, &owns));
        if (!owns)
            status = FAIL(STATUS_BAD_INPUT,
                          "--overwrite: %.1000s holds %s, and nothing in it tells which files a "
                          "run wrote: choose another --output, or move these away",
                          output, list.data);
    }
out:
    if (folder >= 0)
        close(folder);
    text_free(&list);
    return status;
}

enum status output_may_clear(const char *output, const struct packed_paths *images) {
    enum status status;
    TRY(check_owner(output));
    TRY(run_file_check_rejudged(output, "--overwrite: "));
    TRY(check_inputs(output, images));
out:
    return status;
}
