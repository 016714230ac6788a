/* Inside the pickle machine: its input, stack, marks and memo. */
#ifndef VERIFY_MODEL_PICKLE_MACHINE_H
#define VERIFY_MODEL_PICKLE_MACHINE_H

#include "model/torch/pickle_values.h"

struct machine {
    struct pickle *pickle;
    const unsigned char *bytes;
    size_t length, at;
};

/* Takes the next bytes; STATUS_BAD_INPUT where there are fewer. */
enum status machine_take(struct machine *machine, uint64_t count, const unsigned char **bytes);
/* Takes an unsigned number of `size` bytes, the lowest first. */
enum status machine_number(struct machine *machine, size_t size, uint64_t *number);

enum status machine_push(struct machine *machine, struct pickled *value);
/* Takes the value on top; STATUS_BAD_INPUT where there is none above the last mark. */
enum status machine_pop(struct machine *machine, struct pickled **value);
/* The value on top, left where it is. */
enum status machine_top(struct machine *machine, struct pickled **value);
enum status machine_mark(struct machine *machine);
/* Takes all values above the last mark, which stay readable until the next push, and the mark. */
enum status machine_pop_marked(struct machine *machine, const struct pickled *const **items,
                               size_t *count);

/* Pushes the memo's value whose index is in the next `size` bytes. */
enum status machine_get(struct machine *machine, size_t size);
/* Notes the value on top. */
enum status machine_put(struct machine *machine, uint64_t index);

/* pickle_objects.c: opcodes of these names */
enum status machine_global(struct machine *machine);
enum status machine_stack_global(struct machine *machine);
enum status machine_call(struct machine *machine, bool with_keywords);
enum status machine_build(struct machine *machine);
enum status machine_reference(struct machine *machine);

#endif
