/* test_config.c: config files: literals, arrays, includes, grammar, values. */
#include "config/config_support.h"

#include <math.h>

static void test_tutorial(void)
{
    config *loaded =
        load("name    = \"FiringRate\";\n"
             "preprocess  = ( { plugin = \"explorer\";\n"
             "                  product = ( { parameter = \"neuron.tau_ref\"; values = [5.0, 7.5, 10.0]; },\n"
             "                              { parameter = \"neuron.I\"; from = 0.0; to = 1.0; step = 0.01; } ); } );   "
             "# last\n"
             "run         = { plugin = \"lif\"; };\n"
             "parameters  = { neuron = { tau_V = 10.0; }; simulation = { duration = 1000.0; dt = 0.1; }; };\n");
    pipette_value values;
    CU_ASSERT_EQUAL(config_kind(config_root(loaded)), PIPETTE_OPTION_GROUP);
    CU_ASSERT_EQUAL(config_count(config_root(loaded)), 4);
    CU_ASSERT_STRING_EQUAL(config_name(config_at(config_root(loaded), 2)), "run");
    CU_ASSERT_PTR_NULL(config_at(config_root(loaded), 4));
    CU_ASSERT_PTR_NULL(config_get(config_root(loaded), "storage"));
    CU_ASSERT_STRING_EQUAL(value_at(loaded, "name", PIPETTE_TYPE_STRING).as.string, "FiringRate");
    CU_ASSERT_EQUAL(config_kind(node_at(loaded, "preprocess")), PIPETTE_OPTION_LIST);
    CU_ASSERT_EQUAL(config_kind(node_at(loaded, "preprocess/0/product/1")), PIPETTE_OPTION_GROUP);
    CU_ASSERT_STRING_EQUAL(config_name(node_at(loaded, "preprocess/0")), "");
    CU_ASSERT_EQUAL(value_at(loaded, "preprocess/0/product/1/step", PIPETTE_TYPE_F64).as.f64, 0.01);
    CU_ASSERT_EQUAL(value_at(loaded, "parameters/simulation/dt", PIPETTE_TYPE_NONE).as.f64, 0.1);
    CU_ASSERT_EQUAL(config_line(node_at(loaded, "preprocess/0/product/1/step")), 4);
    CU_ASSERT_EQUAL(config_line(node_at(loaded, "run/plugin")), 5);
    CU_ASSERT_STRING_EQUAL(config_file(node_at(loaded, "run")), main_path);
    values = value_at(loaded, "preprocess/0/product/0/values", PIPETTE_TYPE_F64);
    CU_ASSERT_EQUAL(values.rank, 1);
    CU_ASSERT_EQUAL(values.shape[0], 3);
    CU_ASSERT_EQUAL(((const double *)values.data)[1], 7.5);
    config_free(loaded);
}

