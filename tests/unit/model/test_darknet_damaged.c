/* Darknet files that are damaged, hostile or not supported: each is refused quickly with a line
 * that says where. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#include "damage.h"
#include "darknet_files.h"
#include "unit.h"

#define CONV(options) "[convolutional]\nsize=1\nactivation=linear\n" options
#define SECONDS       1.0

/* Of this process's CPU: others may run beside it. */
static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Refused within a second of the CPU, the message containing `says`. */
static void refuse(const char *folder, const char *cfg, const struct weights *weights,
                   const char *says) {
    struct model model;
    double begin = now();
    assert_refused(darknet_load(folder, cfg, weights, &model), says);
    if (now() - begin > SECONDS)
        fail_msg("it took %.1f s to say \"%s\"", now() - begin, says);
}

static const struct {
    const char *cfg, *says;
} cases[] = {
    /* the text */
    {"[net", "line 1: '[net' begins a section without ending it"},
    {"[net]\nwidth", "line 2: 'width' is neither [section] nor key=value"},
    {"[net]\n=3", "line 2: '=3'"},
    {"a=b\n[net]\n", "line 1: 'a=b' stands before the first section"},
    {"\n\n#[net]\n", "has no sections"},
    {"[convolutional]\n" NET, "line 1, [convolutional]: a .cfg begins with [net]"},
    {"[]\n", "line 1, []: a .cfg begins"},
    {"[\n", "line 1: '['"},
    {NET "[\x1b[31m]\n", "[?[31m]: is not supported"},
    /* [net] */
    {"[net]\n" MAP YOLO, "line 1, [net]: width= is missing"},
    {"[net]\nwidth=64\n" MAP YOLO, "line 1, [net]: height= is missing"},
    {"[net]\nwidth=-64\nheight=64\n", "line 2, [net]: width=-64: a whole number from 1"},
    {"[net]\nwidth=0\nheight=64\n", "line 2, [net]: width=0"},
    {"[net]\nwidth=\nheight=64\n", "line 2, [net]: width=:"},
    {"[net]\nwidth=nan\nheight=64\n", "width=nan"},
    {"[net]\nwidth=inf\nheight=64\n", "width=inf"},
    {"[net]\nwidth=0x40\nheight=64\n", "width=0x40"},
    {"[net]\nwidth=64.5\nheight=64\n", "width=64.5"},
    {"[net]\nwidth=64,64\nheight=64\n", "line 2, [net]: width has more than 1 value"},
    {"[net]\nwidth=1e300\nheight=64\n", "width=1e300"},
    {"[net]\nwidth=99999999999999999999999\nheight=64\n", "width=99999999999"},
    {"[net]\nwidth=64\nheight=64\nchannels=1\n" MAP YOLO, "line 4, [net]: channels=1"},
    {NET, "has no [yolo] section"},
    {NET MAP, "has no [yolo] section"},
    {NET YOLO, "line 5, [yolo]: there is no layer before it"},
    {NET MAP "[region]\n", "line 9, [region]: is not supported; convolutional"},
    {NET MAP "[net]\n", "line 9, [net]: is not supported"},
    {NET MAP "[Yolo]\n", "line 9, [Yolo]: is not supported"},
    {NET MAP "[connected]\noutput=10\n", "line 9, [connected]: is not supported"},
    /* convolutions */
    {NET CONV("filters=0\n"), "line 8, [convolutional]: filters=0: a whole number from 1"},
    {NET CONV("filters=-1\n"), "filters=-1"},
    {NET CONV("filters=4000000000\n"), "filters=4000000000"},
    {NET CONV("filters=7x\n"), "filters=7x"},
    {NET CONV("stride=0\n"), "line 8, [convolutional]: stride=0"},
    {NET CONV("stride=-2\n"), "stride=-2"},
    {NET CONV("stride_x=0\n"), "stride_x=0"},
    {NET "[conv]\nsize=0\n", "line 6, [conv]: size=0"},
    {NET "[conv]\nsize=-3\n", "size=-3"},
    {NET "[conv]\nsize=2147483647\n", "size=2147483647"},
    {NET "[conv]\nsize=65\n", "line 5, [conv]: its window is larger than the map of 64x64"},
    {NET "[conv]\nsize=255\ndilation=255\n", "its window is larger"},
    {NET CONV("pad=2\n"), "pad=2"},
    {NET CONV("padding=-1\n"), "padding=-1"},
    {NET CONV("groups=0\n"), "groups=0"},
    {NET CONV("groups=2\nfilters=2\n"), "groups=2 does not divide the 3 channels"},
    {NET CONV("groups=3\nfilters=7\n"),
     "groups=3 does not divide the 3 channels before it and its 7"},
    {NET CONV("dilation=0\n"), "dilation=0"},
    {NET CONV("batch_normalize=2\n"), "batch_normalize=2"},
    {NET "[conv]\nactivation=stair\n", "line 5, [conv]: activation=stair is not supported; linear"},
    {NET "[conv]\nactivation=\n", "activation= is not supported"},
    {NET CONV("xnor=1\n"), "line 8, [convolutional]: xnor=1 is not supported"},
    {NET CONV("share_index=0\n"), "share_index=0 is not supported"},
    {NET CONV("dontload=1\n"), "dontload=1 is not supported"},
    /* pools and upsampling */
    {NET "[maxpool]\nsize=0\n", "line 6, [maxpool]: size=0"},
    {NET "[maxpool]\nsize=2\npadding=3\n", "padding=3: a whole number from 0 to 2"},
    {NET "[maxpool]\nsize=2\npadding=-1\n", "padding=-1"},
    {NET "[maxpool]\nsize=65\npadding=0\n", "its window is larger"},
    {NET "[maxpool]\nmaxpool_depth=1\n", "maxpool_depth=1 is not supported"},
    {NET "[upsample]\nstride=0\n", "line 6, [upsample]: stride=0"},
    {NET "[upsample]\nstride=-2\n", "stride=-2"},
    {NET "[upsample]\nscale=2\n", "scale=2"},
    {NET "[upsample]\nstride=64\n[upsample]\nstride=64\n",
     "line 7, [upsample]: its map of 3x262144"},
    {NET CONV("filters=65536\n") "[upsample]\nstride=64\n", "is too large"},
    /* layers that name others */
    {NET "[route]\n", "line 5, [route]: layers= is missing"},
    {NET "[route]\nlayers=-1\n", "line 5, [route]: layers: -1 is not a layer before this one"},
    {NET "[route]\nlayers=0\n", "layers: 0 is not a layer before this one, which is 0"},
    {NET MAP "[route]\nlayers=1\n", "line 9, [route]: layers: 1 is not a layer before this one"},
    {NET MAP "[route]\nlayers=7\n", "layers: 7 is not a layer"},
    {NET MAP "[route]\nlayers=-2\n", "layers: -2 is not a layer"},
    {NET MAP "[route]\nlayers=-2147483648\n", "layers: -2147483648 is not a layer"},
    {NET MAP "[route]\nlayers=-2147483649\n", "layers=-2147483649: a whole number"},
    {NET MAP "[route]\nlayers=,\n", "layers=,"},
    {NET MAP "[route]\nlayers=0,,0\n", "layers=0,,0"},
    {NET MAP "[route]\nlayers=0.5\n", "layers=0.5"},
    {NET MAP "[route]\nlayers=0\ngroups=2\n", "groups=2 does not divide 7 channels"},
    {NET MAP "[route]\nlayers=0\ngroups=0\n", "groups=0"},
    {NET MAP "[route]\nlayers=0\ngroups=7\ngroup_id=7\n", "group_id=7: a whole number from 0 to 6"},
    {NET MAP "[route]\nlayers=0\ngroup_id=-1\n", "group_id=-1"},
    {NET MAP "[maxpool]\nstride=2\n[route]\nlayers=0,1\n",
     "line 11, [route]: layers: maps of 64x64"},
    {NET MAP YOLO "[route]\nlayers=-1\n", "line 14, [route]: layers: -1 is a [yolo] layer"},
    {NET MAP YOLO CONV(""), "line 14, [convolutional]: stands behind a [yolo] layer"},
    {NET "[shortcut]\n", "line 5, [shortcut]: from= is missing"},
    {NET MAP "[shortcut]\nfrom=1\n", "line 9, [shortcut]: from: 1 is not a layer"},
    {NET MAP "[shortcut]\nfrom=-1,-1,5\n", "from: 5 is not a layer"},
    {NET MAP CONV("filters=8\n") "[shortcut]\nfrom=-2\n",
     "a map of 7x64x64 cannot be added to one of 8x"},
    {NET MAP "[shortcut]\nfrom=0\nweights_type=per_feature\n", "weights_type=per_feature"},
    /* [yolo] */
    {NET CONV("filters=8\n") YOLO, "1 anchors and classes=2 need filters=7 in the section before"},
    {NET MAP "[yolo]\n", "anchors= has 0 numbers, num=1 needs 2"},
    {NET MAP "[yolo]\nanchors=1,2,3\nnum=1\n", "anchors= has 3 numbers, num=1 needs 2"},
    {NET MAP "[yolo]\nanchors=1,0\n", "line 10, [yolo]: anchors=1,0: a number from 0.01"},
    {NET MAP "[yolo]\nanchors=1,-2\n", "anchors=1,-2"},
    {NET MAP "[yolo]\nanchors=nan,2\n", "anchors=nan,2"},
    {NET MAP "[yolo]\nanchors=1,1e39\n", "anchors=1,1e39"},
    {NET MAP "[yolo]\nnum=0\n", "num=0"},
    {NET MAP "[yolo]\nnum=1000000000\n", "num=1000000000"},
    {NET MAP "[yolo]\nanchors=1,2\nmask=1\n",
     "line 11, [yolo]: mask=1: a whole number from 0 to 0"},
    {NET MAP "[yolo]\nanchors=1,2\nmask=-1\n", "mask=-1"},
    {NET MAP "[yolo]\nanchors=1,2\nmask=0,0,0,0,0,0,0,0,0\n", "mask has more than 8 values"},
    {NET MAP "[yolo]\nnum=9\nanchors=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18\n",
     "9 anchors; 8 at most are supported"},
    {NET MAP "[yolo]\nanchors=1,2\nclasses=0\n", "classes=0"},
    {NET MAP "[yolo]\nanchors=1,2\nclasses=-1\n", "classes=-1"},
    {NET MAP "[yolo]\nanchors=1,2\nclasses=1000000000\n", "classes=1000000000"},
    {NET MAP YOLO "scale_x_y=0\n", "scale_x_y=0"},
    {NET MAP YOLO "scale_x_y=nan\n", "line 14, [yolo]: scale_x_y=nan"},
    {NET MAP YOLO "new_coords=1\n", "new_coords=1 needs activation=logistic"},
    {NET "[conv]\nfilters=7\n" YOLO "new_coords=1\nscale_x_y=1.2\n",
     "scale_x_y=1.2 is not supported"},
};

