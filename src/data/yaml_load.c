/* Loads a YAML file within limits. */
#include "data/yaml_load.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "data/file_bytes.h"

enum {
    YAML_MIB = 4,
    MAX_DEPTH = 64,
    MAX_DIRECTIVES = 100,
    MAX_ANCHORS = 1000,
    MAX_ALIASES = 10000,
    MAX_TOKENS = 1000000,
};

/* libyaml's reader knows the offset of a wrong byte only. */
static size_t problem_line(const yaml_parser_t *parser, const struct file_bytes *content) {
    if (parser->error != YAML_READER_ERROR)
        return parser->problem_mark.line + 1;
    size_t line = 1;
    for (size_t i = 0; i < parser->problem_offset && i < content->length; i++)
        line += content->bytes[i] == '\n';
    return line;
}

static enum status parser_start(const char *file, const struct file_bytes *content,
                                yaml_parser_t *parser) {
    if (!yaml_parser_initialize(parser))
        return FAIL(STATUS_FAILED, "out of memory: %s", file);
    yaml_parser_set_input_string(parser, (const unsigned char *)content->bytes, content->length);
    return STATUS_OK;
}

/* "C:\data" in double quotes. */
#define WINDOWS_HINT "; a path written as on Windows? Here folders are parted by '/'"

static enum status parser_error(const char *file, const struct file_bytes *content,
                                const yaml_parser_t *parser) {
    if (parser->error == YAML_MEMORY_ERROR)
        return FAIL(STATUS_FAILED, "out of memory: %s", file);
    const char *problem = parser->problem ? parser->problem : "malformed YAML";
    bool quoted = parser->context && strstr(parser->context, "quoted");
    return FAIL(
        STATUS_BAD_INPUT, "%s, line %zu: %s%s", file, problem_line(parser, content), problem,
        quoted && (strstr(problem, "escape") || strstr(problem, "hexdec")) ? WINDOWS_HINT : "");
}

/* What libyaml's time grows faster with than the file: with the square of the depth, of the anchors
 * and of the directives, with aliases times anchors; its memory with the tokens. */
struct counts {
    size_t depth, directives, anchors, aliases, tokens;
};

/* Counts a token; whether the first document ends with it. */
static bool count_token(yaml_token_type_t type, struct counts *counts) {
    counts->tokens++;
    switch (type) {
    case YAML_BLOCK_SEQUENCE_START_TOKEN:
    case YAML_BLOCK_MAPPING_START_TOKEN:
    case YAML_FLOW_SEQUENCE_START_TOKEN:
    case YAML_FLOW_MAPPING_START_TOKEN:
        counts->depth++;
        break;
    case YAML_BLOCK_END_TOKEN:
    case YAML_FLOW_SEQUENCE_END_TOKEN:
    case YAML_FLOW_MAPPING_END_TOKEN:
        counts->depth -= counts->depth > 0; /* "]" alone is the parser's to refuse */
        break;
    case YAML_VERSION_DIRECTIVE_TOKEN:
    case YAML_TAG_DIRECTIVE_TOKEN:
        counts->directives++;
        break;
    case YAML_ANCHOR_TOKEN:
        counts->anchors++;
        break;
    case YAML_ALIAS_TOKEN:
        counts->aliases++;
        break;
    case YAML_DOCUMENT_END_TOKEN:
    case YAML_STREAM_END_TOKEN:
        return true;
    default:
        break;
    }
    return false;
}

static enum status check_counts(const char *file, const yaml_token_t *token,
                                const struct counts *counts) {
    const struct {
        size_t count, limit;
        const char *what;
    } limits[] = {
        {counts->depth, MAX_DEPTH, "levels of nesting"},
        {counts->directives, MAX_DIRECTIVES, "directives"},
        {counts->anchors, MAX_ANCHORS, "anchors"},
        {counts->aliases, MAX_ALIASES, "aliases"},
        {counts->tokens, MAX_TOKENS, "pieces"},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (limits[i].count > limits[i].limit)
            return FAIL(STATUS_BAD_INPUT, "%s, line %zu: more than %zu %s", file,
                        token->start_mark.line + 1, limits[i].limit, limits[i].what);
    return STATUS_OK;
}

/* Looks at the tokens of the first document, before libyaml makes anything of them. */
static enum status check_limits(const char *file, const struct file_bytes *content) {
    yaml_parser_t parser;
    enum status status = parser_start(file, content, &parser);
    if (status != STATUS_OK)
        return status;
    struct counts counts = {0};
    bool end = false;
    while (!end && status == STATUS_OK) {
        yaml_token_t token;
        if (!yaml_parser_scan(&parser, &token)) {
            status = parser_error(file, content, &parser);
            break;
        }
        end = count_token(token.type, &counts);
        status = check_counts(file, &token, &counts);
        yaml_token_delete(&token);
    }
    yaml_parser_delete(&parser);
    return status;
}

static enum status load_document(const char *file, const struct file_bytes *content,
                                 yaml_document_t *document) {
    yaml_parser_t parser;
    enum status status = parser_start(file, content, &parser);
    if (status != STATUS_OK)
        return status;
    if (!yaml_parser_load(&parser, document))
        status = parser_error(file, content, &parser);
    yaml_parser_delete(&parser);
    return status;
}

enum status yaml_load(const char *file, yaml_document_t *document) {
    enum status status;
    struct file_bytes content = {0};
    TRY(file_bytes_read(file, (size_t)YAML_MIB << 20, &content));
    if (!content.bytes) {
        status = FAIL(STATUS_BAD_INPUT, "%s %s", file, content.problem);
        goto out;
    }
    TRY(check_limits(file, &content));
    TRY(load_document(file, &content, document));
out:
    free(content.bytes);
    return status;
}
