/* exp's numbers, for scalars (kernels.c) and vectors (vector_activate.h):
 * exp(x) = 2^n 2^r with x = (n + r) ln 2 and |r| <= 0.5. */
#ifndef VERIFY_CPU_EXP_TERMS_H
#define VERIFY_CPU_EXP_TERMS_H

/* |x| is limited to it. */
#define EXP_MOST   87.0f
#define EXP_LOG2_E 1.44269504f
/* 1.5 * 2^23: adding it rounds to an integer and leaves that in the low bits. */
#define EXP_MAGIC 12582912.0f

/* 2^r = 1 + r (EXP_1 + r (EXP_2 + ...)), with the least largest relative error (8e-8, before
 * rounding). */
#define EXP_1 6.93146967e-1f
#define EXP_2 2.40221197e-1f
#define EXP_3 5.55071327e-2f
#define EXP_4 9.67554133e-3f
#define EXP_5 1.32764720e-3f

#endif
