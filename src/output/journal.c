#include "output/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "output/journal_line.h"
#include "output/place.h"
#include "output/storage.h"

enum { MESSAGE_BYTES = 1024 };

struct part {
    int file; /* -1: none */
    uint64_t size;
    char path[PATH_MAX];
};

struct journal {
    pthread_mutex_t adding;  /* all below but `folder` */
    pthread_mutex_t syncing; /* one sync at a time; taken before `adding` */
    int folder;              /* the output folder: its file system is what syncs */
    struct part lines, records, predictions;
    uint32_t seed;
    uint64_t n_added, n_marked;
    struct text text; /* the line being written */
    bool failed;
    char message[MESSAGE_BYTES]; /* why */
};

/* ---------------------------------------------------------------- opening */

static enum status part_create(const char *output, const char *name, struct journal_id id,
                               struct part *part) {
    enum status status = journal_path(output, name, id, part->path);
    if (status != STATUS_OK)
        return status;
    const int flags = O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC;
    part->file = open(part->path, flags, 0666);
    struct spot spot = {AT_FDCWD, NULL, part->path};
    return part->file < 0 ? storage_failed(errno, &spot, "cannot make") : STATUS_OK;
}

static enum status part_close(struct part *part) {
    enum status status = STATUS_OK;
    struct spot spot = {AT_FDCWD, NULL, part->path};
    /* Network file systems may report a full disk or quota only here. */
    if (part->file >= 0 && close(part->file) != 0)
        status = storage_failed(errno, &spot, "cannot write");
    part->file = -1;
    return status;
}

static enum status release(struct journal *journal) {
    enum status status = part_close(&journal->lines);
    status = status_worse(status, part_close(&journal->records));
    status = status_worse(status, part_close(&journal->predictions));
    if (journal->folder >= 0)
        close(journal->folder);
    text_free(&journal->text);
    pthread_mutex_destroy(&journal->adding);
    pthread_mutex_destroy(&journal->syncing);
    free(journal);
    return status;
}

