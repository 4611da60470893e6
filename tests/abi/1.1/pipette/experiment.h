/* experiment.h: experiments that are programs of their own: parameters, exploration, run and postprocessing as
 * functions, no plugin file.
 *
 *     #include <pipette/experiment.h>
 *
 *     static int multiply(pipette_run *run, void *user)
 *     {
 *         (void)user;
 *         return pipette_put_f64(run, "$.z", pipette_f64(run, "x") * pipette_f64(run, "y"));
 *     }
 *     int main(void)
 *     {
 *         pipette_environment_options options = {.trajectory = "multiplication",
 *                                                .file = "hdf5/multiplication.hdf5", .overwrite = 1};
 *         pipette_environment *env = pipette_environment_open(&options);
 *         pipette_trajectory *traj = pipette_environment_trajectory(env);
 *         pipette_error error = PIPETTE_NO_ERROR;
 *         pipette_add_f64(traj, "x", 1.0, "1", "First factor.");
 *         pipette_add_f64(traj, "y", 1.0, "1", "Second factor.");
 *         pipette_explore_range(traj, "x", 1.0, 4.0, 1.0);
 *         pipette_environment_run(env, multiply, NULL);
 *         if (pipette_environment_close(env, &error) != PIPETTE_OK)
 *             fprintf(stderr, "multiplication: %s\n", error.message);
 *         return pipette_exit_code(error.code, NULL);
 *     }
 *
 * Built with: cc $(pkg-config --cflags pipette) multiplication.c $(pkg-config --libs pipette) -o multiplication
 *
 * What a program gets is what a config gets: workers, isolation, resuming, the ledger, provenance. The function that
 * runs is called in worker processes, which are forked when pipette_environment_run() is called: they see the program's
 * memory as it is then, and what they change there stays with them; results, messages and the log are the way back. A
 * run that crashes, hangs or calls exit() costs itself: the program's exit handlers run in the program only.
 *
 * Errors: building (adding, exploring) and the functions below keep the first error of the environment; what comes
 * later does nothing and returns the same. So a program looks once, at the end, or after every call. Looking things up
 * keeps nothing. All functions take a NULL environment, which is PIPETTE_E_MEMORY: there was none for it.
 *
 * All: the thread that opened the environment, but for pipette_environment_interrupt(). The library prints nothing,
 * unless `log_stdout` says so. Threads that the program has started are no obstacle as long as they hold no lock that a
 * run needs; a program that writes large files should ignore SIGXFSZ, so that full disks become errors.
 */
#ifndef PIPETTE_EXPERIMENT_H
#define PIPETTE_EXPERIMENT_H

#include "embed.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pipette_environment pipette_environment;

/* Zeros are the defaults. Texts are copied. */
typedef struct pipette_environment_options {
    const char *trajectory; /* its name; required */
    const char *comment;
    const char *file;            /* of the results; required */
    const char *storage;         /* plugin; NULL: "hdf5" */
    const char *storage_options; /* as in a config: "compression = 1; durability = \"power\";" */
    /* Of the functions. A file that another version made is refused; without one, a program that was built anew goes
     * on, with a warning that stays in the file. */
    const char *version;
    const char *runs;           /* "0-999,1500": only these */
    const char *isolation;      /* "batch" (default) or "run": a process for every run */
    const char *workdir;        /* "shared" (default), "worker" or "run" */
    const char *log_folder;     /* where the log goes: FOLDER/TRAJECTORY.log, appended; NULL: nowhere */
    const char *command_line;   /* for the provenance; NULL: the process' own */
    const char *const *folders; /* to look for plugins in, first */
    uint64_t folder_count;
    uint64_t seed;         /* of all random numbers */
    uint64_t memory_limit; /* bytes for a run; 0: none */
    double timeout;        /* seconds for a run; 0: none */
    double grace;          /* seconds for what runs when the end is asked for with SIGTERM; 0: 25 */
    uint64_t max_failures; /* so many failed runs end the experiment early; 0: no limit */
    uint32_t retries;      /* how often a run that fails is tried again */
    uint32_t workers;      /* 0: one per core that this process may use */
    int in_process;        /* 1: all in this process, for debuggers */
    int add_time;          /* 1: the trajectory's name gets the time behind it, and FILE becomes FILE_TIME.EXTENSION */
    int overwrite;         /* 1: the first run replaces a result file that exists */
    int accept_changes;    /* 1: go on although parameters or version changed */
    int retry_failed;      /* 1: run again what failed or timed out */
    int refuse_dirty;      /* 1: refuse to run while the working directory has uncommitted changes (git) */
    int log_stdout;        /* 1: the log and the progress on standard output as well */
    int log_level;         /* up to which pipette_log_level; 0: PIPETTE_LOG_INFO */
    int signals; /* 1: while it runs, SIGINT and SIGHUP end it in order (twice: at once), SIGTERM within `grace` */
    void (*progress)(const pipette_progress *progress, void *user);
    void (*log)(int level, const char *text, void *user);
    void *user; /* of these two */
} pipette_environment_options;

