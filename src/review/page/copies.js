/* Pictures that are the same or nearly so: groups, worst first, a few pictures of each side by side,
 * with the labels that differ. Data and pictures are read once the groups come into view. */
(function (review) {
    "use strict";

    const el = (...parts) => review.el(...parts);
    const SHOWN_GROUPS = 100, SHOWN_IMAGES = 4;
    const SIDE = 112; /* of a picture on the screen */
    const seen = new Map(); /* the element of a group in view → its number */
    const canvases = new Map(); /* a picture's cell → where it is drawn */
    let observer = null;

    /* The square that a picture lies in, in fractions of it. */
    function square(image) {
        const longer = Math.max(image.width, image.height);
        return [(1 - longer / image.width) / 2, (1 - longer / image.height) / 2,
            longer / image.width, longer / image.height];
    }

    /* A picture as crops and drawings know it, made once. */
    function item_of(image) {
        if (!image.crop && image.width > 0) {
            image.crop = square(image);
            image.drawn = image.boxes.map((box) => ({ style: "label", xywhn: box.slice(1) }));
        }
        return image;
    }

    function paint(image) {
        const canvas = canvases.get(image.cell);
        if (canvas && image.drawn)
            canvas.classList.toggle("blank", !review.draw_crop(canvas, image, image.drawn));
    }

    /* Says which labels of a picture the others of its group lack. */
    function say_lacking(place, image) {
        if (place.childElementCount > 0 || image.boxes.length === 0)
            return;
        const sums = new Map();
        image.boxes.forEach((box) => sums.set(box[0], (sums.get(box[0]) || 0) + 1));
        place.append(", lacking elsewhere: ", ...Array.from(sums).flatMap(([number, n], i) => [
            i ? ", " : "", el("bdi", {}, review.class_name(number)), n > 1 ? " × " + n : ""]));
    }

    /* Calls for the pictures of all groups in view. */
    function show(groups) {
        const items = [];
        seen.forEach(function (number, node) {
            const images = groups[number] || [];
            node.querySelectorAll("li.copy").forEach(function (place, i) {
                const image = images[i] && item_of(images[i]);
                const canvas = place.querySelector("canvas");
                canvas.classList.toggle("none", !image || !image.crop);
                if (!image)
                    return;
                say_lacking(place.querySelector(".lacking"), image);
                canvases.set(image.cell, canvas);
                paint(image);
                items.push(image);
            });
        });
        review.crops.also(items);
    }

    function look(entries) {
        entries.forEach(function (entry) {
            if (entry.isIntersecting)
                seen.set(entry.target, Number(entry.target.dataset.group));
            else
                seen.delete(entry.target);
        });
        if (seen.size > 0)
            review.load_copies().then(show, () => {}); /* without them there are the names */
    }

    function image_item(image) {
        const pixels = SIDE * ((window.devicePixelRatio || 1) > 1 ? 2 : 1);
        return el("li", { class: "copy" },
            el("canvas", { class: "blank", width: pixels, height: pixels, "aria-hidden": "true" }),
            review.bdi(image.image),
            image.split ? el("span", { class: "of" }, " " + image.split) : null,
            el("span", { class: "lacking" }));
    }

    function group_item(group, number) {
        const words = [review.count(group.count) + " pictures",
            group.across_splits ? "across splits" : null,
            group.labels_differ ? "labels differ" : null].filter(Boolean).join(", ");
        const shown = group.images.slice(0, SHOWN_IMAGES);
        const more = group.count - shown.length;
        const item = el("li", { "data-group": String(number) }, el("strong", {}, words),
            el("ul", {}, shown.map(image_item),
                more > 0 ? el("li", { class: "of" }, review.count(more) + " more") : null));
        observer.observe(item);
        return item;
    }

    /* Null where there are none. */
    review.copies_card = function () {
        const near = review.data.run.report.near_duplicates;
        if (!near || !near.groups)
            return null;
        if (!observer) {
            observer = new IntersectionObserver(look);
            review.crops.on_arrival((items) => items.forEach(paint));
        }
        const shown = near.list.slice(0, SHOWN_GROUPS);
        const left = near.groups - shown.length;
        return review.card("Near-duplicates", review.count(near.images) + " pictures in " +
            review.count(near.groups) + " groups: " + review.count(near.across_splits) +
            " across splits, " + review.count(near.labels_differ) + " with labels that differ." +
            (left > 0 ? " Here are the worst " + review.count(shown.length) + "." : "") +
            (near.labels_differ ? " A box is a label that another picture here lacks." : ""),
            el("div", { class: "scroll copies", tabindex: 0, role: "group",
                "aria-label": "Near-duplicates" }, el("ul", {}, shown.map(group_item))));
    };
})(window.review = window.review || {});
