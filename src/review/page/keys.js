/* The keyboard: keys to acts. Single letters can be switched off, for those who speak to their
 * computer or whose keys repeat. */
(function (review) {
    "use strict";

    const SETTING = "letters";
    let on = true;

    const is_typing = (node) => node.isContentEditable || node.tagName === "SELECT" ||
        node.tagName === "TEXTAREA" || (node.tagName === "INPUT" &&
        !["checkbox", "button", "radio"].includes(node.type));

    /* "ctrl+shift+z", "A", "Enter" */
    function key_name(event) {
        const letter = event.key.length === 1;
        if (event.ctrlKey || event.metaKey)
            return "ctrl+" + (event.shiftKey ? "shift+" : "") + event.key.toLowerCase();
        return !letter ? event.key : event.shiftKey ? event.key.toUpperCase()
            : event.key.toLowerCase(); /* whatever Caps Lock says */
    }

    /* Buttons take Enter for themselves, the grid takes what moves. */
    function is_for_others(event) {
        const node = event.target;
        if (event.altKey || event.defaultPrevented || review.dialogs.is_open())
            return true;
        if (is_typing(node))
            return !(review.handles.is_open() && ["Enter", "Escape"].includes(event.key));
        return event.key === "Enter" && Boolean(node.closest("button, a, summary"));
    }

    function in_grid(event) {
        const node = event.target;
        return !review.large.is_open() && !event.ctrlKey && !event.metaKey &&
            (node === document.body || Boolean(node.closest("#findings"))) &&
            review.grid.move(event.key);
    }

    function press(event) {
        if (is_for_others(event))
            return;
        if ((review.handles.is_open() && review.handles.key(event)) || in_grid(event)) {
            event.preventDefault();
            return;
        }
        const name = key_name(event);
        if (name.length === 1 && !on)
            return;
        const row = review.act_list.find((one) => one.key === name ||
            (one.also || []).includes(name));
        if (row && row.when()) {
            event.preventDefault();
            row.run();
        }
    }

    review.keys = {
        build: function () {
            on = review.store.setting(SETTING) !== false;
            document.addEventListener("keydown", press);
        },
        is_on: () => on,
        set_on: function (now) {
            on = now;
            review.store.set_setting(SETTING, now);
        },
    };
})(window.review = window.review || {});
