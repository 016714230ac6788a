/* The formats that findings are exported in: ROW(NAME, "word") for each. What a format is made by,
 * src/review/export/NAME.c has, in a `struct export_format` export_NAME. */
#ifndef VERIFY_JOB_EXPORT_FORMATS_H
#define VERIFY_JOB_EXPORT_FORMATS_H

#define EXPORT_FORMATS(ROW)                                                                        \
    ROW(label_studio, "label-studio")                                                              \
    ROW(cvat, "cvat")                                                                              \
    ROW(coco, "coco")                                                                              \
    ROW(x_anylabeling, "x-anylabeling")                                                            \
    ROW(fiftyone, "fiftyone")                                                                      \
    ROW(csv, "csv")

#endif
