/* The sketches of all images: a stream's parts, and the file that they are merged into. */
#include "output/sketches.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "output/storage.h"
#include "output/streams.h"
#include "output/work_folder.h"

stream_write sketches_stream_write; /* a row of streams.c */

enum {
    HASH_BYTES = 8 * SKETCH_WORDS + SKETCH_WEAK,
    LEVELS_AT = 1 + HASH_BYTES,
    LABELS_AT = LEVELS_AT + SKETCH_CELLS, /* their number */
    PART_BYTES = LABELS_AT + 4,           /* without the labels */
    LABEL_BYTES = 6,
    BUFFER_BYTES = 1 << 20,
};

static void put(struct text *text, uint64_t value, size_t n) {
    char bytes[8];
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)(value >> 8 * i & 0xff);
    text_bytes(text, bytes, n);
}

static uint64_t take(const unsigned char *bytes, size_t n) {
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

static uint8_t shortened(float fraction) {
    float value = fraction * 255 + 0.5f;
    return (uint8_t)(value > 0 ? value < 255 ? value : 255 : 0);
}

struct sketch_label sketch_label_make(uint32_t class, const float xywhn[4]) {
    struct sketch_label label = {.class = class < UINT16_MAX ? (uint16_t) class : UINT16_MAX};
    for (int k = 0; k < 4; k++)
        label.xywh[k] = shortened(xywhn[k]);
    return label;
}

enum status sketches_stream_write(const struct stream_source *source, struct text *text) {
    const struct image_result *result = source->result;
    const struct sketch *sketch = result->sketch;
    put(text, sketch != NULL, 1);
    if (!sketch)
        return text_status(text);
    for (size_t i = 0; i < SKETCH_WORDS; i++)
        put(text, sketch->hash.bits[i], 8);
    text_bytes(text, (const char *)sketch->hash.weak, SKETCH_WEAK);
    text_bytes(text, (const char *)sketch->levels, SKETCH_CELLS);
    put(text, result->n_boxes, 4);
    for (size_t i = 0; i < result->n_boxes && i < SKETCH_LABELS; i++) {
        const struct label *label = &result->boxes[i].label;
        const struct sketch_label made = sketch_label_make(label->class, label->xywhn);
        put(text, made.class, 2);
        for (int k = 0; k < 4; k++)
            put(text, made.xywh[k], 1);
    }
    return text_status(text);
}

static enum status damaged(const struct sketches *sketches) {
    return FAIL(STATUS_FAILED, "%s/" WORK_FOLDER "/" SKETCHES_FILE " is damaged", sketches->output);
}

static uint32_t labels_kept(uint32_t count) {
    return count < SKETCH_LABELS ? count : SKETCH_LABELS;
}

/* The next part, which begins at *offset. */
static enum status read_part(FILE *file, const struct sketches *sketches, uint64_t *offset,
                             struct sketch_entry *entry) {
    unsigned char part[PART_BYTES], labels[SKETCH_LABELS * LABEL_BYTES];
    uint64_t start = (*offset)++;
    int first = getc(file);
    if (first == 0)
        return STATUS_OK;
    if (first != 1 || fread(part + 1, 1, PART_BYTES - 1, file) != PART_BYTES - 1)
        return damaged(sketches);
    size_t length = labels_kept((uint32_t)take(part + LABELS_AT, 4)) * (size_t)LABEL_BYTES;
    if (fread(labels, 1, length, file) != length)
        return damaged(sketches);
    for (size_t i = 0; i < SKETCH_WORDS; i++)
        entry->hash.bits[i] = take(part + 1 + 8 * i, 8);
    memcpy(entry->hash.weak, part + LEVELS_AT - SKETCH_WEAK, SKETCH_WEAK);
    for (size_t i = 0; i < SKETCH_WEAK; i++)
        if (entry->hash.weak[i] >= SKETCH_KEY_BITS)
            return damaged(sketches);
    entry->offset = start;
    *offset += PART_BYTES - 1 + length;
    return STATUS_OK;
}

static enum status read_all(FILE *file, sketches_tick *tick, void *context,
                            const struct sketches *sketches) {
    enum status status = STATUS_OK;
    char head[sizeof SKETCHES_HEAD] = "";
    uint64_t offset = strlen(SKETCHES_HEAD);
    if (fread(head, 1, offset, file) != offset || strcmp(head, SKETCHES_HEAD) != 0)
        return damaged(sketches);
    for (size_t i = 0; i < sketches->count; i++) {
        if (tick && i % 1024 == 0)
            tick(context);
        TRY(read_part(file, sketches, &offset, &sketches->items[i]));
    }
out:
    return status;
}

/* The same file, to be read from its beginning to its end. */
static enum status open_stream(int file, const struct location *location, FILE **stream) {
    int copy = fcntl(file, F_DUPFD_CLOEXEC, 0);
    *stream = copy < 0 ? NULL : fdopen(copy, "rb");
    if (*stream) {
        setvbuf(*stream, NULL, _IOFBF, BUFFER_BYTES);
        return STATUS_OK;
    }
    enum status status = storage_failed(errno, location, "cannot read");
    if (copy >= 0)
        close(copy);
    return status;
}

enum status sketches_open(const char *output, size_t count, sketches_tick *tick, void *context,
                          struct sketches *sketches) {
    enum status status;
    struct work_folder work;
    FILE *stream = NULL;
    *sketches = (struct sketches){.output = output, .count = count};
    TRY(work_folder_open(output, false, &work));
    const struct location location = work_location(&work, SKETCHES_FILE);
    TRY(below_file_open(&location, O_RDONLY, 0, "cannot read", &sketches->file));
    sketches->opened = true;
    TRY(memory_zeroed(count, sizeof *sketches->items, &sketches->items));
    TRY(open_stream(sketches->file, &location, &stream));
    status = read_all(stream, tick, context, sketches);
out:
    if (stream)
        fclose(stream);
    work_folder_close(&work);
    return status;
}

void sketches_close(struct sketches *sketches) {
    if (sketches->opened)
        close(sketches->file);
    free(sketches->items);
    *sketches = (struct sketches){0};
}

static enum status read_at(const struct sketches *sketches, size_t image, size_t from,
                           unsigned char *bytes, size_t length) {
    uint64_t offset = sketches->items[image].offset + from;
    return file_read_at(sketches->file, offset, (char *)bytes, length) == (ssize_t)length
               ? STATUS_OK
               : damaged(sketches);
}

enum status sketches_read(const struct sketches *sketches, size_t image, struct sketch *sketch) {
    sketch->hash = sketches->items[image].hash;
    return read_at(sketches, image, LEVELS_AT, sketch->levels, SKETCH_CELLS);
}

enum status sketches_labels(const struct sketches *sketches, size_t image,
                            struct sketch_labels *labels) {
    enum status status;
    unsigned char bytes[SKETCH_LABELS * LABEL_BYTES], count[4];
    TRY(read_at(sketches, image, LABELS_AT, count, sizeof count));
    labels->count = (uint32_t)take(count, sizeof count);
    labels->kept = labels_kept(labels->count);
    TRY(read_at(sketches, image, PART_BYTES, bytes, labels->kept * (size_t)LABEL_BYTES));
    for (size_t i = 0; i < labels->kept; i++) {
        const unsigned char *at = bytes + i * LABEL_BYTES;
        labels->items[i].class = (uint16_t)take(at, 2);
        memcpy(labels->items[i].xywh, at + 2, 4);
    }
out:
    return status;
}
