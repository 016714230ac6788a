/* What somebody meant who wrote a flag that does not exist. */
#include "job/hint.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/suffix.h"
#include "job/options_set.h"

#define TRAINING "verify trains nothing"
#define DRAWING  "verify draws nothing; its output folder has the images, sorted"
#define SAVING   "--save-json has the predictions with their confidences, --save-txt the labels"
#define ONE_TASK "verify has one task, the labels of detection"
#define RUNNING  "how the network is run follows from the model and --device"
#define EXPORT   "verify exports nothing"

/* What Ultralytics (yolo's arguments, and the flags of YOLOv5's and v7's scripts) and Darknet have
 * that is no flag's other name: what comes to the same here, or why there is none. Other names are
 * the flags' own (options_list.h). */
static const struct foreign {
    const char *name, *ours, *why; /* one of the two */
} foreign[] = {
    {"exist-ok", "--overwrite (or --resume)", NULL},
    {"verbose", "--quiet, the other way round,", NULL},
    {"nosave", "--place none", NULL},
    {"cfg", "--model (with --weights for Darknet's)", NULL},
    {"names", NULL, "class names come from the model and the data set"},
    {"task", NULL, ONE_TASK},
    {"mode", NULL, ONE_TASK},
    {"single-cls", NULL, "classes are what is verified"},
    {"classes", NULL, "all classes are verified; verification_records.jsonl has each box's"},
    {"agnostic-nms", NULL, "NMS is by class, and for saved predictions alone"},
    {"nms", NULL, "NMS is for saved predictions alone"},
    {"augment", NULL, "each image is judged once, as it is"},
    {"save", NULL, "images are always sorted; --place says how"},
    {"save-conf", NULL, SAVING},
    {"save-csv", NULL, SAVING},
    {"save-hybrid", NULL, SAVING},
    {"save-crop", NULL, DRAWING},
    {"save-frames", NULL, DRAWING},
    {"show", NULL, DRAWING},
    {"view-img", NULL, DRAWING},
    {"visualize", NULL, DRAWING},
    {"plots", NULL, DRAWING},
    {"noplots", NULL, DRAWING},
    {"line-width", NULL, DRAWING},
    {"line-thickness", NULL, DRAWING},
    {"show-labels", NULL, DRAWING},
    {"show-conf", NULL, DRAWING},
    {"show-boxes", NULL, DRAWING},
    {"hide-labels", NULL, DRAWING},
    {"hide-conf", NULL, DRAWING},
    {"retina-masks", NULL, "boxes are verified, not masks"},
    {"overlap-mask", NULL, "boxes are verified, not masks"},
    {"mask-ratio", NULL, "boxes are verified, not masks"},
    {"vid-stride", NULL, "verify reads images, not videos"},
    {"stream-buffer", NULL, "verify reads images, not videos"},
    {"tracker", NULL, "verify reads images, not videos"},
    {"embed", NULL, "verify gives verdicts alone"},
    {"dnn", NULL, RUNNING},
    {"int8", NULL, RUNNING},
    {"compile", NULL, RUNNING},
    {"cache", NULL, "each image is read once"},
    {"seed", NULL, "the same input gives the same results"},
    {"deterministic", NULL, "the same input gives the same results"},
    {"format", NULL, EXPORT},
    {"dynamic", NULL, EXPORT},
    {"simplify", NULL, EXPORT},
    {"opset", NULL, EXPORT},
    {"epochs", NULL, TRAINING},
    {"patience", NULL, TRAINING},
    {"optimizer", NULL, TRAINING},
    {"pretrained", NULL, TRAINING},
    {"freeze", NULL, TRAINING},
    {"fraction", NULL, TRAINING},
    {"hyp", NULL, TRAINING},
    {"cos-lr", NULL, TRAINING},
    {"close-mosaic", NULL, TRAINING},
    {"multi-scale", NULL, TRAINING},
    {"save-period", NULL, TRAINING},
    {"evolve", NULL, TRAINING},
    {"sync-bn", NULL, TRAINING},
    {"val", NULL, ONE_TASK},
    {"noval", NULL, TRAINING},
};

enum { FOREIGN = sizeof foreign / sizeof *foreign, MOST_NAME = 40 };

/* '-' and '_', capitals and small letters are alike. */
static char folded(char c) {
    return c == '_' ? '-' : (char)tolower((unsigned char)c);
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* How many letters must be put in, left out, changed or swapped with their neighbours to make one
 * name of the other; more than any threshold where a name is very long. */
static size_t distance(const char *a, const char *b) {
    size_t before[MOST_NAME + 1], last[MOST_NAME + 1], row[MOST_NAME + 1];
    size_t n = strlen(b);
    if (strlen(a) > MOST_NAME || n > MOST_NAME)
        return MOST_NAME;
    for (size_t k = 0; k <= n; k++)
        before[k] = last[k] = k;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        row[0] = i;
        for (size_t k = 1; k <= n; k++) {
            bool same = folded(a[i - 1]) == folded(b[k - 1]);
            row[k] = least(least(last[k], row[k - 1]) + 1, last[k - 1] + !same);
            if (i > 1 && k > 1 && folded(a[i - 1]) == folded(b[k - 2]) &&
                folded(a[i - 2]) == folded(b[k - 1]))
                row[k] = least(row[k], before[k - 2] + 1);
        }
        memcpy(before, last, sizeof before);
        memcpy(last, row, sizeof last);
    }
    return last[n];
}

