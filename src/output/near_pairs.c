/* A table of keys: made part by part, sorted, and pictures of one key compared. */
#include "output/near_pairs.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "judge/vector_clones.h"

enum {
    LEAST_KEY = 16, /* bits */
    MOST_KEY = 26,
    DIGIT = MOST_KEY / 2, /* bits that are sorted by at a time */
    FLIPPED = 3,          /* weak bits of a key, of which every choice is flipped */
    KEYS = 1 << FLIPPED,  /* of a picture, at most */
    WINDOW = 256,         /* pictures of one key that each is compared with … */
    CROWD_WINDOW = 32,    /* … and where there are more than that: many are copies, in a row */
    TICK_EVERY = 1 << 12,
};

/* Keys that are sorted at a time. */
static const size_t MOST_ENTRIES = (size_t)1 << 25;

struct entry {
    uint32_t key, image;
};

struct table {
    const struct sketches *sketches;
    struct near_forest *forest;
    sketches_tick *tick;
    void *context;
    unsigned bits;              /* of a key */
    uint8_t bit[MOST_KEY];      /* of the hash, by its place in the key */
    int place[SKETCH_KEY_BITS]; /* the other way round; -1: in no key */
    size_t n_entries, capacity;
    struct entry *entries, *scratch; /* owned; (capacity) */
    size_t bucket_capacity;
    struct bucket_hash {
        uint64_t bits[SKETCH_WORDS];
    } * bucket; /* the hashes of pictures with one key; owned */
};

