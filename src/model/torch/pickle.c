/* The opcodes of a pickle, and the values that they make. Their meaning is that of Python's
 * Lib/pickletools.py. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/torch/pickle_machine.h"

/* Opcodes as pickletools names them. */
enum opcode {
    PROTO = 0x80,
    FRAME = 0x95,
    STOP = '.',
    MARK = '(',
    POP = '0',
    POP_MARK = '1',
    NONE = 'N',
    NEWTRUE = 0x88,
    NEWFALSE = 0x89,
    BININT = 'J',
    BININT1 = 'K',
    BININT2 = 'M',
    LONG1 = 0x8a,
    BINFLOAT = 'G',
    BINSTRING = 'T',
    SHORT_BINSTRING = 'U',
    BINUNICODE = 'X',
    SHORT_BINUNICODE = 0x8c,
    BINUNICODE8 = 0x8d,
    BINBYTES = 'B',
    SHORT_BINBYTES = 'C',
    BINBYTES8 = 0x8e,
    BYTEARRAY8 = 0x96,
    EMPTY_LIST = ']',
    EMPTY_TUPLE = ')',
    EMPTY_DICT = '}',
    EMPTY_SET = 0x8f,
    TUPLE = 't',
    TUPLE1 = 0x85,
    TUPLE2 = 0x86,
    TUPLE3 = 0x87,
    FROZENSET = 0x91,
    APPEND = 'a',
    APPENDS = 'e',
    SETITEM = 's',
    SETITEMS = 'u',
    ADDITEMS = 0x90,
    BINGET = 'h',
    LONG_BINGET = 'j',
    BINPUT = 'q',
    LONG_BINPUT = 'r',
    MEMOIZE = 0x94,
    GLOBAL = 'c',
    STACK_GLOBAL = 0x93,
    REDUCE = 'R',
    NEWOBJ = 0x81,
    NEWOBJ_EX = 0x92,
    BUILD = 'b',
    BINPERSID = 'Q',
};

enum { NEWEST_PROTOCOL = 5 };

static enum status push_kind(struct machine *machine, enum pickled_kind kind) {
    struct pickled *value;
    enum status status = pickle_value(machine->pickle, kind, &value);
    return status == STATUS_OK ? machine_push(machine, value) : status;
}

static enum status push_integer(struct machine *machine, int64_t integer) {
    struct pickled *value;
    enum status status;
    TRY(pickle_value(machine->pickle, PICKLED_INT, &value));
    value->integer = integer;
    TRY(machine_push(machine, value));
out:
    return status;
}

static enum status read_integer(struct machine *machine, enum opcode opcode) {
    enum status status;
    uint64_t size, number;
    if (opcode != LONG1) {
        TRY(machine_number(machine, opcode == BININT ? 4 : opcode == BININT1 ? 1 : 2, &number));
        return push_integer(machine,
                            opcode == BININT ? (int32_t)(uint32_t)number : (int64_t)number);
    }
    TRY(machine_number(machine, 1, &size));
    if (size > sizeof number) {
        status = FAIL(STATUS_BAD_INPUT, "it holds an integer of more than 64 bits");
        goto out;
    }
    TRY(machine_number(machine, size, &number));
    if (size > 0 && size < sizeof number && number >> (8 * size - 1) != 0)
        number |= UINT64_MAX << 8 * size;
    TRY(push_integer(machine, (int64_t)number));
out:
    return status;
}

static enum status read_float(struct machine *machine) {
    enum status status;
    const unsigned char *bytes;
    uint64_t bits = 0;
    struct pickled *value;
    TRY(machine_take(machine, sizeof bits, &bytes));
    for (size_t i = 0; i < sizeof bits; i++)
        bits = bits << 8 | bytes[i];
    TRY(pickle_value(machine->pickle, PICKLED_FLOAT, &value));
    memcpy(&value->number, &bits, sizeof bits);
    TRY(machine_push(machine, value));
out:
    return status;
}

/* Text or bytes, their length in the first `size` bytes. */
static enum status read_text(struct machine *machine, enum pickled_kind kind, size_t size) {
    enum status status;
    uint64_t length;
    const unsigned char *bytes;
    struct pickled *value;
    TRY(machine_number(machine, size, &length));
    TRY(machine_take(machine, length, &bytes));
    TRY(pickle_text(machine->pickle, kind, bytes, (size_t)length, &value));
    TRY(machine_push(machine, value));
out:
    return status;
}

