/* analysis.c: looks at FILE (analysis FILE) in every way that analysis.h has, and prints what it finds. */
#include <pipette/analysis.h>
#include <pipette/experiment.h>

#include <stdlib.h>

static int fires_late(pipette_trajectory *view, void *user)
{
    const double *limit = user;
    return pipette_trajectory_f64(view, "I") > *limit && pipette_trajectory_f64(view, "tau_ref") == 10.0;
}

static int count_node(const pipette_node *node, void *user)
{
    int *counts = user;
    counts[(node->flags & PIPETTE_NODE_LEAF) != 0]++;
    return 0;
}

static int print_node(const pipette_node *node, void *user)
{
    (void)user;
    printf("  %s%s\n", node->path, node->flags & PIPETTE_NODE_LEAF ? "" : "/");
    return 0;
}

static void touch(pipette_trajectory *traj, const char *name)
{
    pipette_value value;
    int status = pipette_get(traj, name, &value);
    if (status != PIPETTE_OK)
        printf("%s: %d %s\n", name, status, pipette_trajectory_message(traj));
    else if (value.rank == 0)
        printf("%s: %g\n", name, pipette_trajectory_f64(traj, name));
    else
        printf("%s: %s of %d, rank %d\n", name, pipette_type_text(value.type), (int)value.shape[0], (int)value.rank);
}

static void look_at_run(pipette_trajectory *traj, uint64_t run)
{
    pipette_trajectory *view = NULL;
    pipette_node node = {.size = sizeof node};
    if (pipette_view(traj, run, &view) != PIPETTE_OK) {
        printf("%s\n", pipette_trajectory_message(traj));
        return;
    }
    touch(view, "I");
    touch(view, "neuron.tau_ref");
    touch(view, "V");
    touch(view, "results.neuron.crun.nspikes");
    touch(view, "results.neuron.$.nspikes");
    touch(view, "neuron.run_00000013.nspikes");
    touch(view, "neuron.r_13.nspikes");
    touch(view, "neuron.run_14.nspikes");
    if (pipette_find(view, "V", &node) == PIPETTE_OK)
        printf("%s '%s' [%s] of %s\n", node.path, node.comment, node.unit, pipette_type_text(node.type));
    pipette_walk(view, "results.neuron", print_node, NULL);
    pipette_view_destroy(view);
}

static void look_at_runs(pipette_trajectory *traj, pipette_error *error)
{
    const pipette_selection_options some = {.size = sizeof some, .where = "nspikes > 160"};
    pipette_run_information information = {.size = sizeof information};
    pipette_results *results = NULL;
    double limit = 0.975, rates[4] = {0, 0, 0, 0};
    uint64_t *runs = NULL, count = 0, numbers[4] = {0, 0, 0, 0};
    if (pipette_find_runs(traj, fires_late, &limit, &runs, &count, error) == PIPETTE_OK)
        printf("found %d: %d %d %d\n", (int)count, (int)runs[0], (int)runs[1], (int)runs[2]);
    free(runs);
    if (pipette_runs_open(traj, &some, &results, error) != PIPETTE_OK)
        return;
    if (pipette_row_runs(results, 0, 4, numbers) == PIPETTE_OK &&
        pipette_results_read(results, "rate", 0, 4, PIPETTE_TYPE_F64, rates) == PIPETTE_OK)
        printf("%d rows: run %d %g, run %d %g\n", (int)pipette_row_count(results), (int)numbers[0], rates[0],
               (int)numbers[1], rates[1]);
    pipette_runs_close(results);
    if (pipette_run_info(traj, 13, &information, error) == PIPETTE_OK)
        printf("%s is %s, %d, '%s'\n", information.name, pipette_state_text(information.state),
               information.duration > 0, information.message);
    if (pipette_run_info(traj, 303, &information, error) != PIPETTE_OK)
        printf("%s\n", error->message);
}

