/* What the browser keeps between visits: decisions as decisions.jsonl has them, what was skipped,
 * and where one was. Where storage is forbidden or full, the page works without, and says so once.
 * */
(function (review) {
    "use strict";

    const DELAY = 400; /* milliseconds from a change to its being kept */
    let timer = null, works = true, forgotten = false;

    const place_name = () => "verify-review:" + review.data.run.key;

    function read(name) {
        try {
            return JSON.parse(window.localStorage.getItem(name));
        } catch (error) {
            return null;
        }
    }

    function write(name, value) {
        if (forgotten)
            return;
        try {
            window.localStorage.setItem(name, JSON.stringify(value));
        } catch (error) {
            if (works)
                review.notice("This browser keeps nothing between visits: download your " +
                    "decisions before you close the page.");
            works = false;
        }
    }

    function keep_now() {
        window.clearTimeout(timer);
        timer = null;
        const skipped = review.data.findings.filter((finding) => {
            const decision = review.decisions.of(finding);
            return decision && decision.action === "skip";
        }).map((finding) => [finding.picture.name, finding.line, finding.text, finding.xywhn]);
        write(place_name(), { lines: review.lines_write(), skipped: skipped,
            place: review.place.now() });
    }

    function restore(kept) {
        const lines = review.lines_read(String(kept.lines || ""));
        const key = (name, line, text, xywhn) => JSON.stringify([name, line, text, xywhn].map(
            (value) => (value === undefined ? null : value)));
        const skipped = new Set((kept.skipped || []).map((parts) => key(...parts)));
        const pairs = review.data.findings.filter((f) => skipped.has(
            key(f.picture.name, f.line, f.text, f.xywhn)))
            .map((finding) => [finding, { action: "skip", class: null, xywhn: null }]);
        review.decisions.restore(pairs.concat(lines.pairs), lines.foreign);
    }

    review.store = {
        /* Keeps everything soon. */
        keep: function () {
            if (timer === null)
                timer = window.setTimeout(keep_now, DELAY);
        },
        keep_now: keep_now,

        /* Takes in what was kept; returns the place, or null. */
        open: function () {
            const kept = read(place_name());
            try {
                if (kept)
                    restore(kept);
            } catch (error) {
                review.decisions.restore([], []);
            }
            review.decisions.on_change((numbers) => numbers && review.store.keep());
            window.addEventListener("pagehide", keep_now);
            /* The same page in another tab. */
            window.addEventListener("storage", function (event) {
                const theirs = event.key === place_name() ? read(event.key) : null;
                if (theirs && timer === null)
                    restore(theirs);
            });
            return (kept && kept.place) || null;
        },

        /* Forgets this page's decisions and keeps none until it is opened again. */
        forget: function () {
            forgotten = true;
            try {
                window.localStorage.removeItem(place_name());
            } catch (error) {
                /* nothing was kept */
            }
        },

        /* A setting of the person's, for every page: null where none is kept. */
        setting: (name) => read("verify-review-setting:" + name),
        set_setting: (name, value) => write("verify-review-setting:" + name, value),
    };
})(window.review = window.review || {});
