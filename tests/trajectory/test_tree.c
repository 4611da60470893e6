/* test_tree.c: branches, names, natural naming, parameters, presets, locks, bounds, values of every type. */
#include "trajectory/fixture.h"

#include <math.h>

static pipette_trajectory *empty(void)
{
    pipette_trajectory *t = NULL;
    pipette_error error;
    CU_ASSERT_EQUAL_FATAL(trajectory_create("T", NULL, &t, &error), PIPETTE_OK);
    return t;
}

static int add_f64(pipette_trajectory *t, int branch, const char *path, double x)
{
    pipette_value value = pipette_value_f64(x);
    return pipette_add(t, branch, path, &value, NULL, NULL);
}

static double get_f64(pipette_trajectory *t, const char *name)
{
    pipette_value value = pipette_value_none();
    ASSERT_OK(pipette_get(t, name, &value), t);
    CU_ASSERT_EQUAL(value.type, PIPETTE_TYPE_F64);
    return value.as.f64;
}

static void test_branches(void)
{
    pipette_trajectory *t = tutorial();
    pipette_node node;
    CU_ASSERT_STRING_EQUAL(trajectory_name(t), "FiringRate");
    CU_ASSERT_STRING_EQUAL(trajectory_comment(t), "A comment");
    CU_ASSERT_EQUAL(t->host->size, sizeof(pipette_trajectory_host));
    CU_ASSERT_EQUAL(get_f64(t, "parameters.neuron.tau_V"), 10.0);
    CU_ASSERT_EQUAL(get_f64(t, "par.neuron.tau_V"), 10.0);
    CU_ASSERT_EQUAL(get_f64(t, "tau_V"), 10.0);
    ASSERT_OK(add_f64(t, PIPETTE_BRANCH_CONFIG, "a.x", 1.0), t);
    ASSERT_OK(add_f64(t, PIPETTE_BRANCH_DERIVED_PARAMETERS, "a.x", 2.0), t);
    ASSERT_OK(add_f64(t, PIPETTE_BRANCH_RESULTS, "a.x", 3.0), t);
    CU_ASSERT_EQUAL(get_f64(t, "conf.a.x"), 1.0);
    CU_ASSERT_EQUAL(get_f64(t, "dpar.a.x"), 2.0);
    CU_ASSERT_EQUAL(get_f64(t, "res.a.x"), 3.0);
    CU_ASSERT_EQUAL(get_f64(t, "derived_parameters.x"), 2.0);
    ASSERT_OK(pipette_find(t, "tau_V", &node), t);
    CU_ASSERT_STRING_EQUAL(node.path, "parameters.neuron.tau_V");
    CU_ASSERT_STRING_EQUAL(node.name, "tau_V");
    CU_ASSERT_STRING_EQUAL(node.unit, "ms");
    CU_ASSERT_STRING_EQUAL(node.comment, "Membrane time constant.");
    CU_ASSERT_EQUAL(node.branch, PIPETTE_BRANCH_PARAMETERS);
    CU_ASSERT_EQUAL(node.flags & PIPETTE_NODE_LEAF, PIPETTE_NODE_LEAF);
    CU_ASSERT_PTR_NOT_NULL_FATAL(node.spec);
    CU_ASSERT_EQUAL(node.spec->flags, PIPETTE_HAS_MINIMUM | PIPETTE_ABOVE_MINIMUM);
    ASSERT_FAILS(add_f64(t, 7, "x", 1.0), t, PIPETTE_E_INVALID, "branch");
    ASSERT_FAILS(add_f64(t, PIPETTE_BRANCH_RESULTS, "a.x", 3.0), t, PIPETTE_E_EXISTS, "results.a.x");
    ASSERT_FAILS(add_f64(t, PIPETTE_BRANCH_RESULTS, "a", 3.0), t, PIPETTE_E_EXISTS, "group");
    ASSERT_FAILS(add_f64(t, PIPETTE_BRANCH_RESULTS, "a.x.y", 3.0), t, PIPETTE_E_EXISTS, "results.a.x");
    trajectory_destroy(t);
}

