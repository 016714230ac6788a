/* Which backend --device comes to, and plug-ins: where they are looked for, and which are refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "job/devices.h"
#include "job/plugins.h"
#include "unit.h"

/* Of this table's plug-in: whether its device is here, by a file that is there or is not. */
static const char *signs[2];

static const struct backend_interface fake = {.name = "fake",
                                              .prefix = "FAKE",
                                              .uses_gpus = true,
                                              .library = "fake.so",
                                              .signs = signs,
                                              .without = "built without it"};
static const struct backend_interface broken = {.name = "broken",
                                                .prefix = "FAKE",
                                                .uses_gpus = true,
                                                .library = "nowhere.so",
                                                .signs = signs,
                                                .without = "built without it"};

static enum status plain_available(const int *devices, size_t n_devices) {
    (void)devices;
    return n_devices == 0 ? STATUS_OK : FAIL(STATUS_BAD_INPUT, "no numbers");
}

static const struct backend_interface plain = {
    .name = "plain", .prefix = "CPU", .available = plain_available};

const struct backend_interface *const backends[] = {&broken, &fake, &plain, NULL};

static int set_up(void **state) {
    (void)state;
    signs[0] = "/dev/null";
    return setenv("VERIFY_PLUGIN_DIR", PLUGINS, 1);
}

static void read_text(const char *text, struct devices *devices) {
    if (devices_read(text, devices) != STATUS_OK)
        fail_msg("%s: %s", text, status_message());
}

static void test_choices_are_the_tables(void **state) {
    (void)state;
    struct text choices = {0};
    struct devices devices;
    devices_choices("|", &choices);
    assert_string_equal(choices.data, "auto|plain|fake|broken");
    text_free(&choices);
    read_text("auto", &devices);
    assert_string_equal(devices.backend, "auto");
    read_text("plain", &devices);
    assert_string_equal(devices.backend, "plain");
    read_text("0,1", &devices); /* the best with numbers */
    assert_string_equal(devices.backend, "broken");
    read_text("fake:1,0", &devices);
    assert_string_equal(devices.backend, "fake");
    assert_int_equal(devices.count, 2);
    assert_int_equal(devices_read("fake:1,broken:0", &devices), STATUS_BAD_INPUT);
    assert_int_equal(devices_read("plain:0", &devices), STATUS_BAD_INPUT);
    assert_int_equal(devices_read("cuda", &devices), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "'cuda' is not one of auto|plain|fake|broken, nor"));
}

static int choose(const char *text, const struct backend_interface **out, char lacks[512]) {
    struct devices devices;
    read_text(text, &devices);
    return devices_choose(&devices, out, lacks, 512);
}

static void test_asked_for(void **state) {
    (void)state;
    const struct backend_interface *chosen;
    char lacks[512] = "stale";
    assert_int_equal(choose("plain", &chosen, lacks), 2);
    assert_ptr_equal(chosen, &plain);
    assert_string_equal(lacks, "");
    assert_int_equal(choose("fake", &chosen, lacks), 1);
    assert_ptr_not_equal(chosen, &fake);
    assert_string_equal(chosen->name, "fake");
    assert_int_equal(chosen->available(NULL, 0), STATUS_OK);
    signs[0] = "/nowhere"; /* whoever asks by name is told why not, whatever the signs say */
    assert_int_equal(choose("broken", &chosen, lacks), -1);
    assert_string_equal(lacks, "");
    assert_non_null(
        strstr(status_message(), "built without it (nowhere.so is not in " PLUGINS ", "));
    assert_int_equal(choose("fake", &chosen, lacks), 1);
}

static void test_auto(void **state) {
    (void)state;
    const struct backend_interface *chosen;
    char lacks[512] = "stale";
    assert_int_equal(choose("auto", &chosen, lacks), 1);
    assert_string_equal(chosen->name, "fake");
    assert_non_null(strstr(lacks, "nowhere.so is not in"));
    signs[0] = "/nowhere";
    assert_int_equal(choose("auto", &chosen, lacks), 2);
    assert_string_equal(lacks, "");
    signs[0] = "libnowhere.so.1";
    assert_int_equal(choose("auto", &chosen, lacks), 2);
    signs[0] = "libm.so.6";
    assert_int_equal(choose("auto", &chosen, lacks), 1);
}

static void *fail_in_plugin(void *interface) {
    const int device = 7;
    const struct backend_interface *plugin = interface;
    assert_int_equal(plugin->available(&device, 1), STATUS_BAD_INPUT);
    assert_string_equal(status_message(), "the plug-in has no device 7");
    assert_int_equal(status_reason(), REASON_MEMORY);
    return NULL;
}

/* A plug-in's failures are the program's, in each thread. */
static void test_messages_come_back(void **state) {
    (void)state;
    const struct backend_interface *chosen;
    char lacks[512];
    pthread_t thread;
    assert_int_equal(choose("fake", &chosen, lacks), 1);
    (void)FAIL(STATUS_FAILED, "mine");
    assert_int_equal(pthread_create(&thread, NULL, fail_in_plugin, (void *)chosen), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_string_equal(status_message(), "mine");
    (void)fail_in_plugin((void *)chosen);
    (void)status_prefix(STATUS_FAILED, "--device 7: ");
    assert_string_equal(status_message(), "--device 7: the plug-in has no device 7");
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        const char *library, *said[3];
    } cases[] = {
        {"other_version.so",
         {PLUGINS "/other_version.so is of verify 9.9 (abc), and this", "both"}},
        {"other_sizes.so", {"was built from other sources", "build both again"}},
        {"empty.so", {"/empty.so is no plug-in of verify"}},
        {"needs.so",
         {"/needs.so cannot be opened: ", "libgone.so: cannot open", "LD_LIBRARY_PATH"}},
        {"undefined.so", {"/undefined.so cannot be opened: ", "symbol: gone_function"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct backend_interface row = fake;
        const struct backend_interface *out;
        row.library = cases[i].library;
        assert_int_equal(plugin_open(&row, &out), STATUS_BAD_INPUT);
        assert_ptr_equal(out, &row);
        assert_non_null(strstr(status_message(), "--device cpu"));
        for (size_t k = 0; k < 3 && cases[i].said[k]; k++)
            if (!strstr(status_message(), cases[i].said[k]))
                fail_msg("\"%s\" is not in \"%s\"", cases[i].said[k], status_message());
    }
    struct backend_interface other = fake;
    const struct backend_interface *out;
    other.name = "other";
    assert_int_equal(plugin_open(&other, &out), STATUS_BAD_INPUT);
}

/* Without the variable, where the program is. */
static void test_folders(void **state) {
    (void)state;
    const struct backend_interface *out;
    assert_int_equal(unsetenv("VERIFY_PLUGIN_DIR"), 0);
    assert_int_equal(plugin_open(&broken, &out), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "(nowhere.so is not in " PROGRAM_FOLDER ", "));
    assert_non_null(strstr(status_message(), "/lib/verify-labels)"));
    assert_int_equal(plugin_open(&fake, &out), STATUS_BAD_INPUT);
    assert_int_equal(plugin_open(&plain, &out), STATUS_OK);
    assert_ptr_equal(out, &plain);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_choices_are_the_tables, set_up),
        cmocka_unit_test_setup(test_asked_for, set_up),
        cmocka_unit_test_setup(test_auto, set_up),
        cmocka_unit_test_setup(test_messages_come_back, set_up),
        cmocka_unit_test_setup(test_refused, set_up),
        cmocka_unit_test_setup(test_folders, set_up),
    };
    return RUN_TESTS(tests);
}
