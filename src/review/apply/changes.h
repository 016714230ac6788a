/* Decisions carried out, one label file after the other, for whoever writes the new files. */
#ifndef VERIFY_REVIEW_APPLY_CHANGES_H
#define VERIFY_REVIEW_APPLY_CHANGES_H

#include "data/file_bytes.h"
#include "review/apply/decision_list.h"
#include "review/apply/label_edit.h"
#include "review/apply/layout.h"

/* A label file that changes. */
struct changed_file {
    const char *path;               /* absolute */
    const char *name;               /* below the layout's base */
    const struct file_bytes *bytes; /* as it is; `missing`: it is made */
    const struct label_edit *edit;
};
typedef enum status changes_take(void *context, const struct changed_file *file);

struct changes {
    const struct layout *layout;
    struct decision_list *list; /* settled */
    bool in_place;              /* the files themselves change: what cannot is refused */
    bool shown;                 /* each change is shown, a line each */
    struct text *diff;          /* what `patch` reads is appended here; NULL: it is not wanted */
    changes_take *take;         /* NULL: nothing is written */
    void *context;
    /* What it comes to. */
    uint64_t done[ACTIONS], same, refused; /* decisions; same: nothing was left to do */
    uint64_t files, made;                  /* label files that change; of them, that are new */
};

/* Carries them all out. What is refused is shown, a line each. */
enum status changes_make(struct changes *changes);

/* Whether a label file changes. */
bool changes_any(const struct changes *changes);

/* Appends the counts: "class 12, box 3, deleted 4, added 2". */
void changes_text(const struct changes *changes, struct text *text);

#endif
