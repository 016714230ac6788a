/* The lines that show how far a rank is. */
#include "job/progress_lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The lines of one rank, and who takes them. */
struct lines {
    const char *prefix;
    int rank;
    progress_sink *sink;
    void *context;
};

/* "[CPU 3] " and the text. */
__attribute__((format(printf, 2, 3))) static void say(const struct lines *lines, const char *format,
                                                      ...) {
    enum { HEAD_BYTES = 64 };
    char line[HEAD_BYTES + ERROR_BYTES + NOTE_BYTES];
    int head = snprintf(line, HEAD_BYTES, "[%.32s %d] ", lines->prefix, lines->rank);
    va_list args;
    va_start(args, format);
    vsnprintf(line + head, sizeof line - (size_t)head, format, args);
    va_end(args);
    lines->sink(lines->context, line);
}

static void say_notes(const struct lines *lines, const char *notes) {
    for (const char *at = notes; *at; at = strchr(at, '\n') + 1)
        say(lines, "WARNING: %.*s", (int)strcspn(at, "\n"), at);
}

static void say_images(const struct lines *lines, const struct verify_progress *progress,
                       struct progress_said *said) {
    uint64_t step = progress->total / 100 ? progress->total / 100 : 1;
    /* Its total may still change until it has finished. */
    bool last =
        progress->finished && progress->done == progress->total && said->images < progress->done;
    if (progress->done == 0 || (progress->done < said->next && !last))
        return;
    double speed = (double)progress->done / progress->seconds;
    say(lines, "Progress: %llu/%llu (%.1f%%) | Speed: %.1f img/s | ETA: %.1f min",
        (unsigned long long)progress->done, (unsigned long long)progress->total,
        100.0 * (double)progress->done / (double)progress->total, speed,
        (double)(progress->total - progress->done) / speed / 60);
    said->images = progress->done;
    said->next = (progress->done / step + 1) * step;
}

static void say_end(const struct lines *lines, const struct verify_progress *progress) {
    if (progress->status != STATUS_OK)
        say(lines, "ERROR: %s", progress->error);
    else if (progress->done == progress->total)
        say(lines, "✓ Complete! Processed %llu images", (unsigned long long)progress->done);
}

void progress_lines(const char *prefix, int rank, const struct verify_progress *progress,
                    struct progress_said *said, progress_sink *sink, void *context) {
    const struct lines lines = {prefix, rank, sink, context};
    if (!said->started) {
        say(&lines, "Processing %llu images", (unsigned long long)progress->total);
        said->started = true;
        said->next = progress->total / 100 ? progress->total / 100 : 1;
    }
    say_notes(&lines, progress->notes);
    say_images(&lines, progress, said);
    if (progress->finished && !said->ended) {
        said->ended = true;
        say_end(&lines, progress);
    }
}
