/* Decimal numbers as text, whatever the locale. */
#ifndef VERIFY_DATA_NUMBER_H
#define VERIFY_DATA_NUMBER_H

#include <stddef.h>

enum number_kind {
    NUMBER_FINITE,
    NUMBER_NOT_FINITE, /* "nan", "inf", "infinity", or too large for a double */
    NUMBER_NONE,       /* not a number: hexadecimal, a decimal comma, anything else */
};

/* Parses all `length` bytes as [+-]digits[.digits][e[+-]digits]. *value is 0 unless finite. It is
 * the nearest double where the digits make an integer up to 2^53 and the exponent is within 22,
 * else within a few units in the last place. */
enum number_kind number_parse(const char *bytes, size_t length, double *value);

#endif
