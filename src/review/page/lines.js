/* decisions.jsonl: decisions as lines, and lines as decisions of this page's findings. */
(function (review) {
    "use strict";

    const ACTIONS = ["class", "box", "points", "delete", "keep", "add"];
    const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
    const or_null = (value) => (value === undefined ? null : value);

    /* The object of one decision; its members are all that decisions.jsonl has. */
    function record(finding, decision) {
        const on = decision.action === "other" ? finding.other : finding;
        const is_missing = finding.kind === "missing";
        const noted = is_missing && decision.action === "keep";
        const one = {
            image: finding.picture.name,
            label: or_null(finding.picture.label),
            line: is_missing ? null : on.line,
            text: is_missing ? null : or_null(on.text),
            action: decision.action === "other" ? "delete" : decision.action,
            class: or_null(noted ? finding.class : decision.class),
            xywhn: or_null(noted ? finding.xywhn : decision.xywhn),
        };
        if (decision.points)
            one.points = decision.points;
        return one;
    }

    /* Two decisions about one line of a file (two findings may name the same): a change counts for
     * more than a keep, then the later one. */
    function keep_one(records) {
        const held = new Map();
        records.forEach(function (one) {
            const key = one.line === null ? {} : JSON.stringify([one.image, one.line]);
            const before = held.get(key);
            if (!before || before.action === "keep" || one.action !== "keep")
                held.set(key, one);
        });
        return Array.from(held.values());
    }

    /* One line a record, also for readers that end lines where Unicode does. */
    const text_of = (records) => records.map((one) => JSON.stringify(one).replace(
        /[\u0085\u2028\u2029]/g, (character) => "\\u" +
            character.charCodeAt(0).toString(16).padStart(4, "0")) + "\n").join("");

    /* The file's text: a line a decision, in the order of the findings, then what is about none. */
    review.lines_write = function () {
        const records = [];
        review.data.findings.forEach(function (finding) {
            const decision = review.decisions.of(finding);
            if (decision && decision.action !== "skip")
                records.push(record(finding, decision));
        });
        return text_of(keep_one(records.concat(review.decisions.foreign)));
    };

    const is_box = (x) => Array.isArray(x) && x.length === 4 && x.every(Number.isFinite);
    const are_points = (x) => Array.isArray(x) && x.length > 0 &&
        x.every((number) => number === null || Number.isFinite(number));
    const fits = (one) => one && typeof one === "object" && typeof one.image === "string" &&
        ACTIONS.includes(one.action) &&
        (!["class", "box", "add"].includes(one.action) || Number.isInteger(one.class)) &&
        (!["box", "add"].includes(one.action) || is_box(one.xywhn)) &&
        (one.action !== "points" || are_points(one.points));

    function parse(line) {
        try {
            return JSON.parse(line);
        } catch (error) {
            return null;
        }
    }

    /* Overlap of two boxes, 0 to 1. */
    function overlap(a, b) {
        const side = (i) => Math.max(0, Math.min(a[i] + a[i + 2] / 2, b[i] + b[i + 2] / 2) -
            Math.max(a[i] - a[i + 2] / 2, b[i] - b[i + 2] / 2));
        const both = side(0) * side(1);
        return both > 0 ? both / (a[2] * a[3] + b[2] * b[3] - both) : 0;
    }

    /* The missing object that an added label is for: the one that it overlaps most. */
    function missing_for(image, one) {
        let best = null, most = 0.3;
        image.findings.filter((f) => f.kind === "missing" && f.xywhn && is_box(one.xywhn))
            .forEach(function (finding) {
                const share = overlap(finding.xywhn, one.xywhn);
                if (share > most)
                    [best, most] = [finding, share];
            });
        return best;
    }

    /* [finding, decision] that a record is, or null where it is about nothing on this page. */
    function match(images, one) {
        const image = images.get(one.image);
        if (!image)
            return null;
        const decision = { action: one.action, class: null, xywhn: null };
        if (["class", "box", "points", "add"].includes(one.action))
            decision.class = or_null(one.class);
        if (["box", "points", "add"].includes(one.action))
            decision.xywhn = or_null(one.xywhn);
        if (["points", "add"].includes(one.action) && are_points(one.points))
            decision.points = one.points;
        if (one.line === null || one.line === undefined) {
            const finding = missing_for(image, one);
            return finding && ["add", "keep"].includes(one.action) ? [finding, decision] : null;
        }
        const is_it = (it) => it && it.line === one.line && or_null(it.text) === or_null(one.text);
        const own = image.findings.find((f) => f.kind !== "missing" && is_it(f));
        if (own)
            return one.action !== "add" &&
                (one.action === "keep" || review.allows(own, one.action)) ? [own, decision] : null;
        const other = image.findings.find((f) => is_it(f.other));
        return other && one.action === "delete"
            ? [other, { action: "other", class: null, xywhn: null }] : null;
    }

    /* What a file's text holds: pairs [finding, decision], foreign (objects about no finding of
     * this page, kept for the next download), bad: numbers of lines that are no decisions. */
    review.lines_read = function (text) {
        const images = new Map(review.data.images.map((image) => [image.name, image]));
        const result = { pairs: [], foreign: [], bad: [] };
        text.replace(/^\ufeff/, "").split(/\r?\n/).forEach(function (line, i) {
            if (line.trim() === "")
                return;
            const one = parse(line);
            const pair = fits(one) ? match(images, one) : null;
            if (!fits(one))
                result.bad.push(i + 1);
            else if (pair)
                result.pairs.push(pair);
            else
                result.foreign.push(one);
        });
        return result;
    };

    /* Takes the decisions of a file in, as one change. Where both decide otherwise the file counts
     * if `theirs`. */
    review.lines_merge = function (read, theirs) {
        const pairs = read.pairs.filter(([finding, decision]) => {
            const mine = review.decisions.is_decided(finding) && review.decisions.of(finding);
            return !mine || (theirs && !same(mine, decision));
        });
        const held = review.decisions.foreign.map((one) => JSON.stringify(one));
        review.decisions.foreign.push(...read.foreign.filter(
            (one) => !held.includes(JSON.stringify(one))));
        review.decisions.make(pairs, review.plural(pairs.length, "decision") + " of a file");
        return pairs.length;
    };

    /* How a file's decisions stand to those made here: {fresh, same, differ}. */
    review.lines_compare = function (read) {
        const sums = { fresh: 0, same: 0, differ: 0 };
        read.pairs.forEach(function ([finding, decision]) {
            const mine = review.decisions.is_decided(finding) && review.decisions.of(finding);
            sums[!mine ? "fresh" : same(mine, decision) ? "same" : "differ"]++;
        });
        return sums;
    };
})(window.review = window.review || {});