static void test_names(void)
{
    static const char *const bad[] = {"",    ".",   "a.",       ".a",       "a..b",       "_a", "a._b",
                                      "a b", "a/b", "\xc3\xa9", "overview", "overview.x", "a$"};
    pipette_error error;
    char name[140];
    size_t i;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_EQUAL(trajectory_check_path(bad[i], 1, &error), PIPETTE_E_INVALID);
    CU_ASSERT_EQUAL(trajectory_check_path(NULL, 1, &error), PIPETTE_E_INVALID);
    CU_ASSERT_EQUAL(trajectory_check_path("neuron.tau_ref-2.9x", 0, &error), PIPETTE_OK);
    CU_ASSERT_EQUAL(trajectory_check_path("neuron.$.V", 1, &error), PIPETTE_OK);
    CU_ASSERT_EQUAL(trajectory_check_path("crun.a.$set.crunset", 1, &error), PIPETTE_OK);
    CU_ASSERT_EQUAL(trajectory_check_path("neuron.$.V", 0, &error), PIPETTE_E_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "'$'"));
    CU_ASSERT_EQUAL(trajectory_check_path("a.overview", 0, &error), PIPETTE_OK);
    memset(name, 'a', sizeof name);
    name[127] = '\0';
    CU_ASSERT_EQUAL(trajectory_check_path(name, 0, &error), PIPETTE_OK);
    name[127] = 'a';
    name[128] = '\0';
    CU_ASSERT_EQUAL(trajectory_check_path(name, 0, &error), PIPETTE_E_INVALID);
}

static void test_natural_naming(void)
{
    pipette_trajectory *t = empty();
    pipette_node node;
    /* `neuron` stands in two branches, only one has `I`: the whole path decides. */
    ASSERT_OK(add_f64(t, PIPETTE_BRANCH_PARAMETERS, "neuron.I", 1.0), t);
    ASSERT_OK(add_f64(t, PIPETTE_BRANCH_DERIVED_PARAMETERS, "neuron.rate", 2.0), t);
    CU_ASSERT_EQUAL(get_f64(t, "neuron.I"), 1.0);
    CU_ASSERT_EQUAL(get_f64(t, "neuron.rate"), 2.0);
    ASSERT_FAILS(pipette_find(t, "neuron", &node), t, PIPETTE_E_AMBIGUOUS,
                 "parameters.neuron, derived_parameters.neuron");
    /* The shallowest fit wins; a tie names both. */
    ASSERT_OK(add_f64(t, PIPETTE_BRANCH_PARAMETERS, "deep.er.x", 3.0), t);
    ASSERT_OK(add_f64(t, PIPETTE_BRANCH_PARAMETERS, "flat.x", 4.0), t);
    CU_ASSERT_EQUAL(get_f64(t, "x"), 4.0);
    CU_ASSERT_EQUAL(get_f64(t, "deep.x"), 3.0);
    ASSERT_OK(add_f64(t, PIPETTE_BRANCH_PARAMETERS, "other.x", 5.0), t);
    ASSERT_FAILS(pipette_find(t, "x", &node), t, PIPETTE_E_AMBIGUOUS, "parameters.flat.x, parameters.other.x");
    CU_ASSERT_EQUAL(get_f64(t, "other.x"), 5.0);
    /* Components are taken in order, wherever they stand. */
    ASSERT_OK(add_f64(t, PIPETTE_BRANCH_RESULTS, "a.b.a.c", 6.0), t);
    CU_ASSERT_EQUAL(get_f64(t, "b.c"), 6.0);
    CU_ASSERT_EQUAL(get_f64(t, "a.a.c"), 6.0);
    ASSERT_FAILS(pipette_find(t, "c.a", &node), t, PIPETTE_E_NOT_FOUND, "no node 'c.a'");
    ASSERT_FAILS(pipette_find(t, "neuron.Rate", &node), t, PIPETTE_E_NOT_FOUND,
                 "did you mean 'derived_parameters.neuron.rate'?");
    ASSERT_FAILS(pipette_find(t, "cell.rate", &node), t, PIPETTE_E_NOT_FOUND, "derived_parameters.neuron.rate");
    ASSERT_FAILS(pipette_find(t, "q..", &node), t, PIPETTE_E_NOT_FOUND, "q..");
    ASSERT_FAILS(pipette_find(t, NULL, &node), t, PIPETTE_E_INVALID, "name");
    ASSERT_FAILS(pipette_find(t, "neuron.i", &node), t, PIPETTE_E_NOT_FOUND, "did you mean 'parameters.neuron.I'?");
    /* config is searched only if nothing else fits, however deep that stands. */
    ASSERT_OK(add_f64(t, PIPETTE_BRANCH_CONFIG, "text", 8.0), t);
    CU_ASSERT_EQUAL(get_f64(t, "text"), 8.0);
    ASSERT_OK(add_f64(t, PIPETTE_BRANCH_RESULTS, "deep.er.text", 9.0), t);
    CU_ASSERT_EQUAL(get_f64(t, "text"), 9.0);
    CU_ASSERT_EQUAL(get_f64(t, "conf.text"), 8.0);
    ASSERT_OK(add_f64(t, PIPETTE_BRANCH_CONFIG, "one.twice", 1.0), t);
    ASSERT_OK(add_f64(t, PIPETTE_BRANCH_CONFIG, "two.twice", 2.0), t);
    ASSERT_FAILS(pipette_find(t, "twice", &node), t, PIPETTE_E_AMBIGUOUS, "config.one.twice, config.two.twice");
    /* A full name wins over a deeper natural fit. */
    ASSERT_OK(add_f64(t, PIPETTE_BRANCH_RESULTS, "parameters.flat.x", 7.0), t);
    CU_ASSERT_EQUAL(get_f64(t, "parameters.flat.x"), 4.0);
    trajectory_destroy(t);
}