static void test_cases(void **state) {
    struct weights weights;
    weights_header(&weights, 0, 2, true);
    weights_floats(&weights, 28, -1, 2);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refuse(*state, cases[i].cfg, &weights, cases[i].says);
}

/* What only shows when weights of the right length are there. */
static void test_heads(void **state) {
    static const char last[] = "[conv]\nfilters=8\nsize=1\nactivation=linear\n"
                               "[yolo]\nanchors=1,2\nclasses=3\n";
    struct weights weights;
    weights_header(&weights, 0, 2, true);
    weights_floats(&weights, 28 + 8 * 8, -1, 2);
    char cfg[1024];
    snprintf(cfg, sizeof cfg, "%s[route]\nlayers=0\n%s", NET MAP YOLO, last);
    refuse(*state, cfg, &weights, "line 20, [yolo]: classes=3; the [yolo] layer before has 2");
    weights.length = 20 + 4 * 28;
    snprintf(cfg, sizeof cfg, "[net]\nwidth=65\nheight=65\n%s[maxpool]\nstride=2\n%s", MAP, YOLO);
    refuse(*state, cfg, &weights, "[yolo]: a map of 33x33 is not a whole part of [net]'s 65x65");
    snprintf(cfg, sizeof cfg, "[net]\nwidth=64\nheight=32\n%s[maxpool]\nstride_x=2\nsize=1\n%s",
             MAP, YOLO);
    refuse(*state, cfg, &weights, "[yolo]: a map of 32x32 is not a whole part of [net]'s 64x32");
    snprintf(cfg, sizeof cfg, "%s[upsample]\n%s", NET MAP, YOLO);
    refuse(*state, cfg, &weights, "[yolo]: a map of 128x128 is not a whole part");
    size_t used = (size_t)snprintf(cfg, sizeof cfg, "%s", NET MAP YOLO);
    for (size_t i = 0; i < GRAPH_LEVELS; i++)
        used += (size_t)snprintf(cfg + used, sizeof cfg - used, "[route]\nlayers=0\n%s", YOLO);
    refuse(*state, cfg, &weights, "the head has more than 8 levels");
}

