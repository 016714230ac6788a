/* Recognises the output folder of a run. */
#include "data/output_signs.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static bool is_one_of(const char *name, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* The first BUCKETS are where a run places images. */
static const char *const folders[] = {"correct", "mislabeled", "uncertain", "predicted",
                                      "review",  "export",     "logs"};
enum { BUCKETS = 3 };

void output_signs_note(struct output_signs *signs, const char *name) {
    static const char *const summaries[] = {"verification_report.json",
                                            "verification_records.jsonl"};
    signs->work_folder |= strcmp(name, ".verify") == 0;
    signs->summary |= is_one_of(name, summaries, sizeof summaries / sizeof *summaries);
    signs->bucket |= is_one_of(name, folders, BUCKETS);
}

static bool is_file(int folder, const char *name) {
    struct stat about;
    return fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(about.st_mode);
}

bool output_signs_hold(const struct output_signs *signs, int folder) {
    return (signs->summary && signs->bucket) ||
           (signs->work_folder &&
            (is_file(folder, ".verify/run.json") || is_file(folder, ".verify/manifest")));
}

const char *output_signs_bucket(size_t number) {
    return number < BUCKETS ? folders[number] : NULL;
}

bool output_signs_owns(const char *name) {
    return is_one_of(name, folders, sizeof folders / sizeof *folders);
}