static void test_arrays(void)
{
    config *loaded =
        load("a = [5.0, 7, 10.0]; b = (1, 2.5);\nc = [1, 2, 3]; d = (\"x\", \"y\" \"z\"); e = [true, false];\n"
             "none = (); empty = [ ]; mixed = ( 1, { x = 2; } ); deep = ( (1, 2), [3.0, 4] );\n"
             "bad = [1.0,\n  \"two\"];\n");
    pipette_value value = value_at(loaded, "a", PIPETTE_TYPE_NONE);
    CU_ASSERT_EQUAL(value.type, PIPETTE_TYPE_F64);
    CU_ASSERT_EQUAL(((const double *)value.data)[1], 7.0);
    CU_ASSERT_EQUAL(config_kind(node_at(loaded, "b")), PIPETTE_OPTION_ARRAY);
    value = value_at(loaded, "b", PIPETTE_TYPE_NONE);
    CU_ASSERT_EQUAL(value.type, PIPETTE_TYPE_F64);
    CU_ASSERT_EQUAL(((const double *)value.data)[0], 1.0);
    value = value_at(loaded, "c", PIPETTE_TYPE_NONE);
    CU_ASSERT_EQUAL(value.type, PIPETTE_TYPE_I64);
    CU_ASSERT_EQUAL(((const int64_t *)value.data)[2], 3);
    value = value_at(loaded, "c", PIPETTE_TYPE_F32);
    CU_ASSERT_EQUAL(((const float *)value.data)[2], 3.0f);
    CU_ASSERT_PTR_EQUAL(value.data, value_at(loaded, "c", PIPETTE_TYPE_F32).data);
    value = value_at(loaded, "d", PIPETTE_TYPE_NONE);
    CU_ASSERT_EQUAL(value.shape[0], 2);
    CU_ASSERT_STRING_EQUAL(((const char *const *)value.data)[1], "yz");
    value = value_at(loaded, "e", PIPETTE_TYPE_NONE);
    CU_ASSERT_EQUAL(value.type, PIPETTE_TYPE_BOOL);
    CU_ASSERT_EQUAL(((const uint8_t *)value.data)[0], 1);
    CU_ASSERT_EQUAL(config_kind(node_at(loaded, "none")), PIPETTE_OPTION_ARRAY);
    CU_ASSERT_EQUAL(config_kind(node_at(loaded, "empty")), PIPETTE_OPTION_ARRAY);
    value = value_at(loaded, "empty", PIPETTE_TYPE_I64);
    CU_ASSERT_EQUAL(value.rank, 1);
    CU_ASSERT_EQUAL(value.shape[0], 0);
    CU_ASSERT_EQUAL(config_kind(node_at(loaded, "mixed")), PIPETTE_OPTION_LIST);
    CU_ASSERT_EQUAL(config_kind(node_at(loaded, "deep")), PIPETTE_OPTION_LIST);
    CU_ASSERT_EQUAL(config_kind(node_at(loaded, "deep/1")), PIPETTE_OPTION_ARRAY);
    CU_ASSERT(value_refused(loaded, "mixed", PIPETTE_TYPE_NONE, "main.cfg:3: 'mixed' takes a value, not a list"));
    CU_ASSERT(value_refused(loaded, "bad", PIPETTE_TYPE_NONE,
                            "main.cfg:5: 'bad[1]' is text, but the array begins with a number"));
    CU_ASSERT(value_refused(loaded, "bad", PIPETTE_TYPE_F64, "main.cfg:5: 'bad[1]' takes a number, not text"));
    config_free(loaded);
    CU_ASSERT(refused("x = 1;\ny = [ 1, { z = 2; } ];", "main.cfg:2: an array [ ] holds plain values only"));
    CU_ASSERT(refused("y = [ [1], [2] ];", "main.cfg:1: an array [ ] holds plain values only"));
}

