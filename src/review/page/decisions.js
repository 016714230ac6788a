/* The decisions: one a finding at most, each change undone and redone as it was made. A decision is
 * {action, class, xywhn}, of some points; action as in decisions.jsonl, or "other" (delete the second label), or
 * "skip", which is no decision but says that one has been here. */
(function (review) {
    "use strict";

    const made = new Map(); /* finding's number → decision */
    const foreign = [];     /* objects of a loaded file that are about no finding of this page */
    const listeners = [];
    let done = [], undone = [];

    const changed = (numbers) => listeners.forEach((listener) => listener(numbers));

    function write(number, decision) {
        if (decision)
            made.set(number, decision);
        else
            made.delete(number);
    }

    function play(change, side) {
        change.steps.forEach((step) => write(step.number, step[side]));
        changed(change.steps.map((step) => step.number));
        return change;
    }

    const decisions = {
        foreign: foreign,
        on_change: (listener) => listeners.push(listener),
        of: (finding) => made.get(finding.number) || null,
        is_open: (finding) => !made.has(finding.number),
        is_decided: (finding) => made.has(finding.number) &&
            made.get(finding.number).action !== "skip",

        /* One change, undone as one: [[finding, decision or null], …]. */
        make: function (pairs, words) {
            const steps = pairs.map(([finding, decision]) => ({
                number: finding.number, before: made.get(finding.number), after: decision }));
            done.push(play({ steps: steps, words: words }, "after"));
            undone = [];
        },

        /* The change that was undone ({steps, words}), or null. */
        undo: function () {
            if (done.length === 0)
                return null;
            undone.push(play(done.pop(), "before"));
            return undone[undone.length - 1];
        },
        redo: function () {
            if (undone.length === 0)
                return null;
            done.push(play(undone.pop(), "after"));
            return done[done.length - 1];
        },
        can_undo: () => done.length > 0,
        can_redo: () => undone.length > 0,

        /* What was kept from before: nothing to undo. */
        restore: function (pairs, others) {
            made.clear();
            pairs.forEach(([finding, decision]) => write(finding.number, decision));
            foreign.splice(0, foreign.length, ...others);
            done = [];
            undone = [];
            changed(null);
        },

        /* {all, decided, skipped} of findings. */
        tally: function (findings) {
            const sums = { all: findings.length, decided: 0, skipped: 0 };
            findings.forEach(function (finding) {
                const decision = made.get(finding.number);
                if (decision)
                    sums[decision.action === "skip" ? "skipped" : "decided"]++;
            });
            return sums;
        },
        /* Those that are called for: weak ones only where one was decided. */
        progress: () => decisions.tally(review.data.findings.filter(
            (finding) => !review.is_weak(finding) || made.has(finding.number))),
    };
    review.decisions = decisions;
})(window.review = window.review || {});
