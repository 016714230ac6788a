/* What --version says: this build's version, commit and parts. */
#include <mpi.h>
#include <string.h>

#include "about.h"
#include "backend.h"
#include "build_info.h"
#include "job/plugins.h"

/* Of a backend that is a file of its own: what it was built with, and whether it can be used here.
 */
static void append_plugin(const struct backend_interface *row, const char *built,
                          struct text *text) {
    const struct backend_interface *opened;
    enum status status = plugin_open(row, &opened);
    text_string(text, built);
    if (status == STATUS_OK)
        text_format(text, "; %s is there", row->library);
    else if (strcmp(built, BUILD_WITHOUT) != 0)
        text_format(text, "; %s is not usable: %s", row->library, status_message());
    text_string(text, "\n");
}

void about_append(struct text *text) {
    char library[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    int length;
    MPI_Get_library_version(library, &length);
    library[strcspn(library, ",\n")] = '\0'; /* what follows is who built it, and where */
    for (char *tab = library; (tab = strchr(tab, '\t')) != NULL;)
        *tab = ' ';
    text_string(text, "verify " VERIFY_VERSION "\ncommit: " BUILD_COMMIT "\n");
    for (size_t i = 0; backends[i]; i++)
        if (backends[i]->library) {
            text_string(text, "CUDA: ");
            append_plugin(backends[i], BUILD_CUDA, text);
        }
    text_string(text, "oneDNN: " BUILD_ONEDNN "\nAVIF: " BUILD_AVIF "\nHEIC: " BUILD_HEIF "\n");
    text_format(text, "MPI: %s\n", library);
    text_string(text, "licence: MIT\n");
}
