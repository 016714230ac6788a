/* Reads label files. */
#include "data/label.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/excerpt.h"
#include "data/file_bytes.h"
#include "data/label_link.h"
#include "data/number.h"

enum { BOX_COLUMNS = 5, QUAD_COLUMNS = 9, BOX_DECIMALS = 6 };
#define LABEL_LIMIT ((size_t)LABEL_FILE_MIB << 20)

/* What one pass over a line gathers, however many columns it has. */
struct row {
    size_t columns;
    double first[BOX_COLUMNS]; /* class, then the first four values */
    float low[2], high[2];     /* of a polygon's points */
    double beyond, below;      /* of keypoints, the coordinate that is highest, the lowest value */
    const char *wrong;         /* the first column that is no finite number; NULL: none */
    size_t wrong_length;
    enum number_kind wrong_kind;
};

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

static void scan_keypoint(const struct keypoint_shape *shape, size_t number, double value,
                          struct row *row) {
    if (number % shape->values < 2 && value > row->beyond)
        row->beyond = value;
    if (value < row->below)
        row->below = value;
}

/* Finds the next column at or behind *at, which moves to its end; NULL: there is none. */
static const char *next_column(const char **at, const char *end) {
    while (*at < end && is_blank(**at))
        ++*at;
    const char *column = *at;
    while (*at < end && !is_blank(**at))
        ++*at;
    return column < end ? column : NULL;
}

static void scan_row(const char *at, const char *end, const struct keypoint_shape *keypoints,
                     struct row *row) {
    const char *column;
    *row = (struct row){0};
    while ((column = next_column(&at, end)) != NULL) {
        double value;
        enum number_kind kind = number_parse(column, (size_t)(at - column), &value);
        if (kind != NUMBER_FINITE && !row->wrong) {
            row->wrong = column;
            row->wrong_length = (size_t)(at - column);
            row->wrong_kind = kind;
        }
        if (row->columns < BOX_COLUMNS)
            row->first[row->columns] = value;
        else if (keypoints->count > 0)
            scan_keypoint(keypoints, row->columns - BOX_COLUMNS, value, row);
        if (row->columns > 0) {
            size_t axis = (row->columns - 1) % 2;
            float point = (float)value;
            bool start = row->columns <= 2;
            row->low[axis] = start || point < row->low[axis] ? point : row->low[axis];
            row->high[axis] = start || point > row->high[axis] ? point : row->high[axis];
        }
        row->columns++;
    }
}

/* A number for a message; the byte of a locale's decimal point becomes '.'. */
static void text_value(struct text *text, double value) {
    char digits[32];
    snprintf(digits, sizeof digits, "%.7g", value);
    char *comma = strchr(digits, ',');
    if (comma)
        *comma = '.';
    text_string(text, digits);
}

static void list_values(struct text *text, const char *what, const double *values,
                        const bool *listed, size_t count) {
    const char *before = " [";
    text_string(text, what);
    for (size_t i = 0; i < count; i++)
        if (listed[i]) {
            text_string(text, before);
            text_value(text, values[i]);
            before = " ";
        }
    text_string(text, "]");
}

/* Appends the reason why a class number and a box are invalid; nothing where they are valid. */
static void check_box(const double values[BOX_COLUMNS], size_t n_classes, struct text *reason) {
    bool beyond[BOX_COLUMNS] = {false}, below[BOX_COLUMNS] = {false};
    bool any_beyond = false, any_below = false;
    for (size_t i = 0; i < BOX_COLUMNS; i++) {
        float value = (float)values[i];
        beyond[i] = i > 0 && value > 1.01F;
        below[i] = value < 0.0F;
        any_beyond |= beyond[i];
        any_below |= value < -0.01F || (i >= 3 && below[i]);
    }
    if (any_beyond) {
        list_values(reason, "non-normalized or out of bounds coordinates", values, beyond,
                    BOX_COLUMNS);
    } else if (any_below) {
        list_values(reason, "negative label values", values, below, BOX_COLUMNS);
    } else if (values[0] < 0.0 || values[0] != floor(values[0])) {
        bool class_only[BOX_COLUMNS] = {true};
        list_values(reason, "non-integer class labels", values, class_only, BOX_COLUMNS);
    } else if (n_classes > 0 && values[0] >= (double)n_classes) {
        text_string(reason, "Label class ");
        text_value(reason, values[0]);
        text_format(reason, " exceeds dataset class count %zu. Possible class labels are 0-%zu",
                    n_classes, n_classes - 1);
    } else if (values[0] > (double)INT32_MAX) {
        text_string(reason, "class number too large: ");
        text_value(reason, values[0]);
    } else if (!((float)values[3] > 0.0F && (float)values[4] > 0.0F)) {
        text_string(reason, "box has no area");
    }
}

