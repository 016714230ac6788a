/* What was changed in a data set: how far it is, and which came before. */
#include "review/apply/applied.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/fingerprint.h"
#include "base/memory.h"
#include "output/storage.h"

#define STATE_FILE "state"

enum { SMALL_BYTES = 1024 };

static const char *const state_words[APPLIED_STATES] = {[APPLIED_BEGUN] = "",
                                                        [APPLIED_DONE] = "applied",
                                                        [APPLIED_UNDOING] = "undoing",
                                                        [APPLIED_UNDONE] = "undone"};

enum status applied_path(const char *output, uint64_t number, struct text *path) {
    text_clear(path);
    text_format(path, "%s/applied-%" PRIu64, output, number);
    return text_status(path);
}

enum status applied_count(const char *output, uint64_t *count) {
    enum status status = STATUS_OK;
    struct text path = {0};
    *count = 0;
    for (;;) {
        TRY(applied_path(output, *count + 1, &path));
        if (faccessat(AT_FDCWD, path.data, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
            break;
        ++*count;
    }
out:
    text_free(&path);
    return status;
}

/* A small file right in the folder, without the end of its line; "" where there is none. */
static enum status read_small(const struct applied *applied, const char *name,
                              char text[SMALL_BYTES]) {
    struct location location = {applied->folder, applied->path, name};
    int file, error = below_file(&location, O_RDONLY, 0, &file);
    text[0] = '\0';
    if (error == ENOENT)
        return STATUS_OK;
    ssize_t n = error == 0 ? file_read(file, text, SMALL_BYTES - 1) : -1;
    if (error == 0 && n < 0)
        error = errno;
    if (file >= 0)
        close(file);
    if (error != 0)
        return storage_failed(error, &location, "cannot read");
    text[n] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return STATUS_OK;
}

static enum status read_state(struct applied *applied) {
    enum status status;
    char word[SMALL_BYTES];
    int state = 0;
    TRY(read_small(applied, STATE_FILE, word));
    while (state < APPLIED_STATES && strcmp(word, state_words[state]) != 0)
        state++;
    applied->state = (enum applied_state)state;
out:
    return status;
}

static enum status read_request(struct applied *applied, bool *whole) {
    enum status status;
    char line[SMALL_BYTES], *end;
    TRY(read_small(applied, APPLIED_REQUEST, line));
    applied->request = strtoull(line, &end, 16);
    *whole = end == line + FINGERPRINT_DIGITS && *end == ' ';
    applied->refused = *whole ? strtoull(end + 1, &end, 10) : 0;
    status = memory_string(*end ? end + 1 : end, &applied->changes);
out:
    return status;
}

enum status applied_open(const char *output, uint64_t number, struct applied *applied) {
    enum status status;
    struct text path = {0};
    bool whole;
    *applied = (struct applied){.number = number, .folder = -1};
    TRY(applied_path(output, number, &path));
    TRY(memory_string(path.data, &applied->path));
    struct location location = {AT_FDCWD, NULL, applied->path};
    applied->folder = open(applied->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (applied->folder < 0) {
        status = errno == ENOENT ? FAIL(STATUS_BAD_INPUT,
                                        "%s: there is no such folder: nothing was applied "
                                        "in place under that number",
                                        applied->path)
                                 : storage_failed(errno, &location, "cannot open the folder");
        goto out;
    }
    TRY(read_state(applied));
    TRY(read_request(applied, &whole));
    if (!whole || applied->state == APPLIED_STATES)
        status = FAIL(STATUS_BAD_INPUT, "%s: is damaged, or not of this verify", applied->path);
out:
    text_free(&path);
    return status;
}

void applied_close(struct applied *applied) {
    if (applied->folder >= 0)
        close(applied->folder);
    free(applied->path);
    free(applied->changes);
    *applied = (struct applied){.folder = -1};
}

enum status applied_note(struct applied *applied, enum applied_state state) {
    struct location location = {applied->folder, applied->path, STATE_FILE};
    struct text word = {0};
    text_format(&word, "%s\n", state_words[state]);
    enum status status = text_status(&word);
    if (status == STATUS_OK)
        status = file_write(&location, word.data, word.length, true);
    if (status == STATUS_OK)
        applied->state = state;
    text_free(&word);
    return status;
}
