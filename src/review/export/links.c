/* The images of an export. */
#include "review/export/links.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/shown.h"
#include "output/run_file.h"
#include "review/export/format.h"

enum status export_links_begin(const struct run_results *results,
                               const struct export_folder *folder, struct export_links *links) {
    enum status status;
    links->results = results;
    links->folder = folder;
    TRY(run_file_root(results->output, &links->root));
    TRY(run_file_common(results->output, &links->common));
    if (!links->root)
        TRY(memory_string(results->root, &links->root));
    if (!links->common)
        TRY(memory_string("/", &links->common));
out:
    return status;
}

void export_links_free(struct export_links *links) {
    free(links->root);
    free(links->common);
    text_free(&links->name);
    text_free(&links->path);
    text_free(&links->target);
    *links = (struct export_links){0};
}

/* Appends a path below a folder. Tools and archives do not all take control characters, and "."
 * and ".." would lead elsewhere. */
static void append_below(struct text *text, const char *path) {
    while (*path) {
        size_t length = strcspn(path, "/");
        bool dots = length > 0 && length <= 2 && strspn(path, ".") >= length;
        if (length > 0 && text->length > 0)
            text_string(text, "/");
        for (size_t i = 0; i < length; i++) {
            bool plain = !dots && (unsigned char)path[i] >= 0x20 && path[i] != 0x7f;
            text_bytes(text, plain ? path + i : "_", 1);
        }
        path += length + (path[length] == '/');
    }
}

/* The image's name below the folder that all have in common, at the run. */
static enum status make_name(struct export_links *links, const char *image) {
    struct text *was = &links->target;
    size_t common = strlen(links->common);
    text_clear(was);
    if (*image != '/')
        text_format(was, "%s/", strcmp(links->root, "/") == 0 ? "" : links->root);
    text_string(was, image);
    enum status status = text_status(was);
    if (status != STATUS_OK)
        return status;
    bool below =
        strncmp(was->data, links->common, common) == 0 && (was->data[common] == '/' || common == 1);
    text_clear(&links->name);
    append_below(&links->name, was->data + (below ? common : 0));
    return text_status(&links->name);
}

static bool is_file(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

enum status export_links_make(struct export_links *links, const char *image,
                              enum link_state *state) {
    enum status status;
    struct dir_entry at = {0};
    TRY(make_name(links, image));
    TRY(run_results_path(links->results, image, &links->target));
    *state = LINK_ABSENT;
    if (!is_file(links->target.data))
        goto out;
    text_clear(&links->path);
    text_format(&links->path, EXPORT_IMAGES "/%s", links->name.data);
    TRY(text_status(&links->path));
    struct location location = {links->folder->draft, links->folder->draft_path.data,
                                links->path.data};
    int error = dir_entry_open(&location, true, &at);
    if (error == 0 && symlinkat(links->target.data, at.folder, at.name) != 0)
        error = errno;
    *state = error == EEXIST ? LINK_TAKEN : LINK_MADE;
    if (error != 0 && error != EEXIST)
        TRY(storage_failed(error, &location, "cannot link"));
out:
    dir_entry_close(&at);
    return status;
}
