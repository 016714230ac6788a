/* Looks for a detection head of either kind. */
#include "model/head/head.h"

enum status head_find(const struct head_search *search, struct head *head, bool *found) {
    struct head_pool pool = {0};
    struct head_search own = *search;
    own.pool = &pool;
    enum status status = head_find_distance(&own, head, found);
    if (status == STATUS_OK && !*found)
        status = head_find_anchor(&own, head, found);
    if (status == STATUS_OK && !*found && own.prototypes >= 0) {
        own.prototypes = -1; /* whatever that output is */
        status = head_find_anchor(&own, head, found);
    }
    head_pool_free(&pool);
    return status;
}
