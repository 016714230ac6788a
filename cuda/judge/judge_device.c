/* A batch of pictures on its way through the judge: labels up, kernels, findings back. */
#include "cuda/judge/judge_device.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cuda/judge/judge_batch.h"
#include "cuda/memory.h"
#include "judge/hypotheses.h"

/* Objects that the first copy back has room for, a picture: most pictures have far fewer. */
enum { FIRST_OBJECTS = 128 };

/* Memory on both sides, grown together. */
struct mirror {
    void *host, *device; /* host: pinned */
    size_t host_bytes, device_bytes;
};

/* How many labels of a picture have each class. */
struct label_counts {
    uint32_t *counts; /* [classes] */
    size_t capacity;
    size_t n_present, present_capacity;
    uint32_t *present; /* the classes that labels have, each once */
};

/* What a batch takes of the mirrors. */
struct needs {
    size_t input;        /* on either side */
    size_t first, most;  /* objects that are copied back at once, and that there may be */
    size_t back, result; /* bytes that are copied back at once, and all */
};

struct judgement {
    struct device_judge *device;
    struct mirror input, result;
    /* What was described last. */
    struct judge_batch batch;
    const struct picture *pictures;
    struct needs needs;
    /* Of what was enqueued, on the host's side but for `objects`. */
    size_t n_judged;
    const struct judge_found *found;
    const struct judge_evidence *evidence;
    const float *sums;
    const struct judge_object *first; /* of the objects, n_first of them */
    const struct judge_object *objects;
    size_t n_first;
    struct judge_object *rest; /* those beyond the first */
    size_t rest_capacity;
    struct label_counts labels; /* of the picture at hand */
    float *knowing;             /* [classes]: how many of the batch's views know each */
    size_t knowing_capacity;
};

enum status judgement_make(struct device_judge *device, struct judgement **out) {
    enum status status;
    TRY(memory_zeroed(1, sizeof **out, out));
    (*out)->device = device;
out:
    return status;
}

static void mirror_free(struct mirror *mirror) {
    device_pinned_free(mirror->host);
    device_free(mirror->device);
    *mirror = (struct mirror){0};
}

void judgement_free(struct judgement *judgement) {
    if (!judgement)
        return;
    mirror_free(&judgement->input);
    mirror_free(&judgement->result);
    free(judgement->rest);
    free(judgement->knowing);
    free(judgement->labels.counts);
    free(judgement->labels.present);
    free(judgement);
}

static bool mirror_fits(const struct mirror *mirror, size_t host_bytes, size_t device_bytes) {
    return host_bytes <= mirror->host_bytes && device_bytes <= mirror->device_bytes;
}

static enum status mirror_reserve(struct mirror *mirror, size_t host_bytes, size_t device_bytes) {
    enum status status = STATUS_OK;
    if (mirror_fits(mirror, host_bytes, device_bytes))
        return STATUS_OK;
    mirror_free(mirror);
    host_bytes += host_bytes / 2;
    device_bytes += device_bytes / 2;
    TRY(device_pinned_alloc(host_bytes, &mirror->host));
    TRY(device_alloc(device_bytes, &mirror->device));
    mirror->host_bytes = host_bytes;
    mirror->device_bytes = device_bytes;
out:
    if (status != STATUS_OK)
        mirror_free(mirror);
    return status;
}

/* The parts of what goes up. */
struct input {
    struct judge_view *views;
    struct judge_plane *planes;
    uint32_t *knowing;
    struct judge_letterbox *letterboxes;
    struct judge_picture *pictures;
    struct judge_label *labels;
    struct judge_counts *counts;
    uint32_t *n_objects;
};

static struct input place_input(struct room *room, const struct judge_batch *batch) {
    struct input input;
    input.views = room_take(room, batch->n_views, sizeof *input.views);
    input.planes = room_take(room, batch->n_planes, sizeof *input.planes);
    input.knowing = room_take(room, batch->n_classes, sizeof *input.knowing);
    input.letterboxes =
        room_take(room, (size_t)batch->n_pictures * batch->n_views, sizeof *input.letterboxes);
    input.pictures = room_take(room, batch->n_judged, sizeof *input.pictures);
    input.labels = room_take(room, batch->n_labels, sizeof *input.labels);
    input.counts = room_take(room, batch->n_pictures, sizeof *input.counts);
    input.n_objects = room_take(room, 1, sizeof *input.n_objects);
    return input;
}

/* Returns the lowest gain. */
static float write_letterboxes(const struct judge_batch *batch, const struct picture *picture,
                               size_t index, const struct input *input) {
    float gain = picture->views[0].letterbox.gain;
    for (size_t v = 0; v < batch->n_views; v++) {
        const struct letterbox *in = &picture->views[v].letterbox;
        gain = fminf(gain, in->gain);
        input->letterboxes[index * batch->n_views + v] =
            (struct judge_letterbox){(float)in->left, (float)in->top, in->gain_x, in->gain_y};
    }
    return gain;
}

