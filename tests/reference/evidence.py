"""The rule of docs/evidence.md in numpy, which the C code is tested against: judges every label of one
image from the raw head output.

labels (L,5) class x1 y1 x2 y2 px; boxes (A,4) px and scores (A,K) after the sigmoid, before NMS;
gain: network pixels per image pixel (letterbox scale), used only to express sizes.
    u = IoU(label box B, decoded box a);  ramp(u,l,h) = clamp((u-l)/(h-l), 0, 1)
    OR(x) = 1 - prod_a (1 - min(x_a, .999))                                  (noisy-or)
    E_k   = OR(s_ak ramp(u,.3,.7)), k != c: only anchors no other label of class k overlaps more than B
    own = E_c;  rival = max_{k!=c} E_k, suggested = its k
    near  = OR(s_ac ramp(u,.15,.25));  here = OR(s_ac ramp(u,.6,.8))
    margin = ln((rival + 1e-3) / (own + 1e-4))     class hypothesis   (rank swaps by it)
    shift  = ln((near + 1e-2) / (here + 1e-3))     place hypothesis   (rank moved boxes by it)
    ghost  = .5 ln(size / 100) - ln(own + .1 rival + 3e-3)   existence (rank spurious boxes by it),
             size = sqrt(w h) in network pixels: a large object should be seen, a small one may not
    refined: anchor j = argmax s_ac ramp(u,.1,.5) among those no other label of class c overlaps more;
             mean of boxes with IoU(j, a) > .6 and s_ac > .1 s_jc, weights s_ac IoU(j, a)
    location = IoU(B, refined)
             (labels of class c with IoU(B, them) >= .6 are twins, not competitors)
    dup: with another label of IoU v >= .6: dup = v if this label is the worse of the two, else v - .5;
         worse = lower location (same class) or lower own (other class)
Verdict, first that holds: dup >= .7 duplicate; margin > 4 mislabeled (class); own >= .15, own >= rival and
shift <= 2 correct; shift > 2 and near >= max(.25, rival) location; rival > own and rival >= .05 contested;
ghost > 5 unseen; else weak. All but mislabeled and correct are "uncertain".
"""
import numpy as np

CAP = 0.999


def iou_matrix(a, b):
    w = np.minimum(a[:, None, 2], b[None, :, 2]) - np.maximum(a[:, None, 0], b[None, :, 0])
    h = np.minimum(a[:, None, 3], b[None, :, 3]) - np.maximum(a[:, None, 1], b[None, :, 1])
    inter = np.clip(w, 0, None) * np.clip(h, 0, None)
    area = lambda x: (x[:, 2] - x[:, 0]) * (x[:, 3] - x[:, 1])
    return inter / (area(a)[:, None] + area(b)[None] - inter + 1e-9)


def ramp(u, lo, hi):
    return np.clip((u - lo) / (hi - lo), 0, 1)


def noisy_or(x):
    return 1 - np.exp(np.log1p(-np.minimum(x, CAP)).sum(0))


def refine(box, u, taken, boxes, s):
    """The model's own box for this label: fused around its best anchor; None where there is none."""
    v = s * ramp(u, 0.1, 0.5) * ~taken
    j = int(v.argmax())
    if v[j] <= 0:
        return None, 0.0
    t = iou_matrix(boxes[j:j + 1], boxes)[0]
    m = (t > 0.6) & (s > 0.1 * s[j])
    r = np.average(boxes[m], axis=0, weights=s[m] * t[m])
    return r, float(iou_matrix(box[None], r[None])[0, 0])


