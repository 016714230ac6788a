/* The names that a run makes in its output folder. */
#include "output/made.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "output/page_files.h"
#include "output/place.h"
#include "output/report.h"
#include "output/storage.h"

size_t made_files(struct made_file files[MADE_FILES_MOST]) {
    size_t count = 0;
    files[count++] = (struct made_file){REPORT_FILE, NULL};
    for (size_t row = 0; row < stream_count(); row++)
        if (!stream_at(row)->in_work)
            files[count++] = (struct made_file){stream_at(row)->file, stream_at(row)->flag};
    return count;
}

const char *made_folder_name(size_t folder) {
    if (folder < BUCKET_FAILED)
        return bucket_name((enum bucket)folder);
    static const char *const others[] = {
        [MADE_PREDICTED] = PREDICTED_FOLDER, [MADE_LOGS] = LOGS_FOLDER, [MADE_PAGE] = PAGE_FOLDER};
    return others[folder];
}

enum status made_find(int folder, const char *output, struct text *list) {
    struct made_file files[MADE_FILES_MOST];
    size_t n_files = made_files(files);
    for (size_t i = 0; i < n_files + MADE_FOLDERS; i++) {
        const char *name = i < n_files ? files[i].name : made_folder_name(i - n_files);
        struct stat about;
        bool there = fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) == 0;
        if (!there && errno != ENOENT)
            return storage_failed(errno, &(struct location){folder, output, name},
                                  "cannot look at");
        if (there)
            text_format(list, "%s%s", list->length ? ", " : "", name);
    }
    return text_status(list);
}