static void test_parameter_twice(void)
{
    pipette_trajectory *t = empty();
    pipette_parameter_spec spec = PIPETTE_F64("a.x", 1.0, "1", "X."), other = PIPETTE_F64("a.x", 2.0, "1", "X.");
    pipette_parameter_spec integer = PIPETTE_I64("a.x", 1, "1", "X."),
                           prefixed = PIPETTE_F64("parameters.a.x", 1.0, "1", "X.");
    pipette_value value = pipette_value_f64(9.0);
    ASSERT_OK(pipette_add_parameter(t, &spec), t);
    ASSERT_OK(pipette_set(t, "a.x", &value), t);
    ASSERT_OK(pipette_add_parameter(t, &spec), t);
    ASSERT_OK(pipette_add_parameter(t, &prefixed), t);
    CU_ASSERT_EQUAL(get_f64(t, "a.x"), 9.0);
    ASSERT_FAILS(pipette_add_parameter(t, &other), t, PIPETTE_E_EXISTS, "parameters.a.x");
    ASSERT_FAILS(pipette_add_parameter(t, &integer), t, PIPETTE_E_EXISTS, "parameters.a.x");
    ASSERT_FAILS(pipette_add_parameter(t, NULL), t, PIPETTE_E_INVALID, "no parameter");
    integer.path = "a.$.y";
    ASSERT_FAILS(pipette_add_parameter(t, &integer), t, PIPETTE_E_INVALID, "$");
    integer.path = "y";
    integer.type = 99;
    ASSERT_FAILS(pipette_add_parameter(t, &integer), t, PIPETTE_E_TYPE, "99");
    trajectory_destroy(t);
}

static void test_presets(void)
{
    pipette_trajectory *t = empty();
    pipette_parameter_spec tau = PIPETTE_F64_POSITIVE("neuron.tau_V", 10.0, "ms", ""), n = PIPETTE_I64("n", 1, "1", "");
    pipette_parameter_spec x = PIPETTE_F64("x", 1.0, "1", "");
    pipette_value value = pipette_value_i64(20), text = pipette_value_string("abc"), half = pipette_value_f64(0.5);
    pipette_error error;
    ASSERT_OK(pipette_preset(t, "parameters.neuron.tau_V", &value), t); /* an integer widens */
    ASSERT_OK(pipette_preset(t, "n", &half), t);
    ASSERT_OK(pipette_preset(t, "x", &text), t);
    ASSERT_OK(pipette_add_parameter(t, &tau), t);
    CU_ASSERT_EQUAL(get_f64(t, "tau_V"), 20.0);
    ASSERT_FAILS(pipette_add_parameter(t, &n), t, PIPETTE_E_TYPE, "0.5 is of type f64, where i64 belongs");
    ASSERT_FAILS(pipette_add_parameter(t, &x), t, PIPETTE_E_TYPE, "\"abc\" is of type string");
    value = pipette_value_i64(7);
    ASSERT_OK(pipette_preset(t, "par.n", &value), t); /* replaces */
    ASSERT_OK(pipette_add_parameter(t, &n), t);
    ASSERT_OK(pipette_get(t, "n", &value), t);
    CU_ASSERT_EQUAL(value.as.i64, 7);
    ASSERT_OK(pipette_preset(t, "x", &half), t);
    ASSERT_OK(pipette_add_parameter(t, &x), t);
    CU_ASSERT_EQUAL(get_f64(t, "x"), 0.5);
    ASSERT_FAILS(pipette_preset(t, "x", &half), t, PIPETTE_E_LOCKED, "parameters.x");
    ASSERT_FAILS(pipette_preset(t, "a b", &half), t, PIPETTE_E_INVALID, "a b");
    ASSERT_OK(pipette_preset(t, "neuron.tauV", &half), t);
    CU_ASSERT_EQUAL(trajectory_start(t, &error), PIPETTE_E_NOT_FOUND);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "parameters.neuron.tauV"));
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "'parameters.neuron.tau_V'"));
    trajectory_destroy(t);
}

