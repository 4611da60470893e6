/* test_explore.c: explorations: the tutorial's numbers, every kind of axis, products, zips, orders, what is refused,
 * and sizes that no table could hold. */
#include "trajectory/fixture.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>

static const uint64_t one = 1, two = 2, three = 3, four = 4;

static void test_unexplored(void)
{
    pipette_trajectory *t = tutorial();
    double x;
    CU_ASSERT_EQUAL(pipette_run_count(t), 1);
    CU_ASSERT_EQUAL(pipette_explored_count(t), 0);
    CU_ASSERT_PTR_NULL(pipette_explored(t, 0));
    CU_ASSERT_PTR_NULL(trajectory_exploration(t));
    ASSERT_FAILS(pipette_range(t, "neuron.I", 0, 1, &x), t, PIPETTE_E_INVALID, "'parameters.neuron.I' is not explored");
    trajectory_destroy(t);
}

static void test_tutorial(void)
{
    pipette_trajectory *t = tutorial();
    double I[303], tau_ref[303];
    pipette_value values;
    pipette_node node;
    uint64_t run;
    explore_tutorial(t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 303);
    CU_ASSERT_EQUAL(pipette_explored_count(t), 2);
    CU_ASSERT_STRING_EQUAL(pipette_explored(t, 0), "parameters.neuron.tau_ref");
    CU_ASSERT_STRING_EQUAL(pipette_explored(t, 1), "parameters.neuron.I");
    CU_ASSERT_PTR_NULL(pipette_explored(t, 2));
    CU_ASSERT_EQUAL(at(t, "I", 13), 0.13);
    CU_ASSERT_EQUAL(at(t, "tau_ref", 13), 5.0);
    CU_ASSERT_EQUAL(at(t, "I", 202), 0.0);
    CU_ASSERT_EQUAL(at(t, "tau_ref", 202), 10.0);
    CU_ASSERT_EQUAL(at(t, "I", 302), 1.0);
    ASSERT_OK(pipette_range(t, "neuron.I", 0, 303, I), t);
    ASSERT_OK(pipette_range(t, "neuron.tau_ref", 0, 303, tau_ref), t);
    for (run = 0; run < 303; run++) {
        CU_ASSERT_EQUAL(I[run], (double)(run % 101) * 0.01);
        CU_ASSERT_EQUAL(tau_ref[run], run < 101 ? 5.0 : run < 202 ? 7.5 : 10.0);
    }
    CU_ASSERT_NOT_EQUAL(I[35], 0.35); /* 0.35000000000000003: multiplied, not rounded */
    CU_ASSERT_EQUAL(I[35], 0.35000000000000003);
    ASSERT_FAILS(pipette_range(t, "I", 303, 1, I), t, PIPETTE_E_BOUNDS, "303");
    ASSERT_FAILS(pipette_range(t, "I", 1, UINT64_MAX, I), t, PIPETTE_E_BOUNDS, "303");
    ASSERT_OK(pipette_range(t, "I", 303, 0, I), t);
    ASSERT_OK(pipette_axis_values(t, "I", &values), t);
    CU_ASSERT_EQUAL(values.rank, 1);
    CU_ASSERT_EQUAL(values.shape[0], 101);
    CU_ASSERT_EQUAL(((const double *)values.data)[100], 1.0);
    ASSERT_OK(pipette_find(t, "I", &node), t);
    CU_ASSERT_EQUAL(node.flags, PIPETTE_NODE_LEAF | PIPETTE_NODE_LOCKED | PIPETTE_NODE_EXPLORED);
    CU_ASSERT_EQUAL(node.value.as.f64, 0.0); /* the default view has the default */
    ASSERT_FAILS(pipette_set(t, "I", &node.value), t, PIPETTE_E_LOCKED, "explored");
    ASSERT_FAILS(explore(t, NULL, 0), t, PIPETTE_E_EXISTS, "explored already");
    trajectory_destroy(t);
}

