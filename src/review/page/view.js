/* Which findings are shown, in which groups, and which of them is the current one. Filters are
 * ANDed. A decision hides nothing by itself: the list is made anew when filters change, so that
 * nothing jumps away under the hand. */
(function (review) {
    "use strict";

    /* Scores' histogram: bin i is from EDGES[i], below EDGES[i + 1]. */
    const EDGES = [0, 1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.000001];
    const pair_of = (finding) => (finding.kind === "box" && Number.isInteger(finding.suggested)
        && (finding.reason === "class" || finding.reason === "contested")
        ? [finding.class, finding.suggested] : null);
    const bin_of = (finding) => (Number.isFinite(finding.score)
        ? EDGES.findIndex((edge, i) => finding.score < EDGES[i + 1]) : -1);
    const has = (text, part) => text.toLowerCase().includes(part.toLowerCase());

    /* A row for each filter: whether a finding passes, and what its chip says. */
    const FILTERS = {
        reason: { passes: (f, reason) => f.reason === reason, words: review.reason_title },
        verdict: { passes: (f, verdict) => f.verdict === verdict, words: (v) => "called " + v },
        pair: {
            passes: (f, pair) => pair_of(f) !== null && String(pair_of(f)) === String(pair),
            words: (pair) => review.class_name(pair[0]) + " → " + review.class_name(pair[1]) },
        class: { passes: (f, number) => f.class === number || f.suggested === number,
            words: (number) => "class " + review.class_name(number) },
        bin: { passes: (f, bin) => bin_of(f) === bin,
            words: (bin) => "score " + review.bin_words(bin) },
        margin: { passes: (f, margin) => f.reason === "class" && f.margin >= margin,
            words: (margin) => "wrong class, margin from " + margin },
        image: { passes: (f, number) => f.image === number,
            words: (number) => review.name(review.data.images[number].name) },
        search: { passes: (f, text) => has(f.picture.name, text),
            words: (text) => "name has “" + review.name(text) + "”" },
        state: {
            passes: (f, state) => (state === "decided" ? review.decisions.is_decided(f)
                : !review.decisions.is_decided(f)),
            words: (state) => (state === "decided" ? "decided" : "not decided") },
    };

    /* A row for each way to group: the group's key of a finding, and the group's title. */
    const GROUPS = {
        none: { title: "Nothing: worst first", key: () => 0, words: () => "" },
        reason: { title: "Reason", key: (f) => f.reason,
            words: (f) => review.reason_title(f.reason) },
        pair: { title: "Class pair", key: (f) => String(pair_of(f)),
            words: (f) => (pair_of(f) ? FILTERS.pair.words(pair_of(f)) : "Not about two classes") },
        class: { title: "Class", key: (f) => f.class,
            words: (f) => (Number.isInteger(f.class) ? review.class_name(f.class) : "no class") },
        image: { title: "Image", key: (f) => f.image, words: (f) => review.name(f.picture.name) },
    };

    const filters = {};
    const listeners = [];
    const view = { groups: [], shown: [], group: "none", weak: false, current: 0 };

    function passes(finding) {
        const named = filters.reason === "weak" || filters.image !== undefined;
        if (review.is_weak(finding) && !view.weak && !named)
            return false;
        return Object.keys(filters).every((name) => FILTERS[name].passes(finding, filters[name]));
    }

    /* Groups stand in the order of their worst finding, of pairs and classes the largest first. */
    function gather(findings) {
        const by = GROUPS[view.group], held = new Map();
        findings.forEach(function (finding) {
            const key = by.key(finding);
            if (!held.has(key))
                held.set(key, { title: by.words(finding), findings: [] });
            held.get(key).findings.push(finding);
        });
        const groups = Array.from(held.values());
        const rest = (group) => (view.group === "pair" && !pair_of(group.findings[0]) ? 1 : 0);
        if (view.group === "pair" || view.group === "class")
            groups.sort((a, b) => rest(a) - rest(b) || b.findings.length - a.findings.length);
        if (view.group === "reason")
            groups.sort((a, b) => review.reasons.indexOf(a.findings[0].reason) -
                review.reasons.indexOf(b.findings[0].reason));
        return groups;
    }

    /* Makes the list anew; the current finding stays where it is still shown. */
    view.update = function () {
        const current = view.shown[view.current];
        view.groups = gather(review.data.findings.filter(passes));
        view.shown = view.groups.flatMap((group) => group.findings);
        view.current = Math.max(0, view.shown.indexOf(current));
        listeners.forEach((listener) => listener());
    };
    view.on_change = (listener) => listeners.push(listener);

    view.filter = (name) => filters[name];
    /* Sets a filter, or takes it away: where it has this value already, or the value is null. */
    view.toggle = function (name, value) {
        if (value === null || JSON.stringify(filters[name]) === JSON.stringify(value))
            delete filters[name];
        else
            filters[name] = value;
        view.update();
    };
    view.is_on = (name, value) => JSON.stringify(filters[name]) === JSON.stringify(value);
    view.chips = () => Object.keys(filters).map((name) => ({ name: name,
        words: FILTERS[name].words(filters[name]) }));
    view.clear = function () {
        Object.keys(filters).forEach((name) => delete filters[name]);
        view.update();
    };
    view.set_group = function (group) {
        view.group = group;
        view.update();
    };
    view.set_weak = function (weak) {
        view.weak = weak;
        view.update();
    };
    view.group_titles = () => Object.keys(GROUPS).map((name) => [name, GROUPS[name].title]);

    view.finding = () => view.shown[view.current] || null;

    /* The next one that is open, behind the current one, then from the beginning; null: none. */
    view.next_open = function () {
        const n = view.shown.length;
        for (let step = 1; step < n; step++) {
            const at = (view.current + step) % n;
            if (review.decisions.is_open(view.shown[at]))
                return at;
        }
        return n > 0 && review.decisions.is_open(view.shown[view.current]) ? view.current : null;
    };

    const plain = (x) => (x >= 0.001 || x === 0 ? String(x) : x.toExponential(0));
    review.bin_count = EDGES.length - 1;
    review.bin_of = bin_of;
    review.bin_words = (bin) => plain(EDGES[bin]) + " to " + plain(Math.min(1, EDGES[bin + 1]));
    review.bin_edge = (bin) => plain(Math.min(1, EDGES[bin]));
    review.pair_of = pair_of;

    /* Where one is, as the browser keeps it. */
    review.place = {
        now: () => ({ filters: Object.assign({}, filters), group: view.group, weak: view.weak,
            current: view.finding() ? view.finding().number : 0, large: review.large.is_open(),
            folded: review.overview.is_folded() }),
        take: function (place) {
            Object.keys(place.filters || {}).filter((name) => FILTERS[name]).forEach((name) => {
                filters[name] = place.filters[name];
            });
            view.group = GROUPS[place.group] ? place.group : "none";
            view.weak = Boolean(place.weak);
            view.update();
            const at = view.shown.findIndex((finding) => finding.number === place.current);
            view.current = Math.max(0, at);
        },
    };
    review.view = view;
})(window.review = window.review || {});
