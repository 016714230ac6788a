/* Placing images and their label files. */
#include "output/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/label.h"
#include "output/own.h"
#include "output/place_image.h"
#include "output/storage.h"
#include "output/streams.h"

stream_write manifest_stream_write; /* a row of streams.c */

/* A folder of the output tree, held open so that placing a file walks no path above it. */
struct held_folder {
    int folder;
    char *path; /* for messages; owned */
};

struct placer {
    enum place_mode mode;
    struct timespec stamp;
    char *common; /* without a slash at its end; owned */
    size_t common_length;
    struct held_folder output;
    struct held_folder images[BUCKET_FAILED], labels[BUCKET_FAILED];
    atomic_bool fell_back;        /* a hard link was not possible … */
    atomic_bool reported;         /* … which was reported */
    atomic_uint_least64_t shared; /* files of placer_predicted that another image had */
};

/* ---------------------------------------------------------------- opening */

static enum status held_open(const struct held_folder *output, const char *bucket, const char *kind,
                             struct held_folder *held) {
    if (asprintf(&held->path, "%s/%s/%s", output->path, bucket, kind) < 0) {
        held->path = NULL;
        return FAIL(STATUS_FAILED, "out of memory: the name of a folder in %s", output->path);
    }
    struct location location = {output->folder, output->path,
                                held->path + strlen(output->path) + 1};
    int error = below_folder(&location, true, &held->folder);
    return error == 0 ? STATUS_OK : storage_failed(error, &location, "cannot make the folder");
}

static enum status output_open(const char *output, struct held_folder *held) {
    enum status status;
    struct location location = {AT_FDCWD, NULL, output};
    TRY(memory_string(output, &held->path));
    TRY(make_folders(output));
    held->folder = open(output, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (held->folder < 0)
        status = storage_failed(errno, &location, "cannot open the folder");
out:
    return status;
}

static void held_close(struct held_folder *held) {
    if (held->folder >= 0)
        close(held->folder);
    free(held->path);
}

enum status placer_open(const char *output, const char *common, enum place_mode mode,
                        struct placer **out) {
    enum status status;
    struct placer *placer;
    *out = NULL;
    TRY(memory_zeroed(1, sizeof *placer, &placer));
    placer->mode = mode;
    placer->output.folder = -1;
    for (int b = 0; b < BUCKET_FAILED; b++)
        placer->images[b].folder = placer->labels[b].folder = -1;
    TRY(memory_string(common, &placer->common));
    size_t length = strlen(common);
    while (length > 0 && common[length - 1] == '/')
        length--;
    placer->common[length] = '\0';
    placer->common_length = length;
    TRY(output_open(output, &placer->output));
    for (int b = 0; b < BUCKET_FAILED && mode != PLACE_NONE; b++) {
        const char *name = bucket_name((enum bucket)b);
        TRY(held_open(&placer->output, name, IMAGES_FOLDER, &placer->images[b]));
        TRY(held_open(&placer->output, name, LABELS_FOLDER, &placer->labels[b]));
    }
    *out = placer;
out:
    if (status != STATUS_OK)
        placer_close(placer);
    return status;
}

void placer_close(struct placer *placer) {
    if (!placer)
        return;
    held_close(&placer->output);
    for (int b = 0; b < BUCKET_FAILED; b++) {
        held_close(&placer->images[b]);
        held_close(&placer->labels[b]);
    }
    free(placer->common);
    free(placer);
}

bool placer_fell_back(struct placer *placer) {
    return atomic_load(&placer->fell_back) && !atomic_exchange(&placer->reported, true);
}

/* ---------------------------------------------------------------- paths */

static enum status path_below(const struct placer *placer, const char *path, const char **out) {
    size_t n = placer->common_length;
    bool below = strncmp(path, placer->common, n) == 0 && path[n] == '/' && path[n + 1] != '\0';
    *out = below ? path + n + 1 : path;
    return below ? STATUS_OK
                 : FAIL(STATUS_FAILED, "%.1000s does not lie below %.600s/", path, placer->common);
}

enum status label_name(const char *path, char out[PATH_MAX]) {
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash ? slash : path, '.');
    size_t stem = dot ? (size_t)(dot - path) : strlen(path);
    if (stem + sizeof ".txt" > PATH_MAX)
        return FAIL(STATUS_FAILED, "%.1000s...: the path is too long for a label file", path);
    snprintf(out, PATH_MAX, "%.*s.txt", (int)stem, path);
    return STATUS_OK;
}

/* ---------------------------------------------------------------- labels */

