/* Whole numbers in the files that a run keeps for itself. Internal to src/output. */
#ifndef VERIFY_OUTPUT_DIGITS_H
#define VERIFY_OUTPUT_DIGITS_H

#include <stdbool.h>
#include <stdint.h>

/* Reads decimal digits, at least one, as a number up to `limit`; *at moves behind them. False, with
 * *at and *value undefined, where something else stands there. */
static inline bool digits_read(const char **at, uint64_t limit, uint64_t *value) {
    const char *c = *at;
    uint64_t number = 0;
    for (; *c >= '0' && *c <= '9'; c++) {
        uint64_t digit = (uint64_t)(*c - '0');
        if (number > limit / 10 || digit > limit - number * 10)
            return false;
        number = number * 10 + digit;
    }
    bool any = c != *at;
    *at = c;
    *value = number;
    return any;
}

/* The same, with `mark` before the digits. */
static inline bool digits_after(const char **at, char mark, uint64_t limit, uint64_t *value) {
    if (**at != mark)
        return false;
    ++*at;
    return digits_read(at, limit, value);
}

#endif
