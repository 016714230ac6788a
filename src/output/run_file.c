#include "output/run_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "output/fields.h"
#include "output/place.h"
#include "output/run_lock.h"
#include "output/storage.h"

#define RUN_FILE "run.json"
#define REPORT   "verification_report.json"

/* Both end a refusal of --resume. */
#define GIVE_THE_SAME "give the same, or start over with --overwrite"

static enum status folder_open(const char *output, char path[PATH_MAX], int *folder) {
    struct spot spot = {AT_FDCWD, NULL, path};
    int length = snprintf(path, PATH_MAX, "%s/" WORK_FOLDER, output);
    if (length < 0 || length >= PATH_MAX)
        return FAIL(STATUS_BAD_INPUT, "--output %.1000s: the path is too long", output);
    *folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *folder < 0 && errno != ENOENT
               ? storage_failed(errno, &spot, "cannot open the work folder")
               : STATUS_OK;
}

/* ---------------------------------------------------------------- emptying */

static enum status remove_name(int folder, const char *path, const char *name) {
    struct spot spot = {folder, path, name};
    return unlinkat(folder, name, 0) != 0 && errno != ENOENT
               ? storage_failed(errno, &spot, "cannot remove")
               : STATUS_OK;
}

static enum status remove_all(DIR *stream, const char *path) {
    struct spot spot = {AT_FDCWD, NULL, path};
    /* Some file systems skip entries while others are being removed: until a pass finds none. */
    for (bool found = true; found;) {
        found = false;
        rewinddir(stream);
        for (;;) {
            errno = 0;
            const struct dirent *entry = readdir(stream);
            if (!entry && errno != 0)
                return storage_failed(errno, &spot, "cannot read the folder");
            if (!entry)
                break;
            const char *name = entry->d_name;
            if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, RUN_LOCK) == 0)
                continue;
            found = true;
            enum status status = remove_name(dirfd(stream), path, name);
            if (status != STATUS_OK)
                return status;
        }
    }
    return STATUS_OK;
}

enum status work_folder_empty(const char *output) {
    enum status status;
    char path[PATH_MAX];
    int folder = -1;
    DIR *stream = NULL;
    struct spot spot = {AT_FDCWD, NULL, path};
    TRY(folder_open(output, path, &folder));
    if (folder < 0)
        return STATUS_OK;
    TRY(remove_name(folder, path, RUN_FILE));
    if (fsync(folder) != 0 || !(stream = fdopendir(folder))) {
        status = storage_failed(errno, &spot, "cannot empty");
        goto out;
    }
    TRY(remove_all(stream, path));
out:
    if (stream)
        closedir(stream);
    else if (folder >= 0)
        close(folder);
    return status;
}

/* ---------------------------------------------------------------- reading */

