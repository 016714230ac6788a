/* Records and predictions as text. */
#include "output/record.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "output/clip.h"
#include "output/fields.h"
#include "output/record_task.h"
#include "output/streams.h"

stream_write record_stream_write, predictions_stream_write; /* rows of streams.c */

enum { DECIMALS = RECORD_DECIMALS, CONFIDENCE_DECIMALS = 5, PIXEL_DECIMALS = 3 };
enum { SCORE_DIGITS = 6 }; /* decimals would make the worst all 0 */

static void numbers_write(struct text *text, const double numbers[4], int decimals) {
    for (int i = 0; i < 4; i++) {
        text_string(text, i ? ", " : "[");
        text_json_number(text, numbers[i], decimals);
    }
    text_string(text, "]");
}

/* A box of the model's as fractions of the picture, or null. */
static void field_box(struct text *text, const char *key, const struct image_result *result,
                      const float *box) {
    double clipped[4], xywhn[4];
    field_key(text, key);
    if (box && box_clip(result, box, clipped)) {
        box_fractions(result, clipped, xywhn);
        numbers_write(text, xywhn, BOX_DECIMALS);
    } else
        text_string(text, "null");
}

static void box_write(struct text *text, const struct image_result *result,
                      const struct box_result *box, const struct class_map *classes) {
    const struct label *label = &box->label;
    const struct evidence *evidence = &box->evidence;
    const float *xywhn = label->xywhn;
    field_next(text);
    text_string(text, "{");
    field_count(text, "line", label->line);
    field_class(text, classes, "class", "name", label->class);
    field_key(text, "xywhn");
    numbers_write(text, (double[]){xywhn[0], xywhn[1], xywhn[2], xywhn[3]}, BOX_DECIMALS);
    field_string(text, "verdict", verdict_name(box->ruling.verdict));
    field_string(text, "reason", reason_name(box->ruling.reason));
    field_significant(text, "score", box->score, SCORE_DIGITS);
    field_class(text, classes, "suggested", "suggested_name",
                class_in_data(classes, evidence->suggested));
    field_number(text, "own", evidence->own, DECIMALS);
    field_number(text, "rival", evidence->rival, DECIMALS);
    field_number(text, "contest", evidence->contest, DECIMALS);
    field_number(text, "near", evidence->near, DECIMALS);
    field_number(text, "margin", evidence->margin, DECIMALS);
    field_number(text, "shift", evidence->shift, DECIMALS);
    field_number(text, "ghost", evidence->ghost, DECIMALS);
    field_number(text, "dup", evidence->dup, DECIMALS);
    field_number(text, "location", evidence->location, DECIMALS);
    field_box(text, "refined", result, evidence->has_refined ? evidence->refined : NULL);
    record_task_write(text, result, &evidence->task);
    text_string(text, "}");
}

static void missing_write(struct text *text, const struct image_result *result,
                          const struct detection *missing, const struct class_map *classes) {
    field_next(text);
    text_string(text, "{");
    field_class(text, classes, "class", "name", class_in_data(classes, missing->class));
    field_number(text, "confidence", missing->confidence, DECIMALS);
    field_significant(text, "score", missing_score(missing), SCORE_DIGITS);
    field_box(text, "xywhn", result, missing->box);
    record_points_write(text, result, missing);
    text_string(text, "}");
}

static void invalid_write(struct text *text, const struct invalid_label *invalid) {
    field_next(text);
    text_string(text, "{");
    field_count(text, "line", invalid->line);
    field_string(text, "reason", invalid->reason);
    text_string(text, "}");
}

