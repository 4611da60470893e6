/* lif: a leaky integrate-and-fire neuron under a constant input, the model of pypet's tutorial. */
#include <math.h>

#include <pipette/model.h>

/* The potential is counted in units of the firing threshold, so it has no unit, and the input is a rise per ms. */
static const pipette_parameter_spec parameters[] = {
    PIPETTE_F64("neuron.V_init", 0.0, "1", "Membrane potential at the start; the neuron fires at 1 and is reset to 0."),
    PIPETTE_F64("neuron.I", 0.0, "1/ms", "Input current, as the rise of the potential without leak."),
    PIPETTE_F64_POSITIVE("neuron.tau_V", 10.0, "ms", "Time constant of the membrane."),
    PIPETTE_F64_IN("neuron.tau_ref", 5.0, 0.0, HUGE_VAL, "ms",
                   "Refractory period: the potential stays 0 after a spike."),
    PIPETTE_F64_POSITIVE("simulation.duration", 1000.0, "ms", "Simulated time."),
    PIPETTE_F64_POSITIVE("simulation.dt", 0.1, "ms", "Time step of the Euler integration."),
};

static const pipette_dimension time_steps[] = {
    PIPETTE_DIMENSION("time", "ms", 0, 0.0, 0.0, "Simulated time."),
};

static const pipette_result_spec results[] = {
    PIPETTE_RESULT_ARRAY("neuron.$.V", PIPETTE_TYPE_F64, "1", "Membrane potential.", time_steps),
    PIPETTE_RESULT_I64("neuron.$.nspikes", "1", "Number of spikes."),
    PIPETTE_RETURNED_F64("neuron.$.rate", "Hz", "Firing rate."),
};

static const char *const shape_parameters[] = {"simulation.duration", "simulation.dt"};

/* As many steps as fit in 8 TiB of doubles; more is a slip of the pen. */
static const double STEPS_MAXIMUM = 1099511627776.0;

static int shape(pipette_shape *shape)
{
    const double duration = pipette_shape_f64(shape, "simulation.duration");
    const double dt = pipette_shape_f64(shape, "simulation.dt");
    const double steps = duration / dt;
    if (!isfinite(duration))
        return pipette_shape_fail(shape, PIPETTE_E_BOUNDS, "simulation.duration = %g ms: give a finite time", duration);
    if (!isfinite(dt))
        return pipette_shape_fail(shape, PIPETTE_E_BOUNDS, "simulation.dt = %g ms: give a finite time step", dt);
    if (dt > duration)
        return pipette_shape_fail(shape, PIPETTE_E_BOUNDS,
                                  "simulation.dt = %g ms is longer than simulation.duration = %g ms: "
                                  "there is nothing to simulate; take a smaller dt",
                                  dt, duration);
    if (steps > STEPS_MAXIMUM)
        return pipette_shape_fail(shape, PIPETTE_E_BOUNDS,
                                  "simulation.duration = %g ms in steps of simulation.dt = %g ms are %g steps per run, "
                                  "too many to store (at most 2^40); take a larger dt",
                                  duration, dt, steps);
    /* Truncated, as in the tutorial: 0.3/0.1 gives 2 steps. */
    return pipette_shape_extent(shape, "neuron.$.V", 0, (uint64_t)steps, 0.0, dt);
}

/* Fills V with the trace and returns the number of spikes. The operations and their order decide the last bits of V,
 * and so whether a step reaches the threshold: (-1/tau_V)*V is not -V/tau_V, and times are step*dt, not sums of dt. */
static int64_t simulate(double *V, int64_t steps, double V_init, double I, double tau_V, double tau_ref, double dt)
{
    const double leak = -1.0 / tau_V;
    double v = V_init;
    double last_spike = 0.0;
    int64_t nspikes = 0;
    int64_t step;
    V[0] = v;
    for (step = 1; step < steps; step++) {
        if (v >= 1.0) {
            v = 0.0;
            last_spike = (double)(step - 1) * dt;
            nspikes++;
        } else if (nspikes > 0 && (double)step * dt - last_spike <= tau_ref) {
            v = 0.0;
        } else {
            const double dV = leak * v + I;
            v = v + dV * dt;
        }
        V[step] = v;
    }
    return nspikes;
}

static int run_neuron(pipette_run *run)
{
    const double duration = pipette_f64(run, "simulation.duration");
    uint64_t steps = 0;
    double *V = pipette_buffer_f64(run, "neuron.$.V", &steps);
    int64_t nspikes;
    if (V == NULL || steps == 0)
        return PIPETTE_E_MODEL;
    nspikes = simulate(V, (int64_t)steps, pipette_f64(run, "neuron.V_init"), pipette_f64(run, "neuron.I"),
                       pipette_f64(run, "neuron.tau_V"), pipette_f64(run, "neuron.tau_ref"),
                       pipette_f64(run, "simulation.dt"));
    if (pipette_put_i64(run, "neuron.$.nspikes", nspikes) != PIPETTE_OK)
        return PIPETTE_E_MODEL;
    return pipette_put_f64(run, "neuron.$.rate", (double)nspikes / duration * 1000.0);
}

PIPETTE_MODEL_WITH("lif", "1.0", "Leaky integrate-and-fire neuron under a constant input current.", parameters, results,
                   run_neuron, shape_parameters, PIPETTE_COUNT_OF(shape_parameters), shape, NULL, NULL, NULL);
