/* Lines of a part of the manifest. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "review/rejudge/rejudge.h"

enum status manifest_part_open(const char *output, const char *name,
                               const struct rejudge_part parts[2], struct manifest_part *part) {
    enum status status;
    struct work_folder work;
    int file;
    *part = (struct manifest_part){.output = output, .left = parts[1].manifest - parts[0].manifest};
    TRY(work_folder_open(output, false, &work));
    struct location location = work_location(&work, name);
    TRY(below_file_open(&location, O_RDONLY, 0, "cannot read", &file));
    part->file = fdopen(file, "r");
    if (!part->file) {
        status = storage_failed(errno, &location, "cannot read");
        close(file);
    } else if (fseeko(part->file, (off_t)parts[0].manifest, SEEK_SET) != 0) {
        status = storage_failed(errno, &location, "cannot read");
    }
out:
    work_folder_close(&work);
    return status;
}

void manifest_part_close(struct manifest_part *part) {
    if (part->file)
        fclose(part->file);
    free(part->line);
    free(part->written);
    *part = (struct manifest_part){0};
}

enum status manifest_part_next(struct manifest_part *part) {
    enum status status;
    ssize_t length = part->left ? getline(&part->line, &part->capacity, part->file) : 0;
    if (length <= 0 || (uint64_t)length > part->left)
        goto damaged;
    part->length = (size_t)length;
    part->left -= part->length;
    TRY(memory_reserve(&part->written, &part->written_capacity, part->length, 1));
    memcpy(part->written, part->line, part->length);
    if (part->line[length - 1] != '\n')
        goto damaged;
    part->line[length - 1] = '\0';
    if (manifest_read(part->line, &part->entry))
        return STATUS_OK;
damaged:
    status = FAIL(STATUS_FAILED,
                  "%s/" WORK_FOLDER "/" MANIFEST " is damaged: run again with "
                  "--overwrite",
                  part->output);
out:
    return status;
}
