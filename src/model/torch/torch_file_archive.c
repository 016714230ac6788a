/* The layout since PyTorch 1.6: a zip archive of one folder, in it data.pkl and data/KEY for each
 * storage, all stored as they are. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "base/memory.h"
#include "model/torch/torch_file_inside.h"

enum { CHUNK = 64 << 10, MOST_ENTRIES = 1 << 20 };

/* libzip reads through these, so that it opens nothing itself, and so that we see where in the file
 * the bytes of an entry are. */
struct torch_archive {
    const struct torch_file *file;
    uint64_t position;  /* where the next read begins */
    uint64_t last_read; /* where the last one began */
    zip_error_t error;
    zip_t *zip;
};

static zip_int64_t source_read(struct torch_archive *archive, void *bytes, zip_uint64_t length) {
    const struct torch_file *file = archive->file;
    if (length > file->size - archive->position)
        length = file->size - archive->position;
    archive->last_read = archive->position;
    if (torch_file_bytes(file, archive->position, (size_t)length, bytes) != STATUS_OK) {
        zip_error_set(&archive->error, ZIP_ER_READ, 0);
        return -1;
    }
    archive->position += length;
    return (zip_int64_t)length;
}

static zip_int64_t source_seek(struct torch_archive *archive, void *data, zip_uint64_t length) {
    const zip_int64_t position = zip_source_seek_compute_offset(
        archive->position, archive->file->size, data, length, &archive->error);
    if (position < 0)
        return -1;
    archive->position = (uint64_t)position;
    return 0;
}

static zip_int64_t source_stat(const struct torch_archive *archive, void *data) {
    zip_stat_t about;
    zip_stat_init(&about);
    about.size = archive->file->size;
    about.valid = ZIP_STAT_SIZE;
    memcpy(data, &about, sizeof about);
    return sizeof about;
}

static zip_int64_t source(void *state, void *data, zip_uint64_t length, zip_source_cmd_t command) {
    struct torch_archive *archive = state;
    switch ((int)command) {
    case ZIP_SOURCE_OPEN:
        archive->position = 0;
        return 0;
    case ZIP_SOURCE_READ:
        return source_read(archive, data, length);
    case ZIP_SOURCE_SEEK:
        return source_seek(archive, data, length);
    case ZIP_SOURCE_TELL:
        return (zip_int64_t)archive->position;
    case ZIP_SOURCE_STAT:
        return length < sizeof(zip_stat_t) ? -1 : source_stat(archive, data);
    case ZIP_SOURCE_ERROR:
        return zip_error_to_data(&archive->error, data, length);
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_FREE:
        return 0;
    case ZIP_SOURCE_SUPPORTS:
        return ZIP_SOURCE_SUPPORTS_SEEKABLE;
    default:
        zip_error_set(&archive->error, ZIP_ER_OPNOTSUPP, 0);
        return -1;
    }
}

static enum status archive_open(struct torch_file *file) {
    enum status status;
    struct torch_archive *archive;
    zip_error_t error;
    zip_source_t *reader = NULL;
    zip_error_init(&error);
    TRY(memory_zeroed(1, sizeof *archive, &file->archive));
    archive = file->archive;
    archive->file = file;
    zip_error_init(&archive->error);
    reader = zip_source_function_create(source, archive, &error);
    if (reader != NULL)
        archive->zip = zip_open_from_source(reader, ZIP_RDONLY | ZIP_CHECKCONS, &error);
    if (archive->zip != NULL)
        reader = NULL; /* the archive's now */
    else if (zip_error_code_zip(&error) == ZIP_ER_NOZIP)
        status = FAIL(STATUS_BAD_INPUT, "the end of its zip archive is missing: was it copied or "
                                        "downloaded completely?");
    else if (zip_error_code_zip(&error) == ZIP_ER_EXISTS)
        status = FAIL(STATUS_BAD_INPUT, "an entry is twice in its zip archive");
    else
        status =
            FAIL(STATUS_BAD_INPUT, "its zip archive is damaged: %s", zip_error_strerror(&error));
out:
    zip_source_free(reader);
    zip_error_fini(&error);
    return status;
}

void torch_archive_close(struct torch_archive *archive) {
    if (archive == NULL)
        return;
    if (archive->zip != NULL)
        zip_discard(archive->zip);
    zip_error_fini(&archive->error);
    free(archive);
}

/* Reads an entry to its end, where libzip compares the checksum: `count` bytes into `bytes`, or
 * nowhere where that is NULL. */
