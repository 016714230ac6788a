/* A part's records, counts and manifest by other thresholds. */
#include <stdlib.h>
#include <string.h>

#include "job/decide.h"
#include "output/evidence.h"
#include "output/record.h"
#include "review/rejudge/rejudge.h"

enum { WAITING_BYTES = 1 << 20 };

struct deciding {
    const struct rejudge *rejudge;
    struct rejudge_work *work;
    struct evidence_file evidence;
    struct manifest_part manifest;
    struct kept_image image;
    struct detections missing;
    struct text records, lines; /* not yet written */
    uint64_t lines_at;          /* where the latter belong */
    struct text counts;
};

/* The one name is below the data set's folder, the other below the folder of all images: one is
 * the other's end. */
static bool is_of(const char *name, const char *path) {
    size_t a = strlen(name), b = strlen(path);
    const char *longer = a > b ? name : path, *shorter = a > b ? path : name;
    size_t more = a > b ? a - b : b - a;
    return strcmp(longer + more, shorter) == 0 && (more == 0 || longer[more - 1] == '/');
}

static enum status write_records(struct deciding *deciding) {
    struct text *records = &deciding->records;
    struct draft *draft = deciding->work->records;
    const struct location *location = &draft->location;
    int error = write_all(draft->file, records->data ? records->data : "", records->length);
    deciding->work->length += records->length;
    text_clear(records);
    return error == 0 ? STATUS_OK : storage_failed(error, location, "cannot write");
}

static enum status write_lines(struct deciding *deciding) {
    struct text *lines = &deciding->lines;
    enum status status = lines->length ? whole_write(deciding->work->manifest, lines->data,
                                                     lines->length, deciding->lines_at)
                                       : STATUS_OK;
    deciding->lines_at += lines->length;
    text_clear(lines);
    return status;
}

/* Takes the image's line of the manifest over, with its bucket. */
static enum status decide_place(struct deciding *deciding) {
    enum status status;
    struct manifest_part *part = &deciding->manifest;
    const struct image_result *result = &deciding->image.result;
    const struct manifest_entry *entry = &part->entry;
    TRY(manifest_part_next(part));
    if (!is_of(result->name, entry->path))
        return FAIL(STATUS_FAILED,
                    "%s/" WORK_FOLDER ": %.500s is another image than %.500s: run again with "
                    "--overwrite",
                    part->output, entry->path, result->name);
    const struct move move = {.to = result->bucket, .search = deciding->rejudge->search};
    if (entry->bucket != result->bucket || move.search)
        TRY(mover_check(deciding->work->mover, entry, &move));
    deciding->work->moved += entry->bucket != result->bucket;
    part->written[0] = (char)('0' + (int)result->bucket);
    text_bytes(&deciding->lines, part->written, part->length);
    if (deciding->lines.length >= WAITING_BYTES)
        TRY(write_lines(deciding));
    status = text_status(&deciding->lines);
out:
    return status;
}

static enum status count(struct deciding *deciding, uint64_t index) {
    enum status status;
    const struct kept_image *image = &deciding->image;
    text_clear(&deciding->counts);
    TRY(tally_line(&image->result, deciding->rejudge->classes, &deciding->counts));
    if (image->words)
        text_string(&deciding->counts, image->words);
    TRY(text_status(&deciding->counts));
    TRY(tally_apply(deciding->work->tally, index, deciding->counts.data));
out:
    return status;
}

static enum status decide_image(struct deciding *deciding, uint64_t index) {
    enum status status;
    const struct rejudge *rejudge = deciding->rejudge;
    struct image_result *result = &deciding->image.result;
    TRY(evidence_read(deciding->evidence.part, deciding->evidence.length, &deciding->image));
    TRY(image_decide(&rejudge->thresholds, &deciding->missing, result));
    TRY(record_write(result, rejudge->classes, &deciding->records));
    if (deciding->records.length >= WAITING_BYTES)
        TRY(write_records(deciding));
    if (rejudge->has_manifest && result->bucket != BUCKET_FAILED)
        TRY(decide_place(deciding));
    TRY(count(deciding, index));
out:
    return status;
}

enum status rejudge_decide(const struct rejudge *rejudge, const struct rejudge_part parts[2],
                           struct rejudge_work *work) {
    enum status status;
    struct deciding deciding = {.rejudge = rejudge, .work = work, .lines_at = parts[0].manifest};
    TRY(evidence_open(rejudge->output, parts[0].evidence, &deciding.evidence));
    if (rejudge->has_manifest)
        TRY(manifest_part_open(rejudge->output, MANIFEST, parts, &deciding.manifest));
    for (uint64_t i = parts[0].image; i < parts[1].image; i++) {
        bool more;
        if (rejudge->tick)
            rejudge->tick(rejudge->tick_context);
        TRY(evidence_next(&deciding.evidence, &more));
        TRY(decide_image(&deciding, i));
    }
    TRY(write_records(&deciding));
    if (rejudge->has_manifest)
        TRY(write_lines(&deciding));
out:
    evidence_close(&deciding.evidence);
    manifest_part_close(&deciding.manifest);
    kept_image_free(&deciding.image);
    free(deciding.missing.items);
    text_free(&deciding.records);
    text_free(&deciding.lines);
    text_free(&deciding.counts);
    return status;
}
