/* Points in label lines. */
#include "review/apply/label_points.h"

#include <math.h>
#include <string.h>

#include "data/number.h"

enum { DECIMALS = 6, BOX_NUMBERS = 4, LEAST_NUMBERS = 6, VISIBLE = 2, WITH_VISIBILITY = 3 };

/* ---------------------------------------------------------------- whether they fit */

static bool are_within(const struct keypoint_shape *shape, const struct decision *decision,
                       bool stay) {
    for (size_t i = 0; i < decision->n_points; i++) {
        double most = shape->count > 0 && i % shape->values == 2 ? VISIBLE : 1;
        double value = decision->points[i];
        if (isnan(value) ? !stay : !(value >= 0 && value <= most))
            return false;
    }
    return true;
}

const char *label_points_why_not(const struct keypoint_shape *shape, const struct label_line *line,
                                 const struct decision *decision) {
    size_t n = decision->n_points;
    bool pose = shape->count > 0;
    if (line && line->n_columns <= LABEL_LINE_BOX_MOST && !pose)
        return "the line is a box: it takes no points";
    if (pose && !decision->has_xywhn)
        return "the line is a pose: beside its points it takes a box, \"xywhn\"";
    if (pose ? n != (size_t)shape->count * shape->values : n < LEAST_NUMBERS || n % 2)
        return pose ? "the points are not those of the data set's kpt_shape"
                    : "the points are no outline: x and y of three points or more";
    if (pose && line && line->n_columns != 1 + BOX_NUMBERS + n)
        return "the line has no such keypoints";
    if (!are_within(shape, decision, pose && line))
        return "the points are not within the picture";
    return NULL;
}

/* ---------------------------------------------------------------- writing them */

/* The next column of a line behind `at`, which is its end where there is none. */
static struct label_column next_column(const char *bytes, const struct label_line *line,
                                       size_t at) {
    struct label_column column = {at, at};
    while (column.begin < line->end && strchr(" \t\v\f", bytes[column.begin]))
        column.begin++;
    column.end = column.begin;
    while (column.end < line->end && !strchr(" \t\v\f", bytes[column.end]))
        column.end++;
    return column;
}

/* Whether the line leaves the keypoint out whose first column this is. */
static bool is_left_out(const char *bytes, const struct label_line *line,
                        struct label_column column) {
    double value;
    for (size_t i = 1; i < WITH_VISIBILITY; i++)
        column = next_column(bytes, line, column.end);
    return number_parse(bytes + column.begin, column.end - column.begin, &value) == NUMBER_FINITE &&
           value == 0;
}

void label_points_write(const struct keypoint_shape *shape, const char *bytes,
                        const struct label_line *line, const struct decision *decision,
                        struct text *text) {
    size_t n_box = shape->count > 0 ? BOX_NUMBERS : 0;
    struct label_column column = {0};
    bool left_out = false;
    if (line)
        column = line->columns[0];
    for (size_t i = 0; i < n_box + decision->n_points; i++) {
        size_t before = column.end, k = i - n_box;
        double value = i < n_box ? decision->xywhn[i] : decision->points[k];
        if (line)
            column = next_column(bytes, line, before);
        bool there = column.end > column.begin;
        if (there && i >= n_box && shape->values == WITH_VISIBILITY && k % WITH_VISIBILITY == 0)
            left_out = isnan(decision->points[k + 2]) && is_left_out(bytes, line, column);
        text_bytes(text, there ? bytes + before : " ", there ? column.begin - before : 1);
        if (there && (isnan(value) || left_out))
            text_bytes(text, bytes + column.begin, column.end - column.begin);
        else if (i >= n_box && shape->count > 0 && k % shape->values == 2)
            text_format(text, "%.0f", value);
        else
            text_json_number(text, value, DECIMALS);
    }
}
