#include "data/yaml_load.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "data/file_bytes.h"

enum { YAML_MIB = 16, MAX_DEPTH = 64, MAX_ANCHORS = 1000 };

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

static enum status parser_error(const char *file, const struct file_bytes *content,
                                const yaml_parser_t *parser) {
    if (parser->error == YAML_MEMORY_ERROR)
        return FAIL(STATUS_FAILED, "out of memory: %s", file);
    return FAIL(STATUS_BAD_INPUT, "%s, line %zu: %s", file, problem_line(parser, content),
                parser->problem ? parser->problem : "malformed YAML");
}

/* libyaml's time grows with the square of the depth, and of the number of anchors. */
static enum status check_limits(const char *file, const struct file_bytes *content) {
    yaml_parser_t parser;
    enum status status = parser_start(file, content, &parser);
    if (status != STATUS_OK)
        return status;
    size_t depth = 0, anchors = 0;
    bool end = false;
    while (!end && status == STATUS_OK) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            status = parser_error(file, content, &parser);
            break;
        }
        bool opens =
            event.type == YAML_SEQUENCE_START_EVENT || event.type == YAML_MAPPING_START_EVENT;
        bool closes = event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT;
        depth += opens;
        depth -= closes;
        anchors += (event.type == YAML_SCALAR_EVENT && event.data.scalar.anchor) ||
                   (event.type == YAML_SEQUENCE_START_EVENT && event.data.sequence_start.anchor) ||
                   (event.type == YAML_MAPPING_START_EVENT && event.data.mapping_start.anchor);
        if (depth > MAX_DEPTH || anchors > MAX_ANCHORS)
            status = FAIL(STATUS_BAD_INPUT, "%s, line %zu: more than %d %s", file,
                          event.start_mark.line + 1, depth > MAX_DEPTH ? MAX_DEPTH : MAX_ANCHORS,
                          depth > MAX_DEPTH ? "levels of nesting" : "anchors");
        end = event.type == YAML_STREAM_END_EVENT || event.type == YAML_DOCUMENT_END_EVENT;
        yaml_event_delete(&event);
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
