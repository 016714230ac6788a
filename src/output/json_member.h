/* Members of JSON objects that the program has written itself, or that somebody has changed since.
 */
#ifndef VERIFY_OUTPUT_JSON_MEMBER_H
#define VERIFY_OUTPUT_JSON_MEMBER_H

#include <json-c/json.h>
#include <stdint.h>

#include "base/status.h"

/* A member of this type; NULL where there is none, and where `object` is not one. */
struct json_object *json_member(struct json_object *object, const char *key, enum json_type type);
const char *json_member_text(struct json_object *object, const char *key);
/* NAN where it is absent, null or no number. */
double json_member_number(struct json_object *object, const char *key);
/* 0 where it is absent, or below 0. */
uint64_t json_member_count(struct json_object *object, const char *key);

/* Reads a file that holds an object. STATUS_BAD_INPUT, with the path, where it cannot be read or
 * holds none; *object is then NULL. */
enum status json_object_read(const char *path, struct json_object **object);

#endif
