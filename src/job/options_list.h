/* The flags, a row each: all that the program knows of one follows from its row. The files that
 * include this define OPTION for what they make of it (options.h: a member of struct options;
 * options_table.h and .c: its place and its row in the table), so there is no guard.
 *
 * OPTION(kind, member, name, argument, group, effect, initial, help, more...)
 *   kind      of option_kind: what a value is, and the member's type
 *   member    of struct options
 *   name      as written behind "--", with '-'
 *   argument  what --help calls its value, where it does not list the choices; NULL: none
 *   group     the heading under which a manual has it: of HEADING_… in options_table.c
 *   effect    of option_effect: what it changes, so whether a run may be resumed with another value
 *   initial   the value where none is given, as on the command line; of a switch "on"; NULL: none
 *   help      one line
 *   more      further members of struct option_row: RANGE(least, most) of a number, .choices …;
 *             .info.commands = FOR(VERIFY) | FOR(…) where not a run alone takes it
 */
OPTION(FILES, model, "model", "FILE", INPUT, INPUTS, NULL,
       "the YOLO model: .pt, .onnx, or Darknet's .cfg with --weights; several (a.pt,b.pt) judge "
       "together",
       .info.suffixes = MODEL_SUFFIXES)
OPTION(TEXTS, fold, "fold", "MODEL=LIST", INPUT, INPUTS, NULL,
       "instead of --model, repeated: the images of LIST (a .txt, or a split's name) are judged by "
       "MODEL, which was not trained on them")
OPTION(FILE, weights, "weights", "FILE", INPUT, INPUTS, NULL, "the .weights file of a Darknet .cfg",
       .info.suffixes = WORDS(".weights"))
OPTION(
    PATH, data, "data", "PATH", INPUT, INPUTS, NULL,
    "data.yaml (several: a.yaml,b.yaml), COCO's .json, Darknet's .data, a folder of images, or a "
    ".txt list",
    .info.suffixes = WORDS(".yaml", ".yml", ".txt", ".data", ".json"), .synonyms = WORDS("source"),
    .info.commands = FOR(VERIFY) | FOR(REVIEW) | FOR(APPLY) | FOR(EXPORT))
OPTION(TEXT, split, "split", "NAMES", INPUT, INPUTS, NULL,
       "of data.yaml: train,val,test (default: every one present)")
OPTION(FOLDER, output, "output", "DIR", OUTPUT, NOTHING, "output", "where results go",
       .synonyms = WORDS("project", "name", "save-dir"))
OPTION(FILE, config, "config", "FILE", INPUT, NOTHING, NULL,
       "JSON with a key for each flag; the command line wins", .info.suffixes = WORDS(".json"))
OPTION(DEVICES, device, "device", "DEVICES", RUN, MEANS, "auto",
       "auto: CUDA where a device and the backend exist; numbers: of the GPUs that may be used",
       .synonyms = WORDS("gpu", "gpus"))
OPTION(COUNTS, imgsz, "imgsz", "N", NETWORK, PREDICTIONS, "640",
       "longer side of the network's input; several (640,832) judge together (default: 640, or the "
       "one size that a model was exported for)",
       RANGE(32, 16384), .synonyms = WORDS("img", "img-size", "image-size"))
OPTION(COUNT, batch, "batch", "N", RUN, NOTHING, "auto", /* 0: automatic */
       "pictures a forward", RANGE(0, 4096), .automatic = "auto", .synonyms = WORDS("batch-size"))
OPTION(REAL, conf, "conf", "X", NETWORK, PREDICTIONS, "0.25",
       "lowest confidence of saved predictions", RANGE(0, 1), .synonyms = WORDS("conf-thres"))
OPTION(REAL, iou, "iou", "X", NETWORK, PREDICTIONS, "0.7", "IoU above which NMS drops a prediction",
       RANGE(0, 1), .synonyms = WORDS("iou-thres", "nms-thres"))
OPTION(COUNT, max_det, "max-det", "N", NETWORK, PREDICTIONS, "300", "most predictions a picture",
       RANGE(1, 30000))
OPTION(SWITCH, half, "half", NULL, NETWORK, PREDICTIONS, "on", /* of backends that have fp16 */
       "fp16 with fp32 accumulation, on CUDA (default); --no-half: fp32",
       .synonyms = WORDS("fp16", "amp"))
