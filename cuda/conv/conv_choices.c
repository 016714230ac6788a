/* The choices of a library: from the file, from another process, and back. */
#include "cuda/conv/conv_choices.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cuda/check.h"
#include "cuda/conv/conv_library.h"

enum status conv_choices_kind(struct text *kind) {
    enum status status = STATUS_OK;
    struct cudaDeviceProp properties;
    int device = 0;
    int driver = 0;
    CUDA_TRY(cudaDriverGetVersion(&driver));
    CUDA_TRY(cudaGetDevice(&device));
    CUDA_TRY(cudaGetDeviceProperties(&properties, device));
    text_format(kind, "%s, %d.%d, %d multiprocessors, cuDNN %zu, CUDA %d, driver's %d",
                properties.name, properties.major, properties.minor, properties.multiProcessorCount,
                cudnnGetVersion(), CUDART_VERSION, driver);
    status = text_status(kind);
out:
    return status;
}

static enum status put(struct conv_cache *to, const struct conv_cache_entry *entry) {
    return conv_cache_put(to, entry->key, entry->choice, entry->plan);
}

enum status conv_choices_take(struct conv_library *library, const char *bytes, size_t length) {
    enum status status;
    struct conv_cache taken = {0};
    char *copy = NULL;
    bool damaged;
    TRY(memory_zeroed(length + 1, 1, &copy));
    memcpy(copy, bytes, length);
    TRY(conv_cache_parse(&taken, copy, length, library->device_text, &damaged));
    for (size_t i = 0; i < taken.n; i++)
        if (!conv_cache_find(&library->choices, taken.entries[i].key))
            TRY(put(&library->choices, &taken.entries[i]));
out:
    conv_cache_free(&taken);
    free(copy);
    return status;
}

enum status conv_choices_give(const struct conv_library *library, struct text *bytes) {
    return conv_cache_text(&library->choices, library->device_text, bytes);
}

void conv_choices_settle(struct conv_library *library) {
    library->settled = true;
}

/* Takes of the file what is wanted and not chosen; *lacks: something is still not. */
static enum status read_file(struct conv_library *library, struct conv_file *file, bool *lacks) {
    enum status status;
    struct conv_cache kept = {0};
    bool damaged;
    TRY(conv_cache_read(&kept, file->path, library->device_text, &damaged));
    *lacks = false;
    file->differs = false;
    for (size_t i = 0; i < library->plans.n; i++) {
        const struct conv_plan *plan = library->plans.items[i];
        const struct conv_cache_entry *ours = conv_cache_find(&library->choices, plan->key.data);
        const struct conv_cache_entry *theirs = conv_cache_find(&kept, plan->key.data);
        if (plan->built)
            continue;
        if (!ours && theirs)
            TRY(put(&library->choices, theirs));
        *lacks = *lacks || (!ours && !theirs);
        file->differs = file->differs || !theirs ||
                        (ours && (strcmp(ours->choice, theirs->choice) != 0 ||
                                  strcmp(ours->plan, theirs->plan) != 0));
    }
    if (damaged && !file->damaged)
        text_format(&library->note, "%s was damaged: convolution plans are chosen anew; ",
                    file->path);
    file->damaged = file->damaged || damaged;
out:
    conv_cache_free(&kept);
    return status;
}

enum status conv_file_open(struct conv_library *library, struct conv_file *file) {
    enum status status = STATUS_OK;
    bool lacks;
    *file = (struct conv_file){.lock = -1};
    if (library->settled)
        return STATUS_OK;
    TRY(conv_cache_path(library->device_text, &file->path));
    if (!file->path)
        return STATUS_OK;
    TRY(read_file(library, file, &lacks));
    if (!lacks)
        return STATUS_OK;
    /* Another process may be choosing: its choices are this one's, too. */
    file->lock = conv_cache_lock(file->path);
    TRY(read_file(library, file, &lacks));
out:
    return status;
}

/* What was chosen for those not built. */
static enum status choose_anew(struct conv_library *library, struct conv_file *file) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < library->plans.n; i++) {
        const struct conv_plan *plan = library->plans.items[i];
        const struct conv_engine *engine = &plan->build->engine;
        /* An engine without a configuration is that of a choice. */
        char *text = plan->built || !engine->config ? NULL : conv_engine_text(engine);
        if (!text)
            continue;
        status =
            conv_cache_put(&library->choices, plan->key.data, conv_way_text(&engine->way), text);
        file->differs = true;
        free(text);
        TRY(status);
    }
out:
    return status;
}

/* Others may have written meanwhile. */
static enum status write_file(struct conv_library *library, struct conv_file *file) {
    enum status status;
    struct conv_cache kept = {0};
    bool damaged;
    if (file->lock < 0)
        file->lock = conv_cache_lock(file->path);
    TRY(conv_cache_read(&kept, file->path, library->device_text, &damaged));
    for (size_t i = 0; i < library->plans.n; i++) {
        const struct conv_cache_entry *choice =
            conv_cache_find(&library->choices, library->plans.items[i]->key.data);
        if (choice)
            TRY(put(&kept, choice));
    }
    /* Only a later start is slower where that fails. */
    if (conv_cache_write(&kept, file->path, library->device_text) != STATUS_OK)
        text_format(&library->note, "convolution plans are not kept for the next start: %s; ",
                    status_message());
    conv_cache_prune(file->path);
out:
    conv_cache_free(&kept);
    return status;
}

enum status conv_file_keep(struct conv_library *library, struct conv_file *file) {
    enum status status = STATUS_OK;
    if (library->settled)
        return STATUS_OK;
    TRY(choose_anew(library, file));
    if (file->path && file->differs)
        TRY(write_file(library, file));
out:
    return status;
}

void conv_file_close(struct conv_file *file) {
    conv_cache_unlock(file->lock);
    free(file->path);
}
