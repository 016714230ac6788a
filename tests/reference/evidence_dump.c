/* Judges one case (see tests/unit/evidence_case.h) from standard input and writes the findings to
 * standard output as little-endian float32: for each label judged, own, rival, contest, suggested,
 * near, here, margin, shift, ghost, dup, twin, location, whether there is a refined box, its
 * corners, verdict, reason, score; then the number of missing objects, each as class, confidence,
 * corners; the predictions likewise; the image's score. With the verdict's default thresholds. */
#include <stdio.h>
#include <string.h>

#include "evidence_case.h"
#include "judge/judge.h"

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
    static const struct thresholds defaults = {3.5f, 3, 7.5f, 0.15f, 0.7f, 0.5f};
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
    }
}

int main(void) {
    struct evidence_case file;
    struct judge_scratch *scratch = NULL;
    struct findings findings = {0};
    int failed = 1;
    if (!case_read(&file, stdin)) {
        fprintf(stderr, "standard input holds no case\n");
        goto out;
    }
    if (judge_scratch_make(&scratch) != STATUS_OK ||
        judge_picture(
            &file.judge,
            &(struct view){.head = &file.head, .maps = &file.maps, .letterbox = &file.letterbox}, 1,
            file.targets, file.n_targets, scratch, &findings) != STATUS_OK) {
        fprintf(stderr, "%s\n", status_message());
        goto out;
    }
    for (size_t i = 0; i < findings.n_evidence; i++)
        put_evidence(&findings.evidence[i]);
    put_detections(&findings.missing);
    put_detections(&findings.predictions);
    put((float)image_score(&findings));
    failed = fflush(stdout) != 0;
out:
    findings_free(&findings);
    judge_scratch_free(scratch);
    case_free(&file);
    return failed;
}
