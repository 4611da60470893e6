/* test_config_set.c: --set PATH=VALUE. */
#include "config/config_support.h"

#include <math.h>

static const char text[] =
    "name = \"x\";\n"
    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"a\"; }, { step = 0.5; } ); } );\n"
    "parameters = { neuron = { tau_V = 10.0; }; };\n"
    "values = [1, 2];\n";

static int set_refused(const char *set, const char *part)
{
    return refused_set(text, set, part);
}

static void test_replace(void)
{
    config *loaded = load_set(text, "parameters.neuron.tau_V=20.5");
    CU_ASSERT_EQUAL(value_at(loaded, "parameters/neuron/tau_V", PIPETTE_TYPE_F64).as.f64, 20.5);
    CU_ASSERT_STRING_EQUAL(config_file(node_at(loaded, "parameters/neuron/tau_V")),
                           "--set parameters.neuron.tau_V=20.5");
    CU_ASSERT_EQUAL(config_line(node_at(loaded, "parameters/neuron/tau_V")), 0);
    CU_ASSERT(value_refused(loaded, "parameters/neuron/tau_V", PIPETTE_TYPE_STRING,
                            "--set parameters.neuron.tau_V=20.5: 'tau_V' takes text, not 20.5"));
    CU_ASSERT_EQUAL(config_line(node_at(loaded, "parameters/neuron")), 3);
    config_free(loaded);
    loaded = load_set(text, "preprocess[0].product[1].step=0.1");
    CU_ASSERT_EQUAL(value_at(loaded, "preprocess/0/product/1/step", PIPETTE_TYPE_F64).as.f64, 0.1);
    CU_ASSERT_EQUAL(config_count(node_at(loaded, "preprocess/0/product/1")), 1);
    config_free(loaded);
    loaded = load_set(text, "values[1]=2.5");
    CU_ASSERT_EQUAL(((const double *)value_at(loaded, "values", PIPETTE_TYPE_NONE).data)[1], 2.5);
    config_free(loaded);
    loaded = load_set(text, "values[0]={ a = 1; }");
    CU_ASSERT_EQUAL(config_kind(node_at(loaded, "values")), PIPETTE_OPTION_LIST);
    CU_ASSERT_STRING_EQUAL(config_name(node_at(loaded, "values/0")), "");
    config_free(loaded);
    loaded = load_set(text, "preprocess=()");
    CU_ASSERT_EQUAL(config_count(node_at(loaded, "preprocess")), 0);
    CU_ASSERT_STRING_EQUAL(config_name(config_at(config_root(loaded), 1)), "preprocess");
    config_free(loaded);
}

static void test_add(void)
{
    config *loaded = load_set(text, "storage.options.level = 3");
    CU_ASSERT_EQUAL(value_at(loaded, "storage/options/level", PIPETTE_TYPE_I64).as.i64, 3);
    CU_ASSERT_EQUAL(config_kind(node_at(loaded, "storage")), PIPETTE_OPTION_GROUP);
    CU_ASSERT_EQUAL(config_count(config_root(loaded)), 5);
    config_free(loaded);
    loaded = load_set(text, "parameters.neuron.tau_ref=5");
    CU_ASSERT_EQUAL(config_count(node_at(loaded, "parameters/neuron")), 2);
    config_free(loaded);
}

static void test_several(void)
{
    static const char *const sets[] = {"a.b=1", "a.b=2", "a.c=x"};
    config *loaded = NULL;
    write_file("main.cfg", text);
    CU_ASSERT_EQUAL_FATAL(config_load(main_path, sets, 3, &loaded, NULL), PIPETTE_OK);
    CU_ASSERT_EQUAL(value_at(loaded, "a/b", PIPETTE_TYPE_I64).as.i64, 2);
    CU_ASSERT_STRING_EQUAL(value_at(loaded, "a/c", PIPETTE_TYPE_STRING).as.string, "x");
    config_free(loaded);
}

/* The value that `set` gives to x. */
static pipette_value given(config **loaded, const char *set)
{
    *loaded = load_set(text, set);
    return value_at(*loaded, "x", PIPETTE_TYPE_NONE);
}