static void test_preset_bounds(void)
{
    pipette_trajectory *t = empty();
    pipette_parameter_spec spec = PIPETTE_F64_IN("a", 1.0, 0.0, 2.0, "1", "");
    pipette_value value = pipette_value_f64(3.0);
    ASSERT_OK(pipette_preset(t, "a", &value), t);
    ASSERT_FAILS(pipette_add_parameter(t, &spec), t, PIPETTE_E_BOUNDS, "the maximum is 2");
    trajectory_destroy(t);
}

static void test_locks(void)
{
    pipette_trajectory *t = tutorial();
    pipette_parameter_spec late = PIPETTE_F64("late", 1.0, "1", "");
    pipette_value value = pipette_value_f64(2.0);
    pipette_node node;
    pipette_error error;
    ASSERT_OK(pipette_find(t, "tau_V", &node), t); /* locks nothing */
    CU_ASSERT_EQUAL(node.flags & PIPETTE_NODE_LOCKED, 0);
    ASSERT_OK(pipette_set(t, "tau_V", &value), t);
    ASSERT_OK(pipette_get(t, "tau_V", &value), t);
    ASSERT_FAILS(pipette_set(t, "tau_V", &value), t, PIPETTE_E_LOCKED, "parameters.neuron.tau_V");
    ASSERT_OK(pipette_lock(t, "V_init"), t);
    ASSERT_FAILS(pipette_set(t, "V_init", &value), t, PIPETTE_E_LOCKED, "parameters.neuron.V_init");
    ASSERT_FAILS(pipette_lock(t, "par.neuron"), t, PIPETTE_E_INVALID, "group");
    ASSERT_FAILS(pipette_get(t, "par.neuron", &value), t, PIPETTE_E_INVALID, "group");
    CU_ASSERT_EQUAL(trajectory_start(t, &error), PIPETTE_OK);
    ASSERT_FAILS(pipette_set(t, "dt", &value), t, PIPETTE_E_LOCKED, "parameters.simulation.dt");
    ASSERT_FAILS(pipette_add_parameter(t, &late), t, PIPETTE_E_LOCKED, "started");
    ASSERT_FAILS(add_f64(t, PIPETTE_BRANCH_PARAMETERS, "late", 1.0), t, PIPETTE_E_LOCKED, "started");
    ASSERT_FAILS(pipette_preset(t, "late", &value), t, PIPETTE_E_LOCKED, "started");
    ASSERT_FAILS(explore(t, NULL, 0), t, PIPETTE_E_LOCKED, "started");
    ASSERT_OK(add_f64(t, PIPETTE_BRANCH_DERIVED_PARAMETERS, "late", 1.0), t);
    ASSERT_OK(add_f64(t, PIPETTE_BRANCH_RESULTS, "late", 1.0), t);
    ASSERT_FAILS(pipette_set(t, "res.late", &value), t, PIPETTE_E_INVALID, "results.late");
    ASSERT_OK(pipette_set(t, "dpar.late", &value), t);
    CU_ASSERT_EQUAL(get_f64(t, "dpar.late"), value.as.f64);
    trajectory_destroy(t);
}

