/* What the library of this backend exports. */
#include "plugin.h"

#include "cuda/cuda.h"

const struct plugin verify_plugin = {
    .build = PLUGIN_BUILD, .sizes = PLUGIN_SIZES, .interface = &backend_cuda};
