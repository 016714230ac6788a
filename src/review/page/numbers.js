/* The run in numbers and its findings by reason; each of them filters the list. */
(function (review) {
    "use strict";

    const el = (...parts) => review.el(...parts);
    let folded = false;
    const updates = []; /* each shows which filters are on */

    /* A button that sets a filter and shows that it is set. */
    review.filter_button = function (name, value, attributes, ...children) {
        const button = el("button", Object.assign({ type: "button", "aria-pressed": "false",
            onclick: () => review.view.toggle(name, value) }, attributes), ...children);
        updates.push(() => review.put(button, "aria-pressed",
            String(review.view.is_on(name, value))));
        return button;
    };

    function number(words, value, filter) {
        const parts = [el("span", { class: "value" }, review.count(value)), " ",
            el("span", { class: "of" }, words)];
        return el("li", {}, filter && value > 0
            ? review.filter_button(filter[0], filter[1], { class: "number" }, ...parts)
            : el("span", { class: "number" }, ...parts));
    }

    const has = (name, value) => review.data.findings.some((finding) => finding[name] === value);

    function numbers() {
        const report = review.data.run.report;
        const filter = (name, value) => (has(name, value) ? [name, value] : null);
        const list = [
            number("images", report.total_images),
            number("labels", report.total_boxes),
            number("correct", report.correct),
            number("mislabeled", report.mislabeled, filter("verdict", "mislabeled")),
            number("uncertain", report.uncertain, filter("verdict", "uncertain")),
            number("missing", report.missing_boxes, filter("reason", "missing")),
            number("invalid lines", report.invalid_labels, filter("reason", "invalid")),
        ];
        if (report.images && report.images.failed)
            list.push(number("failed images", report.images.failed));
        if (report.unlabelled_images)
            list.push(number("images without labels", report.unlabelled_images));
        return el("ul", { class: "numbers", "aria-label": "Numbers of the run" }, list);
    }

    function reasons() {
        const sums = {};
        review.data.findings.forEach((finding) => {
            sums[finding.reason] = (sums[finding.reason] || 0) + 1;
        });
        const most = Math.max(1, ...Object.keys(sums).map((reason) => sums[reason]));
        return el("ul", { class: "bars" }, review.reasons.filter((reason) => sums[reason])
            .map((reason) => el("li", {}, review.filter_button("reason", reason, { class: "bar" },
                el("span", { class: "fill", style: { width: 100 * sums[reason] / most + "%" } }),
                el("span", { class: "words" }, review.reason_title(reason)), " ",
                el("span", { class: "value" }, review.count(sums[reason]))))));
    }

    review.card = (title, note, ...children) => el("section", { class: "card" },
        el("h2", {}, title), ...children, note ? el("p", { class: "note" }, note) : null);

    /* What of the labels nobody has looked at; "" where all are boxes. */
    function judged_as() {
        const judged = review.data.run.report.judged_as || {};
        const words = [["polygon", "polygon"], ["pose", "pose"], ["obb", "oriented box"]]
            .filter((form) => judged[form[0]])
            .map((form) => review.plural(judged[form[0]], form[1]));
        return words.length ? " Of " + words.join(" and ") +
            " the boxes alone were judged." : "";
    }

    function about() {
        const run = review.data.run, report = run.report;
        const left = run.n_all - run.n_findings;
        const parts = [report.model, report.dataset].filter(Boolean).map(
            (part) => review.name(String(part).split("/").pop()));
        return el("p", { class: "about" }, parts.length ? review.bdi(parts.join(" on ")) : null,
            report.finished ? ", " + report.finished.replace("T", " ").replace("Z", " UTC") : "",
            left > 0 ? ". Here are the " + review.count(run.n_findings) + " most suspicious of " +
                review.count(run.n_all) + " findings (--review says how many)." : ".", judged_as());
    }

    function fold_button(body) {
        const button = el("button", { type: "button", class: "quiet", "aria-controls": "cards",
            onclick: () => fold(!folded) });
        function fold(now) {
            folded = now;
            body.hidden = now;
            button.textContent = now ? "Show charts" : "Hide charts";
            review.put(button, "aria-expanded", String(!now));
            review.store.keep();
            review.grid.update();
        }
        return { button, fold };
    }

    review.overview = {
        is_folded: () => folded,
        build: function (place) {
            const root = review.by_id("overview");
            const cards = el("div", { id: "cards", class: "cards" },
                review.card("Reasons", null, reasons()),
                review.histogram(), review.curve(), review.pairs_card(), review.copies_card());
            const { button, fold } = fold_button(cards);
            root.append(el("div", { class: "line" }, numbers(), button), about(), cards);
            root.hidden = false;
            folded = Boolean(place && place.folded);
            review.view.on_change(() => updates.forEach((update) => update()));
            return () => fold(folded);
        },
    };
})(window.review = window.review || {});
