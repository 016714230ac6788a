/* Which output streams a run's flags ask for. */
#ifndef VERIFY_JOB_WANTED_H
#define VERIFY_JOB_WANTED_H

#include "job/options.h"
#include "output/streams.h"

/* The set of streams (streams.h) that are written with these options. */
unsigned options_streams(const struct options *options);

#endif
