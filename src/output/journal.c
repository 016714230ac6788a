/* Writing a rank's journal. */
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
#include "output/storage.h"

enum { MESSAGE_BYTES = 1024 };

struct part {
    int file; /* -1: none */
    uint64_t size;
    char name[JOURNAL_NAME_BYTES];
};

struct journal {
    pthread_mutex_t adding;  /* all below but `work` */
    pthread_mutex_t syncing; /* one sync at a time; taken before `adding` */
    struct work_folder work;
    struct part lines, texts[STREAMS_MOST]; /* by the row of a stream */
    unsigned streams;                       /* that it has */
    struct journal_form form;
    uint64_t n_added, n_marked;
    struct text text; /* the line being written */
    bool failed;
    char message[MESSAGE_BYTES]; /* why */
};

/* ---------------------------------------------------------------- opening */

static enum status part_create(const struct work_folder *work, const char *name,
                               struct journal_id id, struct part *part) {
    journal_file_name(name, id, part->name);
    struct location location = work_location(work, part->name);
    return below_file_open(&location, O_WRONLY | O_APPEND | O_CREAT | O_EXCL, 0666, "cannot make",
                           &part->file);
}

static enum status part_failed(const struct journal *journal, const struct part *part, int error,
                               const char *what) {
    struct location location = work_location(&journal->work, part->name);
    return storage_failed(error, &location, "%s", what);
}

static enum status part_close(const struct journal *journal, struct part *part) {
    enum status status = STATUS_OK;
    /* Network file systems may report a full disk or quota only here. */
    if (part->file >= 0 && close(part->file) != 0)
        status = part_failed(journal, part, errno, "cannot write");
    part->file = -1;
    return status;
}

static enum status release(struct journal *journal) {
    enum status status = part_close(journal, &journal->lines);
    for (size_t s = 0; s < stream_count(); s++)
        status = status_worse(status, part_close(journal, &journal->texts[s]));
    work_folder_close(&journal->work);
    text_free(&journal->text);
    pthread_mutex_destroy(&journal->adding);
    pthread_mutex_destroy(&journal->syncing);
    free(journal);
    return status;
}

static enum status create(struct journal *journal, const char *output, struct journal_id id) {
    enum status status;
    char head[JOURNAL_HEAD_BYTES];
    size_t length = journal_head(id, journal->streams, head, &journal->form);
    int error;
    TRY(work_folder_open(output, true, &journal->work));
    for (size_t s = 0; s < stream_count(); s++)
        if (streams_have(journal->streams, s))
            TRY(part_create(&journal->work, stream_at(s)->name, id, &journal->texts[s]));
    TRY(part_create(&journal->work, JOURNAL_NAME, id, &journal->lines));
    error = write_all(journal->lines.file, head, length);
    if (error != 0)
        return part_failed(journal, &journal->lines, error, "cannot write");
    journal->lines.size = length;
out:
    return status;
}

enum status journal_create(const char *output, unsigned epoch, int rank, unsigned streams,
                           struct journal **out) {
    struct journal *journal;
    *out = NULL;
    enum status status = memory_zeroed(1, sizeof *journal, &journal);
    if (status != STATUS_OK)
        return status;
    journal->work.output = journal->work.folder = journal->lines.file = -1;
    journal->streams = streams;
    for (size_t s = 0; s < stream_count(); s++)
        journal->texts[s].file = -1;
    pthread_mutex_init(&journal->adding, NULL);
    pthread_mutex_init(&journal->syncing, NULL);
    status = create(journal, output, (struct journal_id){epoch, rank});
    if (status == STATUS_OK)
        *out = journal;
    else
        release(journal);
    return status;
}

