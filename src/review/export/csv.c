/* Tables for spreadsheets and scripts (RFC 4180): a row a box, a row a missing object, a row an
 * invalid line. */
#include <math.h>
#include <string.h>

#include "review/export/format.h"
#include "review/export/out_file.h"

extern const struct export_format export_csv; /* a row of formats.c */

struct tables {
    struct out_file boxes, missing, invalid;
};

enum { BOX_DECIMALS = 6, DECIMALS = 4, SCORE_DIGITS = 6 };

static void next(struct text *text) {
    if (text->length > 0 && text->data[text->length - 1] != '\n')
        text_string(text, ",");
}

/* A spreadsheet takes what begins with one of these for a formula, whatever the quotes around it:
 * an apostrophe before it makes it text. One that is there already gets another, so that whoever
 * takes the first away has what was there. */
static bool needs_apostrophe(const char *value) {
    return *value != '\0' && strchr("=+-@\t\r\n'", *value) != NULL;
}

static void cell_text(struct text *text, const char *value) {
    next(text);
    if (!value)
        return;
    text_string(text, "\"");
    if (needs_apostrophe(value))
        text_string(text, "'");
    for (const char *quote = strchr(value, '"'); quote; quote = strchr(value, '"')) {
        text_bytes(text, value, (size_t)(quote - value) + 1);
        text_string(text, "\"");
        value = quote + 1;
    }
    text_string(text, value);
    text_string(text, "\"");
}

static void cell_count(struct text *text, int64_t value) {
    next(text);
    text_format(text, "%lld", (long long)value);
}

/* Of what is no number, nothing. */
static void cell_number(struct text *text, double value, int decimals) {
    next(text);
    if (isfinite(value))
        text_json_number(text, value, decimals);
}

static void cell_score(struct text *text, double value) {
    next(text);
    if (isfinite(value))
        text_json_significant(text, value, SCORE_DIGITS);
}

static void cells_box(struct text *text, const double xywhn[4], bool known) {
    for (int i = 0; i < 4; i++)
        cell_number(text, known ? xywhn[i] : NAN, BOX_DECIMALS);
}

static void cells_image(struct text *text, const struct record *record) {
    cell_text(text, record->image);
    cell_text(text, record->label);
    cell_text(text, record->split);
}

/* How a label's points compare with the model's, and those, with blanks between. */
static void cells_points(struct text *text, const struct record *record,
                         const struct record_box *box) {
    cell_number(text, box->agreement, DECIMALS);
    cell_number(text, box->error, DECIMALS);
    next(text);
    for (size_t i = 0; i < box->refined_points.count; i++) {
        text_string(text, i ? " " : "");
        text_json_number(text, record->numbers[box->refined_points.first + i], BOX_DECIMALS);
    }
}

/* outlined: labels of the run say more than a box. */
static void box_row(struct text *text, const struct record *record, const struct record_box *box,
                    bool outlined) {
    cells_image(text, record);
    cell_text(text, bucket_name(record->bucket));
    cell_score(text, record->score);
    cell_count(text, record->width);
    cell_count(text, record->height);
    cell_count(text, box->line);
    cell_count(text, box->class);
    cell_text(text, box->name);
    cells_box(text, box->xywhn, true);
    cell_text(text, verdict_name(box->verdict));
    cell_text(text, reason_name(box->reason));
    cell_score(text, box->score);
    if (box->suggested >= 0)
        cell_count(text, box->suggested);
    else
        next(text);
    cell_text(text, box->suggested_name);
    const double numbers[] = {box->own,   box->rival, box->contest, box->near,    box->margin,
                              box->shift, box->ghost, box->dup,     box->location};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        cell_number(text, numbers[i], DECIMALS);
    cells_box(text, box->refined, box->has_refined);
    if (outlined)
        cells_points(text, record, box);
    text_string(text, "\r\n");
}

static enum status begin(struct export_target *target, void *state) {
    enum status status;
    struct tables *tables = state;
    TRY(export_file_open(target, "records.csv", &tables->boxes));
    TRY(export_file_open(target, "missing.csv", &tables->missing));
    TRY(export_file_open(target, "invalid.csv", &tables->invalid));
    text_string(&tables->boxes.text,
                "image,label,split,bucket,image_score,width,height,line,class,name,x_center,"
                "y_center,box_width,box_height,verdict,reason,score,suggested,suggested_name,own,"
                "rival,contest,near,margin,shift,ghost,dup,location,refined_x_center,"
                "refined_y_center,refined_width,refined_height");
    text_string(&tables->boxes.text,
                target->results->outlined ? ",agreement,error,refined_points\r\n" : "\r\n");
    text_string(&tables->missing.text, "image,label,split,width,height,class,name,x_center,"
                                       "y_center,box_width,box_height,confidence,score\r\n");
    text_string(&tables->invalid.text, "image,label,split,line,reason\r\n");
out:
    return status;
}

static enum status image(struct export_target *target, void *state,
                         const struct export_image *image) {
    enum status status;
    struct tables *tables = state;
    const struct record *record = image->record;
    for (size_t i = 0; i < record->n_boxes; i++)
        box_row(&tables->boxes.text, record, &record->boxes[i], target->results->outlined);
    for (size_t i = 0; i < record->n_missing; i++) {
        const struct record_missing *missing = &record->missing[i];
        struct text *text = &tables->missing.text;
        cells_image(text, record);
        cell_count(text, record->width);
        cell_count(text, record->height);
        cell_count(text, missing->class);
        cell_text(text, missing->name);
        cells_box(text, missing->xywhn, true);
        cell_number(text, missing->confidence, DECIMALS);
        cell_score(text, missing->score);
        text_string(text, "\r\n");
    }
    for (size_t i = 0; i < record->n_invalid; i++) {
        struct text *text = &tables->invalid.text;
        cells_image(text, record);
        cell_count(text, record->invalid[i].line);
        cell_text(text, record->invalid[i].reason);
        text_string(text, "\r\n");
    }
    TRY(out_file_pass(&tables->boxes));
    TRY(out_file_pass(&tables->missing));
    TRY(out_file_pass(&tables->invalid));
out:
    return status;
}

static enum status end(struct export_target *target, void *state) {
    (void)target;
    enum status status;
    struct tables *tables = state;
    TRY(out_file_end(&tables->boxes));
    TRY(out_file_end(&tables->missing));
    TRY(out_file_end(&tables->invalid));
out:
    return status;
}

static void tables_free(void *state) {
    struct tables *tables = state;
    out_file_free(&tables->boxes);
    out_file_free(&tables->missing);
    out_file_free(&tables->invalid);
}

const struct export_format export_csv = {
    .name = "csv",
    .state_size = sizeof(struct tables),
    .all_images = true,
    .begin = begin,
    .image = image,
    .end = end,
    .free = tables_free,
};
