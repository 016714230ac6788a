/* What a person can do, by keys and by buttons: a row for each act. */
(function (review) {
    "use strict";

    const view = review.view, decisions = review.decisions;

    /* Shows the finding at this place of the list, in the grid or large. */
    function go(index) {
        view.current = Math.max(0, Math.min(view.shown.length - 1, index));
        if (review.large.is_open())
            review.large.show();
        else
            review.grid.focus(view.current);
        review.store.keep();
    }

    /* To the next open one; where none is left, what comes now is said. */
    function advance() {
        const next = view.next_open();
        if (next !== null)
            return go(next);
        go(view.current);
        review.finish.open_once();
    }

    function decide(decision) {
        const finding = view.finding();
        decisions.make([[finding, decision]], review.words(finding));
        review.say(review.decided_words(decision) + ": " + review.words(finding));
        advance();
    }

    const plain = (action) => ({ action: action, class: null, xywhn: null });

    /* Another class; a box that was moved before stays moved. */
    function decide_class(number) {
        const finding = view.finding(), before = decisions.of(finding);
        const xywhn = (before && before.xywhn) || null;
        if (before && before.action === "points")
            decide(Object.assign({}, before, { class: number }));
        else if (finding.kind === "missing")
            decide(Object.assign(review.suggestion(finding) || { action: "add" },
                { class: number, xywhn: xywhn || finding.xywhn }));
        else
            decide(xywhn ? { action: "box", class: number, xywhn: xywhn }
                : number === finding.class ? plain("keep")
                : { action: "class", class: number, xywhn: null });
    }

    /* A box; a class that was chosen before stays chosen. */
    function decide_box(finding, xywhn) {
        const before = decisions.of(finding);
        const number = before && Number.isInteger(before.class) ? before.class : finding.class;
        decide({ action: finding.kind === "missing" ? "add" : "box", class: number, xywhn: xywhn });
    }

    function step_back(change, words) {
        if (!change)
            return review.say("Nothing to " + words);
        const first = change.steps[0];
        const at = first ? view.shown.findIndex((f) => f.number === first.number) : -1;
        if (at >= 0)
            go(at);
        return review.say((words === "undo" ? "Undone: " : "Done again: ") + change.words);
    }

    function move_box() {
        review.large.open();
        review.handles.open(view.finding());
    }

    const allowed = (action) => () => view.finding() !== null && !review.handles.is_open() &&
        review.allows(view.finding(), action);
    const has_finding = () => view.finding() !== null;
    const large = () => review.large.is_open();

    /* key: as event.key, letters small; shown: as on the button, where that differs; also: other
     * keys; group: where the help lists it; when: whether it can be done now. */
    review.act_list = [
        { name: "suggestion", key: "a", words: "Take the suggestion", group: "Decide",
            when: allowed("suggestion"), run: () => decide(review.suggestion(view.finding())) },
        { name: "keep", key: "k", words: "Keep it as it is", group: "Decide",
            when: allowed("keep"), run: () => decide(plain("keep")) },
        { name: "class", key: "c", words: "Another class …", group: "Decide",
            when: allowed("class"), run: () => review.dialogs.classes(decide_class) },
        { name: "box", key: "b", words: "Move the box …", group: "Decide",
            when: allowed("box"), run: move_box },
        { name: "delete", key: "d", words: "Delete it", group: "Decide",
            when: allowed("delete"), run: () => decide(plain("delete")) },
        { name: "other", key: "o", words: "Delete the other of two labels", group: "Decide",
            when: allowed("other"), run: () => decide(plain("other")) },
        { name: "skip", key: "s", words: "Skip: come back later", group: "Decide",
            when: allowed("skip"), run: () => decide(plain("skip")) },
        { name: "undo", key: "u", words: "Undo", group: "Decide", also: ["ctrl+z"],
            when: () => !review.handles.is_open(), run: () => step_back(decisions.undo(), "undo") },
        { name: "redo", key: "r", words: "Do again what was undone", group: "Decide",
            also: ["ctrl+shift+z", "ctrl+y"], when: () => !review.handles.is_open(),
            run: () => step_back(decisions.redo(), "redo") },
        { name: "all", key: "A", shown: "Shift A", words: "Decide all shown at once",
            group: "Decide", when: has_finding, run: () => review.dialogs.all(view.shown) },
        { name: "open", key: "Enter", words: "Show the finding large", group: "Look",
            when: () => has_finding() && !large(), run: () => review.large.open() },
        { name: "back", key: "Escape", shown: "Esc", words: "Back to the grid", group: "Look",
            also: ["g"], when: large, run: () => review.large.close() },
        { name: "next", key: "ArrowRight", shown: "→", words: "Next finding", group: "Look",
            also: ["j", "ArrowDown"], when: large, run: () => go(view.current + 1) },
        { name: "previous", key: "ArrowLeft", shown: "←", words: "Previous finding", group: "Look",
            also: ["h", "ArrowUp"], when: large, run: () => go(view.current - 1) },
        { name: "open_one", key: "n", words: "Next one that is not decided", group: "Look",
            when: has_finding, run: advance },
        { name: "whole", key: "z", words: "Whole picture, or close", group: "Look", when: large,
            run: () => review.stage.toggle_whole() },
        { name: "nearer", key: "+", words: "Nearer", group: "Look", also: ["="], when: large,
            run: () => review.stage.zoom(1.3) },
        { name: "farther", key: "-", words: "Farther", group: "Look", when: large,
            run: () => review.stage.zoom(1 / 1.3) },
        { name: "others", key: "l", words: "The picture's other labels", group: "Look", when: large,
            run: () => review.large.toggle_others() },
        { name: "image", key: "i", words: "Only this picture's findings, or all again",
            group: "Look", when: has_finding,
            run: () => view.toggle("image", view.finding().image) },
        { name: "download", key: "w", words: "Download the decisions", group: "Decide",
            when: () => true, run: () => review.finish.download() },
        { name: "help", key: "?", words: "Help", group: "Decide", when: () => true,
            run: () => review.dialogs.help() },
    ];
    review.act = (name) => review.act_list.find((row) => row.name === name);
    const SHOWN = { ArrowDown: "↓", ArrowUp: "↑", Enter: "Enter", "ctrl+z": "Ctrl Z",
        "ctrl+shift+z": "Ctrl Shift Z", "ctrl+y": "Ctrl Y" };
    const key_shown = (key) => SHOWN[key] || key.toUpperCase();
    review.key_words = (row) => row.shown || key_shown(row.key);
    review.also_words = (row) => (row.also || []).map(key_shown);
    review.acts = { go, advance, decide_box };
})(window.review = window.review || {});
