/* Reads a data.yaml. */
#include "data/data_yaml.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/excerpt.h"
#include "data/number.h"
#include "data/yaml_load.h"

enum { MAX_ENTRIES = 10000 };

/* Shares of an object's size; COCO's are .025 to .107. */
#define LEAST_SIGMA 1e-4
#define MOST_SIGMA  100

struct reader {
    const char *file;
    yaml_document_t document;
    struct data_yaml *yaml;
};

const char *split_name(size_t split) {
    static const char *const names[N_SPLITS] = {"train", "val", "test"};
    return names[split];
}

static enum status bad_node(const struct reader *reader, const yaml_node_t *node, const char *key,
                            const char *what) {
    return FAIL(STATUS_BAD_INPUT, "%s, line %zu: '%s' %s", reader->file, node->start_mark.line + 1,
                key, what);
}

static bool is_scalar(const yaml_node_t *node) {
    return node && node->type == YAML_SCALAR_NODE;
}

static const char *scalar(const yaml_node_t *node) {
    return (const char *)node->data.scalar.value;
}

/* The null of YAML 1.1's core, which a key without a value is too. */
static bool is_null(const yaml_node_t *node) {
    if (!is_scalar(node) || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    const char *text = scalar(node);
    return strcmp(text, "") == 0 || strcmp(text, "~") == 0 || strcmp(text, "null") == 0 ||
           strcmp(text, "Null") == 0 || strcmp(text, "NULL") == 0;
}

/* The last value of a key of the top mapping, or NULL where it is absent or null. */
static yaml_node_t *find(struct reader *reader, const char *key) {
    yaml_node_t *root = yaml_document_get_root_node(&reader->document);
    yaml_node_t *found = NULL;
    for (yaml_node_pair_t *pair = root->data.mapping.pairs.start;
         pair < root->data.mapping.pairs.top; pair++) {
        const yaml_node_t *name = yaml_document_get_node(&reader->document, pair->key);
        if (is_scalar(name) && strcmp(scalar(name), key) == 0)
            found = yaml_document_get_node(&reader->document, pair->value);
    }
    return found && is_null(found) ? NULL : found;
}

/* Of which nothing is said. */
static bool is_empty(const yaml_node_t *node) {
    return node->type == YAML_SEQUENCE_NODE &&
           node->data.sequence.items.top == node->data.sequence.items.start;
}

static enum status check_string(const struct reader *reader, const yaml_node_t *node,
                                const char *key) {
    if (!is_scalar(node))
        return bad_node(reader, node, key, "must be a text, not a list or a map");
    /* One text may be had many times, by an alias. */
    if (node->data.scalar.length >= DATA_NAME_BYTES)
        return bad_node(reader, node, key, "is longer than 4095 bytes");
    for (size_t i = 0; i < node->data.scalar.length; i++)
        if (node->data.scalar.value[i] < 0x20 || node->data.scalar.value[i] == 0x7f)
            return bad_node(reader, node, key, "holds a control character");
    return STATUS_OK;
}

static enum status read_path(struct reader *reader) {
    enum status status = STATUS_OK;
    const yaml_node_t *node = find(reader, "path");
    if (!node)
        goto out;
    TRY(check_string(reader, node, "path"));
    if (*scalar(node))
        TRY(memory_string(scalar(node), &reader->yaml->path));
out:
    return status;
}

static enum status add_entry(struct reader *reader, const yaml_node_t *node, const char *key,
                             struct path_list *entries) {
    enum status status;
    TRY(check_string(reader, node, key));
    if (*scalar(node))
        TRY(path_list_add(entries, scalar(node)));
out:
    return status;
}

static enum status read_split(struct reader *reader, const char *key, struct path_list *entries) {
    enum status status = STATUS_OK;
    yaml_node_t *node = find(reader, key);
    if (!node)
        goto out;
    if (node->type == YAML_MAPPING_NODE) {
        status = bad_node(reader, node, key, "must be a folder, a .txt list, or a list of those");
        goto out;
    }
    if (node->type == YAML_SCALAR_NODE) {
        TRY(add_entry(reader, node, key, entries));
        goto out;
    }
    if (node->data.sequence.items.top - node->data.sequence.items.start > MAX_ENTRIES)
        return bad_node(reader, node, key,
                        "has more than 10000 entries: name folders, or a .txt list of the images");
    for (yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++) {
        const yaml_node_t *entry = yaml_document_get_node(&reader->document, *item);
        if (!is_null(entry))
            TRY(add_entry(reader, entry, key, entries));
    }
out:
    return status;
}

/* A whole number in [0, DATA_MAX_CLASSES], "80" and 80.0 included, into *value. */
static bool whole_number(const yaml_node_t *node, size_t *value) {
    double number;
    if (!is_scalar(node) ||
        number_parse(scalar(node), node->data.scalar.length, &number) != NUMBER_FINITE ||
        number != floor(number) || number < 0 || number > DATA_MAX_CLASSES)
        return false;
    *value = (size_t)number;
    return true;
}

static enum status bad_value(const struct reader *reader, const yaml_node_t *node, const char *key,
                             const char *what) {
    struct text text = {0};
    text_string(&text, what);
    if (is_scalar(node)) {
        text_string(&text, ", not '");
        text_excerpt(&text, scalar(node), node->data.scalar.length);
        text_string(&text, "'");
    }
    enum status status = text_status(&text);
    if (status == STATUS_OK)
        status = bad_node(reader, node, key, text.data);
    text_free(&text);
    return status;
}

static enum status set_name(struct reader *reader, const yaml_node_t *node, size_t number) {
    enum status status;
    if (!is_scalar(node))
        return bad_node(reader, node, "names", "must hold texts only");
    TRY(check_string(reader, node, "names"));
    free(reader->yaml->names[number]);
    reader->yaml->names[number] = NULL;
    TRY(memory_string(scalar(node), &reader->yaml->names[number]));
out:
    return status;
}

static enum status allocate_names(struct reader *reader, size_t count) {
    enum status status;
    TRY(memory_zeroed(count, sizeof *reader->yaml->names, &reader->yaml->names));
    reader->yaml->n_names = count;
out:
    return status;
}

static enum status read_names_list(struct reader *reader, const yaml_node_t *node, size_t *given) {
    enum status status;
    const yaml_node_item_t *items = node->data.sequence.items.start;
    *given = (size_t)(node->data.sequence.items.top - items);
    if (*given > DATA_MAX_CLASSES)
        return bad_node(reader, node, "names", "has more than 100000 classes");
    TRY(allocate_names(reader, *given));
    for (size_t i = 0; i < *given; i++)
        TRY(set_name(reader, yaml_document_get_node(&reader->document, items[i]), i));
out:
    return status;
}

static enum status read_names_map(struct reader *reader, const yaml_node_t *node, size_t *given) {
    enum status status;
    const yaml_node_pair_t *pairs = node->data.mapping.pairs.start;
    size_t n_pairs = (size_t)(node->data.mapping.pairs.top - pairs);
    size_t count = 0;
    for (size_t i = 0; i < n_pairs; i++) {
        const yaml_node_t *key = yaml_document_get_node(&reader->document, pairs[i].key);
        size_t number;
        if (!whole_number(key, &number) || number >= DATA_MAX_CLASSES)
            return bad_value(reader, key, "names", "needs class numbers 0 to 99999 as keys");
        count = number + 1 > count ? number + 1 : count;
    }
    TRY(allocate_names(reader, count));
    for (size_t i = 0; i < n_pairs; i++) {
        size_t number = 0;
        whole_number(yaml_document_get_node(&reader->document, pairs[i].key), &number);
        TRY(set_name(reader, yaml_document_get_node(&reader->document, pairs[i].value), number));
    }
    *given = 0;
    for (size_t i = 0; i < count; i++)
        *given += reader->yaml->names[i] != NULL;
out:
    return status;
}

/* Names the classes of a gap, or all of them. */
static enum status fill_names(struct reader *reader) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < reader->yaml->n_names; i++)
        if (!reader->yaml->names[i]) {
            char name[32];
            snprintf(name, sizeof name, "class%zu", i);
            TRY(memory_string(name, &reader->yaml->names[i]));
        }
