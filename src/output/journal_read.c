#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
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
        ssize_t n = file_read_at(file, offset, piece->bytes, PIECE_BYTES);
        piece->offset = offset;
        piece->length = n > 0 ? (size_t)n : 0;
        *why = n < 0 ? strerror(errno) : "the file is shorter than it was";
    }
    *length = piece->length - (size_t)(offset - piece->offset);
    return *length ? piece->bytes + (offset - piece->offset) : NULL;
}

enum status journal_text_read(const struct journal_texts *texts, const struct journal_line *line,
                              enum journal_stream stream, struct text *text) {
    const struct journal_text *where = &line->texts[stream];
    const char *what = journal_stream_name(stream), *why = "";
    uint32_t crc = 0;
    for (uint64_t done = 0; done < where->length;) {
        uint64_t left = where->length - done;
        size_t length;
        const char *bytes = piece_read(texts->files[stream], &texts->pieces[stream],
                                       where->offset + done, &length, &why);
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

struct journal_texts journal_texts_none(struct journal_id id) {
    struct journal_texts texts = {.id = id};
    for (int s = 0; s < JOURNAL_STREAMS; s++)
        texts.files[s] = -1;
    return texts;
}

enum status journal_texts_open(const char *output, struct journal_id id,
                               struct journal_texts *texts) {
    struct work_folder work;
    enum status status = work_folder_open(output, false, &work);
    if (status == STATUS_OK)
        status = journal_texts_open_in(&work, id, texts);
    else
        *texts = journal_texts_none(id);
    work_folder_close(&work);
    return status;
}

enum status journal_texts_open_in(const struct work_folder *work, struct journal_id id,
                                  struct journal_texts *texts) {
    enum status status;
    *texts = journal_texts_none(id);
    TRY(memory_zeroed(JOURNAL_STREAMS, sizeof *texts->pieces, &texts->pieces));
    for (int s = 0; s < JOURNAL_STREAMS && work->folder >= 0; s++) {
        char name[JOURNAL_NAME_BYTES];
        journal_file_name(journal_stream_name((enum journal_stream)s), id, name);
        struct spot spot = work_spot(work, name);
        int error = below_file(&spot, O_RDONLY, 0, &texts->files[s]);
        /* Of a file that is absent no line can hold. */
        if (error != 0 && error != ENOENT)
            TRY(storage_failed(error, &spot, "cannot read"));
    }
out:
    if (status != STATUS_OK)
        journal_texts_close(texts);
    return status;
}

void journal_texts_close(struct journal_texts *texts) {
    for (int s = 0; s < JOURNAL_STREAMS; s++) {
        if (texts->files[s] >= 0)
            close(texts->files[s]);
        texts->files[s] = -1;
    }
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
