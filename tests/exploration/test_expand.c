/* test_expand.c: run indices never change: widening, refining, narrowing, new parameters, equal values, other
 * combinations; and which old runs a narrowed exploration asks for. */
#include "trajectory/fixture.h"

#include <math.h>
#include <stdlib.h>

static const uint64_t one = 1, two = 2, three = 3, four = 4;

/* Every old run keeps its values; every run is another point. Two float parameters. */
static void check_runs(pipette_trajectory *t, const char *x_name, const char *y_name, uint64_t old, const double *x_old,
                       const double *y_old)
{
    uint64_t count = pipette_run_count(t), i, j, repeats = 0;
    double *x = malloc((size_t)count * sizeof *x), *y = malloc((size_t)count * sizeof *y);
    CU_ASSERT_FATAL(x != NULL && y != NULL);
    ASSERT_OK(pipette_range(t, x_name, 0, count, x), t);
    ASSERT_OK(pipette_range(t, y_name, 0, count, y), t);
    CU_ASSERT_EQUAL(memcmp(x, x_old, (size_t)old * sizeof *x), 0);
    CU_ASSERT_EQUAL(memcmp(y, y_old, (size_t)old * sizeof *y), 0);
    for (i = 0; i < count; i++)
        for (j = 0; j < i; j++)
            repeats += x[i] == x[j] && y[i] == y[j];
    CU_ASSERT_EQUAL(repeats, 0);
    free(x);
    free(y);
}

static void snapshot(pipette_trajectory *t, double I[303], double tau[303])
{
    explore_tutorial(t);
    ASSERT_OK(pipette_range(t, "I", 0, 303, I), t);
    ASSERT_OK(pipette_range(t, "tau_ref", 0, 303, tau), t);
}

static void tutorial_axes(pipette_axis axes[2], double from, double to, double step)
{
    static const double tau_ref[] = {5.0, 7.5, 10.0};
    axes[0] = list_axis("neuron.tau_ref", PIPETTE_TYPE_F64, tau_ref, &three);
    axes[1] = step_axis("neuron.I", from, to, step);
}

static void test_nothing_new(void)
{
    pipette_trajectory *t = tutorial();
    const exploration *before;
    pipette_axis axes[2], swapped[2];
    explore_tutorial(t);
    before = trajectory_exploration(t);
    tutorial_axes(axes, 0.0, 1.0, 0.01);
    ASSERT_OK(expand(t, axes, 2), t);
    swapped[0] = axes[1];
    swapped[1] = axes[0];
    ASSERT_OK(expand(t, swapped, 2), t); /* in another order the points are the same */
    axes[1].to = pipette_value_f64(0.5); /* narrowing deletes nothing */
    ASSERT_OK(expand(t, axes, 2), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 303);
    CU_ASSERT_PTR_EQUAL(trajectory_exploration(t), before);
    trajectory_destroy(t);
}

static void test_widen(void)
{
    pipette_trajectory *t = tutorial();
    double I[303], tau[303];
    pipette_value values;
    pipette_axis axes[2];
    snapshot(t, I, tau);
    tutorial_axes(axes, 0.0, 1.5, 0.01);
    ASSERT_OK(expand(t, axes, 2), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 453);
    CU_ASSERT(at(t, "I", 303) == 101 * 0.01 && at(t, "tau_ref", 303) == 5.0);
    CU_ASSERT(at(t, "I", 452) == 1.5 && at(t, "tau_ref", 452) == 10.0);
    check_runs(t, "I", "tau_ref", 303, I, tau);
    ASSERT_OK(pipette_axis_values(t, "I", &values), t);
    CU_ASSERT_EQUAL(values.shape[0], 151);
    CU_ASSERT_EQUAL(((const double *)values.data)[150], 1.5);
    ASSERT_OK(expand(t, axes, 2), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 453);
    trajectory_destroy(t);
}

