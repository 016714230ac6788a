/* Moving a box: by its handles, by arrow keys (with Shift its far sides), and by four numbers. */
(function (review) {
    "use strict";

    const el = (...parts) => review.el(...parts);
    const svg = (...parts) => review.svg(...parts);
    const REACH = 14; /* pixels of the screen around a handle that take hold of it */
    /* Which sides a handle moves: [x0, y0, x1, y1]. */
    const HANDLES = [[1, 1, 0, 0], [0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 1, 1],
        [0, 0, 0, 1], [1, 0, 0, 1], [1, 0, 0, 0]];
    const WHOLE = [1, 1, 1, 1];
    const FIELDS = [["Left", 0], ["Top", 1], ["Right", 2], ["Bottom", 3]];
    let box = null, finding = null, held = null, panel, inputs = [];

    const center = (corners, sides) => [0, 1].map((axis) => (sides[axis] ? corners[axis]
        : sides[axis + 2] ? corners[axis + 2] : (corners[axis] + corners[axis + 2]) / 2));

    /* Within the picture, a pixel wide at least; a box that is moved as a whole keeps its size. */
    function clamp(sides) {
        const size = review.stage.size();
        [0, 1].forEach(function (axis) {
            const most = size[axis], both = sides[axis] && sides[axis + 2];
            const length = Math.min(most, box[axis + 2] - box[axis]);
            if (both) {
                box[axis] = Math.max(0, Math.min(most - length, box[axis]));
                box[axis + 2] = box[axis] + length;
            } else if (sides[axis])
                box[axis] = Math.max(0, Math.min(box[axis + 2] - 1, box[axis]));
            else if (sides[axis + 2])
                box[axis + 2] = Math.min(most, Math.max(box[axis] + 1, box[axis + 2]));
        });
    }

    function shift(sides, dx, dy) {
        box = box.map((value, i) => value + sides[i] * (i % 2 ? dy : dx));
        clamp(sides);
        show();
    }

    function show() {
        inputs.forEach((input, i) => {
            if (document.activeElement !== input)
                input.value = String(Math.round(10 * box[i]) / 10);
        });
        review.stage.draw();
    }

    function set_side(i, value) {
        if (!Number.isFinite(value))
            return;
        box[i] = value;
        clamp([0, 1, 2, 3].map((side) => (side === i ? 1 : 0)));
        review.stage.draw();
    }

    const fractions = function () {
        const [w, h] = review.stage.size();
        const round = (x) => Math.round(1e6 * x) / 1e6;
        return [(box[0] + box[2]) / 2 / w, (box[1] + box[3]) / 2 / h, (box[2] - box[0]) / w,
            (box[3] - box[1]) / h].map(round);
    };

    function close() {
        box = finding = held = null;
        panel.hidden = true;
        review.large.update();
        review.stage.draw();
    }

    function done() {
        const xywhn = fractions(), of = finding;
        close();
        review.acts.decide_box(of, xywhn);
    }

    function build_panel() {
        inputs = FIELDS.map(([title, i]) => el("input", { type: "number", step: "any", min: 0,
            "aria-label": title, oninput: () => set_side(i, inputs[i].valueAsNumber) }));
        return el("div", { class: "handles", role: "group", "aria-label": "The box", hidden: true },
            el("p", { class: "note" }, "Drag the box or its handles; arrow keys move it, with " +
                "Shift its right and lower side, with Ctrl by ten pixels. Pixels of the picture:"),
            el("div", { class: "fields" }, FIELDS.map(([title], i) => el("label", {}, title,
                inputs[i]))),
            el("div", { class: "line" },
                el("button", { type: "button", class: "main", onclick: done }, "Done ",
                    review.kbd("Enter")),
                el("button", { type: "button", onclick: () => review.handles.cancel() }, "Cancel ",
                    review.kbd("Esc")),
                el("button", { type: "button", class: "models", onclick: () => {
                    box = review.stage.corners(finding.refined);
                    show();
                } }, "The model's box")));
    }

    const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

    review.handles = {
        build: () => (panel = build_panel()),
        is_open: () => box !== null,
        open: function (of) {
            const decision = review.decisions.of(of);
            finding = of;
            box = review.stage.corners((decision && decision.xywhn) || of.xywhn);
            panel.hidden = false;
            panel.querySelector(".models").hidden = !of.refined;
            review.large.update();
            show();
            review.say("Moving the box: arrow keys move it, Enter is done, Escape leaves it");
        },
        cancel: function () {
            close();
            review.large.focus();
        },
        /* True where the key was for the box. */
        key: function (event) {
            const step = event.ctrlKey ? 10 : 1;
            if (event.key in ARROWS && event.target.tagName !== "INPUT") {
                const [dx, dy] = ARROWS[event.key];
                shift(event.shiftKey ? [0, 0, 1, 1] : WHOLE, dx * step, dy * step);
            } else if (event.key === "Enter" && event.target.tagName !== "BUTTON")
                done();
            else if (event.key === "Escape")
                review.handles.cancel();
            else
                return false;
            return true;
        },

        /* Shapes for the stage's overlay. */
        shapes: function (on_screen, rect) {
            if (!box)
                return [];
            const at = on_screen(box);
            return rect(box, "edited").concat(HANDLES.map(function (sides) {
                const [x, y] = center(at, sides);
                return svg("circle", { class: "handle", cx: x, cy: y, r: 7 });
            }));
        },
        /* Takes hold of a handle or of the box, if the pointer is on it. */
        grab: function (event) {
            if (!box)
                return false;
            const frame = event.currentTarget.getBoundingClientRect();
            const corner = event.currentTarget.querySelector("rect.edited");
            const x = event.clientX - frame.left, y = event.clientY - frame.top;
            const value = (name) => Number(corner.getAttribute(name));
            const at = [value("x"), value("y"), value("x") + value("width"),
                value("y") + value("height")];
            const near = (sides) => Math.hypot(...center(at, sides).map((c, i) => c - [x, y][i]));
            const best = HANDLES.slice().sort((a, b) => near(a) - near(b))[0];
            const inside = x > at[0] && x < at[2] && y > at[1] && y < at[3];
            const sides = near(best) <= REACH ? best : inside ? WHOLE : null;
            if (sides) {
                held = { sides: sides, x: event.clientX, y: event.clientY };
                event.currentTarget.setPointerCapture(event.pointerId);
            }
            return sides !== null;
        },
        drag: function (event) {
            if (!held)
                return false;
            shift(held.sides, review.stage.pixels(event.clientX - held.x),
                review.stage.pixels(event.clientY - held.y));
            held.x = event.clientX;
            held.y = event.clientY;
            return true;
        },
        release: () => (held = null),
    };
})(window.review = window.review || {});
