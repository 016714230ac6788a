/* The work folder, and what a name in it is that of. */
#include "output/work_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "output/digits.h"
#include "output/journal_line.h"
#include "output/place.h"
#include "output/report.h"
#include "output/run_file.h"
#include "output/run_lock.h"
#include "output/storage.h"

enum status work_folder_open(const char *output, bool make, struct work_folder *work) {
    enum status status = STATUS_OK;
    work->output = work->folder = -1;
    int length = snprintf(work->path, PATH_MAX, "%s/" WORK_FOLDER, output);
    if (length < 0 || length >= PATH_MAX)
        return FAIL(STATUS_BAD_INPUT, "--output %.1000s: the path is too long", output);
    snprintf(work->output_path, PATH_MAX, "%s", output);
    if (make)
        TRY(make_folders(output));
    TRY(output_folder_open(output, !make, &work->output));
    if (work->output < 0)
        return STATUS_OK;
    struct location location = {work->output, work->output_path, WORK_FOLDER};
    int error = below_folder(&location, make, &work->folder);
    if (error != 0 && error != ENOENT)
        status = storage_failed(error, &location, "cannot open the work folder");
out:
    return status;
}

void work_folder_close(struct work_folder *work) {
    if (work->folder >= 0)
        close(work->folder);
    if (work->output >= 0)
        close(work->output);
    work->output = work->folder = -1;
}

struct location work_location(const struct work_folder *work, const char *name) {
    return (struct location){work->folder, work->path, name};
}

/* "<name>.E.R", as journal_file_name makes it. */
static bool is_of_epoch(const char *name, const char *stream) {
    size_t length = strlen(stream);
    uint64_t number;
    if (strncmp(name, stream, length) != 0)
        return false;
    name += length;
    return digits_after(&name, '.', UINT_MAX, &number) &&
           digits_after(&name, '.', INT_MAX, &number) && *name == '\0';
}

/* The draft of a file of all ranks. */
static bool is_merged(const char *name) {
    size_t prefix = strlen(MERGE_PREFIX);
    if (strncmp(name, MERGE_PREFIX, prefix) != 0)
        return false;
    for (size_t s = 0; s < stream_count(); s++)
        if (strcmp(name + prefix, stream_at(s)->file) == 0)
            return true;
    return strcmp(name + prefix, REPORT_FILE) == 0;
}

static bool is_of_page(const char *name) {
    size_t prefix = strlen(PAGE_DRAFT_PREFIX);
    return strncmp(name, PAGE_DRAFT_PREFIX, prefix) == 0 && name[prefix] != '\0' &&
           name[prefix + strspn(name + prefix, "0123456789")] == '\0';
}

enum work_name work_name_kind(const char *name) {
    static const struct {
        const char *name;
        enum work_name kind;
    } whole[] = {{RUN_FILE, WORK_RUN}, {RUN_LOCK, WORK_LOCK}};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (strcmp(name, whole[i].name) == 0)
            return whole[i].kind;
    if (is_draft(name) || is_merged(name) || is_of_page(name))
        return WORK_DRAFT;
    if (is_of_epoch(name, JOURNAL_NAME))
        return WORK_JOURNAL;
    for (size_t s = 0; s < stream_count(); s++) {
        const struct stream *stream = stream_at(s);
        if (stream->in_work && strcmp(name, stream->file) == 0)
            return WORK_MERGED;
        if (is_of_epoch(name, stream->name))
            return s == stream_of_manifest() ? WORK_PLACED : WORK_JOURNAL;
    }
    return WORK_FOREIGN;
}

static enum status remove_name(const struct work_folder *work, const char *name) {
    struct location location = work_location(work, name);
    return unlinkat(work->folder, name, 0) != 0 && errno != ENOENT
               ? storage_failed(errno, &location, "cannot remove")
               : STATUS_OK;
}

static enum status remove_kinds(const struct work_folder *work, DIR *stream, unsigned kinds) {
    enum status status = STATUS_OK;
    struct location location = work_location(work, ".");
    const struct dirent *entry;
    /* Some file systems skip entries while others are being removed: until a pass finds none. */
    for (bool found = true; found;) {
        found = false;
        rewinddir(stream);
        for (;;) {
            TRY(below_next(stream, &location, &entry));
            if (!entry)
                break;
            enum work_name kind = work_name_kind(entry->d_name);
            if (kind == WORK_FOREIGN || !(kinds >> kind & 1))
                continue;
            found = true;
            TRY(remove_name(work, entry->d_name));
        }
    }
out:
    return status;
}

enum status work_folder_remove(const char *output, unsigned kinds) {
    enum status status;
    struct work_folder work;
    DIR *stream = NULL;
    TRY(work_folder_open(output, false, &work));
    if (work.folder < 0)
        goto out;
    struct location location = work_location(&work, ".");
    if (kinds >> WORK_RUN & 1) {
        TRY(remove_name(&work, RUN_FILE));
        if (fsync(work.folder) != 0) {
            status = storage_failed(errno, &location, "cannot empty");
            goto out;
        }
    }
    int error = below_stream(&location, &stream);
    status = stream ? remove_kinds(&work, stream, kinds)
                    : storage_failed(error, &location, "cannot empty");
out:
    if (stream)
        closedir(stream);
    work_folder_close(&work);
    return status;
}
