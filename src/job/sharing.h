/* Which ranks use one device together. */
#ifndef VERIFY_JOB_SHARING_H
#define VERIFY_JOB_SHARING_H

/* Who has which device; plain data, sent as bytes. Devices are told apart by what they call
 * themselves, their UUID included. */
struct holder {
    char host[256], device[256];
};

/* The lowest rank with the same device on the same host; its own where nobody else has it. `all`:
 * by rank. */
int sharing_first(const struct holder *all, int rank);

#endif
