/* Crops out of their sheets. A decoded sheet is 10 MB and most of a page would need all of them, so
 * single crops are kept, those used last; sheets are read one after the other, for crops on the
 * screen first. */
(function (review) {
    "use strict";

    const MOST_HELD = 700; /* crops: 70 MB */
    const held = new Map(); /* a crop's number → bitmap; used last is last */
    const failed = new Set();
    let loading = false;
    let wanted = [];        /* findings whose crops are called for, the most urgent first */
    let beside = [];        /* pictures of copies in view, less urgent than any finding */
    let later = [];         /* those that are cut as well when their sheet is here */
    let arrived = null;

    const has_crop = (finding) => Boolean(finding.crop) && Number.isInteger(finding.cell);
    const sheet_of = (finding) => Math.floor(finding.cell / review.data.run.per_sheet);

    function piece_of(whole, finding) {
        const { cell, columns, per_sheet } = review.data.run;
        const at = finding.cell % per_sheet;
        return createImageBitmap(whole, (at % columns) * cell, Math.floor(at / columns) * cell,
            cell, cell);
    }

    function hold(finding, piece) {
        held.set(finding.cell, piece);
        if (held.size <= MOST_HELD)
            return;
        const [oldest, dropped] = held.entries().next().value;
        held.delete(oldest);
        dropped.close();
    }

    /* Cuts what is wanted of a sheet. */
    function cut(sheet, whole) {
        const mine = Array.from(new Set(wanted.concat(beside, later))).filter((finding) =>
            sheet_of(finding) === sheet && !held.has(finding.cell));
        return Promise.all(mine.map((finding) => piece_of(whole, finding))).then(function (pieces) {
            whole.close();
            mine.forEach((finding, i) => hold(finding, pieces[i]));
            arrived(mine);
        });
    }

    function fetch_image(path) {
        return new Promise(function (resolve, reject) {
            const image = new Image();
            image.onload = () => resolve(image);
            image.onerror = reject;
            image.src = path;
        });
    }

    /* A sheet is decoded here once, as a bitmap that is closed: what Image.decode() decodes,
     * Chromium keeps, and drawings of a part decode all of it each time. Between two frames there
     * is at most one sheet, so that scrolling goes on. */
    function load(sheet) {
        loading = true;
        fetch_image(review.sheet_path(sheet))
            .then((image) => new Promise((resolve) => window.requestAnimationFrame(() =>
                resolve(image))))
            .then((image) => createImageBitmap(image).finally(() => (image.src = "")))
            .then((whole) => cut(sheet, whole))
            .catch(() => failed.add(sheet)).then(function () {
                loading = false;
                pump();
            });
    }

    const is_lacking = (finding) => !held.has(finding.cell) && !failed.has(sheet_of(finding));

    function pump() {
        wanted = wanted.filter(is_lacking);
        const next = wanted.length > 0 ? wanted[0] : beside.find(is_lacking);
        if (!loading && next)
            load(sheet_of(next));
    }

    review.crops = {
        /* `listener` gets the findings whose crops have come. */
        on_arrival: function (listener) {
            const before = arrived;
            arrived = (findings) => (before && before(findings), listener(findings));
        },
        /* The crop's bitmap, or null as long as it is not here. */
        get: function (finding) {
            const piece = held.get(finding.cell);
            if (!piece || !has_crop(finding))
                return null;
            held.delete(finding.cell);
            held.set(finding.cell, piece);
            return piece;
        },
        /* Calls for these, the most urgent first, in place of what was called for, and for others
         * that will be next. */
        want: function (findings, next) {
            wanted = findings.filter(has_crop).slice(0, MOST_HELD / 4);
            later = (next || []).filter(has_crop);
            pump();
        },
        /* Calls for these as well, once there is nothing more urgent, in place of those before. */
        also: function (items) {
            beside = items.filter(has_crop);
            pump();
        },
        is_absent: (finding) => !has_crop(finding) || failed.has(sheet_of(finding)),
    };
})(window.review = window.review || {});
