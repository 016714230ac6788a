#include "output/journal_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "output/digits.h"

enum { CRC_DIGITS = 8 };

uint32_t journal_crc(uint32_t seed, const char *bytes, size_t length) {
    return (uint32_t)crc32_z(seed, (const unsigned char *)bytes, length);
}

const char *journal_stream_name(enum journal_stream stream) {
    static const char *const names[JOURNAL_STREAMS] = {"records", "predictions", "placed"};
    return names[stream];
}

void journal_file_name(const char *name, struct journal_id id, char file[JOURNAL_NAME_BYTES]) {
    snprintf(file, JOURNAL_NAME_BYTES, "%s.%u.%d", name, id.epoch, id.rank);
}

size_t journal_head(struct journal_id id, bool predictions, char head[JOURNAL_HEAD_BYTES]) {
    return (size_t)snprintf(head, JOURNAL_HEAD_BYTES, "verify journal 2: epoch %u rank %d%s\n",
                            id.epoch, id.rank, predictions ? " predictions" : "");
}

/* ---------------------------------------------------------------- writing */

/* Ends the line that began at `start` with room for its CRC. */
static enum status finish_line(uint32_t seed, size_t start, struct text *text) {
    enum status status = text_status(text);
    if (status != STATUS_OK)
        return status;
    size_t body = start + CRC_DIGITS + 1;
    char digits[CRC_DIGITS + 1];
    snprintf(digits, sizeof digits, "%08" PRIx32,
             journal_crc(seed, text->data + body, text->length - body));
    memcpy(text->data + start, digits, CRC_DIGITS);
    text_string(text, "\n");
    return text_status(text);
}

static void write_numbers(struct text *text, const uint64_t *numbers, size_t count) {
    for (size_t i = 0; i < count; i++) {
        text_count(text, numbers[i]);
        text_string(text, " ");
    }
}

enum status journal_line_write(uint32_t seed, const struct journal_line *line, struct text *text) {
    size_t start = text->length;
    text_string(text, "00000000 + ");
    write_numbers(text, (uint64_t[]){line->index, line->bucket}, 2);
    for (int s = 0; s < JOURNAL_STREAMS; s++) {
        const struct journal_text *where = &line->texts[s];
        write_numbers(text, (uint64_t[]){where->offset, where->length, where->crc}, 3);
    }
    text_string(text, line->tally);
    return finish_line(seed, start, text);
}

enum status journal_mark_write(uint32_t seed, uint64_t marked, struct text *text) {
    size_t start = text->length;
    text_format(text, "00000000 = %" PRIu64, marked);
    return finish_line(seed, start, text);
}

/* ---------------------------------------------------------------- reading */

static bool read_crc(const char *bytes, uint32_t *crc) {
    *crc = 0;
    for (size_t i = 0; i < CRC_DIGITS; i++) {
        char c = bytes[i];
        bool letter = c >= 'a' && c <= 'f';
        if (!letter && (c < '0' || c > '9'))
            return false;
        *crc = *crc << 4 | (uint32_t)(letter ? c - 'a' + 10 : c - '0');
    }
    return bytes[CRC_DIGITS] == ' ';
}

static bool read_text(const char **at, struct journal_text *text) {
    uint64_t length, crc;
    if (!digits_after(at, ' ', INT64_MAX, &text->offset) ||
        !digits_after(at, ' ', JOURNAL_TEXT_BYTES, &length) ||
        !digits_after(at, ' ', UINT32_MAX, &crc))
        return false;
    text->length = (uint32_t)length;
    text->crc = (uint32_t)crc;
    return true;
}

static bool read_line(const char *at, struct journal_line *line) {
    uint64_t bucket;
    if (!digits_after(&at, ' ', UINT64_MAX, &line->index) ||
        !digits_after(&at, ' ', BUCKET_COUNT - 1, &bucket))
        return false;
    for (int s = 0; s < JOURNAL_STREAMS; s++)
        if (!read_text(&at, &line->texts[s]))
            return false;
    if (*at != ' ')
        return false;
    line->bucket = (enum bucket)bucket;
    line->tally = at + 1;
    return true;
}

bool journal_item_read(uint32_t seed, const char *bytes, size_t length, struct journal_item *item) {
    const char *body = bytes + CRC_DIGITS + 1;
    uint32_t crc;
    if (length < CRC_DIGITS + 2 || !read_crc(bytes, &crc) ||
        crc != journal_crc(seed, body, length - CRC_DIGITS - 1))
        return false;
    *item = (struct journal_item){.is_mark = *body == '='};
    const char *at = body + 1;
    return item->is_mark ? digits_after(&at, ' ', INT64_MAX, &item->marked) && *at == '\0'
                         : *body == '+' && read_line(at, &item->line);
}
