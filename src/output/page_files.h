/* The review page's files in the output folder. They are drafts in the work folder first, and get
 * their places together, what opens the page last: so a page is whole or is not there. run.json
 * tells what they look like, so that only what nobody has changed is ever replaced or removed. */
#ifndef VERIFY_OUTPUT_PAGE_FILES_H
#define VERIFY_OUTPUT_PAGE_FILES_H

#include <stddef.h>

#include "base/text.h"
#include "data/path_list.h"

#define PAGE_FOLDER "review"
#define PAGE_INDEX  "index.html" /* what opens it */

/* Writes draft number `file` of a page; it is on the disk when this returns. Of one page each
 * number is written once, by whichever process. Thread-safe. */
enum status page_draft(const char *output, size_t file, const char *bytes, size_t length);

/* The rest is for rank 0, which holds the output's lock. */

/* Puts the drafts in place, number i as the i-th of these names below PAGE_FOLDER, which are unique
 * and of which one is PAGE_INDEX. An earlier page goes before. STATUS_BAD_INPUT, with that still
 * there, where a name is taken by a file that no run made or that somebody has changed. */
enum status page_place(const char *output, const struct path_list *names);

/* Removes the page that is there, but for what somebody has changed; none is fine. */
enum status page_remove(const char *output);

/* Appends the names of the page's files that somebody has changed, with commas between. */
struct run_document;
void page_changed(const struct run_document *document, struct text *list);

#endif
