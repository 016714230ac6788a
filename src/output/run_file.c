/* Which run an output folder belongs to. */
#include "output/run_file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "output/fields.h"
#include "output/file_note.h"
#include "output/made.h"
#include "output/page_files.h"
#include "output/place.h"
#include "output/run_document.h"

/* Keys of run.json. */
#define VERSION      "version"
#define MANIFEST_KEY "manifest" /* the format of the manifest that the run writes */
#define EPOCH        "epoch"
#define PARTS        "parts"
#define COMPLETE     "complete" /* counts */
#define FILES        "files"    /* name: [bytes, seconds, nanoseconds] */
#define CLEARING     "clearing"
#define COMMON       "common"
#define ROOT         "root"
#define REJUDGING    "rejudging" /* parts */
#define REJUDGED     "rejudged"
#define STAMP        "stamp" /* [seconds, nanoseconds] */

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
    struct json_object *were = json_member(run, PARTS, json_type_object);
    struct json_object *are = json_member(now, PARTS, json_type_object);
    const char *version = json_member_text(run, VERSION);
    if (json_member(run, CLEARING, json_type_boolean))
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
        enum status status = compare_part(part, json_member_text(were, part->name),
                                          json_member_text(are, part->name));
        if (status != STATUS_OK)
            return status;
    }
    struct json_object *number = json_member(run, EPOCH, json_type_int);
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
    field_string(text, ROOT, parts->root);
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

/* Whether the results of the complete run are still there: those that every run has. */
static bool has_results(const struct work_folder *work) {
    struct made_file files[MADE_FILES_MOST];
    size_t n_files = made_files(files);
    struct stat about;
    for (size_t i = 0; i < n_files; i++)
        if (!files[i].flag && fstatat(work->output, files[i].name, &about, AT_SYMLINK_NOFOLLOW))
            return false;
    return true;
}

static struct timespec stamp_of(struct json_object *run) {
    struct json_object *stamp = json_member(run, STAMP, json_type_array);
    if (!stamp)
        return (struct timespec){0};
    return (struct timespec){
        .tv_sec = (time_t)json_object_get_int64(json_object_array_get_idx(stamp, 0)),
        .tv_nsec = (long)json_object_get_int64(json_object_array_get_idx(stamp, 1)) % 1000000000};
}

/* Of a run that is there and is to be continued. */
static enum status find_continued(const struct work_folder *work, struct json_object *run,
                                  const struct run_parts *parts, struct run_start *start) {
    enum status status;
    struct text text = {0};
    struct json_object *now = NULL, *complete = json_member(run, COMPLETE, json_type_object);
    TRY(run_text(parts, start, &text));
    now = json_tokener_parse(text.data);
    TRY(compare(run, now, parts, &start->epoch));
    start->state = RUN_CONTINUED;
    start->rejudged = json_member(run, REJUDGED, json_type_boolean) != NULL;
    start->stamp = stamp_of(run);
    if (!complete)
        goto out;
    for (size_t i = 0; i < COUNTS; i++)
        *count_of(&start->counts, i) = json_member_count(complete, counts_kept[i].key);
    if (!has_results(work))
        start->state = RUN_FRESH;
    else if (start->counts.failed_images == 0)
        start->state = RUN_COMPLETE;
out:
    text_free(&text);
    json_object_put(now);
    return status;
}

static enum status find_run(const struct run_document *document, const struct run_parts *parts,
                            bool resume, struct run_start *start) {
    struct json_object *run = document->run;
    const struct work_folder *work = &document->work;
    if (document->damaged)
        return FAIL(STATUS_BAD_INPUT,
                    "%.1000s/" RUN_FILE " is damaged: remove the output folder, or choose "
                    "another --output",
                    work->path);
    if (run && resume)
        return find_continued(work, run, parts, start);
    /* A complete run's results, if they are still there, refuse the start themselves. */
    if (run && !json_member(run, COMPLETE, json_type_object) &&
        !json_member(run, CLEARING, json_type_boolean))
        return FAIL(STATUS_BAD_INPUT,
                    "the output folder %.1000s holds a run that was interrupted: continue it "
                    "with --resume, start over with --overwrite, or choose another --output",
                    work->output_path);
    return STATUS_OK;
}

