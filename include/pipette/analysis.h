/* analysis.h: finished experiments looked at from a program: the trajectory of a result file, and its runs.
 *
 *     pipette_error error = PIPETTE_NO_ERROR;
 *     pipette_trajectory *traj, *run;
 *     pipette_value V;
 *     if (pipette_trajectory_load("hdf5/FiringRate.hdf5", NULL, &traj, &error) != PIPETTE_OK)
 *         ...
 *     if (pipette_view(traj, 13, &run) == PIPETTE_OK && pipette_get(run, "V", &V) == PIPETTE_OK)
 *         printf("I = %g: %llu steps\n", pipette_trajectory_f64(run, "I"), (unsigned long long)V.shape[0]);
 *     pipette_view_destroy(run);
 *     pipette_trajectory_destroy(traj);
 *
 * A loaded trajectory is used through trajectory.h as any other: natural naming, views, walking, the same errors. What
 * differs: values are read when they are touched. A value that is no run's (a parameter, a table, a config value) stays
 * in memory then, and is borrowed until the trajectory is destroyed. A result of a run is read each time, in a view of
 * the run or by a name that speaks of it
 * ("results.neuron.run_00000013.V", "neuron.r_13.V"), and is borrowed until the next one is read through the same
 * handle. Its node has the run's name in the view of a run, run_ALL else. Adding, setting and expanding are refused:
 * the file is only read.
 *
 * All: one thread at a time for a trajectory with all its views; reading blocks on the disk.
 */
#ifndef PIPETTE_ANALYSIS_H
#define PIPETTE_ANALYSIS_H

#include "embed.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Loading ---- */

/* How much of a branch is loaded. */
enum {
    PIPETTE_LOAD_NOTHING = 0,
    PIPETTE_LOAD_SKELETON = 1, /* names, units, comments, types */
    PIPETTE_LOAD_DATA = 2,     /* values as well, where they are not here yet */
    PIPETTE_LOAD_ANEW = 3      /* values as well, also those that are here */
};

typedef struct pipette_load_options {
    const char *storage;        /* plugin; NULL: "hdf5" */
    const char *const *folders; /* to look for plugins in, first */
    uint64_t folder_count;
    /* Levels. Parameters, their units and the exploration are always loaded. Results of runs are never kept in memory:
     * their level says whether their names are known. */
    int derived_parameters, results, config;
    int auto_load; /* 1: whatever is touched is loaded, whatever the levels say */
} pipette_load_options;

/* Derived parameters with their data, the skeleton of the rest, and what is touched. */
PIPETTE_INLINE pipette_load_options pipette_load_defaults(void)
{
    pipette_load_options options;
    memset(&options, 0, sizeof options);
    options.derived_parameters = PIPETTE_LOAD_DATA;
    options.results = PIPETTE_LOAD_SKELETON;
    options.config = PIPETTE_LOAD_SKELETON;
    options.auto_load = 1;
    return options;
}

/* The trajectory of a result file, also of one that is being written: then it is what the file held at this moment.
 * `options` NULL: the defaults. The program destroys it (pipette_trajectory_destroy(), after its views), which closes
 * the file. */
PIPETTE_API int pipette_trajectory_load_sized(const char *path, const pipette_load_options *options, size_t size,
                                              pipette_trajectory **trajectory, pipette_error *error);
PIPETTE_INLINE int pipette_trajectory_load(const char *path, const pipette_load_options *options,
                                           pipette_trajectory **trajectory, pipette_error *error)
{
    return pipette_trajectory_load_sized(path, options, sizeof *options, trajectory, error);
}

/* Loads the values that stand below a name ("" for all, "results.summary"), at level PIPETTE_LOAD_DATA or
 * PIPETTE_LOAD_ANEW. */
PIPETTE_API int pipette_load(pipette_trajectory *trajectory, const char *name, int level);

/* The file of a loaded trajectory, or of a view of it, for what embed.h does with files; NULL for other trajectories.
 * It stays the trajectory's. */
PIPETTE_API pipette_file *pipette_trajectory_file(const pipette_trajectory *trajectory);

/* Adds all parameters of one trajectory to another, such as an environment's, with the values that `from` has (in the
 * view of a run: the run's). Those that are there already are set. Explores nothing. */
PIPETTE_API int pipette_add_parameters_of(pipette_trajectory *trajectory, pipette_trajectory *from);

