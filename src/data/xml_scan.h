/* An XML text gone through piece by piece, so that each one's place in it is known. Entities that a
 * document declares are not read. */
#ifndef VERIFY_DATA_XML_SCAN_H
#define VERIFY_DATA_XML_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum xml_kind { XML_END, XML_OPEN, XML_CLOSE, XML_TEXT };

struct xml_piece {
    enum xml_kind kind;
    size_t begin, end;           /* of it all: a tag with its brackets, a text */
    size_t name_begin, name_end; /* of a tag */
    bool empty;                  /* a tag that opens and closes at once */
};

/* The caller sets the text. Once something is no XML, `problem` says what. */
struct xml_scan {
    const char *bytes;
    size_t length, at;
    const char *problem;
};

/* The next tag or text; comments and instructions are passed over. XML_END at the end, and where
 * there is a problem. */
enum xml_kind xml_next(struct xml_scan *scan, struct xml_piece *piece);

/* Whether a tag is called so. */
bool xml_is(const struct xml_scan *scan, const struct xml_piece *piece, const char *name);

/* Replaces *out by the characters of a text, without blanks around them. */
void xml_scan_text(const char *bytes, size_t begin, size_t end, struct text *out);

#endif