/* A text of many equal parts. */
static char *repeated(const char *first, const char *part, size_t times, const char *last) {
    size_t length = strlen(part), used = strlen(first);
    char *text = malloc(used + times * length + strlen(last) + 1);
    assert_non_null(text);
    memcpy(text, first, used);
    for (size_t i = 0; i < times; i++, used += length)
        memcpy(text + used, part, length);
    strcpy(text + used, last);
    return text;
}

static void test_large(void **state) {
    static const struct {
        const char *first, *part;
        size_t times;
        const char *last, *says;
    } large[] = {
        {NET, "[conv]\n", 4096, "", "line 4100: more than 4096 sections"},
        {NET, "a", 1 << 20, "\n", "a text of 1048576 at most"},
        {NET, "a=b\n", 250000, "[yolo]\n", "there is no layer before it"},
        {NET MAP "[route]\nlayers=0", ",0", 64, "\n", "line 10, [route]: layers has more than 64"},
        {NET MAP "[yolo]\nanchors=1", ",1", 64, "\n", "anchors has more than 64 values"},
        {NET, "[", 100000, "\n", "begins a section without ending it"},
        {NET, "9", 100000, "\n", "neither [section] nor key=value"},
        {NET "[conv]\nfilters=", "9", 100000, "\n", "filters=9999"},
        {NET "[", "n", 100000, "]\n", "is not supported"},
        /* 64 times as many channels with each layer; as many weights as could be */
        {NET MAP, "[route]\nlayers=-1,-1,-1,-1,-1,-1,-1,-1\n", 20, "", "is too large"},
        {NET "[conv]\nfilters=65536\nsize=1\nstride=64\n",
         "[conv]\nfilters=65536\nsize=255\npad=1\n", 4000, MAP YOLO,
         "more than 1099511627776 weights"},
        {NET "[conv]\nfilters=65536\nsize=1\nstride=64\n", "[conv]\nfilters=65536\n", 100, MAP YOLO,
         "the .cfg needs 1718016016432"},
        /* Nothing is wrong with these but their end. */
        {NET MAP, "[conv]\nfilters=7\n", 4000, YOLO, "the .cfg needs 896132: it is cut short"},
        {NET MAP, "[shortcut]\nfrom=0\n", 4000, "", "has no [yolo] section"},
        {NET MAP, "[route]\nlayers=0\n[maxpool]\n", 2000, "", "has no [yolo] section"},
    };
    struct weights weights;
    weights_header(&weights, 0, 2, true);
    weights_floats(&weights, 28, -1, 2);
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
        char *cfg = repeated(large[i].first, large[i].part, large[i].times, large[i].last);
        refuse(*state, cfg, &weights, large[i].says);
        free(cfg);
    }
}

