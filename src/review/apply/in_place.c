/* Changes the data set itself. */
#include "review/apply/in_place.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fingerprint.h"
#include "review/apply/building.h"
#include "review/apply/corrected.h"

enum { SLOT_DIFF, SLOT_FILES };

struct preparing {
    struct building *building;
    const struct layout *layout;
    struct text path;
};

/* ---------------------------------------------------------------- before anything changes */

enum status in_place_find(const char *output, uint64_t request, struct applied *applied) {
    enum status status;
    uint64_t count;
    *applied = (struct applied){.folder = -1};
    TRY(applied_count(output, &count));
    for (uint64_t i = 1; i <= count; i++) {
        TRY(applied_open(output, i, applied));
        if (applied->state == APPLIED_UNDOING)
            return FAIL(STATUS_BAD_INPUT,
                        "%s: to take it back was interrupted: finish that with --undo %" PRIu64,
                        applied->path, i);
        if (applied->state == APPLIED_BEGUN && applied->request == request)
            return STATUS_OK;
        if (applied->state == APPLIED_BEGUN)
            return FAIL(STATUS_BAD_INPUT,
                        "%s: was interrupted: finish it with the same command, or take it back "
                        "with --undo %" PRIu64,
                        applied->path, i);
        applied_close(applied);
    }
out:
    return status;
}

static enum status keep(struct preparing *preparing, const char *kind, const char *name,
                        const char *bytes, size_t length, const struct stat *about) {
    enum status status;
    struct text *path = &preparing->path;
    text_clear(path);
    text_format(path, "%s/%s", kind, name);
    TRY(text_status(path));
    status = building_file(preparing->building, path->data, bytes, length, about, true);
out:
    return status;
}

static enum status take(void *context, const struct changed_file *file) {
    enum status status;
    struct preparing *preparing = context;
    const struct text *after = &file->edit->after;
    const struct file_bytes *bytes = file->bytes;
    struct text *files = &preparing->building->appended[SLOT_FILES].pending;
    const char *fields[] = {bytes->missing ? "made" : "changed",
                            layout_within(preparing->layout, file->path), file->path, file->name};
    if (!bytes->missing)
        TRY(keep(preparing, APPLIED_ORIGINALS, file->name, bytes->bytes, bytes->length,
                 &bytes->about));
    TRY(keep(preparing, APPLIED_CORRECTED, file->name, after->length ? after->data : "",
             after->length, NULL));
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        text_bytes(files, fields[i], strlen(fields[i]) + 1);
    status = building_flush(preparing->building, false);
out:
    return status;
}

static enum status write_request(struct building *building, const struct changes *changes,
                                 uint64_t request) {
    enum status status;
    struct text line = {0};
    char digits[FINGERPRINT_DIGITS + 1];
    fingerprint_text(request, digits);
    text_format(&line, "%s %" PRIu64 " ", digits, changes->refused);
    changes_text(changes, &line);
    text_string(&line, "\n");
    TRY(text_status(&line));
    status = building_file(building, APPLIED_REQUEST, line.data, line.length, NULL, false);
out:
    text_free(&line);
    return status;
}

static enum status prepare(struct building *building, struct changes *changes, uint64_t request) {
    enum status status;
    struct preparing preparing = {.building = building, .layout = changes->layout};
    TRY(building_append(building, SLOT_DIFF, CHANGES_FILE));
    TRY(building_append(building, SLOT_FILES, APPLIED_FILES));
    changes->diff = &building->appended[SLOT_DIFF].pending;
    changes->take = take;
    changes->context = &preparing;
    TRY(changes_make(changes));
    if (changes_any(changes)) {
        TRY(write_request(building, changes, request));
        status = building_commit(building);
    }
out:
    text_free(&preparing.path);
    return status;
}

enum status in_place_prepare(const char *output, struct changes *changes, uint64_t request,
                             struct applied *applied) {
    enum status status;
    struct text path = {0};
    struct building building;
    uint64_t count;
    *applied = (struct applied){.folder = -1};
    TRY(applied_count(output, &count));
    TRY(applied_path(output, count + 1, &path));
    status = building_open(path.data, &building);
    if (status == STATUS_OK)
        status = prepare(&building, changes, request);
    building_close(&building);
    if (status == STATUS_OK && changes_any(changes))
        status = applied_open(output, count + 1, applied);
out:
    text_free(&path);
    return status;
}

/* ---------------------------------------------------------------- the data set changes */

enum status in_place_finish(struct applied *applied, struct applied_counts *counts) {
    enum status status;
    TRY(applied_write(applied, false, counts));
    status = applied_note(applied, APPLIED_DONE);
out:
    return status;
}

enum status in_place_undo(const char *output, uint64_t number, struct applied_counts *counts) {
    enum status status;
    struct applied applied;
    TRY(applied_open(output, number, &applied));
    if (applied.state == APPLIED_UNDONE) {
        status = FAIL(STATUS_BAD_INPUT, "%s: was taken back already", applied.path);
        goto out;
    }
    TRY(applied_note(&applied, APPLIED_UNDOING));
    TRY(applied_write(&applied, true, counts));
    /* What others have changed can be tried again. */
    status = applied_note(&applied, counts->changed ? APPLIED_DONE : APPLIED_UNDONE);
out:
    applied_close(&applied);
    return status;
}