/* Every block of every length must be a cut of the whole. */
static void check_blocks(pipette_trajectory *t, const char *name, uint64_t count)
{
    double whole[600], block[600];
    uint64_t first, length;
    ASSERT_OK(pipette_range(t, name, 0, count, whole), t);
    for (first = 0; first < count; first++)
        for (length = 1; length <= count - first; length += length < 20 ? 1 : 17) {
            if (pipette_range(t, name, first, length, block) != PIPETTE_OK ||
                memcmp(block, whole + first, (size_t)length * sizeof(double)) != 0)
                CU_FAIL("a block differs");
        }
}

static void test_blocks(void)
{
    pipette_trajectory *t = tutorial();
    const double V[] = {1.0, 2.0};
    pipette_axis axes[4];
    uint64_t i;
    double dt[504];
    axes[0] = list_axis("V_init", PIPETTE_TYPE_F64, V, &two);
    axes[1] = step_axis("I", 0.0, 5.0, 1.0);
    axes[2] = count_axis("tau_ref", PIPETTE_AXIS_COUNT, 0.0, 1.0, 7);
    axes[3] = count_axis("dt", PIPETTE_AXIS_LOG, 1.0, 1000.0, 6);
    ASSERT_OK(explore(t, axes, 4), t);
    CU_ASSERT_EQUAL_FATAL(pipette_run_count(t), 504);
    check_blocks(t, "V_init", 504);
    check_blocks(t, "I", 504);
    check_blocks(t, "tau_ref", 504);
    check_blocks(t, "dt", 504);
    ASSERT_OK(pipette_range(t, "dt", 0, 504, dt), t);
    for (i = 0; i < 504; i++) {
        CU_ASSERT_EQUAL(dt[i], dt[i % 6]);
        CU_ASSERT_EQUAL(at(t, "I", i), (double)(i / 42 % 6));
        CU_ASSERT_EQUAL(at(t, "V_init", i), V[i / 252]);
    }
    CU_ASSERT_EQUAL(at(t, "tau_ref", 6), 1.0 / 6.0);
    CU_ASSERT_EQUAL(at(t, "tau_ref", 41), 1.0);
    CU_ASSERT_EQUAL(dt[0], 1.0);
    CU_ASSERT_DOUBLE_EQUAL(dt[1], 3.9810717055349722, 1e-15);
    CU_ASSERT_EQUAL(dt[5], 1000.0);
    trajectory_destroy(t);
}

static void test_steps(void)
{
    static const struct {
        double from, to, step;
        uint64_t count;
    } cases[] = {
        {0.0, 0.3, 0.1, 4},           {0.0, 1.0, 0.3, 4},
        {1.0, 0.0, -0.25, 5},         {2.0, 2.0, 1.0, 1},
        {0.1, 0.7, 0.1, 7},           {0.0, 1.0, 0.999999, 2},
        {0.0, 1.0, 1.0 + 1e-10, 2},   {0.0, 1.0, 1.0 + 1e-8, 1},
        {0.0, 1e9, 0.1, 10000000001}, {0.1, 1000000.1, 0.1, 10000001},
        {-1.0, 1.0, 0.02, 101},
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pipette_trajectory *t = tutorial();
        pipette_axis axis = step_axis("I", cases[i].from, cases[i].to, cases[i].step);
        ASSERT_OK(explore(t, &axis, 1), t);
        CU_ASSERT_EQUAL(pipette_run_count(t), cases[i].count);
        CU_ASSERT_EQUAL(at(t, "I", cases[i].count - 1), cases[i].from + (double)(cases[i].count - 1) * cases[i].step);
        trajectory_destroy(t);
    }
}

