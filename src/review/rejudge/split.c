/* Dividing the images of a run among ranks. */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fingerprint.h"
#include "base/memory.h"
#include "output/evidence.h"
#include "output/place.h"
#include "review/rejudge/rejudge.h"

uint64_t shared_name(const struct manifest_entry *entry) {
    const char *slash = strrchr(entry->path, '/');
    const char *dot = strrchr(slash ? slash : entry->path, '.');
    size_t length = dot ? (size_t)(dot - entry->path) : strlen(entry->path);
    return fingerprint_bytes(FINGERPRINT_START, entry->path, length);
}

static int compare(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

bool is_shared(const struct rejudge *rejudge, uint64_t name) {
    return rejudge->n_shared && bsearch(&name, rejudge->shared, rejudge->n_shared,
                                        sizeof *rejudge->shared, compare) != NULL;
}

/* Where the parts begin in the evidence. */
static enum status split_evidence(const char *output, size_t n, struct rejudge_part *parts) {
    enum status status;
    struct evidence_file file;
    struct rejudge_part at = {0};
    size_t next = 0;
    TRY(evidence_open(output, 0, &file));
    uint64_t first = file.offset, size = file.size - first;
    for (bool more = true; more;) {
        at.evidence = file.offset;
        while (next < n && at.evidence - first >= size / n * next)
            parts[next++] = at;
        TRY(evidence_next(&file, &more));
        at.image += more;
        at.placed += more && !evidence_failed(&file);
    }
    while (next <= n)
        parts[next++] = at;
out:
    evidence_close(&file);
    return status;
}

/* What goes through the manifest. */
struct walk {
    size_t n, next;
    struct rejudge_part *parts;
    uint64_t lines;
    size_t n_names, capacity;
    uint64_t *names; /* of label files */
};

static enum status walk_line(void *context, uint64_t offset, const struct manifest_entry *entry) {
    struct walk *walk = context;
    for (; walk->next <= walk->n && walk->parts[walk->next].placed == walk->lines; walk->next++)
        walk->parts[walk->next].manifest = offset;
    walk->lines++;
    if (!entry->label.there)
        return STATUS_OK;
    enum status status =
        memory_reserve(&walk->names, &walk->capacity, walk->n_names + 1, sizeof *walk->names);
    if (status == STATUS_OK)
        walk->names[walk->n_names++] = shared_name(entry);
    return status;
}

/* Leaves of the names, which it sorts, those that come several times, each once. */
static void keep_shared(struct walk *walk) {
    size_t kept = 0;
    if (walk->n_names)
        qsort(walk->names, walk->n_names, sizeof *walk->names, compare);
    for (size_t i = 1; i < walk->n_names; i++)
        if (walk->names[i] == walk->names[i - 1] &&
            !(kept && walk->names[kept - 1] == walk->names[i]))
            walk->names[kept++] = walk->names[i];
    walk->n_names = kept;
}

static enum status split_manifest(const char *output, struct walk *walk) {
    enum status status;
    struct work_folder work;
    struct stat about = {0};
    TRY(work_folder_open(output, false, &work));
    struct location location = work_location(&work, MANIFEST);
    TRY(manifest_lines(&location, walk_line, walk));
    fstatat(work.folder, MANIFEST, &about, AT_SYMLINK_NOFOLLOW);
    for (; walk->next <= walk->n && walk->parts[walk->next].placed == walk->lines; walk->next++)
        walk->parts[walk->next].manifest = (uint64_t)about.st_size;
    if (walk->lines != walk->parts[walk->n].placed)
        status = FAIL(STATUS_FAILED,
                      "%s/" WORK_FOLDER "/" MANIFEST " has %llu files, and %llu images were read: "
                      "run again with --overwrite",
                      output, (unsigned long long)walk->lines,
                      (unsigned long long)walk->parts[walk->n].placed);
    keep_shared(walk);
out:
    work_folder_close(&work);
    return status;
}

enum status rejudge_split(const char *output, bool has_manifest, size_t n,
                          struct rejudge_part *parts, uint64_t **shared, size_t *n_shared) {
    enum status status;
    struct walk walk = {.n = n, .parts = parts};
    *shared = NULL;
    *n_shared = 0;
    TRY(split_evidence(output, n, parts));
    if (has_manifest)
        TRY(split_manifest(output, &walk));
    *shared = walk.names;
    *n_shared = walk.n_names;
    walk.names = NULL;
out:
    free(walk.names);
    return status;
}