static void test_integers(void)
{
    config *loaded =
        load("small = 7; long = 8L; longer = -9LL; large = 3000000000; low = -2147483649;\n"
             "min = -9223372036854775808; max = 9223372036854775807; seed = 18446744073709551615;\n"
             "hex = 0xFF; hex32 = 0xFFFFFFFF; hex64 = 0xFFFFFFFFFFFFFFFFL; zero = 010; plus = +5;\n"
             "seeds = [1, 18446744073709551615L];\n"
             "text = \"3000000000 # /* [1, 2] \\\" @include\"; tau_3000000000 = 1; // 99999999999999999999\n"
             "# 99999999999999999999 [\n/* 99999999999999999999\n ( */ last = 1;\n");
    const uint64_t *seeds;
    CU_ASSERT_EQUAL(value_at(loaded, "small", PIPETTE_TYPE_NONE).as.i64, 7);
    CU_ASSERT_EQUAL(value_at(loaded, "small", PIPETTE_TYPE_NONE).type, PIPETTE_TYPE_I64);
    CU_ASSERT_EQUAL(value_at(loaded, "long", PIPETTE_TYPE_I64).as.i64, 8);
    CU_ASSERT_EQUAL(value_at(loaded, "longer", PIPETTE_TYPE_I32).as.i32, -9);
    CU_ASSERT_EQUAL(value_at(loaded, "large", PIPETTE_TYPE_I64).as.i64, INT64_C(3000000000));
    CU_ASSERT_EQUAL(value_at(loaded, "low", PIPETTE_TYPE_I64).as.i64, INT64_C(-2147483649));
    CU_ASSERT_EQUAL(value_at(loaded, "min", PIPETTE_TYPE_I64).as.i64, INT64_MIN);
    CU_ASSERT_EQUAL(value_at(loaded, "max", PIPETTE_TYPE_I64).as.i64, INT64_MAX);
    CU_ASSERT_EQUAL(config_kind(node_at(loaded, "seed")), PIPETTE_TYPE_U64);
    CU_ASSERT_EQUAL(value_at(loaded, "seed", PIPETTE_TYPE_U64).as.u64, UINT64_MAX);
    CU_ASSERT_EQUAL(value_at(loaded, "seed", PIPETTE_TYPE_NONE).as.u64, UINT64_MAX);
    CU_ASSERT_EQUAL(value_at(loaded, "hex", PIPETTE_TYPE_NONE).as.i64, 255);
    CU_ASSERT_EQUAL(value_at(loaded, "hex32", PIPETTE_TYPE_NONE).as.i64, INT64_C(4294967295));
    CU_ASSERT_EQUAL(value_at(loaded, "hex64", PIPETTE_TYPE_U64).as.u64, UINT64_MAX);
    CU_ASSERT_EQUAL(value_at(loaded, "zero", PIPETTE_TYPE_NONE).as.i64, 10);
    CU_ASSERT_EQUAL(value_at(loaded, "plus", PIPETTE_TYPE_NONE).as.i64, 5);
    CU_ASSERT_EQUAL(value_at(loaded, "seeds", PIPETTE_TYPE_NONE).type, PIPETTE_TYPE_U64);
    seeds = value_at(loaded, "seeds", PIPETTE_TYPE_U64).data;
    CU_ASSERT_EQUAL(seeds[0], 1);
    CU_ASSERT_EQUAL(seeds[1], UINT64_MAX);
    CU_ASSERT_STRING_EQUAL(value_at(loaded, "text", PIPETTE_TYPE_STRING).as.string,
                           "3000000000 # /* [1, 2] \" @include");
    CU_ASSERT_EQUAL(value_at(loaded, "tau_3000000000", PIPETTE_TYPE_I64).as.i64, 1);
    CU_ASSERT_EQUAL(config_line(node_at(loaded, "last")), 8);
    config_free(loaded);
    CU_ASSERT(refused("x = 1;\nseed = 18446744073709551616;",
                      "main.cfg:2: the integer 18446744073709551616 does not fit into 64 bits"));
    CU_ASSERT(refused("x = -9223372036854775809;", "main.cfg:1: the integer -9223372036854775809 does not fit"));
    CU_ASSERT(refused("x = 0x10000000000000000;", "main.cfg:1: the integer 0x10000000000000000 does not fit"));
    CU_ASSERT(refused("\n\nx = 1e999;", "main.cfg:3: the number does not fit into a 64 bit float"));
}

