/* Boxes of a finding, and how they are drawn: the label's is dashed, the model's solid, so that
 * they are told apart without colours; each line lies on a dark one, to be seen on any picture. */
(function (review) {
    "use strict";

    const STYLES = {
        label: { color: "#ffb000", dash: [6, 4] },
        model: { color: "#4cc2ff", dash: [] },
        decided: { color: "#ffffff", dash: [2, 3] },
    };
    const HALO = "rgba(0, 0, 0, 0.75)";

    /* {style, xywhn, words, points} of each box of a finding; points as in points.js, or null. */
    review.boxes_of = function (finding) {
        const boxes = [];
        const name = review.class_name(finding.class);
        const add = (style, xywhn, words, points) =>
            xywhn && boxes.push({ style, xywhn, words, points });
        const of_model = review.points_of_model(finding);
        if (finding.kind === "missing")
            add("model", finding.xywhn, name, of_model);
        if (finding.kind === "box") {
            add("model", finding.refined, name, of_model);
            add("label", finding.xywhn, name, review.points_of_line(finding.text));
            if (finding.other)
                add("label", finding.other.xywhn, review.class_name(finding.other.class),
                    review.points_of_line(finding.other.text));
        }
        return boxes;
    };

    /* A box as [x, y, width, height] within its crop, in pixels of a crop `side` wide. */
    function within(xywhn, crop, side) {
        const [x, y, w, h] = xywhn;
        return [(x - w / 2 - crop[0]) / crop[2] * side, (y - h / 2 - crop[1]) / crop[3] * side,
            w / crop[2] * side, h / crop[3] * side];
    }

    /* Points within their crop, likewise. */
    const points_within = (points, crop, side) => points.at.map(([x, y]) =>
        [(x - crop[0]) / crop[2] * side, (y - crop[1]) / crop[3] * side]);

    /* Traces a box in a crop, or its outline instead, or with its keypoints. */
    function trace(context, box, crop, side, scale) {
        const at = box.points ? points_within(box.points, crop, side) : [];
        context.beginPath();
        if (box.points && box.points.kind === "closed") {
            at.forEach(([x, y]) => context.lineTo(x, y));
            context.closePath();
            return;
        }
        context.rect(...within(box.xywhn, crop, side));
        at.forEach(function ([x, y]) {
            context.moveTo(x + 3 * scale, y);
            context.arc(x, y, 3 * scale, 0, 2 * Math.PI);
        });
    }

    /* Draws a finding's crop (or a grey field) with its boxes, or with these, on a canvas. */
    review.draw_crop = function (canvas, finding, boxes) {
        const side = canvas.width, scale = side / review.data.run.cell;
        const context = canvas.getContext("2d");
        const piece = review.crops.get(finding);
        context.clearRect(0, 0, side, side);
        if (!piece)
            return false;
        context.imageSmoothingQuality = "high";
        context.drawImage(piece, 0, 0, side, side);
        (boxes || review.boxes_of(finding)).forEach(function (box) {
            trace(context, box, finding.crop, side, scale);
            context.setLineDash([]);
            context.lineWidth = 4 * scale;
            context.strokeStyle = HALO;
            context.stroke();
            context.setLineDash(STYLES[box.style].dash.map((length) => length * scale));
            context.lineWidth = 2 * scale;
            context.strokeStyle = STYLES[box.style].color;
            context.stroke();
        });
        return true;
    };
})(window.review = window.review || {});
