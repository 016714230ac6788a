/* A rank's threads, over a backend that wants pictures of one kind in a batch. */
#include "unit.h"
#include "verify_rig.h"

/* Images of several networks in one list: whole batches of one network's each, but for what is left
 * at the end, and where a rare one would hold up the others; records in list order all the same. */
static void test_batches_are_of_one_kind(void **state) {
    (void)state;
    enum { SETS = 4, BATCH = 4, RARE = 31 };
    static const struct model model = {.stride = 32};
    static const struct backend_network networks[SETS] = {{.model = &model, .imgsz = 64},
                                                          {.model = &model, .imgsz = 64},
                                                          {.model = &model, .imgsz = 64},
                                                          {.model = &model, .imgsz = 64}};
    for (size_t i = 0; i < 2 * DEPTHS; i++) {
        struct rig rig;
        struct verify *verify;
        struct verify_progress progress = {0};
        uint8_t set_of[10 + 2 * IMAGES] = {0};
        int n_of[SETS] = {0}, least = 0;
        rig_make(&rig, 1 + i % DEPTHS, 3, 2);
        for (int k = 0; k < IMAGES; k++) {
            uint8_t set = k == RARE ? SETS - 1 : (uint8_t)(k * k / 7 % (SETS - 1));
            set_of[10 + 2 * k] = set;
            n_of[set] += k % 10 != 9;
        }
        for (size_t k = 0; k < SETS; k++)
            least += (n_of[k] + BATCH - 1) / BATCH;
        rig.job.networks = networks;
        rig.job.set_of = set_of;
        rig.job.slots = 64;
        rig.job.window = 40;
        rig.job.patience = 60;
        rig.backend.delay = i < DEPTHS ? 0 : 400;
        assert_int_equal(verify_start(&rig.job, rig.work, &rig.tally, &verify), STATUS_OK);
        work_close(rig.work);
        wait_for_end(verify, &progress);
        assert_int_equal(progress.status, STATUS_OK);
        assert_int_equal(verify_join(verify, NULL), STATUS_OK);
        assert_in_range(rig.backend.runs, least, least + 1);
        assert_int_equal(rig.backend.runs, rig.backend.submits);
        check_records_in_order(&rig);
        rig_free(&rig);
    }
}

/* Images that come late or not at all hold up nobody for long. */
static void test_who_waits_is_not_forgotten(void **state) {
    (void)state;
    struct rig rig;
    struct verify *verify;
    struct verify_progress progress = {0};
    rig_make(&rig, 2, 2, 1);
    rig.job.slots = 400;
    rig.job.window = 350;
    rig.job.patience = 0.02;
    assert_int_equal(verify_start(&rig.job, rig.work, &rig.tally, &verify), STATUS_OK);
    do { /* more may come, from other processes */
        progress.notes[0] = '\0';
        verify_poll(verify, &progress);
        pause_for(500);
    } while (progress.done < IMAGES);
    work_close(rig.work);
    wait_for_end(verify, &progress);
    assert_int_equal(verify_join(verify, NULL), STATUS_OK);
    rig_free(&rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches_are_of_one_kind),
        cmocka_unit_test(test_who_waits_is_not_forgotten),
    };
    return RUN_TESTS(tests);
}
