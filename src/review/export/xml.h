/* Text as XML 1.0 has it. */
#ifndef VERIFY_REVIEW_EXPORT_XML_H
#define VERIFY_REVIEW_EXPORT_XML_H

#include "base/text.h"

/* Appends the text of an element or an attribute's value, without quotes. What XML cannot say
 * becomes U+FFFD; tabs and ends of lines are kept in either. */
void xml_text(struct text *text, const char *string);

/* Appends ` name="value"`. */
void xml_attribute(struct text *text, const char *name, const char *value);

#endif
