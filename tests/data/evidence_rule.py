"""What is expected of a case of evidence_cases.py by docs/evidence.md, anchor by anchor in double precision."""
import math
import os
import re

from evidence_cases import ANCHOR, DISTANCE

PRESENCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src", "judge", "presence.c")
REASONS = ["none", "class", "location", "contested", "weak", "unseen", "duplicate"]


# ---------------------------------------------------------------- decoding

def sigmoid(x):
    return 1.0 / (1.0 + math.exp(-x))


def decode(case):
    """All anchors in order: [(box in picture pixels, [score of each class])]."""
    found = []
    for level in case["levels"]:
        boxes = level["boxes"]
        scores = boxes if level["scores"] is None else level["scores"]
        _, h, w = boxes.shape
        for anchor in range(case["n_anchors"]):
            for row in range(h):
                for column in range(w):
                    found.append(decode_one(case, level, boxes[:, row, column].tolist(),
                                            scores[:, row, column].tolist(), anchor, row, column))
    return found


def decode_one(case, level, b, s, anchor, row, column):
    n, stride = case["classes"], level["stride"]
    if case["kind"] == DISTANCE:
        sides = []
        for side in range(4):
            first = level["box_channel"] + side * case["bins"]
            logits = b[first:first + case["bins"]]
            if case["bins"] == 1:
                sides.append(logits[0])
                continue
            weights = [math.exp(x - max(logits)) for x in logits]
            sides.append(sum(i * x for i, x in enumerate(weights)) / sum(weights))
        cx, cy = column + 0.5, row + 0.5
        box = [(cx - sides[0]) * stride, (cy - sides[1]) * stride,
               (cx + sides[2]) * stride, (cy + sides[3]) * stride]
        first = level["score_channel"]
        scores = [sigmoid(x) for x in s[first:first + n]]
    else:
        if case["kind"] == ANCHOR:
            v = b[anchor * (5 + n):(anchor + 1) * (5 + n)]
            t = [sigmoid(x) for x in v]
            aw, ah = level["anchors"][anchor]
            centre = [(2 * t[0] - 0.5 + column) * stride, (2 * t[1] - 0.5 + row) * stride,
                      (2 * t[2]) ** 2 * aw, (2 * t[3]) ** 2 * ah]
            scores = [t[4] * x for x in t[5:]]
        else:
            centre = b[:4]
            scores = [b[4] * x for x in b[5:]] if case["objectness"] else b[4:]
        box = [centre[0] - centre[2] / 2, centre[1] - centre[3] / 2,
               centre[0] + centre[2] / 2, centre[1] + centre[3] / 2]
    shift = [case["left"], case["top"]] * 2
    return [(x - d) / g for x, d, g in zip(box, shift, case["gains"] * 2)], scores


# ---------------------------------------------------------------- the rule

def iou(a, b):
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return w * h / (area - w * h)


def rise(u, low, high):
    return min(1.0, max(0.0, (u - low) / (high - low)))


class NoisyOr:
    def __init__(self):
        self.log = 0.0

    def add(self, x):
        self.log += math.log1p(-min(x, 0.999))

    def value(self):
        return -math.expm1(self.log)


