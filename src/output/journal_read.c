#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

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

static enum status text_read(const struct journal_texts *texts, bool records,
                             const struct journal_text *where, struct text *text) {
    int file = records ? texts->records : texts->predictions;
    const char *what = records ? "records" : "predictions";
    char buffer[1 << 12];
    uint32_t crc = 0;
    for (uint32_t done = 0; done < where->length;) {
        uint32_t left = where->length - done;
        ssize_t n = pread(file, buffer, left < sizeof buffer ? left : sizeof buffer,
                          (off_t)(where->offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return texts_fail(texts, what, where->offset,
                              n < 0 ? strerror(errno) : "the file is shorter than it was");
        crc = journal_crc(crc, buffer, (size_t)n);
        text_bytes(text, buffer, (size_t)n);
        done += (uint32_t)n;
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
    enum status status = text_open(output, "records", id, &texts->records);
    if (status == STATUS_OK)
        status = text_open(output, "predictions", id, &texts->predictions);
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
