#include "progress.h"

#include <string.h>

#include "screen.h"

const char *job_prefix(const struct job *job) {
    return job->interface ? job->interface->prefix : "CPU";
}

static void say_notes(struct screen *screen, say *line, const char *prefix, int rank,
                      const char *notes) {
    for (const char *at = notes; *at; at = strchr(at, '\n') + 1)
        line(screen, "[%s %d] WARNING: %.*s", prefix, rank, (int)strcspn(at, "\n"), at);
}

void say_progress(struct screen *screen, say *line, const char *prefix, int rank,
                  const struct verify_progress *p, struct told *told) {
    unsigned long long done = p->done, total = p->total;
    uint64_t step = p->total / 100 ? p->total / 100 : 1;
    if (!told->started) {
        line(screen, "[%s %d] Processing %llu images", prefix, rank, total);
        told->started = true;
        told->next = step;
    }
    say_notes(screen, line, prefix, rank, p->notes);
    /* Its total may still change until it has finished. */
    bool last = p->finished && p->done == p->total && told->images < p->done;
    if (p->done > 0 && (p->done >= told->next || last)) {
        double speed = (double)p->done / p->seconds;
        line(screen, "[%s %d] Progress: %llu/%llu (%.1f%%) | Speed: %.1f img/s | ETA: %.1f min",
             prefix, rank, done, total, 100.0 * (double)p->done / (double)p->total, speed,
             (double)(p->total - p->done) / speed / 60);
        told->images = p->done;
        told->next = (p->done / step + 1) * step;
    }
    if (p->finished && !told->ended) {
        told->ended = true;
        if (p->status != STATUS_OK)
            line(screen, "[%s %d] ERROR: %s", prefix, rank, p->error);
        else if (p->done == p->total)
            line(screen, "[%s %d] ✓ Complete! Processed %llu images", prefix, rank, done);
    }
}
