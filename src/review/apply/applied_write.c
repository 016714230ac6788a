/* Changes a data set's label files to what is kept of them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/shown.h"
#include "output/storage.h"
#include "review/apply/applied.h"
#include "review/apply/caches.h"
#include "review/apply/label_place.h"

/* A line of `files`. */
enum { BATCH = 128 }; /* files, so that the disk is waited for once for all of them */
enum field { FIELD_KIND, FIELD_WITHIN, FIELD_PATH, FIELD_NAME, FIELDS };

struct writing {
    const struct applied *applied;
    bool back;
    struct applied_counts *counts;
    struct caches caches;
    size_t n_places;
    struct label_place places[BATCH]; /* of files whose drafts are written */
    char *fields[FIELDS];             /* of the file that is worked on; owned */
    size_t capacities[FIELDS];
};

struct bytes {
    char *bytes; /* NULL: there is no file; owned */
    size_t length;
};

/* A file kept in the folder. */
static enum status read_kept(const struct applied *applied, const char *kind, const char *name,
                             struct bytes *kept) {
    enum status status;
    struct text path = {0};
    struct stat about;
    int file = -1;
    text_format(&path, "%s/%s", kind, name);
    TRY(text_status(&path));
    struct location location = {applied->folder, applied->path, path.data};
    TRY(below_file_open(&location, O_RDONLY, 0, "cannot read", &file));
    int error = fstat(file, &about) == 0 ? 0 : errno;
    if (error == 0)
        TRY(memory_zeroed((size_t)about.st_size + 1, 1, &kept->bytes));
    ssize_t n = error == 0 ? file_read(file, kept->bytes, (size_t)about.st_size) : -1;
    if (n < 0) {
        status = storage_failed(error ? error : errno, &location, "cannot read");
        goto out;
    }
    kept->length = (size_t)n;
out:
    if (file >= 0)
        close(file);
    text_free(&path);
    return status;
}

/* What was done in the batch's folders is on the disk. */
static enum status sync_places(const struct writing *writing) {
    struct stat about;
    bool known = false;
    dev_t synced = 0;
    for (size_t i = 0; i < writing->n_places; i++) {
        const struct label_place *place = &writing->places[i];
        struct location shown = {AT_FDCWD, NULL, place->path};
        if (fstat(place->folder, &about) != 0)
            return storage_failed(errno, &shown, "cannot look at");
        if (known && about.st_dev == synced)
            continue;
        if (syncfs(place->folder) != 0)
            return storage_failed(errno, &shown, "cannot make sure of");
        known = true;
        synced = about.st_dev;
    }
    return STATUS_OK;
}

/* Puts the batch's drafts in their places, once the disk has them. */
static enum status end_batch(struct writing *writing) {
    enum status status;
    TRY(sync_places(writing));
    for (size_t i = 0; i < writing->n_places; i++) {
        struct label_place *place = &writing->places[i];
        TRY(place->drafted ? label_place_commit(place) : label_place_remove(place));
        writing->counts->written++;
    }
    TRY(sync_places(writing));
    for (size_t i = 0; i < writing->n_places; i++)
        label_place_close(&writing->places[i]);
    writing->n_places = 0;
out:
    return status;
}

/* Takes a file into the batch, unless it has the wanted bytes or somebody else's. */
static enum status take_file(struct writing *writing, struct label_place *place,
                             const struct bytes *from, const struct bytes *to) {
    enum status status = STATUS_OK;
    struct applied_counts *counts = writing->counts;
    if (label_place_has(place, to->bytes, to->length)) {
        counts->before++;
        label_place_close(place);
    } else if (!label_place_has(place, from->bytes, from->length)) {
        counts->changed++;
        line_print(stderr, "verify: refused: %s: somebody has changed it since", place->path);
        label_place_close(place);
    } else {
        writing->n_places++;
        status = to->bytes ? label_place_draft(place, to->bytes, to->length) : STATUS_OK;
    }
    return status;
}

static enum status do_file(struct writing *writing) {
    enum status status;
    struct bytes original = {0}, corrected = {0};
    struct label_place *place = &writing->places[writing->n_places];
    char *const *fields = writing->fields;
    const char *path = fields[FIELD_PATH], *within = fields[FIELD_WITHIN];
    const char *why = label_place_check(path, within);
    *place = (struct label_place){.folder = -1};
    if (why) {
        writing->counts->changed++;
        line_print(stderr, "verify: refused: %s: %s", path, why);
        return STATUS_OK;
    }
    if (strcmp(fields[FIELD_KIND], "made") != 0)
        TRY(read_kept(writing->applied, APPLIED_ORIGINALS, fields[FIELD_NAME], &original));
    TRY(read_kept(writing->applied, APPLIED_CORRECTED, fields[FIELD_NAME], &corrected));
    status = label_place_open(path, within, !writing->back, place);
    if (status != STATUS_OK) {
        label_place_close(place);
        goto out;
    }
    TRY(take_file(writing, place, writing->back ? &corrected : &original,
                  writing->back ? &original : &corrected));
    TRY(caches_remove(&writing->caches, path, within));
    if (writing->n_places == BATCH)
        status = end_batch(writing);
out:
    free(original.bytes);
    free(corrected.bytes);
    return status;
}

/* The next file's fields; *found: there is one. */
static enum status read_fields(struct writing *writing, FILE *stream, bool *found) {
    *found = false;
    for (int i = 0; i < FIELDS; i++) {
        ssize_t length = getdelim(&writing->fields[i], &writing->capacities[i], '\0', stream);
        if (length < 0 && i == 0 && !ferror(stream))
            return STATUS_OK;
        if (length < 1 || writing->fields[i][length - 1] != '\0')
            return FAIL(STATUS_BAD_INPUT, "%s/" APPLIED_FILES ": is damaged",
                        writing->applied->path);
    }
    *found = writing->fields[FIELD_PATH][0] == '/';
    return *found
               ? STATUS_OK
               : FAIL(STATUS_BAD_INPUT, "%s/" APPLIED_FILES ": is damaged", writing->applied->path);
}

enum status applied_write(const struct applied *applied, bool back, struct applied_counts *counts) {
    enum status status;
    struct writing writing = {.applied = applied, .back = back, .counts = counts};
    struct location location = {applied->folder, applied->path, APPLIED_FILES};
    FILE *stream = NULL;
    int file = -1;
    bool found = true;
    *counts = (struct applied_counts){0};
    TRY(below_file_open(&location, O_RDONLY, 0, "cannot read", &file));
    stream = fdopen(file, "r");
    if (!stream) {
        status = storage_failed(errno, &location, "cannot read");
        goto out;
    }
    while (found) {
        TRY(read_fields(&writing, stream, &found));
        if (found)
            TRY(do_file(&writing));
    }
    status = end_batch(&writing);
out:
    for (size_t i = 0; i < writing.n_places; i++)
        label_place_close(&writing.places[i]);
    if (stream)
        fclose(stream);
    else if (file >= 0)
        close(file);
    counts->caches = writing.caches.removed;
    caches_free(&writing.caches);
    for (int i = 0; i < FIELDS; i++)
        free(writing.fields[i]);
    return status;
}
