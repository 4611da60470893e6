/* analysis.c: looks at the experiment that main.c has stored, and draws it. */
#include <pipette/analysis.h>
#include <pipette/experiment.h>

/* Draws with the plugin `plot` (which needs gnuplot): two panels, one below the other. */
static int plot(pipette_trajectory *traj, const char *what, const char *title, const char *legend, const char *xlabel,
                const char *ylabel, const char *output, pipette_error *error)
{
    const char *sets[6];
    char texts[6][300];
    pipette_stored_options options;
    int i;
    snprintf(texts[0], sizeof texts[0], "what=\"%s\"", what);
    snprintf(texts[1], sizeof texts[1], "title=\"%s\"", title);
    snprintf(texts[2], sizeof texts[2], "legend=\"%s\"", legend);
    snprintf(texts[3], sizeof texts[3], "xlabel=\"%s\"", xlabel);
    snprintf(texts[4], sizeof texts[4], "ylabel=\"%s\"", ylabel);
    snprintf(texts[5], sizeof texts[5], "output=\"%s\"", output);
    for (i = 0; i < 6; i++)
        sets[i] = texts[i];
    memset(&options, 0, sizeof options);
    options.size = (uint32_t)sizeof options;
    options.plugin = "plot";
    options.sets = sets;
    options.set_count = 6;
    return pipette_postprocess_stored(pipette_trajectory_file(traj), &options, error);
}

int main(void)
{
    const uint64_t example_run = 13;
    pipette_load_options levels = pipette_load_defaults();
    pipette_error error = PIPETTE_NO_ERROR;
    pipette_trajectory *traj = NULL, *view = NULL;
    pipette_value rates_frame, example_V;
    char title[200];
    int status;

    /* We load the parameters only; results come on the fly, as we need them */
    levels.derived_parameters = PIPETTE_LOAD_NOTHING;
    levels.results = PIPETTE_LOAD_NOTHING;
    levels.config = PIPETTE_LOAD_NOTHING;
    if (pipette_trajectory_load("hdf5/FiringRate.hdf5", &levels, &traj, &error) != PIPETTE_OK) {
        fprintf(stderr, "analysis: %s\n", error.message);
        return pipette_exit_code(error.code, NULL);
    }

    /* Here the table is read */
    if (pipette_get(traj, "summary.firing_rates.rates_frame", &rates_frame) == PIPETTE_OK)
        printf("rates_frame: %d x %d\n", (int)rates_frame.shape[0], (int)rates_frame.shape[1]);

    /* An example run, how about run 13? In its view all explored parameters have its values, `crun` stands for its
     * name, and the results of other runs do not exist */
    status = pipette_view(traj, example_run, &view);
    if (status == PIPETTE_OK)
        status = pipette_get(view, "results.neuron.crun.V", &example_V);
    if (status == PIPETTE_OK) {
        const double example_I = pipette_trajectory_f64(view, "I"),
                     example_tau_ref = pipette_trajectory_f64(view, "tau_ref");
        const double dt = pipette_trajectory_f64(view, "dt");
        printf("run %d: I = %g, tau_ref = %g, V over %g ms\n", (int)example_run, example_I, example_tau_ref,
               dt * (double)example_V.shape[0]);
        snprintf(title, sizeof title, "Example of development of V for I=%.2f, tau_ref=%.1f in run %d", example_I,
                 example_tau_ref, (int)example_run);
        status = plot(traj, "I:returned:tau_ref", "Firing as a function of input current `I`",
                      "Avg. Rate for tau_ref={tau_ref}", "I", "f[Hz]", "rates.png", &error);
        if (status == PIPETTE_OK)
            status = plot(traj, "V", title, "", "t[ms]", "V", "example.png", &error); /* of run 13, the first eighth */
    } else {
        error.code = status;
        snprintf(error.message, sizeof error.message, "%s", pipette_trajectory_message(view == NULL ? traj : view));
    }
    if (status != PIPETTE_OK)
        fprintf(stderr, "analysis: %s\n", error.message);

    if (view != NULL)
        pipette_view_destroy(view);
    pipette_trajectory_destroy(traj);
    return status == PIPETTE_OK ? 0 : pipette_exit_code(status, NULL);
}
