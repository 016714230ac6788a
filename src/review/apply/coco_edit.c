/* Edits of COCO's annotations. */
#include "review/apply/coco_edit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/coco.h"
#include "review/apply/edit.h"

enum { PIXEL_DECIMALS = 2 };

struct editing {
    struct coco coco;
    struct edit_cursor cursor;
    const struct path_list *names;
    struct decision *decisions; /* those with a line come first */
    size_t n_decisions;
    size_t used; /* of the decisions with a line */
    struct edit_parts parts;
    struct json_span blank; /* before the last element of the array */
    size_t last_end;        /* of the last element; 0: there is none */
    size_t kept_end;        /* of the last element that stays; 0: there is none */
    size_t removed;         /* the elements from here on go; 0: none */
    double highest_id;
    bool odd_ids;            /* that are no numbers */
    struct index_set images; /* by name */
    size_t *added_to;        /* [coco.n_images]: 1 + the first decision that adds to it; 0: none */
    size_t *images_of;       /* [n_decisions]: which image a decision adds to */
};

/* ---------------------------------------------------------------- one annotation */

/* The pixels of a box: left, top, width, height. */
static void to_pixels(const struct coco_image *image, const double xywhn[4], double pixels[4]) {
    pixels[0] = (xywhn[0] - xywhn[2] / 2) * image->width;
    pixels[1] = (xywhn[1] - xywhn[3] / 2) * image->height;
    pixels[2] = xywhn[2] * image->width;
    pixels[3] = xywhn[3] * image->height;
}

static void put_part(struct editing *editing, struct json_span span, double value) {
    size_t from = editing->parts.texts.length;
    text_json_number(&editing->parts.texts, value, PIXEL_DECIMALS);
    edit_part(&editing->parts, span.begin, span.end, from);
}

static void change_class(struct editing *editing, const struct coco_annotation *annotation,
                         struct decision *decision) {
    const struct json_span id = editing->coco.categories[decision->class].id_span;
    size_t from = editing->parts.texts.length;
    if ((size_t)decision->class == annotation->class)
        return;
    text_bytes(&editing->parts.texts, editing->coco.bytes + id.begin, id.end - id.begin);
    edit_part(&editing->parts, annotation->category.begin, annotation->category.end, from);
    decision->done = true;
}

static void change_box(struct editing *editing, const struct coco_annotation *annotation,
                       struct decision *decision) {
    double pixels[4];
    to_pixels(&editing->coco.images[annotation->image], decision->xywhn, pixels);
    for (size_t i = 0; i < 4; i++)
        put_part(editing, annotation->box[i], pixels[i]);
    if (annotation->area.end > 0)
        put_part(editing, annotation->area, pixels[2] * pixels[3]);
    decision->done = true;
}

static void note(const struct label *label, struct decision *decision) {
    decision->judged_class = label->class;
    for (size_t i = 0; i < 4; i++)
        decision->judged_xywhn[i] = (double)label->xywhn[i];
}

/* The decisions about an annotation; *removal: it goes. */
static void decide(struct editing *editing, const struct coco_annotation *annotation,
                   struct decision *decisions, size_t count, bool *removal) {
    struct label label = {.line = annotation->number, .class = (uint32_t)annotation->class};
    bool judged = !annotation->crowd && annotation->class != COCO_NONE &&
                  coco_box(&editing->coco, annotation, label.xywhn);
    for (size_t i = 0; i < count; i++) {
        struct decision *decision = &decisions[i];
        decision->refused =
            decision_why_not(decision, judged ? &label : NULL, annotation->form != LABEL_BOX);
        if (!decision->refused && decision->class >= (int64_t)editing->coco.n_categories)
            decision->refused = "the file has no such category any more";
        if (!decision->refused && decision->action != ACTION_KEEP)
            note(&label, decision);
    }
    struct decided decided = decisions_weigh(decisions, count);
    *removal = decided.removal != NULL;
    if (decided.removal) {
        decided.removal->done = true;
        return;
    }
    if (decided.class)
        change_class(editing, annotation, decided.class);
    if (decided.box)
        change_box(editing, annotation, decided.box);
}

/* ---------------------------------------------------------------- the array */

/* Elements that go take one of the commas around them along. */
static enum status end_removal(struct editing *editing, size_t next) {
    size_t begin = next || !editing->kept_end ? editing->removed : editing->kept_end;
    if (editing->removed == 0)
        return STATUS_OK;
    editing->removed = 0;
    return edit_replace(&editing->cursor, begin, next ? next : editing->last_end, "", 0);
}

