/* Choosing a class by typing: a combobox over all classes of the data set, those chosen last first.
 * */
(function (review) {
    "use strict";

    const el = (...parts) => review.el(...parts);
    const MOST_SHOWN = 50;
    const recent = []; /* class numbers, the last chosen first */

    /* Numbers of the classes that fit what was typed: number, beginning of the name, of a word in
     * it, then anywhere. */
    function search(typed) {
        const text = typed.trim().toLowerCase();
        const rank = function (number) {
            const name = review.class_name(number).toLowerCase();
            if (text === "")
                return recent.includes(number) ? recent.indexOf(number) - recent.length : 1;
            if (String(number) === text || name === text)
                return 0;
            const at = name.indexOf(text);
            return at === 0 ? 1 : at > 0 && /[\s_-]/.test(name[at - 1]) ? 2 : at > 0 ? 3 : -1;
        };
        return review.data.run.classes.map((_, number) => [rank(number), number])
            .filter(([place]) => text === "" || place >= 0)
            .sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([, number]) => number);
    }

    /* A combobox: {root, open(), input}. `chosen` gets the class's number, `left` is called by Esc.
     * */
    review.class_box = function (chosen, left) {
        let found = [], active = 0;
        const list = el("ul", { role: "listbox", id: "class-list", "aria-label": "Classes" });
        const hint = el("p", { class: "note", id: "class-hint" });
        const input = el("input", { type: "text", role: "combobox", autocomplete: "off",
            spellcheck: "false", id: "class-input", "aria-expanded": "true",
            "aria-autocomplete": "list", "aria-controls": "class-list",
            "aria-describedby": "class-hint", placeholder: "name or number" });

        function show() {
            found = search(input.value);
            active = 0;
            list.replaceChildren(...found.slice(0, MOST_SHOWN).map((number, i) => el("li",
                { role: "option", id: "class-" + i, "aria-selected": "false",
                    onclick: () => choose(i) },
                el("span", { class: "number" }, String(number)), " ",
                el("bdi", {}, review.class_name(number)))));
            hint.textContent = found.length === 0 ? "No class is called so."
                : found.length > MOST_SHOWN
                    ? review.count(found.length) + " classes; type to find one." : "";
            mark(0);
        }

        function mark(i) {
            const options = list.children;
            if (options[active])
                options[active].setAttribute("aria-selected", "false");
            active = Math.max(0, Math.min(options.length - 1, i));
            if (options[active]) {
                options[active].setAttribute("aria-selected", "true");
                options[active].scrollIntoView({ block: "nearest" });
            }
            review.put(input, "aria-activedescendant", options[active] ? "class-" + active : "");
        }

        function choose(i) {
            const number = found[i];
            if (number === undefined)
                return;
            const at = recent.indexOf(number);
            if (at >= 0)
                recent.splice(at, 1);
            recent.unshift(number);
            chosen(number);
        }

        input.addEventListener("input", show);
        input.addEventListener("keydown", function (event) {
            const moves = { ArrowDown: active + 1, ArrowUp: active - 1,
                PageDown: active + 8, PageUp: active - 8 };
            if (event.key in moves)
                mark(moves[event.key]);
            else if (event.key === "Enter")
                choose(active);
            else if (event.key === "Escape")
                left();
            else
                return;
            event.preventDefault();
            event.stopPropagation();
        });
        const root = el("div", { class: "class-box" },
            el("label", { for: "class-input" }, "Class"), input, list, hint);
        return { root, input, open: function () {
            input.value = "";
            show();
            input.focus();
        } };
    };
})(window.review = window.review || {});