static void test_refine_and_widen_both(void)
{
    pipette_trajectory *t = tutorial();
    static const double wider[] = {5.0, 7.5, 10.0, 12.5};
    double I[303], tau[303];
    const double *sorted;
    pipette_value values;
    pipette_axis axes[2];
    uint64_t i;
    snapshot(t, I, tau);
    tutorial_axes(axes, 0.0, 1.0, 0.005);
    ASSERT_OK(expand(t, axes, 2), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 603);
    CU_ASSERT(at(t, "I", 303) == 0.005 && at(t, "I", 304) == 3 * 0.005);
    check_runs(t, "I", "tau_ref", 303, I, tau);
    ASSERT_OK(pipette_axis_values(t, "I", &values), t);
    CU_ASSERT_EQUAL(values.shape[0], 201);
    sorted = values.data;
    for (i = 1; i < 201; i++)
        CU_ASSERT(sorted[i] > sorted[i - 1]);
    axes[0] = list_axis("tau_ref", PIPETTE_TYPE_F64, wider, &four);
    axes[1] = step_axis("I", 0.0, 1.1, 0.005);
    ASSERT_OK(expand(t, axes, 2), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 4 * 221);
    check_runs(t, "I", "tau_ref", 303, I, tau);
    trajectory_destroy(t);
}

static void test_equal_values(void)
{
    pipette_trajectory *t = tutorial();
    double I[303], tau[303];
    pipette_value values;
    pipette_axis axes[2];
    uint64_t i, other = 0;
    snapshot(t, I, tau);
    for (i = 0; i <= 100; i++)
        other += -0.5 + (double)(i + 50) * 0.01 != (double)i * 0.01;
    CU_ASSERT(other > 50); /* bitwise, more than half of the old values would be new */
    tutorial_axes(axes, -0.5, 1.0, 0.01);
    ASSERT_OK(expand(t, axes, 2), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 303 + 150);
    check_runs(t, "I", "tau_ref", 303, I, tau);
    ASSERT_OK(pipette_axis_values(t, "I", &values), t);
    CU_ASSERT_EQUAL(values.shape[0], 151);
    ASSERT_OK(expand(t, axes, 2), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 453);
    /* The stored value stays where it meets a new one of the other axis: 35 * 0.01, not -0.5 + 85 * 0.01. */
    axes[0].values.shape = &one;
    axes[0].values.data = &(const double){20.0};
    ASSERT_OK(expand(t, axes, 2), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 453 + 151);
    ASSERT_OK(pipette_axis_values(t, "I", &values), t);
    CU_ASSERT_EQUAL(values.shape[0], 151);
    CU_ASSERT_EQUAL(((const double *)values.data)[85], 35 * 0.01);
    trajectory_destroy(t);
}

static void test_ulps(void)
{
    pipette_trajectory *t = tutorial();
    double x = 1.0;
    static const double near_zero[] = {0.0, 1e-20, 2e-20};
    pipette_axis axis = list_axis("I", PIPETTE_TYPE_F64, &x, &one);
    ASSERT_OK(explore(t, &axis, 1), t);
    x = 1.0 + 4 * 0x1p-52;
    ASSERT_OK(expand(t, &axis, 1), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 1);
    x = 1.0 + 5 * 0x1p-52;
    ASSERT_OK(expand(t, &axis, 1), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 2);
    x = NAN; /* is equal to itself, once it is there */
    ASSERT_OK(expand(t, &axis, 1), t);
    ASSERT_OK(expand(t, &axis, 1), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 3);
    trajectory_destroy(t);

    t = tutorial(); /* a list may lie close to 0, whatever else the list holds */
    axis = list_axis("I", PIPETTE_TYPE_F64, near_zero, &two);
    ASSERT_OK(explore(t, &axis, 1), t);
    axis = list_axis("I", PIPETTE_TYPE_F64, near_zero, &three);
    ASSERT_OK(expand(t, &axis, 1), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 3);
    axis = step_axis("I", -1.0, 1.0, 0.1); /* -1 + 10 * 0.1 is 0 */
    ASSERT_OK(expand(t, &axis, 1), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 23);
    trajectory_destroy(t);

    t = tutorial(); /* -0.3 + 3 * 0.1 is 5.6e-17, and 0 means it */
    axis = step_axis("I", -0.3, 0.3, 0.1);
    ASSERT_OK(explore(t, &axis, 1), t);
    CU_ASSERT_NOT_EQUAL(at(t, "I", 3), 0.0);
    axis = list_axis("I", PIPETTE_TYPE_F64, near_zero, &one);
    ASSERT_OK(expand(t, &axis, 1), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 7);
    axis = list_axis("I", PIPETTE_TYPE_F64, near_zero + 1, &one);
    ASSERT_OK(expand(t, &axis, 1), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 8);
    trajectory_destroy(t);

    t = tutorial(); /* a logarithmic range, refined */
    axis = count_axis("I", PIPETTE_AXIS_LOG, 1e-6, 1e6, 7);
    ASSERT_OK(explore(t, &axis, 1), t);
    axis.count = 25;
    ASSERT_OK(expand(t, &axis, 1), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 25);
    trajectory_destroy(t);
}