static enum status push_items(struct machine *machine, enum pickled_kind kind,
                              const struct pickled *const *items, size_t count) {
    enum status status;
    struct pickled *value;
    TRY(pickle_value(machine->pickle, kind, &value));
    TRY(kind == PICKLED_SET ? pickle_append(machine->pickle, value, items, count)
                            : pickle_set_items(machine->pickle, value, items, count));
    TRY(machine_push(machine, value));
out:
    return status;
}

static enum status read_marked(struct machine *machine, enum pickled_kind kind) {
    const struct pickled *const *items;
    size_t count;
    enum status status = machine_pop_marked(machine, &items, &count);
    return status == STATUS_OK ? push_items(machine, kind, items, count) : status;
}

static enum status read_tuple(struct machine *machine, size_t count) {
    struct pickled *items[3] = {NULL};
    enum status status = STATUS_OK;
    for (size_t i = count; i-- > 0;)
        TRY(machine_pop(machine, &items[i]));
    TRY(push_items(machine, PICKLED_TUPLE, (const struct pickled *const *)items, count));
out:
    return status;
}

/* Puts items into the list, dict or set on top, or into an object that is one of these too. */
static enum status add_items(struct machine *machine, enum pickled_kind kind,
                             const struct pickled *const *items, size_t count) {
    enum status status;
    struct pickled *target;
    TRY(machine_top(machine, &target));
    if (target->kind != kind && target->kind != PICKLED_OBJECT) {
        status = FAIL(STATUS_BAD_INPUT, "it puts items into what holds none");
        goto out;
    }
    if (kind == PICKLED_DICT && count % 2 != 0) {
        status = FAIL(STATUS_BAD_INPUT, "it has a key without a value");
        goto out;
    }
    TRY(pickle_append(machine->pickle, target, items, count));
out:
    return status;
}

static enum status add_marked(struct machine *machine, enum pickled_kind kind) {
    const struct pickled *const *items;
    size_t count;
    enum status status = machine_pop_marked(machine, &items, &count);
    return status == STATUS_OK ? add_items(machine, kind, items, count) : status;
}

static enum status add_popped(struct machine *machine, enum pickled_kind kind) {
    struct pickled *items[2];
    const size_t count = kind == PICKLED_DICT ? 2 : 1;
    enum status status = STATUS_OK;
    for (size_t i = count; i-- > 0;)
        TRY(machine_pop(machine, &items[i]));
    TRY(add_items(machine, kind, (const struct pickled *const *)items, count));
out:
    return status;
}

static enum status read_memo_put(struct machine *machine, size_t size) {
    uint64_t index;
    enum status status = machine_number(machine, size, &index);
    return status == STATUS_OK ? machine_put(machine, index) : status;
}

static enum status read_protocol(struct machine *machine) {
    uint64_t protocol;
    enum status status = machine_number(machine, 1, &protocol);
    if (status == STATUS_OK && protocol > NEWEST_PROTOCOL)
        return FAIL(STATUS_BAD_INPUT, "protocol %d is not known", (int)protocol);
    return status;
}

static enum status skip_frame(struct machine *machine) {
    uint64_t length;
    enum status status = machine_number(machine, 8, &length);
    if (status == STATUS_OK && length > machine->length - machine->at)
        return FAIL(STATUS_BAD_INPUT, "it is cut short");
    return status;
}

