/* What a rank has finished, kept while the job runs, so that nothing is lost and nothing is counted
 * twice. Each rank of each epoch (one start of the program on an output folder: 0, 1, 2 ...) has
 * files of its own in WORK_FOLDER, which only ever grow:
 *
 *     STREAM.E.R   for each stream that is wanted (streams.h): texts, as images are finished, or
 *                  before their files are placed
 *     journal.E.R  a line an image, which says where its texts are; and marks
 *
 * An image counts as done once its journal line is there: the line is written last, after the texts
 * and after the image's files are placed, so that a killed process loses only what it had not
 * finished. A mark says that all before a place in these files, and what was placed for it, is on
 * the disk: a machine that goes down loses at most what came after the last mark.
 *
 * The journal's lines are text: the CRC-32 of the rest in 8 hexadecimal digits, a space, and
 *     + INDEX BUCKET TEXT ... TALLY    an image; a TEXT is OFFSET LENGTH CRC
 *     = BYTES                          a mark: so much of the journal, and its texts
 * The first line names the format, the epoch, the rank and those streams that a flag asked for, and
 * seeds the CRC of the others. There is a TEXT for each row of the table of streams up to the last
 * one that the journal has, so that a row that is added changes nothing where it is not wanted. */
#ifndef VERIFY_OUTPUT_JOURNAL_H
#define VERIFY_OUTPUT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "output/manifest.h"
#include "output/result.h"
#include "output/streams.h"

/* Where a text is in its file. */
struct journal_text {
    uint64_t offset;
    uint32_t length, crc; /* length 0: there is none */
};

/* ---------------------------------------------------------------- writing */

struct journal;

struct journal_entry {
    uint64_t index; /* of the image, in the list of all */
    enum bucket bucket;
    /* Both [STREAMS_MOST], by the row of a stream. */
    const struct text *texts;             /* of the journal's streams; empty: none */
    const struct journal_text *announced; /* of journal_announce; length 0: nothing was */
    const struct text *tally;             /* of tally_line */
};

/* Makes the files of a rank and an epoch for these streams (streams_wanted), and WORK_FOLDER where
 * it is absent; none of them may be there yet. On failure *out is NULL. */
enum status journal_create(const char *output, unsigned epoch, int rank, unsigned streams,
                           struct journal **out);

/* The streams that it was made for. */
unsigned journal_streams(const struct journal *journal);

/* Writes an image's text of a stream that comes before its files are placed. *where: for the
 * image's entry. Thread-safe. Fails as journal_add does. */
enum status journal_announce(struct journal *journal, size_t stream, const struct text *text,
                             struct journal_text *where);

/* Adds an image whose files are placed. Thread-safe. Once it returns STATUS_OK the image is done,
 * whatever happens to the process. STATUS_FAILED says what, where and what to do; from then on the
 * journal takes nothing more and says the same again, and what it holds remains valid. */
enum status journal_add(struct journal *journal, const struct journal_entry *entry);

/* Brings what was added so far, and all else written to the output's file system, to the disk, and
 * marks it; nothing to do where nothing was added since the last mark. Thread-safe, journal_add
 * does not wait for it. After a failure nobody knows what is on the disk: it is STATUS_FAILED for
 * good, as with journal_add. (Of files other than the journal's, Linux before 5.8 reports none.) */
enum status journal_sync(struct journal *journal);

/* Syncs, closes and frees; *journal becomes NULL. NULL is fine. */
enum status journal_close(struct journal **journal);

/* ---------------------------------------------------------------- reading back */

struct journal_id {
    unsigned epoch;
    int rank;
};

/* The journals that there are, by epoch, then rank; *ids is the caller's, to be freed. No
 * WORK_FOLDER: none. */
enum status journal_list(const char *output, struct journal_id **ids, size_t *count);

/* Whether an image's files are in its bucket, whole. An image that failed has none, and is not
 * asked about. After a crash of the machine a file may be there under its name and yet be empty. */
typedef bool journal_placed(void *context, uint64_t index, enum bucket bucket);

/* Makes sure of a journal whose writer is gone: lines behind the last mark are checked one by one,
 * their texts and `placed`; at the first that does not hold, the journal is cut; the rest is synced
 * and marked. *cut (may be NULL): how many bytes were cut off. To be called once for each journal
 * before a resumed run, while nobody writes or reads it. */
enum status journal_repair(const char *output, struct journal_id id, journal_placed *placed,
                           void *context, uint64_t *cut);

struct journal_line {
    uint64_t index;
    enum bucket bucket;
    struct journal_text texts[STREAMS_MOST]; /* by the row of a stream */
    const char *tally;                       /* valid during the call */
};

typedef enum status journal_each(void *context, const struct journal_line *line);

/* Calls `each` for the lines before the last mark, which is all of them after journal_close or
 * journal_repair, in the order of writing; stops with the first status that is not STATUS_OK.
 * Changes nothing. */
enum status journal_read(const char *output, struct journal_id id, journal_each *each,
                         void *context);

/* The texts of a journal, for one thread at a time. They are read in large pieces: mostly one is
 * asked for after the other. */
struct journal_piece;
struct journal_texts {
    int files[STREAMS_MOST]; /* by the row of a stream; -1: a journal without such texts */
    struct journal_id id;
    struct journal_piece *pieces; /* [stream_count()]; owned */
};

/* Opens those files of them that there are. On failure nothing is open. */
enum status journal_texts_open(const char *output, struct journal_id id,
                               struct journal_texts *texts);
void journal_texts_close(struct journal_texts *texts);
/* Appends the line's text of that stream; STATUS_FAILED where it is not what was written. */
enum status journal_text_read(const struct journal_texts *texts, const struct journal_line *line,
                              size_t stream, struct text *text);

/* What an epoch has announced and not finished: calls `each` for the lines of its part of the
 * manifest that no line of the journal speaks of. */
enum status journal_leftovers(const char *output, struct journal_id id, manifest_each *each,
                              void *context);

#endif
