/* What --device says. */
#include "job/devices.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MOST_NUMBER = 9999 };

/* What is written elsewhere, and what it is here. */
static const struct {
    const char *text, *advice;
} others[] = {
    {"mps", "Apple's GPUs are not supported: use cpu"},
    {"xpu", "Intel's GPUs are not supported: use cpu"},
    {"npu", "NPUs are not supported: use cpu"},
    {"tpu", "TPUs are not supported: use cpu"},
    {"-1", "leave --device out, and each rank takes a GPU of its own"},
    {"none", "leave --device out, or use auto"},
    {"cpu:0", "use cpu"},
    {"gpu", "use cuda, or a GPU's number"},
};

static enum status refuse(const char *text) {
    const char *advice = "see --help";
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcasecmp(text, others[i].text) == 0)
            advice = others[i].advice;
    return FAIL(STATUS_BAD_INPUT,
                "'%s' is not one of auto|cpu|cuda, nor a list of GPUs as 0 or 0,1; %s", text,
                advice);
}

/* Brackets and blanks, which Python's way to write a list has. */
static const char *skip_dressing(const char *at) {
    return at + strspn(at, " []()");
}

static enum status read_list(const char *text, struct devices *out) {
    const char *at = skip_dressing(text);
    while (*at != '\0') {
        int number = 0;
        if (strncmp(at, "cuda:", 5) == 0)
            at += 5;
        if (!isdigit((unsigned char)*at))
            return refuse(text);
        for (; isdigit((unsigned char)*at); at++)
            number = number > MOST_NUMBER ? number : 10 * number + (*at - '0');
        for (size_t i = 0; i < out->count; i++)
            if (out->indices[i] == number)
                return FAIL(STATUS_BAD_INPUT, "'%s' names device %d twice", text, number);
        if (out->count == MOST_DEVICES || number > MOST_NUMBER)
            return FAIL(STATUS_BAD_INPUT, "'%s' names more devices than a machine has", text);
        out->indices[out->count++] = number;
        at = skip_dressing(at);
        if (*at == ',' && *skip_dressing(at + 1) != '\0')
            at = skip_dressing(at + 1);
        else if (*at != '\0')
            return refuse(text);
    }
    return out->count > 0 ? STATUS_OK : refuse(text);
}

enum status devices_read(const char *text, struct devices *out) {
    static const char *const words[] = {"auto", "cpu", "cuda"};
    *out = (struct devices){.backend = "cuda"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i]) == 0) {
            out->backend = words[i];
            return STATUS_OK;
        }
    return read_list(text, out);
}
