"""The rule of docs/evidence.md in numpy, which the C code is tested against.

A picture's labels are rows (class, x1, y1, x2, y2) in pixels; the network's raw output is a box
(x1, y1, x2, y2) in pixels and a score for each class from every anchor, before any threshold or NMS.
A view is such an output, (boxes, scores), or (boxes, scores, classes) where its classes are those of
the labels by other numbers. A picture is judged from one view or several.
Symbols are those of docs/evidence.md; nothing here is fast.
"""
import os
import re

import numpy as np

LIMITS = dict(max_margin=3.5, max_shift=3.0, max_ghost=7.5, min_own=0.15, max_dup=0.7)
PRESENCE = os.path.join(os.path.dirname(__file__), "..", "..", "src", "judge", "presence.c")


def overlaps(some, others):
    """(n, 4) and (m, 4) boxes → their IoU, (n, m)."""
    some, others = np.asarray(some, float)[:, None], np.asarray(others, float)[None]
    size = lambda box: (box[..., 2:] - box[..., :2]).prod(-1)
    shared = np.minimum(some[..., 2:], others[..., 2:]) - np.maximum(some[..., :2], others[..., :2])
    shared = shared.clip(0).prod(-1)
    return shared / (size(some) + size(others) - shared + 1e-9)


def rise(u, low, high):
    """The ramp: 0 up to low, 1 from high."""
    return np.clip((u - low) / (high - low), 0, 1)


def witnessed(shares):
    """Noisy-or over the first axis."""
    return -np.expm1(np.log1p(-shares.clip(None, 0.999)).sum(0))


def fit(box, u, free, boxes, scores):
    """The network's own box for a label, from the anchors near it: (strength of the best anchor, box,
    IoU with the label, found). `free`: anchors that no competing label overlaps more. Strength 0:
    none."""
    strength = np.where(free, scores * rise(u, 0.1, 0.5), 0)
    if not strength.any():
        return 0.0, None, 0.0, 0.0
    best = strength.argmax()
    around = overlaps(boxes[best][None], boxes)[0]
    joins = (around > 0.6) & (scores > 0.1 * scores[best])
    weights = np.where(joins, scores * around, 0)
    refined = weights @ boxes / weights.sum()
    found = witnessed(np.where(joins & free, scores * rise(around, 0.6, 0.8), 0))
    return strength[best], refined, overlaps(box[None], refined[None])[0, 0], found


def look(labels, boxes, scores):
    """What one view says of each label: tight and loose evidence of every class, near, here, fit."""
    classes, n_classes = labels[:, 0].astype(int), scores.shape[1]
    u_all, twins = overlaps(labels[:, 1:], boxes), overlaps(labels[:, 1:], labels[:, 1:])
    claims = np.zeros((n_classes, len(boxes)))      # how much a label of the class overlaps an anchor
    np.maximum.at(claims, classes, u_all)
    seen = []
    for i, c in enumerate(classes):
        close = u_all[i] > 0.1
        u, s = u_all[i, close], scores[close]
        explained = claims[:, close].T > u[:, None]
        explained[:, c] = False
        free = np.where(explained, 0, s)
        rivals = (classes == c) & (twins[i] < 0.6)
        taken = u_all[rivals][:, close].max(0, initial=0) > u
        seen.append(dict(tight=witnessed(free * rise(u, 0.4, 0.8)[:, None]),
                         loose=witnessed(free * rise(u, 0.3, 0.7)[:, None]),
                         near=witnessed(s[:, c] * rise(u, 0.15, 0.25)),
                         here=witnessed(s[:, c] * rise(u, 0.6, 0.8)),
                         fit=fit(labels[i, 1:], u, ~taken, boxes[close], s[:, c])))
    return seen


def spread(scores, classes, n_classes):
    """A view's scores by the labels' numbers of the classes: 0 for those that it does not know."""
    wide = np.zeros((len(scores), n_classes))
    wide[:, classes] = scores
    return wide


