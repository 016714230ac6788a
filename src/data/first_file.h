/* Looks for what a user may have meant. Internal to src/data. */
#ifndef VERIFY_DATA_FIRST_FILE_H
#define VERIFY_DATA_FIRST_FILE_H

/* The name in the folder that ends in one of the suffixes (the last is followed by NULL) and sorts
 * first; the caller frees it. NULL: there is none. */
char *first_file(const char *folder, const char *const *suffixes);

#endif