static void test_values(void)
{
    static const struct {
        const char *set, *text;
    } texts[] = {{"x=FiringRate", "FiringRate"},
                 {"x=5 apples", "5 apples"},
                 {"x=/tmp/a b.hdf5", "/tmp/a b.hdf5"},
                 {"x=", ""},
                 {"x=\"quoted\"", "quoted"},
                 {"x=1.5.2", "1.5.2"},
                 {"x=2024-01-01", "2024-01-01"},
                 {"x=5; y = 2", "5; y = 2"},
                 {"x=[1, 2", "[1, 2"},
                 {"x=a=b", "a=b"},
                 {"x=@include \"main.cfg\"", "@include \"main.cfg\""}};
    config *loaded;
    pipette_value value;
    size_t i;
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        value = given(&loaded, texts[i].set);
        CU_ASSERT_EQUAL(value.type, PIPETTE_TYPE_STRING);
        CU_ASSERT_STRING_EQUAL(value.type == PIPETTE_TYPE_STRING ? value.as.string : "", texts[i].text);
        config_free(loaded);
    }
    value = given(&loaded, "x=[1, 2.5]");
    CU_ASSERT_EQUAL(((const double *)value.data)[0], 1.0);
    config_free(loaded);
    value = given(&loaded, "x=3000000000");
    CU_ASSERT_EQUAL(value.as.i64, INT64_C(3000000000));
    config_free(loaded);
    value = given(&loaded, "x=18446744073709551615");
    CU_ASSERT_EQUAL(value.type, PIPETTE_TYPE_U64);
    CU_ASSERT_EQUAL(value.as.u64, UINT64_MAX);
    config_free(loaded);
    value = given(&loaded, "x=nan");
    CU_ASSERT_EQUAL(value.type, PIPETTE_TYPE_F64);
    CU_ASSERT(isnan(value.as.f64));
    config_free(loaded);
    value = given(&loaded, "x=-inf");
    CU_ASSERT_EQUAL(value.as.f64, -(double)INFINITY);
    config_free(loaded);
    value = given(&loaded, "x=inf");
    CU_ASSERT_EQUAL(value.as.f64, (double)INFINITY);
    config_free(loaded);
    value = given(&loaded, "x=true");
    CU_ASSERT_EQUAL(value.type, PIPETTE_TYPE_BOOL);
    config_free(loaded);
    value = given(&loaded, "x=-1e-3");
    CU_ASSERT_EQUAL(value.as.f64, -1e-3);
    config_free(loaded);
    loaded = load_set(text, "x={ a = 1; b = ( 2 ); }");
    CU_ASSERT_EQUAL(config_count(node_at(loaded, "x")), 2);
    CU_ASSERT_STRING_EQUAL(config_name(node_at(loaded, "x")), "x");
    config_free(loaded);
}

static void test_bad_paths(void)
{
    CU_ASSERT(set_refused("name", "--set name: there is no '=' in it; write --set PATH=VALUE"));
    CU_ASSERT(set_refused("name=caf\xe9", ": the value is not UTF-8"));
    CU_ASSERT(set_refused("name=\"caf\\xe9\"", "the text holds byte 0xe9, which is not UTF-8"));
    CU_ASSERT(set_refused("=5", "there is no path before the '='"));
    CU_ASSERT(
        set_refused("preprocess[0].prodct[1].step=1", "'preprocess[0]' has no 'prodct'; did you mean 'product'?"));
    CU_ASSERT(set_refused("preproces[0].x=1", "the config has no 'preproces'; did you mean 'preprocess'?"));
    CU_ASSERT(set_refused("zzz[0]=1", "the config has no 'zzz', but name, preprocess, parameters, values"));
    CU_ASSERT(set_refused("preprocess[3].x=1",
                          "--set preprocess[3].x=1: 'preprocess' has 1 element, counted from 0; there is no [3]"));
    CU_ASSERT(set_refused("values[2]=1", "'values' has 2 elements"));
    CU_ASSERT(
        set_refused("preprocess.product=1", "'preprocess' is a list; name an element of it: preprocess[0].product"));
    CU_ASSERT(set_refused("name.x=1", "'name' is text and has no 'x'"));
    CU_ASSERT(set_refused("parameters[0]=1", "'parameters' is a group and has no elements"));
    CU_ASSERT(set_refused("values[x]=1", "an element reads like [0], not '[x]'"));
    CU_ASSERT(set_refused("a..b=1", "a key is expected at '.b'"));
    CU_ASSERT(set_refused("a b=1", "'.' or '[' is expected at ' b'"));
    CU_ASSERT(set_refused("[0]=1", "a key is expected at '[0]'"));
    CU_ASSERT(set_refused("x=18446744073709551616",
                          "--set x=18446744073709551616: the integer 18446744073709551616 does not fit"));
}

SUITE("config_set", {"replaces values", test_replace}, {"adds values and groups", test_add},
      {"later ones win", test_several}, {"values are settings or else text", test_values},
      {"bad paths name what is there", test_bad_paths}, )
