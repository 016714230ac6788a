"""How well a ranking finds what is true: area under the ROC curve, average precision."""


def auroc(scores, truth):
    """Area under the ROC curve; ties count half."""
    order = sorted(range(len(scores)), key=lambda i: scores[i])
    ranks, i = [0.0] * len(scores), 0
    while i < len(order):
        j = i
        while j + 1 < len(order) and scores[order[j + 1]] == scores[order[i]]:
            j += 1
        for k in range(i, j + 1):
            ranks[order[k]] = (i + j) / 2 + 1
        i = j + 1
    pos = sum(truth)
    neg = len(truth) - pos
    return (sum(r for r, t in zip(ranks, truth) if t) - pos * (pos + 1) / 2) / (pos * neg)


def average_precision(scores, truth):
    """Mean of the precision at each true item, best score first; those of one score are spread evenly."""
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    hits, total, i = 0, 0.0, 0
    while i < len(order):
        j = i
        while j < len(order) and scores[order[j]] == scores[order[i]]:
            j += 1
        true = sum(bool(truth[k]) for k in order[i:j])
        for n in range(1, true + 1):
            total += (hits + n) / (i + n * (j - i + 1) / (true + 1))
        hits, i = hits + true, j
    return total / hits