/* Writes a file that is in memory, with the permissions and the time of change of `about`. It is
 * there to be corrected, so its owner may write to it. A new name is written to directly: renaming
 * would cost as much again, and an image counts as placed only once the journal has it. Returns 0
 * or an errno value. */
static int label_create(const struct dir_entry *at, const char *bytes, size_t length,
                        const struct stat *about) {
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int file = openat(at->folder, at->name, flags, OWN_UNFINISHED);
    if (file < 0)
        return errno;
    int error = write_all(file, bytes, length);
    set_about(file, about, S_IWUSR);
    /* Network file systems may report a full disk or quota only here. */
    if (close(file) != 0 && error == 0)
        error = errno;
    if (error != 0)
        unlinkat(at->folder, at->name, 0);
    return error;
}

static enum status label_replace(const struct location *location, const char *bytes, size_t length,
                                 const struct stat *about) {
    enum status status;
    struct draft draft;
    TRY(draft_open(location, 0600, &draft));
    TRY(draft_write(&draft, bytes, length));
    set_about(draft.file, about, S_IWUSR);
    status = draft_commit(&draft);
out:
    return status;
}

static enum status label_place(const struct location *location, const char *bytes, size_t length,
                               const struct stat *about) {
    struct dir_entry at;
    int error = dir_entry_open(location, true, &at);
    bool replace = false;
    if (error == 0) {
        error = label_create(&at, bytes, length, about);
        replace = error == EEXIST && own_replaceable(&at, bytes, length, &about->st_mtim);
        dir_entry_close(&at);
    }
    if (error == 0)
        return STATUS_OK;
    return in_a_run(replace ? label_replace(location, bytes, length, about)
                            : storage_failed(error, location, "cannot write"));
}

/* ---------------------------------------------------------------- placing */

static enum status place_link(struct placer *placer, const char *image,
                              const struct location *location) {
    bool wanted = placer->mode == PLACE_HARDLINK, hard = wanted;
    enum status status = image_link(image, location, &hard);
    if (wanted && !hard)
        atomic_store(&placer->fell_back, true);
    return status;
}

enum status placer_place_read(struct placer *placer, enum bucket bucket, const char *image_path,
                              const struct file_bytes *label) {
    enum status status;
    const char *path;
    char name[PATH_MAX];
    if (placer->mode == PLACE_NONE || bucket >= BUCKET_FAILED)
        return STATUS_OK;
    TRY(path_below(placer, image_path, &path));
    TRY(label_name(path, name));
    const struct held_folder *images = &placer->images[bucket], *labels = &placer->labels[bucket];
    struct location location = {images->folder, images->path, path};
    if (placer->mode == PLACE_COPY)
        TRY(image_copy(image_path, &location));
    else
        TRY(place_link(placer, image_path, &location));
    /* After the image, which placer_clear goes by. */
    if (label && label->bytes)
        TRY(label_place(&(struct location){labels->folder, labels->path, name}, label->bytes,
                        label->length, &label->about));
out:
    return status;
}

enum status placer_announce(const struct placer *placer, enum bucket bucket, const char *image_path,
                            const struct file_bytes *label, const struct text *predicted,
                            struct text *line) {
    enum status status;
    struct manifest_entry entry = {.bucket = bucket};
    TRY(path_below(placer, image_path, &entry.path));
    if (placer->mode != PLACE_NONE) {
        struct stat about;
        entry.image = placer->mode == PLACE_COPY ? MANIFEST_COPY : MANIFEST_LINK;
        if (stat(image_path, &about) == 0) {
            entry.image_size = (uint64_t)about.st_size;
            entry.image_time = about.st_mtim;
        }
        if (label && label->bytes)
            entry.label = manifest_file_of(label->bytes, label->length);
    }
    if (predicted)
        entry.predicted = manifest_file_of(predicted->data, predicted->length);
    if (entry.image != MANIFEST_NO_IMAGE || entry.predicted.there)
        manifest_write(&entry, line);
    status = text_status(line);
out:
    return status;
}

enum status manifest_stream_write(const struct stream_source *source, struct text *text) {
    if (!source->placer || source->result->bucket == BUCKET_FAILED)
        return STATUS_OK;
    return placer_announce(source->placer, source->result->bucket, source->path, source->label,
                           source->predicted, text);
}

