#include "output/run_file.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "output/fields.h"
#include "output/made.h"
#include "output/place.h"
#include "output/storage.h"
#include "output/work_folder.h"

/* Keys of run.json. */
#define VERSION      "version"
#define MANIFEST_KEY "manifest" /* the format of the manifest that the run writes */
#define EPOCH        "epoch"
#define PARTS        "parts"
#define COMPLETE     "complete" /* counts */
#define FILES        "files"    /* name: [bytes, seconds, nanoseconds] */
#define CLEARING     "clearing"
#define COMMON       "common"
#define STAMP        "stamp" /* [seconds, nanoseconds] */

enum { RUN_FILE_BYTES = 1 << 20 };

/* Both end a refusal of --resume. */
#define GIVE_THE_SAME "give the same, or start over with --overwrite"

/* The counts that are kept. */
static const struct {
    const char *key;
    size_t offset;
} counts_kept[] = {
    {"read_images", offsetof(struct run_counts, read_images)},
    {"failed_images", offsetof(struct run_counts, failed_images)},
    {"invalid_lines", offsetof(struct run_counts, invalid_lines)},
    {"mislabeled_boxes", offsetof(struct run_counts, mislabeled_boxes)},
};
enum { COUNTS = sizeof counts_kept / sizeof *counts_kept };

static uint64_t *count_of(struct run_counts *counts, size_t i) {
    return (uint64_t *)((char *)counts + counts_kept[i].offset);
}

/* ---------------------------------------------------------------- reading */

/* At most RUN_FILE_BYTES of a file, with a NUL behind. *bytes stays NULL where there is no such
 * file. */
static enum status bytes_read(const struct spot *spot, char **bytes) {
    enum status status;
    int file, error = below_file(spot, O_RDONLY, 0, &file);
    *bytes = NULL;
    if (error != 0)
        return error == ENOENT ? STATUS_OK : storage_failed(error, spot, "cannot read");
    TRY(memory_zeroed(RUN_FILE_BYTES + 1, 1, bytes));
    if (file_read(file, *bytes, RUN_FILE_BYTES) < 0)
        status = storage_failed(errno, spot, "cannot read");
out:
    close(file);
    if (status != STATUS_OK) {
        free(*bytes);
        *bytes = NULL;
    }
    return status;
}

/* run.json as an object; *damaged: it is there, and is none. NULL in *out then, and where it is
 * absent. */
static enum status run_read(const struct work_folder *work, struct json_object **out,
                            bool *damaged) {
    enum status status = STATUS_OK;
    char *bytes = NULL;
    struct spot spot = work_spot(work, RUN_FILE);
    *out = NULL;
    *damaged = false;
    if (work->folder < 0)
        return STATUS_OK;
    TRY(bytes_read(&spot, &bytes));
    if (!bytes)
        goto out;
    *out = json_tokener_parse(bytes);
    if (!json_object_is_type(*out, json_type_object)) {
        json_object_put(*out);
        *out = NULL;
        *damaged = true;
    }
out:
    free(bytes);
    return status;
}

static struct json_object *member(struct json_object *object, const char *key,
                                  enum json_type type) {
    struct json_object *value = NULL;
    return json_object_is_type(object, json_type_object) &&
                   json_object_object_get_ex(object, key, &value) &&
                   json_object_is_type(value, type)
               ? value
               : NULL;
}

static const char *member_text(struct json_object *object, const char *key) {
    struct json_object *value = member(object, key, json_type_string);
    return value ? json_object_get_string(value) : NULL;
}

static uint64_t member_count(struct json_object *object, const char *key) {
    struct json_object *value = member(object, key, json_type_int);
    int64_t number = value ? json_object_get_int64(value) : 0;
    return number > 0 ? (uint64_t)number : 0;
}