/* ---- Runs ---- */

/* What is known of a run beside its results. Texts are borrowed until something else is read. */
typedef struct pipette_run_information {
    uint32_t size;
    int32_t state; /* pipette_state */
    uint64_t run;
    char name[PIPETTE_RUN_NAME_SIZE];
    double start, duration; /* seconds since 1970, seconds; NaN: not known */
    const char *message;    /* why it has no result; "" */
} pipette_run_information;

PIPETTE_API int pipette_run_info(pipette_trajectory *trajectory, uint64_t run, pipette_run_information *information,
                                 pipette_error *error);

/* Not 0: the run that this is the view of is wanted. */
typedef int (*pipette_run_predicate)(pipette_trajectory *view, void *user);

/* The runs that a function wants, of those that the file holds, ascending: *runs (to be freed with free()) of *count.
 * For a condition in one line see pipette_selection_create(). */
PIPETTE_API int pipette_find_runs(pipette_trajectory *trajectory, pipette_run_predicate predicate, void *user,
                                  uint64_t **runs, uint64_t *count, pipette_error *error);

/* The runs of a loaded trajectory as postprocessing sees them (postprocess.h): blocks of one result of many runs,
 * states, run numbers; tables and values cannot be stored. `selection` says which runs, NULL: all. pipette_runs_close()
 * before the trajectory is destroyed. */
PIPETTE_API int pipette_runs_open(pipette_trajectory *trajectory, const pipette_selection_options *selection,
                                  pipette_results **results, pipette_error *error);
PIPETTE_API void pipette_runs_close(pipette_results *results);

/* ---- Storing later ---- */

/* Adds results of an analysis to a result file: single values, texts and arrays (full paths below `results`,
 * "results.analysis.threshold", which may be left out: "analysis.threshold"), and tables (postprocess.h); what stands
 * there from before is replaced. All or nothing: after a crash the file is the old one or the new one. Trajectories
 * that are loaded see it when they are loaded again. PIPETTE_E_STORAGE while somebody else writes the file;
 * PIPETTE_E_EXISTS where a result of the runs, a table or a group has the name. */
typedef struct pipette_addition {
    const char *path; /* of a value; of a table its own path counts */
    const char *unit, *comment;
    pipette_value value;
    const pipette_table *table; /* instead of a value; NULL: a value */
} pipette_addition;

PIPETTE_API int pipette_store_sized(const char *file, const pipette_load_options *options, size_t options_size,
                                    const pipette_addition *additions, uint64_t count, size_t addition_size,
                                    pipette_error *error);
/* `options` says which storage it is; NULL: the defaults. */
PIPETTE_INLINE int pipette_store(const char *file, const pipette_load_options *options,
                                 const pipette_addition *additions, uint64_t count, pipette_error *error)
{
    return pipette_store_sized(file, options, sizeof *options, additions, count, sizeof *additions, error);
}

/* ---- Two files ---- */

typedef struct pipette_diff_options {
    const char *first, *second; /* the files */
    const char *storage;        /* plugin; NULL: "hdf5" */
    const char *const *folders;
    uint64_t folder_count;
    double tolerance; /* floating-point numbers a and b are equal where |a - b| <= tolerance * max(|a|, |b|); 0: bit by
                         bit */
} pipette_diff_options;

typedef struct pipette_diff_report {
    int same;                         /* 1: nothing differs */
    uint64_t paired;                  /* runs at points that both files have */
    uint64_t differing;               /* of these: some result, or the state, is another one */
    uint64_t only_first, only_second; /* runs at points of one file */
    uint64_t other_count;             /* differences beside runs: parameters, tables, results that one file has */
} pipette_diff_report;

/* A difference: of a run (`run` of the first file, `there` of the second), or of the whole (both PIPETTE_DEFAULT_RUN),
 * in the value `path`. Another result than 0 ends the comparison, and is returned. */
typedef int (*pipette_diff_visit)(uint64_t run, uint64_t there, const char *path, const char *text, void *user);

/* Compares two result files: runs that are at the same point with each other, whatever their numbers, parameters,
 * tables and single results. What a file says of its making (config), times, messages and logs do not count. 0 also
 * where something differs: look at the report. PIPETTE_E_INVALID where the runs cannot be paired. */
