/* A finished run, as its output folder tells it. */
#include "review/run_results.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/dataset.h"
#include "data/label_source.h"
#include "output/report.h"
#include "output/run_file.h"

static enum status find_output(const char *output, char **absolute) {
    char path[PATH_MAX];
    if (!realpath(output, path))
        return FAIL(STATUS_BAD_INPUT, "%s: %s: give the output folder of a run", output,
                    strerror(errno));
    return memory_string(path, absolute);
}

static enum status read_report(const char *output, struct json_object **report) {
    enum status status;
    struct text path = {0};
    *report = NULL;
    text_format(&path, "%s/%s", output, REPORT_FILE);
    TRY(text_status(&path));
    if (access(path.data, R_OK) != 0) {
        status = FAIL(STATUS_BAD_INPUT,
                      "%s: %s: give the output folder of a run that came to its end, or finish the "
                      "run with --resume",
                      path.data, strerror(errno));
        goto out;
    }
    status = json_object_read(path.data, report);
out:
    text_free(&path);
    return status;
}

static enum status read_names(struct run_results *results) {
    enum status status;
    struct json_object *classes = json_member(results->report, "per_class", json_type_array);
    size_t count = classes ? json_object_array_length(classes) : 0;
    TRY(memory_zeroed(count, sizeof *results->names, &results->names));
    for (size_t i = 0; i < count; i++) {
        const char *name = json_member_text(json_object_array_get_idx(classes, i), "name");
        results->names[i] = name ? name : "";
    }
    results->n_classes = count;
out:
    return status;
}

/* Of a run of an older version the report does not tell, and they are lines of boxes or polygons.
 */
static void read_labels(struct run_results *results) {
    const char *format = json_member_text(results->report, "label_format");
    results->format = format ? label_format_of(format) : LABEL_FORMAT_YOLO;
    static const char *const outlined[] = {"polygon", "pose", "obb", "whole"};
    struct json_object *judged = json_member(results->report, "judged_as", json_type_object);
    for (size_t i = 0; judged && i < sizeof outlined / sizeof *outlined; i++)
        results->outlined |= json_member_number(judged, outlined[i]) > 0;
    struct json_object *shape = json_member(results->report, "kpt_shape", json_type_array);
    if (!shape || json_object_array_length(shape) != 2)
        return;
    int64_t count = json_object_get_int64(json_object_array_get_idx(shape, 0));
    int64_t values = json_object_get_int64(json_object_array_get_idx(shape, 1));
    if (count > 0 && count <= UINT16_MAX && values > 1 && values <= 3)
        results->keypoints = (struct keypoint_shape){(uint32_t)count, (uint32_t)values};
}

/* Where the images lie by what --data names now. */
static enum status find_root_of(const char *data, struct run_results *results) {
    enum status status;
    struct dataset dataset = {0};
    TRY(dataset_open(data, NULL, results->output, &dataset));
    TRY(memory_string(dataset.root, &results->root));
out:
    dataset_free(&dataset);
    return status;
}

static enum status find_root(const char *data, struct run_results *results) {
    if (data)
        return find_root_of(data, results);
    enum status status = run_file_root(results->output, &results->root);
    if (status == STATUS_OK && !results->root)
        return FAIL(STATUS_BAD_INPUT,
                    "%s does not say where its images lie: give --data as for the run",
                    results->output);
    return status;
}

enum status run_results_read(const char *output, struct run_results *results) {
    enum status status;
    *results = (struct run_results){0};
    TRY(find_output(output, &results->output));
    TRY(run_file_check_rejudged(results->output, ""));
    TRY(read_report(results->output, &results->report));
    const char *state = json_member_text(results->report, "status");
    results->complete = state && strcmp(state, "complete") == 0;
    TRY(read_names(results));
    read_labels(results);
    if (results->format == LABEL_FORMATS)
        status = FAIL(STATUS_BAD_INPUT, "%s/" REPORT_FILE " names no known label_format", output);
out:
    return status;
}

enum status run_results_open(const char *output, const char *data, struct run_results *results) {
    enum status status = run_results_read(output, results);
    return status == STATUS_OK ? find_root(data, results) : status;
}

void run_results_free(struct run_results *results) {
    free(results->output);
    free(results->root);
    free(results->names);
    json_object_put(results->report);
    *results = (struct run_results){0};
}

enum status run_results_path(const struct run_results *results, const char *name,
                             struct text *path) {
    text_clear(path);
    if (*name != '/')
        text_format(path, "%s/", strcmp(results->root, "/") == 0 ? "" : results->root);
    text_string(path, name);
    return text_status(path);
}
