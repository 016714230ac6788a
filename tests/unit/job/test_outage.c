/* A file system that is away, told from files that cannot be read by themselves. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "assert_ok.h"
#include "base/special.h"
#include "job/outage.h"
#include "temp_folder.h"
#include "unit.h"

struct rig {
    char *folder;
    const char *images, *image, *label;
    struct outage *outage;
};

static struct rig rig_make(void) {
    struct rig rig = {.folder = temp_folder_make(NULL)};
    rig.images = below(rig.folder, "images");
    rig.image = below(rig.images, "a.jpg");
    rig.label = below(rig.folder, "labels/a.txt");
    file_make(rig.image, "x");
    file_make(rig.label, "");
    ASSERT_OK(outage_make(rig.images, &rig.outage));
    return rig;
}

static void rig_free(struct rig *rig) {
    outage_free(rig->outage);
    temp_folder_remove(rig->folder);
}

/* `count` errors in a row: each is its file's own affair. */
static void assert_own(struct rig *rig, enum outage_files files, int error, int count) {
    for (int i = 0; i < count; i++)
        ASSERT_OK(outage_error(rig->outage, files, "/some/file", error));
}

static void assert_away(struct rig *rig, enum outage_files files, int error, const char *says) {
    assert_int_equal(outage_error(rig->outage, files, "/some/file", error), STATUS_FAILED);
    const char *message = status_message();
    assert_int_equal(strncmp(message, "/some/file: cannot be read: ", 28), 0);
    assert_non_null(strstr(message, strerror(error)));
    assert_non_null(strstr(message, says));
    assert_non_null(strstr(message, "--resume"));
}

static void test_devices_and_servers(void **state) {
    (void)state;
    const int errors[] = {EIO,       ETIMEDOUT, ENOTCONN, EHOSTDOWN, EKEYEXPIRED,
                          EREMOTEIO, ESTALE,    ENODEV,   ENXIO,     ECONNREFUSED};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        struct rig rig = rig_make();
        assert_true(outage_is_hard(errors[i]));
        assert_own(&rig, OUTAGE_IMAGES, errors[i], OUTAGE_MOST - 1);
        outage_read(rig.outage, OUTAGE_IMAGES, rig.image);
        assert_own(&rig, OUTAGE_IMAGES, errors[i], OUTAGE_MOST - 1);
        /* What says nothing of the device does not make it well. */
        assert_own(&rig, OUTAGE_IMAGES, ENOENT, 3);
        outage_read(rig.outage, OUTAGE_LABELS, rig.label);
        assert_away(&rig, OUTAGE_IMAGES, errors[i], "none between was read");
        assert_non_null(strstr(status_message(), "leave them out of the list"));
        rig_free(&rig);
    }
}

static void test_files_that_do_not_exist(void **state) {
    (void)state;
    const int errors[] = {ENOENT, ENOTDIR, EACCES, EPERM, ELOOP, ENAMETOOLONG};
    struct rig rig = rig_make();
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        assert_false(outage_is_hard(errors[i]));
        assert_own(&rig, OUTAGE_IMAGES, errors[i], 5 * OUTAGE_MOST + 3); /* none was read yet */
    }
    outage_read(rig.outage, OUTAGE_IMAGES, rig.image);
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        assert_own(&rig, OUTAGE_IMAGES, errors[i], 5 * OUTAGE_MOST + 3);
    /* Somebody removed the very file that was read. */
    assert_int_equal(unlink(rig.image), 0);
    assert_own(&rig, OUTAGE_IMAGES, ENOENT, 2 * OUTAGE_MOST);
    rig_free(&rig);
}

static void test_what_was_there_is_away(void **state) {
    (void)state;
    struct rig rig = rig_make();
    outage_read(rig.outage, OUTAGE_IMAGES, rig.image);
    assert_int_equal(rename(rig.images, below(rig.folder, "away")), 0);
    assert_own(&rig, OUTAGE_IMAGES, ENOENT, OUTAGE_MOST - 1);
    assert_away(&rig, OUTAGE_IMAGES, ENOENT, rig.image);
    rig_free(&rig);
}

/* A mount point with nothing mounted, on a machine where nothing was ever read. */
static void test_nothing_was_ever_there(void **state) {
    (void)state;
    struct rig rig = rig_make();
    assert_int_equal(unlink(rig.image), 0);
    assert_own(&rig, OUTAGE_IMAGES, ENOENT, OUTAGE_MOST - 1);
    assert_away(&rig, OUTAGE_IMAGES, ENOENT, rig.images);
    rig_free(&rig);

    rig = rig_make();
    assert_int_equal(rename(rig.images, below(rig.folder, "away")), 0);
    assert_own(&rig, OUTAGE_IMAGES, ENOENT, OUTAGE_MOST - 1);
    assert_away(&rig, OUTAGE_IMAGES, ENOENT, rig.images);
    rig_free(&rig);

    rig = rig_make();
    outage_free(rig.outage);
    ASSERT_OK(outage_make(NULL, &rig.outage));
    assert_own(&rig, OUTAGE_IMAGES, ENOENT, 3 * OUTAGE_MOST);
    ASSERT_OK(outage_error(NULL, OUTAGE_IMAGES, "/some/file", EIO));
    outage_read(NULL, OUTAGE_IMAGES, rig.image);
    rig_free(&rig);
}

/* A socket cannot be opened: nothing can be told from that. */
static void test_what_is_no_file(void **state) {
    (void)state;
    struct rig rig = rig_make();
    const char *name = below(rig.images, "socket.jpg");
    assert_int_equal(mknod(name, S_IFSOCK | 0600, 0), 0);
    assert_true(special_is_why(name, ENXIO));
    assert_false(special_is_why(name, EIO));
    assert_false(special_is_why(rig.image, ENXIO));
    assert_false(special_is_why(below(rig.images, "absent.jpg"), ENXIO));
    outage_read(rig.outage, OUTAGE_IMAGES, name);
    assert_own(&rig, OUTAGE_IMAGES, ENOENT, 2 * OUTAGE_MOST);
    outage_read(rig.outage, OUTAGE_LABELS, name);
    assert_own(&rig, OUTAGE_LABELS, ENOENT, 2);
    rig_free(&rig);
}

/* A label file that is not there makes an image one of the background: at once, or not at all. */
static void test_labels(void **state) {
    (void)state;
    struct rig rig = rig_make();
    assert_own(&rig, OUTAGE_LABELS, ENOENT, 3 * OUTAGE_MOST);
    outage_read(rig.outage, OUTAGE_LABELS, rig.label);
    assert_own(&rig, OUTAGE_LABELS, ENOENT, 3 * OUTAGE_MOST);
    assert_int_equal(rename(below(rig.folder, "labels"), below(rig.folder, "away")), 0);
    outage_read(rig.outage, OUTAGE_IMAGES, rig.image);
    assert_own(&rig, OUTAGE_LABELS, EACCES, OUTAGE_MOST - 1);
    assert_away(&rig, OUTAGE_LABELS, ENOENT, rig.label);
    rig_free(&rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_devices_and_servers),
        cmocka_unit_test(test_files_that_do_not_exist),
        cmocka_unit_test(test_what_was_there_is_away),
        cmocka_unit_test(test_nothing_was_ever_there),
        cmocka_unit_test(test_what_is_no_file),
        cmocka_unit_test(test_labels),
    };
    return RUN_TESTS(tests);
}