/* As many layers as may be, read to the end. */
static void test_deep(void **state) {
    static const char *const parts[] = {"[shortcut]\nfrom=0\nactivation=leaky\n",
                                        "[route]\nlayers=-1,0\n[route]\nlayers=-1\ngroups=2\n",
                                        "[maxpool]\n", "[dropout]\n"};
    struct weights weights;
    struct model model;
    weights_header(&weights, 0, 2, true);
    weights_floats(&weights, 28, -1, 2);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char *cfg = repeated(NET MAP, parts[i], i == 1 ? 2040 : 4090, YOLO);
        double begin = now();
        if (darknet_load(*state, cfg, &weights, &model) != STATUS_OK)
            fail_msg("%s", status_message());
        if (now() - begin > 3 * SECONDS)
            fail_msg("%.1f s for 4090 times %s", now() - begin, parts[i]);
        model_free(&model);
        free(cfg);
    }
}

struct pair {
    const char *folder;
    const struct weights *weights;
};

static bool load(void *context, const char *bytes, size_t length) {
    const struct pair *pair = context;
    struct model model;
    char *cfg = strndup(bytes, length);
    assert_non_null(cfg);
    bool good = darknet_load(pair->folder, cfg, pair->weights, &model) == STATUS_OK;
    if (good)
        model_free(&model);
    free(cfg);
    return good;
}

/* Every beginning of a valid pair, and every byte of the .cfg replaced by some others: refused or
 * read, but nothing else. */
static void test_cut_and_changed(void **state) {
    static const char good[] = NET "[conv]\nbatch_normalize=1\nfilters=6\nsize=3\npad=1\n"
                                   "activation=mish\n[route]\nlayers=-1\ngroups=2\n[upsample]\n"
                                   "[maxpool]\nsize=2\nstride=2\n[shortcut]\nfrom=1\n" MAP YOLO;
    static const char others[] = "\n-[9"; /* and NUL, where the text ends then */
    struct weights weights;
    weights_header(&weights, 0, 2, true);
    weights_floats(&weights, 6 * 31 + 7 * 4, 0.1f, 2);
    struct pair pair = {*state, &weights};
    assert_true(load(&pair, good, sizeof good - 1));
    size_t read = damage_each(good, sizeof good - 1, others, sizeof others, load, &pair);
    assert_true(read > 0 && read < (sizeof good - 1) * sizeof others / 2);
}

static void test_not_text(void **state) {
    struct model model;
    const char *path = below(*state, "m.cfg");
    file_make_bytes(path, NET "\0" MAP, sizeof NET + sizeof MAP);
    assert_refused(model_read(path, NULL, 64, &model), "is not text: it has a NUL byte");
    file_make_bytes(path, "", 0);
    assert_refused(model_read(path, NULL, 64, &model), "is empty");
    file_make(path, "\xEF\xBB\xBF" NET MAP YOLO);
    assert_refused(model_read(path, NULL, 64, &model), "--weights FILE");
}

static int make_folder(void **state) {
    *state = temp_folder_make(NULL);
    return 0;
}

static int remove_folder(void **state) {
    temp_folder_remove(*state);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_cases), TEST(test_heads),           TEST(test_large),
        TEST(test_deep),  TEST(test_cut_and_changed), TEST(test_not_text),
    };
    return RUN_TESTS(tests);
}
