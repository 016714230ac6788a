/* Crops out of their sheets. A decoded sheet is 10 MB and most of a page would need all of them, so
 * single crops are kept, those used last; sheets are read two at a time, for crops on the screen
 * first. */
(function (review) {
    "use strict";

    const MOST_HELD = 600;  /* crops: 60 MB */
    const MOST_LOADING = 2;
    const held = new Map(); /* a crop's number → canvas; used last is last */
    const failed = new Set();
    const loading = new Set();
    let wanted = [];        /* findings whose crops are called for, the most urgent first */
    let arrived = null;
    let scratch = null;

    const has_crop = (finding) => Boolean(finding.crop) && Number.isInteger(finding.cell);
    const sheet_of = (finding) => Math.floor(finding.cell / review.data.run.per_sheet);

    function canvas(side) {
        const node = document.createElement("canvas");
        node.width = node.height = side;
        return node;
    }

    function hold(finding) {
        const { cell, columns, per_sheet } = review.data.run;
        const at = finding.cell % per_sheet;
        const piece = canvas(cell);
        piece.getContext("2d").drawImage(scratch, (at % columns) * cell,
            Math.floor(at / columns) * cell, cell, cell, 0, 0, cell, cell);
        held.set(finding.cell, piece);
        if (held.size > MOST_HELD)
            held.delete(held.keys().next().value);
    }

    /* Cuts what is wanted of a sheet. It is drawn once as a whole: each drawing of a part of it could
     * decode it again. */
    function cut(sheet, image) {
        const { cell, columns } = review.data.run;
        scratch = scratch || canvas(cell * columns);
        scratch.getContext("2d").drawImage(image, 0, 0);
        const mine = wanted.filter((finding) => sheet_of(finding) === sheet &&
            !held.has(finding.cell));
        mine.forEach(hold);
        arrived(mine);
    }

    function load(sheet) {
        const image = new Image();
        loading.add(sheet);
        image.src = review.sheet_path(sheet);
        image.decode().then(() => cut(sheet, image), () => failed.add(sheet)).then(function () {
            loading.delete(sheet);
            image.src = "";
            pump();
        });
    }

    function pump() {
        wanted = wanted.filter((finding) => !held.has(finding.cell) &&
            !failed.has(sheet_of(finding)));
        for (const finding of wanted) {
            if (loading.size >= MOST_LOADING)
                return;
            if (!loading.has(sheet_of(finding)))
                load(sheet_of(finding));
        }
    }

    review.crops = {
        /* `listener` gets the findings whose crops have come. */
        on_arrival: function (listener) {
            const before = arrived;
            arrived = (findings) => (before && before(findings), listener(findings));
        },
        /* The crop's canvas, or null as long as it is not here. */
        get: function (finding) {
            const piece = held.get(finding.cell);
            if (!piece || !has_crop(finding))
                return null;
            held.delete(finding.cell);
            held.set(finding.cell, piece);
            return piece;
        },
        /* Calls for these, the most urgent first, in place of what was called for. */
        want: function (findings) {
            wanted = findings.filter(has_crop).slice(0, MOST_HELD / 2);
            pump();
        },
        is_absent: (finding) => !has_crop(finding) || failed.has(sheet_of(finding)),
    };
})(window.review = window.review || {});