/* What an analysis has found goes into the file. */
static int store(const char *file, pipette_error *error)
{
    static const double means[2] = {1.5, 2.5};
    static const char *const names[2] = {"weak", "strong"};
    const uint64_t two = 2;
    const pipette_table_dimension dimensions[] = {
        PIPETTE_TABLE_DIMENSION("kind", "", "Kind", pipette_value_array(PIPETTE_TYPE_STRING, 1, &two, names))};
    const pipette_table_array arrays[] = {PIPETTE_TABLE_ARRAY("mean", PIPETTE_TYPE_F64, "Hz", "Mean rate", means)};
    pipette_table table;
    pipette_addition additions[3];
    pipette_trajectory *traj;
    memset(additions, 0, sizeof additions);
    memset(&table, 0, sizeof table);
    table.size = sizeof table;
    table.path = "analysis.means";
    table.comment = "By kind";
    table.dimensions = dimensions;
    table.dimension_count = 1;
    table.arrays = arrays;
    table.array_count = 1;
    additions[0].path = "analysis.threshold";
    additions[0].unit = "1/ms";
    additions[0].comment = "Where it begins to fire";
    additions[0].value = pipette_value_f64(0.105);
    additions[1].path = "results.analysis.note";
    additions[1].value = pipette_value_string("by eye");
    additions[2].table = &table;
    if (pipette_store(file, NULL, additions, 3, error) != PIPETTE_OK ||
        pipette_store(file, NULL, additions, 3, error) != PIPETTE_OK ||
        pipette_trajectory_load(file, NULL, &traj, error) != PIPETTE_OK) {
        printf("%s\n", error->message);
        return 1;
    }
    touch(traj, "threshold");
    printf("%s\n", pipette_trajectory_string(traj, "analysis.note"));
    touch(traj, "means.mean");
    pipette_trajectory_destroy(traj);
    additions[0].path = "neuron";
    if (pipette_store(file, NULL, additions, 1, error) == PIPETTE_E_EXISTS)
        printf("%s\n", error->message);
    additions[0].path = "neuron..x";
    if (pipette_store(file, NULL, additions, 1, error) == PIPETTE_E_INVALID)
        printf("%s\n", error->message);
    return 0;
}

int main(int argc, char **argv)
{
    pipette_load_options bare = pipette_load_defaults();
    pipette_environment_options options = {.trajectory = "Again", .file = "again.hdf5"};
    pipette_error error = PIPETTE_NO_ERROR;
    pipette_trajectory *traj, *mine;
    pipette_environment *env;
    pipette_value one = pipette_value_f64(1.0);
    int counts[2] = {0, 0};
    if (argc < 2 || pipette_trajectory_load(argv[1], NULL, &traj, &error) != PIPETTE_OK) {
        printf("%s\n", error.message);
        return 1;
    }
    printf("%d runs over %s and %s\n", (int)pipette_run_count(traj), pipette_explored(traj, 0),
           pipette_explored(traj, 1));
    pipette_walk(traj, "", count_node, counts);
    printf("more than 30 leaves: %d\n", counts[1] > 30);
    touch(traj, "tau_V");
    touch(traj, "rates_frame");
    touch(traj, "summary.firing_rates.I");
    touch(traj, "config.pipeline.seed");
    touch(traj, "V");
    touch(traj, "neuron.run_00000013.V");
    touch(traj, "Vv");
    look_at_run(traj, 13);
    look_at_run(traj, 303);
    look_at_runs(traj, &error);
    if (pipette_add(traj, PIPETTE_BRANCH_RESULTS, "mine", &one, "", "") == PIPETTE_E_UNSUPPORTED)
        printf("%s\n", pipette_trajectory_message(traj));
    /* Its parameters in an experiment of one's own. */
    env = pipette_environment_open(&options);
    mine = pipette_environment_trajectory(env);
    pipette_add_f64(mine, "neuron.tau_V", 99.0, "ms", "");
    if (pipette_add_parameters_of(mine, traj) == PIPETTE_OK)
        printf("mine: tau_V = %g, dt = %g\n", pipette_trajectory_f64(mine, "tau_V"),
               pipette_trajectory_f64(mine, "dt"));
    pipette_environment_close(env, NULL);
    pipette_trajectory_destroy(traj);
    /* Nothing but what is asked for. */
    bare.results = bare.config = PIPETTE_LOAD_NOTHING;
    bare.auto_load = 0;
    if (pipette_trajectory_load(argv[1], &bare, &traj, &error) != PIPETTE_OK)
        return 1;
    touch(traj, "rates_frame");
    pipette_trajectory_destroy(traj);
    bare.results = PIPETTE_LOAD_SKELETON;
    if (pipette_trajectory_load(argv[1], &bare, &traj, &error) != PIPETTE_OK)
        return 1;
    touch(traj, "rates_frame");
    pipette_load(traj, "results.summary", PIPETTE_LOAD_DATA);
    touch(traj, "rates_frame");
    pipette_trajectory_destroy(traj);
    return store(argv[1], &error);
}
