/* The report by other thresholds. */
#include "output/report.h"
#include "job/options_table.h"
#include "judge/self_test.h"
#include "review/rejudge/flags.h"

/* The run's flags, those of verdicts as they are now. Counts as out of memory where it is NULL. */
static struct json_object *parameters_make(const struct options *flags,
                                           struct json_object *former) {
    struct text text = {0};
    struct json_object *parameters = NULL, *now = NULL;
    options_json(flags, &text);
    if (text_status(&text) != STATUS_OK)
        goto out;
    now = json_tokener_parse(text.data);
    parameters = json_object_get(json_member(former, "parameters", json_type_object));
    for (size_t i = 0; parameters && i < OPTION_ROWS; i++) {
        const struct option_row *row = option_row(i);
        struct json_object *value;
        if (row->effect == EFFECT_VERDICTS &&
            json_object_object_get_ex(now, row->info.name, &value))
            json_object_object_add(parameters, row->info.name, json_object_get(value));
    }
out:
    json_object_put(now);
    text_free(&text);
    return parameters;
}

enum status rejudge_report(const char *output, const struct options *flags,
                           struct json_object *former, const struct tally *tally,
                           const struct class_map *classes) {
    enum status status = STATUS_OK;
    struct self_test test = self_test_make(&tally->self_test, flags->max_margin);
    struct json_object *parameters = parameters_make(flags, former);
    const struct report report = {
        .status = "complete",
        .tally = tally,
        .self_test = json_member(former, "self_test", json_type_object) ? &test : NULL,
        .classes = classes,
        .parameters = parameters ? json_object_to_json_string(parameters) : NULL,
        .former = former,
    };
    if (report.parameters)
        status = report_draft(output, &report);
    else
        status = FAIL(STATUS_BAD_INPUT, REPORT_FILE " has no parameters: it is none of verify's");
    json_object_put(parameters);
    return status;
}