/* Of the picture at `index` of those that are judged; *at: where in the batch's labels. */
static void write_labels(const struct judge_batch *batch, uint32_t index,
                         const struct target *targets, size_t n, uint32_t *at,
                         const struct input *input) {
    input->pictures[index].first_label = *at;
    input->pictures[index].n_labels = (uint32_t)n;
    for (size_t k = 0; k < n; k++) {
        const struct target *target = &targets[k];
        bool known = target->class >= 0 && (uint32_t)target->class < batch->n_classes &&
                     input->knowing[target->class] > 0;
        input->labels[(*at)++] = (struct judge_label){box_or_empty(box_of(target->box)),
                                                      known ? target->class : -1, index};
    }
}

static void write_pictures(const struct judge_batch *batch, const struct picture *pictures,
                           const struct input *input) {
    uint32_t at = 0, second = batch->n_pictures;
    for (uint32_t i = 0; i < batch->n_pictures; i++) {
        input->pictures[i] = (struct judge_picture){
            .gain = write_letterboxes(batch, &pictures[i], i, input), .source = i, .second = i};
        write_labels(batch, i, pictures[i].targets, pictures[i].n_labels, &at, input);
    }
    for (uint32_t i = 0; i < batch->n_pictures; i++) {
        if (!pictures[i].planted)
            continue;
        input->pictures[second] = input->pictures[i];
        input->pictures[i].second = second;
        write_labels(batch, second, pictures[i].planted, pictures[i].n_planted, &at, input);
        second++;
    }
}

static size_t n_sums(const struct judge_batch *batch) {
    return (size_t)batch->n_supposed * JUDGE_SUMS * batch->n_classes;
}

static struct needs needs_of(const struct judge_batch *batch) {
    struct needs needs = {0};
    struct room input = {0}, result = {0};
    size_t n = batch->n_pictures, n_second = batch->n_judged - n;
    place_input(&input, batch);
    needs.input = input.used;
    for (size_t i = 0; i < JUDGE_LISTS; i++)
        needs.most += (n + (i == JUDGE_MISSING ? n_second : 0)) * batch->lists[i].most;
    size_t first = batch->n_judged * (size_t)FIRST_OBJECTS;
    needs.first = first < needs.most ? first : needs.most;
    room_take(&result, batch->n_judged, sizeof *batch->found);
    room_take(&result, batch->n_labels, sizeof *batch->evidence);
    room_take(&result, n_sums(batch), sizeof *batch->supposed);
    needs.back = result.used + needs.first * sizeof *batch->objects;
    needs.result = result.used + needs.most * sizeof *batch->objects;
    return needs;
}

static void upload_make(struct judgement *judgement) {
    struct judge_batch *batch = &judgement->batch;
    memset(judgement->input.host, 0, judgement->needs.input);
    struct room room = {.base = judgement->input.host};
    struct input input = place_input(&room, batch);
    judge_batch_views(judgement->device, input.views);
    judge_batch_planes(judgement->device, input.planes);
    judge_batch_knowing(judgement->device, input.knowing);
    for (uint32_t k = 0; k < batch->n_classes; k++)
        judgement->knowing[k] = (float)input.knowing[k];
    write_pictures(batch, judgement->pictures, &input);
    room = (struct room){.base = judgement->input.device};
    input = place_input(&room, batch);
    batch->views = input.views;
    batch->planes = input.planes;
    batch->knowing = input.knowing;
    batch->letterboxes = input.letterboxes;
    batch->pictures = input.pictures;
    batch->labels = input.labels;
    batch->counts = input.counts;
    batch->n_objects = input.n_objects;
}

static void place_result(struct judgement *judgement) {
    struct judge_batch *batch = &judgement->batch;
    const struct needs *needs = &judgement->needs;
    size_t n = batch->n_judged;
    struct room room = {.base = judgement->result.device};
    batch->found = room_take(&room, n, sizeof *batch->found);
    batch->evidence = room_take(&room, batch->n_labels, sizeof *batch->evidence);
    batch->supposed = room_take(&room, n_sums(batch), sizeof *batch->supposed);
    batch->objects = room_take(&room, needs->most, sizeof *batch->objects);
    judgement->objects = batch->objects;
    judgement->n_judged = n;
    judgement->n_first = needs->first;
    room = (struct room){.base = judgement->result.host};
    judgement->found = room_take(&room, n, sizeof *batch->found);
    judgement->evidence = room_take(&room, batch->n_labels, sizeof *batch->evidence);
    judgement->sums = room_take(&room, n_sums(batch), sizeof *batch->supposed);
    judgement->first = room_take(&room, needs->first, sizeof *batch->objects);
}