static void test_integers(void)
{
    pipette_trajectory *t = tutorial();
    pipette_axis axes[3];
    int64_t n[4];
    int32_t small[4];
    uint64_t seed[4];
    axes[0] = integer_axis("other.n", 9007199254740991, 9007199254740993, 1); /* around 2^53: exact */
    axes[1] = integer_axis("small", 3, -4, -3);
    axes[2] = integer_axis("seed", 0, 0, -1); /* negative steps also where values are not */
    axes[2].from = pipette_value_u64(UINT64_MAX);
    axes[2].to = pipette_value_u64(UINT64_MAX - 1);
    ASSERT_OK(explore(t, axes, 3), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 18);
    ASSERT_OK(pipette_range(t, "other.n", 10, 4, n), t);
    CU_ASSERT(n[0] == 9007199254740992 && n[1] == 9007199254740992 && n[2] == 9007199254740993 &&
              n[3] == 9007199254740993);
    ASSERT_OK(pipette_range(t, "small", 2, 4, small), t);
    CU_ASSERT(small[0] == 0 && small[1] == 0 && small[2] == -3 && small[3] == -3);
    ASSERT_OK(pipette_range(t, "seed", 15, 3, seed), t);
    CU_ASSERT(seed[0] == UINT64_MAX - 1 && seed[1] == UINT64_MAX && seed[2] == UINT64_MAX - 1);
    trajectory_destroy(t);

    t = tutorial(); /* the whole of 64 bits, and whole numbers as a float's range */
    axes[0] = integer_axis("other.n", INT64_MIN, INT64_MAX, 4611686018427387904);
    axes[1] = integer_axis("I", 1, 3, 1);
    axes[2] = count_axis("small", PIPETTE_AXIS_COUNT, 0, 0, 3);
    axes[2].from = pipette_value_i64(10);
    axes[2].to = pipette_value_i64(-10);
    ASSERT_OK(explore(t, axes, 3), t);
    ASSERT_OK(pipette_range(t, "other.n", 0, 1, n), t);
    CU_ASSERT_EQUAL(n[0], INT64_MIN);
    ASSERT_OK(pipette_range(t, "other.n", 27, 1, n), t);
    CU_ASSERT_EQUAL(n[0], 4611686018427387904);
    CU_ASSERT_EQUAL(at(t, "I", 3), 2.0);
    ASSERT_OK(pipette_range(t, "small", 0, 3, small), t);
    CU_ASSERT(small[0] == 10 && small[1] == 0 && small[2] == -10);
    trajectory_destroy(t);

    t = tutorial(); /* 1, 10, 100 */
    axes[0] = count_axis("other.n", PIPETTE_AXIS_LOG, 0, 0, 3);
    axes[0].from = pipette_value_i64(1);
    axes[0].to = pipette_value_i64(100);
    ASSERT_OK(explore(t, axes, 1), t);
    ASSERT_OK(pipette_range(t, "other.n", 0, 3, n), t);
    CU_ASSERT(n[0] == 1 && n[1] == 10 && n[2] == 100);
    trajectory_destroy(t);
}

static void test_other_types(void)
{
    pipette_trajectory *t = tutorial();
    static const char *const modes[] = {"slow", "fast", "\xc3\xa9\n\"x\""};
    static const uint8_t flags[] = {1, 0};
    static const pipette_complex z[] = {{1.0, -1.0}, {0.0, 2.0}};
    static const int64_t widened[] = {1, 2};
    const char *mode[12];
    pipette_complex got[2];
    uint8_t flag[4];
    float x[2];
    pipette_value values;
    pipette_axis axes[5];
    axes[0] = list_axis("mode", PIPETTE_TYPE_STRING, modes, &three);
    axes[1] = list_axis("flag", PIPETTE_TYPE_BOOL, flags, &two);
    axes[2] = list_axis("z", PIPETTE_TYPE_COMPLEX, z, &two);
    axes[2].zip = 4;
    axes[3] = list_axis("I", PIPETTE_TYPE_I64, widened, &two); /* integers widen to floats */
    axes[3].zip = 4;
    axes[4] = step_axis("other.x", 0.0, 0.1, 0.1); /* f32: rounded once, at the end */
    axes[4].zip = 4;
    ASSERT_OK(explore(t, axes, 5), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 12);
    ASSERT_OK(pipette_range(t, "mode", 0, 12, mode), t);
    CU_ASSERT_STRING_EQUAL(mode[0], "slow");
    CU_ASSERT_STRING_EQUAL(mode[11], "\xc3\xa9\n\"x\"");
    ASSERT_OK(pipette_range(t, "flag", 1, 4, flag), t);
    CU_ASSERT(flag[0] == 1 && flag[1] == 0 && flag[2] == 0 && flag[3] == 1);
    ASSERT_OK(pipette_range(t, "z", 0, 2, got), t);
    CU_ASSERT(got[0].imaginary == -1.0 && got[1].imaginary == 2.0);
    ASSERT_OK(pipette_range(t, "other.x", 0, 2, x), t);
    CU_ASSERT(x[0] == 0.0f && x[1] == 0.1f);
    CU_ASSERT_EQUAL(at(t, "I", 1), 2.0);
    ASSERT_OK(pipette_axis_values(t, "mode", &values), t);
    CU_ASSERT_EQUAL(values.shape[0], 3);
    CU_ASSERT_STRING_EQUAL(((const char *const *)values.data)[0], "slow"); /* in order of appearance */
    trajectory_destroy(t);
}

