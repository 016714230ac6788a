/* Where feature maps lie: roots, and views of them; the list of steps. */
#include "base/memory.h"
#include "cuda/network/network_plan.h"

enum { ROW_BYTES = 16 };

size_t network_alignment(enum element element) {
    return ROW_BYTES / element_size(element);
}

size_t channels_aligned(enum element element, size_t channels) {
    size_t alignment = network_alignment(element);
    return (channels + alignment - 1) / alignment * alignment;
}

enum status feature_add(struct network *network, const struct feature *wanted, size_t *out) {
    enum status status;
    TRY(memory_reserve(&network->features, &network->feature_capacity, network->n_features + 1,
                       sizeof *network->features));
    struct feature *feature = &network->features[network->n_features];
    *feature = *wanted;
    feature->begin = SIZE_MAX;
    feature->end = 0;
    *out = network->n_features++;
out:
    return status;
}

enum status step_add(struct network *network, enum step_kind kind, size_t src, size_t dst,
                     struct step **out) {
    enum status status;
    TRY(memory_reserve(&network->steps, &network->step_capacity, network->n_steps + 1,
                       sizeof *network->steps));
    struct step *step = &network->steps[network->n_steps++];
    *step = (struct step){.kind = kind, .src = src, .other = NO_FEATURE};
    for (size_t i = 0; i < STEP_OUTPUTS; i++)
        step->dst[i] = NO_FEATURE;
    step->dst[0] = dst;
    *out = step;
out:
    return status;
}

enum status feature_for(struct network *network, const struct op *op, size_t *out) {
    enum status status;
    const struct shape *shape = &network->shapes[op->output];
    if (shape->rank != 4 || shape->dims[0] != 1 || shape_elements(shape) < 1)
        return network_refuse(op);
    struct feature feature = {
        .channels = (size_t)shape->dims[1],
        .height = (size_t)shape->dims[2],
        .width = (size_t)shape->dims[3],
        .pitch = channels_aligned(network->element, (size_t)shape->dims[1]),
        .element = network->element,
        .parent = NO_FEATURE,
    };
    TRY(feature_add(network, &feature, out));
    network->contents[op->output] = (struct content){.role = ROLE_MAP, .feature = *out};
out:
    return status;
}

size_t feature_root(const struct network *network, size_t feature, size_t *first) {
    *first = 0;
    while (network->features[feature].parent != NO_FEATURE) {
        *first += network->features[feature].first;
        feature = network->features[feature].parent;
    }
    return feature;
}

bool feature_is_aligned(const struct network *network, size_t feature) {
    size_t first;
    const struct feature *root = &network->features[feature_root(network, feature, &first)];
    size_t alignment = network_alignment(root->element);
    size_t channels = network->features[feature].channels;
    return first % alignment == 0 &&
           (channels % alignment == 0 || (first == 0 && channels == root->channels));
}

struct map feature_map(const struct network *network, size_t feature) {
    size_t first;
    const struct feature *view = &network->features[feature];
    const struct feature *root = &network->features[feature_root(network, feature, &first)];
    char *home = network->memory[root->home];
    return (struct map){
        .data = home ? home + root->offset + first * element_size(root->element) : NULL,
        .element = root->element,
        .n = network->n,
        .height = view->height,
        .width = view->width,
        .channels = view->channels,
        .pitch = root->pitch,
    };
}

/* A concatenation's input and the channel at which it must lie. */
struct part {
    size_t feature, start;
};

/* Moves the buffer that holds parts[k] into the concatenation, so that the part lies where it must.
 * All of it must fit, keep its alignment, and what lies there must be its own. */
static void view_part(struct network *network, size_t whole, const struct part *parts, size_t n,
                      size_t k) {
    struct feature *features = network->features;
    size_t alignment = network_alignment(network->element), first;
    size_t root = feature_root(network, parts[k].feature, &first);
    if (root == whole || features[root].home != HOME_ARENA || parts[k].start < first)
        return;
    size_t begin = parts[k].start - first, end = begin + features[root].channels;
    if (end > features[whole].channels || begin % alignment || features[root].channels % alignment)
        return;
    for (size_t i = 0; i < n; i++) {
        size_t part_end = parts[i].start + features[parts[i].feature].channels;
        if (part_end <= begin || parts[i].start >= end)
            continue;
        if (feature_root(network, parts[i].feature, &first) != root ||
            begin + first != parts[i].start)
            return;
    }
    features[root].parent = whole;
    features[root].first = begin;
}

enum status layout_concat(struct network *network, const struct op *op, const size_t *parts,
                          size_t *whole) {
    enum status status;
    struct part placed[GRAPH_INPUTS];
    size_t start = 0;
    TRY(feature_for(network, op, whole));
    for (size_t i = 0; i < op->n_inputs; i++) {
        placed[i] = (struct part){parts[i], start};
        start += network->features[parts[i]].channels;
    }
    for (size_t i = 0; i < op->n_inputs; i++)
        view_part(network, *whole, placed, op->n_inputs, i);
out:
    return status;
}