static void test_conversions(void)
{
    config *loaded =
        load("n = 3; half = 2.5; three = 3.0; neg = -1; big = 9007199254740993; text = \"abc\"; yes = true;\n"
             "digits = \"18446744073709551615\"; wide = \"18446744073709551616\"; seed = 18446744073709551615;\n"
             "huge = 1e300; big32 = 16777217; group = { a = 1; };\n");
    pipette_value value;
    CU_ASSERT_EQUAL(value_at(loaded, "n", PIPETTE_TYPE_F64).as.f64, 3.0);
    CU_ASSERT_EQUAL(value_at(loaded, "n", PIPETTE_TYPE_F32).as.f32, 3.0f);
    CU_ASSERT_EQUAL(value_at(loaded, "n", PIPETTE_TYPE_U64).as.u64, 3);
    value = value_at(loaded, "half", PIPETTE_TYPE_COMPLEX);
    CU_ASSERT_EQUAL(value.type, PIPETTE_TYPE_COMPLEX);
    CU_ASSERT_EQUAL(value.as.complex.real, 2.5);
    CU_ASSERT_EQUAL(value.as.complex.imaginary, 0.0);
    CU_ASSERT_EQUAL(value_at(loaded, "half", PIPETTE_TYPE_F32).as.f32, 2.5f);
    CU_ASSERT_EQUAL(value_at(loaded, "yes", PIPETTE_TYPE_NONE).as.boolean, 1);
    CU_ASSERT_EQUAL(value_at(loaded, "digits", PIPETTE_TYPE_U64).as.u64, UINT64_MAX);
    CU_ASSERT(value_refused(loaded, "big", PIPETTE_TYPE_F64,
                            "main.cfg:1: 'big' is 9007199254740993, which no f64 holds exactly"));
    CU_ASSERT(value_refused(loaded, "big32", PIPETTE_TYPE_F32, "'big32' is 16777217, which no f32 holds exactly"));
    CU_ASSERT(value_refused(loaded, "seed", PIPETTE_TYPE_F64, "'seed' is 18446744073709551615, which no f64"));
    CU_ASSERT(value_refused(loaded, "half", PIPETTE_TYPE_I64, "main.cfg:1: 'half' takes an integer, not 2.5"));
    CU_ASSERT(value_refused(loaded, "three", PIPETTE_TYPE_I64, "'three' takes an integer, not 3.0; write 3"));
    CU_ASSERT(value_refused(loaded, "neg", PIPETTE_TYPE_U64, "'neg' is -1, but takes no negative number"));
    CU_ASSERT(value_refused(loaded, "big", PIPETTE_TYPE_I32, "'big' is 9007199254740993, which does not fit into i32"));
    CU_ASSERT(
        value_refused(loaded, "seed", PIPETTE_TYPE_I64, "'seed' is 18446744073709551615, which does not fit into i64"));
    CU_ASSERT(value_refused(loaded, "huge", PIPETTE_TYPE_F32, "'huge' is 1e+300, which does not fit into f32"));
    CU_ASSERT(value_refused(loaded, "text", PIPETTE_TYPE_F64, "main.cfg:1: 'text' takes a number, not text"));
    CU_ASSERT(value_refused(loaded, "digits", PIPETTE_TYPE_I64, "main.cfg:2: 'digits' takes an integer, not text"));
    CU_ASSERT(value_refused(loaded, "wide", PIPETTE_TYPE_U64, "not \"18446744073709551616\""));
    CU_ASSERT(value_refused(loaded, "text", PIPETTE_TYPE_U64, "not \"abc\""));
    CU_ASSERT(value_refused(loaded, "n", PIPETTE_TYPE_STRING, "'n' takes text, not 3; put it in quotes"));
    CU_ASSERT(value_refused(loaded, "n", PIPETTE_TYPE_BOOL, "'n' takes true or false, not 3"));
    CU_ASSERT(value_refused(loaded, "yes", PIPETTE_TYPE_I64, "'yes' takes an integer, not true"));
    CU_ASSERT(value_refused(loaded, "group", PIPETTE_TYPE_F64, "main.cfg:3: 'group' takes a number, not a group"));
    config_free(loaded);
}

static void test_text(void)
{
    static const char raw[] =
        "\xEF\xBB\xBF"
        "a = \"x\\ty\\\\\" \n  \"z\";\r\nb = \"\xC3\xA4\\x41\"; c: TRUE, d = 1.e2 e = .5\nf = -inf; g = [nan, 1]; "
        "inf = 3; m = \"line one\nline two\"; n = 1;\n";
    config *loaded = load(raw);
    CU_ASSERT_STRING_EQUAL(value_at(loaded, "a", PIPETTE_TYPE_STRING).as.string, "x\ty\\z");
    CU_ASSERT_STRING_EQUAL(value_at(loaded, "b", PIPETTE_TYPE_STRING).as.string, "\xC3\xA4"
                                                                                 "A");
    CU_ASSERT_EQUAL(value_at(loaded, "c", PIPETTE_TYPE_BOOL).as.boolean, 1);
    CU_ASSERT_EQUAL(value_at(loaded, "d", PIPETTE_TYPE_F64).as.f64, 100.0);
    CU_ASSERT_EQUAL(value_at(loaded, "e", PIPETTE_TYPE_F64).as.f64, 0.5);
    CU_ASSERT_EQUAL(value_at(loaded, "f", PIPETTE_TYPE_F64).as.f64, -(double)INFINITY);
    CU_ASSERT(isnan(((const double *)value_at(loaded, "g", PIPETTE_TYPE_NONE).data)[0]));
    CU_ASSERT_EQUAL(value_at(loaded, "inf", PIPETTE_TYPE_I64).as.i64, 3);
    CU_ASSERT_STRING_EQUAL(value_at(loaded, "m", PIPETTE_TYPE_STRING).as.string, "line one\nline two");
    CU_ASSERT_EQUAL(config_line(node_at(loaded, "n")), 5);
    CU_ASSERT_STRING_EQUAL(config_text(loaded), raw + 3);
    CU_ASSERT_STRING_EQUAL(config_folder(loaded), folder);
    config_free(loaded);
    CU_ASSERT(refused("a = 1;\nb = \"x\\x00y\";", "main.cfg:2: text may not hold the characters"));
    loaded = load("");
    CU_ASSERT_EQUAL(config_count(config_root(loaded)), 0);
    config_free(loaded);
}

