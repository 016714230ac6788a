/* WORK_FOLDER/run.json as a JSON object. Internal to src/output. */
#ifndef VERIFY_OUTPUT_RUN_DOCUMENT_H
#define VERIFY_OUTPUT_RUN_DOCUMENT_H

#include "output/json_member.h"
#include "output/work_folder.h"

struct run_document {
    struct work_folder work;
    struct json_object *run; /* owned; NULL: there is none, or it is damaged */
    bool damaged;
};

/* Opens the work folder, which `make` makes where it is absent, and reads what it has. On failure,
 * too, run_document_close must be called. */
enum status run_document_open(const char *output, bool make, struct run_document *document);
void run_document_close(struct run_document *document);

/* Replaces the file; it is on the disk when this returns. */
enum status run_document_write(const struct run_document *document, const char *bytes,
                               size_t length);

#endif
