/* Scores as a histogram, the self-test as a curve. */
(function (review) {
    "use strict";

    const el = (...parts) => review.el(...parts);
    const svg = (...parts) => review.svg(...parts);

    review.histogram = function () {
        const sums = new Array(review.bin_count).fill(0);
        review.data.findings.forEach(function (finding) {
            const bin = review.bin_of(finding);
            if (bin >= 0 && !review.is_weak(finding))
                sums[bin]++;
        });
        const most = Math.max(1, ...sums);
        const bars = sums.map((sum, bin) => el("li", {},
            review.filter_button("bin", bin, { class: "column", disabled: sum === 0,
                "aria-label": review.plural(sum, "finding") + " with a score of " +
                    review.bin_words(bin), title: review.bin_words(bin) + ": " + sum },
            el("span", { class: "fill", style: { height: sum ? Math.max(3, 100 * sum / most) + "%"
                : "0" } })),
            el("span", { class: "tick", "aria-hidden": "true" },
                [0, 3, 6, 9].includes(bin) ? review.bin_edge(bin) : null)));
        return review.card("Scores", "Low: surely wrong. High: likely right.",
            el("ul", { class: "histogram" }, bars));
    };

    /* The curve's lines: one a column of the self-test's table. */
    const LINES = [
        { member: "precision", title: "precision", kind: "solid" },
        { member: "recall_any_class", title: "found, any class", kind: "dashed" },
        { member: "recall_look_alike", title: "found, look-alikes", kind: "dotted" },
    ];
    const WIDTH = 336, HEIGHT = 150;

    function line(table, row) {
        const strip = WIDTH / table.length;
        const points = table.map((at, i) => (at[row.member] === null ? null
            : (strip * (i + 0.5)).toFixed(1) + "," + (HEIGHT * (1 - at[row.member])).toFixed(1)))
            .filter(Boolean);
        return svg("polyline", { class: row.kind, points: points.join(" ") });
    }

    function drawing(table) {
        const grid = [0, 0.5, 1].map((y) => svg("line", { class: "rule", x1: 0, x2: WIDTH,
            y1: HEIGHT * y, y2: HEIGHT * y }));
        return svg("svg", { viewBox: "0 -2 " + WIDTH + " " + (HEIGHT + 4), "aria-hidden": "true",
            preserveAspectRatio: "none" }, grid, LINES.map((row) => line(table, row)));
    }

    const legend = () => el("ul", { class: "legend" }, LINES.map((row) => el("li", {},
        svg("svg", { viewBox: "0 0 24 6", class: "sample", "aria-hidden": "true" },
            svg("line", { class: row.kind, x1: 0, x2: 24, y1: 3, y2: 3 })), row.title)));

    function strip(row, current) {
        const is_now = Math.abs(row.max_margin - current) < 1e-6;
        const words = "margin from " + row.max_margin + ": " + LINES.map((one) => one.title + " " +
            review.percent(row[one.member])).join(", ") + (is_now ? " (this run)" : "");
        return el("li", {}, review.filter_button("margin", row.max_margin,
            { class: is_now ? "strip now" : "strip", "aria-label": words, title: words }),
        el("span", { class: "tick", "aria-hidden": "true" },
            Number.isInteger(row.max_margin) || is_now ? String(row.max_margin) : null));
    }

    /* "of 100 labels with a wrong class 84 would be found" */
    function sentence(test, margin) {
        return "At margin " + margin + ": of 100 labels with a wrong class about " +
            Math.round(100 * test.recall_any_class) + " would be found; about " +
            Math.round(100 * test.precision) + " of 100 called mislabeled are wrong.";
    }

    review.curve = function () {
        const report = review.data.run.report;
        const test = report.self_test && report.self_test.wrong_class;
        const table = (test && test.table) || [];
        const parameters = report.parameters || {};
        const margin = parameters.max_margin || parameters["max-margin"];
        if (table.length === 0)
            return review.card("Self-test", null, el("p", {}, report.self_test
                ? "Too few labels for an estimate." : "The run was made without it."));
        const has = Number.isFinite(test.precision) && Number.isFinite(test.recall_any_class);
        return review.card("Self-test: wrong classes", has ? sentence(test, margin) : null,
            el("div", { class: "curve" },
                el("div", { class: "scale", "aria-hidden": "true" }, el("span", {}, "100%"),
                    el("span", {}, "50%"), el("span", {}, "0%")),
                el("div", { class: "plot" }, drawing(table),
                    el("ul", { class: "strips" }, table.map((row) => strip(row, margin))))),
            legend());
    };
})(window.review = window.review || {});