static enum status create(struct journal *journal, const char *output, struct journal_id id,
                          bool predictions) {
    enum status status;
    char head[JOURNAL_HEAD_BYTES];
    size_t length = journal_head(id, predictions, head);
    int error;
    struct spot whole = {AT_FDCWD, NULL, output};
    struct spot spot = {AT_FDCWD, NULL, journal->lines.path};
    TRY(journal_path(output, "journal", id, journal->lines.path));
    TRY(make_parents(&spot));
    journal->folder = open(output, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (journal->folder < 0)
        return storage_failed(errno, &whole, "cannot open the output folder");
    TRY(part_create(output, "records", id, &journal->records));
    if (predictions)
        TRY(part_create(output, "predictions", id, &journal->predictions));
    TRY(part_create(output, "journal", id, &journal->lines));
    journal->seed = journal_crc(0, head, length);
    error = write_all(journal->lines.file, head, length);
    if (error != 0)
        return storage_failed(error, &spot, "cannot write");
    journal->lines.size = length;
out:
    return status;
}

enum status journal_create(const char *output, unsigned epoch, int rank, bool predictions,
                           struct journal **out) {
    struct journal *journal;
    *out = NULL;
    enum status status = memory_zeroed(1, sizeof *journal, &journal);
    if (status != STATUS_OK)
        return status;
    journal->folder = journal->lines.file = journal->records.file = journal->predictions.file = -1;
    pthread_mutex_init(&journal->adding, NULL);
    pthread_mutex_init(&journal->syncing, NULL);
    status = create(journal, output, (struct journal_id){epoch, rank}, predictions);
    if (status == STATUS_OK)
        *out = journal;
    else
        release(journal);
    return status;
}

/* ---------------------------------------------------------------- adding */

/* Remembers the calling thread's failure: nothing may be written behind a gap. In the middle of a
 * run nothing is bad input any more. `adding` is held. */
static enum status fail(struct journal *journal) {
    if (!journal->failed)
        snprintf(journal->message, sizeof journal->message, "%s", status_message());
    journal->failed = true;
    return FAIL(STATUS_FAILED, "%s", journal->message);
}

/* What was written of a failed part is taken back, so that the file ends where it did. */
static enum status part_append(struct part *part, const char *bytes, size_t length) {
    int error = write_all(part->file, bytes, length);
    if (error == 0) {
        part->size += length;
        return STATUS_OK;
    }
    struct spot spot = {AT_FDCWD, NULL, part->path};
    enum status status = storage_failed(error, &spot, "cannot write");
    return ftruncate(part->file, (off_t)part->size) == 0
               ? status
               : FAIL(status, "%s (and its last line is cut off)", status_message());
}

static enum status text_check(const struct journal *journal, const struct journal_entry *entry) {
    size_t predictions = entry->predictions ? entry->predictions->length : 0;
    if (entry->record->length > UINT32_MAX || predictions > UINT32_MAX)
        return FAIL(STATUS_FAILED, "a record of %zu bytes is too long", entry->record->length);
    if (predictions && journal->predictions.file < 0)
        return FAIL(STATUS_FAILED, "predictions for a journal without any");
    if (memchr(entry->tally->data, '\n', entry->tally->length) ||
        entry->tally->length > JOURNAL_LINE_BYTES - 256)
        return FAIL(STATUS_FAILED, "%zu bytes of counts are not one line", entry->tally->length);
    return STATUS_OK;
}

/* `adding` is held. */
static enum status add(struct journal *journal, const struct journal_entry *entry,
                       struct journal_line *line) {
    enum status status;
    line->record.offset = journal->records.size;
    line->predictions.offset = journal->predictions.size;
    text_clear(&journal->text);
    TRY(journal_line_write(journal->seed, line, &journal->text));
    if (line->record.length)
        TRY(part_append(&journal->records, entry->record->data, line->record.length));
    if (line->predictions.length)
        TRY(part_append(&journal->predictions, entry->predictions->data, line->predictions.length));
    TRY(part_append(&journal->lines, journal->text.data, journal->text.length));
    journal->n_added++;
out:
    return status;
}

static struct journal_text text_of(const struct text *text) {
    if (!text || !text->length)
        return (struct journal_text){0};
    return (struct journal_text){.length = (uint32_t)text->length,
                                 .crc = journal_crc(0, text->data, text->length)};
}

enum status journal_add(struct journal *journal, const struct journal_entry *entry) {
    enum status status = text_check(journal, entry);
    if (status != STATUS_OK)
        return status;
    struct journal_line line = {entry->index, entry->bucket, text_of(entry->record),
                                text_of(entry->predictions), entry->tally->data};
    pthread_mutex_lock(&journal->adding);
    if (journal->failed || add(journal, entry, &line) != STATUS_OK)
        status = fail(journal);
    pthread_mutex_unlock(&journal->adding);
    return status;
}

/* ---------------------------------------------------------------- syncing */

static enum status part_sync(const struct part *part) {
    struct spot spot = {AT_FDCWD, NULL, part->path};
    return part->file >= 0 && fdatasync(part->file) != 0
               ? storage_failed(errno, &spot, "cannot bring to the disk")
               : STATUS_OK;
}

static enum status sync_all(const struct journal *journal) {
    enum status status;
    struct spot spot = {AT_FDCWD, NULL, journal->lines.path};
    if (syncfs(journal->folder) != 0)
        return storage_failed(errno, &spot, "cannot bring to the disk the file system of");
    TRY(part_sync(&journal->records));
    TRY(part_sync(&journal->predictions));
    TRY(part_sync(&journal->lines));
out:
    return status;
}

/* `adding` is held. */
static enum status add_mark(struct journal *journal, uint64_t marked) {
    text_clear(&journal->text);
    enum status status = journal_mark_write(journal->seed, marked, &journal->text);
    if (status == STATUS_OK)
        status = part_append(&journal->lines, journal->text.data, journal->text.length);
    return status;
}

enum status journal_sync(struct journal *journal) {
    enum status status = STATUS_OK;
    pthread_mutex_lock(&journal->syncing);
    pthread_mutex_lock(&journal->adding);
    uint64_t marked = journal->lines.size, n_added = journal->n_added;
    bool due = n_added > journal->n_marked && !journal->failed;
    if (journal->failed)
        status = fail(journal);
    pthread_mutex_unlock(&journal->adding);
    if (due) {
        /* Images added meanwhile lie behind what the mark will cover. */
        status = sync_all(journal);
        pthread_mutex_lock(&journal->adding);
        if (status != STATUS_OK || journal->failed || add_mark(journal, marked) != STATUS_OK)
            status = fail(journal);
        else
            journal->n_marked = n_added;
        pthread_mutex_unlock(&journal->adding);
    }
    pthread_mutex_unlock(&journal->syncing);
    return status;
}

enum status journal_close(struct journal **journal) {
    if (!*journal)
        return STATUS_OK;
    enum status status = journal_sync(*journal);
    status = status_worse(status, release(*journal));
    *journal = NULL;
    return status == STATUS_OK ? STATUS_OK : STATUS_FAILED;
}
