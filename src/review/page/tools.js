/* The line above the grid: how it is grouped, what is filtered, how many are shown. */
(function (review) {
    "use strict";

    const el = (...parts) => review.el(...parts);

    function choice(title, options, value, chosen) {
        const select = el("select", { onchange: () => chosen(select.value) },
            options.map(([name, words]) => el("option", { value: name, selected: name === value },
                words)));
        return el("label", { class: "choice" }, title + " ", select);
    }

    const group_choice = () => choice("Group by", review.view.group_titles(), review.view.group,
        review.view.set_group);

    function state_choice() {
        const chosen = (value) => review.view.toggle("state", value === "all" ? null : value);
        return choice("Show", [["all", "all"], ["open", "not decided"], ["decided", "decided"]],
            review.view.filter("state") || "all", chosen);
    }

    function search_box() {
        let timer = null;
        const input = el("input", { type: "search", placeholder: "in image names",
            "aria-label": "Search in image names", autocomplete: "off", spellcheck: "false",
            oninput: () => {
                window.clearTimeout(timer);
                timer = window.setTimeout(() => review.view.toggle("search",
                    input.value === "" ? null : input.value), 150);
            } });
        input.value = review.view.filter("search") || "";
        return input;
    }

    function chip(one) {
        return el("button", { type: "button", class: "chip",
            "aria-label": "Take the filter away: " + one.words,
            onclick: () => review.view.toggle(one.name, null) },
        el("bdi", {}, one.words), el("span", { "aria-hidden": "true" }, " ✕"));
    }

    function weak_box() {
        const n = review.data.findings.filter(review.is_weak).length;
        if (n === 0)
            return null;
        const input = el("input", { type: "checkbox", onchange: () =>
            review.view.set_weak(input.checked) });
        input.checked = review.view.weak;
        return el("label", { class: "choice", title: "Nothing speaks against these labels but " +
            "that little speaks for them: small, hidden or rare objects" }, input,
        " " + review.count(n) + " with little evidence");
    }

    review.tools = {
        build: function () {
            const chips = el("span", { class: "chips" });
            const sum = el("strong", { class: "sum" });
            const all = el("button", { type: "button", class: "main",
                onclick: () => review.dialogs.all(review.view.shown) },
            "Decide all shown ", review.kbd("Shift A"));
            const choices = el("span", { class: "chips" }), search = search_box();
            const node = el("div", { class: "tools", role: "toolbar", "aria-label": "The list" },
                sum, choices, search, weak_box(), chips,
                el("span", { class: "space" }), all);
            function update() {
                const n = review.view.shown.length;
                sum.textContent = review.plural(n, "finding");
                if (!choices.contains(document.activeElement))
                    choices.replaceChildren(group_choice(), state_choice());
                chips.replaceChildren(...review.view.chips().map(chip));
                all.disabled = n === 0;
                if (document.activeElement !== search)
                    search.value = review.view.filter("search") || "";
                review.say(review.plural(n, "finding") + " shown");
            }
            review.view.on_change(update);
            return node;
        },
    };
})(window.review = window.review || {});
