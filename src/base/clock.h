/* The steady clock (CLOCK_MONOTONIC), which nobody sets back: its times are good for differences
 * alone. */
#ifndef VERIFY_BASE_CLOCK_H
#define VERIFY_BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_ns(void);
double clock_seconds(void);

#endif
