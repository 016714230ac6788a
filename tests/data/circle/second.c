/* Includes the first. */
#include "first.h"

int second(int value);

int second(int value) {
    return value ? 0 : first();
}
