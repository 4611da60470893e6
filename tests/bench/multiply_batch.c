/* The model of the tiny runs with the extension for many points at once. */
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
static int multiply_batch(pipette_batch *batch)
{
    const double *restrict x = batch->parameters[0], *restrict y = batch->parameters[1];
    double *restrict z = batch->results[0];
    uint64_t i;
    for (i = 0; i < batch->width; i++)
        z[i] = x[i] * y[i];
    return PIPETTE_OK;
}
PIPETTE_OFFER_BATCH(extension, multiply_batch);
PIPETTE_MODEL_WITH("multiply_batch", "1.0", "Multiplies two numbers, many at once.", parameters, results, multiply,
                   NULL, 0, NULL, NULL, NULL, extension);
