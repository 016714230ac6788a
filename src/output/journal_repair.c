/* Making sure of a journal whose writer is gone. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "output/journal_scan.h"
#include "output/storage.h"

struct check {
    const struct journal_scan *scan;
    uint64_t marked; /* bytes of the journal that need no check */
    uint64_t holds;  /* bytes that stay */
    journal_placed *placed;
    void *context;
    struct text text;
};

static bool line_holds(struct check *check, const struct journal_line *line) {
    const struct journal_texts *texts = &check->scan->texts;
    text_clear(&check->text);
    for (size_t s = 0; s < stream_count(); s++)
        if (journal_text_read(texts, line, s, &check->text) != STATUS_OK)
            return false;
    return line->bucket == BUCKET_FAILED ||
           check->placed(check->context, line->index, line->bucket);
}

static enum status check_item(void *context, const struct journal_item *item, uint64_t end,
                              bool *more) {
    struct check *check = context;
    *more = item->is_mark || end <= check->marked || line_holds(check, &item->line);
    if (*more)
        check->holds = end;
    return STATUS_OK;
}

/* Returns 0 or an errno value. */
static int sync_all(const struct journal_scan *scan) {
    if (syncfs(scan->work.output) != 0)
        return errno;
    for (size_t s = 0; s < stream_count(); s++)
        if (scan->texts.files[s] >= 0 && fdatasync(scan->texts.files[s]) != 0)
            return errno;
    return fdatasync(scan->file) == 0 ? 0 : errno;
}

/* Cuts, syncs, marks: in this order, so that a mark never speaks of what may yet be lost. */
static enum status settle(const struct journal_scan *scan, uint64_t end) {
    enum status status = STATUS_OK;
    struct text text = {0};
    struct location location = work_location(&scan->work, scan->name);
    int error = 0;
    if (end > 0)
        TRY(journal_mark_write(&scan->form, end, &text));
    error = ftruncate(scan->file, (off_t)end) == 0 ? sync_all(scan) : errno;
    if (error == 0)
        error = write_all(scan->file, text.data, text.length);
    if (error == 0 && fdatasync(scan->file) != 0)
        error = errno;
    if (error != 0)
        status = storage_failed(error, &location, "cannot repair");
out:
    text_free(&text);
    return status;
}

enum status journal_repair(const char *output, struct journal_id id, journal_placed *placed,
                           void *context, uint64_t *cut) {
    enum status status;
    struct journal_scan scan;
    struct journal_survey survey;
    struct check check = {.scan = &scan, .placed = placed, .context = context};
    if (cut)
        *cut = 0;
    TRY(journal_scan_open(output, id, O_RDWR | O_APPEND, &scan));
    TRY(journal_scan_survey(&scan, &survey));
    check.marked = survey.marked;
    check.holds = scan.start;
    TRY(journal_scan_each(&scan, check_item, &check));
    if (cut)
        *cut = scan.size - check.holds;
    if (check.holds < scan.size || survey.unmarked)
        TRY(settle(&scan, check.holds));
out:
    text_free(&check.text);
    journal_scan_close(&scan);
    return status;
}
