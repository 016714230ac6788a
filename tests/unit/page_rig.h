/* A run's output folder with as much in it as a review page is made from. Include after cmocka.h.
 */
#ifndef TESTS_PAGE_RIG_H
#define TESTS_PAGE_RIG_H

#include "assert_ok.h"
#include "review/pages/page.h"
#include "temp_folder.h"

struct page_rig {
    char *folder;
    char output[4096], data[4096];
    struct text records;
    struct run_results results;
    struct page_source source;
    struct page_copies copies;
    struct worst worst;
    struct page_plan plan;
    uint8_t *unread;
};

static inline void page_rig_make(struct page_rig *rig) {
    *rig = (struct page_rig){.folder = temp_folder_make(NULL), .source.output = -1};
    snprintf(rig->output, sizeof rig->output, "%s/output", rig->folder);
    snprintf(rig->data, sizeof rig->data, "%s/data", rig->folder);
    folder_make(rig->output);
    folder_make(rig->data);
}

/* A record; `rest`: its boxes, missing and invalid, as JSON. */
static inline void page_rig_record(struct page_rig *rig, const char *image, const char *label,
                                   uint32_t width, uint32_t height, const char *rest) {
    text_string(&rig->records, "{\"image\": ");
    text_json_string(&rig->records, image);
    text_string(&rig->records, ", \"label\": ");
    text_json_string(&rig->records, label);
    text_format(&rig->records,
                ", \"split\": null, \"bucket\": \"mislabeled\", \"score\": 0.1, \"width\": %u, "
                "\"height\": %u, %s, \"error\": null}\n",
                width, height, rest);
}

#define PAGE_RIG_BOX(line, class, xywhn, score)                                                    \
    "{\"line\": " #line                                                                            \
    ", \"class\": " #class ", \"name\": \"a\", \"xywhn\": " xywhn                                  \
                           ", \"verdict\": \"mislabeled\", \"reason\": \"class\", "                \
                           "\"score\": " score ", \"suggested\": 1, \"suggested_name\": \"b\", "   \
                           "\"own\": 0.0, \"rival\": 0.9, "                                        \
                           "\"contest\": 0.9, \"near\": 0.0, \"margin\": 7.5, \"shift\": 0.0, "    \
                           "\"ghost\": 0.0, "                                                      \
                           "\"dup\": 0.0, \"location\": 0.0, \"refined\": null}"
#define PAGE_RIG_BOXES(boxes) "\"boxes\": [" boxes "], \"missing\": [], \"invalid\": []"

static inline struct page_means page_rig_means(size_t part, size_t n_parts) {
    return (struct page_means){part, n_parts, 2, (size_t)1 << 30, NULL, NULL};
}

/* Writes what was added, reads it as a run's, and lays its page out. `report`: further members. */
static inline void page_rig_open(struct page_rig *rig, size_t most, const char *report) {
    struct text text = {0};
    struct page_means means = page_rig_means(0, 1);
    file_make(below(rig->output, "verification_records.jsonl"), rig->records.data);
    text_format(&text,
                "{\"status\": \"complete\", \"per_class\": [{\"id\": 0, \"name\": \"a\"}, "
                "{\"id\": 1, \"name\": \"b\"}]%s}",
                report);
    file_make(below(rig->output, "verification_report.json"), text.data);
    text_clear(&text);
    text_format(&text, "{\"manifest\": 1, \"root\": \"%s\", \"common\": \"%s/images\"}", rig->data,
                rig->data);
    file_make(below(rig->output, ".verify/run.json"), text.data);
    text_free(&text);
    ASSERT_OK(run_results_open(rig->output, NULL, &rig->results));
    ASSERT_OK(page_source_open(&rig->results, &rig->source));
    rig->worst.most = most;
    ASSERT_OK(page_copies_read(rig->results.report, &rig->copies));
    ASSERT_OK(page_copies_index(&rig->copies));
    ASSERT_OK(page_worst(rig->output, &means, &rig->copies, &rig->worst));
    ASSERT_OK(page_plan_make(rig->worst.items, rig->worst.count, &rig->copies, &rig->plan));
    rig->unread = calloc(rig->plan.n_crops + 1, 1);
    assert_non_null(rig->unread);
}

static inline void page_rig_free(struct page_rig *rig) {
    free(rig->unread);
    page_plan_free(&rig->plan);
    worst_free(&rig->worst);
    page_copies_free(&rig->copies);
    page_source_close(&rig->source);
    run_results_free(&rig->results);
    text_free(&rig->records);
    temp_folder_remove(rig->folder);
}

#endif
