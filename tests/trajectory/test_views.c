/* test_views.c: the trajectory as one run sees it: values, wildcards, other runs' nodes, adding, and what a view may
 * not do. */
#include "trajectory/fixture.h"

static int add_f64(pipette_trajectory *t, int branch, const char *path, double x)
{
    pipette_value value = pipette_value_f64(x);
    return pipette_add(t, branch, path, &value, NULL, NULL);
}

static double get_f64(pipette_trajectory *t, const char *name)
{
    pipette_value value = pipette_value_none();
    ASSERT_OK(pipette_get(t, name, &value), t);
    return value.as.f64;
}

static pipette_trajectory *view_of(pipette_trajectory *t, uint64_t run)
{
    pipette_trajectory *view = NULL;
    ASSERT_OK(pipette_view(t, run, &view), t);
    CU_ASSERT_PTR_NOT_NULL_FATAL(view);
    return view;
}

static void test_values(void)
{
    pipette_trajectory *t = tutorial(), *first, *second, *none;
    pipette_node node;
    pipette_value value;
    explore_tutorial(t);
    first = view_of(t, 13);
    second = view_of(t, 202);
    CU_ASSERT_EQUAL(get_f64(first, "I"), 0.13);
    CU_ASSERT_EQUAL(get_f64(second, "I"), 0.0);
    CU_ASSERT_EQUAL(get_f64(second, "tau_ref"), 10.0);
    CU_ASSERT_EQUAL(get_f64(first, "tau_ref"), 5.0); /* still that of run 13 */
    CU_ASSERT_EQUAL(get_f64(first, "tau_V"), 10.0);
    CU_ASSERT_EQUAL(pipette_current_run(first), 13);
    CU_ASSERT_EQUAL(pipette_current_run(t), PIPETTE_DEFAULT_RUN);
    CU_ASSERT_EQUAL(pipette_run_count(first), 303);
    ASSERT_OK(pipette_find(t, "tau_ref", &node), t); /* the trajectory itself has the default */
    CU_ASSERT_EQUAL(node.value.as.f64, 5.0);
    ASSERT_OK(pipette_find(second, "tau_ref", &node), second);
    CU_ASSERT_EQUAL(node.value.as.f64, 10.0);
    none = view_of(t, PIPETTE_DEFAULT_RUN);
    CU_ASSERT_EQUAL(get_f64(none, "I"), 0.0);
    pipette_view_destroy(none);
    none = NULL;
    ASSERT_FAILS(pipette_view(t, 303, &none), t, PIPETTE_E_BOUNDS, "no run 303");
    CU_ASSERT_PTR_NULL(none);
    ASSERT_FAILS(pipette_get(second, "nothing_like_it", &value), second, PIPETTE_E_NOT_FOUND, "nothing_like_it");
    CU_ASSERT_STRING_NOT_EQUAL(pipette_trajectory_message(first), pipette_trajectory_message(second));
    pipette_view_destroy(second);
    CU_ASSERT_EQUAL(get_f64(first, "I"), 0.13);
    pipette_view_destroy(first);
    trajectory_destroy(t);
}

static void test_after_expanding(void)
{
    static const double tau_ref[] = {5.0, 7.5, 10.0};
    static const uint64_t three = 3;
    pipette_trajectory *t = tutorial(), *view, *late;
    pipette_axis axes[2];
    explore_tutorial(t);
    view = view_of(t, 13);
    axes[0] = list_axis("tau_ref", PIPETTE_TYPE_F64, tau_ref, &three);
    axes[1] = step_axis("I", -1.0, 2.0, 0.01);
    ASSERT_OK(expand(t, axes, 2), t);
    CU_ASSERT_EQUAL(get_f64(view, "I"), 0.13);
    late = view_of(t, 303);
    CU_ASSERT_EQUAL(get_f64(late, "I"), -1.0);
    pipette_view_destroy(late);
    pipette_view_destroy(view);
    trajectory_destroy(t);
}

