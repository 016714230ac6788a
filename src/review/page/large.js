/* One finding large: the picture on one side, what is said and what can be decided on the other. */
(function (review) {
    "use strict";

    const el = (...parts) => review.el(...parts);
    const BUTTONS = ["suggestion", "keep", "class", "box", "delete", "other", "skip"];
    let root, parts = {}, is_open = false;

    function act_button(name, attributes, ...words) {
        const row = review.act(name);
        return el("button", Object.assign({ type: "button", onclick: () => row.when() && row.run(),
            "aria-keyshortcuts": row.shown ? null : row.key, title: row.words }, attributes),
        el("span", {}, words.length ? words : row.words), " ", review.kbd(review.key_words(row)));
    }

    const arrow_button = (name) => el("button", { type: "button", onclick: () =>
        review.act(name).run(), "aria-label": review.act(name).words,
        title: review.act(name).words }, review.kbd(review.key_words(review.act(name))));

    /* What the button says for this finding. */
    function words_for(name, finding) {
        const plain = { action: name, class: null, xywhn: null };
        if (name === "suggestion")
            return review.suggestion(finding)
                ? review.decision_words(finding, review.suggestion(finding)) : "No suggestion";
        return name === "class" || name === "box" ? review.act(name).words
            : review.decision_words(finding, plain);
    }

    function decide_buttons(finding) {
        const decision = review.decisions.of(finding);
        const suggested = JSON.stringify(review.suggestion(finding));
        const is_made = (name) => Boolean(decision) && (JSON.stringify(decision) === suggested
            ? name === "suggestion" : name === decision.action);
        return BUTTONS.filter((name) => name !== "other" || finding.other).map((name) =>
            act_button(name, { class: name === "suggestion" ? "decide main" : "decide",
                "aria-pressed": String(is_made(name)), disabled: !review.allows(finding, name) },
            words_for(name, finding)));
    }

    const number = (x) => (Number.isFinite(x) ? String(Math.round(1000 * x) / 1000) : "–");

    /* [title, text] of each fact. */
    function facts(finding) {
        const list = [["Image", finding.picture.name]];
        if (finding.picture.label && finding.kind !== "missing")
            list.push(["Label file", finding.picture.label + (finding.line
                ? ", line " + finding.line : "")]);
        if (finding.text !== null && finding.text !== undefined)
            list.push(["Text", finding.text]);
        if (finding.words)
            list.push(["Why", finding.words]);
        list.push(["Score", review.score(finding.score)]);
        if (finding.kind === "missing")
            list.push(["Certainty", number(finding.confidence)]);
        if (finding.kind === "box" && finding.reason !== "unknown_class") {
            list.push(["Evidence", review.class_name(finding.class) + " " + number(finding.own) +
                (review.pair_of(finding) ? ", " + review.class_name(finding.suggested) + " " +
                number(finding.rival) : "")]);
            if (finding.refined)
                list.push(["Overlap with the model's box", number(finding.location)]);
            if (Number.isFinite(finding.agreement))
                list.push(["Agreement with the model's points", number(finding.agreement)]);
            if (finding.other)
                list.push(["Second label", "line " + finding.other.line + ", " +
                    review.class_name(finding.other.class) + ", overlap " + number(finding.dup)]);
        }
        return list;
    }

    function other_list(finding) {
        const boxes = (finding.picture.boxes || []).filter((box) => box[0] !== finding.line);
        const more = (finding.picture.n_boxes || 0) - (finding.picture.boxes || []).length;
        return [el("h3", {}, boxes.length ? "Other labels" : "No other labels"),
            el("ul", { class: "others" }, boxes.map((box) => el("li", {}, "line " + box[0] + ": ",
                el("bdi", {}, review.class_name(box[1])), box[6]
                    ? " (" + review.reason_title(box[6]).toLowerCase() + ")" : "")),
            more > 0 ? el("li", {}, "and " + review.count(more) + " more") : null)];
    }

    function update() {
        const finding = review.view.finding();
        if (!is_open || !finding)
            return;
        const decision = review.decisions.of(finding);
        parts.words.textContent = review.words(finding);
        parts.place.textContent = review.count(review.view.current + 1) + " of " +
            review.count(review.view.shown.length);
        parts.decided.textContent = decision ? review.decided_words(decision) : "not decided";
        parts.decided.className = !decision ? "state" : decision.action === "skip"
            ? "state badge skipped" : "state badge";
        parts.buttons.hidden = review.handles.is_open();
        parts.buttons.replaceChildren(...decide_buttons(finding));
        parts.facts.replaceChildren(...facts(finding).flatMap(([title, text]) => [
            el("dt", {}, title), el("dd", {}, review.bdi(text))]));
        parts.others.hidden = !review.stage.shows_others();
        parts.others.replaceChildren(...other_list(finding));
    }

    function build_bar() {
        return el("div", { class: "large-bar" },
            act_button("back", {}, "Grid"), el("span", { class: "space" }),
            arrow_button("previous"), parts.place, arrow_button("next"));
    }

    const legend = () => el("p", { class: "legend" },
        el("span", {}, review.svg("svg", { class: "sample", viewBox: "0 0 24 6",
            "aria-hidden": "true" }, review.svg("line", { class: "label", x1: 0, x2: 24, y1: 3,
            y2: 3 })), "label: dashed"),
        el("span", {}, review.svg("svg", { class: "sample", viewBox: "0 0 24 6",
            "aria-hidden": "true" }, review.svg("line", { class: "model", x1: 0, x2: 24, y1: 3,
            y2: 3 })), "model: solid"));

    review.large = {
        build: function () {
            root = review.by_id("large");
            parts = { place: el("span", { class: "place" }), words: el("h2", { tabindex: -1 }),
                decided: el("p", {}), buttons: el("div", { class: "decisions", role: "group",
                    "aria-label": "Decide" }), facts: el("dl", {}), others: el("div", {}) };
            parts.toggle = act_button("others", { "aria-pressed": "false" }, "Other labels");
            root.append(el("div", { class: "picture" }, review.stage.build(),
                el("div", { class: "stage-tools", role: "toolbar", "aria-label": "The picture" },
                    act_button("whole", {}, "Whole or close"), act_button("nearer", {}, "Nearer"),
                    act_button("farther", {}, "Farther"), parts.toggle, legend())),
            el("div", { class: "panel" }, build_bar(), parts.words, parts.decided, parts.buttons,
                review.handles.build(), parts.facts, parts.others));
            review.decisions.on_change(() => {
                update();
                review.stage.draw();
            });
            review.view.on_change(() => is_open && (review.view.finding() ? review.large.show()
                : review.large.close()));
        },
        is_open: () => is_open,
        open: function () {
            if (!is_open) {
                is_open = true;
                root.hidden = false;
                review.by_id("browse").classList.add("behind");
                review.by_id("browse").inert = true;
            }
            review.large.show();
        },
        show: function () {
            if (review.handles.is_open())
                review.handles.cancel();
            update();
            review.stage.show(review.view.finding());
            review.large.focus();
            review.store.keep();
        },
        update: update,
        focus: () => parts.words.focus({ preventScroll: true }),
        close: function () {
            is_open = false;
            root.hidden = true;
            review.stage.close();
            review.by_id("browse").classList.remove("behind");
            review.by_id("browse").inert = false;
            if (review.view.filter("state"))
                review.view.update();
            review.grid.focus(review.view.current);
            review.store.keep();
        },
        toggle_others: function () {
            review.put(parts.toggle, "aria-pressed", String(review.stage.toggle_others()));
            update();
        },
    };
})(window.review = window.review || {});
