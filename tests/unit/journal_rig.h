/* Journals of made-up images for tests: what is written for an image follows from its index alone,
 * so that whatever is read back can be judged. Include after cmocka.h. */
#ifndef TESTS_JOURNAL_RIG_H
#define TESTS_JOURNAL_RIG_H

#include "output/journal.h"
#include "place_fixture.h"
#include "stream_find.h"

/* With --save-json, or without. */
static inline bool made_flag_is_on(const void *context, const char *flag) {
    (void)context;
    return strcmp(flag, "save-json") == 0;
}

static inline unsigned made_streams(bool predictions) {
    return streams_wanted(predictions ? made_flag_is_on : NULL, NULL);
}

struct made_image {
    struct text record, predictions, placed, tally;
};

static inline enum bucket made_bucket(uint64_t index) {
    return (enum bucket)(index % BUCKET_COUNT);
}

static inline void made_fill(struct made_image *image, uint64_t index) {
    text_clear(&image->record);
    text_clear(&image->predictions);
    text_clear(&image->placed);
    text_clear(&image->tally);
    if (made_bucket(index) != BUCKET_FAILED)
        text_format(&image->placed, "0 1 0 0 0 0 0 0 0 0 0 %d.jpg\n", (int)index);
    text_format(&image->record, "{\"image\": \"%d.jpg\", \"boxes\": [", (int)index);
    for (uint64_t i = 0; i < index * 7 % 11; i++)
        text_format(&image->record, "%d, ", (int)(index * i));
    text_string(&image->record, "]}\n");
    for (uint64_t i = 0; i < index % 3; i++)
        text_format(&image->predictions, "{\"prediction\": %d},\n", (int)index);
    text_format(&image->tally, "%d 0 b%d.0", (int)made_bucket(index), (int)index % 5);
}

static inline void made_free(struct made_image *image) {
    text_free(&image->record);
    text_free(&image->predictions);
    text_free(&image->placed);
    text_free(&image->tally);
}

static inline enum status made_add(struct journal *journal, struct made_image *image,
                                   uint64_t index, bool predictions) {
    size_t placed = stream_of_manifest();
    struct text texts[STREAMS_MOST] = {0};
    struct journal_text announced[STREAMS_MOST] = {0};
    struct journal_entry entry = {.index = index,
                                  .bucket = made_bucket(index),
                                  .texts = texts,
                                  .announced = announced,
                                  .tally = &image->tally};
    made_fill(image, index);
    texts[stream_find("records")] = image->record;
    if (predictions)
        texts[stream_find("predictions")] = image->predictions;
    enum status status = image->placed.length
                             ? journal_announce(journal, placed, &image->placed, &announced[placed])
                             : STATUS_OK;
    return status == STATUS_OK ? journal_add(journal, &entry) : status;
}

/* What a reading found. */
struct seen {
    const struct journal_texts *texts;
    bool predictions;
    size_t count, capacity;
    uint64_t *indices;
    struct made_image want;
    struct text text;
};

/* Each line must be just what was written for its image. */
static inline enum status see(void *context, const struct journal_line *line) {
    struct seen *seen = context;
    made_fill(&seen->want, line->index);
    assert_int_equal(line->bucket, made_bucket(line->index));
    assert_string_equal(line->tally, seen->want.tally.data);
    text_clear(&seen->text);
    assert_ok(journal_text_read(seen->texts, line, stream_find("records"), &seen->text));
    assert_string_equal(seen->text.data, seen->want.record.data);
    text_clear(&seen->text);
    assert_ok(journal_text_read(seen->texts, line, stream_find("predictions"), &seen->text));
    assert_int_equal(seen->text.length, seen->predictions ? seen->want.predictions.length : 0);
    if (seen->text.length)
        assert_string_equal(seen->text.data, seen->want.predictions.data);
    text_clear(&seen->text);
    assert_ok(journal_text_read(seen->texts, line, stream_of_manifest(), &seen->text));
    assert_int_equal(seen->text.length, seen->want.placed.length);
    if (seen->text.length)
        assert_string_equal(seen->text.data, seen->want.placed.data);
    if (seen->count == seen->capacity) {
        seen->capacity = seen->capacity ? 2 * seen->capacity : 64;
        seen->indices = realloc(seen->indices, seen->capacity * sizeof *seen->indices);
        assert_non_null(seen->indices);
    }
    seen->indices[seen->count++] = line->index;
    return STATUS_OK;
}

static inline void seen_free(struct seen *seen) {
    free(seen->indices);
    made_free(&seen->want);
    text_free(&seen->text);
}

/* Reads a journal, judging each line; seen_free releases the result. */
static inline struct seen read_all(const char *output, struct journal_id id, bool predictions) {
    struct journal_texts texts;
    assert_ok(journal_texts_open(output, id, &texts));
    struct seen seen = {.texts = &texts, .predictions = predictions};
    assert_ok(journal_read(output, id, see, &seen));
    journal_texts_close(&texts);
    seen.texts = NULL;
    return seen;
}

/* Exactly the images 0 to count - 1, in this order. */
static inline void assert_first(const char *output, struct journal_id id, bool predictions,
                                size_t count) {
    struct seen seen = read_all(output, id, predictions);
    assert_int_equal(seen.count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(seen.indices[i], i);
    seen_free(&seen);
}

/* A journal of epoch 0, rank 0 of the images 0 to count - 1, the first `synced` of them marked. Its
 * writer does not close it: it is gone, as after a crash. */
static inline void crashed_journal(const char *output, size_t count, size_t synced,
                                   bool predictions) {
    struct journal *journal;
    struct made_image image = {0};
    assert_ok(journal_create(output, 0, 0, made_streams(predictions), &journal));
    for (size_t i = 0; i < count; i++) {
        if (i == synced)
            assert_ok(journal_sync(journal));
        assert_ok(made_add(journal, &image, i, predictions));
    }
    made_free(&image);
    /* What closing adds is taken back. */
    struct stat about;
    const char *path = below(output, ".verify/journal.0.0");
    assert_int_equal(stat(path, &about), 0);
    assert_ok(journal_close(&journal));
    assert_int_equal(truncate(path, about.st_size), 0);
}

static inline bool always_placed(void *context, uint64_t index, enum bucket bucket) {
    (void)context;
    assert_int_equal(bucket, made_bucket(index));
    assert_int_not_equal(bucket, BUCKET_FAILED);
    return true;
}

#endif
