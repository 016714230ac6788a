/* Files that cannot be read, told apart from a file system that is away. */
#include "job/outage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/shown.h"
#include "base/text.h"

/* A file that was read, a regular one, and the file system of its folder. The first of a folder
 * stays: finding out about each of a million files would cost as many calls. */
struct witness {
    struct text path; /* empty: none was read yet */
    dev_t device;
};

struct seen {
    struct witness witness;
    unsigned hard, soft; /* errors since a file was read */
};

struct outage {
    pthread_mutex_t mutex;
    char *folder; /* NULL: none */
    bool was_there;
    dev_t device;
    struct seen seen[OUTAGE_FILES];
};

bool outage_is_hard(int error) {
    switch (error) {
    case EIO:
    case ENODEV:
    case ENXIO:
    case ETIMEDOUT:
    case ENOTCONN:
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETDOWN:
    case ENETUNREACH:
    case ENETRESET:
    case ESHUTDOWN:
    case ECOMM:
    case ENOLINK:
    case EPROTO:
    case EREMOTEIO:
    case EREMCHG:
    case ESTALE:
    case EKEYEXPIRED:
    case EKEYREVOKED:
    case EKEYREJECTED:
    case ENOKEY:
    case EUCLEAN:
    case EBADMSG:
        return true;
    default:
        return false;
    }
}

static size_t folder_length(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* The file system of the folder that a file is in. */
static bool folder_device(const char *path, dev_t *device) {
    struct stat about;
    struct text folder = {0};
    text_bytes(&folder, path, folder_length(path));
    text_string(&folder, ".");
    bool found = text_status(&folder) == STATUS_OK && stat(folder.data, &about) == 0;
    text_free(&folder);
    if (found)
        *device = about.st_dev;
    return found;
}

/* A file that was removed by itself leaves its folder behind, on the file system where it was. */
static bool witness_is_away(const char *path, dev_t device) {
    dev_t now;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (descriptor >= 0) {
        close(descriptor);
        return false;
    }
    if (errno == ENOENT)
        return !folder_device(path, &now) || now != device;
    return errno != EMFILE && errno != ENFILE && errno != ENOMEM;
}

/* An empty folder above images that are known is a place where nothing is mounted. */
static bool folder_is_away(const struct outage *outage) {
    struct stat about;
    if (!outage->folder)
        return false;
    if (stat(outage->folder, &about) != 0 || (outage->was_there && about.st_dev != outage->device))
        return true;
    DIR *stream = opendir(outage->folder);
    if (!stream)
        return errno == ENOENT || outage_is_hard(errno);
    bool empty = true;
    for (struct dirent *entry; empty && (entry = readdir(stream)) != NULL;)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(stream);
    return empty;
}

enum status outage_make(const char *folder, struct outage **out) {
    struct outage *outage;
    struct stat about;
    enum status status = memory_zeroed(1, sizeof *outage, &outage);
    *out = outage;
    if (status != STATUS_OK)
        return status;
    pthread_mutex_init(&outage->mutex, NULL);
    if (folder)
        status = memory_string(folder, &outage->folder);
    outage->was_there = status == STATUS_OK && folder && stat(folder, &about) == 0;
    if (outage->was_there)
        outage->device = about.st_dev;
    if (status != STATUS_OK) {
        outage_free(outage);
        *out = NULL;
    }
    return status;
}

void outage_free(struct outage *outage) {
    if (!outage)
        return;
    for (size_t i = 0; i < OUTAGE_FILES; i++)
        text_free(&outage->seen[i].witness.path);
    free(outage->folder);
    pthread_mutex_destroy(&outage->mutex);
    free(outage);
}

void outage_read(struct outage *outage, enum outage_files files, const char *path) {
    if (!outage)
        return;
    struct seen *seen = &outage->seen[files];
    struct witness *witness = &seen->witness;
    size_t length = folder_length(path);
    struct stat about;
    dev_t device;
    pthread_mutex_lock(&outage->mutex);
    seen->hard = seen->soft = 0;
    bool same = witness->path.length && folder_length(witness->path.data) == length &&
                memcmp(witness->path.data, path, length) == 0;
    pthread_mutex_unlock(&outage->mutex);
    if (same || stat(path, &about) != 0 || !S_ISREG(about.st_mode) || !folder_device(path, &device))
        return;
    pthread_mutex_lock(&outage->mutex);
    text_clear(&witness->path);
    text_string(&witness->path, path);
    witness->device = device;
    pthread_mutex_unlock(&outage->mutex);
}

/* Says what became of the error's file and why that is not its own affair. */
static enum status is_away(const char *path, int error, const char *why, const char *which,
                           const char *or_else) {
    return FAIL(STATUS_FAILED,
                "%s: cannot be read: %s; %s%s: the file system seems to be away. What is done is "
                "kept; once it is back, --resume goes on%s",
                short_path(path).text, strerror(error), why, short_path(which).text, or_else);
}

/* Whether what was there before still is. */
static enum status check_witness(struct outage *outage, enum outage_files files, const char *path,
                                 int error) {
    struct witness *witness = &outage->seen[files].witness;
    enum status status = STATUS_OK;
    struct text before = {0};
    /* A copy, so that a file system that hangs holds up who asks and nobody else. */
    pthread_mutex_lock(&outage->mutex);
    if (witness->path.length)
        text_string(&before, witness->path.data);
    dev_t device = witness->device;
    status = status_worse(text_status(&witness->path), text_status(&before));
    pthread_mutex_unlock(&outage->mutex);
    if (status == STATUS_OK && before.length && witness_is_away(before.data, device))
        status =
            is_away(path, error, "nor can any more what was read before it, ", before.data, "");
    else if (status == STATUS_OK && !before.length && files == OUTAGE_IMAGES &&
             folder_is_away(outage))
        status = is_away(path, error, "the data set's folder is not there, empty or another one: ",
                         outage->folder, "");
    text_free(&before);
    return status;
}

enum status outage_error(struct outage *outage, enum outage_files files, const char *path,
                         int error) {
    if (!outage)
        return STATUS_OK;
    struct seen *seen = &outage->seen[files];
    bool background = files == OUTAGE_LABELS && error == ENOENT;
    pthread_mutex_lock(&outage->mutex);
    unsigned hard = outage_is_hard(error) ? ++seen->hard : 0;
    unsigned soft = hard || background ? 0 : ++seen->soft;
    pthread_mutex_unlock(&outage->mutex);
    if (hard >= OUTAGE_MOST)
        return is_away(path, error, "as it was with others before it, and none between was read",
                       "", "; where these files alone are damaged, leave them out of the list");
    /* Looked at every so often, so that a list of a million files that do not exist costs little.
     */
    if (background || (soft && soft % OUTAGE_MOST == 0))
        return check_witness(outage, files, path, error);
    return STATUS_OK;
}
