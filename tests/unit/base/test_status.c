/* A failure's message and reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/status.h"

static void test_message(void **state) {
    (void)state;
    assert_int_equal(FAIL(STATUS_BAD_INPUT, "%s: %d", "a", 1), STATUS_BAD_INPUT);
    assert_string_equal(status_message(), "a: 1");
    assert_int_equal(FAIL(STATUS_FAILED, "b: %s", status_message()), STATUS_FAILED);
    assert_string_equal(status_message(), "b: a: 1");
    assert_int_equal(status_prefix(STATUS_FAILED, "%s: ", "c"), STATUS_FAILED);
    assert_string_equal(status_message(), "c: b: a: 1");
}

static void test_reason(void **state) {
    (void)state;
    enum status status = FAIL_FOR(REASON_MEMORY, STATUS_FAILED, "%zu bytes", (size_t)7);
    assert_int_equal(status, STATUS_FAILED);
    assert_string_equal(status_message(), "7 bytes");
    assert_int_equal(status_reason(), REASON_MEMORY);
    assert_true(status_is_for(REASON_MEMORY, status));
    assert_false(status_is_for(REASON_OPERATOR, status));
    assert_false(status_is_for(REASON_MEMORY, STATUS_OK));
    (void)status_prefix(status, "GPU 0: ");
    assert_int_equal(status_reason(), REASON_MEMORY);
    (void)FAIL(STATUS_FAILED, "out of device memory: by its words alone");
    assert_int_equal(status_reason(), REASON_OTHER);
}

static void *other_thread(void *unused) {
    (void)unused;
    (void)FAIL_FOR(REASON_OPERATOR, STATUS_BAD_INPUT, "another thread's");
    return NULL;
}

static void test_threads_have_their_own(void **state) {
    (void)state;
    pthread_t thread;
    (void)FAIL_FOR(REASON_MEMORY, STATUS_FAILED, "mine");
    assert_int_equal(pthread_create(&thread, NULL, other_thread, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_string_equal(status_message(), "mine");
    assert_int_equal(status_reason(), REASON_MEMORY);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message),
        cmocka_unit_test(test_reason),
        cmocka_unit_test(test_threads_have_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
