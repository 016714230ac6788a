#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "output/journal_scan.h"
#include "output/storage.h"

/* ---------------------------------------------------------------- texts */

static enum status texts_fail(const struct journal_texts *texts, const char *what, uint64_t offset,
                              const char *why) {
    return FAIL(STATUS_FAILED,
                "%s.%u.%d: cannot read what was written at byte %" PRIu64
                ": %s: start over with --overwrite",
                what, texts->id.epoch, texts->id.rank, offset, why);
}

enum { PIECE_BYTES = 1 << 18 };

/* What was last read of a file. */
struct journal_piece {
    uint64_t offset;
    size_t length;
    char bytes[PIECE_BYTES];
};

/* The bytes from `offset` on, as many as there are at hand, at least one; else NULL, with the
 * reason. */
static const char *piece_read(int file, struct journal_piece *piece, uint64_t offset,
                              size_t *length, const char **why) {
    if (offset < piece->offset || offset - piece->offset >= piece->length) {
        ssize_t n;
        do
            n = pread(file, piece->bytes, PIECE_BYTES, (off_t)offset);
        while (n < 0 && errno == EINTR);
        piece->offset = offset;
        piece->length = n > 0 ? (size_t)n : 0;
        *why = n < 0 ? strerror(errno) : "the file is shorter than it was";
    }
    *length = piece->length - (size_t)(offset - piece->offset);
    return *length ? piece->bytes + (offset - piece->offset) : NULL;
}

static enum status text_read(const struct journal_texts *texts, bool records,
                             const struct journal_text *where, struct text *text) {
    int file = records ? texts->records : texts->predictions;
    const char *what = records ? "records" : "predictions", *why = "";
    uint32_t crc = 0;
    for (uint64_t done = 0; done < where->length;) {
        uint64_t left = where->length - done;
        size_t length;
        const char *bytes =
            piece_read(file, &texts->pieces[records], where->offset + done, &length, &why);
        if (!bytes)
            return texts_fail(texts, what, where->offset, why);
        length = length < left ? length : (size_t)left;
        crc = journal_crc(crc, bytes, length);
        text_bytes(text, bytes, length);
        done += length;
    }
    if (crc != where->crc)
        return texts_fail(texts, what, where->offset, "it is damaged");
    return text_status(text);
}

enum status journal_record(const struct journal_texts *texts, const struct journal_line *line,
                           struct text *text) {
    return text_read(texts, true, &line->record, text);
}

enum status journal_predictions(const struct journal_texts *texts, const struct journal_line *line,
                                struct text *text) {
    return text_read(texts, false, &line->predictions, text);
}

/* A file that is absent is -1: no line can then hold. */
static enum status text_open(const char *output, const char *name, struct journal_id id,
                             int *file) {
    char path[PATH_MAX];
    struct spot spot = {AT_FDCWD, NULL, path};
    enum status status = journal_path(output, name, id, path);
    if (status != STATUS_OK)
        return status;
    *file = open(path, O_RDONLY | O_CLOEXEC);
    return *file < 0 && errno != ENOENT ? storage_failed(errno, &spot, "cannot read") : STATUS_OK;
}

enum status journal_texts_open(const char *output, struct journal_id id,
                               struct journal_texts *texts) {
    *texts = (struct journal_texts){.records = -1, .predictions = -1, .id = id};
    enum status status;
    TRY(memory_zeroed(2, sizeof *texts->pieces, &texts->pieces));
    TRY(text_open(output, "records", id, &texts->records));
    TRY(text_open(output, "predictions", id, &texts->predictions));
out:
    if (status != STATUS_OK)
        journal_texts_close(texts);
    return status;
}

void journal_texts_close(struct journal_texts *texts) {
    if (texts->records >= 0)
        close(texts->records);
    if (texts->predictions >= 0)
        close(texts->predictions);
    texts->records = texts->predictions = -1;
    free(texts->pieces);
    texts->pieces = NULL;
}

/* ---------------------------------------------------------------- reading */

struct reading {
    uint64_t marked;
    journal_each *each;
    void *context;
};

static enum status give(void *context, const struct journal_item *item, uint64_t end, bool *more) {
    const struct reading *reading = context;
    *more = end <= reading->marked;
    return item->is_mark || !*more ? STATUS_OK : reading->each(reading->context, &item->line);
}

enum status journal_read(const char *output, struct journal_id id, journal_each *each,
                         void *context) {
    enum status status;
    struct journal_scan scan;
    struct journal_survey survey;
    struct reading reading = {.each = each, .context = context};
    TRY(journal_scan_open(output, id, O_RDONLY, &scan));
    TRY(journal_scan_survey(&scan, &survey));
    reading.marked = survey.marked;
    TRY(journal_scan_each(&scan, give, &reading));
out:
    journal_scan_close(&scan);
    return status;
}
