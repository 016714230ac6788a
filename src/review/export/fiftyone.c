/* FiftyOne: samples.jsonl, a line an image, and load.py, which makes a data set of it with two
 * fields, the labels as they are and what verify would have in their place. */
#include "output/fields.h"
#include "review/export/format.h"
#include "review/export/out_file.h"

extern const struct export_format export_fiftyone; /* a row of formats.c */

enum { FRACTION_DECIMALS = 8, SCORE_DIGITS = 6 };

static const char loader[] =
    "\"\"\"Makes a FiftyOne data set of samples.jsonl, and shows it. The name of the data set may\n"
    "follow; with --no-app it is only made.\"\"\"\n"
    "\n"
    "import json\n"
    "import os\n"
    "import sys\n"
    "\n"
    "import fiftyone as fo\n"
    "\n"
    "FOLDER = os.path.dirname(os.path.abspath(__file__))\n"
    "DETAILS = (\"verdict\", \"reason\", \"score\", \"suggested\", \"line\", \"words\")\n"
    "\n"
    "\n"
    "def detections(items):\n"
    "    found = []\n"
    "    for item in items:\n"
    "        details = {key: item[key] for key in DETAILS if item[key] is not None}\n"
    "        found.append(fo.Detection(label=item[\"label\"], bounding_box=item[\"box\"], "
    "**details))\n"
    "    return fo.Detections(detections=found)\n"
    "\n"
    "\n"
    "def samples():\n"
    "    with open(os.path.join(FOLDER, \"samples.jsonl\"), encoding=\"utf-8\") as file:\n"
    "        for line in file:\n"
    "            image = json.loads(line)\n"
    "            yield fo.Sample(filepath=os.path.join(FOLDER, \"images\", "
    "*image[\"name\"].split(\"/\")),\n"
    "                            tags=[image[\"split\"]] if image[\"split\"] else [],\n"
    "                            image=image[\"image\"], score=image[\"score\"],\n"
    "                            ground_truth=detections(image[\"labels\"]),\n"
    "                            verify=detections(image[\"suggestions\"]))\n"
    "\n"
    "\n"
    "def main():\n"
    "    names = [word for word in sys.argv[1:] if word != \"--no-app\"]\n"
    "    dataset = fo.Dataset(names[0] if names else None, persistent=bool(names))\n"
    "    dataset.add_samples(samples(), dynamic=True)\n"
    "    print(\"%s: %d images\" % (dataset.name, len(dataset)))\n"
    "    if \"--no-app\" not in sys.argv[1:]:\n"
    "        fo.launch_app(dataset.sort_by(\"score\")).wait(-1)\n"
    "\n"
    "\n"
    "if __name__ == \"__main__\":\n"
    "    main()\n";

struct samples {
    struct out_file file;
    struct text words; /* of one object */
};

static enum status begin(struct export_target *target, void *state) {
    struct samples *samples = state;
    return export_file_open(target, "samples.jsonl", &samples->file);
}

/* [x, y, width, height] as fractions of the picture. */
static void field_fractions(struct text *text, const struct record *record,
                            const double corners[4]) {
    const double sizes[] = {record->width, record->height};
    field_key(text, "box");
    text_string(text, "[");
    for (int i = 0; i < 4; i++) {
        double value = i < 2 ? corners[i] : corners[i] - corners[i - 2];
        text_string(text, i ? ", " : "");
        text_json_number(text, value / sizes[i % 2], FRACTION_DECIMALS);
    }
    text_string(text, "]");
}

static void object_write(struct samples *samples, const struct record *record,
                         const struct export_object *object, bool suggested) {
    struct text *text = &samples->file.text;
    bool renamed = suggested && object->suggestion == SUGGEST_CLASS;
    text_clear(&samples->words);
    object_words(object, &samples->words);
    field_next(text);
    text_string(text, "{");
    field_string(text, "label", renamed ? object->suggested_name : object->name);
    field_fractions(text, record, object->corners);
    field_string(text, "verdict", object->verdict);
    field_string(text, "reason", object->reason);
    field_significant(text, "score", object->score, SCORE_DIGITS);
    field_string(text, "suggested", object->suggested >= 0 ? object->suggested_name : NULL);
    if (object->line > 0)
        field_count(text, "line", object->line);
    else
        field_string(text, "line", NULL);
    field_string(text, "words", samples->words.length ? samples->words.data : NULL);
    text_string(text, "}");
}

/* Whether a list has the object. What is as it should be is no suggestion. */
static bool is_listed(const struct export_object *object, bool suggested) {
    return suggested ? object->kind != OBJECT_LABEL || object->suggestion == SUGGEST_CLASS
                     : object->kind == OBJECT_LABEL;
}

static enum status image(struct export_target *target, void *state,
                         const struct export_image *image) {
    (void)target;
    struct samples *samples = state;
    struct text *text = &samples->file.text;
    const struct object_list *objects = image->objects;
    text_string(text, "{");
    field_string(text, "name", image->name);
    field_string(text, "image", image->record->image);
    field_string(text, "split", image->record->split);
    field_significant(text, "score", image->record->score, SCORE_DIGITS);
    for (int suggested = 0; suggested < 2; suggested++) {
        field_key(text, suggested ? "suggestions" : "labels");
        text_string(text, "[");
        for (size_t i = 0; i < objects->count; i++)
            if (is_listed(&objects->items[i], suggested))
                object_write(samples, image->record, &objects->items[i], suggested);
        text_string(text, "]");
    }
    text_string(text, "}\n");
    return out_file_pass(&samples->file);
}

static enum status end(struct export_target *target, void *state) {
    enum status status;
    struct samples *samples = state;
    struct text script = {0};
    TRY(out_file_end(&samples->file));
    text_string(&script, loader);
    TRY(export_file_write(target, "load.py", &script));
out:
    text_free(&script);
    return status;
}

static void samples_free(void *state) {
    struct samples *samples = state;
    out_file_free(&samples->file);
    text_free(&samples->words);
}

const struct export_format export_fiftyone = {
    .name = "fiftyone",
    .state_size = sizeof(struct samples),
    .begin = begin,
    .image = image,
    .end = end,
    .free = samples_free,
};
