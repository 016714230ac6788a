/* Texts that are cut off anywhere, or have any byte changed. After cmocka.h. */
#ifndef VERIFY_TEST_DAMAGE_H
#define VERIFY_TEST_DAMAGE_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Reads what need not be whole; whether it was taken. */
typedef bool damage_read(void *context, const char *bytes, size_t length);

/* Reads an exact copy on the heap, so that a sanitizer sees a read past the end. */
static inline bool damage_read_copy(const char *bytes, size_t length, damage_read *read,
                                    void *context) {
    char *copy = malloc(length ? length : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, length);
    bool taken = read(context, copy, length);
    free(copy);
    return taken;
}

/* Of its beginnings, none of fewer than `least` bytes is taken; all of it is. */
static inline void assert_none_cut_off(const char *whole, size_t length, size_t least,
                                       damage_read *read, void *context) {
    for (size_t cut = 0; cut < least; cut++)
        if (damage_read_copy(whole, cut, read, context))
            fail_msg("%zu bytes of it are taken for all", cut);
    assert_true(damage_read_copy(whole, length, read, context));
}

/* Reads it with each byte in turn replaced by each of `others`; how many of these were taken. */
static inline size_t damage_each(const char *whole, size_t length, const char *others,
                                 size_t n_others, damage_read *read, void *context) {
    size_t taken = 0;
    char *changed = malloc(length);
    assert_non_null(changed);
    memcpy(changed, whole, length);
    for (size_t i = 0; i < length; i++) {
        for (size_t k = 0; k < n_others; k++) {
            changed[i] = others[k];
            taken += damage_read_copy(changed, length, read, context);
        }
        changed[i] = whole[i];
    }
    free(changed);
    return taken;
}

#endif
