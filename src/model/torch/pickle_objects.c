/* A pickle's globals, and the calls of them, which are noted and not made. */
#include <string.h>

#include "model/torch/pickle_machine.h"

enum { LONGEST_NAME = 1024 };

static enum status push_global(struct machine *machine, const char *module, size_t module_length,
                               const char *name, size_t name_length) {
    enum status status;
    char text[2 * LONGEST_NAME + 1];
    struct pickled *value;
    const size_t length = module_length + 1 + name_length;
    if (module_length == 0 || name_length == 0 || module_length > LONGEST_NAME ||
        name_length > LONGEST_NAME) {
        status = FAIL(STATUS_BAD_INPUT, "it names a global of an unlikely length");
        goto out;
    }
    memcpy(text, module, module_length);
    text[module_length] = '.';
    memcpy(text + module_length + 1, name, name_length);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 127) {
            status = FAIL(STATUS_BAD_INPUT, "it names a global with control characters");
            goto out;
        }
    TRY(pickle_text(machine->pickle, PICKLED_GLOBAL, text, length, &value));
    TRY(pickle_push(machine->pickle, &machine->pickle->globals, value));
    TRY(machine_push(machine, value));
out:
    return status;
}

static enum status take_line(struct machine *machine, const char **line, size_t *length) {
    const unsigned char *from = machine->bytes + machine->at;
    const unsigned char *end = memchr(from, '\n', machine->length - machine->at);
    if (end == NULL)
        return FAIL(STATUS_BAD_INPUT, "it is cut short");
    *line = (const char *)from;
    *length = (size_t)(end - from);
    machine->at += *length + 1;
    return STATUS_OK;
}

enum status machine_global(struct machine *machine) {
    enum status status;
    const char *module, *name;
    size_t module_length, name_length;
    TRY(take_line(machine, &module, &module_length));
    TRY(take_line(machine, &name, &name_length));
    TRY(push_global(machine, module, module_length, name, name_length));
out:
    return status;
}

enum status machine_stack_global(struct machine *machine) {
    enum status status;
    struct pickled *module, *name;
    TRY(machine_pop(machine, &name));
    TRY(machine_pop(machine, &module));
    if (module->kind != PICKLED_TEXT || name->kind != PICKLED_TEXT) {
        status = FAIL(STATUS_BAD_INPUT, "it names a global by what is not text");
        goto out;
    }
    TRY(push_global(machine, module->text, module->length, name->text, name->length));
out:
    return status;
}

/* A call of a class, which is noted and not made. */
enum status machine_call(struct machine *machine, bool with_keywords) {
    enum status status;
    struct pickled *class, *arguments, *keywords = NULL, *value;
    if (with_keywords)
        TRY(machine_pop(machine, &keywords));
    TRY(machine_pop(machine, &arguments));
    TRY(machine_pop(machine, &class));
    if (class->kind != PICKLED_GLOBAL || arguments->kind != PICKLED_TUPLE ||
        (with_keywords && keywords->kind != PICKLED_DICT)) {
        status = FAIL(STATUS_BAD_INPUT, "it calls what is not a global, or without arguments");
        goto out;
    }
    TRY(pickle_construct(machine->pickle, class, arguments, &value));
    TRY(machine_push(machine, value));
out:
    return status;
}

enum status machine_build(struct machine *machine) {
    enum status status;
    struct pickled *state, *target;
    TRY(machine_pop(machine, &state));
    TRY(machine_top(machine, &target));
    if ((target->kind != PICKLED_OBJECT && target->kind != PICKLED_DICT) || target->state != NULL) {
        status = FAIL(STATUS_BAD_INPUT, "it gives a state to what has none, or has one already");
        goto out;
    }
    target->state = state;
out:
    return status;
}

/* PyTorch before 1.6 wrote ("module", class, file, source) for the class of a module. */
static bool is_module_class(const struct pickled *id) {
    return id->kind == PICKLED_TUPLE && id->n_items >= 2 && pickled_is(id->items[0], "module") &&
           id->items[1]->kind == PICKLED_GLOBAL;
}

enum status machine_reference(struct machine *machine) {
    enum status status;
    struct pickled *target, *value;
    TRY(machine_pop(machine, &target));
    if (is_module_class(target))
        return machine_push(machine, (struct pickled *)target->items[1]);
    TRY(pickle_value(machine->pickle, PICKLED_REFERENCE, &value));
    value->target = target;
    TRY(pickle_push(machine->pickle, &machine->pickle->references, value));
    TRY(machine_push(machine, value));
out:
    return status;
}