/* Of a row whose numbers of a box are the first ones. */
static void check_pose(const struct row *row, const struct label_rules *rules,
                       struct text *reason) {
    const bool listed = true;
    size_t wanted = BOX_COLUMNS + (size_t)rules->keypoints.count * (size_t)rules->keypoints.values;
    if (row->columns != wanted)
        text_format(reason, "labels require %zu columns, %zu columns detected", wanted,
                    row->columns);
    else if ((float)row->beyond > 1.01F)
        list_values(reason, "non-normalized or out of bounds coordinates", &row->beyond, &listed,
                    1);
    else if ((float)row->below < -0.01F)
        list_values(reason, "negative label values", &row->below, &listed, 1);
    else
        check_box(row->first, rules->n_classes, reason);
}

static enum label_form form_of(const struct row *row, const struct label_rules *rules) {
    if (rules->keypoints.count > 0)
        return LABEL_POSE;
    if (row->columns == BOX_COLUMNS)
        return LABEL_BOX;
    return row->columns == QUAD_COLUMNS ? LABEL_QUAD : LABEL_POLYGON;
}

/* Makes `values` of a row: class, xc, yc, w, h. Appends the reason where it is invalid. */
static void check_row(const struct row *row, const struct label_rules *rules,
                      double values[BOX_COLUMNS], struct text *reason) {
    memcpy(values, row->first, sizeof row->first);
    if (row->wrong) {
        text_string(reason,
                    row->wrong_kind == NUMBER_NONE ? "not a number '" : "not a finite number '");
        text_excerpt(reason, row->wrong, row->wrong_length);
        text_string(reason, "'");
        return;
    }
    if (rules->keypoints.count > 0) {
        check_pose(row, rules, reason);
        return;
    }
    if (row->columns < BOX_COLUMNS || row->columns == BOX_COLUMNS + 1) {
        text_format(reason, "labels require %d columns, %zu columns detected", BOX_COLUMNS,
                    row->columns);
        return;
    }
    if (row->columns > BOX_COLUMNS && row->columns % 2 == 0) {
        text_format(reason, "a polygon requires x y pairs, %zu coordinates detected",
                    row->columns - 1);
        return;
    }
    if (row->columns > BOX_COLUMNS) {
        /* Single precision, as Ultralytics' segments2boxes. */
        for (size_t axis = 0; axis < 2; axis++) {
            values[1 + axis] = (row->low[axis] + row->high[axis]) / 2.0F;
            values[3 + axis] = row->high[axis] - row->low[axis];
        }
    }
    check_box(values, rules->n_classes, reason);
}

static enum status add_invalid(struct label_file *file, uint32_t line, const char *reason) {
    enum status status;
    TRY(memory_reserve(&file->invalid, &file->invalid_capacity, file->n_invalid + 1,
                       sizeof *file->invalid));
    struct invalid_label *invalid = &file->invalid[file->n_invalid];
    invalid->line = line;
    TRY(memory_string(reason, &invalid->reason));
    file->n_invalid++;
out:
    return status;
}

/* Adds a label without numbers. */
static enum status add_label(struct label_file *file, uint32_t line, enum label_form form,
                             const double values[BOX_COLUMNS]) {
    enum status status;
    TRY(memory_reserve(&file->labels, &file->label_capacity, file->n_labels + 1,
                       sizeof *file->labels));
    struct label *label = &file->labels[file->n_labels++];
    label->line = line;
    label->class = (uint32_t)values[0];
    label->form = form;
    label->first = label->n_numbers = 0;
    for (size_t i = 0; i < 4; i++)
        label->xywhn[i] = (float)values[i + 1];
out:
    return status;
}

static void clear(struct label_file *file) {
    for (size_t i = 0; i < file->n_invalid; i++)
        free(file->invalid[i].reason);
    file->n_invalid = 0;
    file->n_labels = file->n_numbers = 0;
    file->present = file->absent = false;
    free(file->content.bytes);
    file->content = (struct file_bytes){0};
}

/* Adds the label of a valid row, [at, end), and the numbers that it has beside class and box. */
static enum status add_row(struct label_file *file, uint32_t line, const struct label_rules *rules,
                           const struct row *row, const double values[BOX_COLUMNS], const char *at,
                           const char *end) {
    enum status status;
    enum label_form form = form_of(row, rules);
    const char *column;
    size_t before = form == LABEL_POSE ? BOX_COLUMNS : 1, index = 0;
    TRY(add_label(file, line, form, values));
    if (form == LABEL_BOX)
        goto out;
    struct label *label = &file->labels[file->n_labels - 1];
    label->first = (uint32_t)file->n_numbers; /* files are of at most LABEL_FILE_MIB */
    label->n_numbers = (uint32_t)(row->columns - before);
    TRY(memory_reserve(&file->numbers, &file->number_capacity, file->n_numbers + label->n_numbers,
                       sizeof *file->numbers));
    while ((column = next_column(&at, end)) != NULL) {
        double value = 0;
        if (index++ < before)
            continue;
        number_parse(column, (size_t)(at - column), &value);
        file->numbers[file->n_numbers++] = (float)value;
    }
out:
    return status;
}