static void test_grammar(void)
{
    CU_ASSERT(refused("a = 1;\nplugin = explorer;\n",
                      "main.cfg:2: syntax error at 'explorer': expected a value; text needs quotes: \"explorer\""));
    CU_ASSERT(refused("a 1;", "main.cfg:1: syntax error at '1': expected '=' after 'a'"));
    CU_ASSERT(refused("a = ;", "main.cfg:1: syntax error at ';': expected a value for 'a'"));
    CU_ASSERT(refused("a = 1 2;", "main.cfg:1: syntax error at '2': expected ';' or a key after the value of 'a'"));
    CU_ASSERT(refused("a = (1\n 2);", "main.cfg:2: syntax error at '2': expected ',' or ')'"));
    CU_ASSERT(refused("a = [1,\n 2,];", "main.cfg:2: syntax error at ']': expected a value after ','"));
    CU_ASSERT(refused("a = 1;\n\n= 2;", "main.cfg:3: syntax error at '=': expected a key"));
    CU_ASSERT(refused("a = { b = 1; 3 };", "main.cfg:1: syntax error at '3': expected a key or '}'"));
    CU_ASSERT(refused("a = 1;;", "main.cfg:1: syntax error at ';': expected a key"));
    CU_ASSERT(refused("a = 1;\nb = 5ms;", "main.cfg:2: syntax error at '5ms': not a number; text needs quotes"));
    CU_ASSERT(refused("a = 1;\n}", "main.cfg:2: syntax error at '}': nothing is open here"));
    CU_ASSERT(refused("a = {\n b = (1, 2];\n};", "main.cfg:2: ']' does not close the '(' of"));
    CU_ASSERT(refused("a = 1;\nb = {\n c = 1;\n", "main.cfg:2: the '{' that opens here is never closed"));
    CU_ASSERT(refused("a = 1;\nb =\n", "main.cfg:3: the text ends, but 'b' has no value"));
    CU_ASSERT(refused("a = 1;\nb = \"never\nends", "main.cfg:2: the text that begins here has no closing quote"));
    CU_ASSERT(refused("/* never", "main.cfg:1: the comment that begins here never ends"));
    CU_ASSERT(refused("a = 1;\n\xC3\xA4 = 2;", "main.cfg:2: syntax error at '\xC3\xA4': expected"));
    CU_ASSERT(refused("a = 18446744073709551615 \"x\";", "main.cfg:1: syntax error at '\"': expected ';'"));
    CU_ASSERT(
        refused("n = { tau = 1.0;\n b = 2;\n tau = 3.0; };", "main.cfg:3: 'tau' is given twice, first in line 1"));
}

static void test_depth(void)
{
    char deep[256] = "a = ";
    memset(deep + 4, '(', 100);
    deep[104] = '\0';
    CU_ASSERT(refused(deep, "main.cfg:1: brackets are nested more than 64 deep"));
    memset(deep + 4, '(', 64);
    memset(deep + 68, ')', 64);
    deep[132] = '\0';
    config_free(load(deep));
}

