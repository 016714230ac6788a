/* The manual page and the shells' completions: templates, in which lines "@NAME@" stand for what
 * the program's table of flags says. */
#ifndef VERIFY_PAGES_H
#define VERIFY_PAGES_H

#include "base/text.h"

/* Each appends the lines for all flags, or all commands. */
void man_options(struct text *text);   /* of roff: a paragraph a flag, a heading a group */
void man_commands(struct text *text);  /* of roff: a paragraph a command */
void bash_commands(struct text *text); /* a word a command */
void zsh_commands(struct text *text);  /* descriptions for `_describe` */
void bash_flags(struct text *text);    /* a word a flag, and one for each "--no-" */
void bash_values(struct text *text);   /* branches of a `case`: what a flag's value may be */
void zsh_flags(struct text *text);     /* specifications for `_arguments` */

#endif
