/* Matching the data set's classes to the model's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "data/dataset.h"
#include "unit.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void make(const char *const *data, size_t n_data, const char *const *model, size_t n_model,
                 struct class_map *map) {
    enum status status = class_map_make(data, n_data, model, n_model, map);
    if (status != STATUS_OK)
        fail_msg("%s", status_message());
    assert_int_equal(map->n_data, n_data ? n_data : n_model);
    assert_int_equal(map->n_model, n_model);
}

static void assert_map(const int32_t *map, size_t count, const int32_t *wanted) {
    for (size_t i = 0; i < count; i++)
        assert_int_equal(map[i], wanted[i]);
}

static void assert_fails(const char *const *data, size_t n_data, const char *const *model,
                         size_t n_model, const char *message) {
    struct class_map map;
    assert_int_equal(class_map_make(data, n_data, model, n_model, &map), STATUS_BAD_INPUT);
    assert_string_equal(status_message(), message);
    assert_null(map.names);
    assert_null(map.to_model);
}

static void test_same_names(void **state) {
    (void)state;
    static const char *const names[] = {"person", "car", "dog"};
    struct class_map map;
    make(names, 3, names, 3, &map);
    assert_map(map.to_model, 3, (int32_t[]){0, 1, 2});
    assert_map(map.to_data, 3, (int32_t[]){0, 1, 2});
    assert_string_equal(map.names[1], "car");
    class_map_free(&map);
}

static void test_other_order_and_spelling(void **state) {
    (void)state;
    static const char *const data[] = {"Traffic_Light", " CAR ", "unicorn", "hot  dog", "tv-set"};
    static const char *const model[] = {"car", "hot_dog", "boat", "traffic light", "tv set"};
    struct class_map map;
    make(data, 5, model, 5, &map);
    assert_map(map.to_model, 5, (int32_t[]){3, 0, -1, 1, -1});
    assert_map(map.to_data, 5, (int32_t[]){1, 3, -1, 0, -1});
    assert_string_equal(map.names[0], "Traffic_Light");
    class_map_free(&map);
}

static void test_data_set_without_names(void **state) {
    (void)state;
    static const char *const model[] = {"car", "dog"};
    struct class_map map;
    make(NULL, 0, model, 2, &map);
    assert_map(map.to_model, 2, (int32_t[]){0, 1});
    assert_map(map.to_data, 2, (int32_t[]){0, 1});
    assert_string_equal(map.names[0], "car");
    assert_string_equal(map.names[1], "dog");
    class_map_free(&map);
}

static void test_equal_names_in_one_side(void **state) {
    (void)state;
    static const char *const one[] = {"cat"};
    static const char *const several[] = {"dog", "CAT", "cat", "Cat"};
    struct class_map map;
    make(several, 4, one, 1, &map);
    assert_map(map.to_model, 4, (int32_t[]){-1, 0, 0, 0});
    assert_map(map.to_data, 1, (int32_t[]){1});
    class_map_free(&map);
    make(one, 1, several, 4, &map);
    assert_map(map.to_model, 1, (int32_t[]){1});
    assert_map(map.to_data, 4, (int32_t[]){-1, 0, 0, 0});
    class_map_free(&map);
    static const char *const cranes[] = {"crane", "bus", "crane"};
    make(cranes, 3, cranes, 3, &map);
    assert_map(map.to_model, 3, (int32_t[]){0, 1, 2});
    assert_map(map.to_data, 3, (int32_t[]){0, 1, 2});
    class_map_free(&map);
    static const char *const lower_first[] = {"us", "US"}, *const upper_first[] = {"US", "us"};
    make(lower_first, 2, upper_first, 2, &map);
    assert_map(map.to_model, 2, (int32_t[]){1, 0});
    class_map_free(&map);
}

static void test_generic_names(void **state) {
    (void)state;
    static const char *const named[] = {"car", "dog", "cat"};
    static const char *const generic[] = {"class0", "class1", "class2"};
    static const char *const generic_too[] = {"class_0", "class_1", "class_2"};
    struct class_map map;
    make(named, 3, generic, 3, &map);
    assert_map(map.to_model, 3, (int32_t[]){0, 1, 2});
    assert_string_equal(map.names[2], "cat");
    class_map_free(&map);
    make(generic, 3, named, 3, &map);
    assert_map(map.to_data, 3, (int32_t[]){0, 1, 2});
    assert_string_equal(map.names[2], "cat");
    class_map_free(&map);
    make(generic_too, 3, generic, 3, &map);
    assert_map(map.to_model, 3, (int32_t[]){0, 1, 2});
    class_map_free(&map);
    make(generic, 3, generic, 2, &map);
    assert_map(map.to_model, 3, (int32_t[]){0, 1, -1});
    class_map_free(&map);
    assert_fails(named, 3, generic, 2,
                 "the model has no class names of its own, and the numbers of classes differ: 3 in "
                 "the data set, 2 in the model; give 'names' in data.yaml, or use the model "
                 "trained on this data set");
    /* Not by number: the names are no pattern of "classN". */
    static const char *const almost[] = {"class0", "class2", "class1"};
    assert_fails(named, 3, almost, 3,
                 "the data set and the model share no class name: the data set has car, dog, cat; "
                 "the model has class0, class2, class1; check 'names' in data.yaml, and --model");
}

static void test_nothing_shared(void **state) {
    (void)state;
    static const char *const data[] = {"a\n", "b", "c", "d", "e"};
    static const char *const model[] = {"x", "\xff"};
    assert_fails(
        data, COUNT(data), model, COUNT(model),
        "the data set and the model share no class name: the data set has a\\x0a, b, c, d, "
        "...; the model has x, \\xff; check 'names' in data.yaml, and --model");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_names),
        cmocka_unit_test(test_other_order_and_spelling),
        cmocka_unit_test(test_data_set_without_names),
        cmocka_unit_test(test_equal_names_in_one_side),
        cmocka_unit_test(test_generic_names),
        cmocka_unit_test(test_nothing_shared),
    };
    return RUN_TESTS(tests);
}
