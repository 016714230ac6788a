/* What the page shows, and how it is read: scripts that each call page_data once, so that the page
 * works from file://, where a page may not fetch.
 *
 *   index.html               the page itself, the same bytes for every run
 *   data/run.js              page_data("run", 0, {…});
 *   data/findings-000.js     page_data("findings", 0, [{…}, …]);   1000 findings, most suspicious
 *   data/findings-001.js     page_data("findings", 1, [{…}, …]);   first, weak ones last
 *   data/images-000.js       page_data("images", 0, [{…}, …]);     1000 images, in the order in
 *   …                                                              which findings name them first
 *   data/copies.js           page_data("copies", 0, [[{…}, …], …]);   where there are copies
 *   sheets/000.jpg           100 crops, in rows of 10
 *
 * The third argument is JSON; within its strings "<" is written \u003c, and U+2028 and U+2029 are
 * escaped. A member that would be null may be left out.
 *
 * run
 *   format       1
 *   key          names this run: letters, digits and dashes; the same for each page made of one run
 *   output       the output folder as the screen shows it (absolute)
 *   n_findings, n_images    how many the files of this page hold
 *   n_all        findings of the run (the page holds the n_findings worst); n_all_weak: of these,
 *                the weak ones
 *   cell         side of a crop in its sheet, pixels; columns: crops in a row of a sheet;
 *                per_sheet: crops of a sheet; per_file: findings or images of a file
 *   classes      names of all classes of the data set, by number
 *   kpt_shape    of a data set of poses, as in its data.yaml: [keypoints, numbers of each]
 *   report       of verification_report.json: status, total_images, total_boxes, correct,
 *                mislabeled, uncertain, images, missing_boxes, invalid_labels, orphan_labels,
 *                unlabelled_images, judged_as, near_duplicates, per_class, reasons, self_test,
 *                parameters, model, dataset, version, started, finished, elapsed_seconds
 *
 * a finding
 *   kind         "box", "missing" or "invalid"
 *   image        its image's number, from 0 over all files of images
 *   line         line of the label file, from 1; null for what is missing; 0: the file as a whole
 *   text         that line as it was judged, without its end; null where there is none
 *   class        the label's class; of what is missing, the class seen; null for an invalid line
 *   suggested    the class suggested in its place, or null
 *   score        as in the records, or null
 *   reason       of a box: as in the records; "missing"; "invalid"
 *   verdict      of a box: "mislabeled" or "uncertain"
 *   words        of an invalid line: what is wrong with it
 *   xywhn        the label's box, or the one of what is missing; null for an invalid line
 *   refined      the model's own box for the label, or null; null too where another class is
 *                suggested (class, contested): its box for the label's class tells nothing then
 *   own, rival, margin, location, dup     of a box: as in the records
 *   agreement, error    of a label whose points were judged: how well they agree with the model's,
 *                0 to 1, and how far they are apart; of oriented boxes their IoU, and degrees
 *   points       the model's own points, as in the records; where there are any
 *   confidence   of what is missing
 *   other        of two labels on one object: {line, text, class, xywhn} of the second one, or null
 *   crop         [x, y, width, height] of the picture's part that its crop shows, in fractions of
 *                the picture; square in pixels, beyond the picture grey (so x may be below 0). It
 *                holds all boxes of the finding, twice their size, a sixth of the picture at least;
 *                of an invalid line, the whole picture. Null: no crop, the picture cannot be read
 *   cell         the crop's number: cell % per_sheet, in rows, of sheet cell / per_sheet. Cells are
 *                numbered by reason, then by suspicion: findings of one reason need few sheets
 *
 * an image
 *   name, label, split, bucket, width, height     as in the records
 *   picture      path of the picture relative to the page (../mislabeled/JPEGImages/a b.jpg; not
 *                yet escaped for a URL), or null where none leads there. Without it, or where it
 *                does not load, the page shows the crop
 *   boxes        all its labels, the first 200: [line, class, x, y, w, h, reason or null]
 *   missing      [class, x, y, w, h, confidence], the first 200
 *   n_boxes      how many labels it has, where boxes holds fewer
 *
 * copies, of each group of the report's near_duplicates, the first 100, the first 4 pictures
 *   cell         the number of its crop, which is the whole picture in a square; crops of copies
 *                are behind those of all findings. Not there: the picture cannot be read
 *   width, height    as in the records, where there is a crop
 *   boxes        where the group's labels differ, those that another of these pictures has none
 *                like: [class, x, y, w, h]
 *
 * What the page writes is decisions.jsonl, one decision a line: image, label, line, text, action,
 * class, xywhn and, of those that have any, points, with
 *   action   class          box                         add                    delete   keep
 *   class    the new one    the one it has afterwards   that of the new label  null     null
 *   xywhn    null           the new box                 the new label's box    null     null
 * An action "points" is as "box": points are those that the label has afterwards, null for a number
 * that stays; xywhn is a pose's box, else null. Of "add" they are the new label's.
 * A class and a box that both change are one decision "box" whose class is the new one. line and
 * text are null for "add" and for a "keep" of what is missing: the object gets no label (its class
 * and xywhn are then those that were seen). */