/* All defaults, for C and C++: options = pipette_environment_defaults(); options.trajectory = "NAME"; ... */
PIPETTE_INLINE pipette_environment_options pipette_environment_defaults(void)
{
    pipette_environment_options options;
    memset(&options, 0, sizeof options);
    return options;
}

/* An environment with an empty trajectory; what is wrong with the options is its first error. NULL only without memory.
 * The program closes it. */
PIPETTE_API pipette_environment *pipette_environment_open_sized(const pipette_environment_options *options,
                                                                size_t size);
PIPETTE_INLINE pipette_environment *pipette_environment_open(const pipette_environment_options *options)
{
    return pipette_environment_open_sized(options, sizeof *options);
}

/* Ends it: frees everything, the trajectory with it; not while its runs are being executed (PIPETTE_E_INVALID, and
 * nothing happens). The first error of its life, 0 if there was none; `error` (may be NULL) is filled in both cases. */
PIPETTE_API int pipette_environment_close(pipette_environment *environment, pipette_error *error);

/* Its trajectory, to be used through trajectory.h. It keeps the first error of what builds it; its views are the
 * program's to destroy before the environment is closed. NULL for no environment. */
PIPETTE_API pipette_trajectory *pipette_environment_trajectory(pipette_environment *environment);

/* The first error so far; its code is PIPETTE_OK if there was none. Valid until the environment is closed. */
PIPETTE_API const pipette_error *pipette_environment_error(const pipette_environment *environment);

/* The name of the trajectory and its file, with the time if it was asked for. */
PIPETTE_API const char *pipette_environment_name(const pipette_environment *environment);
PIPETTE_API const char *pipette_environment_file(const pipette_environment *environment);

/* ---- Parameters ---- */

/* A parameter of the trajectory with its default. pipette_add_parameter() of trajectory.h takes bounds, too. */
PIPETTE_INLINE int pipette_add_f64(pipette_trajectory *trajectory, const char *path, double number, const char *unit,
                                   const char *comment)
{
    const pipette_value value = pipette_value_f64(number);
    return pipette_add(trajectory, PIPETTE_BRANCH_PARAMETERS, path, &value, unit, comment);
}
PIPETTE_INLINE int pipette_add_i64(pipette_trajectory *trajectory, const char *path, int64_t number, const char *unit,
                                   const char *comment)
{
    const pipette_value value = pipette_value_i64(number);
    return pipette_add(trajectory, PIPETTE_BRANCH_PARAMETERS, path, &value, unit, comment);
}
PIPETTE_INLINE int pipette_add_bool(pipette_trajectory *trajectory, const char *path, int truth, const char *comment)
{
    const pipette_value value = pipette_value_bool(truth != 0);
    return pipette_add(trajectory, PIPETTE_BRANCH_PARAMETERS, path, &value, "", comment);
}
PIPETTE_INLINE int pipette_add_string(pipette_trajectory *trajectory, const char *path, const char *text,
                                      const char *comment)
{
    const pipette_value value = pipette_value_string(text);
    return pipette_add(trajectory, PIPETTE_BRANCH_PARAMETERS, path, &value, "", comment);
}
PIPETTE_INLINE int pipette_add_f64_array(pipette_trajectory *trajectory, const char *path, const double *numbers,
                                         uint64_t count, const char *unit, const char *comment)
{
    const pipette_value value = pipette_value_array(PIPETTE_TYPE_F64, 1, &count, numbers);
    return pipette_add(trajectory, PIPETTE_BRANCH_PARAMETERS, path, &value, unit, comment);
}

/* ---- Results ---- */

/* Declares results of the runs, in addition to those that were declared before: types, dimensions and units, as a
 * plugin does it (plugin.h). Declared results of fixed shape are plain columns, V(run, time), and cost least; what is
 * not declared may be put all the same, has no unit, and is stored ragged. A declared result must be stored by every
 * run that is done. Everything is copied. Before the first run. */
