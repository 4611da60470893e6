/* multiplication.c: the smallest experiment there is: z = x * y over a grid. */
#include <pipette/experiment.h>

static int multiply(pipette_run *run, void *user)
{
    (void)user;
    return pipette_put_f64(run, "$.z", pipette_f64(run, "x") * pipette_f64(run, "y"));
}

int main(void)
{
    static const pipette_result_spec results[] = {PIPETTE_RESULT_F64("$.z", "1", "The product")};
    pipette_environment_options options = pipette_environment_defaults();
    pipette_error error = PIPETTE_NO_ERROR;
    pipette_environment *env;
    pipette_trajectory *traj;

    options.trajectory = "Multiplication";
    options.comment = "I am the first comment!";
    options.file = "hdf5/Multiplication.hdf5";
    env = pipette_environment_open(&options);
    traj = pipette_environment_trajectory(env);

    pipette_add_f64(traj, "x", 1.0, "1", "The first factor");
    pipette_add_f64(traj, "y", 1.0, "1", "The second factor");
    pipette_explore_range(traj, "x", 1.0, 4.0, 1.0);
    pipette_explore_range(traj, "y", 6.0, 8.0, 1.0);
    pipette_environment_declare(env, results, PIPETTE_COUNT_OF(results));
    pipette_environment_run(env, multiply, NULL);

    if (pipette_environment_close(env, &error) != PIPETTE_OK)
        fprintf(stderr, "multiplication: %s\n", error.message);
    return pipette_exit_code(error.code, NULL);
}
