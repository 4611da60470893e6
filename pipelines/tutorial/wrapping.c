/* wrapping.c: a simulator that was there before Pipette, made an experiment without a change to it: a cellular
 * automaton. */
#include <pipette/experiment.h>

#include <stdlib.h>

/* ---- The simulator as it is: knows nothing of parameters by name, of files, of runs ---- */

/* Elementary cellular automaton `rule` on a ring of `cells`, from one living cell: `steps` rows, written one behind the
 * other. */
static void automaton(unsigned rule, int cells, int steps, unsigned char *pattern)
{
    int step, i;
    memset(pattern, 0, (size_t)cells);
    pattern[cells / 2] = 1;
    for (step = 1; step < steps; step++)
        for (i = 0; i < cells; i++) {
            const unsigned char *above = pattern + (step - 1) * cells;
            const unsigned left = above[(i + cells - 1) % cells], right = above[(i + 1) % cells];
            pattern[step * cells + i] = (unsigned char)(rule >> (left << 2 | (unsigned)above[i] << 1 | right) & 1u);
        }
}

/* ---- The wrapping: from parameters to arguments, from what it gives to results ---- */

enum { CELLS = 101, STEPS = 51 };

static int run_automaton(pipette_run *run, void *user)
{
    unsigned char *pattern = (unsigned char *)pipette_buffer(run, "$.pattern", PIPETTE_TYPE_BOOL, NULL);
    int64_t alive = 0;
    int i;
    (void)user;
    if (pattern == NULL)
        return PIPETTE_E_MODEL;
    automaton((unsigned)pipette_i64(run, "rule"), CELLS, STEPS, pattern);
    for (i = 0; i < CELLS * STEPS; i++)
        alive += pattern[i];
    return pipette_put_i64(run, "$.alive", alive);
}

int main(void)
{
    static const int64_t rules[] = {10, 30, 90, 110, 184, 190};
    static const pipette_dimension dimensions[] = {
        PIPETTE_DIMENSION("step", "1", STEPS, 0.0, 0.0, "Step"),
        PIPETTE_DIMENSION("cell", "1", CELLS, 0.0, 0.0, "Place on the ring")};
    static const pipette_result_spec results[] = {
        PIPETTE_RESULT_ARRAY("$.pattern", PIPETTE_TYPE_BOOL, "", "Which cells are alive", dimensions),
        PIPETTE_RESULT_I64("$.alive", "1", "Living cells in all steps"),
    };
    pipette_environment_options options = pipette_environment_defaults();
    pipette_error error = PIPETTE_NO_ERROR;
    pipette_environment *env;
    pipette_trajectory *traj;

    options.trajectory = "CellularAutomata";
    options.file = "hdf5/CellularAutomata.hdf5";
    env = pipette_environment_open(&options);
    traj = pipette_environment_trajectory(env);
    pipette_add_i64(traj, "rule", 30, "1", "Wolfram's number of the rule");
    pipette_explore_i64_list(traj, "rule", rules, PIPETTE_COUNT_OF(rules));
    pipette_environment_declare(env, results, PIPETTE_COUNT_OF(results));
    pipette_environment_run(env, run_automaton, NULL);
    if (pipette_environment_close(env, &error) != PIPETTE_OK)
        fprintf(stderr, "wrapping: %s\n", error.message);
    return pipette_exit_code(error.code, NULL);
}