def together(views):
    """Each view as (boxes, scores of all classes), and which classes it knows, (views, classes)."""
    numbers = [np.asarray(view[2]) if len(view) > 2 else np.arange(view[1].shape[1])
               for view in views]
    n_classes = max(numbers.max(initial=-1) + 1 for numbers in numbers)
    knows = np.array([np.isin(np.arange(n_classes), some) for some in numbers])
    return [(view[0], spread(view[1], some, n_classes))
            for view, some in zip(views, numbers)], knows


def mean(seen, knows, c):
    """What several views say of a label of class c, as one: means over those that know the class."""
    counts = knows.sum(0).clip(1)
    each = {name: sum(s[name] for s in seen) / counts for name in ("tight", "loose")}
    each |= {name: sum(s[name] for s in seen) / counts[c] for name in ("near", "here")}
    fits = [s["fit"] for s in seen]
    best = max(fits, key=lambda fit: fit[0])        # the first of equals
    return dict(each, fit=best[:3] + (sum(fit[3] for fit in fits) / counts[c],))


def weigh(labels, i, seen, size):
    """Evidence of label i by itself; size: of its box, in network pixels."""
    classes = labels[:, 0].astype(int)
    c, company = classes[i], set(np.delete(classes, i).tolist())
    tight, loose = np.delete(seen["tight"], c), np.delete(seen["loose"], c)
    own, near, here = seen["loose"][c], seen["near"], seen["here"]
    rival, contest = tight.max(initial=0), loose.max(initial=0)
    others = np.delete(np.arange(len(seen["tight"])), c)
    strongest = int(others[tight.argmax()]) if len(others) else -1      # the first of equals
    suggested = strongest if rival > 0 else -1
    margin = np.log((rival + 1e-3) / (own + 1e-4)) + 0.5 * (strongest in company) - (c in company)
    ghost = np.log(size / 100 + 1e-9) / 2 - np.log(own + contest / 10 + 3e-3) - np.log(near + 1e-2) / 2
    _, refined, location, found = seen["fit"]
    return dict(own=own, rival=rival, contest=contest, suggested=suggested, near=near, here=here,
                margin=margin, shift=np.log((near + 1e-2) / (here + 1e-3)), ghost=ghost, dup=0.0,
                twin=-1, location=location, refined=refined, found=found, size=size)


def find_twins(labels, judged):
    """Sets dup and twin."""
    same = overlaps(labels[:, 1:], labels[:, 1:])
    for i, j in np.argwhere(same >= 0.6):
        if i == j:
            continue
        by = "location" if labels[i, 0] == labels[j, 0] else "own"
        apart = judged[i][by] - judged[j][by]
        is_worse = apart < 0 or (apart == 0 and i > j)      # of equals the later one
        dup = same[i, j] - (0 if is_worse else 0.5)
        if dup > judged[i]["dup"]:
            judged[i]["dup"], judged[i]["twin"] = dup, int(j)


def copy_of(classes, judged, i):
    """How far label i is to blame for being one object with its twin."""
    e, twin = judged[i], judged[i]["twin"]
    if twin < 0:
        return 0.0
    worse = e["dup"] >= 0.6
    same = e["dup"] if worse else e["dup"] + 0.5
    if classes[i] == classes[twin]:
        return rise(same, 0.7, 1) * (1 if worse else 0.5)
    return rise(same, 0.7, 0.85) * (1 - min(e["own"], judged[twin]["own"])) * (1 if worse else 0.9)


def group_of(label, absent):
    """How far a label is a box around several objects of its class that have no label."""
    area = lambda box: (box[2:] - box[:2]).prod()
    total = 0.0
    for score, kind, box, _ in absent:
        shared = np.minimum(box[2:], label[3:]) - np.maximum(box[:2], label[1:3])
        inside = shared.clip(0).prod() > 0.8 * area(box) and area(box) < 0.6 * area(label[1:])
        total += score if kind == label[0] and score >= 0.1 and inside else 0
    return rise(total, 0.7, 2)


