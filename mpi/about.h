/* The text of --version. */
#ifndef VERIFY_MPI_ABOUT_H
#define VERIFY_MPI_ABOUT_H

#include "base/text.h"

/* Appends "verify X.Y.Z", and a line "what: which" each for the commit, the parts that are built in
 * and the licence. Between MPI_Init and MPI_Finalize. */
void about_append(struct text *text);

#endif