out:
    return status;
}

static enum status read_names(struct reader *reader) {
    enum status status = STATUS_OK;
    const yaml_node_t *names = find(reader, "names");
    const yaml_node_t *count = find(reader, "nc");
    size_t nc = 0, given = 0;
    if (count && (!whole_number(count, &nc) || nc == 0))
        return bad_value(reader, count, "nc", "must be an integer from 1 to 100000");
    if (names && names->type == YAML_SEQUENCE_NODE)
        TRY(read_names_list(reader, names, &given));
    else if (names && names->type == YAML_MAPPING_NODE)
        TRY(read_names_map(reader, names, &given));
    else if (names)
        return bad_value(reader, names, "names", "must be a list or a map");
    if (names && reader->yaml->n_names == 0)
        return bad_node(reader, names, "names", "is empty: at least one class name is required");
    if (names && count && nc != given && nc != reader->yaml->n_names)
        return FAIL(STATUS_BAD_INPUT, "%s: 'names' length %zu and 'nc: %zu' must match",
                    reader->file, given, nc);
    if (!names && count)
        TRY(allocate_names(reader, nc));
    TRY(fill_names(reader));
out:
    return status;
}

/* [number of keypoints, values of each]. */
static enum status read_keypoints(struct reader *reader) {
    const yaml_node_t *node = find(reader, "kpt_shape");
    size_t values[2] = {0};
    if (!node)
        return STATUS_OK;
    bool valid = node->type == YAML_SEQUENCE_NODE &&
                 node->data.sequence.items.top - node->data.sequence.items.start == 2;
    for (size_t i = 0; i < 2 && valid; i++)
        valid = whole_number(
            yaml_document_get_node(&reader->document, node->data.sequence.items.start[i]),
            &values[i]);
    if (!valid || values[0] < 1 || values[0] > KEYPOINTS_MOST || values[1] < 2 || values[1] > 3)
        return bad_node(reader, node, "kpt_shape",
                        "must be [number of keypoints, 2 or 3], such as [17, 3]");
    reader->yaml->keypoints = (struct keypoint_shape){(uint32_t)values[0], (uint32_t)values[1]};
    return STATUS_OK;
}

