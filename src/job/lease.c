/* Who gives images to whom. */
#include "job/lease.h"

#include <stdlib.h>

#include "base/memory.h"

/* A rank that will have taken all it has within so many seconds gets more: what a report, an order
 * and a parcel take, several times over. */
#define HORIZON 0.5
/* Shares stay as they were dealt until a rank would go on for so many seconds alone: a short run,
 * or one with equal ranks, moves nothing. */
#define UNEVEN 5.0
/* A match must let the two end earlier by more than the exchange itself may take. */
#define GAIN 0.1
/* A rank that waits for a parcel may be matched again after this: the giver may be asleep. */
#define PATIENCE 1.0
/* Speed is measured over one to two spans of at least so many seconds and images. */
#define SPAN_SECONDS 4.0
enum { SPAN_IMAGES = 8 };

struct mark {
    double busy;
    uint64_t done;
};

struct rank {
    bool reported; /* there has been a line */
    struct lease_line line;
    double at;            /* time of the line */
    double busy;          /* seconds with work until then */
    struct mark marks[2]; /* where the two last spans of the measurement begin */
    struct mark last;     /* when `done` changed last */
    uint64_t given, got;  /* parcels ordered from it and for it, ever */
    double matched;       /* when it got its last match */
};

struct lease {
    size_t n_ranks;
    struct rank *ranks;
    bool uneven; /* some rank was seen to be */
};

struct lease *lease_make(size_t ranks) {
    struct lease *lease;
    if (memory_zeroed(1, sizeof *lease, &lease) != STATUS_OK)
        return NULL;
    lease->n_ranks = ranks;
    if (memory_zeroed(ranks, sizeof *lease->ranks, &lease->ranks) != STATUS_OK) {
        free(lease);
        return NULL;
    }
    return lease;
}

void lease_free(struct lease *lease) {
    if (lease)
        free(lease->ranks);
    free(lease);
}

static uint64_t to_do(const struct rank *rank) {
    return rank->line.held + rank->line.left;
}

/* Seconds with work until now. */
static double busy_until(const struct rank *rank, double now) {
    return rank->busy + (to_do(rank) && now > rank->at ? now - rank->at : 0);
}

void lease_report(struct lease *lease, size_t index, const struct lease_line *line, double now) {
    struct rank *rank = &lease->ranks[index];
    bool moved = line->done != rank->line.done;
    if (rank->reported && (to_do(rank) || moved) && now > rank->at)
        rank->busy += now - rank->at;
    rank->reported = true;
    rank->at = now;
    rank->line = *line;
    if (!moved)
        return;
    rank->last = (struct mark){rank->busy, line->done};
    const struct mark *recent = &rank->marks[1];
    if (rank->busy - recent->busy >= SPAN_SECONDS && line->done - recent->done >= SPAN_IMAGES) {
        rank->marks[0] = *recent;
        rank->marks[1] = rank->last;
    }
}

/* Images a second; 0: it has not finished any. Measured up to the last image that was finished, but
 * not more than what is under way would give if it were finished now: a rank that stands still gets
 * slower and slower. */
static double measured(const struct rank *rank, double now) {
    const struct mark *from = &rank->marks[0];
    uint64_t images = rank->last.done - from->done;
    double seconds = rank->last.busy - from->busy;
    double until_now = busy_until(rank, now) - from->busy;
    if (images == 0 || seconds <= 0)
        return 0;
    double speed = (double)images / seconds;
    double most = (double)(images + rank->line.held) / until_now;
    return speed < most ? speed : most;
}

/* What is assumed of ranks that have not finished an image: the others' mean. */
static double mean_speed(const struct lease *lease, double now) {
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < lease->n_ranks; i++) {
        double speed = measured(&lease->ranks[i], now);
        sum += speed;
        n += speed > 0;
    }
    return n ? sum / (double)n : 0;
}

/* `mean` 0: nobody has finished anything. */
static double speed_of(const struct rank *rank, double mean, double now) {
    double speed = measured(rank, now), busy = busy_until(rank, now);
    if (speed > 0)
        return speed;
    /* It would have finished one by now. */
    double most = busy > 0 ? 1 / busy : 1;
    return mean > 0 && (mean < most || !to_do(rank)) ? mean : most;
}

