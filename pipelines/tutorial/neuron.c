/* neuron.c: a leaky integrate-and-fire neuron, as pypet's tutorial has it. */
#include "neuron.h"

#include <stdlib.h>

int run_neuron(pipette_run *run, void *user)
{
    const double V_init = pipette_f64(run, "neuron.V_init"), I = pipette_f64(run, "neuron.I");
    const double tau_V = pipette_f64(run, "neuron.tau_V"), tau_ref = pipette_f64(run, "neuron.tau_ref");
    const double dt = pipette_f64(run, "simulation.dt"), duration = pipette_f64(run, "simulation.duration");
    uint64_t steps = 0, step, nspikes = 0;
    double *V = pipette_buffer_f64(run, "neuron.$.V", &steps), last_spike = 0.0;
    (void)user;
    if (V == NULL)
        return PIPETTE_E_MODEL;

    printf("Starting Euler Integration\n");
    V[0] = V_init;
    for (step = 1; step < steps; step++) {
        if (V[step - 1] >= 1.0) { /* above the threshold: a spike */
            V[step] = 0.0;
            last_spike = (double)(step - 1) * dt;
            nspikes++;
        } else if (nspikes > 0 && (double)step * dt - last_spike <= tau_ref) { /* in the refractory period: clamped */
            V[step] = 0.0;
        } else {
            const double dV = -1 / tau_V * V[step - 1] + I;
            V[step] = V[step - 1] + dV * dt;
        }
    }
    printf("Finished Euler Integration\n");

    pipette_put_i64(run, "neuron.$.nspikes", (int64_t)nspikes);
    return pipette_return_f64(run, (double)nspikes / duration * 1000); /* the duration is in milliseconds */
}

/* The place of a value in a sorted axis. */
static uint64_t place_of(const pipette_value *axis, double value)
{
    const double *values = (const double *)axis->data;
    uint64_t i = 0;
    while (i + 1 < axis->shape[0] && values[i] < value)
        i++;
    return i;
}

int neuron_postproc(pipette_trajectory *traj, pipette_results *results, void *user)
{
    const uint64_t runs = pipette_row_count(results);
    pipette_value I_index, ref_index;
    double *I_range, *ref_range, *rates, *rates_frame;
    uint64_t i;
    int status;
    (void)user;
    if (pipette_axis_values(traj, "neuron.I", &I_index) < 0 ||
        pipette_axis_values(traj, "neuron.tau_ref", &ref_index) < 0)
        return PIPETTE_E_NOT_FOUND;
    I_range = (double *)calloc(runs, sizeof *I_range);
    ref_range = (double *)calloc(runs, sizeof *ref_range);
    rates = (double *)calloc(runs, sizeof *rates);
    rates_frame = (double *)calloc(I_index.shape[0] * ref_index.shape[0], sizeof *rates_frame);
    status =
        I_range != NULL && ref_range != NULL && rates != NULL && rates_frame != NULL ? PIPETTE_OK : PIPETTE_E_MEMORY;

    if (status == PIPETTE_OK)
        status = pipette_range(traj, "neuron.I", 0, runs, I_range);
    if (status == PIPETTE_OK)
        status = pipette_range(traj, "neuron.tau_ref", 0, runs, ref_range);
    if (status == PIPETTE_OK)
        status = pipette_results_read(results, "returned", 0, runs, PIPETTE_TYPE_F64, rates);
    for (i = 0; status == PIPETTE_OK && i < runs; i++)
        rates_frame[place_of(&I_index, I_range[i]) * ref_index.shape[0] + place_of(&ref_index, ref_range[i])] =
            rates[i];

    if (status == PIPETTE_OK) {
        const pipette_table_dimension dimensions[] = {
            PIPETTE_TABLE_DIMENSION("I", "1/ms", "Input current", I_index),
            PIPETTE_TABLE_DIMENSION("tau_ref", "ms", "Refractory period", ref_index),
        };
        const pipette_table_array frame[] = {
            PIPETTE_TABLE_ARRAY("rates_frame", PIPETTE_TYPE_F64, "Hz", "Firing rate", rates_frame)};
        status = pipette_put_arrays(results, "summary.firing_rates", "Contains a table with all firing rates.",
                                    dimensions, 2, frame, 1);
    }
    free(I_range);
    free(ref_range);
    free(rates);
    free(rates_frame);
    return status;
}

void add_parameters(pipette_trajectory *traj)
{
    pipette_add_f64(traj, "neuron.V_init", 0.0, "1", "The initial condition for the membrane potential");
    pipette_add_f64(traj, "neuron.I", 0.0, "1/ms", "The externally applied current.");
    pipette_add_f64(traj, "neuron.tau_V", 10.0, "ms", "The membrane time constant in milliseconds");
    pipette_add_f64(traj, "neuron.tau_ref", 5.0, "ms",
                    "The refractory period in milliseconds where the membrane potential is clamped.");
    pipette_add_f64(traj, "simulation.duration", 1000.0, "ms", "The duration of the experiment in milliseconds.");
    pipette_add_f64(traj, "simulation.dt", 0.1, "ms", "The step size of an Euler integration step.");
}

void add_exploration(pipette_trajectory *traj)
{
    static const double tau_ref[] = {5.0, 7.5, 10.0};
    pipette_explore_list(traj, "neuron.tau_ref", tau_ref, 3);
    pipette_explore_range(traj, "neuron.I", 0.0, 1.0, 0.01); /* the last one changes fastest */
}

void add_results(pipette_environment *env, double duration, double dt)
{
    const pipette_dimension time[] = {
        PIPETTE_DIMENSION("time", "ms", (uint64_t)(duration / dt), 0.0, dt, "Simulated time")};
    const pipette_result_spec results[] = {
        PIPETTE_RESULT_ARRAY("neuron.$.V", PIPETTE_TYPE_F64, "1", "The development of the membrane potential over time",
                             time),
        PIPETTE_RESULT_I64("neuron.$.nspikes", "1", "The number of spikes"),
        PIPETTE_RETURNED_F64("returned", "Hz", "The firing rate"),
    };
    pipette_environment_declare(env, results, PIPETTE_COUNT_OF(results));
}
