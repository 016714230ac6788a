/* A rank's side of the messages with rank 0, and with ranks that it exchanges images with. */
#include "member.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "pulse.h"

static bool complete(MPI_Request *request) {
    int flag = 0;
    MPI_Test(request, &flag, MPI_STATUS_IGNORE);
    return flag != 0;
}

static void expect_order(struct member *member) {
    MPI_Irecv(&member->coming, sizeof member->coming, MPI_BYTE, 0, TAG_ORDER,
              member->ranks->work_comm, &member->receiving);
}

static void poll_work(struct member *member) {
    struct report_line *mine = &member->mine;
    struct verify_progress *now = &member->now;
    verify_poll(member->verify, now);
    if (member->error[0] && now->status == STATUS_OK) {
        now->status = STATUS_FAILED;
        memcpy(now->error, member->error, sizeof member->error);
    }
    report_update(mine, now);
    if (member->order.command == ORDER_ABANDON && now->finished && !mine->saved)
        mine->saved = !member->journal || journal_sync(member->journal) == STATUS_OK;
}

static void begin_round(struct member *member) {
    progress_begin(member->progress, &member->now);
    member->now.notes[0] = '\0';
}

void member_start(struct member *member, struct progress *progress, struct signals *signals,
                  struct journal *journal, struct verify *verify, struct work *work) {
    *member = (struct member){.ranks = progress->ranks,
                              .signals = signals,
                              .journal = journal,
                              .progress = progress,
                              .verify = verify,
                              .work = work,
                              .sending = MPI_REQUEST_NULL,
                              .giving = MPI_REQUEST_NULL,
                              .taking = MPI_REQUEST_NULL};
    expect_order(member);
    /* Before anything is given away: it shows the rank's share. */
    poll_work(member);
    begin_round(member);
}

static void follow_order(struct member *member, double now) {
    if (member->order.command == ORDER_END || member->give || !complete(&member->receiving))
        return;
    pulse_heard(member->ranks->pulse, 0, now);
    member->order = member->coming;
    member->give = member->order.taker >= 0;
    if (member->order.command == ORDER_CLOSE)
        work_close(member->work);
    else if (member->order.command == ORDER_CANCEL || member->order.command == ORDER_ABANDON)
        verify_cancel(member->verify);
    if (member->order.command != ORDER_END)
        expect_order(member);
}

/* A parcel is sent even where nothing is left to put in: the taker and rank 0 count them. */
static void give(struct member *member) {
    if (member->giving != MPI_REQUEST_NULL && complete(&member->giving))
        member->mine.stand.sent++;
    if (!member->give || member->giving != MPI_REQUEST_NULL)
        return;
    member->give = false;
    if (work_give(member->work, member->order.count, &member->parcel) != STATUS_OK)
        text_clear(&member->parcel);
    MPI_Isend(member->parcel.data, (int)member->parcel.length, MPI_BYTE, member->order.taker,
              TAG_PARCEL, member->ranks->work_comm, &member->giving);
}

static void open_parcel(struct member *member) {
    enum status status = member->taken_bytes
                             ? work_add(member->work, member->taken, (size_t)member->taken_bytes)
                             : STATUS_OK;
    if (status != STATUS_OK)
        snprintf(member->error, sizeof member->error, "%s", status_message());
    free(member->taken);
    member->taken = NULL;
    member->mine.stand.received++;
}

static void take(struct member *member) {
    MPI_Comm comm = member->ranks->work_comm;
    MPI_Status status;
    int there = 0;
    if (member->taking != MPI_REQUEST_NULL) {
        if (complete(&member->taking))
            open_parcel(member);
        return;
    }
    MPI_Iprobe(MPI_ANY_SOURCE, TAG_PARCEL, comm, &there, &status);
    if (!there)
        return;
    MPI_Get_count(&status, MPI_BYTE, &member->taken_bytes);
    if (memory_zeroed((size_t)member->taken_bytes, 1, &member->taken) != STATUS_OK) {
        snprintf(member->error, sizeof member->error, "%s", status_message());
        return; /* it stays where it is, and is asked for again */
    }
    MPI_Irecv(member->taken, member->taken_bytes, MPI_BYTE, status.MPI_SOURCE, TAG_PARCEL, comm,
              &member->taking);
}

/* Takes part in the round of progress that rank 0 has called. */
static void show(struct member *member) {
    if (progress_complete(member->progress) && member->progress->rounds < member->order.rounds)
        begin_round(member);
}

static void report(struct member *member, double now) {
    if (member->sending != MPI_REQUEST_NULL && !complete(&member->sending))
        return;
    if (member->mine.last) {
        member->left = true;
        return;
    }
    member->mine.last = member->order.command == ORDER_END && progress_complete(member->progress);
    if (!report_is_due(&member->mine, &member->sent, now - member->reported))
        return;
    member->reported = now;
    member->sent = member->mine;
    MPI_Issend(&member->sent, sizeof member->sent, MPI_BYTE, 0, TAG_REPORT,
               member->ranks->work_comm, &member->sending);
}

void member_turn(struct member *member, double now) {
    if (!member->mine.signal)
        member->mine.signal = signals_take(member->signals);
    follow_order(member, now);
    give(member);
    take(member);
    poll_work(member);
    show(member);
    report(member, now);
}

void member_free(struct member *member) {
    text_free(&member->parcel);
    free(member->taken);
}