/* Notes what a new element needs to know, and labels that are there already. */
static void look_at(struct editing *editing, const struct coco_annotation *annotation) {
    const char *bytes = editing->coco.bytes;
    size_t blank = annotation->whole.begin;
    double id;
    while (blank > 0 && strchr(" \t\r\n", bytes[blank - 1]))
        blank--;
    editing->blank = (struct json_span){blank, annotation->whole.begin};
    if (annotation->id.end == 0)
        return;
    if (json_span_number(bytes, annotation->id, &id) && id == floor(id))
        editing->highest_id = fmax(editing->highest_id, id);
    else
        editing->odd_ids = true;
}

static void refuse_known(struct editing *editing, const struct coco_annotation *annotation) {
    struct label label = {0};
    if (!editing->added_to || annotation->image == COCO_NONE || annotation->crowd ||
        !editing->added_to[annotation->image] || !coco_box(&editing->coco, annotation, label.xywhn))
        return;
    for (size_t i = editing->added_to[annotation->image] - 1; i < editing->n_decisions; i++) {
        struct decision *decision = &editing->decisions[i];
        if (decision->image == editing->decisions[editing->added_to[annotation->image] - 1].image &&
            !decision->refused && (size_t)decision->class == annotation->class &&
            label_is_near(&label, decision->xywhn))
            decision->refused = "the file has this annotation already";
    }
}

static enum status edit_annotation(struct editing *editing,
                                   const struct coco_annotation *annotation) {
    enum status status = STATUS_OK;
    bool removal = false;
    size_t begin = editing->used, end = begin;
    while (end < editing->n_decisions && editing->decisions[end].line == annotation->number)
        end++;
    if (end > begin)
        decide(editing, annotation, editing->decisions + begin, end - begin, &removal);
    editing->used = end;
    look_at(editing, annotation);
    if (removal && editing->removed == 0) {
        editing->removed = annotation->whole.begin;
    } else if (!removal) {
        TRY(end_removal(editing, annotation->whole.begin));
        TRY(edit_parts_put(&editing->cursor, &editing->parts));
        refuse_known(editing, annotation);
        editing->kept_end = annotation->whole.end;
    }
    editing->last_end = annotation->whole.end;
out:
    return status;
}

static enum status edit_annotations(struct editing *editing) {
    enum status status = STATUS_OK;
    struct json_scan scan = {0};
    struct coco_annotation annotation = {0};
    bool first;
    while (coco_next(&editing->coco, &scan, &first, &annotation))
        TRY(edit_annotation(editing, &annotation));
    TRY(coco_check(&editing->coco, &scan));
    TRY(end_removal(editing, 0));
    if (editing->kept_end == 0)
        editing->blank = (struct json_span){0, 0};
    if (editing->last_end == 0)
        editing->last_end = editing->coco.annotations.begin + 1;
    while (editing->used < editing->n_decisions && editing->decisions[editing->used].line > 0)
        editing->decisions[editing->used++].refused = "the file has no such annotation any more";
out:
    return status;
}

/* ---------------------------------------------------------------- new annotations */

/* A name as it is looked up; the bytes are the caller's. */
struct name_key {
    const struct coco *coco;
    struct text *made;
};

static bool equal_name(const void *context, size_t index, const void *key) {
    const struct name_key *names = context;
    return json_span_text(names->coco->bytes, names->coco->images[index].name, names->made) &&
           strcmp(names->made->data, key) == 0;
}

/* The image whose file_name is the longest end of a path; COCO_NONE: none's is. */
static size_t find_image(const struct editing *editing, const char *path, struct text *made) {
    const struct name_key names = {&editing->coco, made};
    for (const char *end = path; end; end = strchr(end, '/')) {
        end += *end == '/';
        size_t found = index_set_find(&editing->images, index_set_hash(end, strlen(end)),
                                      equal_name, &names, end);
        if (found != INDEX_SET_NONE)
            return found;
    }
    return COCO_NONE;
}

static bool adds(const struct decision *decision) {
    return decision->line == 0 && decision->action == ACTION_ADD && !decision->refused;
}