static void test_zip_and_order(void)
{
    pipette_trajectory *t = tutorial();
    static const double a[] = {1, 2}, b[] = {10, 20}, c[] = {3, 4, 5};
    static const char *const order[] = {"V_init", "tau_ref"}, *const both[] = {"tau_ref", "V_init", "I"};
    pipette_axis axes[3];
    pipette_exploration wanted;
    pipette_value values;
    axes[0] = list_axis("I", PIPETTE_TYPE_F64, a, &two);
    axes[1] = list_axis("V_init", PIPETTE_TYPE_F64, c, &three);
    axes[2] = list_axis("tau_ref", PIPETTE_TYPE_F64, b, &two);
    axes[0].zip = axes[2].zip = 1;
    wanted = product(axes, 3);
    wanted.order = order; /* the zip changes fastest */
    wanted.order_count = 2;
    ASSERT_OK(pipette_explore(t, &wanted), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 6);
    CU_ASSERT_STRING_EQUAL(pipette_explored(t, 0), "parameters.neuron.V_init");
    CU_ASSERT(at(t, "I", 3) == 2 && at(t, "tau_ref", 3) == 20 && at(t, "V_init", 3) == 4);
    CU_ASSERT(at(t, "I", 4) == 1 && at(t, "tau_ref", 4) == 10 && at(t, "V_init", 4) == 5);
    ASSERT_OK(pipette_axis_values(t, "tau_ref", &values), t);
    CU_ASSERT_EQUAL(values.shape[0], 2);
    trajectory_destroy(t);

    t = tutorial(); /* an order may name each of a zip */
    wanted.order = both;
    wanted.order_count = 3;
    ASSERT_OK(pipette_explore(t, &wanted), t);
    CU_ASSERT(at(t, "I", 3) == 2 && at(t, "V_init", 3) == 3);
    trajectory_destroy(t);
}

static void test_point_list(void)
{
    pipette_trajectory *t = tutorial();
    static const double I[] = {0.5, 0.1, 0.5, 0.5}, tau[] = {5, 5, 7, 5};
    pipette_axis axes[2];
    pipette_value values;
    axes[0] = list_axis("I", PIPETTE_TYPE_F64, I, &four);
    axes[1] = list_axis("tau_ref", PIPETTE_TYPE_F64, tau, &four);
    axes[0].zip = axes[1].zip = 9;
    ASSERT_OK(explore(t, axes, 2), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 4); /* what is written twice is run twice */
    CU_ASSERT(at(t, "I", 2) == 0.5 && at(t, "tau_ref", 2) == 7);
    ASSERT_OK(pipette_axis_values(t, "I", &values), t);
    CU_ASSERT_EQUAL(values.shape[0], 2);
    CU_ASSERT(((const double *)values.data)[0] == 0.1 && ((const double *)values.data)[1] == 0.5);
    trajectory_destroy(t);
}