PIPETTE_API int pipette_environment_declare(pipette_environment *environment, const pipette_result_spec *results,
                                            uint64_t count);

/* The value that a run hands back, results.runs.$.returned, to be declared as PIPETTE_RETURNED_F64("returned", unit,
 * doc): it is what postprocessing reads by that name. Returns a status for the run to return. */
PIPETTE_INLINE int pipette_return_f64(pipette_run *run, double value)
{
    return pipette_put_f64(run, "returned", value);
}
PIPETTE_INLINE int pipette_return_i64(pipette_run *run, int64_t value)
{
    return pipette_put_i64(run, "returned", value);
}

/* ---- Stages ---- */

/* Computes one point, in a worker process; see pipette_model.run. `user` is what pipette_environment_run() was given.
 */
typedef int (*pipette_run_function)(pipette_run *run, void *user);

/* After the runs, in the program: sees all of them, stores summaries, may expand the trajectory, and is called again
 * then; see postprocess.h. 0, or a negative status (after pipette_trajectory_fail(), for a message), which is the
 * environment's error; the runs stay stored. */
typedef int (*pipette_postprocess_function)(pipette_trajectory *trajectory, pipette_results *results, void *user);

/* Adds a function behind the runs, after those that were added before. `name` is what messages and the file call it. */
PIPETTE_API int pipette_environment_add_postprocess_named(pipette_environment *environment, const char *name,
                                                          pipette_postprocess_function function, void *user);
#define pipette_environment_add_postprocess(environment, function, user)                                               \
    pipette_environment_add_postprocess_named(environment, #function, function, user)

/* Adds a plugin as a stage before (PIPETTE_KIND_PREPROCESS, before the first run only) or behind the runs
 * (PIPETTE_KIND_POSTPROCESS). `options` is what would stand in a config beside `plugin`: "table = \"summary.rates\";",
 * or NULL. */
PIPETTE_API int pipette_environment_add_stage(pipette_environment *environment, int kind, const char *plugin,
                                              const char *options);

/* ---- Running ---- */

/* Runs every point that the file does not hold yet, then what stands behind the runs. May be called again, after
 * pipette_expand() above all: only new points run. Which points are old the file says, so a program that was cut off
 * goes on where it was. 0 also where runs failed: look at the report. `name` is the model's. */
PIPETTE_API int pipette_environment_run_named(pipette_environment *environment, const char *name,
                                              pipette_run_function function, void *user);
#define pipette_environment_run(environment, function, user)                                                           \
    pipette_environment_run_named(environment, #function, function, user)

/* What a pipeline function hands back: the function of the runs and what comes behind them, each with its `user`. NULL:
 * none. */
typedef struct pipette_phases {
    pipette_run_function run;
    void *run_user;
    pipette_postprocess_function postprocess;
    void *postprocess_user;
    const char *run_name, *postprocess_name; /* NULL: "run" and "postprocess" */
} pipette_phases;

/* Prepares the trajectory (parameters, exploration) and names the phases. 0, or a negative status, which is the
 * environment's error. */
typedef int (*pipette_pipeline_function)(pipette_trajectory *trajectory, pipette_phases *phases, void *user);

/* The whole of an experiment by one function: calls it, then runs what it names, as above. Called again, it prepares
 * and runs again. */
PIPETTE_API int pipette_environment_pipeline(pipette_environment *environment, pipette_pipeline_function function,
                                             void *user);

/* What became of the last run; valid until the next one or until the environment is closed. NULL: nothing was run. */
PIPETTE_API const pipette_report *pipette_environment_report(const pipette_environment *environment);

/* Once: runs that are being executed are stored, then the experiment ends, and can go on. Twice: at once. From any
 * thread, or a signal handler. */
PIPETTE_API void pipette_environment_interrupt(pipette_environment *environment);

/* A line for the log, of a pipette_log_level. */
PIPETTE_API void pipette_environment_log(pipette_environment *environment, int level, const char *format, ...)
    PIPETTE_PRINTF(3, 4);

/* What main() returns, as the pipette command does: 0 all well; 1 some runs failed; 2 bad use or config; 3 plugin; 4
 * storage; 5 the system refused; 130 interrupted. `report` may be NULL. Any thread. */
PIPETTE_API int pipette_exit_code(int status, const pipette_report *report);

#ifdef __cplusplus
}
#endif

#endif
