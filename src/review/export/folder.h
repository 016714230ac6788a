/* The folder that an export is: written under another name and then renamed, so that it is there
 * whole or not at all. It has a mark, by which one is known that verify made. */
#ifndef VERIFY_REVIEW_EXPORT_FOLDER_H
#define VERIFY_REVIEW_EXPORT_FOLDER_H

#include "base/text.h"
#include "output/storage.h"

/* Zeroed at first. */
struct export_folder {
    int parent, draft; /* open folders */
    bool parent_open, draft_open;
    struct text parent_path, path, draft_path; /* paths end without '/' */
    const char *name;                          /* the end of `path` */
    char draft_name[DRAFT_NAME_BYTES];
};

/* Begins one. `to` (NULL: `fallback` below the folder `output`, on whose way no link is followed)
 * is its path. STATUS_BAD_INPUT where something is there that no export made, or that was changed
 * since, or where another process makes it now. What is there stays until the end. On failure, too,
 * export_folder_free must be called, which removes what was not ended. */
enum status export_folder_begin(const char *to, const char *output, const char *fallback,
                                struct export_folder *folder);
/* All is on the disk, and has its name, when this returns. */
enum status export_folder_end(struct export_folder *folder);
void export_folder_free(struct export_folder *folder);

#endif
