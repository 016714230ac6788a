/* The review page of a run: what one of several processes does for it. */
#include "review/pages/page.h"

#include <stdlib.h>

#include "base/memory.h"
#include "output/page_files.h"
#include "review/pages/page_index.h"

/* Parts that a process's part of the records is read in, so that its threads have enough to do. */
enum { SCANS = 16 };

/* ---------------------------------------------------------------- findings */

struct scanning {
    const char *output;
    const struct page_means *means;
    struct page_copies *copies;
    struct worst *of; /* [SCANS] */
};

static enum status scan(void *context, size_t worker, size_t step) {
    enum status status;
    const struct scanning *scanning = context;
    struct worst *worst = &scanning->of[step];
    (void)worker;
    TRY(worst_scan(scanning->output, scanning->means->part * SCANS + step,
                   scanning->means->n_parts * SCANS, scanning->copies, worst));
    worst_sort(worst);
out:
    return status;
}

enum status page_worst(const char *output, const struct page_means *means,
                       struct page_copies *copies, struct worst *worst) {
    enum status status;
    struct worst of[SCANS] = {0};
    struct scanning scanning = {output, means, copies, of};
    for (size_t i = 0; i < SCANS; i++)
        of[i].most = worst->most;
    TRY(workers_run(&(struct workers){means->n_threads, SCANS, scan, &scanning, means->tick,
                                      means->tick_context}));
    for (size_t i = 0; i < SCANS; i++) {
        TRY(worst_add(worst, of[i].items, of[i].count));
        worst->all += of[i].all;
        worst->all_weak += of[i].all_weak;
    }
    worst_sort(worst);
out:
    for (size_t i = 0; i < SCANS; i++)
        worst_free(&of[i]);
    return status;
}

/* ---------------------------------------------------------------- scripts */

struct scripts {
    const struct page_source *source;
    const struct page_plan *plan;
    const struct page_means *means;
    const uint8_t *unread;
};

/* Where the files of data scripts end: behind those of findings and images that of copies. */
static size_t scripts_of(const struct page_plan *plan) {
    return page_part_first(plan, PAGE_PART_SHEETS) - page_part_first(plan, PAGE_PART_FINDINGS);
}

/* A step is a file of findings, behind these one of images, or that of copies. */
static enum status make_script(void *context, size_t worker, size_t step) {
    enum status status;
    const struct scripts *scripts = context;
    const struct page_plan *plan = scripts->plan;
    const char *output = scripts->source->results->output;
    struct record_reader *reader = NULL;
    struct text text = {0};
    size_t file = scripts->means->part + step * scripts->means->n_parts;
    size_t n_findings = page_part_files(plan, PAGE_PART_FINDINGS);
    size_t n_images = page_part_files(plan, PAGE_PART_IMAGES);
    (void)worker;
    TRY(records_open(output, 0, 1, &reader));
    if (file < n_findings)
        TRY(page_findings_text(scripts->source, plan, scripts->unread, file, reader, &text));
    else if (file - n_findings == n_images)
        TRY(page_copies_text(plan, scripts->unread, reader, &text));
    else
        TRY(page_images_text(scripts->source, plan, file - n_findings, reader, &text));
    TRY(page_draft(output, page_part_first(plan, PAGE_PART_FINDINGS) + file, text.data,
                   text.length));
out:
    records_close(reader);
    text_free(&text);
    return status;
}

enum status page_data_make(const struct page_source *source, const struct page_plan *plan,
                           const struct page_means *means, const uint8_t *unread) {
    struct scripts scripts = {source, plan, means, unread};
    size_t files = scripts_of(plan);
    size_t mine =
        files > means->part ? (files - means->part + means->n_parts - 1) / means->n_parts : 0;
    return workers_run(&(struct workers){means->n_threads, mine, make_script, &scripts, means->tick,
                                         means->tick_context});
}

/* ---------------------------------------------------------------- the whole page */

enum status page_finish(const struct run_results *results, const struct page_plan *plan,
                        const struct page_totals *totals) {
    enum status status;
    struct text text = {0};
    struct path_list names = {0};
    size_t index = page_part_first(plan, PAGE_PART_INDEX);
    TRY(page_names(plan, &names));
    TRY(page_run_text(results, plan, totals, &text));
    TRY(page_draft(results->output, page_part_first(plan, PAGE_PART_RUN), text.data, text.length));
    TRY(page_draft(results->output, index, (const char *)page_index, page_index_length));
    TRY(page_place(results->output, &names));
out:
    text_free(&text);
    path_list_free(&names);
    return status;
}
