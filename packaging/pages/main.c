/* Writes a page from its template: pages TEMPLATE PAGE. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/shown.h"
#include "pages.h"

static void version(struct text *text) {
    text_string(text, VERIFY_VERSION);
}

/* What a template may name: in a line of its own, but for the version. */
static const struct part {
    const char *name;
    void (*append)(struct text *text);
} parts[] = {
    {"@MAN_OPTIONS@", man_options},
    {"@BASH_FLAGS@", bash_flags},
    {"@BASH_VALUES@", bash_values},
    {"@ZSH_FLAGS@", zsh_flags},
    {"@VERSION@", version},
    {"@MAN_COMMANDS@", man_commands},
    {"@BASH_COMMANDS@", bash_commands},
    {"@ZSH_COMMANDS@", zsh_commands},
};

/* Appends the line, its part instead of the name of one. */
static void append_line(const char *line, struct text *page) {
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *name = strstr(line, parts[i].name);
        if (!name)
            continue;
        const char *rest = name + strlen(parts[i].name);
        text_bytes(page, line, (size_t)(name - line));
        parts[i].append(page);
        text_string(page, *rest == '\n' && page->data && page->data[page->length - 1] == '\n'
                              ? rest + 1
                              : rest);
        return;
    }
    text_string(page, line);
}

static enum status read_template(const char *path, struct text *page) {
    char *line = NULL;
    size_t capacity = 0;
    FILE *file = fopen(path, "r");
    if (!file)
        return FAIL(STATUS_BAD_INPUT, "%s: %s", path, strerror(errno));
    while (getline(&line, &capacity, file) >= 0)
        append_line(line, page);
    bool failed = ferror(file) != 0;
    free(line);
    fclose(file);
    return failed ? FAIL(STATUS_FAILED, "%s: cannot be read", path) : text_status(page);
}

static enum status write_page(const char *path, const struct text *page) {
    FILE *file = fopen(path, "w");
    if (!file)
        return FAIL(STATUS_FAILED, "%s: %s", path, strerror(errno));
    bool written = fwrite(page->data, 1, page->length, file) == page->length;
    if (fclose(file) != 0 || !written)
        return FAIL(STATUS_FAILED, "%s: %s", path, strerror(errno));
    return STATUS_OK;
}

int main(int argc, char **argv) {
    enum status status;
    struct text page = {0};
    if (argc != 3) {
        line_print(stderr, "usage: pages TEMPLATE PAGE");
        return STATUS_BAD_INPUT;
    }
    TRY(read_template(argv[1], &page));
    TRY(write_page(argv[2], &page));
out:
    text_free(&page);
    if (status != STATUS_OK)
        line_print(stderr, "pages: error: %s", status_message());
    return (int)status;
}
