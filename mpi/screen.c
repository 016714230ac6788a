/* The lines that a user sees, on the screen and in the logs. */
#include "screen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/shown.h"
#include "job/self_test_line.h"
#include "output/page_files.h"
#include "output/place.h"
#include "output/storage.h"

struct screen {
    const char *prefix, *workers; /* static */
    bool gpu, quiet;
    int ranks;
    const char *output;
    FILE *log; /* verify.log; NULL on other ranks than 0 */
    FILE *own; /* gpu{N}.log */
};

#define MAIN_LOG "verify.log"
#define RULE     "======================================================================"

/* A log that is there is written on, but for one that leads elsewhere. */
static enum status open_log(const char *output, const char *name, FILE **file) {
    enum status status;
    int whole = open(output, O_RDONLY | O_DIRECTORY | O_CLOEXEC), log = -1, error;
    char path[64];
    *file = NULL;
    snprintf(path, sizeof path, LOGS_FOLDER "/%s", name);
    struct location location = {whole, output, path}, folder = {whole, output, LOGS_FOLDER};
    if (whole < 0)
        return FAIL(STATUS_FAILED, "cannot open %.1000s: %s", output, strerror(errno));
    int logs;
    error = below_folder(&folder, true, &logs);
    if (error == 0) {
        close(logs);
        error = below_file(&location, O_WRONLY | O_APPEND | O_CREAT, 0666, &log);
    }
    if (error == 0 && !(*file = fdopen(log, "a"))) {
        error = errno;
        close(log);
    }
    status = error == 0 ? STATUS_OK : storage_failed(error, &location, "cannot write");
    close(whole);
    return status;
}

enum status screen_open(const struct ranks *ranks, const struct processor *processor,
                        const char *output, bool quiet, struct screen **out) {
    enum status status;
    struct screen *screen = NULL;
    char name[32];
    TRY(memory_zeroed(1, sizeof *screen, &screen));
    screen->prefix = processor_prefix(processor);
    screen->gpu = processor_uses_gpus(processor);
    screen->workers = screen->gpu ? "GPUs" : "CPU processes";
    screen->ranks = ranks->size;
    screen->output = output;
    screen->quiet = quiet;
    if (output) {
        snprintf(name, sizeof name, "gpu%d.log", ranks->rank);
        TRY(open_log(output, name, &screen->own));
        if (ranks->rank == 0)
            TRY(open_log(output, MAIN_LOG, &screen->log));
    }
    *out = screen;
    screen = NULL;
out:
    screen_close(screen);
    return status;
}

void screen_close(struct screen *screen) {
    if (!screen)
        return;
    if (screen->log)
        fclose(screen->log);
    if (screen->own)
        fclose(screen->own);
    free(screen);
}

static void put(FILE *file, const char *format, va_list args) {
    if (!file)
        return;
    va_list copy;
    va_copy(copy, args);
    line_vprint(file, format, copy);
    va_end(copy);
}

void screen_line(struct screen *screen, const char *format, ...) {
    va_list args;
    va_start(args, format);
    put(screen->quiet ? NULL : stdout, format, args);
    put(screen->log, format, args);
    va_end(args);
}

void screen_error(struct screen *screen, const char *format, ...) {
    va_list args;
    va_start(args, format);
    put(stdout, format, args);
    put(screen->log, format, args);
    va_end(args);
}

void screen_own(struct screen *screen, const char *format, ...) {
    va_list args;
    va_start(args, format);
    put(screen->own, format, args);
    va_end(args);
}

void screen_warning(struct screen *screen, const char *format, ...) {
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    screen_line(screen, "[%s 0] WARNING: %s", screen->prefix, text);
    screen_own(screen, "[%s 0] WARNING: %s", screen->prefix, text);
}

void screen_stand_in(struct screen *screen, const char *format, ...) {
    FILE *log = NULL;
    va_list args;
    va_start(args, format);
    put(stdout, format, args);
    put(screen->own, format, args);
    if (screen->output && open_log(screen->output, MAIN_LOG, &log) != STATUS_OK)
        log = NULL;
    put(log, format, args);
    va_end(args);
    if (log)
        fclose(log);
}

const char *screen_prefix(const struct screen *screen) {
    return screen->prefix;
}

void screen_title(struct screen *screen) {
    screen_line(screen, RULE);
    screen_line(screen, "  YOLO Label Verifier - %s Mode",
                screen->gpu ? "Multi-GPU" : "Multi-Process");
    screen_line(screen, "  Using %d %s", screen->ranks, screen->workers);
    screen_line(screen, RULE);
}

