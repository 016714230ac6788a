/* A second, closer look at labels whose place is in doubt. */
#include "job/second_look.h"

#include <stdlib.h>

#include "base/memory.h"
#include "judge/zoom.h"

enum status second_look_make(const struct verify_job *job, size_t batch,
                             struct second_look *second) {
    enum status status = STATUS_OK;
    *second = (struct second_look){.batch = batch};
    if (!job->zoom)
        return STATUS_OK;
    TRY(memory_zeroed(batch, sizeof *second->looks, &second->looks));
    TRY(memory_zeroed(batch, sizeof *second->pictures, &second->pictures));
out:
    return status;
}

void second_look_free(struct second_look *second) {
    for (size_t i = 0; second->looks && i < second->batch; i++) {
        free(second->looks[i].targets);
        free(second->looks[i].views);
        findings_free(&second->looks[i].findings);
    }
    free(second->looks);
    free(second->pictures);
    image_free(&second->crop);
}

/* The networks that judged the image, each at the size at which it looks closer. */
static enum status plan_views(const struct verify_job *job, struct look *look) {
    enum status status;
    const struct item *item = look->item;
    TRY(memory_reserve(&look->views, &look->view_capacity, item->n_views, sizeof *look->views));
    for (size_t i = 0; i < item->n_views; i++) {
        const struct backend_network *network = &job->networks[item->views[i].network];
        uint32_t stride = (uint32_t)network->model->stride;
        struct letterbox_frame frame =
            network_frame(network->model, zoom_size(network->imgsz, stride), false);
        look->views[i] = (struct picture_view){
            item->views[i].network, letterbox_within(look->crop.width, look->crop.height, &frame)};
    }
out:
    return status;
}

/* Stages the label's crop as the next one. */
static enum status stage(const struct verify_job *job, struct item *item, size_t label,
                         const struct crop *crop, struct second_look *second) {
    enum status status;
    struct look *look = &second->looks[second->n];
    size_t slot = job->slots + second->n, n_labels = item->labels.n_labels;
    look->item = item;
    look->label = label;
    look->crop = *crop;
    TRY(memory_reserve(&look->targets, &look->target_capacity, n_labels, sizeof *look->targets));
    zoom_targets(item->targets, n_labels, crop, look->targets);
    TRY(plan_views(job, look));
    TRY(image_crop(&item->image, crop, &second->crop));
    TRY(job->interface->stage(job->backend, slot, &second->crop, look->views, item->n_views));
    second->pictures[second->n++] = (struct picture){.slot = slot,
                                                     .n_views = item->n_views,
                                                     .views = look->views,
                                                     .n_labels = n_labels,
                                                     .targets = look->targets,
                                                     .findings = &look->findings};
out:
    return status;
}

/* Looks at what is staged. */
static enum status look_at_all(const struct verify_job *job, struct second_look *second) {
    enum status status = STATUS_OK;
    if (second->n == 0)
        return STATUS_OK;
    TRY(job->interface->submit(job->backend, second->pictures, second->n));
    TRY(job->interface->collect(job->backend));
    for (size_t i = 0; i < second->n; i++) {
        const struct look *look = &second->looks[i];
        struct findings *findings = &look->item->findings;
        findings->not_finite = findings->not_finite || look->findings.not_finite;
        findings->implausible = findings->implausible || look->findings.implausible;
        zoom_add(&look->findings.evidence[look->label], &look->crop,
                 &findings->evidence[look->label]);
    }
    second->n = 0;
out:
    return status;
}

static enum status take_item(const struct verify_job *job, struct item *item,
                             struct second_look *second) {
    enum status status = STATUS_OK;
    if (item->error[0] || item->findings.not_finite || item->findings.implausible)
        return STATUS_OK;
    for (size_t i = 0; i < item->labels.n_labels; i++) {
        struct crop crop;
        if (!zoom_plan(&item->findings.evidence[i], &item->targets[i], item->width, item->height,
                       &crop))
            continue;
        TRY(stage(job, item, i, &crop, second));
        if (second->n == second->batch)
            TRY(look_at_all(job, second));
    }
out:
    return status;
}

enum status second_look_take(const struct verify_job *job, const struct flight *flight,
                             struct second_look *second) {
    enum status status = STATUS_OK;
    if (!job->zoom)
        return STATUS_OK;
    for (size_t i = 0; i < flight->n_items; i++)
        TRY(take_item(job, flight->items[i], second));
    TRY(look_at_all(job, second));
    for (size_t i = 0; i < flight->n_items; i++)
        image_release(&flight->items[i]->image);
out:
    return status;
}
