/* lif: a leaky integrate-and-fire neuron under a constant input, the model of pypet's tutorial. */
#include <math.h>
#include <stdlib.h>

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

static const pipette_dimension spikes[] = {
    PIPETTE_DIMENSION("spike", "1", PIPETTE_RAGGED, 0.0, 0.0, "Number of the spike."),
};

enum { TRACE, NSPIKES, RATE, SPIKE_TIMES };
static const pipette_result_spec results[] = {
    PIPETTE_RESULT_ARRAY("neuron.$.V", PIPETTE_TYPE_F64, "1", "Membrane potential.", time_steps),
    PIPETTE_RESULT_I64("neuron.$.nspikes", "1", "Number of spikes."),
    PIPETTE_RETURNED_F64("neuron.$.rate", "Hz", "Firing rate."),
    PIPETTE_RESULT_ARRAY("neuron.$.spike_times", PIPETTE_TYPE_F64, "ms", "When the neuron fired.", spikes),
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

/* Fills V with the trace. The operations and their order decide the last bits of V, and so whether a step reaches the
 * threshold: (-1/tau_V)*V is not -V/tau_V, and times are step*dt, not sums of dt. */
static void simulate(double *V, int64_t steps, double V_init, double I, double tau_V, double tau_ref, double dt)
{
    const double leak = -1.0 / tau_V;
    double v = V_init;
    double last_spike = 0.0;
    int fired = 0;
    int64_t step;
    V[0] = v;
    for (step = 1; step < steps; step++) {
        if (v >= 1.0) {
            v = 0.0;
            last_spike = (double)(step - 1) * dt;
            fired = 1;
        } else if (fired && (double)step * dt - last_spike <= tau_ref) {
            v = 0.0;
        } else {
            const double dV = leak * v + I;
            v = v + dV * dt;
        }
        V[step] = v;
    }
}

/* A step at or above the threshold is a spike, unless it is the last one: no step follows that would record it. Returns
 * their number; with `times`, also when they were. */
static uint64_t find_spikes(const double *V, int64_t steps, double dt, double *times)
{
    uint64_t count = 0;
    int64_t step;
    for (step = 0; step + 1 < steps; step++)
        if (V[step] >= 1.0) {
            if (times != NULL)
                times[count] = (double)step * dt;
            count++;
        }
    return count;
}

static int run_neuron(pipette_run *run)
{
    const double duration = pipette_f64(run, "simulation.duration"), dt = pipette_f64(run, "simulation.dt");
    uint64_t steps = 0, nspikes;
    double *V = pipette_buffer_f64(run, "neuron.$.V", &steps), *times;
    int status;
    if (V == NULL || steps == 0)
        return PIPETTE_E_MODEL;
    simulate(V, (int64_t)steps, pipette_f64(run, "neuron.V_init"), pipette_f64(run, "neuron.I"),
             pipette_f64(run, "neuron.tau_V"), pipette_f64(run, "neuron.tau_ref"), dt);
    nspikes = find_spikes(V, (int64_t)steps, dt, NULL);
    times = malloc((size_t)(nspikes + 1) * sizeof *times);
    if (times == NULL)
        return pipette_fail(run, PIPETTE_E_MEMORY, "out of memory for %llu spike times", (unsigned long long)nspikes);
    (void)find_spikes(V, (int64_t)steps, dt, times);
    status = pipette_put_f64_array(run, "neuron.$.spike_times", times, nspikes);
    free(times);
    if (status == PIPETTE_OK)
        status = pipette_put_i64(run, "neuron.$.nspikes", (int64_t)nspikes);
    if (status == PIPETTE_OK)
        status = pipette_put_f64(run, "neuron.$.rate", (double)nspikes / duration * 1000.0);
    return status;
}

/* ---- Many neurons at once: the same operations in the same order, on eight lanes ---- */

enum { LANES = 8, TILE = 64 };
typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));
typedef int64_t masks __attribute__((vector_size(LANES * sizeof(int64_t))));

