/* verify: the job from beginning to end. */
#include <stdio.h>
#include <time.h>

#include "about.h"
#include "base/clock.h"
#include "base/shown.h"
#include "commands.h"
#include "ending.h"
#include "job/outcome.h"
#include "job/wanted.h"
#include "near.h"
#include "pulse.h"
#include "rejudge.h"
#include "stages.h"
#include "warnings.h"

/* All parts of a job on one rank. Here alone they are together: every stage is handed those that it
 * uses. */
struct job {
    struct ranks ranks;
    struct options options;
    struct inputs inputs;
    struct processor processor;
    struct run run;
    struct share share;
    struct totals totals;
    struct screen *screen;
    struct signals *signals;
};

/* --version or --help. */
static enum status print_about(const struct job *job) {
    struct text text = {0};
    if (job->ranks.rank != 0)
        return STATUS_OK;
    if (job->options.version)
        about_append(&text);
    else
        options_help(job->options.command, &text);
    enum status status = text_status(&text);
    if (status == STATUS_OK)
        lines_print(stdout, text.data);
    text_free(&text);
    return status;
}

static enum status inspect(const struct job *job) {
    enum status status = STATUS_OK;
    struct text text = {0};
    if (job->ranks.rank == 0) {
        status = networks_describe(&job->inputs.networks, &text);
        if (status == STATUS_OK)
            lines_print(stdout, text.data);
    }
    text_free(&text);
    return agree(&job->ranks, status);
}

/* The work itself, beside which label files without an image are counted. */
static enum status work(struct job *job) {
    const struct verify_job description = verify_describe(
        &job->options, &job->inputs, &job->processor, &job->run, job->share.total_images);
    struct orphans orphans = {0};
    const struct rank_work rank_work = {
        .verify = &description,
        .orphans = &orphans,
        .signals = job->signals,
        .screen = job->screen,
        .hang_seconds = (double)job->options.hang_timeout,
    };
    signals_keep(job->signals);
    if (job->ranks.rank == 0)
        orphans_start(&job->inputs.dataset, &orphans);
    enum status status = work_all(&job->ranks, &rank_work, &job->run, &job->share, &job->totals);
    job->totals.orphan_labels = orphans_end(&orphans);
    return status;
}

/* Whichever of pulse and screen comes first: the one needs the other once both are there. */
static void show_pulse(const struct job *job) {
    if (job->ranks.pulse && job->screen)
        pulse_set_screen(job->ranks.pulse, job->screen);
}

static enum status start_pulse(struct job *job) {
    enum status status = pulse_start(&job->ranks, (double)job->options.hang_timeout,
                                     processor_prefix(&job->processor));
    show_pulse(job);
    return status;
}

/* In a run not before its folder is known to be this run's: there are the logs. */
static enum status open_screen(struct job *job) {
    enum status status = screen_open(&job->ranks, &job->processor, job->run.output,
                                     job->options.quiet, &job->screen);
    show_pulse(job);
    return agree(&job->ranks, status);
}

/* Counts instead of verifying, and prints what would be done. */
static enum status dry_run(struct job *job) {
    enum status status;
    const struct ranks *ranks = &job->ranks;
    processor_open_none(ranks, &job->options, &job->processor);
    TRY(open_screen(job));
    TRY(start_pulse(job));
    TRY(share_scatter(ranks, &job->inputs.dataset.images, &job->share));
    TRY(agree(ranks, tally_make(job->inputs.classes.n_data, &job->totals.tally)));
    if (ranks->rank == 0)
        warn_of_inputs(job->screen, &job->options, &job->inputs, 0);
    TRY(work(job));
    TRY(tally_reduce(ranks, &job->totals.tally));
    if (ranks->rank == 0 && job->totals.signal)
        screen_error(job->screen, "Interrupted: nothing is counted to its end");
    else if (ranks->rank == 0)
        dry_run_print(job->screen, &job->options, &job->inputs, &job->totals,
                      job->share.total_images);
out:
    return status;
}

static enum status report(struct job *job) {
    const struct report_parts parts = {
        .options = &job->options,
        .inputs = &job->inputs,
        .totals = &job->totals,
        .device = job->processor.name,
        .output = job->run.output,
    };
    return report_all(&job->ranks, &parts);
}

/* A signal ended the work: says how far it came, and how to go on. */
static enum status report_interrupted(struct job *job) {
    enum status status;
    TRY(tally_reduce(&job->ranks, &job->totals.tally));
    TRY(self_test_reduce(&job->ranks, job->options.max_margin, &job->totals));
    TRY(report(job));
    if (job->ranks.rank == 0) {
        uint64_t done = 0;
        for (size_t i = 0; i < BUCKET_COUNT; i++)
            done += job->totals.tally.counts[TALLY_IMAGES + i];
        screen_error(job->screen, "Interrupted: %llu of %llu images are done. Go on with --resume",
                     (unsigned long long)done, (unsigned long long)job->share.total_images);
    }
out:
    return status;
}