static void test_files(void)
{
    pipette_error error;
    config *loaded = NULL;
    (void)config_path("");
    CU_ASSERT_EQUAL(config_load(config_path("nothing.cfg"), NULL, 0, &loaded, &error), PIPETTE_E_CONFIG);
    CU_ASSERT(holds(error.message, "/nothing.cfg: no such file"));
    CU_ASSERT_EQUAL(config_load(folder, NULL, 0, &loaded, &error), PIPETTE_E_CONFIG);
    CU_ASSERT(holds(error.message, ": is a folder, not a config file"));
    bytes_write(config_path("zero.cfg"), "a = 1;\0b", 8);
    CU_ASSERT_EQUAL(config_load(config_path("zero.cfg"), NULL, 0, &loaded, &error), PIPETTE_E_CONFIG);
    CU_ASSERT(holds(error.message, "zero.cfg: holds zero bytes"));
    write_file("closed.cfg", "a = 1;");
    CU_ASSERT_EQUAL(chmod(config_path("closed.cfg"), 0), 0);
    if (geteuid() != 0) {
        CU_ASSERT_EQUAL(config_load(config_path("closed.cfg"), NULL, 0, &loaded, &error), PIPETTE_E_CONFIG);
        CU_ASSERT(holds(error.message, "closed.cfg: cannot be read: Permission denied"));
    }
    CU_ASSERT_PTR_NULL(loaded);
    config_free(NULL);
}

static void test_include(void)
{
    config *loaded;
    (void)config_path("");
    (void)mkdir(config_path("sub"), 0700);
    write_file("sub/neuron.cfg", "neuron = {\n  tau_V = 10.0;\n@include \"deep/extra.cfg\"\n  last = 1;\n};");
    (void)mkdir(config_path("sub/deep"), 0700);
    write_file("sub/deep/extra.cfg", "extra = 3000000000; # no newline");
    loaded = load("name = \"x\";\n\n  @include \"sub/neuron.cfg\"\nafter = 1;\n");
    CU_ASSERT_EQUAL(value_at(loaded, "neuron/extra", PIPETTE_TYPE_I64).as.i64, INT64_C(3000000000));
    CU_ASSERT_EQUAL(config_line(node_at(loaded, "neuron/tau_V")), 2);
    CU_ASSERT(holds(config_file(node_at(loaded, "neuron/tau_V")), "/sub/neuron.cfg"));
    CU_ASSERT_EQUAL(config_line(node_at(loaded, "neuron/extra")), 1);
    CU_ASSERT(holds(config_file(node_at(loaded, "neuron/extra")), "/sub/deep/extra.cfg"));
    CU_ASSERT_EQUAL(config_line(node_at(loaded, "neuron/last")), 4);
    CU_ASSERT_EQUAL(config_line(node_at(loaded, "after")), 4);
    CU_ASSERT_STRING_EQUAL(config_file(node_at(loaded, "after")), main_path);
    CU_ASSERT_STRING_EQUAL(
        config_text(loaded),
        "name = \"x\";\n\n  # @include \"sub/neuron.cfg\"\nneuron = {\n  tau_V = 10.0;\n"
        "# @include \"deep/extra.cfg\"\nextra = 3000000000; # no newline\n\n  last = 1;\n};\n\nafter = 1;\n");
    config_free(loaded);
}

static void test_include_errors(void)
{
    write_file("wrong.cfg", "b = 1;\nc = = 2;\n");
    CU_ASSERT(refused("a = 1;\n@include \"wrong.cfg\"\n", "/wrong.cfg:2: syntax error at '='"));
    CU_ASSERT(refused("a = 1;\n@include \"nothing.cfg\"\n", "main.cfg:2: @include: "));
    CU_ASSERT(refused("a = 1;\n@include \"nothing.cfg\"\n", "/nothing.cfg: no such file"));
    write_file("circle.cfg", "\n@include \"main.cfg\"\n");
    CU_ASSERT(refused("@include \"circle.cfg\"\n", "circle.cfg:2: @include"));
    CU_ASSERT(refused("@include \"circle.cfg\"\n", "goes round in a circle"));
    CU_ASSERT(refused("a = 1;\n@include \".\"\n", "is a folder, not a config file"));
    CU_ASSERT(refused("a = 1;\n@include \"x\n", "main.cfg:2: the file name of this @include has no closing quote"));
    CU_ASSERT(refused("a = 1; @include \"wrong.cfg\"\n", "main.cfg:1: syntax error at '@'"));
    write_file("again.cfg", "a = 2;\n");
    CU_ASSERT(refused("\na = 1;\n@include \"again.cfg\"\n", "again.cfg:1: 'a' is given twice, first in /tmp/"));
}