static void test_refused(void)
{
    pipette_trajectory *t = tutorial();
    static const double numbers[] = {1, 2, 200, NAN};
    static const char *const text[] = {"a", "b"}, *const latin1[] = {"caf\xc3\xa9", "caf\xe9"}, *const half[] = {"I"},
                             *const unknown[] = {"I", "tau_reff"};
    static const char *const twice[] = {"I", "tau_ref", "neuron.I"}, *const extra[] = {"I", "tau_ref", "dt"};
    static const int64_t huge[] = {9007199254740993};
    pipette_axis axes[3], axis;
    pipette_exploration wanted;
    pipette_value value = pipette_value_f64(1.0);
    uint64_t none = 0, shape[2] = {1, 2};

    ASSERT_FAILS(explore(t, NULL, 0), t, PIPETTE_E_INVALID, "no axes");
    ASSERT_FAILS(pipette_explore(t, NULL), t, PIPETTE_E_INVALID, "no axes");
    axis = list_axis("neuron.tau_reff", PIPETTE_TYPE_F64, numbers, &two);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_NOT_FOUND, "did you mean 'parameters.neuron.tau_ref'?");
    axis = list_axis("mode", PIPETTE_TYPE_STRING, latin1, &two);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_INVALID, "value 1 holds byte 0xe9, which is not UTF-8");
    axis = list_axis("neuron.tau_reff", PIPETTE_TYPE_F64, numbers, &two);
    axis.parameter = NULL;
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_INVALID, "names no parameter");
    ASSERT_OK(pipette_add(t, PIPETTE_BRANCH_RESULTS, "rate", &value, NULL, NULL), t);
    axis = list_axis("rate", PIPETTE_TYPE_F64, numbers, &two);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_INVALID, "'results.rate' is no parameter");
    axis = list_axis("I", PIPETTE_TYPE_F64, numbers, &none);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_INVALID, "axis 'I': the list of values is empty");
    axis = list_axis("I", PIPETTE_TYPE_STRING, text, &two);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_TYPE, "axis 'I': \"a\" is of type string, where f64 belongs");
    axis = list_axis("other.n", PIPETTE_TYPE_F64, numbers, &two);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_TYPE, "where i64 belongs");
    axis = list_axis("I", PIPETTE_TYPE_I64, huge, &one);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_BOUNDS, "9007199254740993 does not fit in f64");
    axis = list_axis("tau_ref", PIPETTE_TYPE_F64, numbers, &three);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_BOUNDS, "axis 'tau_ref': 200 is out of bounds, the maximum is 100");
    axis = list_axis("tau_ref", PIPETTE_TYPE_F64, numbers + 3, &one);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_BOUNDS, "nan");
    axis = list_axis("I", PIPETTE_TYPE_F64, numbers, NULL);
    axis.values.rank = 0;
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_TYPE, "list");
    axis.values = pipette_value_array(PIPETTE_TYPE_F64, 2, shape, numbers);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_TYPE, "rank 2");

    axis = step_axis("I", 0.0, 1.0, 0.0);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_INVALID, "axis 'I': the step is 0");
    axis = step_axis("I", 0.0, 1.0, -0.1);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_INVALID, "a step of -0.1 leads away from 1, starting at 0");
    axis = step_axis("I", 0.0, HUGE_VAL, 0.1);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_INVALID, "'to'");
    axis = step_axis("I", (double)NAN, 1.0, 0.1);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_INVALID, "finite");
    axis = step_axis("I", 0.0, 1.0, 0.1);
    axis.step = pipette_value_string("x");
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_TYPE, "'step': \"x\" is of type string");
    axis.step = pipette_value_none();
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_INVALID, "'step' is missing");
    axis = step_axis("tau_ref", 0.0, 100.1, 0.1); /* one too far, known from the end */
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_BOUNDS, "the maximum is 100");
    axis = step_axis("I", 0.0, 1e200, 1e-10);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_INVALID, "10^210 values; at most 2^63");
    axis = step_axis("I", 0.0, 1e300, 1e-10);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_INVALID, "too small");
    axis = integer_axis("other.n", 0, 10, 0);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_INVALID, "the step is 0");
    axis = integer_axis("other.n", 0, -10, 3);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_INVALID, "a step of 3 leads away from -10, starting at 0");
    axis = integer_axis("other.n", INT64_MIN, INT64_MAX, 1);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_INVALID, "2^63");
    axis = integer_axis("small", 0, 5000000000, 1);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_BOUNDS, "i32");
    axis = step_axis("other.n", 0.0, 1.0, 0.5);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_TYPE, "i64");
    axis = step_axis("mode", 0.0, 1.0, 0.5);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_TYPE, "no ranges");
    axis = count_axis("I", PIPETTE_AXIS_COUNT, 0.0, 1.0, 0);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_INVALID, "empty");
    axis = count_axis("I", PIPETTE_AXIS_COUNT, 0.0, 1.0, 1);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_INVALID, "count of 1");
    axis = count_axis("I", PIPETTE_AXIS_LOG, 0.0, 1.0, 5);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_INVALID, "above 0, not 0 and 1");
    axis = count_axis("I", PIPETTE_AXIS_LOG, 1.0, -1.0, 5);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_INVALID, "above 0");
    axis.kind = 77;
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_INVALID, "77");

    axes[0] = step_axis("I", 0.0, 1.0, 0.5);
    axes[1] = step_axis("tau_ref", 0.0, 1.0, 0.25);
    axes[0].zip = axes[1].zip = 1;
    ASSERT_FAILS(explore(t, axes, 2), t, PIPETTE_E_INVALID,
                 "'I' and 'tau_ref' advance together, but have 3 and 5 values");
    axes[0].zip = axes[1].zip = 0;
    axes[2] = step_axis("neuron.I", 0.0, 1.0, 0.25);
    ASSERT_FAILS(explore(t, axes, 3), t, PIPETTE_E_INVALID, "'parameters.neuron.I' is explored by two axes");
    wanted = product(axes, 2);
    wanted.order = half;
    wanted.order_count = 1;
    ASSERT_FAILS(pipette_explore(t, &wanted), t, PIPETTE_E_INVALID, "the order does not name 'tau_ref'");
    wanted.order = unknown;
    wanted.order_count = 2;
    ASSERT_FAILS(pipette_explore(t, &wanted), t, PIPETTE_E_NOT_FOUND, "'parameters.neuron.tau_ref'");
    wanted.order = twice;
    wanted.order_count = 3;
    ASSERT_FAILS(pipette_explore(t, &wanted), t, PIPETTE_E_INVALID, "twice");
    wanted.order = extra;
    ASSERT_FAILS(pipette_explore(t, &wanted), t, PIPETTE_E_INVALID, "'dt', which no axis explores");

    ASSERT_OK(pipette_get(t, "dt", &value), t);
    axis = list_axis("dt", PIPETTE_TYPE_F64, numbers, &two);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_LOCKED, "read already");
    CU_ASSERT_EQUAL(pipette_run_count(t), 1); /* nothing has changed */
    CU_ASSERT_EQUAL(pipette_explored_count(t), 0);
    ASSERT_OK(pipette_set(t, "I", &value), t);
    trajectory_destroy(t);
}

