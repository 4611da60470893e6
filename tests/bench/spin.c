/* The compute-heavy model: one number from a million steps. */
#include <pipette/model.h>

#include "spin.h"

static const pipette_parameter_spec parameters[] = {
    PIPETTE_F64_IN("start", 0.5, 0.0, 1.0, "1", "First value of the logistic map."),
};
static const pipette_result_spec results[] = {
    PIPETTE_RESULT_F64("$.end", "1", "Its last value."),
};
static int run_spin(pipette_run *run)
{
    return pipette_put_f64(run, "$.end", spin(pipette_f64(run, "start"), SPIN_STEPS));
}
PIPETTE_MODEL("spin", "1.0", "Iterates the logistic map.", parameters, results, run_spin);