/* Whether the part is an abbreviation of the whole. */
static bool begins(const char *whole, const char *part) {
    size_t i = 0;
    while (part[i] != '\0' && folded(whole[i]) == folded(part[i]))
        i++;
    return part[i] == '\0' && i >= 2;
}

/* 0 for the same name; the number of mistakes where they are few for its length, an abbreviation
 * being one; else MOST_NAME. */
static size_t mistakes(const char *written, const char *name) {
    size_t n = distance(written, name);
    if (n > 1 && begins(name, written))
        return 1;
    size_t length = least(strlen(written), strlen(name));
    return n <= least(length / 3, 3) ? n : MOST_NAME;
}

/* A name that may have been meant, and whose it is. */
struct candidate {
    size_t mistakes;
    const char *name;
    const struct option_info *flag; /* whose own or other name it is; NULL: */
    const struct foreign *foreign;
};

/* Of several names that are as near, the first is kept. */
static void keep_nearer(const char *written, struct candidate candidate, struct candidate *best) {
    candidate.mistakes = mistakes(written, candidate.name);
    if (candidate.mistakes < best->mistakes)
        *best = candidate;
}

static struct candidate find_nearest(const char *written) {
    struct candidate best = {.mistakes = MOST_NAME};
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        const struct option_info *flag = option_info(i);
        keep_nearer(written, (struct candidate){.name = flag->name, .flag = flag}, &best);
    }
    for (size_t i = 0; i < OPTION_ROWS; i++)
        for (const char *const *word = option_row(i)->synonyms; word && *word; word++)
            keep_nearer(written, (struct candidate){.name = *word, .flag = option_info(i)}, &best);
    for (size_t i = 0; i < FOREIGN; i++)
        keep_nearer(written, (struct candidate){.name = foreign[i].name, .foreign = &foreign[i]},
                    &best);
    return best;
}

void hint_flag(const char *name, struct text *out) {
    const struct candidate meant = find_nearest(name);
    if (!meant.name)
        return;
    if (meant.flag && meant.name == meant.flag->name)
        text_format(out, ": did you mean --%s?", meant.name);
    else if (meant.flag)
        text_format(out, ": Ultralytics' --%s is --%s here", meant.name, meant.flag->name);
    else if (meant.foreign->ours)
        text_format(out, ": Ultralytics' --%s is %s here", meant.name, meant.foreign->ours);
    else
        text_format(out, ": Ultralytics' --%s is not needed here: %s", meant.name,
                    meant.foreign->why);
}

static bool is_one_of(const char *word, const char *const *words) {
    while (*words && strcasecmp(word, *words) != 0)
        words++;
    return *words != NULL;
}

/* Whether the word is a command's that does not stand first, or nearly one. */
static bool hint_command(const char *word, struct text *out) {
    for (int i = COMMAND_VERIFY + 1; i < COMMAND_COUNT; i++) {
        const struct command_info *info = command_info((enum command)i);
        size_t n = mistakes(word, info->word);
        if (n == 0)
            text_format(out, ": a command stands first: verify %s %s", info->word, info->arguments);
        else if (n < MOST_NAME)
            text_format(out, ": did you mean verify %s %s?", info->word, info->arguments);
        if (n < MOST_NAME)
            return true;
    }
    return false;
}

void hint_word(const char *word, const char *after, struct text *out) {
    static const char *const modes[] = {"yolo",      "train",     "val",     "predict",  "track",
                                        "benchmark", "detect",    "segment", "classify", "pose",
                                        "obb",       "solutions", NULL};
    bool negated, on;
    int row = after ? option_find(after, &negated) : -1;
    bool is_switch = row >= 0 && option_is_switch((size_t)row);
    if (hint_command(word, out))
        return;
    if (is_one_of(word, modes)) {
        text_string(out, ": verify has no modes and tasks: write verify --model FILE --data PATH");
        return;
    }
    if (is_switch && option_read_switch(word, &on)) {
        text_format(out, ": write --%s=%s", after, word);
        return;
    }
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        const struct option_info *info = option_info(i);
        if (info->suffixes && has_suffix_of(word, info->suffixes) && (int)i != row) {
            text_format(out, ": is it meant for --%s?", info->name);
            return;
        }
    }
    /* One hyphen, or the long dashes that word processors make of two. */
    const char *name = word;
    while (*name == '-' || strncmp(name, "\xe2\x80\x93", 3) == 0 ||
           strncmp(name, "\xe2\x80\x94", 3) == 0)
        name += *name == '-' ? 1 : 3;
    if (name > word && option_find(name, &negated) >= 0)
        text_format(out, ": a flag begins with two plain hyphens, --%s", name);
    else if (is_switch)
        text_format(out, ": --%s takes no value but =True or =False", after);
    else if (after)
        text_format(out, ": --%s takes one value, in quotes where it has blanks", after);
}
