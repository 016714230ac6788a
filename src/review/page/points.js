/* Points of labels that say more than a box: corners of outlines and of turned boxes, keypoints.
 * The label's are those of its line, the model's those of the finding. */
(function (review) {
    "use strict";

    const BOX_COLUMNS = 5, MOST_COLUMNS_OF_BOX = 6, VISIBLE = 2;
    const CLOSED = "closed", DOTS = "dots";

    const shape = () => review.data.run.kpt_shape || null;

    /* Numbers in groups of so many. */
    const groups = (numbers, size) => Array.from({ length: Math.floor(numbers.length / size) },
        (_, i) => numbers.slice(i * size, (i + 1) * size));

    /* {kind, at: [[x, y], …]}, or null where there are none. */
    function points(kind, at) {
        return at.length > 0 && at.flat().every(Number.isFinite)
            ? { kind: kind, at: at.map((point) => point.slice(0, 2)) } : null;
    }

    /* What a label's line says behind class and box; keypoints that it leaves out are not there. */
    review.points_of_line = function (text) {
        const numbers = String(text || "").trim().split(/\s+/).map(Number);
        const pose = shape();
        if (numbers.length <= MOST_COLUMNS_OF_BOX)
            return null;
        if (pose)
            return points(DOTS, groups(numbers.slice(BOX_COLUMNS), pose[1]).filter(
                (point) => point.length < 3 || point[2] > 0));
        return points(CLOSED, groups(numbers.slice(1), 2));
    };

    /* Numbers of the model's for each point of a pose: x and y, perhaps how surely it is seen. */
    const of_model = (finding) => groups(finding.points,
        shape() ? Math.floor(finding.points.length / shape()[0]) || 1 : 2);

    /* The model's own. */
    review.points_of_model = function (finding) {
        if (!finding.points)
            return null;
        return points(shape() ? DOTS : CLOSED, of_model(finding));
    };

    /* The points of a decision, of which null stays as it is in the line. */
    review.points_decided = function (decision) {
        if (!decision.points)
            return null;
        const at = groups(decision.points, shape() ? shape()[1] : 2);
        return points(shape() ? DOTS : CLOSED, at.filter((point) => point[2] !== 0));
    };

    const within = (x) => Math.min(1, Math.max(0, x));

    /* The model's points as the data set's labels have theirs, within the picture. A keypoint keeps
     * what the line says of its visibility: the model tells how sure it is, not what is hidden; of
     * a new label, it is visible or left out. */
    review.suggested_points = function (finding) {
        const pose = shape(), fresh = finding.kind === "missing";
        return of_model(finding).flatMap(function (point) {
            const seen = !fresh || point.length < 3 || point[2] >= 0.5;
            const place = seen ? point.slice(0, 2).map(within) : [0, 0];
            return pose && pose[1] === 3 ? place.concat([!fresh ? null : seen ? VISIBLE : 0])
                : place;
        });
    };

    /* Whether new labels are to have points: the data set's do. */
    review.is_outlined = function () {
        const judged = review.data.run.report.judged_as || {};
        return ["polygon", "pose", "obb", "whole"].some((form) => judged[form] > 0);
    };
})(window.review = window.review || {});
