/* What lies between a structure's members, where old addresses may stand. */
#ifndef VERIFY_TEST_EMULATION_PADDING_H
#define VERIFY_TEST_EMULATION_PADDING_H

/* Zeroes the padding of what is pointed to, for compilers that can (gcc since version 11); others
 * leave it, and an allocation may seem used that is not. */
#ifdef __has_builtin
#if __has_builtin(__builtin_clear_padding)
#define EMULATION_CLEAR_PADDING(pointer) __builtin_clear_padding(pointer)
#endif
#endif
#ifndef EMULATION_CLEAR_PADDING
#define EMULATION_CLEAR_PADDING(pointer) ((void)(pointer))
#endif

#endif