/* Verdicts by what --precision comes to; or, of a run that was continued, by what was asked for
 * since its images were verified. */
static enum status rejudge(struct job *job) {
    enum status status;
    struct rejudge_outcome outcome = {0};
    struct text line = {0};
    const struct rejudge_order order = {
        .output = job->run.output, .flags = &job->options, .search = job->run.resumed};
    if (!(job->options.precision > 0) && !job->run.rejudged)
        return STATUS_OK;
    tally_free(&job->totals.tally);
    TRY(rejudge_all(&job->ranks, &order, &job->totals, &outcome));
    precision_line(&outcome.precision, &line);
    TRY(agree(&job->ranks, text_status(&line)));
    if (line.length && precision_is_odd(&outcome.precision))
        screen_warning(job->screen, "%s", line.data);
    else if (line.length)
        screen_line(job->screen, "%s", line.data);
out:
    text_free(&line);
    return status;
}

/* The review page of a run that is complete without it. Whether it is there. */
static bool add_page(struct job *job) {
    const char *output = job->run.output;
    struct text line = {0};
    bool first = job->ranks.rank == 0;
    text_format(&line,
                "verify: interrupted: the run is complete, but its review page is not made: "
                "verify review %s",
                output);
    if (first)
        signals_release(job->signals, line.data);
    enum status status = review_make(&job->ranks, &job->options, output, &job->run);
    if (status != STATUS_OK && first)
        screen_warning(job->screen,
                       "the review page was not made: %s; once that is mended, "
                       "\"verify review %s\" makes it",
                       status_message(), output);
    if (first)
        signals_release(job->signals, NULL);
    text_free(&line);
    return status == STATUS_OK;
}

/* What was found is worth more than a word on copies: without memory for them it goes on. */
static void find_copies(struct job *job) {
    struct totals *totals = &job->totals;
    if (!job->options.hash)
        return;
    totals->has_near = near_find(&job->ranks, job->run.output, &job->inputs.dataset.splits,
                                 job->share.total_images, &totals->near) == STATUS_OK;
    if (!totals->has_near && job->ranks.rank == 0)
        screen_warning(job->screen, "copies of pictures were not looked for: %s", status_message());
}

/* All is in the journals: brings it together. */
static enum status finish(struct job *job) {
    enum status status;
    const struct ranks *ranks = &job->ranks;
    struct run *run = &job->run;
    bool first = ranks->rank == 0;
    signals_release(job->signals,
                    first ? "verify: interrupted: the same command with --resume goes on" : NULL);
    if (first)
        screen_all_completed(job->screen);
    TRY(merge_all(ranks, run, job->share.total_images, options_streams(&job->options)));
    TRY(tally_reduce(ranks, &job->totals.tally));
    TRY(self_test_reduce(ranks, job->options.max_margin, &job->totals));
    job->totals.judged_as = judged_as_of(&job->totals.tally);
    find_copies(job);
    TRY(report(job));
    TRY(rejudge(job));
    if (first)
        run->counts = run_counts_make(&job->totals.tally, &job->inputs.classes);
    bool praised = first && outcome_print(job->screen, &run->counts, run->output,
                                          networks_least_size(&job->inputs.networks));
    if (praised)
        screen_results(job->screen, &job->totals, job->share.total_images, &job->inputs.dataset);
    TRY(agree(ranks, first ? run_end(run) : STATUS_OK));
    bool page = job->options.review > 0 && add_page(job);
    if (praised && page)
        screen_review(job->screen);
    if (praised)
        screen_complete(job->screen);
out:
    return status;
}

/* Says how the work begins, and what is odd about it. */
static enum status introduce(struct job *job) {
    enum status status = STATUS_OK;
    const struct ranks *ranks = &job->ranks;
    const struct share *share = &job->share;
    if (ranks->rank == 0) {
        screen_start(job->screen, share->total_images);
        if (job->run.resumed)
            screen_line(job->screen, "Resuming: %llu of %llu images are done",
                        (unsigned long long)share->done_before,
                        (unsigned long long)share->total_images);
        warn_of_inputs(job->screen, &job->options, &job->inputs, job->run.kept_images);
    }
    warn_of_lack(ranks, &job->processor, job->screen);
    if (processor_uses_gpus(&job->processor))
        TRY(warn_of_sharing(ranks, job->options.device, job->processor.name, job->screen));
out:
    return status;
}

