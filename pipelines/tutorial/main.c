/* main.c: the tutorial's experiment as a program: firing rates of a neuron over input current and refractory period. */
#include "neuron.h"

int main(void)
{
    pipette_environment_options options = pipette_environment_defaults();
    pipette_error error = PIPETTE_NO_ERROR;
    pipette_environment *env;
    pipette_trajectory *traj;
    int code;

    options.trajectory = "FiringRate";
    options.comment = "Experiment to measure the firing rate of a leaky integrate and fire neuron. "
                      "Exploring different input currents, as well as refractory periods";
    options.file = "hdf5/FiringRate.hdf5";
    options.overwrite = 1;
    options.workers = 2;
    options.log_folder = "logs";
    options.log_stdout = 1;
    options.signals = 1;
    env = pipette_environment_open(&options);
    traj = pipette_environment_trajectory(env);

    /* Add parameters */
    add_parameters(traj);
    add_results(env, pipette_trajectory_f64(traj, "duration"), pipette_trajectory_f64(traj, "dt"));

    /* Let's explore */
    add_exploration(traj);

    /* Add the postprocessing function */
    pipette_environment_add_postprocess(env, neuron_postproc, NULL);

    /* Run the experiment */
    pipette_environment_run(env, run_neuron, NULL);

    /* Finally close all files */
    code = pipette_exit_code(pipette_environment_error(env)->code, pipette_environment_report(env));
    if (pipette_environment_close(env, &error) != PIPETTE_OK)
        fprintf(stderr, "main: %s\n", error.message);
    return code;
}
