/* Reading all flags, and whether they go together. */
#include "job/options.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/suffix.h"
#include "job/command_line.h"
#include "job/config.h"
#include "job/options_set.h"

/* --weights without --model. */
static enum status refuse_weights(const char *weights) {
    if (has_suffix(weights, ".weights"))
        return FAIL(STATUS_BAD_INPUT,
                    "--model is missing: the Darknet .cfg that --weights %s belongs to; see --help",
                    weights);
    return FAIL(STATUS_BAD_INPUT,
                "--model is missing: --weights is for a Darknet .cfg alone, any other model is "
                "--model %s; see --help",
                weights);
}

/* Whether a path looks like a model's, be it one that is read or not. */
static bool is_model(const char *path) {
    return has_suffix_of(path, option_info(OPTION_AT_model)->suffixes) ||
           has_suffix_of(path, option_info(OPTION_AT_weights)->suffixes) ||
           has_suffix(path, ".engine");
}

/* That the model is not given as the data set. */
static enum status check_order(const struct options *options) {
    const char *model = options->model, *data = options->data;
    struct stat about;
    if (!data || !model || !is_model(data) || (stat(data, &about) == 0 && S_ISDIR(about.st_mode)))
        return STATUS_OK;
    if (is_model(model))
        return FAIL(STATUS_BAD_INPUT,
                    "--data %s: is a model: a data.yaml, a folder or a .txt list is expected",
                    data);
    return FAIL(STATUS_BAD_INPUT,
                "--model %s --data %s: the two are swapped: write --model %s --data %s", model,
                data, data, model);
}

/* That what is needed is there. */
static enum status check_inputs(const struct options *options) {
    if (options->model && options->fold)
        return FAIL(STATUS_BAD_INPUT,
                    "--model and --fold: the models of --fold alone judge: leave --model out");
    if (!options->model && !options->fold && options->weights)
        return refuse_weights(options->weights);
    if (!options->model && !options->fold)
        return FAIL(STATUS_BAD_INPUT,
                    "--model is missing: the YOLO model to verify with; see --help");
    if (!options->data && !options->inspect)
        return FAIL(STATUS_BAD_INPUT,
                    "--data is missing: data.yaml, a folder or a .txt list; see --help");
    return check_order(options);
}

/* --resume with --overwrite: one on the command line wins over the other in the file. */
static enum status check_beginning(const bool *given, struct options *options) {
    if (options->resume && options->overwrite) {
        bool resume = given[OPTION_AT_resume], overwrite = given[OPTION_AT_overwrite];
        options->resume = resume || !overwrite;
        options->overwrite = overwrite || !resume;
    }
    if (options->resume && options->overwrite)
        return FAIL(STATUS_BAD_INPUT, "--resume and --overwrite: only one of them at a time");
    return STATUS_OK;
}

/* That a command has the words that it needs. */
static enum status check_words(const struct options *options) {
    const struct command_info *info = command_info(options->command);
    if (options->n_words < info->least)
        return FAIL(STATUS_BAD_INPUT, "%s: is written verify %s %s; see verify %s --help",
                    info->word, info->word, info->arguments, info->word);
    return STATUS_OK;
}

enum status options_read(int argc, char **argv, struct options *options) {
    enum status status;
    bool given[OPTION_ROWS] = {false};
    *options = (struct options){0};
    TRY(options_set_initial(options));
    TRY(command_line_read(argc, argv, given, options));
    if (options->help || options->version)
        return STATUS_OK;
    if (options->command != COMMAND_VERIFY)
        return check_words(options);
    if (options->config)
        TRY(config_read(options->config, given, options));
    TRY(check_inputs(options));
    TRY(check_beginning(given, options));
out:
    return status;
}

void options_free(struct options *options) {
    for (size_t i = 0; i < OPTION_ROWS; i++)
        if (option_row(i)->kind <= OPTION_CHOICE)
            free(*(char **)option_member(options, option_row(i)));
    for (size_t i = 0; i < options->n_words; i++)
        free(options->words[i]);
    *options = (struct options){0};
}
