/* What convolutions and pools have in common: windows that go over a picture. Private to model/. */
#ifndef VERIFY_MODEL_OPERATORS_WINDOW_H
#define VERIFY_MODEL_OPERATORS_WINDOW_H

#include "model/operators/operator.h"

/* Checks an operator's window and that x is (N,C,H,W). */
enum status window_check(const struct op *op, const struct shape *x);
/* Positions of the window along axis i of the image, or an error where there is none. */
enum status window_positions(const struct op *op, const struct shape *x, size_t i, bool round_up,
                             int64_t *out);

#endif