static enum status entry_read(struct torch_archive *archive, size_t entry, uint64_t count,
                              char *bytes) {
    enum status status = STATUS_OK;
    char chunk[CHUNK];
    uint64_t done = 0;
    zip_int64_t n = 1;
    zip_file_t *stream = zip_fopen_index(archive->zip, entry, 0);
    while (stream != NULL && n > 0) {
        const bool keep = bytes != NULL && done < count;
        n = keep ? zip_fread(stream, bytes + done, count - done)
                 : zip_fread(stream, chunk, sizeof chunk);
        done += n > 0 ? (uint64_t)n : 0;
    }
    if (stream == NULL)
        status = FAIL(STATUS_BAD_INPUT, "entry %zu of its archive cannot be read: %s", entry,
                      zip_strerror(archive->zip));
    else if (n < 0 || done != count)
        status = FAIL(STATUS_BAD_INPUT, "entry %zu of its archive is damaged: %s", entry,
                      zip_file_strerror(stream));
    if (stream != NULL)
        zip_fclose(stream);
    return status;
}

/* Where an entry's bytes begin: where libzip reads the first. */
static enum status entry_locate(struct torch_archive *archive, struct torch_storage *entry) {
    char first;
    zip_file_t *stream = NULL;
    if (entry->bytes == 0)
        return STATUS_OK;
    stream = zip_fopen_index(archive->zip, entry->entry, 0);
    const bool read = stream != NULL && zip_fread(stream, &first, 1) == 1;
    if (stream != NULL)
        zip_fclose(stream);
    if (!read)
        return FAIL(STATUS_BAD_INPUT, "entry %zu of its archive cannot be read", entry->entry);
    entry->offset = archive->last_read;
    return STATUS_OK;
}

