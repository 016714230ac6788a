/* A pickle (Python's serialised objects) read as plain data: a machine that builds values and calls
 * nothing. Globals stay names; an object of a class is the name, its arguments and its state. */
#ifndef VERIFY_MODEL_PICKLE_H
#define VERIFY_MODEL_PICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum pickled_kind {
    PICKLED_NONE,
    PICKLED_BOOL,      /* integer: 0 or 1 */
    PICKLED_INT,       /* integer */
    PICKLED_FLOAT,     /* number */
    PICKLED_TEXT,      /* text, length: UTF-8 where the file is honest; control characters, which
                          could break a line or a terminal, are '?' */
    PICKLED_BYTES,     /* text, length */
    PICKLED_LIST,      /* items */
    PICKLED_TUPLE,     /* items */
    PICKLED_SET,       /* items; a frozen set too */
    PICKLED_DICT,      /* items: key, value, key, value … in the order of the file; an OrderedDict
                          too, with its state where it has one */
    PICKLED_GLOBAL,    /* text: "module name" as one, "torch.nn.modules.conv.Conv2d"; no control
                          characters */
    PICKLED_OBJECT,    /* class, arguments, state, items (as a dict's or a list's, where set so) */
    PICKLED_REFERENCE, /* target: a persistent id (torch: where a storage is) */
};

/* Values share parts and may contain themselves: whoever walks them bounds his depth. What a kind
 * does not have is zero. */
struct pickled {
    enum pickled_kind kind;
    int64_t integer;
    double number;
    const char *text; /* ends with NUL beyond length */
    size_t length;
    size_t n_items;
    const struct pickled **items;
    const struct pickled *class;     /* a PICKLED_GLOBAL */
    const struct pickled *arguments; /* a PICKLED_TUPLE */
    const struct pickled *state;     /* NULL: none was set */
    const struct pickled *target;
};

struct pickle; /* owns the values */

/* Reads the pickle at the beginning of `bytes`, which are not used afterwards. Opcodes: those of
 * torch's weights-only reader (torch/_weights_only_unpickler.py) and what Python's own pickler
 * writes in protocols 2 to 5 for the same values. STATUS_BAD_INPUT, with the offset, for any other
 * opcode, for what is out of proportion (memory, depth of marks, memo), for integers beyond 64
 * bits, and where it is cut short. Takes PICKLE_MEMORY bytes at most. */
enum status pickle_read(const void *bytes, size_t length, struct pickle **out);
enum { PICKLE_MEMORY = 40 << 20 };
void pickle_free(struct pickle *pickle); /* NULL is allowed */
const struct pickled *pickle_root(const struct pickle *pickle);
size_t pickle_length(const struct pickle *pickle); /* bytes up to and with its end */
/* Every global that the pickle names, and every persistent id, also where the root does not lead
 * there; the pickle's. */
size_t pickle_globals(const struct pickle *pickle, const struct pickled *const **list);
size_t pickle_references(const struct pickle *pickle, const struct pickled *const **list);

/* Whether it is the text. */
bool pickled_is(const struct pickled *value, const char *text);
/* The value of a text key in a dict, in an object's items, or in an object's state where that is a
 * dict (or Python's pair of a dict and one of slots); the last where it was set twice; NULL where
 * there is none (or value is NULL). */
const struct pickled *pickled_get(const struct pickled *value, const char *key);
/* The full name of an object's class, or of a global; "" otherwise. */
const char *pickled_class(const struct pickled *value);

#endif
