/* Elements, numbers and names as text. All of it goes in by text nodes and attributes, never as
 * HTML, so that a name cannot be more than a name. */
(function (review) {
    "use strict";

    const SVG = "http://www.w3.org/2000/svg";
    const LONGEST_NAME = 120;
    /* What a screen would act upon: control characters and marks of direction. */
    const ACTED_UPON = new RegExp("[\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f" +
        "\\u2028-\\u202e\\u2066-\\u2069\\ufeff]", "g");

    function set(node, name, value) {
        if (value === null || value === undefined || value === false)
            return;
        if (typeof value === "function")
            node.addEventListener(name.slice(2), value);
        else if (name === "style")
            Object.keys(value).forEach((key) => node.style.setProperty(key, value[key]));
        else
            node.setAttribute(name, value === true ? "" : value);
    }

    function build(node, attributes, children) {
        Object.keys(attributes || {}).forEach((name) => set(node, name, attributes[name]));
        node.append(...children.flat(2).filter((child) => child !== null && child !== undefined));
        return node;
    }

    /* An element: attributes by name ("onclick": a listener, "style": properties by name; null or
     * false: none), children are elements and texts; null: none. */
    review.el = (tag, attributes, ...children) =>
        build(document.createElement(tag), attributes, children);
    review.svg = (tag, attributes, ...children) =>
        build(document.createElementNS(SVG, tag), attributes, children);
    review.by_id = (id) => document.getElementById(id);

    /* Where a value may be changed without need: an attribute that is the same costs a layout. */
    review.put = function (node, name, value) {
        if (node.getAttribute(name) !== value)
            node.setAttribute(name, value);
    };

    review.count = (n) => Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, ",");
    review.plural = (n, word) => review.count(n) + " " + word +
        (n === 1 ? "" : word.endsWith("x") ? "es" : "s");
    review.percent = (x) => (x === null || x === undefined ? "–" : Math.round(100 * x) + "%");
    review.score = (x) => (x === null || x === undefined ? "–"
        : x >= 0.001 ? x.toFixed(3) : x === 0 ? "0" : x.toPrecision(1));

    /* A name of the data set's as it can be shown: what a screen would act upon is escaped, and of
     * a long one the middle is left out. */
    review.name = function (text) {
        const shown = String(text).replace(ACTED_UPON, (character) =>
            "\\u" + character.charCodeAt(0).toString(16).padStart(4, "0"));
        const points = Array.from(shown);
        if (points.length <= LONGEST_NAME)
            return shown;
        return points.slice(0, 50).join("") + " … " + points.slice(-60).join("");
    };
    review.bdi = (text, attributes) => review.el("bdi", attributes, review.name(text));

    /* A key's name, as it stands on buttons. */
    review.kbd = (key) => review.el("kbd", { "aria-hidden": "true" }, key);

    /* Says a sentence to those who hear the page. */
    review.say = function (sentence) {
        review.by_id("said").textContent = sentence;
    };
})(window.review = window.review || {});