static void test_bounds(void)
{
    pipette_trajectory *t = empty();
    pipette_parameter_spec low = PIPETTE_F64_IN("low", -1.0, 0.0, 1.0, "1", ""),
                           positive = PIPETTE_F64_POSITIVE("p", 0.0, "1", "");
    pipette_parameter_spec in = PIPETTE_F64_IN("in", 0.5, 0.0, 1.0, "1", ""),
                           integer = PIPETTE_I64_IN("i", 3, 1, 5, "1", "");
    pipette_parameter_spec text = PIPETTE_STRING("s", "x", ""),
                           big = PIPETTE_I64_IN("big", 0, 0, 9007199254740992.0, "1", "");
    pipette_value value;
    ASSERT_FAILS(pipette_add_parameter(t, &low), t, PIPETTE_E_BOUNDS, "the minimum is 0");
    ASSERT_FAILS(pipette_add_parameter(t, &positive), t, PIPETTE_E_BOUNDS, "must be above 0");
    low.default_f64 = (double)NAN;
    ASSERT_FAILS(pipette_add_parameter(t, &low), t, PIPETTE_E_BOUNDS, "nan");
    text.flags = PIPETTE_HAS_MINIMUM;
    ASSERT_FAILS(pipette_add_parameter(t, &text), t, PIPETTE_E_INVALID, "no order");
    ASSERT_OK(pipette_add_parameter(t, &in), t);
    ASSERT_OK(pipette_add_parameter(t, &integer), t);
    ASSERT_OK(pipette_add_parameter(t, &big), t);
    value = pipette_value_f64(1.0); /* inclusive */
    ASSERT_OK(pipette_set(t, "in", &value), t);
    value = pipette_value_f64(1.0000000000000002);
    ASSERT_FAILS(pipette_set(t, "in", &value), t, PIPETTE_E_BOUNDS, "1.0000000000000002");
    value = pipette_value_f64((double)NAN);
    ASSERT_FAILS(pipette_set(t, "in", &value), t, PIPETTE_E_BOUNDS, "nan");
    value = pipette_value_i64(6);
    ASSERT_FAILS(pipette_set(t, "i", &value), t, PIPETTE_E_BOUNDS, "the maximum is 5");
    value = pipette_value_i64(9007199254740993); /* 2^53 + 1: a double would call it equal to the bound */
    ASSERT_FAILS(pipette_set(t, "big", &value), t, PIPETTE_E_BOUNDS, "9007199254740993");
    big.path = "negative";
    big.default_i64 = -3;
    big.minimum = -2.5;
    ASSERT_FAILS(pipette_add_parameter(t, &big), t, PIPETTE_E_BOUNDS, "-3 is out of bounds, the minimum is -2.5");
    big.default_i64 = -2;
    ASSERT_OK(pipette_add_parameter(t, &big), t);
    value = pipette_value_i64(INT64_MIN);
    ASSERT_FAILS(pipette_set(t, "negative", &value), t, PIPETTE_E_BOUNDS, "-9223372036854775808");
    big.path = "above";
    big.flags = PIPETTE_ABOVE_MINIMUM; /* no maximum */
    big.default_i64 = INT64_MAX;
    ASSERT_OK(pipette_add_parameter(t, &big), t);
    value = pipette_value_i64(-2);
    ASSERT_OK(pipette_set(t, "above", &value), t);
    value = pipette_value_i64(-3);
    ASSERT_FAILS(pipette_set(t, "above", &value), t, PIPETTE_E_BOUNDS, "must be above -2.5");
    CU_ASSERT_EQUAL(get_f64(t, "in"), 1.0);
    trajectory_destroy(t);
}