OPTION(COUNT, threads, "threads", "N", RUN, NOTHING, "auto", /* 0: automatic */
       "CPU threads a rank, decoding included (default: cores / local ranks)", RANGE(0, 1024),
       .automatic = "auto", .synonyms = WORDS("workers"),
       .info.commands = FOR(VERIFY) | FOR(REVIEW))
OPTION(COUNT, image_memory, "image-memory", "MIB", RUN, NOTHING, "2048",
       "memory for decoded pictures a rank; a picture that needs more fails", RANGE(16, 1 << 24),
       .info.commands = FOR(VERIFY) | FOR(REVIEW))
OPTION(CHOICE, place, "place", "MODE", OUTPUT, MEANS, "hardlink",
       "how images get into the output; labels are always copies",
       .choices = WORDS("hardlink", "symlink", "copy", "none"))
OPTION(REAL, max_margin, "max-margin", "X", VERDICT, VERDICTS, "3.5",
       "mislabeled above this log ratio of another class's evidence to the label's own",
       RANGE(-100, 100), .info.commands = FOR_VERDICTS)
OPTION(REAL, max_shift, "max-shift", "X", VERDICT, VERDICTS, "3",
       "misplaced above this log ratio of evidence near the box to evidence at it",
       RANGE(-100, 100), .info.commands = FOR_VERDICTS)
OPTION(REAL, max_ghost, "max-ghost", "X", VERDICT, VERDICTS, "7.5",
       "unseen above this measure of nothing being there", RANGE(-100, 100),
       .info.commands = FOR_VERDICTS)
OPTION(REAL, min_own, "min-own", "X", VERDICT, VERDICTS, "0.15",
       "evidence for its class that a correct label has at least", RANGE(0, 1),
       .info.commands = FOR_VERDICTS)
OPTION(REAL, max_dup, "max-dup", "X", VERDICT, VERDICTS, "0.7",
       "IoU with a better label from which on a label is a duplicate", RANGE(0, 2),
       .info.commands = FOR_VERDICTS)
OPTION(REAL, min_outline, "min-outline", "X", VERDICT, VERDICTS, "0.6",
       "IoU with the model's mask that the outline of a correct label has at least", RANGE(0, 1),
       .info.commands = FOR_VERDICTS)
OPTION(REAL, max_angle, "max-angle", "DEGREES", VERDICT, VERDICTS, "15",
       "an oriented box is turned wrongly when it is turned by more against the model's",
       RANGE(0, 90), .info.commands = FOR_VERDICTS)
OPTION(
    REAL, max_point, "max-point", "SHARE", VERDICT, VERDICTS, "0.1",
    "a keypoint is misplaced when it is farther from the model's than this share of the object's "
    "size",
    RANGE(0, 10), .info.commands = FOR_VERDICTS)
OPTION(REAL, missing_conf, "missing-conf", "X", VERDICT, VERDICTS, "0.5",
       "certainty from which on an object without a label is missing", RANGE(0.05, 1),
       .info.commands = FOR_VERDICTS)
OPTION(SWITCH, zoom, "zoom", NULL, VERDICT, PREDICTIONS, NULL,
       "look again, closer, at labels whose place is in doubt: finds more misplaced ones")
OPTION(REAL, precision, "precision", "X", VERDICT, VERDICTS, "off", /* 0: off */
       "sets --max-margin so that about this share of the labels called mislabeled are wrong, as "
       "the self-test estimates (default: off)",
       RANGE(0, 1), .automatic = "off", .info.commands = FOR_VERDICTS)
OPTION(SWITCH, self_test, "self-test", NULL, VERDICT, FILES, "on",
       "estimate how well errors are found on these data (default); --no-self-test: leave it out")
OPTION(SWITCH, hash, "hash", NULL, OUTPUT, FILES, "on",
       "look for copies of pictures, across splits first (default); --no-hash: leave it out")
OPTION(COUNT, review, "review", "N", OUTPUT, NOTHING, "5000",
       "findings in the review page, most suspicious first; 0: none", RANGE(0, 1e6),
       .info.commands = FOR(VERIFY) | FOR(REVIEW))
OPTION(SWITCH, resume, "resume", NULL, OUTPUT, NOTHING, NULL,
       "continue an interrupted run, with any number of processes")
