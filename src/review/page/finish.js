/* The end: the download, and the command to run then. */
(function (review) {
    "use strict";

    const el = (...parts) => review.el(...parts);
    const FILE = "decisions.jsonl";
    let shown = false;

    /* A word of a shell's command, whatever is in it. */
    const quote = (text) => (/^[A-Za-z0-9_./-]+$/.test(text) ? text
        : "'" + text.replace(/'/g, "'\\''") + "'");
    const command = () => "verify apply " + quote(review.data.run.output) + " " + FILE;

    function download() {
        const blob = new Blob([review.lines_write()], { type: "application/x-ndjson" });
        const url = URL.createObjectURL(blob);
        const link = el("a", { href: url, download: FILE });
        document.body.append(link);
        link.click();
        link.remove();
        window.setTimeout(() => URL.revokeObjectURL(url), 10000);
        review.say(FILE + " is downloaded");
    }

    function select(node) {
        const range = document.createRange();
        range.selectNodeContents(node);
        window.getSelection().removeAllRanges();
        window.getSelection().addRange(range);
    }

    /* Where a page may not write to the clipboard, the old way; the text is selected in any case.
     * */
    function copy(node, button) {
        const done = () => (button.textContent = "Copied");
        select(node);
        if (navigator.clipboard && window.isSecureContext)
            navigator.clipboard.writeText(node.textContent).then(done, () =>
                document.execCommand("copy") && done());
        else if (document.execCommand("copy"))
            done();
    }

    function headline(sums) {
        if (sums.decided + sums.skipped < sums.all)
            return review.count(sums.decided) + " of " + review.count(sums.all) + " decided";
        return sums.skipped ? "All " + review.count(sums.all) + " seen: " +
            review.count(sums.decided) + " decided, " + review.count(sums.skipped) + " skipped"
            : "All " + review.count(sums.all) + " decided";
    }

    function kinds() {
        const sums = {};
        review.data.findings.filter(review.decisions.is_decided).forEach((finding) => {
            const { action } = review.decisions.of(finding);
            sums[action === "other" ? "delete" : action] =
                (sums[action === "other" ? "delete" : action] || 0) + 1;
        });
        const names = { class: "class changed", box: "box moved", add: "label added",
            delete: "deleted", keep: "kept" };
        return Object.keys(names).filter((name) => sums[name]).map((name) => el("li", {},
            el("strong", {}, review.count(sums[name])), " " + names[name]));
    }

    function open() {
        const sums = review.decisions.progress();
        const code = el("code", { id: "command", tabindex: 0 }, command());
        const button = review.dialogs.button("Copy", () => copy(code, button));
        const skipped = review.dialogs.button("Go through the skipped ones", review.dialogs.closing(
            () => {
                const passed = review.data.findings.filter((f) => review.decisions.of(f) &&
                    !review.decisions.is_decided(f));
                review.decisions.make(passed.map((f) => [f, null]), "skipped ones opened again");
                review.view.clear();
                shown = false;
                review.acts.advance();
            }));
        review.dialogs.show(headline(sums), el("ul", { class: "sums" }, kinds()),
            el("ol", { class: "steps" },
                el("li", {}, review.dialogs.button("Download " + FILE, download,
                    { class: "main" })),
                el("li", {}, "Then run, in the folder where that file is:",
                    el("div", { class: "command" }, code, button)),
                el("li", {}, "It writes a corrected copy of the labels and leaves yours alone; " +
                    "with --dry-run it only says what would change.")),
            el("div", { class: "line end" }, sums.skipped ? skipped : null,
                review.dialogs.button("Back to the page", review.dialogs.close)));
    }

    review.finish = {
        open: open,
        /* By itself it comes once, and only where nothing is left. */
        open_once: function () {
            const sums = review.decisions.progress();
            if (sums.decided + sums.skipped < sums.all)
                return review.say("Nothing that is shown is left to decide");
            if (!shown)
                open();
            shown = true;
            return null;
        },
        download: download,
    };
})(window.review = window.review || {});