/* Whether the giver goes on for UNEVEN seconds longer than the taker. In its first seconds a rank's
 * speed cannot be told: it may have begun late. Then the mean is taken for it, and the taker must
 * have nothing left. */
static bool is_uneven(const struct rank *giver, const struct rank *taker, double mean, double now) {
    double slow = speed_of(giver, mean, now), fast = speed_of(taker, mean, now);
    if (busy_until(giver, now) < UNEVEN) {
        if (mean <= 0 || taker->line.left > 0)
            return false;
        slow = slow > mean ? slow : mean;
    }
    return (double)to_do(giver) / slow - (double)to_do(taker) / fast >= UNEVEN;
}

static bool may_give(const struct rank *rank) {
    return rank->line.left > 0 && rank->given == rank->line.sent &&
           rank->got == rank->line.received;
}

static bool may_take(const struct rank *rank, double now) {
    return rank->reported && rank->given == rank->line.sent &&
           (rank->got == rank->line.received || now - rank->matched > PATIENCE);
}

/* The one with the longest way to go of those that may give; n_ranks: none. */
static size_t find_giver(const struct lease *lease, double mean, double now) {
    size_t giver = lease->n_ranks;
    double longest = 0;
    for (size_t i = 0; i < lease->n_ranks; i++) {
        const struct rank *rank = &lease->ranks[i];
        double seconds = (double)to_do(rank) / speed_of(rank, mean, now);
        if (may_give(rank) && seconds > longest) {
            longest = seconds;
            giver = i;
        }
    }
    return giver;
}

/* How many images go from one to the other so that both come nearest to the time at which all could
 * end together; 0: it is not worth it. */
static uint64_t amount(const struct rank *giver, const struct rank *taker, double fast, double slow,
                       double end) {
    double has = (double)to_do(giver), needs = end * fast - (double)to_do(taker);
    double spare = has - end * slow;
    double count = needs < spare ? needs : spare;
    if (count > (double)giver->line.left)
        count = (double)giver->line.left;
    uint64_t whole = count >= 1 ? (uint64_t)count : 1;
    double taker_ends = (double)(to_do(taker) + whole) / fast;
    return taker_ends + GAIN < has / slow ? whole : 0;
}

bool lease_match(struct lease *lease, double now, struct lease_order *order) {
    double mean = mean_speed(lease, now), images = 0, speeds = 0;
    size_t from = find_giver(lease, mean, now);
    if (from == lease->n_ranks)
        return false;
    for (size_t i = 0; i < lease->n_ranks; i++) {
        images += (double)to_do(&lease->ranks[i]);
        speeds += speed_of(&lease->ranks[i], mean, now);
    }
    struct rank *giver = &lease->ranks[from];
    double slow = speed_of(giver, mean, now);
    for (size_t i = 0; i < lease->n_ranks; i++) {
        struct rank *taker = &lease->ranks[i];
        double fast = speed_of(taker, mean, now);
        if (i == from || !may_take(taker, now) || (double)taker->line.left / fast >= HORIZON)
            continue;
        lease->uneven = lease->uneven || is_uneven(giver, taker, mean, now);
        if (!lease->uneven)
            continue;
        uint64_t count = amount(giver, taker, fast, slow, images / speeds);
        if (count == 0)
            continue;
        giver->given++;
        taker->got++;
        taker->matched = now;
        *order = (struct lease_order){from, i, count};
        return true;
    }
    return false;
}

bool lease_quiet(const struct lease *lease) {
    for (size_t i = 0; i < lease->n_ranks; i++) {
        const struct rank *rank = &lease->ranks[i];
        if (rank->given != rank->line.sent || rank->got != rank->line.received)
            return false;
    }
    return true;
}

bool lease_over(const struct lease *lease) {
    for (size_t i = 0; i < lease->n_ranks; i++)
        if (!lease->ranks[i].reported || lease->ranks[i].line.left > 0)
            return false;
    return lease_quiet(lease);
}