/* ---------------------------------------------------------------- comparing */

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
    struct json_object *were = member(run, PARTS, json_type_object);
    struct json_object *are = member(now, PARTS, json_type_object);
    const char *version = member_text(run, VERSION);
    if (member(run, CLEARING, json_type_boolean))
        return FAIL(STATUS_BAD_INPUT,
                    "--resume: the output was being cleared by a run with --overwrite, which was "
                    "interrupted: start over with --overwrite");
    if (!version || strcmp(version, VERIFY_VERSION) != 0)
        return FAIL(STATUS_BAD_INPUT,
                    "--resume: the run was begun by verify %.100s, and this is " VERIFY_VERSION
                    ": continue with that, or start over with --overwrite",
                    version ? version : "of an unknown version");
    for (size_t i = 0; i < parts->count; i++) {
        const struct run_part *part = &parts->parts[i];
        enum status status =
            compare_part(part, member_text(were, part->name), member_text(are, part->name));
        if (status != STATUS_OK)
            return status;
    }
    struct json_object *number = member(run, EPOCH, json_type_int);
    int64_t last = number ? json_object_get_int64(number) : -1;
    if (last < 0 || last >= INT_MAX)
        return FAIL(STATUS_BAD_INPUT, "--resume: " WORK_FOLDER "/" RUN_FILE
                                      " does not tell its epoch: start over with --overwrite");
    *epoch = (unsigned)last + 1;
    return STATUS_OK;
}

/* ---------------------------------------------------------------- starting */

