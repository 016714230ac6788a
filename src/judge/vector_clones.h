/* Hot loops that the compiler vectorises: built once for AVX2 and once for any x86-64, chosen when
 * the program starts. Both give the same bits, since C17 mode contracts no multiply-add. */
#ifndef VERIFY_JUDGE_VECTOR_CLONES_H
#define VERIFY_JUDGE_VECTOR_CLONES_H

#include <stddef.h>

/* The sanitizers' run time is not yet up when the choice is made, hence not with them. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) &&       \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define VECTOR_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define VECTOR_CLONES
#endif

#endif
