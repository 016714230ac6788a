/* The plug-ins that test_devices opens, one a build of this file: FAKE_BUILD is the version and
 * FAKE_SIZES the sizes that it says it has, FAKE_NEEDS a function of another library; with
 * FAKE_EMPTY it is a library that is no plug-in. */
#include "plugin.h"

#ifndef FAKE_BUILD
#define FAKE_BUILD PLUGIN_BUILD
#endif
#ifndef FAKE_SIZES
#define FAKE_SIZES PLUGIN_SIZES
#endif

#ifdef FAKE_NEEDS
void FAKE_NEEDS(void);
#endif

static enum status available(const int *devices, size_t n_devices) {
#ifdef FAKE_NEEDS
    FAKE_NEEDS();
#endif
    if (n_devices == 0)
        return STATUS_OK;
    return FAIL_FOR(REASON_MEMORY, STATUS_BAD_INPUT, "the plug-in has no device %d", devices[0]);
}

static const struct backend_interface fake = {
    .name = "fake", .prefix = "FAKE", .uses_gpus = true, .available = available};

#ifdef FAKE_EMPTY
const struct backend_interface *const not_a_plugin = &fake;
#else
const struct plugin verify_plugin = {.build = FAKE_BUILD, .sizes = FAKE_SIZES, .interface = &fake};
#endif