static enum status entry_name(struct torch_archive *archive, size_t index,
                              struct torch_storage *entry) {
    entry->key = zip_get_name(archive->zip, index, ZIP_FL_ENC_RAW);
    if (entry->key == NULL)
        return FAIL(STATUS_BAD_INPUT, "entry %zu of its archive cannot be read", index);
    for (const char *c = entry->key; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            return FAIL(STATUS_BAD_INPUT, "entry %zu of its archive has no sane name", index);
    return STATUS_OK;
}

static enum status entry_describe(struct torch_archive *archive, size_t index,
                                  struct torch_storage *entry) {
    enum status status = STATUS_OK;
    const zip_uint64_t needed =
        ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    zip_stat_t about;
    if (zip_stat_index(archive->zip, index, ZIP_FL_ENC_RAW, &about) != 0 ||
        (about.valid & needed) != needed)
        return FAIL(STATUS_BAD_INPUT, "entry %zu of its archive cannot be read", index);
    if (about.encryption_method != ZIP_EM_NONE)
        return FAIL(STATUS_BAD_INPUT, "entry '%.100s' of its archive is encrypted", about.name);
    if (about.comp_method != ZIP_CM_STORE)
        return FAIL(STATUS_BAD_INPUT,
                    "entry '%.100s' of its archive is compressed, as PyTorch does not write it: "
                    "give the file as training saved it",
                    about.name);
    *entry = (struct torch_storage){.key = about.name, .bytes = about.size, .entry = index};
    TRY(entry_locate(archive, entry));
    if (entry->bytes > archive->file->size - entry->offset)
        status = FAIL(STATUS_BAD_INPUT, "entry '%.100s' of its archive is larger than the file",
                      about.name);
out:
    return status;
}

static int compare_offsets(const void *a, const void *b) {
    const struct torch_storage *left = a, *right = b;
    return (left->offset > right->offset) - (left->offset < right->offset);
}

/* Each byte of the file belongs to one entry at most. (libzip has seen that each name is there
 * once.) */
static enum status entries_check(struct torch_storage *entries, size_t count) {
    uint64_t end = 0;
    qsort(entries, count, sizeof *entries, compare_offsets);
    for (size_t i = 0; i < count; i++) {
        if (entries[i].bytes == 0)
            continue;
        if (entries[i].offset < end)
            return FAIL(STATUS_BAD_INPUT, "entry '%.100s' of its archive overlaps with another",
                        entries[i].key);
        end = entries[i].offset + entries[i].bytes;
    }
    return STATUS_OK;
}

/* `folder`/`name`, NULL where there is none. */
static struct torch_storage *entry_find(const struct torch_file *file, const char *folder,
                                        size_t length, const char *name) {
    for (size_t i = 0; i < file->n_storages; i++) {
        const char *key = file->storages[i].key;
        if (strncmp(key, folder, length) == 0 && key[length] == '/' &&
            strcmp(key + length + 1, name) == 0)
            return &file->storages[i];
    }
    return NULL;
}

/* The folder is that of the one data.pkl directly in a folder. */
static enum status folder_find(const struct torch_file *file, const char **folder, size_t *length) {
    *folder = NULL;
    for (size_t i = 0; i < file->n_storages; i++) {
        const char *key = file->storages[i].key, *slash = strchr(key, '/');
        if (slash == NULL || strcmp(slash, "/data.pkl") != 0)
            continue;
        if (*folder != NULL)
            return FAIL(STATUS_BAD_INPUT, "its archive has more than one data.pkl");
        *folder = key;
        *length = (size_t)(slash - key);
    }
    if (*folder == NULL)
        return FAIL(STATUS_BAD_INPUT,
                    "is a zip archive without data.pkl, so no PyTorch model: if a "
                    "model is in it, unpack it and give that");
    return STATUS_OK;
}

/* What `yolo export format=torchscript` writes has its code, compressed, beside the tensors. */
static enum status refuse_code(const struct torch_file *file, const char *folder, size_t length) {
    const char inside[] = "/code/";
    for (size_t i = 0; i < file->n_storages; i++) {
        const char *key = file->storages[i].key;
        if (strncmp(key, folder, length) != 0)
            continue;
        if (strcmp(key + length, "/constants.pkl") == 0 ||
            strncmp(key + length, inside, strlen(inside)) == 0)
            return FAIL(STATUS_BAD_INPUT,
                        "is a TorchScript model, which holds code: give the .pt file that it was "
                        "made from (best.pt), or its ONNX export");
    }
    return STATUS_OK;
}

static enum status order_check(struct torch_file *file, const char *folder, size_t length) {
    enum status status = STATUS_OK;
    char text[8] = "";
    const struct torch_storage *entry = entry_find(file, folder, length, "byteorder");
    if (entry == NULL)
        return STATUS_OK;
    if (entry->bytes >= sizeof text) {
        status = FAIL(STATUS_BAD_INPUT, "its byte order is not known");
        goto out;
    }
    TRY(entry_read(file->archive, entry->entry, entry->bytes, text));
    if (strcmp(text, "little") != 0)
        status = FAIL(STATUS_BAD_INPUT, "its byte order is '%s'; only 'little' can be read",
                      strcmp(text, "big") == 0 ? text : "?");
out:
    return status;
}

static enum status pickle_load(struct torch_file *file, const struct torch_storage *entry) {
    enum status status;
    char *bytes = NULL;
    TRY(memory_zeroed((size_t)entry->bytes, 1, &bytes));
    TRY(entry_read(file->archive, entry->entry, entry->bytes, bytes));
    TRY(pickle_read(bytes, (size_t)entry->bytes, &file->pickle));
out:
    free(bytes);
    return status;
}

/* Leaves of the entries the storages, under their keys. */
static void keep_storages(struct torch_file *file, const char *folder, size_t length) {
    const char inside[] = "/data/";
    size_t kept = 0;
    for (size_t i = 0; i < file->n_storages; i++) {
        struct torch_storage storage = file->storages[i];
        if (strncmp(storage.key, folder, length) != 0 ||
            strncmp(storage.key + length, inside, strlen(inside)) != 0)
            continue;
        storage.key += length + strlen(inside);
        file->storages[kept++] = storage;
    }
    file->n_storages = kept;
}

enum status torch_archive_read(struct torch_file *file) {
    enum status status;
    const char *folder;
    size_t length = 0;
    TRY(archive_open(file));
    const zip_int64_t count = zip_get_num_entries(file->archive->zip, 0);
    if (count < 0 || count > MOST_ENTRIES) {
        status = FAIL(STATUS_BAD_INPUT, "its archive has %" PRId64 " entries", (int64_t)count);
        goto out;
    }
    TRY(memory_zeroed((size_t)count, sizeof *file->storages, &file->storages));
    file->n_storages = (size_t)count;
    /* What kind of archive it is comes first: others have entries that PyTorch never writes. */
    for (size_t i = 0; i < file->n_storages; i++)
        TRY(entry_name(file->archive, i, &file->storages[i]));
    TRY(folder_find(file, &folder, &length));
    TRY(refuse_code(file, folder, length));
    for (size_t i = 0; i < file->n_storages; i++)
        TRY(entry_describe(file->archive, i, &file->storages[i]));
    TRY(entries_check(file->storages, file->n_storages));
    TRY(order_check(file, folder, length));
    TRY(pickle_load(file, entry_find(file, folder, length, "data.pkl")));
    keep_storages(file, folder, length);
out:
    return status;
}

enum status torch_archive_check(struct torch_file *file, struct torch_storage *storage) {
    enum status status = STATUS_OK;
    if (!storage->checked && file->archive != NULL)
        status = entry_read(file->archive, storage->entry, storage->bytes, NULL);
    storage->checked = status == STATUS_OK;
    return status;
}
