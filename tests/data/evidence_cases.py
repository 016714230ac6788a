"""Random raw head maps with labels, and the file that one such case is: little-endian float32 only, in the order
that write_case() and tests/unit/evidence_case.h describe."""
import math

import numpy as np

DISTANCE, ANCHOR, FINAL = 0, 1, 2
MAGIC = 20240.0


# ---------------------------------------------------------------- the file

def blocked(planes, block):
    """(C, h, w) in the layout of a head_map of this block, padded with 7 (a trap for readers)."""
    c, h, w = planes.shape
    blocks = -(-c // block)
    padded = np.full((blocks * block, h, w), 7.0)
    padded[:c] = planes
    return padded.reshape(blocks, block, h, w).transpose(0, 2, 3, 1).ravel()


def write_map(out, planes, block):
    out += [*planes.shape, block]
    out += blocked(planes, block).tolist()


def write_case(case, expected=()):
    """case: dict, see make_case(); returns the file's bytes."""
    out = [MAGIC, case["kind"], case["classes"], case["bins"], case["n_anchors"],
           case["objectness"], case["channels_last"], len(case["levels"])]
    for level in case["levels"]:
        out += [level["stride"], level["box_channel"], level["score_channel"]]
        out += [x for pair in level["anchors"] for x in pair]
        write_map(out, level["boxes"], level["block"])
        same = level["scores"] is None
        out.append(same)
        if not same:
            write_map(out, level["scores"], level["block"])
    out += [case["gain"], *case["gains"], case["left"], case["top"]]
    out.append(case["in_data"] is not None)
    out += list(case["in_data"]) if case["in_data"] is not None else []
    out += [1, case["conf"], case["iou"], case["max_det"]]
    out.append(len(case["labels"]))
    for label in case["labels"]:
        out += list(label)
    out += list(expected)
    return np.array([float(x) for x in out], "<f4").tobytes()


# ---------------------------------------------------------------- random cases

def make_case(seed, kind=DISTANCE, classes=4, bins=4, block=1, one_map=False, objectness=False,
              restrict=False, n_objects=4, labels="mixed"):
    rng = np.random.default_rng(seed)
    width, height, strides = 80, 48, (8, 16)
    n_anchors = 2 if kind == ANCHOR else 1
    gain, gains, left, top = 0.5, (0.5, 0.4921875), 0, 6
    objects = []
    for _ in range(n_objects):
        w, h = rng.uniform(14, 34, 2)
        x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
        objects.append((int(rng.integers(classes)), np.array([x, y, x + w, y + h])))
    levels = []
    for stride in strides[:1] if kind == FINAL else strides:
        sizes = [(stride * 2.0, stride * 1.5), (stride * 3.0, stride * 3.0)][:n_anchors]
        level = dict(stride=stride, anchors=sizes, box_channel=0, score_channel=0, block=block,
                     scores=None)
        fill_level(rng, level, kind, classes, bins, objectness, objects, (width, height))
        if kind == DISTANCE and one_map:        # two strangers in front, as in a map of all heads
            both = [rng.normal(0, 3, (2,) + level["boxes"].shape[1:]), level["boxes"],
                    level["scores"]]
            level["box_channel"], level["score_channel"] = 2, 2 + len(level["boxes"])
            level["boxes"], level["scores"] = np.concatenate(both), None
        if block == 0:
            level["block"] = len(level["boxes"])
        for name in ("boxes", "scores"):
            if level[name] is not None:
                level[name] = level[name].astype("<f4").astype(float)
        levels.append(level)
    case = dict(kind=kind, classes=classes, bins=bins, n_anchors=n_anchors, objectness=objectness,
                channels_last=block == 0, levels=levels, gain=gain, gains=gains, left=left, top=top,
                in_data=[k != 1 for k in range(classes)] if restrict else None,
                conf=float(np.float32(0.25)), iou=float(np.float32(0.7)), max_det=20)
    found = make_labels(rng, labels, classes, objects)
    case["labels"] = [
        (c, *np.array([(x - d) / g for x, d, g in zip(box, [left, top] * 2, gains * 2)],
                      "<f4").tolist())
        for c, box in found]
    return case


def fill_level(rng, level, kind, classes, bins, objectness, objects, net):
    """Raw maps that describe the objects, with noise."""
    stride = level["stride"]
    if kind == FINAL:       # a row of anchors
        h, w = 1, 60
        box_channels = 4
    else:
        h, w = net[1] // stride, net[0] // stride
        box_channels = 4 * bins
    inverse = lambda p: math.log(p / (1 - p))
    box_map = np.zeros((box_channels, h, w))
    score_map = np.zeros((classes, h, w))
    anchor_maps = []
    for anchor in range(len(level["anchors"]) if kind == ANCHOR else 1):
        anchor_map = np.zeros((5 + classes, h, w))
        for row in range(h):
            for column in range(w):
                cx, cy = (column + 0.5) * stride, (row + 0.5) * stride
                if kind == FINAL:
                    cx, cy = rng.uniform(0, net[0]), rng.uniform(0, net[1])
                inside = [o for o in objects
                          if o[1][0] < cx < o[1][2] and o[1][1] < cy < o[1][3]]
                logits = rng.normal(-7, 1, classes)
                if inside:
                    c, box = inside[rng.integers(len(inside))]
                    box = box + rng.normal(0, 2, 4)
                    logits[c] += rng.uniform(2, 10)
                    logits[rng.integers(classes)] += rng.uniform(0, 5)
                else:
                    size = rng.uniform(3, 20, 2)
                    box = np.array([cx - size[0], cy - size[1], cx + size[0], cy + size[1]])
                sides = np.array([cx - box[0], cy - box[1], box[2] - cx, box[3] - cy]) / stride
                sides = np.maximum(sides, 0.05)
                x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
                bw, bh = max(box[2] - box[0], 1), max(box[3] - box[1], 1)
                if kind == DISTANCE and bins > 1:
                    logit = -2 * (np.arange(bins)[None] - sides[:, None]) ** 2
                    logit += rng.normal(0, 0.3, logit.shape)
                    box_map[:, row, column] = logit.ravel()
                elif kind == DISTANCE:
                    box_map[:, row, column] = sides
                elif kind == FINAL:
                    box_map[:, row, column] = x, y, bw, bh
                else:
                    aw, ah = level["anchors"][anchor]
                    share = lambda v: min(0.97, max(0.03, v))
                    anchor_map[:4, row, column] = [
                        inverse(share((x / stride - column + 0.5) / 2)),
                        inverse(share((y / stride - row + 0.5) / 2)),
                        inverse(share(math.sqrt(bw / aw) / 2)),
                        inverse(share(math.sqrt(bh / ah) / 2))]
                    anchor_map[4, row, column] = rng.normal(2 if inside else -5, 1)
                    anchor_map[5:, row, column] = logits + 2
                score_map[:, row, column] = logits
        anchor_maps.append(anchor_map)
    level["boxes"] = box_map
    if kind == DISTANCE:
        level["scores"] = score_map
    elif kind == ANCHOR:
        level["boxes"] = np.concatenate(anchor_maps)
    else:
        final = [box_map, 1 / (1 + np.exp(-score_map))]
        if objectness:
            final.insert(1, rng.uniform(0.3, 1, (1, h, w)))
        level["boxes"] = np.concatenate(final)


def make_labels(rng, what, classes, objects):
    """[(class or -1, box in network pixels)]"""
    jitter = lambda box, s: box + rng.normal(0, s, 4)
    if what == "none":
        return []
    labels = [(c, jitter(box, 1.0)) for c, box in objects[:-1]]     # the last one is missing
    if what == "plain":
        return labels
    c, box = objects[0]
    labels.append((c, jitter(box, 1.5)))                        # the same object twice
    c, box = objects[1]
    labels.append(((c + 1) % classes, jitter(box, 1.5)))        # … and as another class
    labels[2] = ((labels[2][0] + 1) % classes, labels[2][1])    # a swap
    c, box = objects[-1]
    labels.append((c, box + np.array([12, 9, 12, 9])))          # moved
    labels.append((0, np.array([300.0, 300, 340, 330])))        # no anchor near
    labels.append((classes - 1, np.array([-60.0, 8, -20, 40])))
    if what == "unknown":
        labels.append((-1, jitter(objects[-1][1], 1.0)))
    return labels
