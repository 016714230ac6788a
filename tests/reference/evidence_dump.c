/* Judges a picture from its views, a file each (see tests/unit/evidence_case.h; behind a case the
 * judge's number of each of its classes, where those differ), with the labels and parameters of the
 * first, and writes the findings to standard output as little-endian float32: for each label
 * judged, own, rival, contest, suggested, near, here, margin, shift, ghost, dup, twin, location,
 * found, copy, group, whether there is a refined box, its corners, verdict, reason, score; then the
 * number of missing objects, each as class, confidence, corners, certainty; the predictions
 * likewise; the image's score; the number of hypotheses, each as bin and evidence. With the
 * verdict's default thresholds. */
#include <stdio.h>
#include <string.h>

#include "evidence_case.h"
#include "judge/judge.h"

enum { VIEWS_MOST = 8 };

static void put(float number) {
    fwrite(&number, sizeof number, 1, stdout);
}

/* In the order of REASONS in evidence_parity.py; beyond its end where it has none of that name. */
static float reason_number(const char *reason) {
    static const char *const reasons[] = {"class", "location", "contested",
                                          "weak",  "unseen",   "duplicate"};
    if (!reason)
        return 0;
    size_t i = 0;
    while (i < sizeof reasons / sizeof *reasons && strcmp(reason, reasons[i]) != 0)
        i++;
    return (float)(i + 1);
}

static void put_evidence(const struct evidence *evidence) {
    static const struct thresholds defaults = {.max_margin = 3.5f,
                                               .max_shift = 3,
                                               .max_ghost = 7.5f,
                                               .min_own = 0.15f,
                                               .max_dup = 0.7f,
                                               .missing_conf = 0.5f};
    struct ruling ruling = verdict_of(evidence, &defaults);
    const float fields[] = {evidence->judged,
                            evidence->own,
                            evidence->rival,
                            evidence->contest,
                            (float)evidence->suggested,
                            evidence->near,
                            evidence->here,
                            evidence->margin,
                            evidence->shift,
                            evidence->ghost,
                            evidence->dup,
                            (float)evidence->twin,
                            evidence->location,
                            evidence->found,
                            evidence->copy,
                            evidence->group,
                            evidence->has_refined,
                            evidence->refined[0],
                            evidence->refined[1],
                            evidence->refined[2],
                            evidence->refined[3],
                            (float)ruling.verdict,
                            reason_number(reason_name(ruling.reason)),
                            (float)box_score(evidence)};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        put(fields[i]);
}

static void put_detections(const struct detections *detections) {
    put((float)detections->count);
    for (size_t i = 0; i < detections->count; i++) {
        put((float)detections->items[i].class);
        put(detections->items[i].confidence);
        for (size_t j = 0; j < 4; j++)
            put(detections->items[i].box[j]);
        put(detections->items[i].certainty);
    }
}

/* A view, and the judge's class of each of its own. */
struct seen {
    struct evidence_case file;
    uint32_t *classes; /* owned */
};

/* Reads a case, and behind it the judge's number of each of its classes, unless they are the same.
 */
static bool seen_read(const char *path, struct seen *seen) {
    FILE *stream = fopen(path, "rb");
    bool read = stream && case_read(&seen->file, stream);
    size_t n = seen->file.head.n_classes;
    if (read && seen->file.at < seen->file.count) {
        seen->classes = calloc(n, sizeof *seen->classes);
        for (size_t i = 0; i < n && seen->classes; i++)
            seen->classes[i] = (uint32_t)case_size(&seen->file);
        read = seen->classes && seen->file.at == seen->file.count;
    }
    if (stream)
        fclose(stream);
    return read;
}

/* By the judge and of the labels of the first. */
static bool judge_all(const struct seen *all, size_t n, struct findings *findings) {
    struct judge judge = all[0].file.judge;
    judge.self_test = true;
    struct view views[VIEWS_MOST];
    struct judge_scratch *scratch;
    for (size_t i = 0; i < n; i++) {
        const struct evidence_case *file = &all[i].file;
        views[i] = (struct view){.head = &file->head,
                                 .maps = &file->maps,
                                 .letterbox = &file->letterbox,
                                 .classes = all[i].classes};
        for (size_t k = 0; all[i].classes && k < file->head.n_classes; k++)
            if (all[i].classes[k] >= judge.n_classes)
                judge.n_classes = all[i].classes[k] + 1;
    }
    bool judged = judge_scratch_make(&scratch) == STATUS_OK &&
                  judge_picture(&judge, views, n, all[0].file.targets, all[0].file.n_targets,
                                scratch, findings) == STATUS_OK;
    judge_scratch_free(scratch);
    if (!judged)
        fprintf(stderr, "%s\n", status_message());
    return judged;
}

int main(int argc, char **argv) {
    struct seen all[VIEWS_MOST] = {0};
    struct findings findings = {0};
    size_t n = 0;
    bool read = argc > 1 && argc <= VIEWS_MOST + 1;
    while (read && n + 1 < (size_t)argc) {
        read = seen_read(argv[n + 1], &all[n]);
        n++;
    }
    if (!read)
        fprintf(stderr, "usage: evidence_dump CASE ... (%d at most)\n", VIEWS_MOST);
    bool judged = read && judge_all(all, n, &findings);
    for (size_t i = 0; judged && i < findings.n_evidence; i++)
        put_evidence(&findings.evidence[i]);
    if (judged) {
        put_detections(&findings.missing);
        put_detections(&findings.predictions);
        put((float)image_score(&findings));
        put((float)findings.n_hypotheses);
        for (size_t i = 0; i < findings.n_hypotheses; i++) {
            put(findings.hypotheses[i].bin);
            put(findings.hypotheses[i].evidence);
        }
        judged = fflush(stdout) == 0;
    }
    findings_free(&findings);
    for (size_t i = 0; i < n; i++) {
        case_free(&all[i].file);
        free(all[i].classes);
    }
    return !judged;
}