PIPETTE_API int pipette_diff_sized(const pipette_diff_options *options, size_t size, pipette_diff_visit visit,
                                   void *user, pipette_diff_report *report, pipette_error *error);
PIPETTE_INLINE int pipette_diff(const pipette_diff_options *options, pipette_diff_visit visit, void *user,
                                pipette_diff_report *report, pipette_error *error)
{
    return pipette_diff_sized(options, sizeof *options, visit, user, report, error);
}

typedef struct pipette_part_options {
    const char *file, *out; /* `file` is only read */
    const char *storage;    /* plugin; NULL: "hdf5" */
    const char *const *folders;
    uint64_t folder_count;
    uint32_t states; /* which runs, as in pipette_selection_options; runs that are pending are left out */
    uint32_t workers;
    const char *runs, *where;
    const char *const *omit; /* results that are left out: "V" */
    uint64_t omit_count;
    int overwrite; /* 1: replace `out` where it exists */
    void (*progress)(const pipette_progress *progress, void *user);
    void (*log)(int level, const char *text, void *user);
    void *user; /* of these two */
} pipette_part_options;

typedef struct pipette_part_report {
    uint64_t run_count;     /* that `out` has */
    uint64_t pending_count; /* not stored: an interrupted call can go on */
} pipette_part_report;

/* Writes some runs of a result file, with some of their results, into a file of its own. Runs keep their numbers, and
 * the exploration is the whole one; the config goes on with the part, and computes the runs that it has not. Tables and
 * single results are not taken over: they are of all runs. Cut off, the same call goes on. Forks; see
 * pipette_pipeline_run(). */
PIPETTE_API int pipette_part_sized(const pipette_part_options *options, size_t size, pipette_part_report *report,
                                   pipette_error *error);
PIPETTE_INLINE int pipette_part(const pipette_part_options *options, pipette_part_report *report, pipette_error *error)
{
    return pipette_part_sized(options, sizeof *options, report, error);
}

typedef enum pipette_preference {
    PIPETTE_PREFER_NONE = 0,
    PIPETTE_PREFER_FIRST = 1,
    PIPETTE_PREFER_SECOND = 2
} pipette_preference;

typedef struct pipette_merge_options {
    const char *first, *second; /* the files; they are only read */
    const char *out;            /* the file that has the runs of both */
    const char *storage;        /* plugin; NULL: "hdf5" */
    const char *const *folders;
    uint64_t folder_count;
    int prefer;       /* pipette_preference: whose results count where both have a run at a point, and they differ */
    int overwrite;    /* 1: replace `out` where it exists */
    uint32_t workers; /* 0: one per core */
    void (*progress)(const pipette_progress *progress, void *user);
    void (*log)(int level, const char *text, void *user);
    void *user; /* of these two */
} pipette_merge_options;

typedef struct pipette_merge_report {
    uint64_t run_count;               /* points of the merged trajectory */
    uint64_t from_first, from_second; /* runs whose results come from there */
    uint64_t duplicates;              /* runs at points that both files have */
    uint64_t unequal;                 /* of these: done in both, with other results */
    uint64_t pending_count;           /* not stored: an interrupted merge can go on */
} pipette_merge_report;

/* Makes one file of two that explore the same space: the points of the first, then those of the second that it lacks.
 * Parameters that are constant in each file but different become explored. Where both have a point, the run that is
 * done counts; where both are, they are the same, or PIPETTE_E_EXISTS after each difference was told to `visit` (as in
 * pipette_diff()), unless `prefer` says which one counts. What the runs printed, and why they failed, comes along;
 * times are those of the merging. Tables and single results are not taken over: they are of one file's runs. What the
 * first file says of its config and model stays, so that its config goes on with the merged file. Cut off, the same
 * call goes on. Forks; see pipette_pipeline_run(). */
PIPETTE_API int pipette_merge_sized(const pipette_merge_options *options, size_t size, pipette_diff_visit visit,
                                    void *user, pipette_merge_report *report, pipette_error *error);
PIPETTE_INLINE int pipette_merge(const pipette_merge_options *options, pipette_diff_visit visit, void *user,
                                 pipette_merge_report *report, pipette_error *error)
{
    return pipette_merge_sized(options, sizeof *options, visit, user, report, error);
}

#ifdef __cplusplus
}
#endif

#endif
