/* Plug-ins: where their files are, whether they fit, and what to say where not. */
#include "job/plugins.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "plugin.h"

static const struct plugin own = {.build = PLUGIN_BUILD, .sizes = PLUGIN_SIZES};

/* That a library is the plug-in of the row, and of this build. */
static enum status check(const struct plugin *plugin, const char *path,
                         const struct backend_interface *row) {
    if (!plugin)
        return FAIL(STATUS_BAD_INPUT,
                    "%s is not a plug-in of verify; use --device cpu, or install it", path);
    if (strncmp(plugin->build, own.build, sizeof own.build) != 0)
        return FAIL(STATUS_BAD_INPUT,
                    "%s is of verify %.*s, and this is verify %s; install both of one version, or "
                    "use --device cpu",
                    path, (int)sizeof plugin->build, plugin->build, own.build);
    if (memcmp(plugin->sizes, own.sizes, sizeof own.sizes) != 0 ||
        strcmp(plugin->interface->name, row->name) != 0)
        return FAIL(STATUS_BAD_INPUT,
                    "%s was built from other sources than this verify; build both again, or use "
                    "--device cpu",
                    path);
    return STATUS_OK;
}

static enum status open_file(const char *path, const struct backend_interface *row,
                             const struct backend_interface **out) {
    enum status status;
    const char *folders = getenv("LD_LIBRARY_PATH");
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return FAIL(STATUS_BAD_INPUT,
                    "%s cannot be opened: %s (LD_LIBRARY_PATH is \"%s\"); install what is missing, "
                    "or add its folder to LD_LIBRARY_PATH, or use --device cpu",
                    path, dlerror(), folders ? folders : "");
    const struct plugin *plugin = dlsym(library, PLUGIN_SYMBOL);
    TRY(check(plugin, path, row));
    *out = plugin->interface;
    library = NULL;
out:
    if (library)
        (void)dlclose(library);
    return status;
}

/* The folders that may hold plug-ins, each with its NUL; nothing where the program's is unknown. */
static enum status list_folders(struct text *folders) {
    const char *named = getenv("VERIFY_PLUGIN_DIR");
    char program[PATH_MAX];
    if (named && *named != '\0')
        text_bytes(folders, named, strlen(named) + 1);
    if (realpath("/proc/self/exe", program)) {
        *strrchr(program, '/') = '\0';
        text_bytes(folders, program, strlen(program) + 1);
        if (strrchr(program, '/'))
            *strrchr(program, '/') = '\0';
        text_format(folders, "%s/lib/verify-labels", program);
        text_bytes(folders, "", 1);
    }
    return text_status(folders);
}

enum status plugin_open(const struct backend_interface *row, const struct backend_interface **out) {
    enum status status = STATUS_OK;
    struct text folders = {0}, path = {0}, missed = {0};
    bool found = false;
    *out = row;
    if (!row->library)
        return STATUS_OK;
    TRY(list_folders(&folders));
    for (size_t at = 0; at < folders.length && !found; at += strlen(folders.data + at) + 1) {
        text_clear(&path);
        text_format(&path, "%s/%s", folders.data + at, row->library);
        text_format(&missed, "%s%s", at ? ", " : "", folders.data + at);
        TRY(text_status(&path));
        found = access(path.data, F_OK) == 0;
    }
    TRY(text_status(&missed));
    status = found ? open_file(path.data, row, out)
                   : FAIL(STATUS_BAD_INPUT, "%s (%s is not in %s)", row->without, row->library,
                          missed.length ? missed.data : "the program's folder");
out:
    text_free(&folders);
    text_free(&path);
    text_free(&missed);
    return status;
}

bool plugin_device_present(const struct backend_interface *row) {
    for (size_t i = 0; row->signs && row->signs[i]; i++) {
        if (row->signs[i][0] == '/' && access(row->signs[i], F_OK) == 0)
            return true;
        void *library = row->signs[i][0] == '/' ? NULL : dlopen(row->signs[i], RTLD_LAZY);
        if (library)
            return dlclose(library) == 0;
    }
    return false;
}
