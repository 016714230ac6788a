"""An output folder as a run leaves it, with records of the test's own."""

import json
import os

NUMBERS = ("own", "rival", "contest", "near", "margin", "shift", "ghost", "dup", "location")


def box(line, number, name, xywhn, reason=None, **more):
    """One of a record's boxes; `reason` None: it is correct."""
    verdict = "correct" if reason is None else "mislabeled" if reason == "class" else "uncertain"
    made = {"line": line, "class": number, "name": name, "xywhn": xywhn, "verdict": verdict,
            "reason": reason, "score": 1.0 if reason is None else 0.01, "suggested": None,
            "suggested_name": None, **{key: 0.0 for key in NUMBERS}, "refined": None}
    return {**made, **more}


def missing(number, name, xywhn, score=0.05):
    return {"class": number, "name": name, "confidence": 0.9, "score": score, "xywhn": xywhn}


def record(image, boxes=(), missing=(), invalid=(), size=(640, 480), error=None, split=None):
    bad = [b for b in boxes if b["verdict"] != "correct"]
    bucket = ("mislabeled" if any(b["verdict"] == "mislabeled" for b in bad) else
              "uncertain" if bad or missing or invalid else "correct")
    scores = [item["score"] for item in [*boxes, *missing]]
    label = os.path.splitext(image.replace("images/", "labels/"))[0] + ".txt"
    return {"image": image, "label": label, "split": split, "bucket": None if error else bucket,
            "score": 0.0 if error else min([1.0, *scores]), "width": 0 if error else size[0],
            "height": 0 if error else size[1], "boxes": list(boxes), "missing": list(missing),
            "invalid": list(invalid), "error": error}


def finished_run(output, root, names, records, common=None, status="complete", parameters=None):
    """Writes the folder. `root` is the folder that names in the records begin at."""
    os.makedirs(os.path.join(output, ".verify"))
    with open(os.path.join(output, "verification_records.jsonl"), "w", encoding="utf-8") as file:
        for each in records:
            file.write(json.dumps(each, ensure_ascii=False) + "\n")
    report = {"status": status, "total_images": len(records), "parameters": parameters or {},
              "per_class": [{"id": i, "name": name} for i, name in enumerate(names)]}
    with open(os.path.join(output, "verification_report.json"), "w", encoding="utf-8") as file:
        json.dump(report, file)
    with open(os.path.join(output, ".verify", "run.json"), "w", encoding="utf-8") as file:
        json.dump({"version": "0.3.0", "manifest": 1, "root": root, "common": common or root},
                  file)
    return output
