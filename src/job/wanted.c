/* Which output streams a run's flags ask for. */
#include "job/wanted.h"

#include "job/options_table.h"

static bool is_on(const void *context, const char *flag) {
    bool negated;
    int row = option_find(flag, &negated);
    return row >= 0 && option_is_switch((size_t)row) &&
           *(const bool *)option_value(context, option_row((size_t)row));
}

unsigned options_streams(const struct options *options) {
    return streams_wanted(is_on, options);
}
