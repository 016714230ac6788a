/* Folders that nothing is in any more. Internal to src/output. */
#ifndef VERIFY_OUTPUT_EMPTY_H
#define VERIFY_OUTPUT_EMPTY_H

/* Removes a folder and those below it as far as they are empty. */
void folder_drop(int parent, const char *name);
/* Does so with each of the folders in an open one. */
void folders_drop_empty(int folder);

#endif