static void test_wildcards(void)
{
    pipette_trajectory *t = tutorial(), *view;
    explore_tutorial(t);
    ASSERT_OK(add_f64(t, PIPETTE_BRANCH_RESULTS, "neuron.$.V", 1.0), t);
    CU_ASSERT_EQUAL(get_f64(t, "results.neuron.run_ALL.V"), 1.0);
    view = view_of(t, 13);
    ASSERT_OK(add_f64(view, PIPETTE_BRANCH_RESULTS, "neuron.$.V", 13.0), view);
    ASSERT_OK(add_f64(view, PIPETTE_BRANCH_RESULTS, "sets.$set.crun.V", 14.0), view);
    CU_ASSERT_EQUAL(get_f64(view, "results.neuron.run_00000013.V"), 13.0);
    CU_ASSERT_EQUAL(get_f64(view, "neuron.$.V"), 13.0);
    CU_ASSERT_EQUAL(get_f64(view, "neuron.crun.V"), 13.0);
    CU_ASSERT_EQUAL(get_f64(view, "neuron.V"), 13.0);
    CU_ASSERT_EQUAL(get_f64(view, "sets.crunset.$.V"), 14.0);
    CU_ASSERT_EQUAL(get_f64(t, "results.sets.run_set_00000.run_00000013.V"), 14.0);
    CU_ASSERT_EQUAL(get_f64(t, "neuron.r_13.V"), 13.0);
    CU_ASSERT_EQUAL(get_f64(t, "neuron.run_13.V"), 13.0);
    CU_ASSERT_EQUAL(get_f64(t, "neuron.$.V"), 1.0);
    pipette_view_destroy(view);
    trajectory_destroy(t);
}

static int count_nodes(const pipette_node *node, void *user)
{
    unsigned *count = user;
    (void)node;
    (*count)++;
    return 0;
}

static void test_other_runs(void)
{
    pipette_trajectory *t = tutorial(), *view, *other;
    pipette_node node;
    unsigned all = 0, seen = 0;
    explore_tutorial(t);
    view = view_of(t, 13);
    other = view_of(t, 14);
    ASSERT_OK(add_f64(view, PIPETTE_BRANCH_RESULTS, "neuron.$.V", 13.0), view);
    ASSERT_OK(add_f64(other, PIPETTE_BRANCH_RESULTS, "neuron.$.V", 14.0), other);
    ASSERT_OK(add_f64(other, PIPETTE_BRANCH_RESULTS, "neuron.$.only", 15.0), other);
    ASSERT_FAILS(pipette_find(t, "V", &node), t, PIPETTE_E_AMBIGUOUS, "run_00000013.V, results.neuron.run_00000014.V");
    CU_ASSERT_EQUAL(get_f64(view, "V"), 13.0);
    CU_ASSERT_EQUAL(get_f64(other, "V"), 14.0);
    ASSERT_FAILS(pipette_find(view, "only", &node), view, PIPETTE_E_NOT_FOUND, "only");
    ASSERT_FAILS(pipette_find(view, "results.neuron.run_00000014.V", &node), view, PIPETTE_E_NOT_FOUND,
                 "the view of run_00000013: it belongs to another run");
    ASSERT_FAILS(pipette_find(view, "neuron.r_14.V", &node), view, PIPETTE_E_NOT_FOUND, "r_14");
    ASSERT_OK(pipette_walk(t, "res.neuron", count_nodes, &all), t);
    ASSERT_OK(pipette_walk(view, "res.neuron", count_nodes, &seen), view);
    CU_ASSERT_EQUAL(all, 6);  /* neuron, two runs, three leaves */
    CU_ASSERT_EQUAL(seen, 3); /* neuron, run 13, V */
    pipette_view_destroy(view);
    pipette_view_destroy(other);
    trajectory_destroy(t);
}

