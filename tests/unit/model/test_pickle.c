/* Pickles spelled byte by byte: what each opcode makes, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "model/torch/pickle.h"
#include "unit.h"

enum { DEEPEST = 8 };

static void render(struct text *text, const struct pickled *value, int depth);

static void render_items(struct text *text, const struct pickled *value, const char *brackets,
                         bool pairs, int depth) {
    text_format(text, "%c", brackets[0]);
    for (size_t i = 0; i < value->n_items; i++) {
        if (i > 0)
            text_string(text, pairs && i % 2 == 1 ? ": " : ", ");
        render(text, value->items[i], depth + 1);
    }
    text_format(text, "%c", brackets[1]);
}

static void render(struct text *text, const struct pickled *value, int depth) {
    if (depth > DEEPEST) {
        text_string(text, "...");
        return;
    }
    switch (value->kind) {
    case PICKLED_NONE:
        text_string(text, "None");
        break;
    case PICKLED_BOOL:
        text_string(text, value->integer ? "True" : "False");
        break;
    case PICKLED_INT:
        text_format(text, "%lld", (long long)value->integer);
        break;
    case PICKLED_FLOAT:
        text_format(text, "%.17g", value->number);
        break;
    case PICKLED_TEXT:
    case PICKLED_BYTES:
        assert_int_equal(value->text[value->length], '\0');
        text_string(text, value->kind == PICKLED_BYTES ? "b'" : "'");
        text_bytes(text, value->text, value->length);
        text_string(text, "'");
        break;
    case PICKLED_LIST:
        render_items(text, value, "[]", false, depth);
        break;
    case PICKLED_TUPLE:
        render_items(text, value, "()", false, depth);
        break;
    case PICKLED_SET:
        render_items(text, value, "<>", false, depth);
        break;
    case PICKLED_DICT:
        render_items(text, value, "{}", true, depth);
        break;
    case PICKLED_GLOBAL:
        text_string(text, value->text);
        break;
    case PICKLED_OBJECT:
        text_string(text, pickled_class(value));
        render_items(text, value->arguments, "()", false, depth);
        if (value->n_items > 0)
            render_items(text, value, "[]", false, depth);
        break;
    case PICKLED_REFERENCE:
        text_string(text, "@");
        render(text, value->target, depth + 1);
        break;
    }
    if (value->state != NULL) {
        text_string(text, "|");
        render(text, value->state, depth + 1);
    }
}

#define BYTES(literal) literal, sizeof(literal) - 1

/* One opcode or more each, from "\x80" (the protocol) to "." (the end). */
static const struct {
    const char *bytes;
    size_t length;
    const char *expected;
} values[] = {
    {BYTES("N."), "None"},
    {BYTES("\x80\x02N."), "None"},
    {BYTES("\x80\x05\x95\x02\0\0\0\0\0\0\0N."), "None"},
    {BYTES("\x88."), "True"},
    {BYTES("\x89."), "False"},
    {BYTES("J\xfe\xff\xff\xff."), "-2"},
    {BYTES("J\xff\xff\xff\x7f."), "2147483647"},
    {BYTES("K\xff."), "255"},
    {BYTES("M\xff\xff."), "65535"},
    {BYTES("\x8a\x00."), "0"},
    {BYTES("\x8a\x01\xff."), "-1"},
    {BYTES("\x8a\x02\xff\x00."), "255"},
    {BYTES("\x8a\x05\0\0\0\0\x80."), "-549755813888"},
    {BYTES("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f."), "9223372036854775807"},
    {BYTES("\x8a\x08\0\0\0\0\0\0\0\x80."), "-9223372036854775808"},
    {BYTES("G\x3f\xf8\0\0\0\0\0\0."), "1.5"},
    {BYTES("G\xbf\xd0\0\0\0\0\0\0."), "-0.25"},
    {BYTES("T\x02\0\0\0ab."), "'ab'"},
    {BYTES("U\x02"
           "ab."),
     "'ab'"},
    {BYTES("X\x03\0\0\0\xe2\x82\xac."), "'\xe2\x82\xac'"},
    {BYTES("X\x04\0\0\0a\n\033\x7f."), "'a\?\?\?'"},
    {BYTES("X\0\0\0\0."), "''"},
    {BYTES("\x8c\x01"
           "a."),
     "'a'"},
    {BYTES("\x8d\x01\0\0\0\0\0\0\0z."), "'z'"},
    {BYTES("B\x01\0\0\0z."), "b'z'"},
    {BYTES("C\x01\n."), "b'\n'"},
    {BYTES("\x8e\x01\0\0\0\0\0\0\0z."), "b'z'"},
    {BYTES("\x96\x01\0\0\0\0\0\0\0z."), "b'z'"},
    {BYTES("]."), "[]"},
    {BYTES(")."), "()"},
    {BYTES("}."), "{}"},
    {BYTES("\x8f."), "<>"},
    {BYTES("(t."), "()"},
    {BYTES("(K\x01K\x02K\x03K\x04t."), "(1, 2, 3, 4)"},
    {BYTES("K\x01\x85."), "(1)"},
    {BYTES("K\x01K\x02\x86."), "(1, 2)"},
    {BYTES("K\x01K\x02K\x03\x87."), "(1, 2, 3)"},
    {BYTES("(K\x01K\x02\x91."), "<1, 2>"},
    {BYTES("]K\x01"
           "a."),
     "[1]"},
    {BYTES("](K\x01K\x02K\x03K\x04K\x05"
           "e(e(K\x06K\x07"
           "e."),
     "[1, 2, 3, 4, 5, 6, 7]"},
    {BYTES("}K\x01K\x02s."), "{1: 2}"},
    {BYTES("}(K\x01K\x02K\x03K\x04u."), "{1: 2, 3: 4}"},
    {BYTES("\x8f(K\x01K\x02\x90(K\x03\x90."), "<1, 2, 3>"},
    /* the stack and the memo */
    {BYTES("K\x01K\x02"
           "0."),
     "1"},
    {BYTES("K\x01(K\x02K\x03"
           "1."),
     "1"},
    {BYTES("K\x07q\x00K\x08q\x01h\x00\x86."), "(8, 7)"},
    {BYTES("K\x07q\x01h\x01\x86."), "(7, 7)"}, /* Python 2 counted from 1 */
    {BYTES("K\x07r\x02\x01\0\0j\x02\x01\0\0\x86."), "(7, 7)"},
    {BYTES("K\x07\x94K\x08\x94h\x00h\x01\x86."), "(7, 8)"},
    {BYTES("]q\x00h\x00"
           "a."),
     "[[[[[[[[[...]]]]]]]]]"},
    {BYTES("]q\x00](h\x00h\x00"
           "eh\x00K\x05"
           "a0."),
     "[[5], [5]]"},
    /* globals and what is made of them */
    {BYTES("cos\nsystem\n."), "os.system"},
    {BYTES("\x8c\x05torch\x8c\x04"
           "Size\x93."),
     "torch.Size"},
    {BYTES("ctorch\nSize\n(K\x01K\x02t\x85R."), "torch.Size((1, 2))"},
    {BYTES("cm\nC\n)\x81."), "m.C()"},
    {BYTES("cm\nC\nK\x01\x85}\x92."), "m.C(1)"},
    {BYTES("cm\nC\n)\x81}U\x01xK\x01sb."), "m.C()|{'x': 1}"},
    {BYTES("cm\nC\n)R(K\x01K\x02"
           "e."),
     "m.C()[1, 2]"},
    {BYTES("cm\nC\n)RK\x01K\x02s."), "m.C()[1, 2]"},
    {BYTES("ccollections\nOrderedDict\n)R."), "{}"},
    {BYTES("ccollections\nOrderedDict\n)RU\x01"
           "aK\x01s}b."),
     "{'a': 1}|{}"},
    {BYTES("ccollections\nOrderedDict\n](](K\x01K\x02"
           "eK\x03K\x04\x86"
           "e\x85R."),
     "{1: 2, 3: 4}"},
    {BYTES("ccollections\nOrderedDict\nK\x01\x85R."), "collections.OrderedDict(1)"},
    {BYTES("c__builtin__\nset\n](K\x01K\x02"
           "e\x85R."),
     "<1, 2>"},
    {BYTES("cbuiltins\nfrozenset\n)R."), "<>"},
    {BYTES("(U\x07storageK\x01tQ."), "@('storage', 1)"},
    {BYTES("(U\x06modulecm\nC\nU\x04"
           "codetQ)\x81."),
     "m.C()"},
};

