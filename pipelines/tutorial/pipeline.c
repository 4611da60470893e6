/* pipeline.c: the same experiment, supervised by one function that prepares it and names its phases. */
#include "neuron.h"

static int mypipeline(pipette_trajectory *traj, pipette_phases *phases, void *user)
{
    pipette_environment *env = (pipette_environment *)user;
    add_parameters(traj);
    add_results(env, pipette_trajectory_f64(traj, "duration"), pipette_trajectory_f64(traj, "dt"));
    add_exploration(traj);
    phases->run = run_neuron;
    phases->run_name = "run_neuron";
    phases->postprocess = neuron_postproc;
    phases->postprocess_name = "neuron_postproc";
    return PIPETTE_OK;
}

int main(void)
{
    pipette_environment_options options = pipette_environment_defaults();
    pipette_error error = PIPETTE_NO_ERROR;
    pipette_environment *env;
    int code;

    options.trajectory = "FiringRatePipeline";
    options.comment = "Experiment to measure the firing rate of a leaky integrate and fire neuron. "
                      "Exploring different input currents, as well as refractory periods";
    options.file = "hdf5/FiringRatePipeline.hdf5";
    options.overwrite = 1;
    options.workers = 2;
    options.log_stdout = 1;
    options.signals = 1;
    env = pipette_environment_open(&options);

    pipette_environment_pipeline(env, mypipeline, env);

    code = pipette_exit_code(pipette_environment_error(env)->code, pipette_environment_report(env));
    if (pipette_environment_close(env, &error) != PIPETTE_OK)
        fprintf(stderr, "pipeline: %s\n", error.message);
    return code;
}