static void test_adding(void)
{
    pipette_trajectory *t = tutorial(), *view;
    pipette_parameter_spec late = PIPETTE_F64("late", 1.0, "1", "");
    pipette_value value = pipette_value_f64(1.0);
    pipette_axis axis = step_axis("dt", 0.0, 1.0, 0.5);
    explore_tutorial(t);
    view = view_of(t, 13);
    ASSERT_OK(add_f64(view, PIPETTE_BRANCH_RESULTS, "deep.z", 1.0), view);
    CU_ASSERT_EQUAL(get_f64(t, "results.runs.run_00000013.deep.z"), 1.0);
    ASSERT_OK(add_f64(view, PIPETTE_BRANCH_DERIVED_PARAMETERS, "d", 2.0), view);
    CU_ASSERT_EQUAL(get_f64(t, "derived_parameters.runs.run_00000013.d"), 2.0);
    CU_ASSERT_EQUAL(get_f64(view, "d"), 2.0);
    ASSERT_OK(add_f64(t, PIPETTE_BRANCH_RESULTS, "deep.z", 3.0), t);
    CU_ASSERT_EQUAL(get_f64(t, "results.deep.z"), 3.0);
    ASSERT_OK(add_f64(view, PIPETTE_BRANCH_RESULTS, "a.run_00000013.b", 4.0), view);
    CU_ASSERT_EQUAL(get_f64(t, "results.a.run_00000013.b"), 4.0);
    ASSERT_FAILS(add_f64(view, PIPETTE_BRANCH_RESULTS, "a.run_00000014.b", 4.0), view, PIPETTE_E_INVALID,
                 "another run");
    ASSERT_FAILS(pipette_add_parameter(view, &late), view, PIPETTE_E_LOCKED, "run_00000013");
    ASSERT_FAILS(add_f64(view, PIPETTE_BRANCH_PARAMETERS, "late", 1.0), view, PIPETTE_E_LOCKED, "run_00000013");
    ASSERT_FAILS(add_f64(view, PIPETTE_BRANCH_CONFIG, "late", 1.0), view, PIPETTE_E_LOCKED, "config");
    ASSERT_FAILS(pipette_set(view, "V_init", &value), view, PIPETTE_E_LOCKED, "run_00000013");
    ASSERT_FAILS(pipette_preset(view, "late", &value), view, PIPETTE_E_LOCKED, "run_00000013");
    ASSERT_FAILS(explore(view, &axis, 1), view, PIPETTE_E_LOCKED, "run_00000013");
    ASSERT_FAILS(expand(view, &axis, 1), view, PIPETTE_E_LOCKED, "run_00000013");
    CU_ASSERT_STRING_EQUAL(pipette_trajectory_message(t), "");
    pipette_view_destroy(view);
    trajectory_destroy(t);
}

static void test_strings(void)
{
    static const char *const modes[] = {"slow", "fast"};
    static const uint64_t two = 2;
    pipette_trajectory *t = tutorial(), *view;
    pipette_axis axes[2];
    pipette_value value;
    axes[0] = list_axis("mode", PIPETTE_TYPE_STRING, modes, &two);
    axes[1] = integer_axis("other.n", 10, 20, 5);
    ASSERT_OK(explore(t, axes, 2), t);
    view = view_of(t, 4);
    ASSERT_OK(pipette_get(view, "mode", &value), view);
    CU_ASSERT_STRING_EQUAL(value.as.string, "fast");
    ASSERT_OK(pipette_get(view, "other.n", &value), view);
    CU_ASSERT_EQUAL(value.type, PIPETTE_TYPE_I64);
    CU_ASSERT_EQUAL(value.as.i64, 15);
    pipette_view_destroy(view);
    trajectory_destroy(t);
}

SUITE("trajectory: views", {"the run's values", test_values}, {"after expanding", test_after_expanding},
      {"wildcards", test_wildcards}, {"other runs do not exist", test_other_runs}, {"adding in a view", test_adding},
      {"strings and integers", test_strings}, )