static void builds_values(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct pickle *pickle;
        struct text text = {0};
        if (pickle_read(values[i].bytes, values[i].length, &pickle) != STATUS_OK)
            fail_msg("case %zu: %s", i, status_message());
        render(&text, pickle_root(pickle), 0);
        if (strcmp(text.data, values[i].expected) != 0)
            fail_msg("case %zu: %s where %s was expected", i, text.data, values[i].expected);
        assert_int_equal(pickle_length(pickle), values[i].length);
        text_free(&text);
        pickle_free(pickle);
        /* and cut short anywhere: in a block of its own, so that a read beyond it is seen */
        for (size_t length = 0; length < values[i].length; length++) {
            char *bytes = malloc(length + 1), *end = bytes + 1; /* malloc(0) may give none */
            assert_non_null(bytes);
            memcpy(end, values[i].bytes, length);
            enum status status = pickle_read(end, length, &pickle);
            assert_int_equal(status, STATUS_BAD_INPUT);
            pickle_free(pickle);
            free(bytes);
        }
    }
}

static const struct {
    const char *bytes;
    size_t length;
    const char *part;
} refused[] = {
    {BYTES(""), "byte 0: it is cut short"},
    {BYTES("\x80\x06N."), "protocol 6"},
    {BYTES("."), "takes a value where there is none"},
    {BYTES("(."), "takes a value where there is none"},
    {BYTES("K\x01(."), "takes a value where there is none"},
    {BYTES("0"), "takes a value"},
    {BYTES("K\x01(\x85."), "takes a value"},
    {BYTES("t"), "did not begin"},
    {BYTES("1"), "did not begin"},
    {BYTES("h\x00."), "memo 0"},
    {BYTES("Nq\x02h\x01."), "memo 1"},
    {BYTES("Nr\xff\xff\xff\xff."), "out of proportion"},
    {BYTES("Nr\x00\x00\x00\x01."), "out of proportion"},
    {BYTES("q\x00"), "takes a value"},
    {BYTES("\x8a\x09\1\1\1\1\1\1\1\1\1."), "more than 64 bits"},
    {BYTES("X\xff\xff\xff\xff"
           "ab"),
     "cut short"},
    {BYTES("\x8d\xff\xff\xff\xff\xff\xff\xff\xff"), "cut short"},
    {BYTES("\x95\xff\xff\xff\xff\xff\xff\xff\x7fN."), "cut short"},
    {BYTES("}(K\x01u."), "key without a value"},
    {BYTES("}K\x01"
           "a."),
     "into what holds none"},
    {BYTES("]K\x01K\x01s."), "into what holds none"},
    {BYTES(")(K\x01"
           "e."),
     "into what holds none"},
    {BYTES("N}b."), "has none"},
    {BYTES("cm\nC\n)\x81}b}b."), "has one already"},
    {BYTES("N)R."), "no global"},
    {BYTES("cm\nC\n)R)R."), "no global"},
    {BYTES("cm\nC\nNR."), "no global"},
    {BYTES("cm\nC\n)N\x92."), "no global"},
    {BYTES("K\x01U\x01"
           "a\x93."),
     "by what is no text"},
    {BYTES("cm\n\n."), "unlikely length"},
    {BYTES("c\nC\n."), "unlikely length"},
    {BYTES("cm\033\nC\n."), "control characters"},
    {BYTES("cm\0x\nC\n."), "control characters"},
    /* opcodes that are not read: protocols 0 and 1, the registry, buffers */
    {BYTES("(i__main__\nC\n."), "opcode 0x69"},
    {BYTES("(cm\nC\no."), "opcode 0x6f"},
    {BYTES("I01\n."), "opcode 0x49"},
    {BYTES("L1L\n."), "opcode 0x4c"},
    {BYTES("F1\n."), "opcode 0x46"},
    {BYTES("S'a'\n."), "opcode 0x53"},
    {BYTES("V a\n."), "opcode 0x56"},
    {BYTES("P1\n."), "opcode 0x50"},
    {BYTES("g0\n."), "opcode 0x67"},
    {BYTES("Np0\n."), "opcode 0x70"},
    {BYTES("(l."), "opcode 0x6c"},
    {BYTES("(d."), "opcode 0x64"},
    {BYTES("N2."), "opcode 0x32"},
    {BYTES("\x82\x01."), "opcode 0x82"},
    {BYTES("\x83\x01\x01."), "opcode 0x83"},
    {BYTES("\x84\x01\x01\x01\x01."), "opcode 0x84"},
    {BYTES("\x8b\x01\0\0\0\x01."), "opcode 0x8b"},
    {BYTES("\x97."), "opcode 0x97"},
    {BYTES("N\x98."), "opcode 0x98"},
    {BYTES("\xff"), "opcode 0xff"},
    {BYTES("\0"), "opcode 0x00"},
};

