/* Puts images and label files into the output tree. */
#ifndef VERIFY_OUTPUT_PLACE_H
#define VERIFY_OUTPUT_PLACE_H

#include "data/file_bytes.h"
#include "output/result.h"

/* The folder inside the output folder that holds what a run needs while it is on. */
#define WORK_FOLDER ".verify"

enum place_mode { PLACE_HARDLINK, PLACE_SYMLINK, PLACE_COPY, PLACE_NONE };

/* Refuses (STATUS_BAD_INPUT, naming what is there and the way out) an output folder that holds
 * results: correct, mislabeled, uncertain, verification_report.json, verification_records.jsonl,
 * predictions.json, predicted, logs. With `overwrite` it removes just those. Makes the folder, with
 * its parents, where it is absent, and checks that it can be written. WORK_FOLDER is left alone
 * (run_file.h, run_lock.h). Called by one process, before the others write. */
enum status output_prepare(const char *output, bool overwrite);

/* Removes the drafts that killed processes left in the output folder and in those that a run makes
 * in it; nobody may be writing to it. */
enum status output_sweep(const char *output);

struct placer; /* thread-safe after placer_open */

/* Makes the buckets' folders (also where other ranks do the same at the same time). `common` is the
 * folder that image paths are made relative to. Mode PLACE_NONE makes no folder and places
 * nothing. */
enum status placer_open(const char *output, const char *common, enum place_mode mode,
                        struct placer **out);
void placer_close(struct placer *placer);

/* Places one image, and its label file where label_path is not NULL (always as a copy, with the
 * label's own permissions). What is there already is replaced by renaming. Never writes through a
 * link to the user's files. STATUS_FAILED with what, where and why (disk full, no inodes,
 * permission). STATUS_BAD_INPUT, with the reason alone: the image itself cannot be read any more,
 * and is not placed. A label file that cannot be read is left out. */
enum status placer_place(struct placer *placer, enum bucket bucket, const char *image_path,
                         const char *label_path);

/* The same for an image whose label file has been read: `label` (its bytes may be NULL) is written
 * rather than the file copied. */
enum status placer_place_read(struct placer *placer, enum bucket bucket, const char *image_path,
                              const char *label_path, const struct file_bytes *label);

/* Whether an image that is said to be in a bucket is there, whole, and so is its label file, where
 * label_path (NULL: none) names one. Always true with PLACE_NONE. */
bool placer_placed(const struct placer *placer, enum bucket bucket, const char *image_path,
                   const char *label_path);
/* Takes an image and its label file out of the other buckets than this one, where an interrupted
 * run may have left them. BUCKET_FAILED: out of all. */
enum status placer_clear(struct placer *placer, enum bucket bucket, const char *image_path);

/* Writes --save-txt's file for one image: output/predicted/<path below common>.txt. */
enum status placer_predicted(struct placer *placer, const char *image_path, const char *text,
                             size_t length);

/* True once after a hard link was not possible and symbolic links took over. */
bool placer_fell_back(struct placer *placer);

/* mkdir -p; an existing folder is fine, also when another process makes it at the same moment. */
enum status make_folders(const char *path);

#endif
