/* When a model's own word and --data are taken for the same data set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "job/trained.h"

static const struct {
    const char *trained_on, *data;
    bool same;
} cases[] = {
    {"plates.yaml", "/home/me/plates.yaml", true},
    {"/content/plates.yaml", "/home/me/plates.yaml", true},
    {"C:\\sets\\plates-3\\data.yaml", "/home/me/plates-3/data.yaml", true},
    {"/content/plates-3/data.yaml", "/home/me/other/data.yaml", true}, /* it may be a copy */
    {"data.yaml", "/home/me/plates/data.yaml", true},
    {"coco128.yaml", "/sets/coco128/data.yaml", true},
    {"coco128.yaml", "/sets/coco128", true},
    {"coco128.yaml", "/sets/coco128/images/train", true},
    {"/content/plates-3/data.yaml", "/home/me/plates-3/train.txt", true},
    {"/x/plates/", "/home/me/plates", true},
    {"../data/plates.yaml", "/home/me/plates.yml", true},
    {"coco.yaml", "/sets/coco128/data.yaml", false},
    {"coco.yaml", "/sets/coco128.yaml", false},
    {"/home/me/folds/fold1.yaml", "/home/me/plates/data.yaml", false},
    {"/home/me/plates/folds/fold1.yaml", "/home/me/plates/data.yaml", false},
    {"data.yaml", "/data/images", false},
    {"plates", "/home/me/Plates2", false},
    {"", "/data", false},
    {"/", "/", false},
};

static void compares_names(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (trained_on_same(cases[i].trained_on, cases[i].data) != cases[i].same)
            fail_msg("'%s' and '%s'", cases[i].trained_on, cases[i].data);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(compares_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
