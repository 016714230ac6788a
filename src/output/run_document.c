/* WORK_FOLDER/run.json as a JSON object. */
#include "output/run_document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "output/run_file.h"
#include "output/storage.h"

enum { RUN_FILE_BYTES = 1 << 20 };

/* At most RUN_FILE_BYTES of a file, with a NUL behind. *bytes stays NULL where there is no such
 * file. */
static enum status bytes_read(const struct location *location, char **bytes) {
    enum status status;
    int file, error = below_file(location, O_RDONLY, 0, &file);
    *bytes = NULL;
    if (error != 0)
        return error == ENOENT ? STATUS_OK : storage_failed(error, location, "cannot read");
    TRY(memory_zeroed(RUN_FILE_BYTES + 1, 1, bytes));
    if (file_read(file, *bytes, RUN_FILE_BYTES) < 0)
        status = storage_failed(errno, location, "cannot read");
out:
    close(file);
    if (status != STATUS_OK) {
        free(*bytes);
        *bytes = NULL;
    }
    return status;
}

enum status run_document_open(const char *output, bool make, struct run_document *document) {
    enum status status;
    char *bytes = NULL;
    struct work_folder *work = &document->work;
    document->run = NULL;
    document->damaged = false;
    TRY(work_folder_open(output, make, work));
    if (work->folder < 0)
        goto out;
    struct location location = work_location(work, RUN_FILE);
    TRY(bytes_read(&location, &bytes));
    if (!bytes)
        goto out;
    document->run = json_tokener_parse(bytes);
    document->damaged = !json_object_is_type(document->run, json_type_object);
    if (document->damaged) {
        json_object_put(document->run);
        document->run = NULL;
    }
out:
    free(bytes);
    return status;
}

void run_document_close(struct run_document *document) {
    json_object_put(document->run);
    document->run = NULL;
    work_folder_close(&document->work);
}

enum status run_document_write(const struct run_document *document, const char *bytes,
                               size_t length) {
    const struct work_folder *work = &document->work;
    const struct location location = work_location(work, RUN_FILE);
    struct location whole = {work->output, work->output_path, WORK_FOLDER};
    enum status status = file_write(&location, bytes, length, true);
    /* The work folder's own name. */
    if (status == STATUS_OK && fsync(work->output) != 0)
        status = storage_failed(errno, &whole, "cannot make sure of");
    return status;
}
