/* What is printed: the numbers, and the first findings shown, each with its crop and its decision.
 * */
(function (review) {
    "use strict";

    const el = (...parts) => review.el(...parts);
    const MOST = 120;
    let node = null;

    function entry(finding) {
        const canvas = el("canvas", { width: review.data.run.cell, height: review.data.run.cell });
        const decision = review.decisions.of(finding);
        review.draw_crop(canvas, finding);
        return el("li", {}, canvas, el("p", {}, el("strong", {}, review.words(finding)),
            el("br", {}), review.bdi(finding.picture.name), finding.line ? ", line " + finding.line
                : "", el("br", {}), decision ? review.decided_words(decision) : "not decided"));
    }

    function before() {
        const shown = review.view.shown.slice(0, MOST);
        node = el("section", { class: "printed" }, el("h2", {}, review.plural(
            review.view.shown.length, "finding") + (review.view.shown.length > MOST
            ? ", the first " + MOST : "")), el("ol", {}, shown.map(entry)));
        review.by_id("main").append(node);
    }

    review.print = {
        build: function () {
            window.addEventListener("beforeprint", before);
            window.addEventListener("afterprint", () => node && node.remove());
        },
    };
})(window.review = window.review || {});