enum status judgement_describe(struct judgement *judgement, const struct judged_view *views,
                               size_t n_views, const struct picture *pictures, size_t n) {
    enum status status;
    struct judge_batch *batch = &judgement->batch;
    size_t n_labels = 0, n_planted = 0, n_second = 0, most_labels = 0;
    for (size_t i = 0; i < n; i++) {
        n_labels += pictures[i].n_labels;
        most_labels = pictures[i].n_labels > most_labels ? pictures[i].n_labels : most_labels;
        if (!pictures[i].planted)
            continue;
        n_second++;
        n_planted += pictures[i].n_planted;
        most_labels = pictures[i].n_planted > most_labels ? pictures[i].n_planted : most_labels;
    }
    if (n > judgement->device->batch || n_labels + n_planted > INT32_MAX)
        return FAIL(STATUS_FAILED, "a batch of %zu pictures with %zu labels is too large to judge",
                    n, n_labels);
    TRY(judge_batch_describe(judgement->device, views, n_views, most_labels, batch));
    batch->n_pictures = (uint32_t)n;
    batch->n_judged = (uint32_t)(n + n_second);
    batch->n_labels = (uint32_t)(n_labels + n_planted);
    batch->n_supposed = judgement->device->judge->self_test ? (uint32_t)n_labels : 0;
    judgement->pictures = pictures;
    judgement->needs = needs_of(batch);
out:
    return status;
}

bool judgement_fits(struct judgement *judgement) {
    const struct needs *needs = &judgement->needs;
    return judge_batch_fits(judgement->device, &judgement->batch) &&
           mirror_fits(&judgement->input, needs->input, needs->input) &&
           mirror_fits(&judgement->result, needs->back, needs->result);
}

enum status judgement_reserve(struct judgement *judgement, stream_handle stream) {
    enum status status;
    const struct needs *needs = &judgement->needs;
    TRY(judge_batch_reserve(judgement->device, &judgement->batch, stream));
    TRY(mirror_reserve(&judgement->result, needs->back, needs->result));
    TRY(mirror_reserve(&judgement->input, needs->input, needs->input));
out:
    return status;
}

enum status judgement_enqueue(struct judgement *judgement, stream_handle stream) {
    enum status status;
    const struct judge_batch *batch = &judgement->batch;
    TRY(judgement_reserve(judgement, stream));
    TRY(memory_reserve(&judgement->knowing, &judgement->knowing_capacity, batch->n_classes,
                       sizeof *judgement->knowing));
    place_result(judgement);
    upload_make(judgement);
    TRY(device_upload_async(judgement->input.host, judgement->needs.input, judgement->input.device,
                            stream));
    TRY(judge_boxes_decode(batch, stream));
    TRY(judge_candidates_find(batch, stream));
    TRY(judge_evidence_find(batch, stream));
    TRY(judge_objects_find(batch, stream));
    TRY(device_download_async(judgement->result.device, judgement->needs.back,
                              judgement->result.host, stream));
out:
    return status;
}

/* Fetches the objects for which the first copy had no room. */
static enum status fetch_rest(struct judgement *judgement) {
    enum status status = STATUS_OK;
    size_t n = 0, n_first = judgement->n_first;
    for (size_t i = 0; i < judgement->n_judged; i++)
        for (size_t k = 0; k < JUDGE_LISTS; k++)
            n += judgement->found[i].count[k];
    if (n <= n_first)
        return STATUS_OK;
    TRY(memory_reserve(&judgement->rest, &judgement->rest_capacity, n - n_first,
                       sizeof *judgement->rest));
    TRY(device_download(judgement->objects + n_first, (n - n_first) * sizeof *judgement->rest,
                        judgement->rest));
out:
    return status;
}

static enum status read_objects(const struct judgement *judgement, size_t begin, size_t n,
                                struct detections *detections) {
    enum status status;
    detections->count = 0;
    TRY(memory_reserve(&detections->items, &detections->capacity, n, sizeof *detections->items));
    for (size_t i = begin; i < begin + n; i++) {
        const struct judge_object *object = i < judgement->n_first
                                                ? &judgement->first[i]
                                                : &judgement->rest[i - judgement->n_first];
        detections->items[detections->count++] = (struct detection){
            .class = object->kind,
            .confidence = object->score,
            .box = {object->box.x1, object->box.y1, object->box.x2, object->box.y2},
            .certainty = object->certainty};
    }
out:
    return status;
}