/* Adds what changes run.json: `add` to it, false for lack of memory. */
typedef bool run_add(struct json_object *run, const struct work_folder *work, const void *context);

static enum status run_change(const char *output, run_add *add, const void *context) {
    enum status status;
    struct run_document document;
    TRY(run_document_open(output, true, &document));
    if (!document.run)
        document.run = json_object_new_object();
    const char *text = document.run && add(document.run, &document.work, context)
                           ? json_object_to_json_string(document.run)
                           : NULL;
    status = text ? run_document_write(&document, text, strlen(text))
                  : FAIL(STATUS_FAILED, "out of memory: %s/" RUN_FILE, WORK_FOLDER);
out:
    run_document_close(&document);
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

/* Journals are only for images to be tried again. */
static enum status remove_unneeded(const char *output, const struct run_counts *counts) {
    return work_folder_remove(output, counts->failed_images ? 1u << WORK_DRAFT : WORK_OF_EPOCHS);
}

enum status run_file_start(const char *output, const struct run_parts *parts, bool resume,
                           bool cleared, struct run_start *start) {
    enum status status;
    struct run_document document;
    struct text text = {0};
    *start = (struct run_start){.state = RUN_FRESH};
    TRY(run_document_open(output, true, &document));
    if (!cleared)
        TRY(find_run(&document, parts, resume, start));
    if (start->state == RUN_FRESH) {
        start->epoch = 0;
        clock_gettime(CLOCK_REALTIME, &start->stamp);
        if (!cleared)
            TRY(output_prepare(output));
        TRY(work_folder_remove(output, WORK_ALL));
        TRY(run_text(parts, start, &text));
        status = run_document_write(&document, text.data, text.length);
    } else if (start->state == RUN_CONTINUED) {
        status = run_change(output, add_epoch, &start->epoch);
    } else {
        status = remove_unneeded(output, &start->counts); /* its end may have been cut off there */
    }
out:
    text_free(&text);
    run_document_close(&document);
    return status;
}

/* ---------------------------------------------------------------- finishing */

static bool add_count(struct json_object *object, const char *key, uint64_t count) {
    return json_object_object_add(object, key, json_object_new_int64((int64_t)count)) == 0;
}

static bool add_file(struct json_object *files, const struct work_folder *work, const char *name) {
    struct stat about;
    return fstatat(work->output, name, &about, AT_SYMLINK_NOFOLLOW) != 0 ||
           file_note_add(files, name, &about);
}

/* Whether the run was asked for a file. */
static bool is_wanted(struct json_object *run, const struct made_file *file) {
    char name[64];
    if (!file->flag)
        return true;
    snprintf(name, sizeof name, "--%s", file->flag);
    const char *value = json_member_text(json_member(run, PARTS, json_type_object), name);
    return value && strcmp(value, "1") == 0;
}

static bool add_files(struct json_object *run, const struct work_folder *work,
                      const void *context) {
    (void)context;
    struct made_file made[MADE_FILES_MOST];
    size_t n_made = made_files(made);
    struct json_object *files = json_object_new_object();
    bool added = files && json_object_object_add(run, FILES, files) == 0;
    for (size_t i = 0; added && i < n_made; i++)
        added = !is_wanted(run, &made[i]) || add_file(files, work, made[i].name);
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
    return status == STATUS_OK ? remove_unneeded(output, counts) : status;
}

/* ---------------------------------------------------------------- rejudging */

static bool add_rejudging(struct json_object *run, const struct work_folder *work,
                          const void *context) {
    const struct run_parts *parts = context;
    struct json_object *next = json_object_new_object();
    (void)work;
    bool added = next && json_object_object_add(run, REJUDGING, next) == 0;
    for (size_t i = 0; added && i < parts->count; i++)
        added = json_object_object_add(next, parts->parts[i].name,
                                       json_object_new_string(parts->parts[i].value)) == 0;
    return added;
}

enum status run_file_rejudge(const char *output, const struct run_parts *parts) {
    return run_change(output, add_rejudging, parts);
}

static bool add_rejudged(struct json_object *run, const struct work_folder *work,
                         const void *context) {
    struct json_object *parts = json_member(run, PARTS, json_type_object);
    struct json_object *next = json_member(run, REJUDGING, json_type_object);
    bool added = json_object_object_add(run, REJUDGED, json_object_new_boolean(1)) == 0;
    if (parts && next) {
        json_object_object_foreach(next, name, value) added &=
            json_object_object_add(parts, name, json_object_get(value)) == 0;
    }
    json_object_object_del(run, REJUDGING);
    return added && add_finish(run, work, context);
}

enum status run_file_rejudged(const char *output, const struct run_counts *counts) {
    enum status status = run_change(output, add_rejudged, counts);
    return status == STATUS_OK ? work_folder_remove(output, 1u << WORK_DRAFT) : status;
}

enum status run_file_value(const char *output, bool next, const char *name, char **value) {
    enum status status;
    struct run_document document;
    *value = NULL;
    TRY(run_document_open(output, false, &document));
    const char *text = json_member_text(
        json_member(document.run, next ? REJUDGING : PARTS, json_type_object), name);
    if (text)
        TRY(memory_string(text, value));
out:
    run_document_close(&document);
    return status;
}

/* Whether run.json has such an object. */
static enum status has_object(const char *output, const char *key, bool *has) {
    struct run_document document;
    *has = false;
    enum status status = run_document_open(output, false, &document);
    if (status == STATUS_OK)
        *has = json_member(document.run, key, json_type_object) != NULL;
    run_document_close(&document);
    return status;
}

enum status run_file_complete(const char *output, bool *complete) {
    return has_object(output, COMPLETE, complete);
}

enum status run_file_rejudging(const char *output, bool *on) {
    return has_object(output, REJUDGING, on);
}

enum status run_file_check_rejudged(const char *output, const char *what) {
    enum status status;
    bool on;
    TRY(run_file_rejudging(output, &on));
    if (on)
        status = FAIL(STATUS_BAD_INPUT,
                      "%s%s: its verdicts were being made anew, which was interrupted: first go on "
                      "with verify rejudge %s",
                      what, output, output);
out:
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
    struct run_document document;
    *owns = false;
    TRY(run_document_open(output, false, &document));
    *owns = json_member(document.run, MANIFEST_KEY, json_type_int) != NULL;
out:
    run_document_close(&document);
    return status;
}

static enum status find_folder(const char *output, const char *key, char **folder) {
    enum status status;
    struct run_document document;
    *folder = NULL;
    TRY(run_document_open(output, false, &document));
    const char *path = json_member_text(document.run, key);
    if (path)
        TRY(memory_string(path, folder));
out:
    run_document_close(&document);
    return status;
}

enum status run_file_common(const char *output, char **folder) {
    return find_folder(output, COMMON, folder);
}

enum status run_file_root(const char *output, char **folder) {
    return find_folder(output, ROOT, folder);
}

enum status run_file_changed(const char *output, struct text *list) {
    enum status status;
    struct made_file made[MADE_FILES_MOST];
    size_t n_made = made_files(made);
    struct run_document document;
    TRY(run_document_open(output, false, &document));
    struct json_object *files = json_member(document.run, FILES, json_type_object);
    for (size_t i = 0; i < n_made; i++) {
        struct stat about;
        struct json_object *noted = json_member(files, made[i].name, json_type_array);
        if (fstatat(document.work.output, made[i].name, &about, AT_SYMLINK_NOFOLLOW) == 0 &&
            !file_note_holds(noted, &about))
            text_format(list, "%s%s", list->length ? ", " : "", made[i].name);
    }
    page_changed(&document, list);
    TRY(text_status(list));
out:
    run_document_close(&document);
    return status;
}
