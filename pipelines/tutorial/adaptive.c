/* adaptive.c: an experiment that decides from its results what to run next: the input current from which the neuron
 * fires, by bisection. */
#include "neuron.h"

/* What the loop knows; postprocessing fills it after each round. */
typedef struct border {
    double silent, firing; /* the highest current without a spike, the lowest with one */
} border;

static int find_border(pipette_trajectory *traj, pipette_results *results, void *user)
{
    border *b = (border *)user;
    const uint64_t runs = pipette_row_count(results);
    uint64_t i, run;
    int status = PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < runs; i++) {
        double I, rate;
        status = pipette_row_runs(results, i, 1, &run);
        if (status == PIPETTE_OK)
            status = pipette_range(traj, "neuron.I", run, 1, &I);
        if (status == PIPETTE_OK)
            status = pipette_results_read(results, "returned", i, 1, PIPETTE_TYPE_F64, &rate);
        if (status == PIPETTE_OK && rate > 0 && I < b->firing)
            b->firing = I;
        if (status == PIPETTE_OK && rate == 0 && I > b->silent)
            b->silent = I;
    }
    return status;
}

int main(void)
{
    static const double begin[] = {0.0, 1.0};
    border b = {0.0, 1.0};
    pipette_environment_options options = pipette_environment_defaults();
    pipette_error error = PIPETTE_NO_ERROR;
    pipette_environment *env;
    pipette_trajectory *traj;

    options.trajectory = "Rheobase";
    options.comment = "The input current from which the neuron fires, by bisection";
    options.file = "hdf5/Rheobase.hdf5";
    env = pipette_environment_open(&options);
    traj = pipette_environment_trajectory(env);
    add_parameters(traj);
    add_results(env, pipette_trajectory_f64(traj, "duration"), pipette_trajectory_f64(traj, "dt"));
    pipette_explore_list(traj, "neuron.I", begin, 2);
    pipette_environment_add_postprocess(env, find_border, &b);

    /* What is in the file already is not run again, so the loop may be cut off anywhere and begun anew */
    while (pipette_environment_run(env, run_neuron, NULL) == PIPETTE_OK && b.firing - b.silent > 1e-6) {
        const double middle = b.silent + (b.firing - b.silent) / 2;
        pipette_expand_list(traj, "neuron.I", &middle, 1);
    }

    printf("fires from I = %.6f on, found with %d runs\n", b.firing, (int)pipette_run_count(traj));
    if (pipette_environment_close(env, &error) != PIPETTE_OK)
        fprintf(stderr, "adaptive: %s\n", error.message);
    return pipette_exit_code(error.code, NULL);
}