/* Numbers without a pattern, the same ones everywhere. */
static uint32_t next_number(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* Which bits are in the keys: as many as make keys rare that two pictures share by chance. */
static void choose_bits(struct table *table, unsigned number) {
    uint8_t order[SKETCH_KEY_BITS];
    uint64_t state = number + 1;
    table->bits = LEAST_KEY;
    while (table->bits < MOST_KEY && (size_t)1 << (table->bits - 1) < table->sketches->count)
        table->bits++;
    for (unsigned i = 0; i < SKETCH_KEY_BITS; i++) {
        order[i] = (uint8_t)i;
        table->place[i] = -1;
    }
    for (unsigned i = 0; i < table->bits; i++) {
        unsigned other = i + next_number(&state) % (SKETCH_KEY_BITS - i);
        uint8_t bit = order[other];
        order[other] = order[i];
        table->bit[i] = bit;
        table->place[bit] = (int)i;
    }
}

/* The number of keys of a picture. */
static unsigned find_keys(const struct table *table, const struct sketch_hash *hash,
                          uint32_t keys[KEYS]) {
    unsigned count = 1, flipped = 0;
    keys[0] = 0;
    for (unsigned i = 0; i < table->bits; i++)
        keys[0] |= (uint32_t)(hash->bits[0] >> table->bit[i] & 1) << i;
    for (unsigned k = 0; k < SKETCH_WEAK && flipped < FLIPPED; k++) {
        int place = table->place[hash->weak[k]];
        if (place < 0)
            continue;
        for (unsigned i = 0; i < count; i++)
            keys[count + i] = keys[i] ^ UINT32_C(1) << place;
        count *= 2;
        flipped++;
    }
    return count;
}

static void tick_at(const struct table *table, size_t step) {
    if (table->tick && step % TICK_EVERY == 0)
        table->tick(table->context);
}

/* The keys of all pictures that begin with the bits of `part`, one of 1 << part_bits. */
static enum status collect(struct table *table, unsigned part_bits, uint32_t part) {
    enum status status = STATUS_OK;
    const struct sketches *sketches = table->sketches;
    table->n_entries = 0;
    for (size_t i = 0; i < sketches->count; i++) {
        uint32_t keys[KEYS];
        tick_at(table, i);
        if (!sketches->items[i].offset)
            continue;
        unsigned count = find_keys(table, &sketches->items[i].hash, keys);
        TRY(memory_reserve(&table->entries, &table->capacity, table->n_entries + count,
                           sizeof *table->entries));
        for (unsigned k = 0; k < count; k++)
            if (keys[k] >> (table->bits - part_bits) == part)
                table->entries[table->n_entries++] = (struct entry){keys[k], (uint32_t)i};
    }
out:
    return status;
}

/* Sorts by DIGIT bits of the keys; what has the same ones stays in order. */
static void sort_digit(const struct entry *from, size_t n, unsigned shift, size_t *starts,
                       struct entry *to) {
    const uint32_t mask = (UINT32_C(1) << DIGIT) - 1;
    memset(starts, 0, ((size_t)mask + 2) * sizeof *starts);
    for (size_t i = 0; i < n; i++)
        starts[(from[i].key >> shift & mask) + 1]++;
    for (size_t i = 1; i <= mask; i++)
        starts[i] += starts[i - 1];
    for (size_t i = 0; i < n; i++)
        to[starts[from[i].key >> shift & mask]++] = from[i];
}

static enum status sort(struct table *table) {
    enum status status;
    size_t *starts = NULL;
    free(table->scratch);
    TRY(memory_zeroed(table->n_entries, sizeof *table->scratch, &table->scratch));
    TRY(memory_zeroed(((size_t)1 << DIGIT) + 1, sizeof *starts, &starts));
    sort_digit(table->entries, table->n_entries, 0, starts, table->scratch);
    if (table->tick)
        table->tick(table->context);
    sort_digit(table->scratch, table->n_entries, DIGIT, starts, table->entries);
out:
    free(starts);
    return status;
}

/* Those before `end` that are near the first one, to `found`. */
VECTOR_CLONES
static size_t find_near(const struct bucket_hash *hashes, size_t end, uint32_t *found) {
    size_t n = 0;
    for (size_t i = 1; i < end; i++) {
        int flipped = 0;
        for (int k = 0; k < SKETCH_WORDS; k++)
            flipped += __builtin_popcountll(hashes[0].bits[k] ^ hashes[i].bits[k]);
        found[n] = (uint32_t)i;
        n += flipped <= SKETCH_MOST_FLIPPED;
    }
    return n;
}

/* Joins the first of some entries with those of the others, which `near` tells, that are copies. */
static enum status join(struct table *table, const struct entry *entries, const uint32_t *near,
                        size_t n) {
    enum status status = STATUS_OK;
    struct sketch own, other;
    bool read = false;
    for (size_t i = 0; i < n; i++) {
        const struct near_pair pair = {entries[0].image, entries[near[i]].image};
        if (near_forest_first(table->forest, pair.one) ==
            near_forest_first(table->forest, pair.other))
            continue;
        tick_at(table, 0);
        if (!read)
            TRY(sketches_read(table->sketches, pair.one, &own));
        read = true;
        TRY(sketches_read(table->sketches, pair.other, &other));
        if (sketch_same(&own, &other))
            TRY(near_forest_join(table->forest, pair));
    }
out:
    return status;
}

/* Entries of one key. */
static enum status compare(struct table *table, const struct entry *entries, size_t n) {
    enum status status;
    uint32_t near[WINDOW];
    size_t window = n > WINDOW ? CROWD_WINDOW : WINDOW;
    TRY(memory_reserve(&table->bucket, &table->bucket_capacity, n, sizeof *table->bucket));
    for (size_t i = 0; i < n; i++)
        memcpy(&table->bucket[i], table->sketches->items[entries[i].image].hash.bits,
               sizeof *table->bucket);
    for (size_t i = 0; i + 1 < n; i++) {
        tick_at(table, i);
        size_t end = n - i < window ? n - i : window;
        TRY(join(table, entries + i, near, find_near(table->bucket + i, end, near)));
    }
out:
    return status;
}

static enum status compare_all(struct table *table) {
    enum status status = STATUS_OK;
    for (size_t first = 0, end; first < table->n_entries; first = end) {
        tick_at(table, first);
        end = first + 1;
        while (end < table->n_entries && table->entries[end].key == table->entries[first].key)
            end++;
        if (end - first > 1)
            TRY(compare(table, table->entries + first, end - first));
    }
out:
    return status;
}

enum status near_pairs_find(const struct sketches *sketches, unsigned table_number,
                            sketches_tick *tick, void *context, struct near_forest *forest) {
    enum status status = STATUS_OK;
    struct table table = {.sketches = sketches, .forest = forest, .tick = tick, .context = context};
    unsigned part_bits = 0;
    choose_bits(&table, table_number);
    while (sketches->count * KEYS >> part_bits > MOST_ENTRIES)
        part_bits++;
    for (uint32_t part = 0; part < UINT32_C(1) << part_bits; part++) {
        TRY(collect(&table, part_bits, part));
        TRY(sort(&table));
        TRY(compare_all(&table));
    }
out:
    free(table.entries);
    free(table.scratch);
    free(table.bucket);
    return status;
}
