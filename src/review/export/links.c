/* The images of an export. */
#include "review/export/links.h"

#include <errno.h>
#include <fcntl.h>
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
    text_free(&links->beside);
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

enum status export_beside(const char *image, const char *suffix, struct text *name) {
    const char *slash = strrchr(image, '/');
    const char *base = slash ? slash + 1 : image;
    const char *dot = strrchr(base, '.');
    text_clear(name);
    text_bytes(name, image, dot && dot != base ? (size_t)(dot - image) : strlen(image));
    text_string(name, suffix);
    return text_status(name);
}

/* Links the image there. Returns 0 or an errno value: EEXIST too where the file that is to be made
 * beside the link is there. */
static int make_link(struct export_links *links, const struct dir_entry *at) {
    struct stat about;
    if (links->beside.length) {
        const char *slash = strrchr(links->beside.data, '/');
        const char *name = slash ? slash + 1 : links->beside.data;
        if (fstatat(at->folder, name, &about, AT_SYMLINK_NOFOLLOW) == 0)
            return EEXIST;
        if (errno != ENOENT)
            return errno;
    }
    return symlinkat(links->target.data, at->folder, at->name) == 0 ? 0 : errno;
}

enum status export_links_make(struct export_links *links, const char *image, const char *beside,
                              enum link_state *state) {
    enum status status;
    struct dir_entry at = {0};
    TRY(make_name(links, image));
    TRY(run_results_path(links->results, image, &links->target));
    if (beside)
        TRY(export_beside(links->name.data, beside, &links->beside));
    *state = LINK_ABSENT;
    if (!is_file(links->target.data))
        goto out;
    text_clear(&links->path);
    text_format(&links->path, EXPORT_IMAGES "/%s", links->name.data);
    TRY(text_status(&links->path));
    struct location location = {links->folder->draft, links->folder->draft_path.data,
                                links->path.data};
    int error = dir_entry_open(&location, true, &at);
    if (error == 0)
        error = make_link(links, &at);
    bool taken = error == EEXIST || error == ENAMETOOLONG;
    *state = taken ? LINK_TAKEN : LINK_MADE;
    if (error != 0 && !taken)
        TRY(storage_failed(error, &location, "cannot link"));
out:
    dir_entry_close(&at);
    return status;
}
