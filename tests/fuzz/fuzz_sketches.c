/* The sketches of a run, whose folder somebody may have changed, and the groups of copies in them.
 * The first byte says how many images there are. */
#include <string.h>
#include <sys/stat.h>

#include "fuzz_file.h"
#include "output/near_groups.h"
#include "output/near_pairs.h"
#include "output/work_folder.h"

static const char *name_of(const void *context, uint32_t image) {
    (void)image;
    return context;
}

static enum status find_groups(const char *output, size_t count) {
    enum status status;
    const struct image_splits splits = {0};
    struct sketches sketches = {0};
    struct near_forest forest = {0};
    struct near_groups groups = {0};
    struct text text = {0};
    TRY(sketches_open(output, count, NULL, NULL, &sketches));
    TRY(near_forest_make(count, &forest));
    for (unsigned table = 0; table < NEAR_TABLES; table++)
        TRY(near_pairs_find(&sketches, table, NULL, NULL, &forest));
    TRY(near_groups_make(&sketches, &splits, NULL, NULL, &forest, &groups));
    if (groups.images > count)
        abort();
    near_groups_json(&groups, &splits, name_of, "a.jpg", &text);
    status = text_status(&text);
out:
    text_free(&text);
    near_groups_free(&groups);
    near_forest_free(&forest);
    sketches_close(&sketches);
    return status;
}

void fuzz_one(const uint8_t *data, size_t size) {
    char output[] = "/tmp/verify-fuzz-XXXXXX", work[64], path[96];
    if (size == 0)
        return;
    if (!mkdtemp(output))
        abort();
    snprintf(work, sizeof work, "%s/" WORK_FOLDER, output);
    snprintf(path, sizeof path, "%s/" SKETCHES_FILE, work);
    FILE *file = mkdir(work, 0777) == 0 ? fopen(path, "wb") : NULL;
    if (!file || fwrite(data + 1, 1, size - 1, file) != size - 1 || fclose(file) != 0)
        abort();
    enum status status = find_groups(output, data[0]);
    if (status != STATUS_OK && (status != STATUS_FAILED || !strstr(status_message(), "damaged")))
        abort();
    remove(path);
    rmdir(work);
    rmdir(output);
}
