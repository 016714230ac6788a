/* The grid of crops. Only the rows on the screen and a few beside them are in the document; rows
 * are placed by their own arithmetic, so that a list of any length scrolls as a short one does. */
(function (review) {
    "use strict";

    const el = (...parts) => review.el(...parts);
    const LEAST_SIDE = 148, GAP = 10, CAPTION = 46, HEAD = 44, BESIDE = 2; /* pixels; rows */
    const AHEAD = 400; /* findings whose crops are cut with those of the same sheet */
    let scroller, root, columns = 1, side = LEAST_SIDE;
    let rows = [];              /* {top, height, group, findings, first}; a head has no findings */
    const drawn = new Map();    /* row's number → its element */
    const cells = new Map();    /* finding's number → its cell */
    const spare = [];           /* cells that show no finding now */
    let pending = false;

    function layout() {
        const width = root.clientWidth;
        columns = Math.max(1, Math.floor((width + GAP) / (LEAST_SIDE + GAP)));
        side = Math.floor((width - (columns - 1) * GAP) / columns);
        rows = [];
        let top = 0, at = 0;
        const push = function (height, row) {
            rows.push(Object.assign({ top: top, height: height }, row));
            top += height;
        };
        review.view.groups.forEach(function (group) {
            if (review.view.group !== "none")
                push(HEAD, { group: group, findings: null });
            for (let i = 0; i < group.findings.length; i += columns) {
                const part = group.findings.slice(i, i + columns);
                push(side + CAPTION + GAP, { group: group, findings: part, first: at });
                at += part.length;
            }
        });
        root.style.height = top + "px";
        review.put(root, "aria-rowcount", String(rows.length));
        review.put(root, "aria-colcount", String(columns));
    }

    function paint(finding) {
        const cell = cells.get(finding.number);
        if (!cell)
            return;
        const decision = review.decisions.of(finding);
        const done = decision ? review.decided_words(decision) : "";
        const drawn_now = review.draw_crop(cell.canvas, finding);
        cell.node.classList.toggle("blank", !drawn_now);
        cell.node.classList.toggle("done", Boolean(decision));
        cell.badge.textContent = decision ? done : review.score(finding.score);
        cell.badge.className = !decision ? "score" : decision.action === "skip" ? "badge skipped"
            : "badge";
        review.put(cell.node, "aria-label", review.words(finding) + ". " + (decision ? done + ". "
            : "Score " + review.score(finding.score) + ". ") + review.name(finding.picture.name));
    }

    function open(index) {
        review.view.current = index;
        review.large.open();
    }

    /* A cell without a finding: {node, canvas, short, reason, badge, index}. */
    function make_cell() {
        const pixels = review.data.run.cell * ((window.devicePixelRatio || 1) > 1 ? 2 : 1);
        const one = {
            canvas: el("canvas", { width: pixels, height: pixels, "aria-hidden": "true" }),
            short: el("bdi", {}), reason: el("span", { class: "reason" }), badge: el("span", {}),
        };
        one.node = el("div", { role: "gridcell", class: "cell", onclick: () => open(one.index),
            onfocus: () => mark(one.index) }, one.canvas, el("span", { class: "short" }, one.short),
        el("span", { class: "below" }, one.reason, one.badge));
        return one;
    }

    /* The cell of a finding. Cells are used again: to make them is most of what scrolling costs. */
    function cell(finding, index, column) {
        const one = spare.pop() || make_cell();
        one.index = index;
        one.short.textContent = review.short_words(finding);
        one.reason.textContent = review.reason_title(finding.reason);
        review.put(one.node, "aria-colindex", String(column + 1));
        review.put(one.node, "tabindex", index === review.view.current ? "0" : "-1");
        review.put(one.node, "title", review.words(finding));
        cells.set(finding.number, one);
        return one.node;
    }

    function head(row) {
        const n = row.group.findings.length;
        return el("div", { role: "gridcell", class: "head", "aria-colspan": columns },
            el("h3", {}, el("bdi", {}, row.group.title)), el("span", { class: "note" },
                review.count(n)),
            el("button", { type: "button", onclick: () => review.dialogs.all(row.group.findings),
                "aria-label": "Decide these " + n + ": " + row.group.title },
            "Decide " + (n === 1 ? "it" : "these " + review.count(n))));
    }

    function draw(number) {
        const row = rows[number];
        const node = el("div", { role: "row", "aria-rowindex": number + 1, class: "row",
            style: { transform: "translateY(" + row.top + "px)", "--side": side + "px" } },
        row.findings ? row.findings.map((finding, i) => cell(finding, row.first + i, i))
            : head(row));
        drawn.set(number, node);
        root.append(node);
        (row.findings || []).forEach(paint);
    }

    function drop(number) {
        (rows[number] && rows[number].findings || []).forEach(function (finding) {
            spare.push(cells.get(finding.number));
            cells.delete(finding.number);
        });
        drawn.get(number).remove();
        drawn.delete(number);
    }

    /* The first row that ends below a height. */
    function row_at(height) {
        let low = 0, high = rows.length - 1;
        while (low < high) {
            const middle = (low + high) >> 1;
            if (rows[middle].top + rows[middle].height > height)
                high = middle;
            else
                low = middle + 1;
        }
        return Math.max(0, low);
    }

    const row_of = (index) => rows.findIndex((row) => row.findings && index >= row.first &&
        index < row.first + row.findings.length);

    function render() {
        pending = false;
        if (rows.length === 0 || review.large.is_open())
            return;
        const top = scroller.scrollTop - root.offsetTop;
        const first = row_at(top), last = row_at(top + scroller.clientHeight);
        const from = Math.max(0, first - BESIDE), to = Math.min(rows.length - 1, last + BESIDE);
        const focused = root.contains(document.activeElement) ? row_of(review.view.current) : -1;
        Array.from(drawn.keys()).filter((n) => (n < from || n > to) && n !== focused).forEach(drop);
        for (let number = from; number <= to; number++)
            if (!drawn.has(number))
                draw(number);
        const seen = (number) => (rows[number] && rows[number].findings) || [];
        const wanted = [];
        for (let number = first; number <= Math.min(rows.length - 1, to + BESIDE); number++)
            wanted.push(...seen(number));
        for (let number = from; number < first; number++)
            wanted.push(...seen(number));
        const at = wanted.length ? review.view.shown.indexOf(wanted[0]) : 0;
        review.crops.want(wanted, review.view.shown.slice(at, at + AHEAD));
    }

    function soon() {
        if (!pending)
            window.requestAnimationFrame(render);
        pending = true;
    }

    /* The cell that Tab reaches. */
    function mark(index) {
        const before = review.view.finding();
        review.view.current = index;
        [before, review.view.finding()].forEach(function (finding) {
            const its = finding && cells.get(finding.number);
            if (its)
                review.put(its.node, "tabindex", finding === review.view.finding() ? "0" : "-1");
        });
        review.store.keep();
    }

    function show(index) {
        const row = rows[row_of(index)];
        if (!row)
            return;
        const covered = review.by_id("list").firstChild.offsetHeight + GAP;
        const top = root.offsetTop + row.top;
        if (top - covered < scroller.scrollTop)
            scroller.scrollTop = top - covered;
        else if (top + row.height > scroller.scrollTop + scroller.clientHeight)
            scroller.scrollTop = top + row.height - scroller.clientHeight;
        render();
    }

    /* Moves by a key; true where it was one that moves. */
    function move(key) {
        const at = review.view.current, n = review.view.shown.length;
        const number = row_of(at), page = Math.max(1, Math.floor(scroller.clientHeight /
            (side + CAPTION + GAP)) - 1);
        const column = rows[number] ? at - rows[number].first : 0;
        const vertical = function (lines) {
            let to = number, left = Math.abs(lines);
            for (let i = number + Math.sign(lines); left > 0 && rows[i]; i += Math.sign(lines))
                if (rows[i].findings) {
                    to = i;
                    left--;
                }
            return rows[to].first + Math.min(column, rows[to].findings.length - 1);
        };
        const moves = {
            ArrowRight: () => Math.min(n - 1, at + 1), ArrowLeft: () => Math.max(0, at - 1),
            ArrowDown: () => vertical(1), ArrowUp: () => vertical(-1),
            PageDown: () => vertical(page), PageUp: () => vertical(-page),
            Home: () => 0, End: () => n - 1,
        };
        if (!(key in moves) || n === 0)
            return false;
        review.grid.focus(moves[key]());
        return true;
    }

    function rebuild() {
        Array.from(drawn.keys()).forEach(drop);
        cells.clear();
        layout();
        render();
        review.by_id("none").hidden = rows.length > 0;
    }

    review.grid = {
        build: function () {
            scroller = review.by_id("browse");
            root = el("div", { id: "findings", role: "grid", "aria-label": "Findings" });
            const none = el("p", { id: "none", class: "none", hidden: true },
                "Nothing is left by these filters. ", el("button", { type: "button",
                    onclick: review.view.clear }, "Show all"));
            review.by_id("list").append(review.tools.build(), root, none);
            review.by_id("list").hidden = false;
            scroller.addEventListener("scroll", soon, { passive: true });
            new ResizeObserver(() => root.clientWidth > 0 && rebuild()).observe(scroller);
            review.view.on_change(rebuild);
            review.crops.on_arrival((findings) => findings.forEach(paint));
            review.decisions.on_change((numbers) => (numbers
                ? numbers.map((number) => review.data.findings[number])
                : review.view.shown.filter((f) => cells.has(f.number))).forEach(paint));
        },
        update: () => root && rebuild(),
        focus: function (index) {
            mark(index);
            show(index);
            const finding = review.view.finding();
            if (finding && cells.has(finding.number))
                cells.get(finding.number).node.focus({ preventScroll: true });
        },
        move: move,
    };
})(window.review = window.review || {});