/* A file of the size of the original, or a link to it. */
static bool is_whole(const struct location *location, const char *original) {
    struct stat here, there;
    struct dir_entry at;
    if (dir_entry_open(location, false, &at) != 0)
        return false;
    bool found = fstatat(at.folder, at.name, &here, 0) == 0;
    dir_entry_close(&at);
    return found && stat(original, &there) == 0 && here.st_size == there.st_size;
}

bool placer_placed(const struct placer *placer, enum bucket bucket, const char *image_path,
                   const char *label_path) {
    const char *path;
    char name[PATH_MAX];
    if (placer->mode == PLACE_NONE || bucket >= BUCKET_FAILED)
        return true;
    if (path_below(placer, image_path, &path) != STATUS_OK)
        return false;
    const struct held_folder *images = &placer->images[bucket], *labels = &placer->labels[bucket];
    if (!is_whole(&(struct location){images->folder, images->path, path}, image_path))
        return false;
    if (!label_path || access(label_path, R_OK) != 0)
        return true;
    return label_name(path, name) == STATUS_OK &&
           is_whole(&(struct location){labels->folder, labels->path, name}, label_path);
}

static enum status remove_there(const struct location *location, const struct dir_entry *at) {
    return unlinkat(at->folder, at->name, 0) == 0 || errno == ENOENT
               ? STATUS_OK
               : storage_failed(errno, location, "cannot remove");
}

/* Takes one image, and its label file, out of one bucket. Another image, of another suffix, may
 * have a label file of that name, and somebody may have put files of these names there. The image
 * goes last: it tells whoever does this again that its label may still be there. */
static enum status clear_bucket(struct placer *placer, int bucket, const char *image_path,
                                const char *path, const struct file_bytes *label) {
    enum status status = STATUS_OK;
    char name[PATH_MAX];
    const struct held_folder *images = &placer->images[bucket], *labels = &placer->labels[bucket];
    struct location image = {images->folder, images->path, path};
    struct location text = {labels->folder, labels->path, name};
    struct dir_entry image_at, label_at;
    if (dir_entry_open(&image, false, &image_at) != 0)
        return STATUS_OK;
    if (!own_link_or_copy(&image_at, image_path))
        goto out;
    TRY(label_name(path, name));
    if (dir_entry_open(&text, false, &label_at) == 0) {
        if (label && label->bytes && own_bytes(&label_at, label->bytes, label->length))
            status = remove_there(&text, &label_at);
        dir_entry_close(&label_at);
    }
    if (status == STATUS_OK)
        status = remove_there(&image, &image_at);
out:
    dir_entry_close(&image_at);
    return status;
}

enum status placer_clear(struct placer *placer, enum bucket bucket, const char *image_path,
                         const struct file_bytes *label) {
    enum status status = STATUS_OK;
    const char *path;
    if (placer->mode == PLACE_NONE)
        return STATUS_OK;
    TRY(path_below(placer, image_path, &path));
    for (int b = 0; b < BUCKET_FAILED; b++)
        if (b != (int)bucket)
            TRY(clear_bucket(placer, b, image_path, path, label));
out:
    return status == STATUS_OK ? STATUS_OK : STATUS_FAILED;
}

enum status placer_predicted(struct placer *placer, const char *image_path, const char *text,
                             size_t length) {
    enum status status;
    const char *path;
    char name[PATH_MAX], below[sizeof PREDICTED_FOLDER + PATH_MAX];
    struct draft draft;
    struct dir_entry at;
    TRY(path_below(placer, image_path, &path));
    TRY(label_name(path, name));
    snprintf(below, sizeof below, PREDICTED_FOLDER "/%s", name);
    struct location location = {placer->output.folder, placer->output.path, below};
    int error = dir_entry_open(&location, true, &at);
    if (error == 0) {
        bool taken = faccessat(at.folder, at.name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
        if (taken && !own_bytes(&at, text, length))
            atomic_fetch_add(&placer->shared, 1);
        error = own_replaceable(&at, text, length, &placer->stamp) ? 0 : EEXIST;
        dir_entry_close(&at);
    }
    if (error != 0) {
        status = storage_failed(error, &location, "cannot write");
        goto out;
    }
    TRY(draft_open(&location, 0666, &draft));
    TRY(draft_write(&draft, text, length));
    futimens(draft.file, (struct timespec[]){placer->stamp, placer->stamp});
    status = draft_commit(&draft);
out:
    return status == STATUS_OK ? STATUS_OK : STATUS_FAILED;
}

uint64_t placer_shared(const struct placer *placer) {
    return atomic_load(&placer->shared);
}

void placer_stamp(struct placer *placer, const struct timespec *stamp) {
    placer->stamp = *stamp;
}
