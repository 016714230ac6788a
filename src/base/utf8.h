/* Characters written as UTF-8. */
#ifndef VERIFY_BASE_UTF8_H
#define VERIFY_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum { UTF8_BYTES = 4 }; /* of a character at most */
#define UTF8_REPLACEMENT 0xFFFDu

/* Writes a code point up to 0x10FFFF; returns how many bytes it takes. */
size_t utf8_write(uint32_t code, char bytes[UTF8_BYTES]);

#endif