static void test_types(void)
{
    pipette_trajectory *t = tutorial();
    pipette_value value;
    ASSERT_OK(pipette_get(t, "seed", &value), t);
    CU_ASSERT_EQUAL(value.as.u64, UINT64_MAX);
    ASSERT_OK(pipette_get(t, "flag", &value), t);
    CU_ASSERT_EQUAL(value.type, PIPETTE_TYPE_BOOL);
    CU_ASSERT_EQUAL(value.as.boolean, 1);
    ASSERT_OK(pipette_get(t, "z", &value), t);
    CU_ASSERT(value.as.complex.real == 2.0 && value.as.complex.imaginary == 0.0);
    ASSERT_OK(pipette_get(t, "mode", &value), t);
    CU_ASSERT_STRING_EQUAL(value.as.string, "fast");
    value = pipette_value_i64(5000000000);
    ASSERT_FAILS(pipette_set(t, "small", &value), t, PIPETTE_E_BOUNDS, "5000000000 does not fit in i32");
    value = pipette_value_i64(-2147483648LL);
    ASSERT_OK(pipette_set(t, "small", &value), t);
    ASSERT_OK(pipette_get(t, "small", &value), t);
    CU_ASSERT_EQUAL(value.as.i32, INT32_MIN);
    value = pipette_value_u64(UINT64_C(1) << 63);
    ASSERT_FAILS(pipette_set(t, "other.n", &value), t, PIPETTE_E_BOUNDS, "9223372036854775808");
    value = pipette_value_i64(9007199254740993); /* not exactly a double */
    ASSERT_FAILS(pipette_set(t, "dt", &value), t, PIPETTE_E_BOUNDS, "9007199254740993");
    value = pipette_value_f64(3.0);
    ASSERT_FAILS(pipette_set(t, "other.n", &value), t, PIPETTE_E_TYPE, "i64");
    value = pipette_value_bool(1);
    ASSERT_FAILS(pipette_set(t, "other.n", &value), t, PIPETTE_E_TYPE, "bool");
    value = pipette_value_f64(0.1); /* the nearest float */
    ASSERT_OK(pipette_set(t, "other.x", &value), t);
    ASSERT_OK(pipette_get(t, "other.x", &value), t);
    CU_ASSERT_EQUAL(value.as.f32, 0.1f);
    value = pipette_value_none();
    ASSERT_FAILS(pipette_set(t, "dt", &value), t, PIPETTE_E_TYPE, "no known type");
    value = pipette_value_string(NULL);
    ASSERT_FAILS(pipette_add(t, PIPETTE_BRANCH_RESULTS, "s", &value, NULL, NULL), t, PIPETTE_E_INVALID, "NULL");
    ASSERT_FAILS(pipette_add(t, PIPETTE_BRANCH_RESULTS, "s", NULL, NULL, NULL), t, PIPETTE_E_INVALID, "no value");
    trajectory_destroy(t);
}

static void test_arrays(void)
{
    pipette_trajectory *t = empty();
    uint64_t shape[3] = {2, 3, 1}, none = 0;
    double numbers[6] = {1, 2, 3, 4, 5, 6};
    int64_t integers[6] = {6, 5, 4, 3, 2, 1};
    char a[] = "alpha", b[] = "\xce\xb2";
    const char *strings[2];
    pipette_value value = pipette_value_array(PIPETTE_TYPE_F64, 3, shape, numbers), got;
    pipette_parameter_spec spec = PIPETTE_F64("w", 0.0, "mV", "Weights.");
    strings[0] = a;
    strings[1] = b;
    spec.default_array = &value;
    ASSERT_OK(pipette_add_parameter(t, &spec), t);
    numbers[4] = -1.0; /* the trajectory has a copy */
    value = pipette_value_array(PIPETTE_TYPE_I64, 3, shape, integers);
    ASSERT_OK(pipette_find(t, "w", &(pipette_node){0}), t);
    ASSERT_OK(pipette_set(t, "w", &value), t); /* widens element by element */
    shape[0] = 99;
    ASSERT_OK(pipette_get(t, "w", &got), t);
    CU_ASSERT_EQUAL(got.type, PIPETTE_TYPE_F64);
    CU_ASSERT_EQUAL(got.rank, 3);
    CU_ASSERT_EQUAL(got.shape[0], 2);
    CU_ASSERT_EQUAL(((const double *)got.data)[1], 5.0);
    shape[0] = 2;
    value = pipette_value_array(PIPETTE_TYPE_STRING, 1, shape, strings);
    ASSERT_OK(pipette_add(t, PIPETTE_BRANCH_RESULTS, "s", &value, "", "Names"), t);
    a[0] = 'X';
    strings[1] = NULL;
    ASSERT_OK(pipette_get(t, "s", &got), t);
    CU_ASSERT_STRING_EQUAL(((const char *const *)got.data)[0], "alpha");
    CU_ASSERT_STRING_EQUAL(((const char *const *)got.data)[1], "\xce\xb2");
    ASSERT_FAILS(pipette_add(t, PIPETTE_BRANCH_RESULTS, "s2", &value, "", ""), t, PIPETTE_E_INVALID, "NULL");
    value = pipette_value_array(PIPETTE_TYPE_F64, 1, &none, NULL);
    ASSERT_OK(pipette_add(t, PIPETTE_BRANCH_RESULTS, "none", &value, "", ""), t);
    ASSERT_OK(pipette_get(t, "none", &got), t);
    CU_ASSERT_EQUAL(pipette_value_count(&got), 0);
    value = pipette_value_f64(1.0);
    spec.path = "w2";
    spec.default_array = &value;
    ASSERT_FAILS(pipette_add_parameter(t, &spec), t, PIPETTE_E_INVALID, "scalar");
    trajectory_destroy(t);
}

