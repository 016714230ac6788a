/* The review page's files: drafts, their places, and what became of those that are there. */
#include "output/page_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "output/file_note.h"
#include "output/json_member.h"
#include "output/run_document.h"
#include "output/storage.h"

/* The key of run.json: {name below PAGE_FOLDER: note}. */
#define PAGE "review"

enum { NAME_BYTES = 64 };

static void draft_of(size_t file, char name[NAME_BYTES]) {
    snprintf(name, NAME_BYTES, PAGE_DRAFT_PREFIX "%zu", file);
}

/* Names below PAGE_FOLDER are ours, and short. */
static struct location place_of(const struct work_folder *work, const char *name,
                                char path[PATH_MAX]) {
    snprintf(path, PATH_MAX, PAGE_FOLDER "/%s", name);
    return (struct location){work->output, work->output_path, path};
}

static int write_durably(int file, const char *bytes, size_t length) {
    int error = write_all(file, bytes, length);
    if (error == 0 && fsync(file) != 0)
        error = errno;
    if (close(file) != 0 && error == 0)
        error = errno;
    return error;
}

enum status page_draft(const char *output, size_t file, const char *bytes, size_t length) {
    enum status status;
    struct work_folder work;
    char name[NAME_BYTES];
    int opened;
    draft_of(file, name);
    TRY(work_folder_open(output, true, &work));
    struct location location = work_location(&work, name);
    TRY(below_file_open(&location, O_WRONLY | O_CREAT | O_TRUNC, 0666, "cannot write", &opened));
    int error = write_durably(opened, bytes, length);
    if (error != 0)
        status = storage_failed(error, &location, "cannot write");
out:
    work_folder_close(&work);
    return status;
}

/* ---------------------------------------------------------------- what is there */

/* What a name below PAGE_FOLDER is; false: nothing that can be looked at. */
static bool look(const struct work_folder *work, const char *name, struct stat *about) {
    char path[PATH_MAX];
    struct dir_entry at;
    struct location location = place_of(work, name, path);
    if (dir_entry_open(&location, false, &at) != 0)
        return false;
    bool there = fstatat(at.folder, at.name, about, AT_SYMLINK_NOFOLLOW) == 0;
    dir_entry_close(&at);
    return there;
}

static bool is_own(struct json_object *noted, const struct stat *about) {
    return S_ISREG(about->st_mode) && file_note_holds(noted, about);
}

static struct json_object *noted_files(const struct run_document *document) {
    return json_member(document->run, PAGE, json_type_object);
}

void page_changed(const struct run_document *document, struct text *list) {
    struct json_object *files = noted_files(document);
    struct stat about;
    if (!files)
        return;
    json_object_object_foreach(files, name, noted) {
        if (look(&document->work, name, &about) && !is_own(noted, &about))
            text_format(list, "%s" PAGE_FOLDER "/%s", list->length ? ", " : "", name);
    }
}

static enum status remove_own(const struct work_folder *work, const char *name,
                              struct json_object *noted) {
    enum status status = STATUS_OK;
    char path[PATH_MAX];
    struct stat about;
    struct dir_entry at;
    struct location location = place_of(work, name, path);
    if (dir_entry_open(&location, false, &at) != 0)
        return STATUS_OK;
    if (fstatat(at.folder, at.name, &about, AT_SYMLINK_NOFOLLOW) == 0 && is_own(noted, &about) &&
        unlinkat(at.folder, at.name, 0) != 0 && errno != ENOENT)
        status = storage_failed(errno, &location, "cannot remove");
    dir_entry_close(&at);
    return status;
}

/* What opens the page goes first. */
static enum status remove_all(const struct run_document *document) {
    enum status status = STATUS_OK;
    struct json_object *files = noted_files(document);
    if (!files)
        return STATUS_OK;
    TRY(remove_own(&document->work, PAGE_INDEX, json_member(files, PAGE_INDEX, json_type_array)));
    json_object_object_foreach(files, name, noted) {
        TRY(remove_own(&document->work, name, noted));
    }
out:
    return status;
}

/* Folders that are empty; the names of all that a page has begin with theirs. */
static void remove_folders(const struct run_document *document) {
    const struct work_folder *work = &document->work;
    struct json_object *files = noted_files(document);
    if (!files)
        return;
    json_object_object_foreach(files, name, noted) {
        char path[PATH_MAX];
        (void)noted;
        place_of(work, name, path);
        struct location location = {work->output, work->output_path, path};
        struct dir_entry at;
        *strrchr(path, '/') = '\0';
        if (dir_entry_open(&location, false, &at) == 0) {
            unlinkat(at.folder, at.name, AT_REMOVEDIR);
            dir_entry_close(&at);
        }
    }
    unlinkat(work->output, PAGE_FOLDER, AT_REMOVEDIR);
}