static void test_new_parameter(void)
{
    pipette_trajectory *t = tutorial();
    double I[303], tau[303], dt[] = {0.1, 0.05};
    pipette_axis axes[3];
    pipette_node node;
    uint64_t i;
    snapshot(t, I, tau);
    tutorial_axes(axes, 0.0, 1.0, 0.01);
    axes[2] = list_axis("dt", PIPETTE_TYPE_F64, dt, &two);
    ASSERT_OK(expand(t, axes, 3), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 606); /* dt = 0.1 is the default, so the old runs had it */
    CU_ASSERT_EQUAL(pipette_explored_count(t), 3);
    CU_ASSERT_STRING_EQUAL(pipette_explored(t, 2), "parameters.simulation.dt");
    for (i = 0; i < 606; i++) {
        CU_ASSERT_EQUAL(at(t, "dt", i), i < 303 ? 0.1 : 0.05);
        CU_ASSERT_EQUAL(at(t, "I", i), I[i % 303]);
    }
    ASSERT_OK(pipette_find(t, "dt", &node), t);
    CU_ASSERT_EQUAL(node.flags & PIPETTE_NODE_EXPLORED, PIPETTE_NODE_EXPLORED);
    trajectory_destroy(t);
}

static void test_from_nothing(void)
{
    pipette_trajectory *t = tutorial();
    pipette_axis axis = step_axis("tau_ref", 0.0, 10.0, 2.5);
    pipette_error error;
    CU_ASSERT_EQUAL(trajectory_start(t, &error), PIPETTE_OK);
    ASSERT_OK(expand(t, &axis, 1), t); /* the only run had the default, 5 */
    CU_ASSERT_EQUAL(pipette_run_count(t), 5);
    CU_ASSERT(at(t, "tau_ref", 0) == 5.0 && at(t, "tau_ref", 1) == 0.0 && at(t, "tau_ref", 4) == 10.0);
    trajectory_destroy(t);
}

static void test_refused(void)
{
    pipette_trajectory *t = tutorial();
    static const double tau[] = {5.0, 500.0};
    const exploration *before;
    pipette_axis axes[2];
    explore_tutorial(t);
    before = trajectory_exploration(t);
    axes[0] = step_axis("I", 0.0, 2.0, 0.01);
    ASSERT_FAILS(expand(t, axes, 1), t, PIPETTE_E_INVALID, "'parameters.neuron.tau_ref' is explored already");
    axes[1] = list_axis("tau_ref", PIPETTE_TYPE_F64, tau, &two);
    ASSERT_FAILS(expand(t, axes, 2), t, PIPETTE_E_BOUNDS, "500");
    axes[1].parameter = "tau";
    ASSERT_FAILS(expand(t, axes, 2), t, PIPETTE_E_NOT_FOUND, "tau");
    CU_ASSERT_PTR_EQUAL(trajectory_exploration(t), before);
    CU_ASSERT_EQUAL(pipette_run_count(t), 303);
    trajectory_destroy(t);
}

