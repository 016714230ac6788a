/* The bar at the top: whose page this is, how far one is, and what is always at hand. */
(function (review) {
    "use strict";

    const el = (...parts) => review.el(...parts);

    function load_button() {
        const input = el("input", { type: "file", accept: ".jsonl,.json,.txt", class: "unseen",
            tabindex: -1, "aria-hidden": "true", id: "load-file", onchange: () => {
                Array.from(input.files).forEach((file) => file.text().then((text) =>
                    review.dialogs.load(file.name, text)));
                input.value = "";
            } });
        return [el("button", { type: "button", onclick: () => input.click() }, "Load …"), input];
    }

    review.bar = {
        build: function () {
            const report = review.data.run.report;
            const name = review.name(String(report.dataset || review.data.run.output)
                .split("/").filter(Boolean).slice(-2).join("/"));
            const meter = el("div", { class: "meter", role: "progressbar", "aria-label":
                "Findings decided", "aria-valuemin": 0 }, el("span", { class: "fill" }));
            const words = el("button", { type: "button", class: "quiet", id: "progress",
                title: "What is decided, and the command to run", onclick: review.finish.open });
            const undo = el("button", { type: "button", onclick: () => review.act("undo").run(),
                "aria-keyshortcuts": "u" }, "Undo ", review.kbd("U"));
            review.by_id("bar").append(...[
                el("h1", {}, "Review ", el("bdi", { class: "of" }, name)), meter, words,
                el("span", { class: "space" }), undo, load_button(),
                el("button", { type: "button", class: "main", onclick: review.finish.download },
                    "Download ", review.kbd("W")),
                el("button", { type: "button", onclick: review.dialogs.help }, "Help ",
                    review.kbd("?"))].flat());
            function update() {
                const sums = review.decisions.progress();
                review.put(meter, "aria-valuemax", String(sums.all));
                review.put(meter, "aria-valuenow", String(sums.decided));
                meter.firstChild.style.width = 100 * sums.decided / Math.max(1, sums.all) + "%";
                words.textContent = review.count(sums.decided) + " of " + review.count(sums.all) +
                    " decided" + (sums.skipped ? ", " + review.count(sums.skipped) + " skipped"
                    : "");
                undo.disabled = !review.decisions.can_undo();
            }
            review.decisions.on_change(update);
            update();
            document.title = "Review of labels: " + name;
        },
    };
})(window.review = window.review || {});