(function (review) {
    "use strict";

    const FORMAT = 1;
    const data = { run: null, findings: [], images: [] };
    const parts = { findings: [], images: [], copies: [] };
    let copies = null; /* their promise */

    /* What each script of the data calls. */
    window.page_data = function (kind, number, value) {
        if (kind === "run")
            data.run = value;
        else
            parts[kind][number] = value;
    };

    function script(path) {
        return new Promise(function (resolve, reject) {
            const node = document.createElement("script");
            node.addEventListener("load", resolve);
            node.addEventListener("error", () => reject(new Error(path + " does not load: copy " +
                "the folder of the page as a whole, or make it again (verify review OUTPUT)")));
            node.src = path;
            document.head.append(node);
        });
    }

    /* Paths of a part's files; the key keeps a browser from showing those of an earlier run. */
    function paths(part, n) {
        const files = Math.ceil(n / data.run.per_file);
        return Array.from({ length: files }, (_, i) =>
            "data/" + part + "-" + String(i).padStart(3, "0") + ".js?" + data.run.key);
    }

    function join() {
        data.findings = parts.findings.flat();
        data.images = parts.images.flat();
        data.images.forEach(function (image, i) {
            image.number = i;
            image.findings = [];
        });
        data.findings.forEach(function (finding, i) {
            finding.number = i;
            finding.picture = data.images[finding.image];
            if (!finding.picture)
                throw new Error("the page's data are of two runs: make it again");
            finding.picture.findings.push(finding);
        });
        parts.findings = parts.images = [];
    }

    /* Reads everything; the promise fails with a sentence that says what is missing. */
    review.load = function () {
        return script("data/run.js").then(function () {
            if (!data.run || data.run.format !== FORMAT)
                throw new Error("data/run.js is not of this version of the page: make it again");
            return Promise.all(paths("findings", data.run.n_findings)
                .concat(paths("images", data.run.n_images)).map(script));
        }).then(join);
    };
    review.data = data;

    /* The pictures of copies, by group, read when they are first asked for. */
    review.load_copies = function () {
        copies = copies || script("data/copies.js?" + data.run.key).then(() => parts.copies[0]);
        return copies;
    };

    /* A class's name as it can be shown. */
    review.class_name = function (number) {
        const name = data.run.classes[number];
        return name === undefined || name === "" ? "class" + number : review.name(name);
    };

    review.sheet_path = (sheet) =>
        "sheets/" + String(sheet).padStart(3, "0") + ".jpg?" + data.run.key;

    /* Where a picture lies, as a URL, or null. */
    review.picture_path = (image) => (image.picture
        ? image.picture.split("/").map(encodeURIComponent).join("/") : null);
})(window.review = window.review || {});
