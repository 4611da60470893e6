/* multiply: the smallest useful model, z = x * y; and, below, the same for many points at once. */
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

/* Optional: for models so small that calling them costs more than what they compute. */
static int multiply_batch(pipette_batch *batch)
{
    const double *x = batch->parameters[0], *y = batch->parameters[1];
    double *z = batch->results[0];
    for (uint64_t lane = 0; lane < batch->width; lane++)
        z[lane] = x[lane] * y[lane];
    return PIPETTE_OK;
}
PIPETTE_OFFER_BATCH(extension, multiply_batch);

PIPETTE_MODEL_WITH("multiply", "1.0", "Multiplies two numbers.", parameters, results, multiply, NULL, 0, NULL, NULL,
                   NULL, extension);