def presence_table():
    """The rows of the program's own table, which is data."""
    with open(PRESENCE, encoding="utf-8") as file:
        rows = re.findall(r"^    {([\d., ]+)},", file.read(), re.M)
    return np.array([[float(x) for x in row.split(",")] for row in rows])


SHARES = presence_table()


def presence(size, seen):
    """The share of labels of this size of which no more is seen."""
    logit = lambda x: np.log((x + 1e-4) / (1 + 1e-4 - x))
    column = 7 * (logit(min(max(seen, 0), 1)) - logit(0)) / (logit(1) - logit(0))
    row = min(max(2 * np.log(max(size, 1) / 8) / np.log(3), 0), 7)
    rows = [np.interp(column, range(8), shares) for shares in SHARES]
    return np.interp(row, range(8), rows)


def verdict(e, max_margin, max_shift, max_ghost, min_own, max_dup):
    """(verdict, reason): the first that holds."""
    own, contest, shift = e["own"], e["contest"], e["shift"]
    rules = (
        (e["dup"] >= max_dup, "uncertain", "duplicate"),
        (e["margin"] > max_margin, "mislabeled", "class"),
        (own >= min_own and own >= contest and shift <= min(2, max_shift), "correct", None),
        (shift > max_shift and e["near"] >= 0.25 and e["near"] >= contest, "uncertain", "location"),
        (contest > own and contest >= 0.05, "uncertain", "contested"),
        (e["ghost"] > max_ghost, "uncertain", "unseen"),
        (True, "uncertain", "weak"),
    )
    return next(rule[1:] for rule in rules if rule[0])


def logistic(x):
    return 1 / (1 + np.exp(-x))


def box_score(e):
    """Near 1: right; near 0: almost surely wrong."""
    class_, ghost = logistic((3 - e["margin"]) / 0.5), logistic((7.5 - e["ghost"]) / 0.2)
    place = 1 - logistic(e["shift"] - 4 - 0.005 * e["location"]) * max(e["found"] - e["here"], 0)
    share = presence(e["size"], max(e["own"], e["contest"]))
    usual = ((share + 0.003) / 1.003) ** 0.2
    return class_ * place * ghost * usual * (1 - 0.7 * e["copy"]) * (1 - 0.7 * e["group"])


def judge(labels, views, gain=1.0, **limits):
    """Evidence, verdict, reason and score of each label, a dict each. gain: network pixels a pixel, of
    the smallest view; limits: those of LIMITS that are otherwise."""
    judged = []
    wide, knows = together(views)
    for i, seen in enumerate(zip(*(look(labels, *view) for view in wide))):
        width, height = labels[i, 3:] - labels[i, 1:3]
        judged.append(weigh(labels, i, mean(seen, knows, int(labels[i, 0])),
                            gain * np.sqrt(width * height)))
    find_twins(labels, judged)
    absent = missing(labels, views, judged)
    for i, e in enumerate(judged):
        e["copy"], e["group"] = copy_of(labels[:, 0], judged, i), group_of(labels[i], absent)
        e["verdict"], e["reason"] = verdict(e, **{**LIMITS, **limits})
        e["score"] = box_score(e)
    return judged


