/* The file of what the judge says of all images, read part by part. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "output/evidence.h"
#include "output/evidence_form.h"
#include "output/storage.h"
#include "output/work_folder.h"

enum { BUFFER_BYTES = 1 << 20 };

static enum status open_stream(const struct location *location, struct evidence_file *file) {
    struct stat about;
    int opened, error = below_file(location, O_RDONLY, 0, &opened);
    if (error == ENOENT)
        return FAIL(STATUS_BAD_INPUT,
                    "%s: no evidence was kept of this run: it has to be run again, with "
                    "--overwrite",
                    file->output);
    if (error != 0)
        return storage_failed(error, location, "cannot read");
    file->file = fdopen(opened, "rb");
    if (!file->file) {
        enum status status = storage_failed(errno, location, "cannot read");
        close(opened);
        return status;
    }
    if (fstat(opened, &about) != 0)
        return storage_failed(errno, location, "cannot read");
    file->size = (uint64_t)about.st_size;
    setvbuf(file->file, NULL, _IOFBF, BUFFER_BYTES);
    return STATUS_OK;
}

enum status evidence_open(const char *output, uint64_t offset, struct evidence_file *file) {
    enum status status;
    struct work_folder work;
    char head[sizeof EVIDENCE_HEAD] = "";
    *file = (struct evidence_file){.output = output, .offset = strlen(EVIDENCE_HEAD)};
    TRY(work_folder_open(output, false, &work));
    struct location location = work_location(&work, EVIDENCE_FILE);
    if (work.folder < 0) {
        status = FAIL(STATUS_BAD_INPUT, "%s: is no output folder of a run", output);
        goto out;
    }
    TRY(open_stream(&location, file));
    if (fread(head, 1, strlen(EVIDENCE_HEAD), file->file) != strlen(EVIDENCE_HEAD) ||
        strcmp(head, EVIDENCE_HEAD) != 0) {
        status =
            FAIL(STATUS_BAD_INPUT,
                 "%s: its evidence was kept by another version of verify: use that one", output);
        goto out;
    }
    if (offset > file->offset) {
        file->offset = offset;
        if (fseeko(file->file, (off_t)offset, SEEK_SET) != 0)
            status = storage_failed(errno, &location, "cannot read");
    }
out:
    work_folder_close(&work);
    return status;
}

void evidence_close(struct evidence_file *file) {
    if (file->file)
        fclose(file->file);
    free(file->part);
    *file = (struct evidence_file){0};
}

static uint32_t length_of(const unsigned char bytes[EVIDENCE_LENGTH_BYTES]) {
    uint32_t length = 0;
    for (size_t i = 0; i < EVIDENCE_LENGTH_BYTES; i++)
        length |= (uint32_t)bytes[i] << 8 * i;
    return length;
}

enum status evidence_next(struct evidence_file *file, bool *more) {
    enum status status = STATUS_OK;
    unsigned char head[EVIDENCE_LENGTH_BYTES];
    *more = file->offset < file->size;
    if (!*more)
        return STATUS_OK;
    bool whole = fread(head, 1, sizeof head, file->file) == sizeof head;
    uint32_t length = whole ? length_of(head) : 0;
    if (length == 0 || length > EVIDENCE_PART_BYTES || length > file->size - file->offset)
        whole = false;
    if (whole)
        TRY(memory_reserve(&file->part, &file->capacity, length, 1));
    if (!whole || fread(file->part, 1, length, file->file) != length)
        return FAIL(STATUS_FAILED,
                    "%s/" WORK_FOLDER "/" EVIDENCE_FILE " is damaged at byte %llu: run again with "
                    "--overwrite",
                    file->output, (unsigned long long)file->offset);
    file->length = length;
    file->offset += sizeof head + length;
out:
    return status;
}

bool evidence_failed(const struct evidence_file *file) {
    return file->part[0] & KEPT_FAILED;
}