static enum status run_text(const struct run_parts *parts, const struct run_start *start,
                            struct text *text) {
    text_string(text, "{");
    field_string(text, VERSION, VERIFY_VERSION);
    field_count(text, MANIFEST_KEY, 1);
    field_count(text, EPOCH, start->epoch);
    field_key(text, STAMP);
    text_format(text, "[%lld, %ld]", (long long)start->stamp.tv_sec, start->stamp.tv_nsec);
    field_string(text, COMMON, parts->common);
    field_key(text, PARTS);
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

/* Whether the results of the complete run are still there. */
static bool has_results(const struct work_folder *work) {
    static const enum made needed[] = {MADE_REPORT, MADE_RECORDS};
    struct stat about;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (fstatat(work->output, made_names[needed[i]], &about, AT_SYMLINK_NOFOLLOW) != 0)
            return false;
    return true;
}

static struct timespec stamp_of(struct json_object *run) {
    struct json_object *stamp = member(run, STAMP, json_type_array);
    return (struct timespec){
        .tv_sec = (time_t)json_object_get_int64(json_object_array_get_idx(stamp, 0)),
        .tv_nsec = (long)json_object_get_int64(json_object_array_get_idx(stamp, 1)) % 1000000000};
}

/* Of a run that is there and is to be continued. */
static enum status find_continued(const struct work_folder *work, struct json_object *run,
                                  const struct run_parts *parts, struct run_start *start) {
    enum status status;
    struct text text = {0};
    struct json_object *now = NULL, *complete = member(run, COMPLETE, json_type_object);
    TRY(run_text(parts, start, &text));
    now = json_tokener_parse(text.data);
    TRY(compare(run, now, parts, &start->epoch));
    start->state = RUN_CONTINUED;
    start->stamp = stamp_of(run);
    if (!complete)
        goto out;
    for (size_t i = 0; i < COUNTS; i++)
        *count_of(&start->counts, i) = member_count(complete, counts_kept[i].key);
    if (!has_results(work))
        start->state = RUN_FRESH;
    else if (start->counts.failed_images == 0)
        start->state = RUN_COMPLETE;
out:
    text_free(&text);
    json_object_put(now);
    return status;
}

static enum status find_run(const struct work_folder *work, const struct run_parts *parts,
                            bool resume, struct run_start *start) {
    enum status status;
    struct json_object *run = NULL;
    bool damaged;
    *start = (struct run_start){.state = RUN_FRESH};
    TRY(run_read(work, &run, &damaged));
    if (damaged)
        status = FAIL(STATUS_BAD_INPUT,
                      "%.1000s/" RUN_FILE " is damaged: remove the output folder, or choose "
                      "another --output",
                      work->path);
    else if (run && resume)
        status = find_continued(work, run, parts, start);
    /* A complete run's results, if they are still there, refuse the start themselves. */
    else if (run && !member(run, COMPLETE, json_type_object) &&
             !member(run, CLEARING, json_type_boolean))
        status = FAIL(STATUS_BAD_INPUT,
                      "the output folder %.1000s holds a run that was interrupted: continue it "
                      "with --resume, start over with --overwrite, or choose another --output",
                      work->output_path);
out:
    json_object_put(run);
    return status;
}

/* On the disk when it returns. */
static enum status run_write(const struct work_folder *work, const char *bytes, size_t length) {
    const struct spot spot = work_spot(work, RUN_FILE);
    struct spot whole = {work->output, work->output_path, WORK_FOLDER};
    enum status status = file_write(&spot, bytes, length, true);
    /* The work folder's own name. */
    if (status == STATUS_OK && fsync(work->output) != 0)
        status = storage_failed(errno, &whole, "cannot make sure of");
    return status;
}

/* Adds what changes run.json: `add` to it. */
static enum status run_change(const char *output,
                              bool (*add)(struct json_object *run, const struct work_folder *work,
                                          const void *context),
                              const void *context) {
    enum status status;
    struct work_folder work;
    struct json_object *run = NULL;
    bool damaged;
    TRY(work_folder_open(output, true, &work));
    TRY(run_read(&work, &run, &damaged));
    if (!run)
        run = json_object_new_object();
    const char *text = run && add(run, &work, context) ? json_object_to_json_string(run) : NULL;
    status = text ? run_write(&work, text, strlen(text))
                  : FAIL(STATUS_FAILED, "out of memory: %s/" RUN_FILE, WORK_FOLDER);
out:
    json_object_put(run);
    work_folder_close(&work);
    return status;
}

/* Another epoch: what is known of the files right in the output folder stays. */
static bool add_epoch(struct json_object *run, const struct work_folder *work,
                      const void *context) {
    const unsigned *epoch = context;
    (void)work;
    json_object_object_del(run, COMPLETE);
    return json_object_object_add(run, EPOCH, json_object_new_int64(*epoch)) == 0;
}

enum status run_file_start(const char *output, const struct run_parts *parts, bool resume,
                           bool cleared, struct run_start *start) {
    enum status status;
    struct work_folder work;
    struct text text = {0};
    TRY(work_folder_open(output, true, &work));
    *start = (struct run_start){.state = RUN_FRESH};
    if (!cleared)
        TRY(find_run(&work, parts, resume, start));
    if (start->state == RUN_COMPLETE)
        goto out;
    if (start->state == RUN_FRESH) {
        start->epoch = 0;
        clock_gettime(CLOCK_REALTIME, &start->stamp);
        if (!cleared)
            TRY(output_prepare(output));
        TRY(work_folder_remove(output, WORK_ALL));
    }
    if (start->state == RUN_CONTINUED) {
        status = run_change(output, add_epoch, &start->epoch);
    } else {
        TRY(run_text(parts, start, &text));
        status = run_write(&work, text.data, text.length);
    }
out:
    text_free(&text);
    work_folder_close(&work);
    return status;
}

/* ---------------------------------------------------------------- finishing */

static bool add_count(struct json_object *object, const char *key, uint64_t count) {
    return json_object_object_add(object, key, json_object_new_int64((int64_t)count)) == 0;
}

static bool add_file(struct json_object *files, const struct work_folder *work, const char *name) {
    struct stat about;
    if (fstatat(work->output, name, &about, AT_SYMLINK_NOFOLLOW) != 0)
        return true;
    const int64_t numbers[] = {about.st_size, about.st_mtim.tv_sec, about.st_mtim.tv_nsec};
    struct json_object *list = json_object_new_array();
    bool added = list && json_object_object_add(files, name, list) == 0;
    for (size_t i = 0; added && i < sizeof numbers / sizeof *numbers; i++)
        added = json_object_array_add(list, json_object_new_int64(numbers[i])) == 0;
    return added;
}

static bool add_files(struct json_object *run, const struct work_folder *work,
                      const void *context) {
    (void)context;
    struct json_object *files = json_object_new_object();
    bool added = files && json_object_object_add(run, FILES, files) == 0;
    const char *predictions = member_text(member(run, PARTS, json_type_object), "--save-json");
    bool predicted = predictions && strcmp(predictions, "1") == 0;
    for (size_t i = 0; added && i < MADE_FILES; i++)
        added = (i == MADE_PREDICTIONS && !predicted) || add_file(files, work, made_names[i]);
    return added;
}

static bool add_finish(struct json_object *run, const struct work_folder *work,
                       const void *context) {
    struct run_counts counts = *(const struct run_counts *)context;
    struct json_object *complete = json_object_new_object();
    bool added = complete && json_object_object_add(run, COMPLETE, complete) == 0;
    for (size_t i = 0; added && i < COUNTS; i++)
        added = add_count(complete, counts_kept[i].key, *count_of(&counts, i));
    return added && add_files(run, work, NULL);
}

enum status run_file_note(const char *output) {
    return run_change(output, add_files, NULL);
}

enum status run_file_finish(const char *output, const struct run_counts *counts) {
    enum status status = run_change(output, add_finish, counts);
    if (status == STATUS_OK)
        status =
            work_folder_remove(output, counts->failed_images ? 1u << WORK_DRAFT : WORK_OF_EPOCHS);
    return status;
}

/* ---------------------------------------------------------------- clearing */

static bool add_clearing(struct json_object *run, const struct work_folder *work,
                         const void *context) {
    (void)work, (void)context;
    return json_object_object_add(run, CLEARING, json_object_new_boolean(1)) == 0;
}

enum status run_file_clearing(const char *output) {
    return run_change(output, add_clearing, NULL);
}

enum status run_file_owns(const char *output, bool *owns) {
    enum status status;
    struct work_folder work;
    struct json_object *run = NULL;
    bool damaged;
    *owns = false;
    TRY(work_folder_open(output, false, &work));
    TRY(run_read(&work, &run, &damaged));
    *owns = member(run, MANIFEST_KEY, json_type_int) != NULL;
out:
    json_object_put(run);
    work_folder_close(&work);
    return status;
}

enum status run_file_common(const char *output, char **common) {
    enum status status;
    struct work_folder work;
    struct json_object *run = NULL;
    bool damaged;
    *common = NULL;
    TRY(work_folder_open(output, false, &work));
    TRY(run_read(&work, &run, &damaged));
    const char *path = member_text(run, COMMON);
    if (path)
        TRY(memory_string(path, common));
out:
    json_object_put(run);
    work_folder_close(&work);
    return status;
}

static bool is_as_noted(struct json_object *noted, const struct stat *about) {
    const int64_t is[] = {about->st_size, about->st_mtim.tv_sec, about->st_mtim.tv_nsec};
    for (size_t i = 0; i < sizeof is / sizeof *is; i++)
        if (json_object_get_int64(json_object_array_get_idx(noted, i)) != is[i])
            return false;
    return true;
}

enum status run_file_changed(const char *output, struct text *list) {
    enum status status;
    struct work_folder work;
    struct json_object *run = NULL;
    bool damaged;
    TRY(work_folder_open(output, false, &work));
    TRY(run_read(&work, &run, &damaged));
    struct json_object *files = member(run, FILES, json_type_object);
    for (size_t i = 0; i < MADE_FILES; i++) {
        struct stat about;
        struct json_object *noted = member(files, made_names[i], json_type_array);
        if (fstatat(work.output, made_names[i], &about, AT_SYMLINK_NOFOLLOW) == 0 &&
            (!noted || !is_as_noted(noted, &about)))
            text_format(list, "%s%s", list->length ? ", " : "", made_names[i]);
    }
    TRY(text_status(list));
out:
    json_object_put(run);
    work_folder_close(&work);
    return status;
}