static struct evidence evidence_of(const struct judge_evidence *from) {
    return (struct evidence){
        .judged = from->judged,
        .own = from->own,
        .rival = from->rival,
        .contest = from->contest,
        .suggested = from->suggested,
        .near = from->near,
        .here = from->here,
        .margin = from->margin,
        .shift = from->shift,
        .ghost = from->ghost,
        .dup = from->dup,
        .location = from->location,
        .found = from->found,
        .size = from->size,
        .has_refined = from->has_refined,
        .refined = {from->refined.x1, from->refined.y1, from->refined.x2, from->refined.y2},
        .twin = from->twin,
    };
}

static enum status label_counts_set(struct label_counts *labels, const struct target *targets,
                                    size_t n, size_t n_classes) {
    enum status status;
    TRY(memory_reserve(&labels->counts, &labels->capacity, n_classes, sizeof *labels->counts));
    TRY(memory_reserve(&labels->present, &labels->present_capacity, n_classes,
                       sizeof *labels->present));
    labels->n_present = 0;
    memset(labels->counts, 0, n_classes * sizeof *labels->counts);
    for (size_t i = 0; i < n; i++) {
        int32_t class = targets[i].class;
        if (class >= 0 && (size_t) class < n_classes && labels->counts[class]++ == 0)
            labels->present[labels->n_present++] = (uint32_t) class;
    }
out:
    return status;
}

/* Reads what was found of n targets of the picture at `index` of those that were judged; *evidence
 * moves behind them. */
static enum status read_findings(const struct judgement *judgement, size_t index, size_t n,
                                 const struct target *targets,
                                 const struct judge_evidence **evidence,
                                 struct findings *findings) {
    enum status status;
    const struct judge_found *found = &judgement->found[index];
    TRY(memory_reserve(&findings->evidence, &findings->evidence_capacity, n,
                       sizeof *findings->evidence));
    findings->n_evidence = n;
    findings->n_hypotheses = 0;
    findings->not_finite = found->not_finite;
    findings->implausible = found->implausible;
    for (size_t k = 0; k < n; k++)
        findings->evidence[k] = evidence_of((*evidence)++);
    TRY(read_objects(judgement, found->first[JUDGE_MISSING], found->count[JUDGE_MISSING],
                     &findings->missing));
    TRY(read_objects(judgement, found->first[JUDGE_PREDICTIONS], found->count[JUDGE_PREDICTIONS],
                     &findings->predictions));
    findings_relate(targets, findings);
out:
    return status;
}

/* What a picture's labels would be with other classes; *sums moves behind theirs. */
static enum status read_hypotheses(struct judgement *judgement, const struct picture *picture,
                                   const float **sums) {
    enum status status = STATUS_OK;
    const struct judge *judge = judgement->device->judge;
    struct findings *findings = picture->findings;
    size_t n = picture->n_labels, n_classes = judge->n_classes;
    if (!judge->self_test)
        return STATUS_OK;
    TRY(memory_reserve(&findings->hypotheses, &findings->hypothesis_capacity, n * n_classes,
                       sizeof *findings->hypotheses));
    TRY(label_counts_set(&judgement->labels, picture->targets, n, n_classes));
    for (size_t i = 0; i < n; i++, *sums += JUDGE_SUMS * n_classes) {
        int32_t class = picture->targets[i].class;
        if (!findings->evidence[i].judged)
            continue;
        const struct hypothesis_basis basis = {
            .class = (uint32_t) class,
            .own = *sums + JUDGE_SUM_OWN * n_classes,
            .rival = *sums + JUDGE_SUM_RIVAL * n_classes,
            .knowing = judgement->knowing,
            .n_present = judgement->labels.n_present,
            .present = judgement->labels.present,
            .has_own = judgement->labels.counts[class] > 1,
        };
        hypotheses_find(judge, &basis, findings->hypotheses + i * n_classes);
    }
    findings->n_hypotheses = n * n_classes;
out:
    return status;
}

enum status judgement_finish(struct judgement *judgement, const struct picture *pictures,
                             size_t n) {
    enum status status;
    const struct judge_evidence *evidence = judgement->evidence;
    const float *sums = judgement->sums;
    size_t second = n;
    TRY(fetch_rest(judgement));
    for (size_t i = 0; i < n; i++) {
        TRY(read_findings(judgement, i, pictures[i].n_labels, pictures[i].targets, &evidence,
                          pictures[i].findings));
        TRY(read_hypotheses(judgement, &pictures[i], &sums));
    }
    for (size_t i = 0; i < n; i++)
        if (pictures[i].planted)
            TRY(read_findings(judgement, second++, pictures[i].n_planted, pictures[i].planted,
                              &evidence, pictures[i].planted_findings));
out:
    return status;
}