def judge_label(case, anchors, i):
    labels = case["labels"]
    c, box = int(labels[i][0]), labels[i][1:]
    loose = [NoisyOr() for _ in range(case["classes"])]
    tight = [NoisyOr() for _ in range(case["classes"])]
    near, here = NoisyOr(), NoisyOr()
    around = []     # (weight for the refined box, u, anchor's box, score)
    for abox, scores in anchors:
        u = iou(box, abox)
        if u <= 0.1:
            continue
        near.add(scores[c] * rise(u, 0.15, 0.25))
        here.add(scores[c] * rise(u, 0.6, 0.8))
        other = {}      # the best overlap of this anchor with the other labels, per class
        taken = False
        for j, label in enumerate(labels):
            k = int(label[0])
            if j == i or k < 0:
                continue
            v = iou(label[1:], abox)
            other[k] = max(other.get(k, 0.0), v)
            taken |= k == c and v > u and iou(label[1:], box) < 0.6
        for k in range(case["classes"]):
            if k == c or other.get(k, 0.0) <= u:
                loose[k].add(scores[k] * rise(u, 0.3, 0.7))
                tight[k].add(scores[k] * rise(u, 0.4, 0.8))
        around.append((0.0 if taken else scores[c] * rise(u, 0.1, 0.5), abox, scores[c], taken))

    own = loose[c].value()
    rivals = [k for k in range(case["classes"])
              if k != c and (case["in_data"] is None or case["in_data"][k])]
    rival, strongest = max(((tight[k].value(), -k) for k in rivals), default=(0.0, 1))
    strongest = -strongest
    suggested = strongest if rival > 0 else -1
    contest = max((loose[k].value() for k in rivals), default=0.0)
    others = [int(label[0]) for j, label in enumerate(labels) if j != i and label[0] >= 0]
    near, here = near.value(), here.value()
    size = case["gain"] * math.sqrt((box[2] - box[0]) * (box[3] - box[1]))
    e = dict(own=own, rival=rival, contest=contest, suggested=suggested, near=near, here=here,
             margin=math.log((rival + 1e-3) / (own + 1e-4))
                 + (0.5 if strongest in others else 0) - (1 if c in others else 0),
             shift=math.log((near + 1e-2) / (here + 1e-3)),
             ghost=0.5 * math.log(size / 100 + 1e-9) - math.log(own + 0.1 * contest + 3e-3)
                 - 0.5 * math.log(near + 1e-2),
             dup=0.0, twin=-1, location=0.0, found=0.0, size=size, refined=None)
    best = max(around, key=lambda a: a[0], default=(0.0,))
    if best[0] > 0:
        sums, weights, found = [0.0] * 4, 0.0, NoisyOr()
        for _, abox, score, taken in around:
            u = iou(abox, best[1])
            if u > 0.6 and score > 0.1 * best[2]:
                found.add(0.0 if taken else score * rise(u, 0.6, 0.8))
                weights += score * u
                sums = [s + score * u * x for s, x in zip(sums, abox)]
        e["refined"] = [s / weights for s in sums]
        e["location"] = iou(box, e["refined"])
        e["found"] = found.value()
    return e


def judge_all(case, anchors):
    labels = case["labels"]
    all_e = [judge_label(case, anchors, i) if label[0] >= 0 else None
             for i, label in enumerate(labels)]
    for i, e in enumerate(all_e):
        for j, f in enumerate(all_e):
            if i == j or e is None or f is None:
                continue
            u = iou(labels[i][1:], labels[j][1:])
            if u < 0.6:
                continue
            by = "location" if labels[i][0] == labels[j][0] else "own"
            worse = e[by] < f[by] or (e[by] == f[by] and i > j)
            dup = u if worse else u - 0.5
            if dup > e["dup"]:
                e["dup"], e["twin"] = dup, j
    return all_e


def suppress(candidates, limit, most):
    """Greedy NMS per class; candidates (score, anchor, class, box), best first."""
    kept = []
    for c in candidates:
        if len(kept) < most and all(k[2] != c[2] or iou(k[3], c[3]) <= limit for k in kept):
            kept.append(c)
    return kept


def find_missing(case, anchors, all_e):
    candidates = [(s, a, k, box) for a, (box, scores) in enumerate(anchors)
                  for k, s in enumerate(scores)
                  if s >= 0.05 and (case["in_data"] is None or case["in_data"][k])]
    candidates.sort(key=lambda c: (-c[0], c[1], c[2]))
    out, kept = [], suppress(candidates, 0.7, 3000)
    for c in kept:
        if any(iou(c[3], label[1:]) >= 0.45 for label in case["labels"]):
            continue
        if any(e and e["refined"] and label[0] == c[2] and iou(c[3], e["refined"]) >= 0.45
               for e, label in zip(all_e, case["labels"])):
            continue
        agree = lambda other: other[0] * rise(iou(c[3], other[3]), 0.5, 0.7)
        doubt = math.prod(1 - min(agree(o), 0.999) for o in candidates if o[2] == c[2])
        other = max((agree(o) for o in kept if o[2] != c[2]), default=0.0)
        none = other + (1 - other) * doubt
        out.append(c + (max(1 - none ** (1 / 6), c[0] * (1 - other) - 0.25),))
    return out