static enum status parse(const char *bytes, size_t length, const struct label_rules *rules,
                         struct label_file *file) {
    enum status status = STATUS_OK;
    struct text reason = {0};
    const char *at = bytes;
    const char *end = bytes + length;
    if (length >= 2 && (memcmp(at, "\xff\xfe", 2) == 0 || memcmp(at, "\xfe\xff", 2) == 0))
        return add_invalid(file, 0, "UTF-16 text; label files are UTF-8");
    if (length >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
        at += 3;
    for (uint32_t line = 1; at < end; line++) {
        const char *stop = at;
        while (stop < end && *stop != '\n' && *stop != '\r')
            stop++;
        struct row row;
        scan_row(at, stop, &rules->keypoints, &row);
        if (row.columns > 0) {
            if (file->n_labels + file->n_invalid == LABEL_FILE_LINES) {
                text_format(&reason, "more than %d labels; the rest of the file is not read",
                            LABEL_FILE_LINES);
                TRY(text_status(&reason));
                TRY(add_invalid(file, line, reason.data));
                break;
            }
            double values[BOX_COLUMNS];
            check_row(&row, rules, values, &reason);
            TRY(text_status(&reason));
            if (reason.length > 0)
                TRY(add_invalid(file, line, reason.data));
            else
                TRY(add_row(file, line, rules, &row, values, at, stop));
            text_clear(&reason);
        }
        at = stop + (end - stop >= 2 && stop[0] == '\r' && stop[1] == '\n');
        at += at < end;
    }
out:
    text_free(&reason);
    return status;
}

enum status label_file_parse(const char *bytes, size_t length, const struct label_rules *rules,
                             struct label_file *file) {
    static const struct label_rules any = {0};
    clear(file);
    file->present = true;
    return parse(bytes, length, rules ? rules : &any, file);
}

void label_file_begin(struct label_file *file) {
    clear(file);
    file->present = true;
}

enum status label_file_refuse(struct label_file *file, uint32_t line, const char *reason) {
    return add_invalid(file, line, reason);
}

enum status label_file_take(struct label_file *file, const struct label *label,
                            const struct label_rules *rules) {
    enum status status;
    struct text reason = {0};
    double values[BOX_COLUMNS] = {label->class};
    for (size_t i = 0; i < 4; i++)
        values[i + 1] = (double)label->xywhn[i];
    check_box(values, rules->n_classes, &reason);
    TRY(text_status(&reason));
    status = reason.length > 0 ? add_invalid(file, label->line, reason.data)
                               : add_label(file, label->line, label->form, values);
out:
    text_free(&reason);
    return status;
}

enum status label_file_write(struct label_file *file) {
    struct text text = {0};
    for (size_t i = 0; i < file->n_labels; i++)
        label_text(&file->labels[i], &text);
    text_string(&text, "");
    if (text_status(&text) != STATUS_OK) {
        text_free(&text);
        return STATUS_FAILED;
    }
    file->content = (struct file_bytes){.bytes = text.data, .length = text.length, .opened = true};
    return STATUS_OK;
}

void label_text(const struct label *label, struct text *text) {
    text_count(text, label->class);
    for (size_t k = 0; k < 4; k++) {
        text_string(text, " ");
        text_json_number(text, (double)label->xywhn[k], BOX_DECIMALS);
    }
    text_string(text, "\n");
}

enum status label_file_open(const char *path, const char *image, const char *extent,
                            struct label_file *file) {
    enum status status;
    struct file_bytes content = {0};
    clear(file);
    TRY(file_bytes_read_plain(path, LABEL_LIMIT, &content));
    if (content.error == ELOOP)
        TRY(label_link_read(path, image, extent, LABEL_LIMIT, &content));
    /* No file has a name that is too long for one. */
    file->absent = content.missing || content.error == ENAMETOOLONG;
    if (!content.bytes && !file->absent)
        status = add_invalid(file, 0, content.problem);
out:
    file->content = content;
    return status;
}

enum status label_file_read(const char *path, const char *image, const char *extent,
                            const struct label_rules *rules, struct label_file *file) {
    enum status status = label_file_open(path, image, extent, file);
    struct file_bytes content = file->content;
    if (status != STATUS_OK || !content.bytes)
        return status;
    file->content = (struct file_bytes){0};
    status = label_file_parse(content.bytes, content.length, rules, file);
    file->content = content;
    return status;
}

void label_file_free(struct label_file *file) {
    clear(file);
    free(file->labels);
    free(file->numbers);
    free(file->invalid);
    *file = (struct label_file){0};
}