static void test_points_and_products(void)
{
    pipette_trajectory *t = tutorial();
    double I[303], tau[303];
    static const double more_I[] = {0.13, 0.135, 0.135, 2.0, 0.5}, more_tau[] = {5.0, 5.0, 5.0, 7.5, 7.5};
    static const uint64_t five = 5;
    pipette_axis axes[2];
    snapshot(t, I, tau);
    axes[0] = list_axis("I", PIPETTE_TYPE_F64, more_I, &five);
    axes[1] = list_axis("tau_ref", PIPETTE_TYPE_F64, more_tau, &five);
    axes[0].zip = axes[1].zip = 1;
    ASSERT_OK(expand(t, axes, 2), t); /* two of the five are new */
    CU_ASSERT_EQUAL(pipette_run_count(t), 305);
    CU_ASSERT(at(t, "I", 303) == 0.135 && at(t, "tau_ref", 303) == 5.0);
    CU_ASSERT(at(t, "I", 304) == 2.0 && at(t, "tau_ref", 304) == 7.5);
    check_runs(t, "I", "tau_ref", 303, I, tau);
    ASSERT_OK(expand(t, axes, 2), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 305);
    tutorial_axes(axes, 0.0, 1.0, 0.005); /* a product again, minus product and points */
    ASSERT_OK(expand(t, axes, 2), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 305 + 299);
    check_runs(t, "I", "tau_ref", 303, I, tau);
    trajectory_destroy(t);
}

static void test_long_axes(void)
{
    pipette_trajectory *t = tutorial();
    pipette_axis axes[2];
    double wide[] = {0.5, 2.0};
    int64_t n;
    axes[0] = step_axis("I", 0.0, 1e8, 0.01); /* 10^10 values on one axis */
    ASSERT_OK(explore(t, axes, 1), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), UINT64_C(10000000001));
    ASSERT_OK(expand(t, axes, 1), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), UINT64_C(10000000001));
    axes[0] = step_axis("I", 0.0, 2e8, 0.01); /* wider */
    ASSERT_OK(expand(t, axes, 1), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), UINT64_C(20000000001));
    CU_ASSERT_EQUAL(at(t, "I", UINT64_C(10000000001)), 10000000001.0 * 0.01);
    axes[0] = step_axis("I", 0.0, 1.0, 0.01); /* narrower */
    ASSERT_OK(expand(t, axes, 1), t);
    axes[0] = step_axis("I", 0.0, 2e8, 0.005); /* between */
    ASSERT_OK(expand(t, axes, 1), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), UINT64_C(40000000001));
    CU_ASSERT_EQUAL(at(t, "I", UINT64_C(20000000001)), 0.005);
    CU_ASSERT_EQUAL(at(t, "I", UINT64_C(40000000000)), 39999999999.0 * 0.005);
    axes[0] = step_axis("I", 0.0, 2e8, 0.003);
    ASSERT_FAILS(expand(t, axes, 1), t, PIPETTE_E_UNSUPPORTED, "neuron.I");
    CU_ASSERT_EQUAL(pipette_run_count(t), UINT64_C(40000000001));
    ASSERT_FAILS(pipette_axis_values(t, "I", &(pipette_value){0}), t, PIPETTE_E_UNSUPPORTED, "too many to list");
    trajectory_destroy(t);

    t = tutorial(); /* integers are exact whatever the steps: 0, 6, 12, ... then every third */
    axes[0] = integer_axis("other.n", 0, 600000000, 6);
    ASSERT_OK(explore(t, axes, 1), t);
    axes[0] = integer_axis("other.n", 600000003, -3, -3);
    ASSERT_OK(expand(t, axes, 1), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), UINT64_C(200000003));
    axes[0] = integer_axis("other.n", -2, 600000000, 2);
    ASSERT_OK(expand(t, axes, 1), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), UINT64_C(200000003) + 200000001); /* multiples of 2 that are not of 3 */
    ASSERT_OK(pipette_range(t, "other.n", UINT64_C(200000003), 1, &n), t);
    CU_ASSERT_EQUAL(n, -2);
    trajectory_destroy(t);

    t = tutorial(); /* a long axis around a short list */
    axes[0] = list_axis("V_init", PIPETTE_TYPE_F64, wide, &two);
    ASSERT_OK(explore(t, axes, 1), t);
    axes[0] = step_axis("V_init", 0.0, 1e8, 0.5);
    ASSERT_OK(expand(t, axes, 1), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), UINT64_C(200000001));
    CU_ASSERT(at(t, "V_init", 2) == 0.0 && at(t, "V_init", 3) == 1.0 && at(t, "V_init", 4) == 1.5 &&
              at(t, "V_init", 5) == 2.5);
    trajectory_destroy(t);
}

/* ---- Against a table of points, for many small explorations ---- */

