/* --device: reading it, and the backend that it comes to on a machine. */
#include "job/devices.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "job/plugins.h"

enum { MOST_NUMBER = 9999 };
static const char AUTO[] = "auto";

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

void devices_choices(const char *separator, struct text *out) {
    size_t n = 0;
    text_string(out, AUTO);
    while (backends[n])
        n++;
    for (; n > 0; n--)
        text_format(out, "%s%s", separator, backends[n - 1]->name);
}

static enum status refuse(const char *text) {
    enum status status;
    const char *advice = "see --help";
    struct text choices = {0};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcasecmp(text, others[i].text) == 0)
            advice = others[i].advice;
    devices_choices("|", &choices);
    TRY(text_status(&choices));
    status = FAIL(STATUS_BAD_INPUT, "'%s' is not one of %s, nor a list of GPUs as 0 or 0,1; %s",
                  text, choices.data, advice);
out:
    text_free(&choices);
    return status;
}

/* The best backend with numbered devices whose name, with a colon, begins the text (NULL: whatever
 * it begins with); NULL where none. */
static const struct backend_interface *numbered(const char *text) {
    for (size_t i = 0; backends[i]; i++) {
        size_t length = strlen(backends[i]->name);
        if (backends[i]->uses_gpus &&
            (!text || (strncmp(text, backends[i]->name, length) == 0 && text[length] == ':')))
            return backends[i];
    }
    return NULL;
}

/* Brackets and blanks, which Python's way to write a list has. */
static const char *skip_dressing(const char *at) {
    return at + strspn(at, " []()");
}

static enum status read_list(const char *text, struct devices *out) {
    const char *at = skip_dressing(text);
    while (*at != '\0') {
        int number = 0;
        const struct backend_interface *named = numbered(at);
        if (named && out->count > 0 && strcmp(named->name, out->backend) != 0)
            return refuse(text);
        if (named) {
            out->backend = named->name;
            at += strlen(named->name) + 1;
        }
        if (!out->backend || !isdigit((unsigned char)*at))
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
    const struct backend_interface *best = numbered(NULL);
    *out = (struct devices){.backend = AUTO};
    if (strcmp(text, AUTO) == 0)
        return STATUS_OK;
    for (size_t i = 0; backends[i]; i++)
        if (strcmp(text, backends[i]->name) == 0) {
            out->backend = backends[i]->name;
            return STATUS_OK;
        }
    out->backend = best ? best->name : NULL;
    return read_list(text, out);
}

enum status devices_usable(const struct devices *devices, int index,
                           const struct backend_interface **out) {
    enum status status;
    TRY(plugin_open(backends[index], out));
    TRY((*out)->available(devices->indices, devices->count));
out:
    return status;
}

int devices_choose(const struct devices *devices, const struct backend_interface **out, char *lacks,
                   size_t size) {
    bool any = strcmp(devices->backend, AUTO) == 0;
    lacks[0] = '\0';
    for (int i = 0; backends[i]; i++) {
        bool plugin = backends[i]->library != NULL;
        if (!any && strcmp(devices->backend, backends[i]->name) != 0)
            continue;
        if (any && plugin && !plugin_device_present(backends[i]))
            continue;
        if (devices_usable(devices, i, out) == STATUS_OK)
            return i;
        if (any && plugin && *out == backends[i]) /* its file is at fault, not the device */
            snprintf(lacks, size, "%s", status_message());
    }
    return -1;
}
