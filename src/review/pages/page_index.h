/* index.html of the review page: src/review/page/, made one file and then these bytes. */
#ifndef VERIFY_REVIEW_PAGES_PAGE_INDEX_H
#define VERIFY_REVIEW_PAGES_PAGE_INDEX_H

#include <stddef.h>

extern const unsigned char page_index[];
extern const size_t page_index_length;

#endif