static int collect(const pipette_node *node, void *user)
{
    char *text = user;
    strcat(text, node->path);
    strcat(text, node->flags & PIPETTE_NODE_LEAF ? ";" : "/");
    return strcmp(node->name, "stop") == 0 ? 42 : 0;
}

static void test_walk(void)
{
    pipette_trajectory *t = empty();
    char text[1000] = "";
    ASSERT_OK(add_f64(t, PIPETTE_BRANCH_RESULTS, "b.y", 1.0), t);
    ASSERT_OK(add_f64(t, PIPETTE_BRANCH_RESULTS, "a", 1.0), t);
    ASSERT_OK(add_f64(t, PIPETTE_BRANCH_RESULTS, "b.x", 1.0), t);
    ASSERT_OK(pipette_walk(t, "res", collect, text), t);
    CU_ASSERT_STRING_EQUAL(text, "results/results.b/results.b.y;results.b.x;results.a;");
    text[0] = '\0';
    ASSERT_OK(pipette_walk(t, "", collect, text), t);
    CU_ASSERT_STRING_EQUAL(
        text, "/config/parameters/derived_parameters/results/results.b/results.b.y;results.b.x;results.a;");
    ASSERT_OK(add_f64(t, PIPETTE_BRANCH_CONFIG, "stop", 1.0), t);
    text[0] = '\0';
    CU_ASSERT_EQUAL(pipette_walk(t, "", collect, text), 42);
    CU_ASSERT_STRING_EQUAL(text, "/config/config.stop;");
    ASSERT_FAILS(pipette_walk(t, "nothing", collect, text), t, PIPETTE_E_NOT_FOUND, "nothing");
    trajectory_destroy(t);
}

static void test_many_nodes(void)
{
    pipette_trajectory *t = empty();
    char path[64];
    int i;
    for (i = 0; i < 20000; i++) {
        (void)snprintf(path, sizeof path, "run_%08d.z", i);
        ASSERT_OK(add_f64(t, PIPETTE_BRANCH_RESULTS, path, i), t);
    }
    CU_ASSERT_EQUAL(get_f64(t, "results.run_00019999.z"), 19999.0);
    CU_ASSERT_EQUAL(get_f64(t, "r_77.z"), 77.0);
    ASSERT_FAILS(pipette_find(t, "z", &(pipette_node){0}), t, PIPETTE_E_AMBIGUOUS, "and 19994 more");
    trajectory_destroy(t);
}

static void test_message_of_message(void)
{
    pipette_trajectory *t = empty();
    CU_ASSERT_EQUAL(pipette_trajectory_fail(t, PIPETTE_E_MODEL, "first %d", 1), PIPETTE_E_MODEL);
    CU_ASSERT_EQUAL(pipette_trajectory_fail(t, PIPETTE_E_TYPE, "then: %s", pipette_trajectory_message(t)),
                    PIPETTE_E_TYPE);
    CU_ASSERT_STRING_EQUAL(pipette_trajectory_message(t), "then: first 1");
    trajectory_destroy(t);
    CU_ASSERT_EQUAL(trajectory_create("a.b", NULL, &t, NULL), PIPETTE_E_INVALID);
    CU_ASSERT_PTR_NULL(t);
}

SUITE("trajectory: tree", {"branches, shortcuts, what is known of a node", test_branches},
      {"names that are refused", test_names}, {"natural naming", test_natural_naming},
      {"a parameter declared twice", test_parameter_twice}, {"presets", test_presets},
      {"a preset out of bounds", test_preset_bounds}, {"locks", test_locks}, {"bounds", test_bounds},
      {"types and conversion", test_types}, {"arrays are copied", test_arrays}, {"walks", test_walk},
      {"many nodes", test_many_nodes}, {"messages", test_message_of_message}, )