/* The compiler makes one version for each instruction set, and the loader takes the best that the machine has.
 * Sanitizers cannot look into that. Neither AVX2 nor the build's -ffp-contract=off allow it to fuse multiplications and
 * additions. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define MULTIVERSION __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define MULTIVERSION
#endif

typedef struct neurons {
    lanes V_init, I, leak, tau_ref, dt;
    double *V[LANES];
} neurons;

MULTIVERSION static void simulate_lanes(const neurons *n, int64_t steps)
{
    const lanes I = n->I, leak = n->leak, tau_ref = n->tau_ref, dt = n->dt, one = {1, 1, 1, 1, 1, 1, 1, 1};
    lanes v = n->V_init, last_spike = {0}, tile[TILE];
    masks fired = {0};
    int64_t step, first, lane, i;
    for (first = 0; first < steps; first += TILE) {
        const int64_t size = steps - first < TILE ? steps - first : TILE;
        for (i = 0; i < size; i++) {
            step = first + i;
            if (step > 0) {
                const lanes now = one * (double)step * dt, before = one * (double)(step - 1) * dt;
                const masks spike = v >= one, refractory = fired & (now - last_spike <= tau_ref);
                const lanes dV = leak * v + I, next = v + dV * dt;
                v = (lanes)((masks)next & ~(spike | refractory));
                last_spike = (lanes)((spike & (masks)before) | (~spike & (masks)last_spike));
                fired |= spike;
            }
            tile[i] = v;
        }
        for (lane = 0; lane < LANES; lane++)
            for (i = 0; i < size; i++)
                n->V[lane][first + i] = tile[i][lane];
    }
}

static int finish_lane(pipette_batch *batch, uint64_t lane, const double *V, double duration, double dt)
{
    const int64_t steps = (int64_t)batch->result_strides[TRACE];
    const uint64_t nspikes = find_spikes(V, steps, dt, NULL);
    double *times = malloc((size_t)(nspikes + 1) * sizeof *times);
    pipette_value value = pipette_value_array(PIPETTE_TYPE_F64, 1, &nspikes, times);
    int status;
    if (times == NULL)
        return pipette_batch_fail(batch, lane, PIPETTE_E_MEMORY, "out of memory for %llu spike times",
                                  (unsigned long long)nspikes);
    (void)find_spikes(V, steps, dt, times);
    status = pipette_batch_put(batch, lane, SPIKE_TIMES, &value);
    free(times);
    ((int64_t *)batch->results[NSPIKES])[lane] = (int64_t)nspikes;
    ((double *)batch->results[RATE])[lane] = (double)nspikes / duration * 1000.0;
    return status;
}

static int run_neurons(pipette_batch *batch)
{
    const double *V_init = batch->parameters[0], *I = batch->parameters[1], *tau_V = batch->parameters[2];
    const double *tau_ref = batch->parameters[3], *duration = batch->parameters[4], *dt = batch->parameters[5];
    const uint64_t steps = batch->result_strides[TRACE];
    double *V = batch->results[TRACE];
    uint64_t first, lane;
    /* The width is a multiple of 16, so the last group of eight may hold lanes that are thrown away, but none that is
     * missing. */
    for (first = 0; first < batch->count; first += LANES) {
        neurons group;
        for (lane = 0; lane < LANES; lane++) {
            group.V_init[lane] = V_init[first + lane];
            group.I[lane] = I[first + lane];
            group.leak[lane] = -1.0 / tau_V[first + lane];
            group.tau_ref[lane] = tau_ref[first + lane];
            group.dt[lane] = dt[first + lane];
            group.V[lane] = V + (first + lane) * steps;
        }
        simulate_lanes(&group, (int64_t)steps);
        for (lane = first; lane < first + LANES && lane < batch->count; lane++)
            (void)finish_lane(batch, lane, V + lane * steps, duration[lane], dt[lane]);
    }
    return PIPETTE_OK;
}
PIPETTE_OFFER_BATCH(extension, run_neurons);

PIPETTE_MODEL_WITH("lif", "1.0", "Leaky integrate-and-fire neuron under a constant input current.", parameters, results,
                   run_neuron, shape_parameters, PIPETTE_COUNT_OF(shape_parameters), shape, NULL, NULL, extension);
