/* The journal's lines as text. */
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

void journal_file_name(const char *name, struct journal_id id, char file[JOURNAL_NAME_BYTES]) {
    snprintf(file, JOURNAL_NAME_BYTES, "%s.%u.%d", name, id.epoch, id.rank);
}

/* Without the names of streams. */
static size_t head_begin(struct journal_id id, char head[JOURNAL_HEAD_BYTES]) {
    return (size_t)snprintf(head, JOURNAL_HEAD_BYTES, "verify journal 2: epoch %u rank %d",
                            id.epoch, id.rank);
}

static struct journal_form form_of(unsigned streams, const char *head, size_t length) {
    struct journal_form form = {.seed = journal_crc(0, head, length)};
    for (size_t s = 0; s < stream_count(); s++)
        if (streams_have(streams, s))
            form.n_texts = s + 1;
    return form;
}

size_t journal_head(struct journal_id id, unsigned streams, char head[JOURNAL_HEAD_BYTES],
                    struct journal_form *form) {
    size_t length = head_begin(id, head);
    for (size_t s = 0; s < stream_count(); s++)
        if (streams_have(streams, s) && stream_at(s)->flag)
            length += (size_t)snprintf(head + length, JOURNAL_HEAD_BYTES - length, " %s",
                                       stream_at(s)->name);
    length += (size_t)snprintf(head + length, JOURNAL_HEAD_BYTES - length, "\n");
    *form = form_of(streams, head, length);
    return length;
}

size_t journal_head_read(struct journal_id id, const char *bytes, size_t length,
                         struct journal_form *form) {
    char head[JOURNAL_HEAD_BYTES];
    unsigned streams = streams_wanted(NULL, NULL);
    size_t at = head_begin(id, head);
    if (length < at || memcmp(bytes, head, at) != 0)
        return 0;
    for (size_t s = 0; s < stream_count(); s++) {
        const char *name = stream_at(s)->name;
        size_t end = at + 1 + strlen(name);
        if (!stream_at(s)->flag || length <= end || bytes[at] != ' ' ||
            memcmp(bytes + at + 1, name, end - at - 1) != 0 ||
            (bytes[end] != ' ' && bytes[end] != '\n'))
            continue;
        streams |= 1u << s;
        at = end;
    }
    if (length <= at || bytes[at] != '\n')
        return 0;
    *form = form_of(streams, bytes, at + 1);
    return at + 1;
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

enum status journal_line_write(const struct journal_form *form, const struct journal_line *line,
                               struct text *text) {
    size_t start = text->length;
    text_string(text, "00000000 + ");
    write_numbers(text, (uint64_t[]){line->index, line->bucket}, 2);
    for (size_t s = 0; s < form->n_texts; s++) {
        const struct journal_text *where = &line->texts[s];
        write_numbers(text, (uint64_t[]){where->offset, where->length, where->crc}, 3);
    }
    text_string(text, line->tally);
    return finish_line(form->seed, start, text);
}

enum status journal_mark_write(const struct journal_form *form, uint64_t marked,
                               struct text *text) {
    size_t start = text->length;
    text_format(text, "00000000 = %" PRIu64, marked);
    return finish_line(form->seed, start, text);
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

static bool read_line(const char *at, size_t n_texts, struct journal_line *line) {
    uint64_t bucket;
    if (!digits_after(&at, ' ', UINT64_MAX, &line->index) ||
        !digits_after(&at, ' ', BUCKET_COUNT - 1, &bucket))
        return false;
    for (size_t s = 0; s < n_texts; s++)
        if (!read_text(&at, &line->texts[s]))
            return false;
    if (*at != ' ')
        return false;
    line->bucket = (enum bucket)bucket;
    line->tally = at + 1;
    return true;
}

bool journal_item_read(const struct journal_form *form, const char *bytes, size_t length,
                       struct journal_item *item) {
    const char *body = bytes + CRC_DIGITS + 1;
    uint32_t crc;
    if (length < CRC_DIGITS + 2 || !read_crc(bytes, &crc) ||
        crc != journal_crc(form->seed, body, length - CRC_DIGITS - 1))
        return false;
    *item = (struct journal_item){.is_mark = *body == '='};
    const char *at = body + 1;
    return item->is_mark ? digits_after(&at, ' ', INT64_MAX, &item->marked) && *at == '\0'
                         : *body == '+' && read_line(at, form->n_texts, &item->line);
}
