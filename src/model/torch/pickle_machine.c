/* The pickle machine's input, stack, marks and memo. */
#include "model/torch/pickle_machine.h"

#include <inttypes.h>

enum status machine_take(struct machine *machine, uint64_t count, const unsigned char **bytes) {
    if (count > machine->length - machine->at)
        return FAIL(STATUS_BAD_INPUT, "it is cut short");
    *bytes = machine->bytes + machine->at;
    machine->at += count;
    return STATUS_OK;
}

enum status machine_number(struct machine *machine, size_t size, uint64_t *number) {
    const unsigned char *bytes;
    enum status status = machine_take(machine, size, &bytes);
    *number = 0;
    for (size_t i = 0; status == STATUS_OK && i < size; i++)
        *number |= (uint64_t)bytes[i] << 8 * i;
    return status;
}

/* Everything above the last mark. */
static size_t floor_of(const struct pickle *pickle) {
    return pickle->n_marks > 0 ? pickle->marks[pickle->n_marks - 1] : 0;
}

enum status machine_push(struct machine *machine, struct pickled *value) {
    return pickle_push(machine->pickle, &machine->pickle->stack, value);
}

enum status machine_pop(struct machine *machine, struct pickled **value) {
    struct pickle *pickle = machine->pickle;
    if (pickle->stack.count <= floor_of(pickle))
        return FAIL(STATUS_BAD_INPUT, "it takes a value where there is none");
    *value = pickle->stack.values[--pickle->stack.count];
    return STATUS_OK;
}

enum status machine_top(struct machine *machine, struct pickled **value) {
    enum status status = machine_pop(machine, value);
    if (status == STATUS_OK)
        machine->pickle->stack.count++;
    return status;
}

enum status machine_pop_marked(struct machine *machine, const struct pickled *const **items,
                               size_t *count) {
    struct pickle *pickle = machine->pickle;
    if (pickle->n_marks == 0)
        return FAIL(STATUS_BAD_INPUT, "it ends a group that it did not begin");
    const size_t first = pickle->marks[--pickle->n_marks];
    *items = (const struct pickled *const *)(pickle->stack.values + first);
    *count = pickle->stack.count - first;
    pickle->stack.count = first;
    return STATUS_OK;
}

enum status machine_mark(struct machine *machine) {
    struct pickle *pickle = machine->pickle;
    if (pickle->n_marks == PICKLE_MARKS)
        return FAIL(STATUS_BAD_INPUT, "it is nested more than %d deep", PICKLE_MARKS);
    pickle->marks[pickle->n_marks++] = pickle->stack.count;
    return STATUS_OK;
}

enum status machine_get(struct machine *machine, size_t size) {
    const struct pickled_list *memo = &machine->pickle->memo;
    uint64_t index;
    enum status status;
    TRY(machine_number(machine, size, &index));
    if (index >= memo->count || memo->values[index] == NULL) {
        status =
            FAIL(STATUS_BAD_INPUT, "it asks for memo %" PRIu64 ", which it did not make", index);
        goto out;
    }
    TRY(machine_push(machine, memo->values[index]));
out:
    return status;
}

enum status machine_put(struct machine *machine, uint64_t index) {
    struct pickled_list *memo = &machine->pickle->memo;
    enum status status;
    struct pickled *value;
    TRY(machine_top(machine, &value));
    /* Picklers number from 0 on (Python 2: from 1), so that an array will do. */
    if (index > memo->count + PICKLE_MEMO_SLACK) {
        status = FAIL(STATUS_BAD_INPUT, "memo %" PRIu64 " is out of proportion", index);
        goto out;
    }
    TRY(pickle_grow(machine->pickle, memo, (size_t)index + 1));
    for (; memo->count <= index; memo->count++)
        memo->values[memo->count] = NULL;
    memo->values[index] = value;
out:
    return status;
}
