/* test_config_check.c: unknown keys and wrong types are refused with the nearest known name. */
#include "config/config_support.h"

static const pipette_option_spec specs[] = {
    PIPETTE_OPTION("product", PIPETTE_OPTION_LIST, NULL, ""),
    PIPETTE_OPTION("product[].parameter", PIPETTE_TYPE_STRING, NULL, ""),
    PIPETTE_OPTION("product[].values", PIPETTE_OPTION_ARRAY, NULL, ""),
    PIPETTE_OPTION("product[].step", PIPETTE_TYPE_F64, NULL, ""),
    PIPETTE_OPTION("points[].*", PIPETTE_TYPE_F64, NULL, ""),
    PIPETTE_OPTION("points[].name", PIPETTE_TYPE_STRING, NULL, ""),
    PIPETTE_OPTION("seed", PIPETTE_TYPE_U64, "0", ""),
    PIPETTE_OPTION("count", PIPETTE_TYPE_I32, "0", ""),
    PIPETTE_OPTION("deep.down.flag", PIPETTE_TYPE_BOOL, NULL, ""),
    PIPETTE_OPTION("free", PIPETTE_OPTION_ANY, NULL, ""),
    PIPETTE_OPTION("closed", PIPETTE_OPTION_GROUP, NULL, ""),
};
static const char *const always[] = {"plugin", "name", NULL};

static int check_text(const char *text, pipette_error *error)
{
    config *loaded = load(text);
    int status =
        config_check(config_root(loaded), "plugin 'explorer'", specs, PIPETTE_COUNT_OF(specs), 0, always, error);
    config_free(loaded);
    return status;
}

static int accepted(const char *text)
{
    pipette_error error;
    if (check_text(text, &error) == PIPETTE_OK)
        return 1;
    printf("\n    %s\n", error.message);
    return 0;
}

static int faulted(const char *text, const char *part)
{
    pipette_error error;
    return check_text(text, &error) == PIPETTE_E_CONFIG && error.code == PIPETTE_E_CONFIG && holds(error.message, part);
}

static void test_known(void)
{
    CU_ASSERT(accepted(""));
    CU_ASSERT(accepted("plugin = \"explorer\"; name = 3; seed = 18446744073709551615; count = 5;\n"
                       "product = ( { parameter = \"a\"; values = [1, 2.5]; }, { parameter = \"b\"; step = 1; } );\n"
                       "points = ( { I = 0.5; tau = 3; name = \"first\"; } ); deep = { down = { flag = true; }; };\n"
                       "free = { any = ( 1, \"x\", { thing = 2; } ); };\n"));
    CU_ASSERT(accepted("product = ();"));
    CU_ASSERT(accepted("free = 5; closed = { };"));
}

static void test_unknown(void)
{
    CU_ASSERT(faulted("seed = 1;\nprodukt = ();",
                      "main.cfg:2: plugin 'explorer' has no option 'produkt'; did you mean 'product'?"));
    CU_ASSERT(faulted("plugn = \"x\";", "has no option 'plugn'; did you mean 'plugin'?"));
    CU_ASSERT(
        faulted("product = ( { parameter = \"a\"; },\n { parametr = \"b\"; } );",
                "main.cfg:2: plugin 'explorer' has no option 'parametr' in 'product[1]'; did you mean 'parameter'?"));
    CU_ASSERT(
        faulted("deep = { down = { flagg = true; }; };", "has no option 'flagg' in 'deep.down'; did you mean 'flag'?"));
    CU_ASSERT(faulted("xyz = 1;",
                      "has no option 'xyz'; it knows product, points, seed, count, deep, free, closed, plugin, name"));
    CU_ASSERT(faulted("product = ( { plugin = \"x\"; } );",
                      "has no option 'plugin' in 'product[0]'; it knows parameter, values, step"));
    CU_ASSERT(faulted("closed = { x = 1; };", "has no option 'x' in 'closed'; it knows none here"));
}