static void expect_refused(const void *bytes, size_t length, const char *part) {
    struct pickle *pickle;
    enum status status = pickle_read(bytes, length, &pickle);
    if (status != STATUS_BAD_INPUT || strstr(status_message(), part) == NULL)
        fail_msg("status %d, '%s' where '%s' was expected", status,
                 status == STATUS_OK ? "" : status_message(), part);
    assert_null(pickle);
    assert_non_null(strstr(status_message(), "at its byte "));
}

static void refuses(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        expect_refused(refused[i].bytes, refused[i].length, refused[i].part);
}

/* `unit` as often as fits into `size` bytes, then `end`. */
static void expect_repeated(const char *begin, const char *unit, size_t unit_length, size_t size,
                            const char *part) {
    char *bytes = malloc(size);
    size_t at = strlen(begin);
    assert_non_null(bytes);
    memcpy(bytes, begin, at);
    for (; at + unit_length <= size; at += unit_length)
        memcpy(bytes + at, unit, unit_length);
    expect_refused(bytes, at, part);
    free(bytes);
}

/* Files that would take far more memory than they have bytes. */
static void limits_memory(void **state) {
    (void)state;
    enum { MIB = 1 << 20 };
    expect_repeated("", BYTES("]"), 8 * MIB, "more values than any model");
    expect_repeated("N", BYTES("\x94"), 16 * MIB, "more values than any model");
    expect_repeated("", BYTES("N"), 16 * MIB, "more values than any model");
    expect_repeated("](NNNNNNNNNNNNNNNNe", BYTES("2"), 100, "opcode 0x32");
    expect_repeated("", BYTES("("), MIB, "nested more than 4096 deep");
    expect_repeated("", BYTES("X\x08\0\0\0aaaaaaaa"), 16 * MIB, "more values than any model");
    /* a set of 10,000 made again and again from one list */
    struct text text = {0};
    text_string(&text, "](");
    for (int i = 0; i < 10000; i++)
        text_string(&text, "N");
    text_bytes(&text, BYTES("eq\x00"
                            "0"));
    for (int i = 0; i < 10000; i++)
        text_bytes(&text, BYTES("c__builtin__\nset\nh\x00\x85R0"));
    text_bytes(&text, BYTES("N."));
    assert_int_equal(text_status(&text), STATUS_OK);
    expect_refused(text.data, text.length, "more values than any model");
    text_free(&text);
}