static void test_array_parameter(void)
{
    pipette_trajectory *t = tutorial();
    static const double numbers[] = {1, 2};
    pipette_value value = pipette_value_array(PIPETTE_TYPE_F64, 1, &two, numbers);
    pipette_axis axis = list_axis("weights", PIPETTE_TYPE_F64, numbers, &two);
    ASSERT_OK(pipette_add(t, PIPETTE_BRANCH_PARAMETERS, "weights", &value, "1", ""), t);
    ASSERT_FAILS(explore(t, &axis, 1), t, PIPETTE_E_TYPE, "array");
    trajectory_destroy(t);
}

static void test_too_many(void)
{
    static const char *const names[] = {"I", "tau_V", "V_init", "dt", "duration"};
    pipette_trajectory *t = tutorial();
    pipette_axis axes[5];
    uint32_t i;
    for (i = 0; i < 5; i++)
        axes[i] = step_axis(names[i], 1.0, 1e6, 1.0);
    ASSERT_FAILS(explore(t, axes, 5), t, PIPETTE_E_INVALID, "10^30 points");
    ASSERT_FAILS(explore(t, axes, 4), t, PIPETTE_E_INVALID, "10^24 points");
    CU_ASSERT_EQUAL(pipette_run_count(t), 1);
    ASSERT_OK(explore(t, axes, 3), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), UINT64_C(1000000000000000000));
    CU_ASSERT(at(t, "I", UINT64_C(999999999999999999)) == 1e6 &&
              at(t, "V_init", UINT64_C(999999999999999998)) == 999999.0);
    CU_ASSERT(at(t, "tau_V", UINT64_C(123456789012345678)) == 789013.0);
    trajectory_destroy(t);

    t = tutorial(); /* exactly 2^63 can be numbered */
    axes[0] = integer_axis("other.n", INT64_MIN, -1, 1);
    ASSERT_OK(explore(t, axes, 1), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), UINT64_C(1) << 63);
    trajectory_destroy(t);
}

