/* The commands, a row each: what the program does for the first word of its command line. The files
 * that include this define COMMAND for what they make of it, so there is no guard.
 *
 * COMMAND(name, word, arguments, least, most, help)
 *   name       of enum command, behind COMMAND_
 *   word       as written; the first row's is never written: without any, verify verifies
 *   arguments  what --help shows of the words that follow; "": none
 *   least, most  how many words follow, at most COMMAND_WORDS_MOST
 *   help       one line
 */
COMMAND(VERIFY, "verify", "", 0, 0, "verify labels with a model and sort the images")
COMMAND(REVIEW, "review", "OUTPUT", 1, 1, "make the page on which a run's findings are looked at")
COMMAND(APPLY, "apply", "OUTPUT [DECISIONS]", 1, 2,
        "write decisions on a run's findings into a corrected copy of the labels")
COMMAND(EXPORT, "export", "OUTPUT", 1, 1, "write the findings of a run for an annotation tool")
COMMAND(DIFF, "diff", "OLD NEW", 2, 2,
        "compare two runs: findings that are gone, new, still there; exit 4 with new ones")
COMMAND(REJUDGE, "rejudge", "OUTPUT", 1, 1,
        "make the verdicts of a finished run anew by other thresholds, without its model")
