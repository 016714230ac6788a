"""How well suspicions rank labels and pictures: AUROC, average precision, the head of the list, intervals.

A judge's view of a picture is {"boxes": [{"class", "place", "nothing", "any", "called", "truth"}], "doubt", "bad"}:
for each label suspicions of a wrong class, a wrong place, an object that is not there, any error (None where the judge
has none), whether it calls the class wrong (None: it says nothing of the kind), and what is true; for the picture a
suspicion and whether anything is wrong.
"""
import random

from ranking import auroc, average_precision

RESAMPLES = 500
FOUND = "found"  # truth of a label in which nothing is planted, and people found something wrong


def boxes(pictures):
    return [box for picture in pictures for box in picture["boxes"]]


def ranking(measure, items, field, is_true):
    """The measure of a suspicion; None where the judge has none, or nothing is to be found."""
    truth = [is_true(item) for item in items]
    scores = [item[field] for item in items]
    if None in scores or not any(truth) or all(truth):
        return None
    return measure(scores, truth)


def picture_auroc(pictures):
    return ranking(auroc, pictures, "doubt", lambda picture: picture["bad"])


def planted(pictures):
    """The figures of a run on planted errors; a box's truth is the kind of its error, FOUND, or None."""
    every = boxes(pictures)
    is_kind = lambda kind: lambda box: box["truth"] == kind
    is_wrong = lambda box: box["truth"] not in (None, FOUND)
    sound = [box for box in every if box["truth"] != FOUND]
    found = {"swap AUROC": ranking(auroc, every, "class", is_kind("swap")),
             "swap AP": ranking(average_precision, every, "class", is_kind("swap"))}
    called = [box["truth"] == "swap" for box in every if box["called"]]
    silent = any(box["called"] is None for box in every)
    swaps = sum(box["truth"] == "swap" for box in every)
    found["called P"] = None if silent or not called else sum(called) / len(called)
    found["called R"] = None if silent else sum(called) / swaps
    found["moved AP"] = ranking(average_precision, every, "place", is_kind("moved"))
    found["spurious AP"] = ranking(average_precision, every, "nothing", is_kind("spurious"))
    found["any AUROC"] = ranking(auroc, every, "any", is_wrong)
    found["any AP"] = ranking(average_precision, every, "any", is_wrong)
    found["any AP, sound"] = ranking(average_precision, sound, "any", is_wrong)
    found["pictures AUROC"] = picture_auroc(pictures)
    return found


def first(every, count):
    """How many of the first so many by suspicion are truly wrong; of equal ones the share that falls in."""
    scores = sorted((box["any"] for box in every), reverse=True)
    last = scores[count - 1]
    above = [box["truth"] == "real" for box in every if box["any"] > last]
    level = [box["truth"] == "real" for box in every if box["any"] == last]
    return sum(above) + sum(level) * (count - len(above)) / len(level)


def real(pictures):
    """The figures of a run on real errors; a box's truth is "real", "arguable", or None."""
    every = boxes(pictures)
    wrong = sum(box["truth"] == "real" for box in every)
    if not wrong:
        return {}
    return {"AP": ranking(average_precision, every, "any", lambda box: box["truth"] == "real"),
            "AP with arguable": ranking(average_precision, every, "any", lambda box: box["truth"] is not None),
            "AUROC": ranking(auroc, every, "any", lambda box: box["truth"] == "real"),
            "P of first 20": first(every, 20) / 20,
            "in first tenth": first(every, len(every) // 10) / wrong,
            "pictures AUROC": picture_auroc(pictures)}


def mean_of(sets):
    """The mean of each figure over several sets' figures; None where one lacks it."""
    return {name: None if any(s.get(name) is None for s in sets) else sum(s[name] for s in sets) / len(sets)
            for name in sets[0]}


def intervals(sets, measure):
    """{figure: (low, high)}, 90%, of the mean over sets of pictures, each drawn again by the picture."""
    rng = random.Random(1)
    draws = []
    for _ in range(RESAMPLES):
        drawn = [measure(rng.choices(pictures, k=len(pictures))) for pictures in sets]
        if all(drawn):
            draws.append(mean_of(drawn))
    found = {}
    for name in draws[0]:
        values = sorted(draw[name] for draw in draws if draw[name] is not None)
        if values:
            found[name] = values[len(values) // 20], values[-1 - len(values) // 20]
    return found