def judge(labels, boxes, scores, gain=1.0, max_margin=4.0, max_shift=2.0, max_ghost=5.0,
          min_own=0.15, min_dup=0.7):
    u = iou_matrix(labels[:, 1:5], boxes)
    cls = labels[:, 0].astype(int)
    best = {k: u[cls == k].max(0) for k in set(cls.tolist())}
    twins = iou_matrix(labels[:, 1:5], labels[:, 1:5])
    out = []
    for i, c in enumerate(cls):
        near_by = u[i] > 0.1
        ui, s, b = u[i, near_by], scores[near_by], boxes[near_by]
        ws = s * ramp(ui, 0.3, 0.7)[:, None]
        for k in best:
            if k != c:
                ws[best[k][near_by] > ui, k] = 0             # explained by another label
        e = noisy_or(ws)
        own = float(e[c])
        e[c] = -1
        suggested = int(e.argmax())
        rival = max(0.0, float(e[suggested]))
        near = float(noisy_or(s[:, c] * ramp(ui, 0.15, 0.25)))
        here = float(noisy_or(s[:, c] * ramp(ui, 0.6, 0.8)))
        same = (cls == c) & (twins[i] < 0.6)
        taken = u[same][:, near_by].max(0) > ui if same.any() else np.zeros(len(ui), bool)
        refined, loc = refine(labels[i, 1:5], ui, taken, b, s[:, c]) if len(ui) else (None, 0.0)
        size = gain * np.sqrt((labels[i, 3] - labels[i, 1]) * (labels[i, 4] - labels[i, 2]))
        out.append(dict(own=own, rival=rival, suggested=suggested, near=near, here=here,
                        margin=float(np.log((rival + 1e-3) / (own + 1e-4))),
                        shift=float(np.log((near + 1e-2) / (here + 1e-3))),
                        ghost=float(0.5 * np.log(size / 100 + 1e-9) - np.log(own + 0.1 * rival + 3e-3)),
                        location=loc, refined=refined, dup=0.0, twin=-1))
    for i, o in enumerate(out):
        for j, p in enumerate(out):
            if i == j or twins[i, j] < 0.6:
                continue
            key = "location" if cls[i] == cls[j] else "own"
            worse = (o[key], -i) < (p[key], -j)
            d = float(twins[i, j]) - (0.0 if worse else 0.5)
            if d > o["dup"]:
                o["dup"], o["twin"] = d, j
    for o in out:
        own, rival = o["own"], o["rival"]
        if o["dup"] >= min_dup:
            o["verdict"], o["reason"] = "uncertain", "duplicate"
        elif o["margin"] > max_margin:
            o["verdict"], o["reason"] = "mislabeled", "class"
        elif own >= min_own and own >= rival and o["shift"] <= max_shift:
            o["verdict"], o["reason"] = "correct", None
        else:
            o["verdict"] = "uncertain"
            o["reason"] = ("location" if o["shift"] > max_shift and o["near"] >= max(0.25, rival) else
                           "contested" if rival > own and rival >= 0.05 else
                           "unseen" if o["ghost"] > max_ghost else "weak")
    return out


def missing(labels, boxes, scores, judged, min_score=0.05, nms=0.7, match=0.45):
    """Objects without a label, best first: (score, class, box). A kept prediction is explained by any label,
    or by the refined box of a label of its class, that it overlaps by IoU >= match."""
    a, k = np.nonzero(scores >= min_score)
    order = np.argsort(-scores[a, k], kind="stable")
    kept = []
    for a, k in zip(a[order], k[order]):
        same = [q[2] for q in kept if q[1] == k]
        if not same or iou_matrix(boxes[a:a + 1], np.array(same)).max() <= nms:
            kept.append((float(scores[a, k]), int(k), boxes[a]))
    out = []
    for s, k, b in kept:
        if len(labels) and iou_matrix(b[None], labels[:, 1:5]).max() >= match:
            continue
        r = [j["refined"] for j, c in zip(judged, labels[:, 0]) if c == k and j["refined"] is not None]
        if r and iou_matrix(b[None], np.array(r)).max() >= match:
            continue
        out.append((s, k, b))
    return out


def image_score(judged, absent):
    """Near 1 is clean, near 0 almost surely wrong: the chance that no label and no missing object is an error."""
    sig = lambda x: 1 / (1 + np.exp(-x))
    q = 1 - max((m[0] for m in absent), default=0.0) ** 2 * 0.999
    for j in judged:
        q *= ((1 - sig((j["margin"] - 3.5) / 0.5)) * (1 - sig(j["shift"] - 5)) *
              (1 - sig((j["ghost"] - 5) / 0.2)) * (1 - 0.5 * sig((j["dup"] - 0.7) / 0.03)))
    return float(q)