OPTION(SWITCH, overwrite, "overwrite", NULL, OUTPUT, NOTHING, NULL,
       "start over; removes only what a run wrote and nobody changed")
OPTION(SWITCH, save_json, "save-json", NULL, OUTPUT, FILES, NULL,
       "write predictions.json (COCO results)")
OPTION(SWITCH, save_txt, "save-txt", NULL, OUTPUT, FILES, NULL, "write labels as predicted")
OPTION(SWITCH, dry_run, "dry-run", NULL, RUN, NOTHING, NULL,
       "list images, labels and problems, or what would be applied; run no model, write nothing",
       .info.commands = FOR(VERIFY) | FOR(APPLY))
OPTION(TEXT, accept, "accept", "REASONS", APPLY, NO_RUN, NULL,
       "decide without a file: take the suggestions for class, contested, location, duplicate, "
       "unseen, missing, angle, outline, point, swapped",
       .info.commands = FOR(APPLY))
OPTION(REAL, min_precision, "min-precision", "X", APPLY, NO_RUN, "-1", /* -1: any */
       "of --accept class: only above the margin at which so many of the labels called wrong are "
       "wrong, as the self-test estimates (default: any)",
       RANGE(-1, 1), .info.commands = FOR(APPLY))
OPTION(REAL, max_score, "max-score", "X", APPLY, NO_RUN, "-1", /* -1: any */
       "of --accept: only findings with a score below this (default: any)", RANGE(-1, 1),
       .info.commands = FOR(APPLY))
OPTION(FOLDER, to, "to", "DIR", APPLY, NO_RUN, NULL,
       "where to write (default: corrected, or export/FORMAT, in the output folder)",
       .info.commands = FOR(APPLY) | FOR(EXPORT))
OPTION(SWITCH, in_place, "in-place", NULL, APPLY, NO_RUN, NULL,
       "change the data set itself; originals are kept in OUTPUT/applied-N",
       .info.commands = FOR(APPLY))
OPTION(COUNT, undo, "undo", "N", APPLY, NO_RUN, "0", /* 0: none */
       "bring back what the data set had before the N-th --in-place", RANGE(0, 1e9),
       .info.commands = FOR(APPLY))
OPTION(CHOICE, format, "format", "FORMAT", OUTPUT, NOTHING, "csv",
       "the tool that is to read what is exported", .choices = EXPORT_WORDS,
       .info.commands = FOR(EXPORT))
OPTION(SWITCH, json, "json", NULL, OUTPUT, NOTHING, NULL, "print all of it as JSON, for a script",
       .info.commands = FOR(DIFF))
OPTION(SWITCH, rect, "rect", NULL, NETWORK, PREDICTIONS, NULL,
       "rectangular inputs, as Ultralytics' predict")
OPTION(CHOICE, decode, "decode", "HOW", NETWORK, PREDICTIONS, "full",
       "fast: JPEGs at least twice as large as the network's input are decoded at 1/2, 1/4 or 1/8: "
       "other pixels, a few other verdicts (with --zoom: full)",
       .choices = WORDS("full", "fast"))
OPTION(SWITCH, inspect, "inspect", NULL, RUN, NOTHING, NULL, "print the model; run nothing")
OPTION(SWITCH, strict, "strict", NULL, RUN, NOTHING, NULL,
       "exit 3 where images failed or label lines were invalid")
OPTION(COUNT, fail_on, "fail-on", "N", RUN, NOTHING, "-1", /* -1: off */
       "exit 4 where more than N boxes are mislabeled (default: off)", RANGE(-1, 9e15))
OPTION(COUNT, hang_timeout, "hang-timeout", "SECONDS", RUN, NOTHING, "30", /* 0: off */
       "end the job when a process gives no sign of life, or a GPU ends no batch, for so long "
       "(default: 30; 0: off)",
       RANGE(0, 86400), .info.commands = FOR_ALL)
OPTION(SWITCH, quiet, "quiet", NULL, RUN, NOTHING, NULL, "no lines on the screen but errors",
       .info.commands = FOR_ALL)
OPTION(SWITCH, version, "version", NULL, HELP, NO_RUN, NULL, "print the version (-V)",
       .info.letter = 'V', .info.commands = FOR_ALL)
OPTION(SWITCH, help, "help", NULL, HELP, NO_RUN, NULL, "print this (-h)", .info.letter = 'h',
       .info.commands = FOR_ALL)
