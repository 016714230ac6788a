/* The classes of several models as one list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_ok.h"
#include "data/class_union.h"
#include "unit.h"

#define LIST(...)                                                                                  \
    (struct class_list) {                                                                          \
        sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), (const char *const[]) {            \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

/* `names` with '|' between them. */
static void assert_names(const struct class_union *all, const char *names) {
    char text[256] = "";
    for (size_t i = 0; i < all->count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? "|" : "",
                 all->names[i]);
    assert_string_equal(text, names);
}

static void assert_numbers(const uint32_t *numbers, size_t n, const uint32_t *wanted) {
    assert_non_null(numbers);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(numbers[i], wanted[i]);
}

static void test_the_same_classes(void **state) {
    (void)state;
    struct class_union all;
    const struct class_list lists[] = {LIST("person", "traffic light"),
                                       LIST("Person", "traffic_light")};
    for (size_t n = 1; n <= 2; n++) {
        ASSERT_OK(class_union_make(lists, n, &all));
        assert_names(&all, "person|traffic light");
        for (size_t i = 0; i < n; i++)
            assert_null(all.numbers[i]);
        class_union_free(&all);
    }
}

static void test_other_classes_come_behind(void **state) {
    (void)state;
    struct class_union all;
    const struct class_list lists[] = {LIST("car", "dog"), LIST("cat", "dog", "bus"),
                                       LIST("bus", "CAR", "dog", "cat")};
    ASSERT_OK(class_union_make(lists, 3, &all));
    assert_names(&all, "car|dog|cat|bus");
    assert_numbers(all.numbers[0], 2, (uint32_t[]){0, 1});
    assert_numbers(all.numbers[1], 3, (uint32_t[]){2, 1, 3});
    assert_numbers(all.numbers[2], 4, (uint32_t[]){3, 0, 1, 2});
    class_union_free(&all);
}

/* Each is a class of its own, so that no two of a model are one. */
static void test_equal_names(void **state) {
    (void)state;
    struct class_union all;
    const struct class_list lists[] = {LIST("a", "x", "x"), LIST("x", "x", "x", "a")};
    ASSERT_OK(class_union_make(lists, 2, &all));
    assert_names(&all, "a|x|x|x");
    assert_numbers(all.numbers[0], 3, (uint32_t[]){0, 1, 2});
    assert_numbers(all.numbers[1], 4, (uint32_t[]){1, 2, 3, 0});
    class_union_free(&all);
}

static void test_nameless_classes(void **state) {
    (void)state;
    struct class_union all;
    const struct class_list lists[] = {LIST("class0", "class1"), LIST("dog", "cat"),
                                       LIST("class0", "class1")};
    ASSERT_OK(class_union_make(lists, 3, &all));
    assert_names(&all, "dog|cat");
    for (size_t i = 0; i < 3; i++)
        assert_null(all.numbers[i]);
    class_union_free(&all);
    const struct class_list other[] = {LIST("class0", "class1"), LIST("dog")};
    assert_int_equal(class_union_make(other, 2, &all), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "no class names of its own"));
    assert_non_null(strstr(status_message(), "2 and 1"));
    class_union_free(&all);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_classes),
        cmocka_unit_test(test_other_classes_come_behind),
        cmocka_unit_test(test_equal_names),
        cmocka_unit_test(test_nameless_classes),
    };
    return RUN_TESTS(tests);
}
