/* Which ranks use one device together. */
#include "job/sharing.h"

#include <string.h>

int sharing_first(const struct holder *all, int rank) {
    int r = 0;
    while (strcmp(all[r].host, all[rank].host) != 0 || strcmp(all[r].device, all[rank].device) != 0)
        r++;
    return r;
}
