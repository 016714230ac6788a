"""Plants errors into sound labels, as many of each kind as careless people might make.

Of the labels 10% get another class (half of these one of the same kin, a look-alike, half any), 5% are moved and
stretched so that they still touch their object (IoU .25 to .55), 5% are dropped, and as many as 5% of them are added
where nothing of the kind is labelled. A picture's errors depend on its name and the seed alone.
"""
import random

SWAPPED, DROPPED, MOVED, SPURIOUS = 0.10, 0.05, 0.05, 0.05
TRIES = 200
# The first class of each of COCO's kinds: people, vehicles, street, animals, things worn, sports, table, food,
# furniture, electronics, appliances, the house. Other data sets' classes are all kin.
COCO_KIN = (0, 1, 9, 14, 24, 29, 39, 46, 56, 62, 68, 73, 80)


def iou(a, b):
    """Of two boxes (xc, yc, w, h)."""
    wide = min(a[0] + a[2] / 2, b[0] + b[2] / 2) - max(a[0] - a[2] / 2, b[0] - b[2] / 2)
    high = min(a[1] + a[3] / 2, b[1] + b[3] / 2) - max(a[1] - a[3] / 2, b[1] - b[3] / 2)
    shared = max(0.0, wide) * max(0.0, high)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared) if shared else 0.0


def kin(name, classes):
    """The classes that may be taken for this one."""
    starts = COCO_KIN if classes == 80 else (0, classes)
    return next(range(a, b) for a, b in zip(starts, starts[1:]) if a <= name < b)


def swapped(rng, name, classes):
    family = kin(name, classes)
    pool = family if len(family) > 1 and rng.random() < 0.5 else range(classes)
    return rng.choice([other for other in pool if other != name])


def inside(box):
    """The part of a box that lies in the picture."""
    left, right = max(0.0, box[0] - box[2] / 2), min(1.0, box[0] + box[2] / 2)
    top, bottom = max(0.0, box[1] - box[3] / 2), min(1.0, box[1] + box[3] / 2)
    return (left + right) / 2, (top + bottom) / 2, right - left, bottom - top


def moved(rng, box):
    """The box elsewhere, or None where no place was found."""
    for _ in range(TRIES):
        w, h = box[2] * rng.uniform(0.55, 1.6), box[3] * rng.uniform(0.55, 1.6)
        new = inside((box[0] + rng.uniform(-0.5, 0.5) * box[2], box[1] + rng.uniform(-0.5, 0.5) * box[3], w, h))
        if min(new[2:]) > 0.005 and 0.25 < iou(box, new) < 0.55:
            return new
    return None


def spurious(rng, rows, classes):
    """A row (class, box) around nothing that is labelled, or None."""
    w, h = rng.uniform(0.08, 0.4), rng.uniform(0.08, 0.4)
    box = rng.uniform(w / 2, 1 - w / 2), rng.uniform(h / 2, 1 - h / 2), w, h
    return (rng.randrange(classes), box) if all(iou(box, other) < 0.1 for _, other in rows) else None


def plant(name, rows, classes, seed):
    """The rows (class, box) of one picture with errors, [(line or None, kind)] of these, and {line: the line that it
    was} of what is as it was."""
    rng = random.Random("%s %s" % (seed, name))
    planted, errors, kept = [], [], {}
    for line, (label, box) in enumerate(rows, 1):
        chance = rng.random()
        if chance < SWAPPED:
            label, kind = swapped(rng, label, classes), "swap"
        elif chance < SWAPPED + DROPPED:
            errors.append((None, "dropped"))
            continue
        else:
            new = moved(rng, box) if chance < SWAPPED + DROPPED + MOVED else None
            box, kind = new or box, "moved" if new else None
        planted.append((label, box))
        if kind:
            errors.append((len(planted), kind))
        else:
            kept[len(planted)] = line
    for _ in range(sum(rng.random() < SPURIOUS for _ in rows)):
        row = spurious(rng, planted, classes)
        if row:
            planted.append(row)
            errors.append((len(planted), "spurious"))
    return planted, errors, kept