/* Notes which images get new annotations. */
static enum status find_images(struct editing *editing) {
    enum status status = STATUS_OK;
    const struct coco *coco = &editing->coco;
    struct text name = {0};
    bool any = false;
    for (size_t i = 0; i < editing->n_decisions; i++)
        any |= adds(&editing->decisions[i]);
    if (!any)
        return STATUS_OK;
    TRY(memory_zeroed(coco->n_images, sizeof *editing->added_to, &editing->added_to));
    TRY(memory_zeroed(editing->n_decisions, sizeof *editing->images_of, &editing->images_of));
    for (size_t i = 0; i < coco->n_images; i++)
        if (json_span_text(coco->bytes, coco->images[i].name, &name))
            TRY(index_set_add(&editing->images, index_set_hash(name.data, name.length), i));
    for (size_t i = editing->n_decisions; i-- > 0;) {
        struct decision *decision = &editing->decisions[i];
        if (!adds(decision))
            continue;
        size_t image =
            decision->image == SIZE_MAX
                ? COCO_NONE
                : find_image(editing, path_list_get(editing->names, decision->image), &name);
        if (image == COCO_NONE)
            decision->refused = "the file names no such image";
        else if (!(coco->images[image].width >= 1 && coco->images[image].height >= 1))
            decision->refused = "the image has no 'width' and 'height' in the file";
        else if (decision->class >= (int64_t)coco->n_categories)
            decision->refused = "the file has no such category any more";
        else
            editing->added_to[image] = i + 1;
        editing->images_of[i] = image;
    }
    status = text_status(&name);
out:
    text_free(&name);
    return status;
}

static void write_added(struct editing *editing, const struct coco_image *image,
                        const struct decision *decision, struct text *text) {
    const char *bytes = editing->coco.bytes;
    const struct json_span category = editing->coco.categories[decision->class].id_span;
    double pixels[4];
    to_pixels(image, decision->xywhn, pixels);
    if (editing->kept_end > 0 || text->length > 0)
        text_string(text, ",");
    text_bytes(text, bytes + editing->blank.begin, editing->blank.end - editing->blank.begin);
    text_string(text, "{\"id\": ");
    text_count(text, (uint64_t)++editing->highest_id);
    text_string(text, ", \"image_id\": ");
    text_bytes(text, bytes + image->id_span.begin, image->id_span.end - image->id_span.begin);
    text_string(text, ", \"category_id\": ");
    text_bytes(text, bytes + category.begin, category.end - category.begin);
    for (size_t i = 0; i < 4; i++) {
        text_string(text, i ? ", " : ", \"bbox\": [");
        text_json_number(text, pixels[i], PIXEL_DECIMALS);
    }
    text_string(text, "], \"area\": ");
    text_json_number(text, pixels[2] * pixels[3], PIXEL_DECIMALS);
    text_string(text, ", \"iscrowd\": 0, \"segmentation\": []}");
}

static enum status add_annotation(struct editing *editing, size_t index, struct text *added) {
    struct decision *decision = &editing->decisions[index];
    if (editing->odd_ids || !(editing->highest_id < 1e15)) {
        decision->refused = "annotations in the file have ids that are no numbers";
        return STATUS_OK;
    }
    write_added(editing, &editing->coco.images[editing->images_of[index]], decision, added);
    decision->done = true;
    return text_status(added);
}

/* They stand at the array's end, one behind the other. */
static enum status add_annotations(struct editing *editing) {
    enum status status = STATUS_OK;
    struct text added = {0};
    for (size_t i = editing->used; i < editing->n_decisions; i++) {
        struct decision *decision = &editing->decisions[i];
        bool repeated = false;
        for (size_t k = editing->used; k < i && i - editing->used < LABEL_FILE_LINES; k++)
            repeated |= editing->decisions[k].image == decision->image &&
                        decision_is_same(decision, &editing->decisions[k]);
        if (adds(decision) && !repeated)
            TRY(add_annotation(editing, i, &added));
    }
    if (added.length > 0)
        status = edit_replace(&editing->cursor, editing->last_end, editing->last_end, added.data,
                              added.length);
out:
    text_free(&added);
    return status;
}

enum status coco_edit_make(const char *file, const char *bytes, size_t length,
                           const struct path_list *names, struct decision *decisions,
                           size_t n_decisions, struct label_edit *edit) {
    struct editing editing = {.names = names, .decisions = decisions, .n_decisions = n_decisions};
    edit_begin(bytes, length, edit, &editing.cursor);
    enum status status =
        coco_open(file, editing.cursor.bytes, editing.cursor.length, &editing.coco);
    if (status == STATUS_OK)
        status = find_images(&editing);
    if (status == STATUS_OK)
        status = edit_annotations(&editing);
    if (status == STATUS_OK)
        status = add_annotations(&editing);
    if (status == STATUS_OK)
        status = edit_end(&editing.cursor);
    coco_free(&editing.coco);
    index_set_free(&editing.images);
    free(editing.added_to);
    free(editing.images_of);
    text_free(&editing.parts.texts);
    return status;
}