static void test_types(void)
{
    CU_ASSERT(faulted("product = (\n{ step = \"x\"; } );", "main.cfg:2: 'step' takes a number, not text"));
    CU_ASSERT(
        faulted("product = { step = 1; };", "main.cfg:1: 'product' takes a list ( ), not a group; write ( { ... } )"));
    CU_ASSERT(
        faulted("product = ( { values = 5.0; } );", "'values' takes an array of values [ ], not 5.0; write it in [ ]"));
    CU_ASSERT(
        faulted("product = ( { values = [ 1, true ]; } );", "'values[1]' is true, but the array begins with a number"));
    CU_ASSERT(faulted("product = ( { parameter = 5; } );", "'parameter' takes text, not 5; put it in quotes"));
    CU_ASSERT(faulted("points = ( { I = true; } );", "'I' takes a number, not true"));
    CU_ASSERT(faulted("points = ( { name = 5; } );", "'name' takes text, not 5"));
    CU_ASSERT(faulted("points = { I = 1.0; };", "'points' takes a list ( ), not a group"));
    CU_ASSERT(faulted("deep = 5;", "'deep' takes a group { }, not 5"));
    CU_ASSERT(faulted("deep = { down = { flag = 1; }; };", "'flag' takes true or false, not 1"));
    CU_ASSERT(faulted("seed = -1;", "'seed' is -1, but takes no negative number"));
    CU_ASSERT(faulted("count = 3000000000;", "'count' is 3000000000, which does not fit into i32"));
    CU_ASSERT(faulted("count = [1];", "'count' takes an integer, not an array"));
    CU_ASSERT(faulted("closed = [ ];", "'closed' takes a group { }, not an empty list"));
}

static void test_no_specs(void)
{
    pipette_error error;
    config *loaded = load("run = { plugin = \"lif\"; x = 1; };\nother = \"lif\";");
    CU_ASSERT_EQUAL(config_check(node_at(loaded, "run"), "plugin 'lif'", NULL, 0, 0, NULL, &error), PIPETTE_E_CONFIG);
    CU_ASSERT(holds(error.message, "main.cfg:1: plugin 'lif' has no option 'plugin'; it knows none here"));
    CU_ASSERT_EQUAL(config_check(node_at(loaded, "run"), "plugin 'lif'", NULL, 0, 0, always, &error), PIPETTE_E_CONFIG);
    CU_ASSERT(holds(error.message, "main.cfg:1: plugin 'lif' has no option 'x'"));
    CU_ASSERT_EQUAL(config_check(node_at(loaded, "other"), "'other'", specs, 1, 0, NULL, &error), PIPETTE_E_CONFIG);
    CU_ASSERT(holds(error.message, "main.cfg:2: 'other' takes its options as a group { }, not text"));
    config_free(loaded);
}

static void test_stride(void)
{
    static const struct {
        pipette_option_spec spec;
        uint64_t later;
    } longer[] = {{PIPETTE_OPTION("a", PIPETTE_TYPE_F64, NULL, ""), 1},
                  {PIPETTE_OPTION("b", PIPETTE_TYPE_F64, NULL, ""), 2}};
    config *loaded = load("a = 1; b = 2;");
    CU_ASSERT_EQUAL(config_check(config_root(loaded), "x", &longer[0].spec, 2, sizeof longer[0], NULL, NULL),
                    PIPETTE_OK);
    CU_ASSERT_EQUAL(config_check(config_root(loaded), "x", &longer[0].spec, 1, sizeof longer[0], NULL, NULL),
                    PIPETTE_E_CONFIG);
    config_free(loaded);
}

static void test_fail(void)
{
    pipette_error error;
    config *loaded = load("a = 1;\nb = 2;");
    CU_ASSERT_EQUAL(config_fail(node_at(loaded, "b"), &error, PIPETTE_E_BOUNDS, "%d is too %s", 2, "large"),
                    PIPETTE_E_BOUNDS);
    CU_ASSERT_EQUAL(error.code, PIPETTE_E_BOUNDS);
    CU_ASSERT(holds(error.message, "main.cfg:2: 2 is too large"));
    CU_ASSERT_EQUAL(config_fail(node_at(loaded, "b"), NULL, PIPETTE_E_BOUNDS, "x"), PIPETTE_E_BOUNDS);
    config_free(loaded);
}

SUITE("config_check", {"known keys pass", test_known}, {"unknown keys", test_unknown}, {"wrong types", test_types},
      {"no specs, no group", test_no_specs}, {"arrays of longer specs", test_stride},
      {"messages of the callers", test_fail}, )
