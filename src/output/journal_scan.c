#include "output/journal_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "output/storage.h"

enum { READ_BYTES = 1 << 17 };

/* ---------------------------------------------------------------- opening */

static enum status failed(const struct journal_scan *scan, int error) {
    struct spot spot = work_spot(&scan->work, scan->name);
    return storage_failed(error, &spot, "cannot read");
}

/* Returns 0 or an errno value. */
static int size_of(int file, uint64_t *size) {
    struct stat about;
    *size = 0;
    if (file < 0)
        return 0;
    if (fstat(file, &about) != 0)
        return errno;
    *size = (uint64_t)about.st_size;
    return 0;
}

/* The first line tells whether this is the journal it is named as. Returns 0 or an errno value. */
static int read_head(struct journal_id id, struct journal_scan *scan) {
    char found[JOURNAL_HEAD_BYTES], head[JOURNAL_HEAD_BYTES];
    ssize_t n = file_read_at(scan->file, 0, found, sizeof found);
    if (n < 0)
        return errno;
    for (int predictions = 0; predictions < 2; predictions++) {
        size_t length = journal_head(id, predictions, head);
        if ((size_t)n < length || memcmp(found, head, length) != 0)
            continue;
        scan->start = length;
        scan->seed = journal_crc(0, head, length);
    }
    return 0;
}

enum status journal_scan_open(const char *output, struct journal_id id, int flags,
                              struct journal_scan *scan) {
    enum status status;
    int error = 0;
    *scan = (struct journal_scan){
        .file = -1, .texts = journal_texts_none(id), .work = {.output = -1, .folder = -1}};
    journal_file_name(JOURNAL_NAME, id, scan->name);
    TRY(work_folder_open(output, false, &scan->work));
    TRY(journal_texts_open_in(&scan->work, id, &scan->texts));
    struct spot spot = work_spot(&scan->work, scan->name);
    error = scan->work.folder < 0 ? ENOENT : below_file(&spot, flags, 0, &scan->file);
    if (error == 0)
        error = size_of(scan->file, &scan->size);
    for (int s = 0; s < JOURNAL_STREAMS && error == 0; s++)
        error = size_of(scan->texts.files[s], &scan->texts_size[s]);
    if (error == 0)
        error = read_head(id, scan);
    if (error != 0)
        status = failed(scan, error);
out:
    return status;
}

void journal_scan_close(struct journal_scan *scan) {
    if (scan->file >= 0)
        close(scan->file);
    scan->file = -1;
    journal_texts_close(&scan->texts);
    work_folder_close(&scan->work);
}

/* ---------------------------------------------------------------- walking */

/* Bytes of the file that are in memory. */
struct stretch {
    char *bytes; /* owned */
    size_t capacity, start, end;
    uint64_t offset; /* in the file, of bytes[0] */
};

/* Reads on; *more is false at the end of the file, or where a line gets too long to be one. */
static enum status stretch_fill(const struct journal_scan *scan, struct stretch *stretch,
                                bool *more) {
    size_t length = stretch->end - stretch->start;
    memmove(stretch->bytes, stretch->bytes + stretch->start, length);
    stretch->offset += stretch->start;
    stretch->start = 0;
    stretch->end = length;
    *more = length <= JOURNAL_LINE_BYTES;
    enum status status =
        memory_reserve(&stretch->bytes, &stretch->capacity, length + READ_BYTES, 1);
    if (status != STATUS_OK || !*more)
        return status;
    ssize_t n = file_read_at(scan->file, stretch->offset + length, stretch->bytes + length,
                             stretch->capacity - length);
    if (n < 0)
        return failed(scan, errno);
    stretch->end += (size_t)n;
    *more = n > 0;
    return STATUS_OK;
}

/* The next whole line, with a NUL for its newline; *line is NULL where there is none. */
static enum status line_next(const struct journal_scan *scan, struct stretch *stretch, char **line,
                             size_t *length) {
    for (;;) {
        char *begin = stretch->bytes + stretch->start;
        char *end = memchr(begin, '\n', stretch->end - stretch->start);
        bool more = true;
        *line = end ? begin : NULL;
        if (end) {
            *end = '\0';
            *length = (size_t)(end - begin);
            stretch->start += *length + 1;
            return STATUS_OK;
        }
        enum status status = stretch_fill(scan, stretch, &more);
        if (status != STATUS_OK || !more)
            return status;
    }
}

static bool is_within(const struct journal_text *text, uint64_t size) {
    return text->offset <= size && text->length <= size - text->offset;
}

/* Whether the files hold what the line that begins at byte `at` speaks of. */
static bool is_backed(const struct journal_scan *scan, const struct journal_item *item,
                      uint64_t at) {
    if (item->is_mark)
        return item->marked <= at;
    for (int s = 0; s < JOURNAL_STREAMS; s++)
        if (!is_within(&item->line.texts[s], scan->texts_size[s]))
            return false;
    return true;
}

enum status journal_scan_each(const struct journal_scan *scan, journal_visit *visit,
                              void *context) {
    enum status status = STATUS_OK;
    struct stretch stretch = {.offset = scan->start};
    bool more = scan->start > 0;
    TRY(memory_reserve(&stretch.bytes, &stretch.capacity, READ_BYTES, 1));
    while (more) {
        struct journal_item item;
        char *line;
        size_t length;
        uint64_t at = stretch.offset + stretch.start;
        TRY(line_next(scan, &stretch, &line, &length));
        if (!line || !journal_item_read(scan->seed, line, length, &item) ||
            !is_backed(scan, &item, at))
            break;
        TRY(visit(context, &item, at + length + 1, &more));
    }
out:
    free(stretch.bytes);
    return status;
}

struct surveying {
    struct journal_survey *survey;
    uint64_t last; /* where the last image's line ends */
};

static enum status survey_item(void *context, const struct journal_item *item, uint64_t end,
                               bool *more) {
    struct surveying *surveying = context;
    *more = true;
    if (item->is_mark)
        surveying->survey->marked = item->marked;
    else
        surveying->last = end;
    return STATUS_OK;
}

enum status journal_scan_survey(const struct journal_scan *scan, struct journal_survey *survey) {
    struct surveying surveying = {.survey = survey};
    *survey = (struct journal_survey){0};
    enum status status = journal_scan_each(scan, survey_item, &surveying);
    survey->unmarked = surveying.last > survey->marked;
    return status;
}
