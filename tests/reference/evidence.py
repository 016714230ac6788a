"""The rule of docs/evidence.md in numpy, which the C code is tested against.

A picture's labels are rows (class, x1, y1, x2, y2) in pixels; the network's raw output is a box
(x1, y1, x2, y2) in pixels and a score for each class from every anchor, before any threshold or NMS.
A view is such an output, (boxes, scores), or (boxes, scores, classes) where its classes are those of
the labels by other numbers. A picture is judged from one view or several.
Symbols are those of docs/evidence.md; nothing here is fast.
"""
import numpy as np

LIMITS = dict(max_margin=3.5, max_shift=3.0, max_ghost=7.5, min_own=0.15, max_dup=0.7)


def overlaps(some, others):
    """(n, 4) and (m, 4) boxes → their IoU, (n, m)."""
    some, others = np.asarray(some, float)[:, None], np.asarray(others, float)[None]
    size = lambda box: (box[..., 2:] - box[..., :2]).prod(-1)
    shared = np.minimum(some[..., 2:], others[..., 2:]) - np.maximum(some[..., :2], others[..., :2])
    shared = shared.clip(0).prod(-1)
    return shared / (size(some) + size(others) - shared + 1e-9)


def rise(u, low, high):
    """The ramp: 0 up to low, 1 from high."""
    return ((u - low) / (high - low)).clip(0, 1)


def witnessed(shares):
    """Noisy-or over the first axis."""
    return -np.expm1(np.log1p(-shares.clip(None, 0.999)).sum(0))


def fit(box, u, free, boxes, scores):
    """The network's own box for a label, from the anchors near it: (strength of the best anchor, box,
    IoU with the label). `free`: anchors that no competing label overlaps more. Strength 0: none."""
    strength = np.where(free, scores * rise(u, 0.1, 0.5), 0)
    if not strength.any():
        return 0.0, None, 0.0
    best = strength.argmax()
    around = overlaps(boxes[best][None], boxes)[0]
    weights = np.where((around > 0.6) & (scores > 0.1 * scores[best]), scores * around, 0)
    refined = weights @ boxes / weights.sum()
    return strength[best], refined, overlaps(box[None], refined[None])[0, 0]


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
    return dict(each, fit=max((s["fit"] for s in seen), key=lambda fit: fit[0]))   # the first of equals


def weigh(labels, i, seen, size):
    """Evidence of label i but for dup and twin; size: of its box, in network pixels."""
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
    _, refined, location = seen["fit"]
    return dict(own=own, rival=rival, contest=contest, suggested=suggested, near=near, here=here,
                margin=margin, shift=np.log((near + 1e-2) / (here + 1e-3)), ghost=ghost, dup=0.0,
                twin=-1, location=location, refined=refined)


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
    class_, place = logistic((3 - e["margin"]) / 0.5), logistic(5 - e["shift"] + 0.005 * e["location"])
    ghost, single = logistic((7.5 - e["ghost"]) / 0.2), logistic((0.7 - e["dup"]) / 0.03)
    return class_ * place * ghost * (0.5 + 0.5 * single)


def judge(labels, views, gain=1.0, **limits):
    """Evidence, verdict, reason and score of each label, a dict each. gain: network pixels a pixel, of
    the smallest view; limits: those of LIMITS that are otherwise."""
    judged = []
    views, knows = together(views)
    for i, seen in enumerate(zip(*(look(labels, *view) for view in views))):
        width, height = labels[i, 3:] - labels[i, 1:3]
        judged.append(weigh(labels, i, mean(seen, knows, int(labels[i, 0])),
                            gain * np.sqrt(width * height)))
    find_twins(labels, judged)
    for e in judged:
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


def missing(labels, views, judged, least=0.05, nms=0.7, explains=0.45):
    """Objects that no label explains, as (confidence, class, box), most confident first. Confidence
    is the mean over the views that know the class; one that does not see the object counts as 0."""
    views, knows = together(views)
    boxes, scores = (np.concatenate([view[n] for view in views]) for n in range(2))
    view_of = np.repeat(np.arange(len(views)), [len(view[0]) for view in views])
    anchors, kinds = np.nonzero(scores >= least)
    order = np.argsort(-scores[anchors, kinds], kind="stable")
    kept, found = {}, []
    for anchor, kind in zip(anchors[order], kinds[order].tolist()):
        box, score, rivals = boxes[anchor], scores[anchor, kind], kept.setdefault(kind, [])
        over = overlaps([box], [rival[0] for rival in rivals])[0] > nms if rivals else np.zeros(0)
        if not over.any():
            rivals.append((box, {}))
        seen = rivals[int(over.argmax()) if over.any() else -1][1]    # of the best that suppresses it
        seen.setdefault(int(view_of[anchor]), score)
    for kind, objects in kept.items():
        for box, seen in objects:
            score = sum(seen.values()) / knows[:, kind].sum()
            known = list(labels[:, 1:])
            known += [e["refined"] for e, c in zip(judged, labels[:, 0])
                      if c == kind and e["refined"] is not None]
            if score >= least and (not known or overlaps([box], known).max() < explains):
                found.append((float(score), kind, box))
    return sorted(found, key=lambda item: -item[0])


def missing_score(confidence):
    return 1 - 0.999 * confidence ** 2


def image_score(judged, absent):
    """The chance that no label and no missing object is an error, as if they were independent."""
    score = missing_score(max((confidence for confidence, _, _ in absent), default=0.0))
    return float(score * np.prod([e["score"] for e in judged]))
