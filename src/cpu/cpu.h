/* The CPU backend. */
#ifndef VERIFY_CPU_CPU_H
#define VERIFY_CPU_CPU_H

#include "backend.h"

extern const struct backend_interface backend_cpu;

#endif