static uint64_t state = 88172645463325252u;
static uint64_t draw(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

enum { SIDE = 12, POINTS = SIDE * SIDE * SIDE };

/* A random exploration of n, small and seed with values from 0 to 11: products, zips, lists, ranges. */
static uint32_t random_axes(pipette_axis axes[3], int64_t lists[3][SIDE], uint64_t lengths[3])
{
    static const char *const names[] = {"other.n", "other.small", "other.seed"};
    uint64_t zip = draw(3), i, j; /* 0: none, 1: the first two, 2: all */
    for (i = 0; i < 3; i++) {
        int zipped = (zip == 1 && i < 2) || zip == 2;
        lengths[i] = zipped && i > 0 ? lengths[0] : 1 + draw(5);
        if (draw(2) == 0) {
            for (j = 0; j < lengths[i]; j++)
                lists[i][j] = (int64_t)draw(SIDE);
            axes[i] = list_axis(names[i], PIPETTE_TYPE_I64, lists[i], &lengths[i]);
        } else {
            int64_t step = 1 + (int64_t)draw(2), from = (int64_t)draw(SIDE - (uint64_t)step * (lengths[i] - 1));
            int64_t to = from + step * (int64_t)(lengths[i] - 1);
            axes[i] = draw(2) == 0 ? integer_axis(names[i], from, to, step) : integer_axis(names[i], to, from, -step);
        }
        axes[i].zip = zipped ? 1 : 0;
    }
    return 3;
}

static void mark(pipette_trajectory *t, uint64_t first, int *table)
{
    uint64_t count = pipette_run_count(t), i;
    for (i = first; i < count; i++) {
        int64_t n = 0;
        int32_t small = 0;
        uint64_t seed = 0;
        ASSERT_OK(pipette_range(t, "other.n", i, 1, &n), t);
        ASSERT_OK(pipette_range(t, "small", i, 1, &small), t);
        ASSERT_OK(pipette_range(t, "seed", i, 1, &seed), t);
        table[((uint64_t)n * SIDE + (uint64_t)small) * SIDE + seed]++;
    }
}

static void test_random(void)
{
    static int have[POINTS], wanted[POINTS], added[POINTS];
    int round, step, i;
    uint64_t wrong = 0;
    for (round = 0; round < 300; round++) {
        pipette_trajectory *t = tutorial();
        pipette_axis axes[3];
        int64_t lists[3][SIDE];
        uint64_t lengths[3];
        ASSERT_OK(explore(t, axes, random_axes(axes, lists, lengths)), t);
        memset(have, 0, sizeof have);
        mark(t, 0, have);
        for (step = 0; step < 4; step++) {
            pipette_trajectory *other = tutorial();
            uint64_t before = pipette_run_count(t), first, last;
            random_axes(axes, lists, lengths);
            ASSERT_OK(explore(other, axes, 3), other);
            memset(wanted, 0, sizeof wanted);
            memset(added, 0, sizeof added);
            mark(other, 0, wanted);
            ASSERT_OK(pipette_range(t, "seed", before - 1, 1, &first), t);
            ASSERT_OK(expand(t, axes, 3), t);
            ASSERT_OK(pipette_range(t, "seed", before - 1, 1, &last), t);
            wrong += first != last;
            mark(t, before, added);
            for (i = 0; i < POINTS; i++) {
                wrong += (unsigned)(added[i] != (wanted[i] > 0 && have[i] == 0));
                have[i] += added[i];
            }
            trajectory_destroy(other);
        }
        trajectory_destroy(t);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

/* ---- Stored points and the config's ---- */

static char *text_of(pipette_trajectory *t)
{
    char *text = NULL;
    pipette_error error;
    CU_ASSERT_EQUAL_FATAL(exploration_text(trajectory_exploration(t), &text, &error), PIPETTE_OK);
    return text;
}

static void test_continue(void)
{
    pipette_trajectory *old = tutorial(), *t = tutorial();
    double I[303], tau[303];
    pipette_axis axes[2];
    pipette_error error;
    uint8_t mask[303];
    exploration *wanted;
    char *stored, *config;
    uint64_t i, hits = 0;
    snapshot(old, I, tau);
    stored = text_of(old);
    trajectory_destroy(old);
    tutorial_axes(axes, 0.5, 2.0, 0.01);
    ASSERT_OK(explore(t, axes, 2), t);
    config = text_of(t);
    CU_ASSERT_EQUAL(trajectory_start(t, &error), PIPETTE_OK);
    CU_ASSERT_EQUAL(trajectory_continue(t, stored, &error), PIPETTE_OK);
    CU_ASSERT_EQUAL(pipette_run_count(t), 603);
    check_runs(t, "I", "tau_ref", 303, I, tau);
    /* The config asks for the upper half of the old runs. */
    CU_ASSERT_EQUAL_FATAL(exploration_parse(config, &wanted, &error), PIPETTE_OK);
    CU_ASSERT_EQUAL(exploration_match(trajectory_exploration(t), wanted, 0, 303, mask, &error), PIPETTE_OK);
    for (i = 0; i < 303; i++) {
        CU_ASSERT_EQUAL(mask[i], i % 101 >= 50);
        hits += mask[i];
    }
    CU_ASSERT_EQUAL(hits, 153);
    CU_ASSERT_EQUAL(exploration_match(trajectory_exploration(t), wanted, 301, 302, mask, &error), PIPETTE_OK);
    for (i = 0; i < 302; i++)
        CU_ASSERT_EQUAL(mask[i], 1);
    exploration_destroy(wanted);
    free(config);
    trajectory_destroy(t);

    t = tutorial(); /* nothing new: the stored ones */
    explore_tutorial(t);
    CU_ASSERT_EQUAL(trajectory_continue(t, stored, &error), PIPETTE_OK);
    CU_ASSERT_EQUAL(pipette_run_count(t), 303);
    trajectory_destroy(t);

    t = tutorial(); /* a file whose one run explored nothing: its tau_ref was 5, its I was 0, as in run 0 */
    explore_tutorial(t);
    CU_ASSERT_EQUAL(trajectory_continue(t, NULL, &error), PIPETTE_OK);
    CU_ASSERT_EQUAL(pipette_run_count(t), 303);
    CU_ASSERT_EQUAL(trajectory_continue(t, "nonsense", &error), PIPETTE_E_INVALID);
    CU_ASSERT_EQUAL(pipette_run_count(t), 303);
    trajectory_destroy(t);
    free(stored);
}

static void test_match_tuples(void)
{
    pipette_trajectory *t = tutorial(), *points = tutorial();
    static const double I[] = {0.35, 0.13, 5.0}, tau[] = {7.5, 5.0, 5.0};
    pipette_axis axes[2];
    pipette_error error;
    uint8_t mask[303];
    uint64_t i, hits = 0;
    explore_tutorial(t);
    axes[0] = list_axis("I", PIPETTE_TYPE_F64, I, &three);
    axes[1] = list_axis("tau_ref", PIPETTE_TYPE_F64, tau, &three);
    axes[0].zip = axes[1].zip = 1;
    ASSERT_OK(explore(points, axes, 2), points);
    CU_ASSERT_EQUAL(exploration_match(trajectory_exploration(t), trajectory_exploration(points), 0, 303, mask, &error),
                    PIPETTE_OK);
    for (i = 0; i < 303; i++)
        hits += mask[i];
    CU_ASSERT_EQUAL(hits, 2);
    CU_ASSERT(mask[13] == 1 && mask[101 + 35] == 1); /* 0.35 is within rounding of 35 * 0.01 */
    trajectory_destroy(points);
    points = tutorial();
    ASSERT_OK(explore(points, (axes[0].zip = 0, axes), 1), points);
    CU_ASSERT_EQUAL(exploration_match(trajectory_exploration(t), trajectory_exploration(points), 0, 303, mask, &error),
                    PIPETTE_E_INVALID);
    trajectory_destroy(points);
    trajectory_destroy(t);
}

SUITE("trajectory: expand", {"nothing new, and narrowing", test_nothing_new}, {"widening", test_widen},
      {"refining, then widening both axes", test_refine_and_widen_both}, {"the stored value stays", test_equal_values},
      {"how near is equal", test_ulps}, {"a newly explored parameter", test_new_parameter},
      {"expanding what explored nothing", test_from_nothing}, {"what is refused", test_refused},
      {"points and products", test_points_and_products}, {"axes of 10^10 values", test_long_axes},
      {"against a table of points", test_random}, {"stored points and the config's", test_continue},
      {"which runs a list of points asks for", test_match_tuples}, )
