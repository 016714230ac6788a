/* The page's table of contents: read the data, build its parts, take up where one was. */
(function (review) {
    "use strict";

    /* A sentence that stays on the screen. */
    review.notice = function (sentence) {
        const node = review.by_id("notice");
        node.textContent = sentence;
        node.hidden = false;
    };

    function build() {
        review.large.build();
        const place = review.store.open();
        review.bar.build();
        const fold = review.overview.build(place);
        review.grid.build();
        review.keys.build();
        review.print.build();
        review.by_id("loading").remove();
        fold();
        review.place.take(place || {});
        if (review.data.findings.length === 0)
            review.notice("There are no findings: nothing is left to review.");
        else if (place && place.large && review.view.finding())
            review.large.open();
        else if (place)
            review.grid.focus(review.view.current);
        document.body.classList.add("ready");
    }

    review.load().then(build).catch(function (error) {
        const loading = review.by_id("loading");
        if (loading)
            loading.remove();
        review.notice(error.message);
    });
})(window.review = window.review || {});