/* Whether a key's value is a list of one entry a keypoint; *items: its first. */
static bool one_each(const struct reader *reader, const yaml_node_t *node,
                     const yaml_node_item_t **items) {
    if (node->type != YAML_SEQUENCE_NODE)
        return false;
    *items = node->data.sequence.items.start;
    return (size_t)(node->data.sequence.items.top - *items) == reader->yaml->keypoints.count;
}

static enum status read_flip(struct reader *reader) {
    const yaml_node_t *node = find(reader, "flip_idx");
    const yaml_node_item_t *items;
    struct keypoint_traits *traits = &reader->yaml->traits;
    bool taken[KEYPOINTS_MOST] = {false};
    size_t count = reader->yaml->keypoints.count;
    if (!node || count == 0 || is_empty(node))
        return STATUS_OK;
    bool valid = one_each(reader, node, &items);
    for (size_t i = 0; i < count && valid; i++) {
        size_t other;
        valid = whole_number(yaml_document_get_node(&reader->document, items[i]), &other) &&
                other < count && !taken[other];
        if (valid) {
            taken[other] = true;
            traits->flip[i] = (uint16_t)other;
        }
    }
    if (!valid)
        return bad_node(reader, node, "flip_idx",
                        "must have each keypoint's number once: which it is in a mirror, such as "
                        "[0, 2, 1] for a nose and two eyes");
    traits->n_flip = reader->yaml->keypoints.count;
    return STATUS_OK;
}

static enum status read_sigmas(struct reader *reader) {
    const yaml_node_t *node = find(reader, "kpt_oks_sigmas");
    const yaml_node_item_t *items;
    struct keypoint_traits *traits = &reader->yaml->traits;
    size_t count = reader->yaml->keypoints.count;
    if (!node || count == 0 || is_empty(node))
        return STATUS_OK;
    bool valid = one_each(reader, node, &items);
    for (size_t i = 0; i < count && valid; i++) {
        const yaml_node_t *item = yaml_document_get_node(&reader->document, items[i]);
        double sigma;
        valid = is_scalar(item) &&
                number_parse(scalar(item), item->data.scalar.length, &sigma) == NUMBER_FINITE &&
                sigma >= LEAST_SIGMA && sigma <= MOST_SIGMA;
        if (valid)
            traits->sigmas[i] = (float)sigma;
    }
    if (!valid)
        return bad_node(reader, node, "kpt_oks_sigmas",
                        "must have a number of 0.0001 to 100 for each keypoint");
    traits->n_sigmas = reader->yaml->keypoints.count;
    return STATUS_OK;
}

static enum status read_document(struct reader *reader) {
    enum status status;
    const yaml_node_t *root = yaml_document_get_root_node(&reader->document);
    if (!root || root->type != YAML_MAPPING_NODE)
        return FAIL(STATUS_BAD_INPUT,
                    "%s is not a data.yaml: it needs 'train' or 'val', and 'names'", reader->file);
    reader->yaml->download = find(reader, "download") != NULL;
    reader->yaml->model = find(reader, "backbone") != NULL;
    TRY(read_path(reader));
    for (size_t split = 0; split < N_SPLITS; split++)
        TRY(read_split(reader, split_name(split), &reader->yaml->entries[split]));
    if (reader->yaml->entries[SPLIT_VAL].count == 0)
        TRY(read_split(reader, "validation", &reader->yaml->entries[SPLIT_VAL]));
    TRY(read_names(reader));
    TRY(read_keypoints(reader));
    TRY(read_flip(reader));
    TRY(read_sigmas(reader));
out:
    return status;
}

enum status data_yaml_read(const char *file, struct data_yaml *yaml) {
    enum status status;
    struct reader reader = {.file = file, .yaml = yaml};
    TRY(yaml_load(file, &reader.document));
    status = read_document(&reader);
    yaml_document_delete(&reader.document);
out:
    return status;
}

void data_yaml_free(struct data_yaml *yaml) {
    free(yaml->path);
    for (size_t split = 0; split < N_SPLITS; split++)
        path_list_free(&yaml->entries[split]);
    for (size_t i = 0; yaml->names && i < yaml->n_names; i++)
        free(yaml->names[i]);
    free(yaml->names);
    *yaml = (struct data_yaml){0};
}
