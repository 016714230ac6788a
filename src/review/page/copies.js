/* Pictures that are the same or nearly so: groups, worst first. */
(function (review) {
    "use strict";

    const el = (...parts) => review.el(...parts);
    const SHOWN_GROUPS = 100, SHOWN_IMAGES = 4;

    function image_item(image) {
        return el("li", {}, review.bdi(image.image),
            image.split ? el("span", { class: "of" }, " " + image.split) : null);
    }

    function group_item(group) {
        const words = [review.count(group.count) + " pictures",
            group.across_splits ? "across splits" : null,
            group.labels_differ ? "labels differ" : null].filter(Boolean).join(", ");
        const shown = group.images.slice(0, SHOWN_IMAGES);
        const more = group.count - shown.length;
        return el("li", {}, el("strong", {}, words), el("ul", {}, shown.map(image_item),
            more > 0 ? el("li", { class: "of" }, review.count(more) + " more") : null));
    }

    /* Null where there are none. */
    review.copies_card = function () {
        const near = review.data.run.report.near_duplicates;
        if (!near || !near.groups)
            return null;
        const shown = near.list.slice(0, SHOWN_GROUPS);
        const left = near.groups - shown.length;
        return review.card("Near-duplicates", review.count(near.images) + " pictures in " +
            review.count(near.groups) + " groups: " + review.count(near.across_splits) +
            " across splits, " + review.count(near.labels_differ) + " with labels that differ." +
            (left > 0 ? " Here are the worst " + review.count(shown.length) + "." : ""),
            el("div", { class: "scroll copies", tabindex: 0, role: "group",
                "aria-label": "Near-duplicates" }, el("ul", {}, shown.map(group_item))));
    };
})(window.review = window.review || {});
