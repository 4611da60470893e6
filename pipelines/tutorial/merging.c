/* merging.c: two experiments over the same space, then one file of both: pypet's f_merge. */
#include <pipette/analysis.h>
#include <pipette/experiment.h>

static int multiply(pipette_run *run, void *user)
{
    (void)user;
    return pipette_put_f64(run, "$.z", pipette_f64(run, "x") * pipette_f64(run, "y"));
}

/* z = x * y over these x; y is constant here. */
static int experiment(const char *file, const double *x, uint64_t count, double y)
{
    static const pipette_result_spec results[] = {PIPETTE_RESULT_F64("$.z", "1", "The product")};
    pipette_environment_options options = pipette_environment_defaults();
    pipette_error error = PIPETTE_NO_ERROR;
    pipette_environment *env;
    pipette_trajectory *traj;
    options.trajectory = "Multiplication";
    options.file = file;
    options.overwrite = 1;
    env = pipette_environment_open(&options);
    traj = pipette_environment_trajectory(env);
    pipette_add_f64(traj, "x", 1.0, "1", "The first factor");
    pipette_add_f64(traj, "y", y, "1", "The second factor");
    pipette_explore_list(traj, "x", x, count);
    pipette_environment_declare(env, results, PIPETTE_COUNT_OF(results));
    pipette_environment_run(env, multiply, NULL);
    if (pipette_environment_close(env, &error) != PIPETTE_OK)
        fprintf(stderr, "merging: %s\n", error.message);
    return error.code;
}

int main(void)
{
    static const double low[] = {1.0, 2.0, 3.0}, high[] = {3.0, 4.0};
    pipette_merge_options options;
    pipette_merge_report report;
    pipette_error error = PIPETTE_NO_ERROR;
    int status = experiment("hdf5/low.hdf5", low, 3, 6.0);
    if (status == PIPETTE_OK)
        status = experiment("hdf5/high.hdf5", high, 2, 7.0); /* another y, which becomes explored */
    if (status != PIPETTE_OK)
        return pipette_exit_code(status, NULL);
    memset(&options, 0, sizeof options);
    options.first = "hdf5/low.hdf5";
    options.second = "hdf5/high.hdf5";
    options.out = "hdf5/merged.hdf5";
    options.overwrite = 1;
    status = pipette_merge(&options, NULL, NULL, &report, &error);
    if (status != PIPETTE_OK)
        fprintf(stderr, "merging: %s\n", error.message);
    else
        printf("%d runs, %d from the first file\n", (int)report.run_count, (int)report.from_first);
    return pipette_exit_code(status, NULL);
}
