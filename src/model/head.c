#include "model/head.h"

enum status head_find(const struct head_search *search, struct head *head, bool *found) {
    enum status status = head_find_distance(search, head, found);
    if (status == STATUS_OK && !*found)
        status = head_find_anchor(search, head, found);
    return status;
}
