/* The table of operators: no row is half filled in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/graph.h"
#include "model/operators/cost.h"
#include "model/operators/operator.h"
#include "unit.h"

static void rows_are_complete(void **state) {
    (void)state;
    for (size_t i = 0; i < OP_UNKNOWN; i++) {
        const struct operator* row = operator_of((enum op_kind)i);
        assert_non_null(row->name);
        assert_non_null(row->evaluate);
        assert_in_range(row->least, 1, row->most);
        assert_in_range(row->most, 1, GRAPH_INPUTS);
        assert_true(row->element_steps >= 1.0);
        for (size_t k = 0; k < i; k++) /* ONNX's nodes are found by it */
            assert_string_not_equal(row->name, operator_of((enum op_kind)k)->name);
    }
    assert_string_equal(operator_of(OP_CONV)->name, "Conv");
    assert_string_equal(operator_of(OP_TILE)->name, "Tile");
}

static void what_is_not_known_is_refused(void **state) {
    (void)state;
    struct graph graph = {0};
    struct op op = {.kind = OP_UNKNOWN, .name = "n", .type_name = "Strange"};
    struct shape shape;
    enum dtype dtype;
    assert_int_equal(op_shape(&graph, &op, NULL, 8, 8, &shape), STATUS_BAD_INPUT);
    assert_string_equal(status_message(),
                        "operator Strange, node 'n': this operator is not supported");
    assert_int_equal(status_reason(), REASON_OPERATOR);
    assert_int_equal(op_dtype(&op, NULL, &dtype), STATUS_BAD_INPUT);
    assert_true(operator_of(OP_UNKNOWN)->of_shapes); /* no finished graph has it */
    assert_int_equal(op_evaluate(&op, NULL, &(struct value){0}), STATUS_BAD_INPUT);
}

static void costs_follow_the_shapes(void **state) {
    (void)state;
    const struct shape shapes[] = {{4, {1, 3, 8, 8}}, {4, {16, 3, 3, 3}}, {4, {1, 16, 8, 8}}};
    struct op op = {.kind = OP_CONV, .n_inputs = 2, .inputs = {0, 1}, .window = {.group = 1}};
    uint64_t taps = 3 * 3 * 3;
    assert_true(op_multiplies(&op));
    assert_int_equal(op_multiply_adds(&op, shapes, &shapes[2]), 16 * 64 * taps);
    assert_int_equal(op_steps(&op, shapes, &shapes[2]),
                     500 + 16 * 64 * 20 + 20 * 16 * 8 * taps + 16 * 64 * taps);
    op = (struct op){.kind = OP_MAX_POOL, .n_inputs = 1, .window = {.kernel = {5, 5}}};
    assert_false(op_multiplies(&op));
    assert_int_equal(op_multiply_adds(&op, shapes, &shapes[0]), 3 * 64 * 25);
    op = (struct op){.kind = OP_BINARY, .binary = BINARY_POW, .n_inputs = 2, .inputs = {0, 0}};
    assert_int_equal(op_steps(&op, shapes, &shapes[0]), 500 + 192 * 100 + 20 * 24 + 192);
    op = (struct op){.kind = OP_CONCAT, .axis = 1, .n_inputs = 2, .inputs = {0, 2}};
    const struct shape none = {4, {1, 0, 8, 8}};
    assert_int_equal(op_steps(&op, shapes, &none), 500);
    uint64_t left = 10;
    assert_true(steps_spend(&left, 10));
    assert_false(steps_spend(&left, 1));
    assert_int_equal(left, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_complete),
        cmocka_unit_test(what_is_not_known_is_refused),
        cmocka_unit_test(costs_follow_the_shapes),
    };
    return RUN_TESTS(tests);
}