/* A JSON object from a file; NULL in *out where there is no such file. */
static enum status object_read(const struct spot *spot, struct json_object **out) {
    *out = NULL;
    int file = openat(spot->folder, spot->path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return errno == ENOENT ? STATUS_OK : storage_failed(errno, spot, "cannot read");
    *out = json_object_from_fd(file);
    close(file);
    if (json_object_is_type(*out, json_type_object))
        return STATUS_OK;
    json_object_put(*out);
    *out = NULL;
    return FAIL(STATUS_BAD_INPUT,
                "%.1000s/%s is damaged: start over with --overwrite, or choose another --output",
                spot->root, spot->path);
}

static const char *member(struct json_object *object, const char *key) {
    struct json_object *value = NULL;
    return json_object_is_type(object, json_type_object) &&
                   json_object_object_get_ex(object, key, &value) &&
                   json_object_is_type(value, json_type_string)
               ? json_object_get_string(value)
               : NULL;
}

static const char *shown(const char *value) {
    return *value ? value : "not given";
}

static enum status compare_part(const struct run_part *part, const char *was, const char *is) {
    if (was && is && strcmp(was, is) == 0)
        return STATUS_OK;
    if (!was || !is)
        return FAIL(STATUS_BAD_INPUT,
                    "--resume: the output does not tell what %.200s was: start over with "
                    "--overwrite",
                    part->name);
    if (part->opaque)
        return FAIL(STATUS_BAD_INPUT,
                    "--resume: %.500s is not what it was when the run began: " GIVE_THE_SAME,
                    part->name);
    return FAIL(STATUS_BAD_INPUT, "--resume: %.200s was %.500s and is %.500s now: " GIVE_THE_SAME,
                part->name, shown(was), shown(is));
}

/* The run that is there with this one as it would be written, since JSON changes bytes that are not
 * UTF-8. */
static enum status compare(struct json_object *run, struct json_object *now,
                           const struct run_parts *parts, unsigned *epoch) {
    struct json_object *were = NULL, *are = NULL, *number = NULL;
    const char *version = member(run, "version");
    if (!version || strcmp(version, VERIFY_VERSION) != 0)
        return FAIL(STATUS_BAD_INPUT,
                    "--resume: the run was begun by verify %.100s, and this is " VERIFY_VERSION
                    ": continue with that, or start over with --overwrite",
                    version ? version : "of an unknown version");
    json_object_object_get_ex(run, "parts", &were);
    json_object_object_get_ex(now, "parts", &are);
    for (size_t i = 0; i < parts->count; i++) {
        const struct run_part *part = &parts->parts[i];
        enum status status = compare_part(part, member(were, part->name), member(are, part->name));
        if (status != STATUS_OK)
            return status;
    }
    json_object_object_get_ex(run, "epoch", &number);
    int64_t last = json_object_is_type(number, json_type_int) ? json_object_get_int64(number) : -1;
    if (last < 0 || last >= INT_MAX)
        return FAIL(STATUS_BAD_INPUT, "--resume: " WORK_FOLDER "/" RUN_FILE
                                      " does not tell its epoch: start over with --overwrite");
    *epoch = (unsigned)last + 1;
    return STATUS_OK;
}

static enum status is_complete(int folder, const char *output, bool *complete) {
    struct json_object *report;
    enum status status = object_read(&(struct spot){folder, output, REPORT}, &report);
    const char *said = report ? member(report, "status") : NULL;
    *complete = said && strcmp(said, "complete") == 0;
    json_object_put(report);
    return status;
}

/* ---------------------------------------------------------------- starting */

static enum status run_text(const struct run_parts *parts, unsigned epoch, struct text *text) {
    text_string(text, "{");
    field_string(text, "version", VERIFY_VERSION);
    field_count(text, "epoch", epoch);
    field_key(text, "parts");
    text_string(text, "{");
    for (size_t i = 0; i < parts->count; i++) {
        field_next(text);
        text_json_string(text, parts->parts[i].name);
        text_string(text, ": ");
        text_json_string(text, parts->parts[i].value);
    }
    text_string(text, "}}\n");
    return text_status(text);
}

static enum status find_run(int folder, const char *output, const struct run_parts *parts,
                            bool resume, struct run_start *start) {
    enum status status = STATUS_OK;
    struct json_object *run = NULL, *now = NULL;
    struct text text = {0};
    bool complete = false;
    *start = (struct run_start){RUN_FRESH, 0};
    if (resume)
        TRY(is_complete(folder, output, &complete));
    if (complete) {
        start->state = RUN_COMPLETE;
        return STATUS_OK;
    }
    TRY(object_read(&(struct spot){folder, output, WORK_FOLDER "/" RUN_FILE}, &run));
    if (run && !resume) {
        status = FAIL(STATUS_BAD_INPUT,
                      "the output folder %.1000s holds a run that was interrupted: continue it "
                      "with --resume, start over with --overwrite, or choose another --output",
                      output);
    } else if (run) {
        start->state = RUN_CONTINUED;
        TRY(run_text(parts, 0, &text));
        now = json_tokener_parse(text.data);
        status = compare(run, now, parts, &start->epoch);
    }
out:
    text_free(&text);
    json_object_put(now);
    json_object_put(run);
    return status;
}

static enum status run_write(int folder, const char *path, const struct text *text) {
    const struct spot spot = {folder, path, RUN_FILE};
    return file_write(&spot, text->data, text->length, true);
}

enum status run_file_start(const char *output, const struct run_parts *parts, bool resume,
                           struct run_start *start) {
    enum status status;
    char path[PATH_MAX];
    int whole = open(output, O_RDONLY | O_DIRECTORY | O_CLOEXEC), folder = -1;
    struct text text = {0};
    struct spot spot = {AT_FDCWD, NULL, output};
    if (whole < 0)
        return storage_failed(errno, &spot, "cannot open the output folder");
    TRY(find_run(whole, output, parts, resume, start));
    if (start->state == RUN_COMPLETE)
        goto out;
    if (start->state == RUN_FRESH) {
        TRY(output_prepare(output, false));
        TRY(work_folder_empty(output));
    }
    snprintf(path, sizeof path, "%s/" WORK_FOLDER, output);
    TRY(make_folders(path));
    TRY(folder_open(output, path, &folder));
    TRY(run_text(parts, start->epoch, &text));
    TRY(run_write(folder, path, &text));
    /* The work folder's own name. */
    if (fsync(whole) != 0)
        status = storage_failed(errno, &spot, "cannot make sure of");
out:
    text_free(&text);
    if (folder >= 0)
        close(folder);
    close(whole);
    return status;
}