def relate(case, all_e, missing):
    """Sets copy and group."""
    area = lambda box: (box[2] - box[0]) * (box[3] - box[1])
    for e, label in zip(all_e, case["labels"]):
        if e is None:
            continue
        e["copy"], held = 0.0, 0.0
        if e["twin"] >= 0:
            worse = e["dup"] >= 0.6
            u, least = e["dup"] + (0 if worse else 0.5), min(e["own"], all_e[e["twin"]]["own"])
            if case["labels"][e["twin"]][0] == label[0]:
                e["copy"] = rise(u, 0.7, 1) * (1 if worse else 0.5)
            else:
                e["copy"] = rise(u, 0.7, 0.85) * (1 - least) * (1 if worse else 0.9)
        for score, _, k, box, _ in missing:
            shared = math.prod(max(0, min(box[i + 2], label[i + 3]) - max(box[i], label[i + 1]))
                               for i in range(2))
            if score >= 0.1 and k == label[0] and area(box) < 0.6 * area(label[1:]) \
                    and shared > 0.8 * area(box):
                held += score
        e["group"] = rise(held, 0.7, 2)


def predict(case, anchors):
    candidates = []
    for a, (box, scores) in enumerate(anchors):
        k = max(range(len(scores)), key=lambda k: (scores[k], -k))
        if scores[k] > case["conf"]:
            candidates.append((scores[k], a, k, box))
    candidates.sort(key=lambda c: (-c[0], c[1]))
    return suppress(candidates, case["iou"], case["max_det"])


def verdict(e):
    """0 correct, 1 mislabeled, 2 uncertain, and the index of the reason."""
    if e["dup"] >= 0.7:
        return 2, REASONS.index("duplicate")
    if e["margin"] > 3.5:
        return 1, REASONS.index("class")
    if e["own"] >= max(0.15, e["contest"]) and e["shift"] <= 2:
        return 0, REASONS.index("none")
    if e["shift"] > 3 and e["near"] >= max(0.25, e["contest"]):
        return 2, REASONS.index("location")
    if e["contest"] > e["own"] and e["contest"] >= 0.05:
        return 2, REASONS.index("contested")
    return 2, REASONS.index("unseen" if e["ghost"] > 7.5 else "weak")


def presence(size, seen):
    """By the program's own table, which is data."""
    with open(PRESENCE, encoding="utf-8") as file:
        rows = re.findall(r"^    {([\d., ]+)},", file.read(), re.M)
    table = [[float(x) for x in row.split(",")] for row in rows]
    end = math.log((1 + 1e-4) / 1e-4)
    row = min(7, max(0, math.log(max(size, 1) / 8) / math.log(3) * 2))
    column = 7 * (math.log((seen + 1e-4) / (1 + 1e-4 - seen)) + end) / (2 * end)
    near = lambda at, i: max(0, 1 - abs(at - i))
    return sum(near(row, i) * near(column, j) * table[i][j] for i in range(8) for j in range(8))


def box_score(e):
    place = sigmoid(e["shift"] - 4 - 0.005 * e["location"]) * max(0, e["found"] - e["here"])
    usual = ((presence(e["size"], max(e["own"], e["contest"])) + 0.003) / 1.003) ** 0.2
    return ((1 - sigmoid((e["margin"] - 3) / 0.5)) * (1 - place) * usual *
            (1 - sigmoid((e["ghost"] - 7.5) / 0.2)) * (1 - 0.7 * e["copy"]) * (1 - 0.7 * e["group"]))


def image_score(all_e, missing):
    score = math.prod(1 - 0.999 * certain for *_, certain in missing)
    for e in all_e:
        score *= 1 - (1 - box_score(e)) ** 2 if e else 1
    return score


def expectations(case):
    anchors = decode(case)
    all_e = judge_all(case, anchors)
    missing = find_missing(case, anchors, all_e)
    relate(case, all_e, missing)
    out = []
    for e in all_e:
        out.append(e is not None)
        if e is None:
            continue
        out += [e[k] for k in ("own", "rival", "contest", "suggested", "near", "here", "margin", "shift",
                               "ghost", "dup", "twin", "location", "found", "copy", "group")]
        out += [e["refined"] is not None] + (e["refined"] or [0.0] * 4)
        out += verdict(e)
        out.append(box_score(e))
    for found in (missing, [p + (0.0,) for p in predict(case, anchors)]):
        out.append(len(found))
        for score, _, k, box, certain in found:
            out += [k, score, *box, certain]
    out.append(image_score(all_e, missing))
    return out, all_e, missing