static void test_include_depth(void)
{
    int i;
    for (i = 0; i < 20; i++) {
        char name[32], text[48];
        (void)snprintf(name, sizeof name, "level%d.cfg", i);
        (void)snprintf(text, sizeof text, "@include \"level%d.cfg\"\n", i + 1);
        write_file(name, text);
    }
    CU_ASSERT(refused("@include \"level0.cfg\"\n", "is more than 16 files deep"));
    write_file("level14.cfg", "end = 1;\n");
    config_free(load("@include \"level0.cfg\"\n"));
}

/* A config is UTF-8, its comments too. */
static void test_utf8(void)
{
    config *loaded = load("name = \"Zo\xc3\xab\"; # caf\xc3\xa9\n");
    CU_ASSERT_STRING_EQUAL(value_at(loaded, "name", PIPETTE_TYPE_STRING).as.string, "Zo\xc3\xab");
    config_free(loaded);
    CU_ASSERT(refused("a = 1;\n\nname = \"caf\xe9\";\n", "main.cfg:3: byte 0xe9 is no UTF-8; a config is UTF-8 text"));
    CU_ASSERT(refused("a = 1;\n# caf\xe9\n", "main.cfg:2: byte 0xe9 is no UTF-8"));
    CU_ASSERT(refused("a = 1; /* \xc0\xaf */\n", "main.cfg:1: byte 0xc0 is no UTF-8"));
    CU_ASSERT(refused("name = \"caf\xc3", "main.cfg:1: byte 0xc3 is no UTF-8"));
    /* An escape is a byte as well. */
    CU_ASSERT(refused("a = 1;\nname = \"caf\\xe9\";\n", "main.cfg:2: the text holds byte 0xe9, which is not UTF-8"));
    CU_ASSERT(refused("a = 1;\nb = ( { values = [\"x\",\n\"\\x9b\"]; } );\n",
                      "main.cfg:3: the text holds byte 0x9b, which is not UTF-8"));
    loaded = load("name = \"caf\\xc3\\xa9\";\n");
    CU_ASSERT_STRING_EQUAL(value_at(loaded, "name", PIPETTE_TYPE_STRING).as.string, "caf\xc3\xa9");
    config_free(loaded);
    write_file("latin1.cfg", "b = 1;\nword = \"\xfc\";\n");
    CU_ASSERT(refused("a = 1;\n\n@include \"latin1.cfg\"\n", "latin1.cfg:2: byte 0xfc is no UTF-8"));
}

/* Every key of a large group is noted, and a second one of the same name is found among them. */
static void test_many_keys(void)
{
    enum { KEYS = 3000 };
    char *text = malloc(KEYS * 16 + 64), *at = text;
    config *loaded;
    int i;
    if (text == NULL)
        CU_FAIL_FATAL("out of memory");
    at += sprintf(at, "group = {\n");
    for (i = 0; i < KEYS; i++)
        at += sprintf(at, "k%d = %d;\n", i, i);
    strcpy(at, "};\n");
    loaded = load(text);
    CU_ASSERT_EQUAL(config_count(node_at(loaded, "group")), KEYS);
    CU_ASSERT_EQUAL(value_at(loaded, "group/k2999", PIPETTE_TYPE_I64).as.i64, 2999);
    config_free(loaded);
    strcpy(at, "k17 = 1; };\n");
    CU_ASSERT(refused(text, "main.cfg:3002: 'k17' is given twice, first in line 19; remove one"));
    strcpy(at, "k1 = 1; };\n");
    CU_ASSERT(refused(text, "main.cfg:3002: 'k1' is given twice, first in line 3; remove one"));
    free(text);
}

SUITE("config", {"the tutorial's config", test_tutorial}, {"arrays of any mixture of numbers", test_arrays},
      {"integers keep their value or are refused", test_integers}, {"conversions lose nothing", test_conversions},
      {"text, comments, nan and inf", test_text}, {"syntax errors say what was expected", test_grammar},
      {"depth of brackets", test_depth}, {"files that cannot be read", test_files},
      {"includes keep file and line", test_include}, {"includes that fail", test_include_errors},
      {"depth of includes", test_include_depth}, {"bytes that are no UTF-8", test_utf8},
      {"many keys", test_many_keys}, )
