/* What a finding says: its reason, in words; what it suggests; which decisions it may have. */
(function (review) {
    "use strict";

    const name_of = (finding) => review.class_name(finding.class);
    const suggested_of = (finding) => review.class_name(finding.suggested);

    /* How surely it is another class; a class finding without one cannot be, but data may be
     * anything. */
    function looks(finding, how) {
        const is = finding.suggested === null || finding.suggested === undefined
            ? "looks like another class" : how + " " + suggested_of(finding);
        return "labelled " + name_of(finding) + ", " + is;
    }

    function doubled(finding) {
        if (finding.other && finding.other.class !== finding.class)
            return "labelled " + name_of(finding) + " and " +
                review.class_name(finding.other.class) + ": one object";
        return "two labels " + name_of(finding) + " on one object";
    }

    const degrees = (finding) => (Number.isFinite(finding.error)
        ? Math.round(finding.error) + "°" : "more than it may be");

    /* The model's points in the place of the label's; a pose's box with them. */
    function with_points(finding) {
        const points = finding.points ? review.suggested_points(finding) : [];
        return points.length === 0 ? null : { action: "points", class: finding.class,
            xywhn: review.data.run.kpt_shape ? finding.refined : null, points: points };
    }

    function add_missing(finding) {
        const decision = { action: "add", class: finding.class, xywhn: finding.xywhn };
        if (finding.points && review.is_outlined())
            decision.points = review.suggested_points(finding);
        return decision;
    }

    /* A row for each reason, in the order in which they are listed. */
    const REASONS = {
        class: { title: "Wrong class", words: (f) => looks(f, "looks like") },
        missing: { title: "No label", words: (f) => "no label, looks like " + name_of(f) },
        duplicate: { title: "Duplicate", words: doubled },
        location: { title: "Misplaced",
            words: (f) => "labelled " + name_of(f) + ", the box is misplaced" },
        angle: { title: "Turned", words: (f) => "labelled " + name_of(f) + ", turned by " +
            degrees(f) + " against the model's box" },
        outline: { title: "Outline off",
            words: (f) => "labelled " + name_of(f) + ", the outline is not the model's" },
        point: { title: "Point off",
            words: (f) => "labelled " + name_of(f) + ", a point is not where the model sees it" },
        swapped: { title: "Swapped points",
            words: (f) => "labelled " + name_of(f) + ", left and right look swapped" },
        unseen: { title: "Nothing there",
            words: (f) => "labelled " + name_of(f) + ", nothing is seen there" },
        contested: { title: "Contested", words: (f) => looks(f, "may be") },
        unknown_class: { title: "Unknown class",
            words: (f) => "labelled " + name_of(f) + ", which the model does not know" },
        invalid: { title: "Invalid line",
            words: (f) => (f.line ? "line " + f.line : "the label file") + " cannot be used" },
        weak: { title: "Little evidence",
            words: (f) => "labelled " + name_of(f) + ", little speaks for it" },
    };

    review.reasons = Object.keys(REASONS);
    review.reason_title = (reason) => (REASONS[reason] || { title: reason }).title;
    review.is_weak = (finding) => finding.reason === "weak";

    /* "labelled cup, looks like bowl" */
    review.words = (finding) => (REASONS[finding.reason]
        ? REASONS[finding.reason].words(finding) : name_of(finding) + ": " + finding.reason);

    /* The same in the width of a crop: "cup → bowl". */
    review.short_words = function (finding) {
        if (finding.kind === "invalid")
            return review.words(finding);
        if (finding.kind === "missing")
            return "+ " + name_of(finding);
        const other = finding.reason === "class" || finding.reason === "contested";
        return other && finding.suggested !== null && finding.suggested !== undefined
            ? name_of(finding) + " → " + suggested_of(finding) : name_of(finding);
    };

    /* The decision that a finding suggests, or null. */
    review.suggestion = function (finding) {
        const has_class = finding.suggested !== null && finding.suggested !== undefined;
        switch (finding.reason) {
        case "class":
        case "contested":
            return has_class ? { action: "class", class: finding.suggested, xywhn: null } : null;
        case "angle":
        case "outline":
        case "point":
        case "swapped":
            return with_points(finding);
        case "location":
            return finding.points ? with_points(finding) : finding.refined
                ? { action: "box", class: finding.class, xywhn: finding.refined } : null;
        case "duplicate":
        case "unseen":
            return { action: "delete", class: null, xywhn: null };
        case "missing":
            return finding.xywhn && finding.class !== null
                ? add_missing(finding) : null;
        default:
            return null;
        }
    };

    /* Whether a decision of this kind makes sense. "other" deletes the second label. */
    review.allows = function (finding, action) {
        const is_box = finding.kind === "box";
        switch (action) {
        case "suggestion":
            return review.suggestion(finding) !== null;
        case "points":
            return is_box && Boolean(finding.points);
        case "box":
            if (is_box && review.points_of_line(finding.text))
                return false; /* its points would not be of the new box */
            /* falls through */
        case "class":
            return Boolean((is_box || finding.kind === "missing") && finding.xywhn);
        case "delete":
            return is_box || (finding.kind === "invalid" && finding.line > 0);
        case "other":
            return Boolean(finding.other);
        default:
            return true;
        }
    };

    /* What a decision does, for buttons and badges. */
    review.decision_words = function (finding, decision) {
        switch (decision.action) {
        case "class":
            return "Change to " + review.class_name(decision.class);
        case "box":
            if (decision.xywhn === finding.refined)
                return "Take the model's box";
            return decision.class === finding.class
                ? "Move the box" : "Move the box, change to " + review.class_name(decision.class);
        case "points":
            return (finding.reason === "angle" ? "Take the model's turned box"
                : "Take the model's points") + (decision.class === finding.class ? ""
                : ", change to " + review.class_name(decision.class));
        case "add":
            return "Add " + review.class_name(decision.class);
        case "delete":
            return finding.kind === "invalid" ? "Delete this line" : "Delete this label";
        case "other":
            return "Delete the other label";
        case "skip":
            return "Skip";
        default:
            return finding.kind === "missing" ? "Leave without a label"
                : finding.kind === "invalid" ? "Leave the line" : "Keep the label";
        }
    };

    const DONE = {
        class: ["✓", (d) => review.class_name(d.class)],
        box: ["▭", () => "box moved"],
        points: ["▱", () => "points taken"],
        add: ["+", (d) => review.class_name(d.class) + " added"],
        delete: ["✕", () => "deleted"],
        other: ["✕", () => "other deleted"],
        keep: ["=", () => "kept"],
        skip: ["»", () => "skipped"],
    };
    /* A decision that was made, in two or three words with a sign before them. */
    review.decided_words = (decision) =>
        DONE[decision.action][0] + " " + DONE[decision.action][1](decision);
})(window.review = window.review || {});