static void test_memory(void)
{
    pipette_trajectory *t = tutorial();
    struct rusage before, after;
    double *block = malloc(4096 * sizeof *block);
    pipette_axis axes[2];
    uint64_t i;
    CU_ASSERT_PTR_NOT_NULL_FATAL(block);
    (void)getrusage(RUSAGE_SELF, &before);
    axes[0] = step_axis("V_init", 0.0, 99999.0, 1.0);
    axes[1] = count_axis("I", PIPETTE_AXIS_COUNT, 0.0, 1.0, 100000);
    ASSERT_OK(explore(t, axes, 2), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), UINT64_C(10000000000));
    ASSERT_OK(pipette_range(t, "I", UINT64_C(9999995904), 4096, block), t);
    for (i = 0; i < 4095; i++)
        CU_ASSERT_EQUAL(block[i], (double)(95904 + i) * 1.0 / 99999.0);
    CU_ASSERT_EQUAL(block[4095], 1.0);
    ASSERT_OK(pipette_range(t, "V_init", UINT64_C(9999800000) - 2, 4, block), t);
    CU_ASSERT(block[1] == 99997.0 && block[2] == 99998.0);
    (void)getrusage(RUSAGE_SELF, &after);
    CU_ASSERT(after.ru_maxrss - before.ru_maxrss < 2048); /* KiB */
    free(block);
    trajectory_destroy(t);
}

static void test_structs_of_other_sizes(void)
{
    /* A caller with a longer axis, and one with an older, shorter one that had no zip. */
    struct {
        pipette_axis axis;
        char more[24];
    } axes[2];
    pipette_trajectory *t = tutorial();
    pipette_exploration wanted;
    memset(axes, 0xff, sizeof axes);
    axes[0].axis = step_axis("tau_ref", 0.0, 2.0, 1.0);
    axes[1].axis = step_axis("I", 0.0, 3.0, 1.0);
    axes[0].axis.size = (uint32_t)sizeof axes[0];
    axes[1].axis.zip = 0xffffffff;
    axes[1].axis.size = (uint32_t)offsetof(pipette_axis, zip);
    wanted = product(&axes[0].axis, 2);
    wanted.axis_stride = (uint32_t)sizeof axes[0];
    ASSERT_OK(pipette_explore(t, &wanted), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 12);
    trajectory_destroy(t);
}

SUITE("trajectory: explore", {"nothing explored", test_unexplored}, {"the tutorial's 303 runs", test_tutorial},
      {"blocks of any length", test_blocks}, {"numbers of steps", test_steps}, {"integers", test_integers},
      {"other types", test_other_types}, {"zip and order", test_zip_and_order}, {"a list of points", test_point_list},
      {"what is refused", test_refused}, {"array parameters", test_array_parameter},
      {"10^18 and 10^30 points", test_too_many}, {"10^10 points cost no memory", test_memory},
      {"structs of other sizes", test_structs_of_other_sizes}, )
