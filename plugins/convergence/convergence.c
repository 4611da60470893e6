/* convergence: how the error of three integration methods falls with the number of steps, for dx/dt = -x from x(0) = 1
 * to t = 1. */
#include <pipette/model.h>

static const pipette_parameter_spec parameters[] = {
    PIPETTE_STRING("integrator.method", "euler", "One of euler, midpoint and rk4."),
    PIPETTE_I64_IN("integrator.steps", 10, 1, 1000000000, "1", "Number of steps between t = 0 and t = 1."),
};

static const pipette_result_spec results[] = {
    PIPETTE_RESULT_F64("integrator.$.x", "1", "x(1) as integrated."),
    PIPETTE_RETURNED_F64("integrator.$.error", "1", "Distance from the true x(1) = 1/e."),
};

static const char *const shape_parameters[] = {"integrator.method"};

static const double ONE_OVER_E = 0.36787944117144232160;

typedef double (*step_function)(double x, double h);

static double slope(double x)
{
    return -x;
}

static double step_euler(double x, double h)
{
    return x + h * slope(x);
}

static double step_midpoint(double x, double h)
{
    return x + h * slope(x + 0.5 * h * slope(x));
}

static double step_rk4(double x, double h)
{
    const double k1 = slope(x);
    const double k2 = slope(x + 0.5 * h * k1);
    const double k3 = slope(x + 0.5 * h * k2);
    const double k4 = slope(x + h * k3);
    return x + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4);
}

/* NULL for a method that does not exist. */
static step_function find_method(const char *name)
{
    if (strcmp(name, "euler") == 0)
        return step_euler;
    if (strcmp(name, "midpoint") == 0)
        return step_midpoint;
    if (strcmp(name, "rk4") == 0)
        return step_rk4;
    return NULL;
}

/* Nothing here has a shape; but this is where a wrong method is refused before the first run. */
static int shape(pipette_shape *shape)
{
    pipette_value method = pipette_value_none();
    const int status = pipette_shape_value(shape, "integrator.method", &method);
    if (status != PIPETTE_OK)
        return status;
    if (find_method(method.as.string) == NULL)
        return pipette_shape_fail(shape, PIPETTE_E_BOUNDS,
                                  "integrator.method = \"%s\" is not known; take euler, midpoint or rk4",
                                  method.as.string);
    return PIPETTE_OK;
}

static int integrate(pipette_run *run)
{
    const char *method = pipette_string(run, "integrator.method");
    const int64_t steps = pipette_i64(run, "integrator.steps");
    const step_function step = find_method(method);
    const double h = 1.0 / (double)steps;
    double x = 1.0;
    int64_t i;
    if (step == NULL)
        return pipette_fail(run, PIPETTE_E_MODEL, "integrator.method = \"%s\" is not known", method);
    for (i = 0; i < steps; i++)
        x = step(x, h);
    if (pipette_put_f64(run, "integrator.$.x", x) != PIPETTE_OK)
        return PIPETTE_E_MODEL;
    return pipette_put_f64(run, "integrator.$.error", x > ONE_OVER_E ? x - ONE_OVER_E : ONE_OVER_E - x);
}

PIPETTE_MODEL_WITH("convergence", "1.0", "Error of integration methods for dx/dt = -x by number of steps.", parameters,
                   results, integrate, shape_parameters, PIPETTE_COUNT_OF(shape_parameters), shape, NULL, NULL, NULL);
