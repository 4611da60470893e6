/* old_batch: a model with a batch form, in the words of ABI 1.0. Built against every frozen copy of the headers. */
#include <pipette/model.h>

static const pipette_parameter_spec parameters[] = {PIPETTE_F64("x", 1.0, "1", "A number.")};
static const pipette_result_spec results[] = {PIPETTE_RESULT_F64("$.cube", "1", "Its cube.")};

static int run(pipette_run *r)
{
    double x = pipette_f64(r, "x");
    return pipette_put_f64(r, "$.cube", x * x * x);
}

static int run_batch(pipette_batch *batch)
{
    const double *x = (const double *)batch->parameters[0];
    double *cube = (double *)batch->results[0];
    uint64_t i;
    for (i = 0; i < batch->width; i++)
        cube[i] = x[i] * x[i] * x[i];
    return PIPETTE_OK;
}

PIPETTE_OFFER_BATCH(extensions, run_batch);
PIPETTE_MODEL_WITH("old_batch", "1.0", "Cubes.", parameters, results, run, NULL, 0, NULL, NULL, NULL, extensions);