static enum status step(struct machine *machine, enum opcode opcode) {
    struct pickle *pickle = machine->pickle;
    const struct pickled *const *items;
    struct pickled *value;
    size_t count;
    switch (opcode) {
    case PROTO:
        return read_protocol(machine);
    case FRAME:
        return skip_frame(machine);
    case STOP:
        return machine_pop(machine, &pickle->root);
    case MARK:
        return machine_mark(machine);
    case POP:
        return machine_pop(machine, &value);
    case POP_MARK:
        return machine_pop_marked(machine, &items, &count);
    case NONE:
        return machine_push(machine, pickle->none);
    case NEWTRUE:
    case NEWFALSE:
        return machine_push(machine, pickle->truth[opcode == NEWTRUE]);
    case BININT:
    case BININT1:
    case BININT2:
    case LONG1:
        return read_integer(machine, opcode);
    case BINFLOAT:
        return read_float(machine);
    case BINSTRING:
    case BINUNICODE:
        return read_text(machine, PICKLED_TEXT, 4);
    case SHORT_BINSTRING:
    case SHORT_BINUNICODE:
        return read_text(machine, PICKLED_TEXT, 1);
    case BINUNICODE8:
        return read_text(machine, PICKLED_TEXT, 8);
    case BINBYTES:
        return read_text(machine, PICKLED_BYTES, 4);
    case SHORT_BINBYTES:
        return read_text(machine, PICKLED_BYTES, 1);
    case BINBYTES8:
    case BYTEARRAY8:
        return read_text(machine, PICKLED_BYTES, 8);
    case EMPTY_LIST:
        return push_kind(machine, PICKLED_LIST);
    case EMPTY_TUPLE:
        return push_kind(machine, PICKLED_TUPLE);
    case EMPTY_DICT:
        return push_kind(machine, PICKLED_DICT);
    case EMPTY_SET:
        return push_kind(machine, PICKLED_SET);
    case TUPLE:
        return read_marked(machine, PICKLED_TUPLE);
    case TUPLE1:
    case TUPLE2:
    case TUPLE3:
        return read_tuple(machine, opcode - TUPLE1 + 1);
    case FROZENSET:
        return read_marked(machine, PICKLED_SET);
    case APPEND:
        return add_popped(machine, PICKLED_LIST);
    case SETITEM:
        return add_popped(machine, PICKLED_DICT);
    case APPENDS:
        return add_marked(machine, PICKLED_LIST);
    case SETITEMS:
        return add_marked(machine, PICKLED_DICT);
    case ADDITEMS:
        return add_marked(machine, PICKLED_SET);
    case BINGET:
        return machine_get(machine, 1);
    case LONG_BINGET:
        return machine_get(machine, 4);
    case BINPUT:
        return read_memo_put(machine, 1);
    case LONG_BINPUT:
        return read_memo_put(machine, 4);
    case MEMOIZE:
        return machine_put(machine, pickle->memo.count);
    case GLOBAL:
        return machine_global(machine);
    case STACK_GLOBAL:
        return machine_stack_global(machine);
    case REDUCE:
    case NEWOBJ:
    case NEWOBJ_EX:
        return machine_call(machine, opcode == NEWOBJ_EX);
    case BUILD:
        return machine_build(machine);
    case BINPERSID:
        return machine_reference(machine);
    }
    return FAIL(STATUS_BAD_INPUT, "opcode 0x%02x is not one that a model needs", (unsigned)opcode);
}

static enum status run(struct machine *machine) {
    enum status status = STATUS_OK;
    const unsigned char *opcode;
    while (machine->pickle->root == NULL) {
        const size_t at = machine->at;
        status = machine_take(machine, 1, &opcode);
        if (status == STATUS_OK)
            status = step(machine, (enum opcode) * opcode);
        if (status != STATUS_OK)
            return status_prefix(status, "the pickle cannot be read, at its byte %zu: ", at);
    }
    return status;
}

enum status pickle_read(const void *bytes, size_t length, struct pickle **out) {
    enum status status;
    struct machine machine = {.bytes = bytes, .length = length};
    struct pickle *pickle = NULL;
    TRY(memory_zeroed(1, sizeof *pickle, &pickle));
    machine.pickle = pickle;
    pickle->left = PICKLE_MEMORY;
    TRY(pickle_value(pickle, PICKLED_NONE, &pickle->none));
    for (int i = 0; i < 2; i++) {
        TRY(pickle_value(pickle, PICKLED_BOOL, &pickle->truth[i]));
        pickle->truth[i]->integer = i;
    }
    TRY(pickle_grow(pickle, &pickle->stack, 1)); /* so that its values are never NULL */
    TRY(run(&machine));
    pickle->length = machine.at;
    free(pickle->stack.values);
    free(pickle->memo.values);
    pickle->stack = pickle->memo = (struct pickled_list){0};
out:
    if (status != STATUS_OK) {
        pickle_free(pickle);
        pickle = NULL;
    }
    *out = pickle;
    return status;
}
