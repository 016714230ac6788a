/* Decimal numbers as text. */
#include "data/number.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <strings.h>

enum { EXPONENT_LIMIT = 100000 };

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_word(const char *bytes, size_t length, const char *word, size_t word_length) {
    return length == word_length && strncasecmp(bytes, word, length) == 0;
}

static double scaled(uint64_t mantissa, long exponent) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (mantissa == 0)
        return 0.0;
    /* Both operands are exact here, so that the result is rounded once. */
    if (mantissa <= UINT64_C(1) << 53 && exponent >= -22 && exponent <= 22)
        return exponent < 0 ? (double)mantissa / powers[-exponent]
                            : (double)mantissa * powers[exponent];
    if (exponent > 400)
        return INFINITY;
    if (exponent < -400)
        return 0.0;
    return (double)((long double)mantissa * powl(10.0L, (long double)exponent));
}

enum number_kind number_parse(const char *bytes, size_t length, double *value) {
    const char *c = bytes;
    const char *end = bytes + length;
    *value = 0.0;
    bool negative = c < end && *c == '-';
    if (c < end && (*c == '-' || *c == '+'))
        c++;
    size_t left = (size_t)(end - c);
    if (is_word(c, left, "nan", 3) || is_word(c, left, "inf", 3) || is_word(c, left, "infinity", 8))
        return NUMBER_NOT_FINITE;

    uint64_t mantissa = 0;
    long exponent = 0;
    bool any = false, point = false;
    for (; c < end && (is_digit(*c) || (*c == '.' && !point)); c++) {
        if (*c == '.') {
            point = true;
            continue;
        }
        any = true;
        if (mantissa <= (UINT64_MAX - 9) / 10) {
            mantissa = mantissa * 10 + (uint64_t)(*c - '0');
            exponent -= point;
        } else if (!point && exponent < EXPONENT_LIMIT) {
            exponent++;
        }
    }
    if (!any)
        return NUMBER_NONE;
    if (c < end && (*c == 'e' || *c == 'E')) {
        c++;
        bool down = c < end && *c == '-';
        if (c < end && (*c == '-' || *c == '+'))
            c++;
        if (c == end)
            return NUMBER_NONE;
        long power = 0;
        for (; c < end && is_digit(*c); c++)
            if (power < EXPONENT_LIMIT)
                power = power * 10 + (*c - '0');
        exponent += down ? -power : power;
    }
    if (c < end)
        return NUMBER_NONE;
    double result = scaled(mantissa, exponent);
    if (!isfinite(result))
        return NUMBER_NOT_FINITE;
    *value = negative ? -result : result;
    return NUMBER_FINITE;
}
