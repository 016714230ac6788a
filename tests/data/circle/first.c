/* Calls the second, which is not declared in a header of its own. */
#include "first.h"

int second(int value);

int first(void) {
    return second(1);
}
