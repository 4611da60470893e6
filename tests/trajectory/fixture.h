/* fixture.h: short ways to make trajectories and explorations in the tests of this folder. */
#ifndef TESTS_TRAJECTORY_FIXTURE_H
#define TESTS_TRAJECTORY_FIXTURE_H

#include "suite.h"
#include "trajectory/trajectory.h"

#include <pipette/trajectory.h>

#define UNUSED __attribute__((unused))

/* The status is `code` and the message holds `text`. */
#define ASSERT_FAILS(call, trajectory, code, text)                                                                     \
    do {                                                                                                               \
        int status_ = (call);                                                                                          \
        CU_ASSERT_EQUAL(status_, (code));                                                                              \
        CU_ASSERT_PTR_NOT_NULL(strstr(pipette_trajectory_message(trajectory), (text)));                                \
        if (strstr(pipette_trajectory_message(trajectory), (text)) == NULL || status_ != (code))                       \
            fprintf(stderr, "\n  got %d '%s'\n", status_, pipette_trajectory_message(trajectory));                     \
        CU_ASSERT_PTR_NULL(strchr(pipette_trajectory_message(trajectory), '\n'));                                      \
    } while (0)
#define ASSERT_OK(call, trajectory)                                                                                    \
    do {                                                                                                               \
        int status_ = (call);                                                                                          \
        CU_ASSERT_EQUAL(status_, PIPETTE_OK);                                                                          \
        if (status_ != PIPETTE_OK)                                                                                     \
            fprintf(stderr, "\n  %d '%s'\n", status_, pipette_trajectory_message(trajectory));                         \
    } while (0)

/* The tutorial's parameters and one of each other type. */
static UNUSED pipette_trajectory *tutorial(void)
{
    static const pipette_parameter_spec specs[] = {
        PIPETTE_F64("neuron.V_init", 0.0, "1", "Initial potential."),
        PIPETTE_F64("neuron.I", 0.0, "1", "Input current."),
        PIPETTE_F64_POSITIVE("neuron.tau_V", 10.0, "ms", "Membrane time constant."),
        PIPETTE_F64_IN("neuron.tau_ref", 5.0, 0.0, 100.0, "ms", "Refractory period."),
        PIPETTE_F64("simulation.duration", 1000.0, "ms", "Duration."),
        PIPETTE_F64("simulation.dt", 0.1, "ms", "Step."),
        PIPETTE_I64("other.n", 3, "1", "A count."),
        PIPETTE_I32("other.small", 1, "1", "A small count."),
        PIPETTE_U64("other.seed", UINT64_MAX, "1", "A seed."),
        PIPETTE_F32("other.x", 0.5, "1", "A float."),
        PIPETTE_BOOL("other.flag", 1, "A flag."),
        PIPETTE_COMPLEX("other.z", 2.0, "1", "A complex number."),
        PIPETTE_STRING("other.mode", "fast", "A mode."),
    };
    pipette_trajectory *trajectory = NULL;
    pipette_error error;
    uint32_t i;
    CU_ASSERT_EQUAL_FATAL(trajectory_create("FiringRate", "A comment", &trajectory, &error), PIPETTE_OK);
    for (i = 0; i < PIPETTE_COUNT_OF(specs); i++)
        ASSERT_OK(pipette_add_parameter(trajectory, &specs[i]), trajectory);
    return trajectory;
}

static UNUSED pipette_axis list_axis(const char *parameter, int type, const void *elements, const uint64_t *count)
{
    pipette_axis axis;
    memset(&axis, 0, sizeof axis);
    axis.size = (uint32_t)sizeof axis;
    axis.kind = PIPETTE_AXIS_VALUES;
    axis.parameter = parameter;
    axis.values = pipette_value_array(type, 1, count, elements);
    return axis;
}

static UNUSED pipette_axis step_axis(const char *parameter, double from, double to, double step)
{
    pipette_axis axis = list_axis(parameter, PIPETTE_TYPE_NONE, NULL, NULL);
    axis.kind = PIPETTE_AXIS_STEP;
    axis.from = pipette_value_f64(from);
    axis.to = pipette_value_f64(to);
    axis.step = pipette_value_f64(step);
    return axis;
}

static UNUSED pipette_axis integer_axis(const char *parameter, int64_t from, int64_t to, int64_t step)
{
    pipette_axis axis = list_axis(parameter, PIPETTE_TYPE_NONE, NULL, NULL);
    axis.kind = PIPETTE_AXIS_STEP;
    axis.from = pipette_value_i64(from);
    axis.to = pipette_value_i64(to);
    axis.step = pipette_value_i64(step);
    return axis;
}

static UNUSED pipette_axis count_axis(const char *parameter, int kind, double from, double to, uint64_t count)
{
    pipette_axis axis = step_axis(parameter, from, to, 0.0);
    axis.kind = kind;
    axis.step = pipette_value_none();
    axis.count = count;
    return axis;
}

static UNUSED pipette_exploration product(const pipette_axis *axes, uint32_t count)
{
    pipette_exploration wanted;
    memset(&wanted, 0, sizeof wanted);
    wanted.size = (uint32_t)sizeof wanted;
    wanted.axes = axes;
    wanted.axis_count = count;
    return wanted;
}

static UNUSED int explore(pipette_trajectory *trajectory, const pipette_axis *axes, uint32_t count)
{
    pipette_exploration wanted = product(axes, count);
    return pipette_explore(trajectory, &wanted);
}

static UNUSED int expand(pipette_trajectory *trajectory, const pipette_axis *axes, uint32_t count)
{
    pipette_exploration wanted = product(axes, count);
    return pipette_expand(trajectory, &wanted);
}

/* The value of a float parameter in one run. */
static UNUSED double at(pipette_trajectory *trajectory, const char *name, uint64_t run)
{
    double x = -12345.0;
    ASSERT_OK(pipette_range(trajectory, name, run, 1, &x), trajectory);
    return x;
}

/* The tutorial's exploration: 303 runs, I fastest. */
static UNUSED void explore_tutorial(pipette_trajectory *trajectory)
{
    static const double tau_ref[] = {5.0, 7.5, 10.0};
    static const uint64_t three = 3;
    pipette_axis axes[2];
    axes[0] = list_axis("neuron.tau_ref", PIPETTE_TYPE_F64, tau_ref, &three);
    axes[1] = step_axis("neuron.I", 0.0, 1.0, 0.01);
    ASSERT_OK(explore(trajectory, axes, 2), trajectory);
}

#endif