void screen_start(struct screen *screen, uint64_t images) {
    screen_line(screen, "Total images: %llu", (unsigned long long)images);
    screen_line(screen, "Image list split complete");
    screen_line(screen, "%s", "");
    screen_line(screen, "Starting verification on %d %s...", screen->ranks, screen->workers);
    screen_line(screen, "%s", "");
    screen_line(screen, "Progress will be displayed below:");
    screen_line(screen, RULE);
    screen_line(screen, "%s", "");
}

void screen_all_completed(struct screen *screen) {
    screen_line(screen, "%s", "");
    screen_line(screen, RULE);
    screen_line(screen, "  All %s completed!", screen->workers);
    screen_line(screen, RULE);
    screen_line(screen, "%s", "");
    screen_line(screen, "Merging results...");
}

static void count_line(struct screen *screen, const char *what, uint64_t count) {
    if (count)
        screen_line(screen, "  %s: %llu", what, (unsigned long long)count);
}

void screen_left_out(struct screen *screen, const struct tally *tally,
                     const struct dataset *dataset) {
    struct text kinds = {0};
    dataset_unread_text(dataset, &kinds);
    count_line(screen, "Unlabelled images", tally->counts[TALLY_UNLABELLED]);
    if (dataset->unread.count)
        screen_line(screen, "  Skipped files: %zu (%s)", dataset->unread.count,
                    text_status(&kinds) == STATUS_OK ? kinds.data : "");
    text_free(&kinds);
}

static void show_judged_as(struct screen *screen, const struct judged_as *judged) {
    struct text words = {0};
    judged_as_words(judged, &words);
    if (words.length > 0 && text_status(&words) == STATUS_OK)
        screen_line(screen, "  Judged by their boxes alone: %s", words.data);
    text_free(&words);
}

static void show_copies(struct screen *screen, const struct near_groups *groups) {
    char across[64] = "";
    if (!groups->count)
        return;
    if (groups->across_splits)
        snprintf(across, sizeof across, ", %llu across splits",
                 (unsigned long long)groups->across_splits);
    screen_line(screen, "  Near-duplicates: %llu images in %zu groups%s",
                (unsigned long long)groups->images, groups->count, across);
}

static void show_self_test(struct screen *screen, const struct self_test *test) {
    struct text line = {0};
    self_test_line(test, &line);
    if (text_status(&line) == STATUS_OK)
        screen_line(screen, "  %s", line.data);
    text_free(&line);
}

void screen_results(struct screen *screen, const struct totals *totals, uint64_t images,
                    const struct dataset *dataset) {
    const struct tally *tally = &totals->tally;
    uint64_t correct = tally->counts[TALLY_BOXES + VERDICT_CORRECT];
    uint64_t mislabeled = tally->counts[TALLY_BOXES + VERDICT_MISLABELED];
    uint64_t uncertain = tally->counts[TALLY_BOXES + VERDICT_UNCERTAIN];
    screen_line(screen, "Merged %llu images from %d %s", (unsigned long long)images, screen->ranks,
                screen->workers);
    screen_line(screen, "%s", "");
    screen_line(screen, "✓ Results merged successfully!");
    screen_line(screen, "  Output: %s", screen->output);
    screen_line(screen, "  Total images: %llu", (unsigned long long)images);
    uint64_t boxes = correct + mislabeled + uncertain;
    screen_line(screen, "  Total boxes: %llu", (unsigned long long)boxes);
    screen_line(screen, "  Correct: %llu", (unsigned long long)correct);
    screen_line(screen, "  Mislabeled: %llu", (unsigned long long)mislabeled);
    screen_line(screen, "  Uncertain: %llu", (unsigned long long)uncertain);
    count_line(screen, "Missing objects", tally->counts[TALLY_MISSING]);
    count_line(screen, "Failed images", tally->counts[TALLY_IMAGES + BUCKET_FAILED]);
    screen_left_out(screen, tally, dataset);
    show_judged_as(screen, &totals->judged_as);
    show_copies(screen, &totals->near);
    if (totals->has_self_test)
        show_self_test(screen, &totals->self_test);
}

void screen_review(struct screen *screen) {
    screen_line(screen, "  Review: %s/" PAGE_FOLDER "/" PAGE_INDEX, screen->output);
}

void screen_complete(struct screen *screen) {
    screen_line(screen, "%s", "");
    screen_line(screen, "Cleaning up temporary files...");
    screen_line(screen, "%s", "");
    screen_line(screen, RULE);
    screen_line(screen, "✓ %s verification complete!", screen->gpu ? "Multi-GPU" : "Multi-Process");
    screen_line(screen, RULE);
}
