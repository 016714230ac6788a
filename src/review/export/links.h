/* The images of an export: links below EXPORT_IMAGES, named as in the run's buckets. */
#ifndef VERIFY_REVIEW_EXPORT_LINKS_H
#define VERIFY_REVIEW_EXPORT_LINKS_H

#include <stdbool.h>

#include "review/export/folder.h"
#include "review/run_results.h"

/* Zeroed at first. */
struct export_links {
    const struct run_results *results;
    const struct export_folder *folder;
    char *root,
        *common; /* where the images were at the run, and the deepest folder of all; owned */
    struct text name, path, target, beside;
};

enum link_state {
    LINK_MADE,
    LINK_ABSENT, /* there is no image where it should be */
    LINK_TAKEN,  /* another image has the name, or it is too long */
};

/* Both are the caller's, for as long as links are made. */
enum status export_links_begin(const struct run_results *results,
                               const struct export_folder *folder, struct export_links *links);
void export_links_free(struct export_links *links);

/* Links an image that records name so; links->name is the link's, below EXPORT_IMAGES. `beside`
 * (NULL: nothing) is the suffix of a file that is to be made beside it, with the same name else. */
enum status export_links_make(struct export_links *links, const char *image, const char *beside,
                              enum link_state *state);
/* Replaces *name by that of the file beside an image's link, below EXPORT_IMAGES. */
enum status export_beside(const char *image, const char *suffix, struct text *name);

#endif
