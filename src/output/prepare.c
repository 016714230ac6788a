/* The output folder before a run begins in it. */
#include <unistd.h>

#include "base/text.h"
#include "output/made.h"
#include "output/place.h"
#include "output/report.h"
#include "output/run_file.h"
#include "output/storage.h"

/* Permission bits do not tell all (root on NFS, quotas): make a file. */
static enum status check_writable(int folder, const char *output) {
    struct draft draft;
    enum status status = draft_open(&(struct location){folder, output, REPORT_FILE}, 0600, &draft);
    if (status == STATUS_OK)
        draft_drop(&draft);
    return status;
}

enum status output_prepare(const char *output) {
    enum status status;
    int folder = -1;
    bool owns = false;
    struct text list = {0};
    TRY(make_folders(output));
    TRY(output_folder_open(output, false, &folder));
    TRY(made_find(folder, output, &list));
    if (list.length > 0) {
        TRY(run_file_owns(output, &owns));
        status = owns ? FAIL(STATUS_BAD_INPUT,
                             "the output folder %.1000s holds results already (%s): go on with "
                             "--resume if the run was interrupted, start over with --overwrite, or "
                             "choose another --output",
                             output, list.data)
                      : FAIL(STATUS_BAD_INPUT,
                             "the output folder %.1000s holds %s, and nothing in it tells that a "
                             "run wrote it: choose another --output, or move these away",
                             output, list.data);
        goto out;
    }
    TRY(check_writable(folder, output));
out:
    if (folder >= 0)
        close(folder);
    text_free(&list);
    return status;
}
