/* The model of the tiny runs, one point at a time: what a scientist writes first. */
#include <pipette/model.h>

static const pipette_parameter_spec parameters[] = {
    PIPETTE_F64("x", 1.0, "1", "First factor."),
    PIPETTE_F64("y", 1.0, "1", "Second factor."),
};
static const pipette_result_spec results[] = {
    PIPETTE_RESULT_F64("$.z", "1", "Their product."),
};
static int multiply(pipette_run *run)
{
    return pipette_put_f64(run, "$.z", pipette_f64(run, "x") * pipette_f64(run, "y"));
}
PIPETTE_MODEL("multiply_plain", "1.0", "Multiplies two numbers.", parameters, results, multiply);
