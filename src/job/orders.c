/* What ranks say to each other while the work runs. */
#include "job/orders.h"

/* How often a rank reports where nothing happens. */
#define REPORT_SECONDS 0.1

enum { PAUSE_MS = 25, SHORT_PAUSE_MS = 2 };

void report_update(struct report_line *report, const struct verify_progress *progress) {
    report->stand.done = progress->done;
    report->stand.held = progress->total - progress->left - progress->done;
    report->stand.left = progress->left;
    report->status = progress->status;
    report->finished = progress->finished;
}

static bool has_news(const struct report_line *report, const struct report_line *sent) {
    return report->signal != sent->signal || report->saved != sent->saved ||
           report->finished != sent->finished || report->status != sent->status ||
           report->stand.sent != sent->stand.sent ||
           report->stand.received != sent->stand.received ||
           (report->stand.left == 0) != (sent->stand.left == 0);
}

bool report_is_due(const struct report_line *report, const struct report_line *sent,
                   double seconds) {
    return report->last || seconds >= REPORT_SECONDS || has_news(report, sent);
}

long turn_pause_ms(const struct report_line *report, const struct order *order) {
    bool hurry = report->stand.left == 0 || report->signal || order->command != ORDER_CONTINUE;
    return hurry ? SHORT_PAUSE_MS : PAUSE_MS;
}
