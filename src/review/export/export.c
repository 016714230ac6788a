/* verify export: the records go by once, and a format writes what it takes of them. */
#include "review/export/export.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/shown.h"
#include "job/export_formats.h"
#include "review/export/format.h"
#include "review/export/links.h"
#include "review/export/points.h"
#include "review/findings.h"
#include "review/records.h"
#include "review/run_results.h"

#define WORD(name, word) " " word

struct counts {
    uint64_t images, findings, absent, taken;
    struct text first_absent, first_taken;
};

struct exporter {
    const struct export_format *format;
    void *state;
    struct run_results results;
    struct export_folder folder;
    struct export_target target;
    struct export_links links;
    struct record_reader *reader;
    struct findings_list findings;
    struct object_list objects;
    struct page_source source; /* of label files, where labels say more than a box */
    struct page_label label;
    struct counts counts;
};

/* Weak labels, against which nothing speaks but silence, are no findings here: whoever opens an
 * image in a tool wants to find something there. */
static uint64_t count_findings(const struct findings_list *list) {
    uint64_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        count += !list->items[i].weak;
    return count;
}

static enum status note_classes(struct exporter *exporter) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < exporter->objects.count; i++) {
        const struct export_object *object = &exporter->objects.items[i];
        TRY(class_list_note(&exporter->target.classes, object->class, object->name));
    }
out:
    return status;
}

/* The image's link. *made: it is there, and is this image's alone. */
static enum status link_image(struct exporter *exporter, const char *image, bool *made) {
    enum status status;
    enum link_state state;
    struct counts *counts = &exporter->counts;
    TRY(export_links_make(&exporter->links, image, exporter->format->beside, &state));
    *made = state == LINK_MADE;
    if (state == LINK_ABSENT && counts->absent++ == 0)
        text_string(&counts->first_absent, exporter->links.target.data);
    if (state == LINK_TAKEN && counts->taken++ == 0)
        text_string(&counts->first_taken, exporter->links.target.data);
out:
    return status;
}

static enum status find_points(struct exporter *exporter, const struct record *record) {
    enum status status = STATUS_OK;
    if (!exporter->results.outlined)
        return STATUS_OK;
    TRY(page_label_read(&exporter->source, record, &exporter->label));
    TRY(object_points_find(record, &exporter->label, &exporter->results.keypoints,
                           &exporter->objects));
out:
    return status;
}

static enum status export_record(struct exporter *exporter, const struct record *record) {
    enum status status = STATUS_OK;
    const struct export_format *format = exporter->format;
    bool linked = true;
    if (record->error || record->width == 0 || record->height == 0)
        return STATUS_OK;
    TRY(findings_of(record, &exporter->findings));
    uint64_t findings = count_findings(&exporter->findings);
    if (findings == 0 && !format->all_images)
        return STATUS_OK;
    if (!format->all_images)
        TRY(link_image(exporter, record->image, &linked));
    if (!linked)
        return STATUS_OK;
    TRY(objects_of(record, &exporter->objects));
    TRY(find_points(exporter, record));
    TRY(note_classes(exporter));
    const struct export_image image = {
        .record = record,
        .objects = &exporter->objects,
        .name = format->all_images ? NULL : exporter->links.name.data,
        .number = exporter->counts.images,
    };
    TRY(format->image(&exporter->target, exporter->state, &image));
    exporter->counts.images++;
    exporter->counts.findings += findings;
out:
    return status;
}

static enum status export_records(struct exporter *exporter) {
    enum status status;
    const struct record *record;
    TRY(records_open(exporter->results.output, 0, 1, &exporter->reader));
    TRY(records_next(exporter->reader, &record));
    while (record) {
        TRY(export_record(exporter, record));
        TRY(records_next(exporter->reader, &record));
    }
    const struct counts *counts = &exporter->counts;
    if (counts->absent > 0 && counts->images == 0)
        status = FAIL(STATUS_BAD_INPUT,
                      "%s: there is no such image, nor any other: say by --data where they lie now",
                      short_path(counts->first_absent.data).text);
out:
    return status;
}

static enum status open_all(struct exporter *exporter, const struct export_request *request) {
    enum status status;
    struct text fallback = {0};
    exporter->format = export_format_find(request->format);
    if (!exporter->format)
        TRY(FAIL(STATUS_BAD_INPUT, "%s: is no format to export: give one of" EXPORT_FORMATS(WORD),
                 request->format));
    TRY(run_results_open(request->output, request->data, &exporter->results));
    if (!exporter->results.complete)
        TRY(FAIL(STATUS_BAD_INPUT, "%s: the run was interrupted: finish it with --resume",
                 exporter->results.output));
    if (exporter->results.outlined)
        TRY(page_source_open(&exporter->results, &exporter->source));
    text_format(&fallback, EXPORT_FOLDER "/%s", request->format);
    TRY(text_status(&fallback));
    TRY(export_folder_begin(request->to, exporter->results.output, fallback.data,
                            &exporter->folder));
    exporter->target =
        (struct export_target){.results = &exporter->results, .folder = &exporter->folder};
    class_list_begin(&exporter->results, &exporter->target.classes);
    TRY(export_links_begin(&exporter->results, &exporter->folder, &exporter->links));
    TRY(memory_zeroed(1, exporter->format->state_size, &exporter->state));
    TRY(exporter->format->begin(&exporter->target, exporter->state));
out:
    text_free(&fallback);
    return status;
}

static void free_all(struct exporter *exporter) {
    if (exporter->state)
        exporter->format->free(exporter->state);
    free(exporter->state);
    text_free(&exporter->counts.first_absent);
    text_free(&exporter->counts.first_taken);
    findings_list_free(&exporter->findings);
    object_list_free(&exporter->objects);
    page_label_free(&exporter->label);
    page_source_close(&exporter->source);
    records_close(exporter->reader);
    export_links_free(&exporter->links);
    class_list_free(&exporter->target.classes);
    export_folder_free(&exporter->folder);
    run_results_free(&exporter->results);
}

static void say(const struct exporter *exporter, struct text *lines) {
    const struct counts *counts = &exporter->counts;
    if (counts->absent)
        text_format(lines,
                    "WARNING: images that are not where they were, and are left out: %llu (the "
                    "first: %s); --data says where they lie now\n",
                    (unsigned long long)counts->absent, short_path(counts->first_absent.data).text);
    if (counts->taken)
        text_format(lines,
                    "WARNING: images whose name another one has here, or is too long, and that are "
                    "left out: %llu (the first: %s)\n",
                    (unsigned long long)counts->taken, short_path(counts->first_taken.data).text);
    text_format(lines, "Findings: %llu\nImages: %llu\nOutput: %s\n",
                (unsigned long long)counts->findings, (unsigned long long)counts->images,
                exporter->folder.path.data);
}

enum status export_run(const struct export_request *request, struct text *lines) {
    enum status status;
    struct exporter exporter = {.source = {.output = -1}};
    TRY(open_all(&exporter, request));
    TRY(export_records(&exporter));
    TRY(exporter.format->end(&exporter.target, exporter.state));
    TRY(export_folder_end(&exporter.folder));
    say(&exporter, lines);
    status = text_status(lines);
out:
    free_all(&exporter);
    return status;
}
