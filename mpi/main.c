/* verify: the job from beginning to end. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "about.h"
#include "base/shown.h"
#include "job.h"
#include "pulse.h"
#include "screen.h"
#include "signals.h"

static bool uses_gpus(const struct job *job) {
    return job->interface && job->interface->uses_gpus;
}

static enum status print_text(void (*append)(struct text *)) {
    struct text text = {0};
    append(&text);
    enum status status = text_status(&text);
    if (status == STATUS_OK)
        lines_print(stdout, text.data);
    text_free(&text);
    return status;
}

static enum status inspect(struct job *job) {
    enum status status = STATUS_OK;
    struct text text = {0};
    if (job->rank == 0) {
        status = model_describe(&job->model, job->imgsz, job->imgsz, &text);
        if (status == STATUS_OK)
            lines_print(stdout, text.data);
    }
    text_free(&text);
    return agree(job, status);
}

/* A signal ended the work: says how far it came, and how to go on. */
static enum status interrupted(struct job *job, int *exit_status) {
    enum status status;
    TRY(job_reduce(job));
    TRY(job_report(job));
    if (job->rank == 0) {
        uint64_t done = 0;
        for (size_t i = 0; i < BUCKET_COUNT; i++)
            done += job->tally.counts[TALLY_IMAGES + i];
        screen_error(job->screen, "Interrupted: %llu of %llu images are done. Go on with --resume",
                     (unsigned long long)done, (unsigned long long)job->total_images);
    }
    *exit_status = signal_exit_status(job->signal);
out:
    return status;
}

static enum status run(struct job *job, int argc, char **argv, int *exit_status) {
    enum status status;
    TRY(job_start(job, argc, argv));
    if (job->options.version || job->options.help) {
        if (job->rank == 0 && job->options.version)
            TRY(print_text(about_append));
        else if (job->rank == 0)
            TRY(print_text(options_help));
        return STATUS_OK;
    }
    if (job->rank == 0)
        signals_release(job->signals, "verify: interrupted before the work began");
    TRY(job_open_model(job));
    if (job->options.inspect)
        return inspect(job);
    TRY(job_open_data(job));
    if (job->options.dry_run) {
        TRY(job_dry_run(job));
        if (job->signal)
            *exit_status = signal_exit_status(job->signal);
        return STATUS_OK;
    }
    TRY(job_open_backend(job));
    TRY(job_open_output(job));
    if (job->complete) {
        if (job->rank == 0)
            line_print(stdout, "%s is complete: nothing is left to resume", job->output);
        *exit_status = job_exit_status(job);
        return STATUS_OK;
    }
    TRY(pulse_start(job, &job->pulse));
    TRY(job_resume(job));
    TRY(agree(job, screen_open(job->output, job->rank, job->options.quiet, &job->screen)));
    if (job->rank == 0)
        screen_title(job->screen, uses_gpus(job), job->size);
    TRY(job_scatter(job));
    if (job->rank == 0) {
        screen_start(job->screen, uses_gpus(job), job->size, job->total_images);
        if (job->resumed)
            screen_line(job->screen, "Resuming: %llu of %llu images are done",
                        (unsigned long long)job->done_before,
                        (unsigned long long)job->total_images);
        job_warn(job);
    }
    job_warn_of_lack(job);
    if (uses_gpus(job))
        TRY(job_warn_of_sharing(job));
    TRY(job_open_journal(job));
    TRY(job_verify(job));
    if (job->signal)
        return interrupted(job, exit_status);
    /* All is in the journals. */
    signals_release(job->signals, job->rank == 0 ? "verify: interrupted: the same command with "
                                                   "--resume goes on"
                                                 : NULL);
    if (job->rank == 0)
        screen_all_completed(job->screen, uses_gpus(job));
    TRY(job_merge(job));
    TRY(job_reduce(job));
    TRY(job_report(job));
    TRY(agree(job, job->rank == 0 ? run_end(job) : STATUS_OK));
    *exit_status = job_exit_status(job);
out:
    return status;
}

/* How a process ends where its end is held up. */
struct ending {
    long milliseconds;
    int exit_status;
};

static void *end_process(void *argument) {
    const struct ending *ending = argument;
    const long milliseconds = ending->milliseconds;
    nanosleep(&(struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000}, NULL);
    _exit(ending->exit_status);
}

/* An mpirun that was told to end serves nobody any more, and MPI_Finalize would wait for it until
 * both are killed; and a device that hangs may hold up whoever lets go of it. Nothing is left to do
 * but to leave with the right exit status. */
static void limit_ending(enum status status, int signal) {
    /* They outlive main(). */
    static const struct ending interrupted = {300, INTERRUPTED}, terminated = {300, TERMINATED};
    static const struct ending failed = {5000, STATUS_FAILED};
    const struct ending *ending = status == STATUS_FAILED                    ? &failed
                                  : status == STATUS_OK && signal == SIGINT  ? &interrupted
                                  : status == STATUS_OK && signal == SIGTERM ? &terminated
                                                                             : NULL;
    pthread_t thread;
    if (ending && pthread_create(&thread, NULL, end_process, (void *)ending) == 0)
        pthread_detach(thread);
}

/* Whether lines for standard output were lost, though somebody reads it: a pipe that was closed is
 * the wish of who read it. */
static bool lines_were_lost(void) {
    struct pollfd out = {.fd = STDOUT_FILENO};
    fflush(stdout);
    return ferror(stdout) && !(poll(&out, 1, 0) == 1 && out.revents & (POLLERR | POLLHUP));
}

int main(int argc, char **argv) {
    struct job job = {.progress_comm = MPI_COMM_NULL};
    struct timespec start;
    MPI_Request request;
    int provided, exit_status = STATUS_OK;
    clock_gettime(CLOCK_REALTIME, &start);
    job.started = (double)start.tv_sec + 1e-9 * (double)start.tv_nsec;
    job.clock_started = pulse_clock();
    job.signals = signals_hold();
    if (MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS)
        return STATUS_FAILED;
    enum status status = run(&job, argc, argv, &exit_status);
    if (status != STATUS_OK) {
        exit_status = (int)status;
        if (job.rank == 0 && !job.failure_shown)
            line_print(stderr, "verify: error: %s", status_message());
        if (job.rank == 0 && job.n_journals && !job.vain)
            line_print(stderr,
                       "verify: what is done is kept: the same command with --resume goes on");
    }
    if (status == STATUS_OK && lines_were_lost()) {
        /* A run has a log of the same lines, and its results are there. */
        bool logged = job.screen && job.output;
        line_print(stderr, "verify: error: cannot write to standard output%s%s%s",
                   logged ? ": its lines are in " : "", logged ? job.output : "",
                   logged ? "/logs/verify.log" : "");
        if (!logged)
            exit_status = STATUS_FAILED;
    }
    if (status != STATUS_OK)
        signals_release(job.signals, NULL);
    /* Nobody leaves with a failure while others still work: mpirun would end them. */
    MPI_Ibarrier(MPI_COMM_WORLD, &request);
    wait_for(&job, &request);
    pulse_stop(&job.pulse);
    screen_close(job.screen);
    job_free(&job);
    limit_ending(status, job.signal);
    MPI_Finalize();
    return exit_status;
}