def suppose(labels, views):
    """What each label would look like with each class (docs/self-test.md): its margin, nan with its own
    class, and the evidence for the class, both (labels, classes)."""
    views, knows = together(views)
    classes, n_classes = labels[:, 0].astype(int), knows.shape[1]
    margins, seen = np.full((len(labels), n_classes), np.nan), np.zeros((len(labels), n_classes))
    for i, c in enumerate(classes):
        own = np.zeros(n_classes)
        for boxes, scores in views:
            u_all = overlaps(labels[:, 1:], boxes)
            u, others = u_all[i], np.delete(np.arange(len(labels)), i)
            claims = np.zeros((n_classes, len(boxes)))
            np.maximum.at(claims, classes[others], u_all[others])
            own += witnessed(scores * rise(u, 0.3, 0.7)[:, None])
            seen[i] += witnessed(np.where(claims.T > u[:, None], 0, scores) * rise(u, 0.4, 0.8)[:, None])
        own, seen[i] = own / knows.sum(0).clip(1), seen[i] / knows.sum(0).clip(1)
        company = set(np.delete(classes, i).tolist())
        for k in range(n_classes):
            rivals = np.delete(np.arange(n_classes), k)
            if k != c and len(rivals):
                strongest = int(rivals[seen[i, rivals].argmax()])      # the first of equals
                margins[i, k] = (np.log((seen[i, strongest] + 1e-3) / (own[k] + 1e-4))
                                 + 0.5 * (strongest in company) - (k in company))
    return margins, seen


def certainty(score, doubts, other):
    """How sure it is that an object without a label is there: the chance that all anchors of its class
    at its place err is doubts[view], of those that know the class; the surest object of another class
    there `other`."""
    agree = [1 - (other + (1 - other) * doubt) ** (1 / 6) for doubt in doubts]
    return max(np.mean(agree), score * (1 - other) - 0.25)


def missing(labels, views, judged, least=0.05, nms=0.7, explains=0.45):
    """Objects that no label explains, as (confidence, class, box, certainty), most confident first.
    Confidence is the mean over the views that know the class; one that does not see the object counts
    as 0."""
    views, knows = together(views)
    boxes, scores = (np.concatenate([view[n] for view in views]) for n in range(2))
    source = np.repeat(np.arange(len(views)), [len(view[0]) for view in views])
    anchors, kinds = np.nonzero(scores >= least)
    order = np.argsort(-scores[anchors, kinds], kind="stable")
    anchors, kinds = anchors[order], kinds[order]
    boxes, scores, source = boxes[anchors], scores[anchors, kinds], source[anchors]
    kept, found = [], []
    for i, box in enumerate(boxes):
        rivals = [k for k in kept if kinds[k[0]] == kinds[i]]
        over = overlaps([box], boxes[[k for k, _ in rivals]])[0] > nms if rivals else np.zeros(0)
        if not over.any():
            kept.append((i, {}))
        seen = rivals[over.argmax()][1] if over.any() else kept[-1][1]  # of the best that suppresses it
        seen.setdefault(source[i], scores[i])
    confidence = np.array([sum(seen.values()) / knows[:, kinds[i]].sum() for i, seen in kept])
    places = np.array([i for i, _ in kept], int)
    for i, score in zip(places, confidence):
        known = list(labels[:, 1:])
        known += [e["refined"] for e, c in zip(judged, labels[:, 0])
                  if c == kinds[i] and e["refined"] is not None]
        if score < least or (known and overlaps([boxes[i]], known).max() >= explains):
            continue
        agree = rise(overlaps([boxes[i]], boxes)[0], 0.5, 0.7)
        doubts = [np.prod(1 - (scores * agree)[(kinds == kinds[i]) & (source == view)].clip(None, 0.999))
                  for view in np.flatnonzero(knows[:, kinds[i]])]
        other = (confidence * agree[places])[kinds[places] != kinds[i]].max(initial=0)
        found.append((float(score), int(kinds[i]), boxes[i], float(certainty(score, doubts, other))))
    return sorted(found, key=lambda item: -item[0])


def missing_score(certainty):
    return 1 - 0.999 * certainty


def image_score(judged, absent):
    """The chance that no label and no missing object is an error, as if they were independent."""
    doubts = [(1 - e["score"]) ** 2 for e in judged]
    return float(np.prod([missing_score(sure) for *_, sure in absent]) * np.prod(1 - np.array(doubts)))
