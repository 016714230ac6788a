/* What the library of a backend that is a plug-in exports, and by what the program tells that it
 * was built from the same sources.
 *
 * Whoever writes one: a library with a `const struct plugin verify_plugin` and no other name that
 * is visible. It has its own copies of what it uses of src/, which keep nothing between calls, but
 * for verify_status_record() of base/status_record.h: the program alone has that, so that a
 * plug-in's messages reach it. */
#ifndef VERIFY_PLUGIN_H
#define VERIFY_PLUGIN_H

#include "backend.h"
#include "build_info.h"

#define PLUGIN_SYMBOL "verify_plugin"
#define PLUGIN_BUILD  VERIFY_VERSION " (" BUILD_COMMIT ")"

struct plugin {
    /* The sources' version and commit, NUL-terminated. First in every version, so that any is told
     * from any other; what follows may be read only where it is the same. */
    char build[64];
    /* Of the structs that pass between the two: of sources that were changed since. */
    size_t sizes[8];
    const struct backend_interface *interface;
};

#define PLUGIN_SIZES                                                                               \
    {                                                                                              \
        sizeof(struct backend_interface), sizeof(struct backend_options), sizeof(struct picture),  \
            sizeof(struct findings), sizeof(struct image), sizeof(struct judge),                   \
            sizeof(struct model), sizeof(struct tensor)                                            \
    }

extern const struct plugin verify_plugin __attribute__((visibility("default")));

#endif