enum status page_remove(const char *output) {
    enum status status;
    struct run_document document;
    TRY(run_document_open(output, false, &document));
    TRY(remove_all(&document));
    remove_folders(&document);
out:
    run_document_close(&document);
    return status;
}

/* ---------------------------------------------------------------- placing */

/* Whether all names are free, or have what may be replaced. */
static enum status check_free(const struct run_document *document, const struct path_list *names) {
    struct json_object *files = noted_files(document);
    for (size_t i = 0; i < names->count; i++) {
        const char *name = path_list_get(names, i);
        struct stat about;
        if (look(&document->work, name, &about) &&
            !is_own(json_member(files, name, json_type_array), &about))
            return FAIL(STATUS_BAD_INPUT,
                        "%.1000s/" PAGE_FOLDER "/%s is in the way: no run made it, or somebody has "
                        "changed it since: move it",
                        document->work.output_path, name);
    }
    return STATUS_OK;
}

/* Notes in run.json what the drafts look like, before any of them has its place. */
static enum status note_drafts(struct run_document *document, const struct path_list *names) {
    struct json_object *files = json_object_new_object();
    const char *text = NULL;
    bool added = files && json_object_object_add(document->run, PAGE, files) == 0;
    for (size_t i = 0; added && i < names->count; i++) {
        char draft[NAME_BYTES];
        struct stat about;
        draft_of(i, draft);
        struct location location = work_location(&document->work, draft);
        if (fstatat(location.folder, draft, &about, AT_SYMLINK_NOFOLLOW) != 0)
            return storage_failed(errno, &location, "cannot look at");
        added = file_note_add(files, path_list_get(names, i), &about);
    }
    if (added)
        text = json_object_to_json_string(document->run);
    return text ? run_document_write(document, text, strlen(text))
                : FAIL(STATUS_FAILED, "out of memory: the review page's files");
}

/* Gives a draft its place. `sync`: that, and what was placed in the same folder before, is on the
 * disk when this returns. */
static enum status place_one(const struct work_folder *work, size_t file, const char *name,
                             bool sync) {
    enum status status = STATUS_OK;
    char draft[NAME_BYTES], path[PATH_MAX];
    struct stat about;
    struct dir_entry at;
    struct location location = place_of(work, name, path);
    draft_of(file, draft);
    int error = dir_entry_open(&location, true, &at);
    if (error != 0)
        return storage_failed(error, &location, "cannot write");
    error = fstatat(work->folder, draft, &about, AT_SYMLINK_NOFOLLOW) == 0
                ? file_move(work->folder, draft, at.folder, at.name, &about)
                : errno;
    if (error == 0 && sync && fsync(at.folder) != 0)
        error = errno;
    if (error != 0)
        status = storage_failed(error, &location, "cannot write");
    dir_entry_close(&at);
    return status;
}

/* Whether two names lie in one folder. */
static bool same_folder(const char *a, const char *b) {
    const char *end = strrchr(a, '/');
    size_t length = end ? (size_t)(end - a) + 1 : 0;
    return strncmp(a, b, length) == 0 && !strchr(b + length, '/');
}

/* All but what opens the page. */
static enum status place_most(const struct work_folder *work, const struct path_list *names,
                              size_t *index) {
    enum status status = STATUS_OK;
    *index = names->count;
    for (size_t i = 0; i < names->count; i++) {
        const char *name = path_list_get(names, i);
        const char *next = i + 1 < names->count ? path_list_get(names, i + 1) : NULL;
        if (strcmp(name, PAGE_INDEX) == 0)
            *index = i;
        else
            TRY(place_one(work, i, name, !next || !same_folder(name, next)));
    }
out:
    return status;
}

enum status page_place(const char *output, const struct path_list *names) {
    enum status status;
    struct run_document document;
    size_t index;
    TRY(run_document_open(output, true, &document));
    if (!document.run) {
        status = FAIL(STATUS_BAD_INPUT, "%.1000s/" WORK_FOLDER " does not tell of a run", output);
        goto out;
    }
    TRY(check_free(&document, names));
    TRY(remove_all(&document));
    remove_folders(&document);
    TRY(note_drafts(&document, names));
    TRY(place_most(&document.work, names, &index));
    if (index < names->count)
        TRY(place_one(&document.work, index, PAGE_INDEX, true));
out:
    run_document_close(&document);
    return status;
}
