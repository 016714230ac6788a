/* Items that wait for others like them. */
#include "job/gathering.h"

#include <stdlib.h>

#include "base/memory.h"

struct gathering gathering_of(size_t batch, size_t window) {
    return (struct gathering){.batch = batch, .window = window};
}

void gathering_free(struct gathering *gathering) {
    free(gathering->groups);
    *gathering = (struct gathering){0};
}

static bool is_like(const struct item_group *group, const struct item *item) {
    return picture_views_alike(group->first->views, group->first->n_views, item->views,
                               item->n_views);
}

enum status gathering_add(struct gathering *gathering, struct item *item) {
    enum status status = STATUS_OK;
    size_t i = 0;
    while (i < gathering->n_groups && !is_like(&gathering->groups[i], item))
        i++;
    struct item_group *group = gathering->groups + i;
    if (i == gathering->n_groups) {
        TRY(memory_reserve(&gathering->groups, &gathering->capacity, i + 1,
                           sizeof *gathering->groups));
        group = gathering->groups + i;
        *group = (struct item_group){.oldest = item->turn};
        gathering->n_groups++;
    }
    item->next = NULL;
    if (group->count++)
        group->last->next = item;
    else
        group->first = item;
    group->last = item;
    if (item->turn < group->oldest)
        group->oldest = item->turn;
    if (item->turn > gathering->newest)
        gathering->newest = item->turn;
    gathering->count++;
out:
    return status;
}

/* The one to take: of several that are whole, and of those that are not, the one that has waited
 * longest. NULL: all wait. */
static struct item_group *choose(const struct gathering *gathering, bool rest) {
    struct item_group *whole = NULL, *oldest = NULL;
    for (size_t i = 0; i < gathering->n_groups; i++) {
        struct item_group *group = &gathering->groups[i];
        if (!oldest || group->oldest < oldest->oldest)
            oldest = group;
        if (group->count >= gathering->batch && (!whole || group->oldest < whole->oldest))
            whole = group;
    }
    if (!oldest || whole)
        return whole;
    return rest || gathering->newest - oldest->oldest >= gathering->window ? oldest : NULL;
}

size_t gathering_take(struct gathering *gathering, bool rest, struct item **items) {
    struct item_group *group = choose(gathering, rest);
    size_t n = 0;
    if (!group)
        return 0;
    for (; n < gathering->batch && group->first; n++) {
        items[n] = group->first;
        group->first = group->first->next;
    }
    gathering->count -= n;
    group->count -= n;
    group->oldest = SIZE_MAX;
    for (const struct item *item = group->first; item; item = item->next)
        group->oldest = item->turn < group->oldest ? item->turn : group->oldest;
    if (!group->first)
        *group = gathering->groups[--gathering->n_groups];
    return n;
}
