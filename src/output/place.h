/* Puts images and label files into the output tree. */
#ifndef VERIFY_OUTPUT_PLACE_H
#define VERIFY_OUTPUT_PLACE_H

#include <limits.h>

#include "data/file_bytes.h"
#include "output/result.h"

/* Of what a run makes in the output folder, besides the buckets' own names. */
#define IMAGES_FOLDER    "JPEGImages"
#define LABELS_FOLDER    "labels"
#define PREDICTED_FOLDER "predicted"
#define LOGS_FOLDER      "logs"

enum place_mode { PLACE_HARDLINK, PLACE_SYMLINK, PLACE_COPY, PLACE_NONE };

/* Makes the folder, with its parents, where it is absent, and checks that it can be written. Where
 * it holds anything of the names that a run makes (correct, mislabeled, uncertain, predicted, logs,
 * review, verification_report.json, verification_records.jsonl, predictions.json), it is
 * STATUS_BAD_INPUT, which names them and the way out. Called by one process, before the others
 * write. */
enum status output_prepare(const char *output);

/* Removes the drafts that killed processes left in the output folder and in those that a run makes
 * in it; nobody may be writing to it. */
enum status output_sweep(const char *output);

struct placer; /* thread-safe after placer_open */

/* Makes the buckets' folders (also where other ranks do the same at the same time). `common` is the
 * folder that image paths are made relative to. Mode PLACE_NONE makes no folder and places nothing.
 */
enum status placer_open(const char *output, const char *common, enum place_mode mode,
                        struct placer **out);
void placer_close(struct placer *placer);

/* Appends the image's line of the manifest (manifest.h), to be written before it is placed; nothing
 * where no file will be. `label` and `predicted` are what will be written, NULL: none. */
enum status placer_announce(const struct placer *placer, enum bucket bucket, const char *image_path,
                            const struct file_bytes *label, const struct text *predicted,
                            struct text *line);

/* Places one image, and its label file (always as a copy, with the label's own permissions) where
 * it has been read: its bytes are written. No link in the output is followed. What has a name there
 * already is replaced where that loses nothing (own.h), else STATUS_FAILED. STATUS_FAILED with
 * what, where and why (disk full, no inodes, permission). STATUS_BAD_INPUT, with the reason alone:
 * the image itself cannot be read any more, and is not placed. */
enum status placer_place_read(struct placer *placer, enum bucket bucket, const char *image_path,
                              const struct file_bytes *label);
/* Whether an image that is said to be in a bucket is there, whole, and so is its label file, where
 * label_path (NULL: none) names one. Always true with PLACE_NONE. */
bool placer_placed(const struct placer *placer, enum bucket bucket, const char *image_path,
                   const char *label_path);
/* Takes an image and its label file out of the other buckets than this one, where an interrupted
 * run may have left them: only what is surely its own. BUCKET_FAILED: out of all. */
enum status placer_clear(struct placer *placer, enum bucket bucket, const char *image_path,
                         const struct file_bytes *label);

/* Writes --save-txt's file for one image: output/predicted/<path below common>.txt. */
enum status placer_predicted(struct placer *placer, const char *image_path, const char *text,
                             size_t length);

/* The time of change that placer_predicted's files get from now on, one for all starts of a run: it
 * replaces what bears it (two images may share a name), and nothing else. */
void placer_stamp(struct placer *placer, const struct timespec *stamp);

/* How many of placer_predicted's files replaced that of another image, which differs in its suffix
 * only. */
uint64_t placer_shared(const struct placer *placer);

/* True once after a hard link was not possible and symbolic links took over. */
bool placer_fell_back(struct placer *placer);

/* The name of an image's label file, below LABELS_FOLDER or PREDICTED_FOLDER: the image's, with
 * .txt for its suffix. */
enum status label_name(const char *path, char out[PATH_MAX]);

/* mkdir -p; an existing folder is fine, also when another process makes it at the same moment. */
enum status make_folders(const char *path);

#endif