/* A run in the output folder, new or continued. */
static enum status verify(struct job *job, int *exit_status) {
    enum status status;
    struct ranks *ranks = &job->ranks;
    const struct options *options = &job->options;
    const struct inputs *inputs = &job->inputs;
    TRY(processor_open(ranks, options, inputs, &job->processor));
    job->totals.has_self_test = processor_self_tests(&job->processor, &inputs->judge);
    TRY(run_open(ranks, options, inputs, job->processor.interface->name, &job->run));
    if (job->run.complete) {
        if (ranks->rank == 0)
            line_print(stdout, "%s is complete: nothing is left to resume", job->run.output);
        *exit_status = outcome_exit_status(ranks, options, &job->run.counts);
        if (review_catch_up(ranks, options, job->run.output) != STATUS_OK && ranks->rank == 0)
            line_print(stderr, "verify: warning: the review page was not made: %s",
                       status_message());
        return STATUS_OK;
    }
    TRY(start_pulse(job));
    TRY(resume(ranks, inputs, &job->run, &job->share, &job->totals.tally));
    TRY(open_screen(job));
    if (ranks->rank == 0)
        screen_title(job->screen);
    TRY(share_scatter(ranks, &inputs->dataset.images, &job->share));
    TRY(introduce(job));
    TRY(run_open_journal(ranks, options_streams(options), &job->run));
    TRY(work(job));
    if (job->totals.signal) {
        TRY(report_interrupted(job));
        *exit_status = signal_exit_status(job->totals.signal);
        return STATUS_OK;
    }
    TRY(finish(job));
    *exit_status = outcome_exit_status(ranks, options, &job->run.counts);
out:
    return status;
}

static enum status run(struct job *job, int argc, char **argv, int *exit_status) {
    enum status status;
    struct ranks *ranks = &job->ranks;
    const struct options *options = &job->options;
    TRY(ranks_start(ranks, argc, argv, &job->options));
    if (options->version || options->help)
        return print_about(job);
    if (ranks->rank == 0)
        signals_release(job->signals, options->command == COMMAND_VERIFY
                                          ? "verify: interrupted before the work began"
                                          : "verify: interrupted");
    if (options->command != COMMAND_VERIFY)
        return command_run(ranks, options, exit_status);
    TRY(inputs_open_models(ranks, options, &job->inputs));
    if (options->inspect)
        return inspect(job);
    TRY(inputs_open_data(ranks, options, &job->inputs));
    if (!options->dry_run)
        return verify(job, exit_status);
    TRY(dry_run(job));
    if (job->totals.signal)
        *exit_status = signal_exit_status(job->totals.signal);
out:
    return status;
}

/* Says why the job failed, where no line has said so yet. On rank 0. */
static void print_failure(const struct job *job) {
    if (!job->totals.failure_shown)
        line_print(stderr, "verify: error: %s", status_message());
    if (job->run.n_journals && !job->totals.model_failed)
        line_print(stderr, "verify: what is done is kept: the same command with --resume goes on");
}

/* A run has a log of the same lines, and its results are there. Whether that is so. */
static bool print_lost_lines(const struct job *job) {
    bool logged = job->screen && job->run.output;
    line_print(stderr, "verify: error: cannot write to standard output%s%s%s",
               logged ? ": its lines are in " : "", logged ? job->run.output : "",
               logged ? "/logs/verify.log" : "");
    return logged;
}

static void free_all(struct job *job) {
    screen_close(job->screen);
    processor_free(&job->processor);
    tally_free(&job->totals.tally);
    near_groups_free(&job->totals.near);
    share_free(&job->share);
    run_free(&job->run);
    inputs_free(&job->inputs);
    options_free(&job->options);
    ranks_free(&job->ranks);
}

int main(int argc, char **argv) {
    struct job job = {0};
    struct timespec start;
    MPI_Request request;
    int provided, exit_status = STATUS_OK;
    clock_gettime(CLOCK_REALTIME, &start);
    job.totals.started = (double)start.tv_sec + 1e-9 * (double)start.tv_nsec;
    job.totals.clock_started = clock_seconds();
    job.signals = signals_hold();
    if (MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS)
        return STATUS_FAILED;
    enum status status = run(&job, argc, argv, &exit_status);
    if (status != STATUS_OK) {
        exit_status = (int)status;
        if (job.ranks.rank == 0)
            print_failure(&job);
        signals_release(job.signals, NULL);
    } else if (ending_lost_lines() && !print_lost_lines(&job)) {
        exit_status = STATUS_FAILED;
    }
    /* Nobody leaves with a failure while others still work: mpirun would end them. */
    MPI_Ibarrier(MPI_COMM_WORLD, &request);
    wait_for(&job.ranks, &request);
    pulse_stop(&job.ranks);
    int signal = job.totals.signal;
    free_all(&job);
    ending_limit(status, signal);
    MPI_Finalize();
    return exit_status;
}
