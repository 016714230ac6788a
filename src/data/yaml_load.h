/* A YAML file as libyaml's document, within limits. */
#ifndef VERIFY_DATA_YAML_LOAD_H
#define VERIFY_DATA_YAML_LOAD_H

#include <yaml.h>

#include "base/status.h"

/* Loads the first document of a file. STATUS_BAD_INPUT with file, line and reason where it is not
 * YAML, larger than 4 MiB, or of a shape that takes libyaml minutes: nested deeper than 64 levels,
 * more than 1000 anchors, and so on. The caller frees *document with yaml_document_delete() after
 * success. */
enum status yaml_load(const char *file, yaml_document_t *document);

#endif
