"""What other programs make of the same labels and the same predictions.

Both compare labels with the boxes that survive NMS, which verify writes with --save-json. A picture is its record, with
the predictions [(class, score, (x1, y1, x2, y2) in pixels)] beside it.
"""
import warnings

IOU = 0.5       # FiftyOne's, for a label and a prediction to be of one object
SPURIOUS = 0.75 # what a label without a prediction counts among any errors; of .5, .75 and 1 the best
CONF = "0.01"   # from which on the predictions count; of .25, .05 and .01 the best


def corners(box, record):
    """A label's box in pixels."""
    x, y, w, h = box["xywhn"]
    return ((x - w / 2) * record["width"], (y - h / 2) * record["height"],
            (x + w / 2) * record["width"], (y + h / 2) * record["height"])


def overlap(a, b):
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, wide) * max(0.0, high)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared) if shared else 0.0


def match(labels, predictions):
    """[prediction or None] of each label: the surest prediction first takes the free label that it overlaps most, of
    whatever class."""
    taken = [None] * len(labels)
    for prediction in sorted(predictions, key=lambda p: -p[1]):
        best = max(((overlap(label, prediction[2]), i) for i, label in enumerate(labels) if taken[i] is None),
                   default=(0.0, None))
        if best[0] >= IOU:
            taken[best[1]] = prediction
    return taken


def mistakenness(sides):
    """FiftyOne's formula without logits: half, and from there up as sure as the prediction is that contradicts the
    label, down as sure as it is where it agrees. sides: 1 it contradicts, -1 it agrees, by its confidence."""
    return (1 + sides) / 2


def fifty_one(records, predictions):
    """Mistakenness of each label's class and place. A label without a prediction has none: FiftyOne lists it as
    perhaps spurious. Its class counts as half here, between those that a prediction speaks for and against."""
    for record, seen in zip(records, predictions):
        labels = [corners(box, record) for box in record["boxes"]]
        boxes = []
        for box, label, prediction in zip(record["boxes"], labels, match(labels, seen)):
            name, place = 0.5, 0.5
            if prediction:
                name = mistakenness(prediction[1] * (-1 if prediction[0] == box["class"] else 1))
                apart = (1 - overlap(label, prediction[2])) / (1 - IOU)
                place = mistakenness(prediction[1] * (2 * apart - 1))
            boxes.append({"class": name, "place": place, "nothing": 0.0 if prediction else 1.0,
                          "any": max(name, place) if prediction else SPURIOUS, "called": None})
        yield {"boxes": boxes, "doubt": max((box["class"] for box in boxes), default=0.0)}


def object_lab(records, predictions):
    """cleanlab's ObjectLab: its scores of swapped and badly placed labels, the lower of the two for any error."""
    import numpy
    from cleanlab.object_detection import rank
    classes = 1 + max([box["class"] for record in records for box in record["boxes"]] +
                      [p[0] for seen in predictions for p in seen])
    labels = [{"bboxes": numpy.array([corners(box, record) for box in record["boxes"]]).reshape(-1, 4),
               "labels": numpy.array([box["class"] for box in record["boxes"]], dtype=int)} for record in records]
    by_class = []
    for seen in predictions:
        rows = [[] for _ in range(classes)]
        for name, score, box in seen:
            rows[name].append((*box, score))
        by_class.append(numpy.array([numpy.array(r, dtype=float).reshape(-1, 5) for r in rows] + [None],
                                    dtype=object)[:-1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        swap = rank.compute_swap_box_scores(labels=labels, predictions=by_class)
        place = rank.compute_badloc_box_scores(labels=labels, predictions=by_class)
        whole = rank.get_label_quality_scores(labels, by_class, verbose=False)
    for record, a, b, score in zip(records, swap, place, whole):
        yield {"boxes": [{"class": 1 - x, "place": 1 - y, "nothing": None, "any": 1 - min(x, y), "called": None}
                         for _, x, y in zip(record["boxes"], a, b)], "doubt": 1 - float(score)}
