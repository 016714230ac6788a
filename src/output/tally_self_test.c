/* The words of the self-test in an image's line. */
#include "output/tally_self_test.h"

#include "output/digits.h"
#include "output/fields.h"

enum {
    FIRST_BIN = 'a',
    NO_BIN = '-',
    BINS = MARGIN_BINS,
};

/* ---------------------------------------------------------------- writing */

/* A run of classes with the same letter. */
struct bin_run {
    char letter;
    uint64_t length;
};

static void end_run(struct bin_run *run, struct text *line) {
    if (run->length > 0)
        text_bytes(line, &run->letter, 1);
    if (run->length > 1)
        text_count(line, run->length);
    run->length = 0;
}

static void add_to_run(struct bin_run *run, char letter, struct text *line) {
    if (run->length > 0 && run->letter != letter)
        end_run(run, line);
    run->letter = letter;
    run->length++;
}

/* Of a class of the data set; NO_HYPOTHESIS where there is none. */
static struct hypothesis hypothesis_of(const struct hypothesis *hypotheses,
                                       const struct class_map *classes, size_t class) {
    int32_t in_model = classes->to_model[class];
    return in_model < 0 ? (struct hypothesis){NO_HYPOTHESIS, 0} : hypotheses[in_model];
}

static void write_by_class(const struct hypothesis *hypotheses, const struct class_map *classes,
                           struct text *line) {
    struct bin_run run = {0};
    for (size_t k = 0; k < classes->n_data; k++) {
        uint8_t bin = hypothesis_of(hypotheses, classes, k).bin;
        add_to_run(&run, bin == NO_HYPOTHESIS ? NO_BIN : (char)(FIRST_BIN + bin), line);
    }
    end_run(&run, line);
    for (size_t k = 0; k < classes->n_data; k++) {
        struct hypothesis hypothesis = hypothesis_of(hypotheses, classes, k);
        if (hypothesis.bin == NO_HYPOTHESIS || hypothesis.evidence == 0)
            continue;
        text_string(line, ",");
        text_count(line, k);
        text_string(line, ":");
        text_count(line, hypothesis.evidence);
    }
}

static void write_by_bin(const struct hypothesis *hypotheses, const struct class_map *classes,
                         struct text *line) {
    uint64_t counts[MARGIN_BINS] = {0};
    for (size_t k = 0; k < classes->n_data; k++) {
        uint8_t bin = hypothesis_of(hypotheses, classes, k).bin;
        if (bin < MARGIN_BINS)
            counts[bin]++;
    }
    for (size_t i = 0; i < MARGIN_BINS; i++) {
        struct bin_run run = {(char)(FIRST_BIN + i), counts[i]};
        end_run(&run, line);
    }
}

static void write_label(const struct box_result *box, const struct hypothesis *hypotheses,
                        const struct class_map *classes, struct text *line) {
    char margin = (char)(FIRST_BIN + margin_bin(box->evidence.margin));
    text_string(line, " s");
    text_count(line, box->label.class);
    text_string(line, ".");
    text_bytes(line, &margin, 1);
    text_string(line, ".");
    if (!hypotheses)
        return;
    if (classes->n_data <= PAIRED_CLASSES)
        write_by_class(hypotheses, classes, line);
    else
        write_by_bin(hypotheses, classes, line);
}

void self_test_label_words(const struct image_result *result, const struct class_map *classes,
                           struct text *line) {
    const struct hypothesis *of_box = result->hypotheses;
    for (size_t i = 0; result->self_test && i < result->n_boxes; i++) {
        if (result->boxes[i].evidence.judged)
            write_label(&result->boxes[i], of_box, classes, line);
        of_box = of_box ? of_box + classes->n_model : NULL;
    }
}

void self_test_words(const struct image_result *result, const struct class_map *classes,
                     struct text *line) {
    self_test_label_words(result, classes, line);
    for (size_t i = 0; i < result->n_planted; i++) {
        const struct planted_result *planted = &result->planted[i];
        text_string(line, " p");
        text_count(line, (uint64_t)planted->kind);
        if (!planted->doubted)
            continue;
        text_string(line, ".");
        text_count(line, (uint64_t)planted->reason);
    }
}

/* ---------------------------------------------------------------- reading */

static bool read_bin(const char **at, size_t *bin) {
    char letter = *(*at)++;
    *bin = (size_t)(letter - FIRST_BIN);
    return letter >= FIRST_BIN && *bin < MARGIN_BINS;
}

/* The label of a class with `length` others of a bin, from `first` on. */
static void count_others(struct self_test_sums *sums, size_t class, size_t first, size_t length,
                         size_t bin) {
    sums->counts[SUMS_OTHERS + bin] += length;
    for (size_t k = first; k < first + length; k++) {
        uint64_t *pair = self_test_pair(sums, class, k);
        if (!pair)
            return;
        pair[bin]++;
    }
}

static bool read_others(const char **at, size_t class, size_t n_classes,
                        struct self_test_sums *sums) {
    size_t first = 0;
    while (**at == NO_BIN || (**at >= FIRST_BIN && **at < FIRST_BIN + BINS)) {
        bool none = **at == NO_BIN;
        size_t bin = (size_t)(**at - FIRST_BIN);
        uint64_t length = 1;
        ++*at;
        if (**at >= '0' && **at <= '9' && !digits_read(at, n_classes - first, &length))
            return false;
        if (length > n_classes - first)
            return false;
        if (sums && !none)
            count_others(sums, class, first, length, bin);
        first += length;
    }
    return true;
}

static bool read_label(const char **at, size_t n_classes, struct self_test_sums *sums) {
    uint64_t class, other, evidence;
    size_t margin;
    if (!digits_after(at, 's', INT32_MAX, &class) || *(*at)++ != '.' || !read_bin(at, &margin) ||
        *(*at)++ != '.' || !read_others(at, class, n_classes, sums))
        return false;
    if (sums)
        sums->counts[SUMS_MARGINS + margin]++;
    while (**at == ',') {
        if (!digits_after(at, ',', INT32_MAX, &other) || other >= n_classes ||
            !digits_after(at, ':', EVIDENCE_UNITS, &evidence))
            return false;
        uint64_t *pair = sums ? self_test_pair(sums, class, other) : NULL;
        if (pair)
            pair[PAIR_EVIDENCE] += evidence;
    }
    return true;
}

static bool read_planted(const char **at, struct self_test_sums *sums) {
    uint64_t kind, reason;
    if (!digits_after(at, 'p', PLANTED_KINDS - 1, &kind))
        return false;
    bool doubted = **at == '.';
    if (doubted && !digits_after(at, '.', REASON_COUNT - 1, &reason))
        return false;
    if (!sums)
        return true;
    uint64_t *counts = sums->counts + SUMS_PLANTED + kind * PLANTED_COUNTS;
    counts[PLANTED_ALL]++;
    if (doubted)
        counts[PLANTED_DOUBTED + reason]++;
    return true;
}

bool self_test_read(const char **at, size_t n_classes, struct self_test_sums *sums) {
    return **at == 's' ? read_label(at, n_classes, sums) : read_planted(at, sums);
}
