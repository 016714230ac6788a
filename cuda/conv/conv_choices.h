/* What a library of convolutions has chosen by timing, for other processes: those of a job that
 * compute on the same kind of device are to choose alike, so that pictures come to the same whoever
 * does them. */
#ifndef VERIFY_CUDA_CONV_CHOICES_H
#define VERIFY_CUDA_CONV_CHOICES_H

#include "cuda/conv/conv.h"

/* Appends what the choices depend on besides the shapes: the calling thread's device, the versions
 * of driver, CUDA and cuDNN. */
enum status conv_choices_kind(struct text *kind);

/* Takes another library's choices (conv_choices_give) for shapes of which this one has none yet;
 * those of another kind of device count as none. */
enum status conv_choices_take(struct conv_library *library, const char *bytes, size_t length);
/* Appends what was chosen, for the shapes that are built, as a text without NUL. */
enum status conv_choices_give(const struct conv_library *library, struct text *bytes);

/* From now on nothing is timed: a shape that is not among the choices is computed as cuDNN thinks
 * best, which is the same in each process, and neither read from the file nor kept there. */
void conv_choices_settle(struct conv_library *library);

#endif
