/* Classes × suggested classes as a matrix, and the classes as a table. */
(function (review) {
    "use strict";

    const el = (...parts) => review.el(...parts);
    const MOST_LINES = 40; /* rows and columns of the matrix: those of most findings */

    function count_pairs() {
        const pairs = new Map(), rows = new Map(), columns = new Map();
        const add = (map, key) => map.set(key, (map.get(key) || 0) + 1);
        review.data.findings.forEach(function (finding) {
            const pair = review.pair_of(finding);
            if (!pair)
                return;
            add(pairs, String(pair));
            add(rows, pair[0]);
            add(columns, pair[1]);
        });
        const largest = (map) => Array.from(map.keys()).sort((a, b) => map.get(b) - map.get(a))
            .slice(0, MOST_LINES);
        return { pairs, rows: largest(rows), columns: largest(columns) };
    }

    function pair_cell(pairs, most, row, column) {
        const sum = pairs.get(String([row, column]));
        if (!sum)
            return el("td", {});
        const depth = Math.min(4, Math.ceil(4 * Math.sqrt(sum / most)));
        return el("td", {}, review.filter_button("pair", [row, column], {
            class: "pair depth" + depth,
            "aria-label": "labelled " + review.class_name(row) + ", looks like " +
                review.class_name(column) + ": " + sum }, String(sum)));
    }

    function matrix() {
        const { pairs, rows, columns } = count_pairs();
        if (rows.length === 0)
            return el("p", {}, "No label looks like another class.");
        const most = Math.max(...pairs.values());
        const head = (number, side) => el("th", { scope: side, title: review.class_name(number) },
            el("bdi", {}, review.class_name(number)));
        return el("div", { class: "scroll", tabindex: 0, role: "group",
            "aria-label": "Matrix of classes" }, el("table", { class: "matrix" },
            el("caption", { class: "unseen" },
                "Rows: the label's class; columns: the suggested one"),
            el("thead", {}, el("tr", {},
                el("td", { class: "corner" }, el("span", { class: "down" }, "label ↓"),
                    el("span", { class: "along" }, "looks like →")),
                columns.map((column) => head(column, "col")))),
            el("tbody", {}, rows.map((row) => el("tr", {}, head(row, "row"),
                columns.map((column) => pair_cell(pairs, most, row, column)))))));
    }

    const COLUMNS = [["name", "Class"], ["boxes", "Labels"], ["correct", "Correct"],
        ["mislabeled", "Mislabeled"], ["uncertain", "Uncertain"], ["missing", "Missing"]];

    function class_row(row) {
        return el("tr", {}, el("th", { scope: "row" }, review.filter_button("class", row.id,
            { class: "link", title: review.class_name(row.id) },
            el("bdi", {}, review.class_name(row.id)))),
        COLUMNS.slice(1).map(([member]) => el("td", {}, review.count(row[member] || 0))));
    }

    /* Sorts by a column: names from a, numbers from the largest. */
    function sorted(rows, member) {
        return rows.slice().sort((a, b) => (member === "name"
            ? review.class_name(a.id).localeCompare(review.class_name(b.id))
            : b[member] - a[member]));
    }

    function class_table() {
        const rows = review.data.run.report.per_class || [];
        const built = new Map(rows.map((row) => [row, class_row(row)]));
        const body = el("tbody", {});
        const heads = COLUMNS.map(([member, title]) => el("th", { scope: "col" },
            el("button", { type: "button", class: "link", onclick: () => sort(member) }, title)));
        function sort(member) {
            heads.forEach((head, i) => review.put(head, "aria-sort", COLUMNS[i][0] !== member
                ? "none" : member === "name" ? "ascending" : "descending"));
            body.replaceChildren(...sorted(rows, member).map((row) => built.get(row)));
        }
        sort("mislabeled");
        return el("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Classes" },
            el("table", { class: "classes" },
                el("caption", { class: "unseen" }, "Labels of the run by class"),
                el("thead", {}, el("tr", {}, heads)), body));
    }

    /* One card for both: two tabs. */
    review.pairs_card = function () {
        const panels = [matrix(), class_table()];
        const tabs = ["Class pairs", "Classes"].map((title, i) => el("button", { type: "button",
            role: "tab", id: "tab" + i, "aria-controls": "panel" + i, onclick: () => choose(i),
            onkeydown: (event) => {
                if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
                    event.stopPropagation();
                    choose(1 - i);
                    tabs[1 - i].focus();
                }
            } }, title));
        const wrapped = panels.map((panel, i) => el("div", { role: "tabpanel", id: "panel" + i,
            "aria-labelledby": "tab" + i }, panel));
        function choose(chosen) {
            tabs.forEach(function (tab, i) {
                review.put(tab, "aria-selected", String(i === chosen));
                review.put(tab, "tabindex", i === chosen ? "0" : "-1");
                wrapped[i].hidden = i !== chosen;
            });
        }
        choose(0);
        return el("section", { class: "card wide" }, el("div", { role: "tablist",
            "aria-label": "Classes", class: "tabs" }, tabs), wrapped);
    };
})(window.review = window.review || {});