enum status record_write(const struct image_result *result, const struct class_map *classes,
                         struct text *text) {
    text_string(text, "{");
    field_string(text, "image", result->name);
    field_string(text, "label", result->label);
    field_string(text, "split", result->split);
    field_string(text, "bucket", bucket_name(result->bucket));
    field_significant(text, "score", result->score, SCORE_DIGITS);
    field_count(text, "width", result->width);
    field_count(text, "height", result->height);
    field_key(text, "boxes");
    text_string(text, "[");
    for (size_t i = 0; i < result->n_boxes; i++)
        box_write(text, result, &result->boxes[i], classes);
    text_string(text, "]");
    field_key(text, "missing");
    text_string(text, "[");
    for (size_t i = 0; i < result->n_missing; i++)
        missing_write(text, result, &result->missing[i], classes);
    text_string(text, "]");
    field_key(text, "invalid");
    text_string(text, "[");
    for (size_t i = 0; result->labels && i < result->labels->n_invalid; i++)
        invalid_write(text, &result->labels->invalid[i]);
    text_string(text, "]");
    field_string(text, "error", result->error);
    text_string(text, "}\n");
    return text_status(text);
}

enum status record_stream_write(const struct stream_source *source, struct text *text) {
    return record_write(source->result, source->classes, text);
}

/* What both forms of predictions leave out. */
static bool is_written(const struct image_result *result, const struct detection *prediction,
                       const struct class_map *classes, double box[4]) {
    return isfinite(prediction->confidence) && class_in_data(classes, prediction->class) >= 0 &&
           box_clip(result, prediction->box, box) && box[2] > box[0] && box[3] > box[1];
}

/* The file name without folder and suffix; the number itself where it is one that readers of JSON
 * keep exactly. */
static void image_id_write(struct text *text, const char *name) {
    const char *slash = strrchr(name, '/');
    const char *stem = slash ? slash + 1 : name;
    const char *dot = strrchr(stem, '.');
    size_t length = dot && dot > stem ? (size_t)(dot - stem) : strlen(stem);
    if (length > 0 && strspn(stem, "0123456789") >= length) {
        const char *digits = stem + strspn(stem, "0");
        size_t n = digits < stem + length ? (size_t)(stem + length - digits) : 0;
        if (n <= 15) {
            text_bytes(text, n ? digits : "0", n ? n : 1);
            return;
        }
    }
    struct text copy = {0};
    text_bytes(&copy, stem, length);
    if (copy.failed)
        text->failed = true;
    else
        text_json_string(text, copy.data);
    text_free(&copy);
}

enum status predictions_write(const struct image_result *result, const struct class_map *classes,
                              struct text *text) {
    for (size_t i = 0; i < result->n_predictions; i++) {
        const struct detection *prediction = &result->predictions[i];
        double box[4];
        if (!is_written(result, prediction, classes, box))
            continue;
        text_string(text, "{");
        field_key(text, "image_id");
        image_id_write(text, result->name);
        field_string(text, "file_name", result->name);
        field_count(text, "category_id", (uint64_t)class_in_data(classes, prediction->class));
        field_key(text, "bbox");
        numbers_write(text, (double[]){box[0], box[1], box[2] - box[0], box[3] - box[1]},
                      PIXEL_DECIMALS);
        field_number(text, "score", prediction->confidence, CONFIDENCE_DECIMALS);
        text_string(text, "},\n");
    }
    return text_status(text);
}

enum status predictions_stream_write(const struct stream_source *source, struct text *text) {
    return predictions_write(source->result, source->classes, text);
}

enum status predicted_label_write(const struct image_result *result,
                                  const struct class_map *classes, struct text *text) {
    for (size_t i = 0; i < result->n_predictions; i++) {
        const struct detection *prediction = &result->predictions[i];
        double box[4], xywhn[4];
        if (!is_written(result, prediction, classes, box))
            continue;
        box_fractions(result, box, xywhn);
        text_format(text, "%" PRId32, class_in_data(classes, prediction->class));
        for (int k = 0; k < 4; k++) {
            text_string(text, " ");
            text_json_number(text, xywhn[k], BOX_DECIMALS);
        }
        text_string(text, "\n");
    }
    return text_status(text);
}
