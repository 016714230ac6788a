/* For tests: a call that must succeed. After cmocka.h. */
#ifndef VERIFY_TEST_ASSERT_OK_H
#define VERIFY_TEST_ASSERT_OK_H

#include "base/status.h"

#define ASSERT_OK(call)                                                                            \
    do {                                                                                           \
        if ((call) != STATUS_OK)                                                                   \
            fail_msg("%s", status_message());                                                      \
    } while (0)

#endif