unsigned journal_streams(const struct journal *journal) {
    return journal->streams;
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
static enum status part_append(const struct journal *journal, struct part *part, const char *bytes,
                               size_t length) {
    int error = write_all(part->file, bytes, length);
    if (error == 0) {
        part->size += length;
        return STATUS_OK;
    }
    enum status status = part_failed(journal, part, error, "cannot write");
    return ftruncate(part->file, (off_t)part->size) == 0
               ? status
               : FAIL(status, "%s (and its last line is cut off)", status_message());
}

static enum status text_check(const struct journal *journal, const struct journal_entry *entry) {
    for (size_t s = 0; s < stream_count(); s++) {
        size_t length = entry->texts[s].length;
        if (length > JOURNAL_TEXT_BYTES)
            return FAIL(STATUS_FAILED, "a record of %zu bytes is too long", length);
        if (length && !streams_have(journal->streams, s))
            return FAIL(STATUS_FAILED, "%s for a journal without any", stream_at(s)->name);
    }
    if (memchr(entry->tally->data, '\n', entry->tally->length) ||
        entry->tally->length > JOURNAL_LINE_BYTES - 256)
        return FAIL(STATUS_FAILED, "%zu bytes of counts are not one line", entry->tally->length);
    return STATUS_OK;
}

static struct journal_text text_of(const struct text *text) {
    if (!text->length)
        return (struct journal_text){0};
    return (struct journal_text){.length = (uint32_t)text->length,
                                 .crc = journal_crc(0, text->data, text->length)};
}

/* Appends a text, whose place *where tells then. `adding` is held. */
static enum status text_append(struct journal *journal, size_t stream, const struct text *text,
                               struct journal_text *where) {
    struct part *part = &journal->texts[stream];
    where->offset = part->size;
    return where->length ? part_append(journal, part, text->data, where->length) : STATUS_OK;
}

enum status journal_announce(struct journal *journal, size_t stream, const struct text *text,
                             struct journal_text *where) {
    enum status status = STATUS_OK;
    *where = text_of(text);
    pthread_mutex_lock(&journal->adding);
    if (journal->failed || text_append(journal, stream, text, where) != STATUS_OK)
        status = fail(journal);
    pthread_mutex_unlock(&journal->adding);
    return status;
}

/* `adding` is held. */
static enum status add(struct journal *journal, const struct journal_entry *entry,
                       struct journal_line *line) {
    enum status status;
    for (size_t s = 0; s < stream_count(); s++)
        if (!stream_at(s)->before_placed)
            TRY(text_append(journal, s, &entry->texts[s], &line->texts[s]));
    text_clear(&journal->text);
    TRY(journal_line_write(&journal->form, line, &journal->text));
    TRY(part_append(journal, &journal->lines, journal->text.data, journal->text.length));
    journal->n_added++;
out:
    return status;
}

enum status journal_add(struct journal *journal, const struct journal_entry *entry) {
    enum status status = text_check(journal, entry);
    if (status != STATUS_OK)
        return status;
    struct journal_line line = {entry->index, entry->bucket, .tally = entry->tally->data};
    for (size_t s = 0; s < stream_count(); s++)
        line.texts[s] =
            stream_at(s)->before_placed ? entry->announced[s] : text_of(&entry->texts[s]);
    pthread_mutex_lock(&journal->adding);
    if (journal->failed || add(journal, entry, &line) != STATUS_OK)
        status = fail(journal);
    pthread_mutex_unlock(&journal->adding);
    return status;
}

/* ---------------------------------------------------------------- syncing */

static enum status part_sync(const struct journal *journal, const struct part *part) {
    return part->file >= 0 && fdatasync(part->file) != 0
               ? part_failed(journal, part, errno, "cannot bring to the disk")
               : STATUS_OK;
}

static enum status sync_all(const struct journal *journal) {
    enum status status = STATUS_OK;
    if (syncfs(journal->work.output) != 0)
        return part_failed(journal, &journal->lines, errno,
                           "cannot bring to the disk the file system of");
    for (size_t s = 0; s < stream_count(); s++)
        TRY(part_sync(journal, &journal->texts[s]));
    TRY(part_sync(journal, &journal->lines));
out:
    return status;
}

/* `adding` is held. */
static enum status add_mark(struct journal *journal, uint64_t marked) {
    text_clear(&journal->text);
    enum status status = journal_mark_write(&journal->form, marked, &journal->text);
    if (status == STATUS_OK)
        status = part_append(journal, &journal->lines, journal->text.data, journal->text.length);
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
