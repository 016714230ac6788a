/* One picture large: the crop at once, the whole picture over it where it can be reached; boxes on
 * it; zoom by wheel, keys and two fingers, moving by drag. Coordinates are the picture's pixels,
 * and screen = offset + scale · pixel. */
(function (review) {
    "use strict";

    const el = (...parts) => review.el(...parts);
    const svg = (...parts) => review.svg(...parts);
    const MARGIN = 24, MOST_SCALE = 40;
    const at = { scale: 1, x: 0, y: 0 };
    const pointers = new Map(); /* of fingers that are down: id → [x, y] */
    let root, sheet, crop, overlay, note, image = null;
    let finding = null, others = false, whole = false;

    const width = () => finding.picture.width || 1, height = () => finding.picture.height || 1;

    /* Corners [x0, y0, x1, y1] in pixels of a box of fractions. */
    const corners = ([x, y, w, h]) => [(x - w / 2) * width(), (y - h / 2) * height(),
        (x + w / 2) * width(), (y + h / 2) * height()];
    const on_screen = (box) => [at.x + at.scale * box[0], at.y + at.scale * box[1],
        at.x + at.scale * box[2], at.y + at.scale * box[3]];

    const at_x = (x) => at.x + at.scale * x * width();
    const at_y = (y) => at.y + at.scale * y * height();

    function rect(box, kind) {
        const [x0, y0, x1, y1] = on_screen(box);
        const shape = { x: x0, y: y0, width: Math.max(0, x1 - x0), height: Math.max(0, y1 - y0) };
        return [svg("rect", Object.assign({ class: "halo" }, shape)),
            svg("rect", Object.assign({ class: kind }, shape))];
    }

    /* A box of the overlay; with points, its outline instead, or its keypoints, too. */
    function shapes(box, kind, points) {
        const at = points ? points.at.map(([x, y]) => [at_x(x), at_y(y)]) : [];
        if (points && points.kind === "closed") {
            const corners = at.map((point) => point.join(",")).join(" ");
            return ["halo", kind].map((name) => svg("polygon", { class: name, points: corners }));
        }
        return rect(box, kind).concat(at.flatMap(([x, y]) => ["halo", kind].map((name) =>
            svg("circle", { class: name, cx: x, cy: y, r: 4 }))));
    }

    /* A name above its box or, of the model's, below it, kept on the screen; null: its box is not
     * there. */
    function name(box, kind, words) {
        const [x0, y0, x1, y1] = on_screen(box);
        if (x1 < 0 || y1 < 0 || x0 > root.clientWidth || y0 > root.clientHeight)
            return null;
        const below = kind === "model";
        const y = below ? Math.min(root.clientHeight - 8, y1 + 17) : Math.max(16, y0 - 6);
        return svg("text", { class: "name " + kind, x: Math.max(4, x0), y: y }, words);
    }

    function other_boxes() {
        const own = finding.kind === "box" ? finding.line : null;
        const labels = (finding.picture.boxes || []).filter((box) => box[0] !== own);
        return labels.map((box) => [corners(box.slice(2, 6)), "other",
            review.class_name(box[1])]).concat((finding.picture.missing || []).map((box) =>
            [corners(box.slice(1, 5)), "other model", review.class_name(box[0]) + " (seen)"]));
    }

    function draw() {
        sheet.style.transform = "translate(" + at.x + "px," + at.y + "px) scale(" + at.scale + ")";
        const decision = review.decisions.of(finding);
        const boxes = others ? other_boxes() : [];
        if (!review.handles.is_open()) {
            review.boxes_of(finding).forEach((box) => boxes.push([corners(box.xywhn), box.style,
                (box.style === "label" ? "label: " : "model: ") + box.words, box.points]));
            if (decision && (decision.xywhn || decision.points))
                boxes.push([corners(decision.xywhn || finding.refined || finding.xywhn),
                    "decided", "decided", review.points_decided(decision)]);
        }
        overlay.replaceChildren(...boxes.flatMap(([box, kind, , points]) =>
            shapes(box, kind, points)),
            ...boxes.map(([box, kind, words]) => name(box, kind, words)).filter(Boolean),
            ...review.handles.shapes(on_screen, rect));
    }

    /* Where the picture begins so that a part is in the middle; the picture fills the stage, as far
     * as it is larger. */
    function offset(stage, ends, length) {
        const middle = (stage - at.scale * ends) / 2;
        return at.scale * length < stage ? middle
            : Math.min(0, Math.max(stage - at.scale * length, middle));
    }

    function fit() {
        const [cx, cy, cw, ch] = whole || !finding.crop ? [0, 0, 1, 1] : finding.crop;
        const x0 = Math.max(0, cx) * width(), x1 = Math.min(1, cx + cw) * width();
        const y0 = Math.max(0, cy) * height(), y1 = Math.min(1, cy + ch) * height();
        at.scale = Math.max(1e-3, Math.min((root.clientWidth - 2 * MARGIN) / Math.max(1, x1 - x0),
            (root.clientHeight - 2 * MARGIN) / Math.max(1, y1 - y0), MOST_SCALE));
        at.x = offset(root.clientWidth, x0 + x1, width());
        at.y = offset(root.clientHeight, y0 + y1, height());
        draw();
    }

    /* Zooms by a factor so that the point of the stage stays where it is. */
    function zoom(factor, x, y) {
        const scale = Math.max(1e-3, Math.min(MOST_SCALE, at.scale * factor));
        at.x = x + (at.x - x) * scale / at.scale;
        at.y = y + (at.y - y) * scale / at.scale;
        at.scale = scale;
        draw();
    }

    /* Says where only the crop is shown. */
    function show_crop_alone(words) {
        note.textContent = words;
        note.hidden = false;
    }

    function load_picture() {
        const path = review.picture_path(finding.picture), shown = finding;
        if (image)
            image.remove();
        image = null;
        note.hidden = true;
        const absent = () => shown === finding && show_crop_alone(finding.crop
            ? "This is the crop: the picture itself is not beside this page."
            : "The picture cannot be shown.");
        if (!path)
            return absent();
        image = el("img", { alt: "", draggable: "false", onerror: absent });
        image.onload = function () {
            if (shown !== finding || !image)
                return;
            const turned = image.naturalWidth / image.naturalHeight / (width() / height());
            if (turned > 1.02 || turned < 0.98)
                return absent();
            image.style.width = width() + "px";
            image.style.height = height() + "px";
            sheet.append(image);
        };
        image.src = path;
    }

    function draw_crop() {
        const piece = review.crops.get(finding);
        crop.hidden = !piece;
        if (!piece)
            return;
        crop.width = crop.height = piece.width;
        crop.getContext("2d").drawImage(piece, 0, 0);
        const [x, y, w, h] = finding.crop;
        crop.style.transform = "translate(" + x * width() + "px," + y * height() + "px) scale(" +
            w * width() / piece.width + "," + h * height() / piece.height + ")";
    }

    function move_pointer(event) {
        const before = pointers.get(event.pointerId);
        if (!before)
            return;
        const box = root.getBoundingClientRect();
        const rest = Array.from(pointers.entries()).find(([id]) => id !== event.pointerId);
        if (rest) {
            const far = (x, y) => Math.max(1, Math.hypot(x - rest[1][0], y - rest[1][1]));
            zoom(far(event.clientX, event.clientY) / far(...before),
                (event.clientX + rest[1][0]) / 2 - box.left,
                (event.clientY + rest[1][1]) / 2 - box.top);
        } else {
            at.x += event.clientX - before[0];
            at.y += event.clientY - before[1];
            draw();
        }
        pointers.set(event.pointerId, [event.clientX, event.clientY]);
    }

    function listen() {
        root.addEventListener("wheel", function (event) {
            event.preventDefault();
            const box = root.getBoundingClientRect();
            zoom(Math.exp(-event.deltaY / 400), event.clientX - box.left, event.clientY - box.top);
        }, { passive: false });
        overlay.addEventListener("pointerdown", function (event) {
            if (review.handles.grab(event))
                return;
            pointers.set(event.pointerId, [event.clientX, event.clientY]);
            overlay.setPointerCapture(event.pointerId);
        });
        overlay.addEventListener("pointermove", function (event) {
            if (!review.handles.drag(event))
                move_pointer(event);
        });
        ["pointerup", "pointercancel"].forEach((kind) => overlay.addEventListener(kind, (event) => {
            review.handles.release(event);
            pointers.delete(event.pointerId);
        }));
    }

    review.stage = {
        build: function () {
            crop = el("canvas", { class: "crop" });
            sheet = el("div", { class: "sheet" }, crop);
            overlay = svg("svg", { class: "overlay", "aria-hidden": "true" });
            note = el("p", { class: "stage-note", hidden: true });
            root = el("div", { class: "stage" }, sheet, overlay, note);
            listen();
            new ResizeObserver(() => finding && root.clientWidth > 0 && fit()).observe(root);
            review.crops.on_arrival((findings) => finding && findings.includes(finding) &&
                draw_crop());
            return root;
        },
        show: function (next) {
            finding = next;
            whole = false;
            sheet.style.width = width() + "px"; /* what a crop has beyond the picture is cut off */
            sheet.style.height = height() + "px";
            load_picture();
            draw_crop();
            if (!crop.width || crop.hidden)
                review.crops.want([finding]);
            fit();
        },
        /* Lets go of the picture. */
        close: function () {
            if (image)
                image.remove();
            image = finding = null;
        },
        draw: () => finding && draw(),
        zoom: (factor) => zoom(factor, root.clientWidth / 2, root.clientHeight / 2),
        toggle_whole: function () {
            whole = !whole;
            fit();
        },
        toggle_others: function () {
            others = !others;
            draw();
            return others;
        },
        shows_others: () => others,
        /* Pixels of the picture that a move on the screen is. */
        pixels: (distance) => distance / at.scale,
        corners: corners,
        size: () => [width(), height()],
    };
})(window.review = window.review || {});
