/* Dialogs: a class to choose, many findings at once, a file to take in, help. */
(function (review) {
    "use strict";

    const el = (...parts) => review.el(...parts);
    let dialog = null, before = null; /* what had the focus before it */

    /* Shows a dialog in place of one that is open; it is removed when it closes. */
    function show(title, ...children) {
        close();
        before = document.activeElement;
        const node = el("dialog", { "aria-labelledby": "dialog-title",
            onclose: () => dialog === node && close() },
        el("h2", { id: "dialog-title" }, title), ...children);
        dialog = node;
        document.body.append(node);
        node.showModal();
        return node;
    }

    /* At once, before the browser says that it is closed: the next key is for the page. */
    function close() {
        const node = dialog;
        if (!node)
            return;
        dialog = null;
        node.close();
        node.remove();
        if (before && before.isConnected)
            before.focus({ preventScroll: true });
    }

    const button = (words, run, attributes) => el("button", Object.assign({ type: "button",
        onclick: run }, attributes), words);
    const closing = (run) => () => {
        close();
        run();
    };

    function classes(chosen) {
        const finding = review.view.finding();
        const box = review.class_box((number) => closing(() => chosen(number))(), close);
        show("Another class", el("p", {}, review.words(finding)), box.root,
            el("div", { class: "line end" }, button("Cancel", close)));
        box.open();
    }

    /* What can be done with many at once: [action, words for n of them]. */
    const GROUP_ACTS = [
        ["suggestion", (n) => "Take the suggestion for " + n],
        ["keep", (n) => "Keep the labels of " + n + " as they are"],
        ["delete", (n) => "Delete the labels of " + n],
        ["skip", (n) => "Skip " + n],
    ];

    function decide_all(findings, action) {
        const pairs = findings.map((finding) => [finding, action === "suggestion"
            ? review.suggestion(finding) : { action: action, class: null, xywhn: null }]);
        review.decisions.make(pairs, review.plural(pairs.length, "finding") + " at once");
        review.say(review.plural(pairs.length, "finding") + " decided at once; U undoes it");
        if (review.large.is_open())
            review.acts.advance();
        else if (review.decisions.progress().decided + review.decisions.progress().skipped ===
            review.decisions.progress().all)
            review.finish.open_once();
    }

    function all(findings) {
        const open = findings.filter((finding) => !review.decisions.is_decided(finding));
        const done = findings.length - open.length;
        const rows = GROUP_ACTS.map(([action, words]) => {
            const fit = open.filter((finding) => review.allows(finding, action));
            return button(words(review.plural(fit.length, "finding")), closing(() =>
                decide_all(fit, action)), { disabled: fit.length === 0,
                class: action === "suggestion" ? "decide main" : "decide" });
        });
        show("Decide " + review.plural(findings.length, "finding") + " at once",
            el("p", {}, done ? review.plural(done, "finding") + (done === 1 ? " is" : " are") +
                " decided already and stay" + (done === 1 ? "s" : "") + " as " + (done === 1
                ? "it is." : "they are.") : "None of them is decided yet.",
            " One undo takes all of it back."),
            el("div", { class: "decisions" }, rows),
            el("div", { class: "line end" }, button("Cancel", close)));
    }

    function sums_words(read, sums) {
        const parts = [review.plural(sums.fresh, "new decision"), sums.same + " the same as here",
            sums.differ + " that differ from yours"];
        if (read.foreign.length)
            parts.push(read.foreign.length + " about nothing on this page, which are kept for " +
                "the next download");
        if (read.bad.length)
            parts.push("no decisions in " + review.plural(read.bad.length, "line") + ": " +
                read.bad.slice(0, 10).join(", ") + (read.bad.length > 10 ? ", …" : ""));
        return parts;
    }

    function load(name, text) {
        const read = review.lines_read(text), sums = review.lines_compare(read);
        const take = (theirs) => closing(() => {
            const n = review.lines_merge(read, theirs);
            review.say(review.plural(n, "decision") + " taken from the file");
        });
        show("Decisions of a file", el("p", {}, review.bdi(name), " has:"),
            el("ul", {}, sums_words(read, sums).map((words) => el("li", {}, words))),
            el("div", { class: "line end" }, button("Cancel", close),
                sums.differ ? button("Add; where they differ, keep mine", take(false)) : null,
                button(sums.differ ? "Add; where they differ, take the file's" : "Add",
                    take(true), { class: "main" })));
    }

    function key_table(group) {
        return el("table", { class: "keys" }, el("caption", {}, group), el("tbody", {},
            review.act_list.filter((row) => row.group === group).map((row) => el("tr", {},
                el("th", { scope: "row" }, el("kbd", {}, review.key_words(row)),
                    review.also_words(row).map((key) => [" ", el("kbd", {}, key)])),
                el("td", {}, row.words)))));
    }

    function help() {
        const box = el("input", { type: "checkbox", onchange: () =>
            review.keys.set_on(box.checked) });
        box.checked = review.keys.is_on();
        const node = show("Help", el("p", {}, "Each crop is something about which label and " +
            "model disagree. Take the suggestion, keep the label, or decide otherwise; the next " +
            "one comes by itself. Nothing is changed here: at the end you download " +
            "decisions.jsonl, and verify apply writes corrected labels by it. What you decide is " +
            "kept in this browser."),
        el("p", {}, "On a picture the label's box is dashed and the model's is solid."),
        el("div", { class: "key-tables" }, ["Decide", "Look"].map(key_table)),
        el("p", {}, "In the grid, arrow keys, Page Up and Page Down move."),
        el("label", { class: "choice" }, box, " Single letters are keys (Esc, Enter and arrows " +
            "always are)"),
        el("div", { class: "line end" }, button("Close", close, { class: "main",
            autofocus: true })));
        node.classList.add("wide");
    }

    review.dialogs = { show, close, button, closing, classes, all, load, help,
        is_open: () => dialog !== null };
})(window.review = window.review || {});