static void finds_keys(void **state) {
    (void)state;
    struct pickle *pickle;
    const char bytes[] = "}(U\x01"
                         "aK\x01U\x01"
                         "bcm\nC\n)\x81}U\x01xK\x02s}U\x01yK\x03s\x86"
                         "bU\x01"
                         "cccollections\nOrderedDict\n)RU\x01zK\x04sU\x01"
                         "aK\x05K\x06K\x07u.";
    assert_int_equal(pickle_read(bytes, sizeof bytes - 1, &pickle), STATUS_OK);
    const struct pickled *root = pickle_root(pickle), *b = pickled_get(root, "b");
    assert_int_equal(pickled_get(root, "a")->integer, 5); /* the last wins */
    assert_int_equal(pickled_get(b, "x")->integer, 2);    /* a pair of states */
    assert_int_equal(pickled_get(b, "y")->integer, 3);
    assert_null(pickled_get(b, "z"));
    assert_int_equal(pickled_get(pickled_get(root, "c"), "z")->integer, 4);
    assert_null(pickled_get(root, "nothing"));
    assert_null(pickled_get(NULL, "a"));
    assert_null(pickled_get(pickled_get(root, "a"), "a"));
    assert_string_equal(pickled_class(b), "m.C");
    assert_string_equal(pickled_class(b->class), "m.C");
    assert_string_equal(pickled_class(root), "");
    assert_string_equal(pickled_class(NULL), "");
    assert_true(pickled_is(root->items[0], "a"));
    assert_false(pickled_is(root->items[0], "ab"));
    assert_false(pickled_is(NULL, "a"));
    const struct pickled *const *list;
    assert_int_equal(pickle_globals(pickle, &list), 2);
    assert_string_equal(list[0]->text, "m.C");
    assert_int_equal(pickle_references(pickle, &list), 0);
    pickle_free(pickle);
    pickle_free(NULL);
}

static void ends_where_it_ends(void **state) {
    (void)state;
    struct pickle *pickle;
    assert_int_equal(pickle_read(BYTES("\x80\x02N.garbage"), &pickle), STATUS_OK);
    assert_int_equal(pickle_length(pickle), 4);
    pickle_free(pickle);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds_values),      cmocka_unit_test(refuses),
        cmocka_unit_test(limits_memory),      cmocka_unit_test(finds_keys),
        cmocka_unit_test(ends_where_it_ends),
    };
    return RUN_TESTS(tests);
}
