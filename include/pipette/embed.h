/* embed.h: libpipette for programs: what the pipette command does, as functions. Link with -lpipette.
 *
 * Functions take a pipette_error as their last argument (may be NULL) and fill it exactly when they return a negative
 * status. All functions: one thread at a time per object. None prints, exits or changes signal handlers; a program that
 * writes large files should ignore SIGXFSZ and SIGPIPE, as the command does, so that full disks become errors.
 */
#ifndef PIPETTE_EMBED_H
#define PIPETTE_EMBED_H

#include "model.h"
#include "postprocess.h"
#include "preprocess.h"
#include "storage.h"
#include "trajectory.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PIPETTE_API __attribute__((visibility("default")))

/* The library's version: "0.1.0". */
PIPETTE_API const char *pipette_version(void);

/* ---- Trajectories ---- */

/* A trajectory of the program's own; use it through trajectory.h. The program destroys it, after its views. */
PIPETTE_API int pipette_trajectory_create(const char *name, const char *comment, pipette_trajectory **trajectory,
                                          pipette_error *error);
PIPETTE_API void pipette_trajectory_destroy(pipette_trajectory *trajectory);

/* ---- Plugins ---- */

/* What a plugin declares, as its manual. Everything is owned by the manual. */
typedef struct pipette_manual {
    uint32_t size;
    int32_t kind;
    const char *path, *name, *version, *doc, *build_id;
    uint32_t abi_major, abi_minor;
    const pipette_option_spec *options;
    const pipette_parameter_spec *parameters;
    const pipette_result_spec *results;
    uint32_t option_count, parameter_count, result_count;
    uint32_t has_batch;              /* offers "pipette.batch/1" */
    void *memory;                    /* the library's */
    const pipette_option_spec *keys; /* that every stage of this kind takes beside `plugin` and its plugin's options */
    uint32_t key_count, reserved;
    const char *const *warnings; /* who else can change what is loaded; in a listing, of what was not said before */
    uint32_t warning_count, reserved_too;
} pipette_manual;

/* One candidate: `manual` is NULL where it was refused, and `reason` says why. Borrowed for the call. A result other
 * than 0 ends the listing and is returned. */
typedef int (*pipette_plugin_visit)(const char *path, const pipette_manual *manual, const char *reason, void *user);

/* Visits every plugin file of the search path: `folders` (each may hold several, separated by ':'),
 * PIPETTE_PLUGIN_PATH, the library's own. Each is loaded in a child process under a time limit, so a broken one harms
 * nobody. */
PIPETTE_API int pipette_plugins(const char *const *folders, uint32_t folder_count, pipette_plugin_visit visit,
                                void *user, pipette_error *error);

/* The manual of a plugin, by name or file (with a '/'). The program destroys it. */
PIPETTE_API int pipette_manual_create(const char *plugin, const char *const *folders, uint32_t folder_count,
                                      pipette_manual **manual, pipette_error *error);
PIPETTE_API void pipette_manual_destroy(pipette_manual *manual);

/* ---- Pipelines ---- */

typedef struct pipette_pipeline pipette_pipeline;

/* Progress of the runs; called now and then, from the thread that called pipette_pipeline_run. */
typedef struct pipette_progress {
    uint32_t size;
    uint32_t round; /* 0, then one more for each expansion by postprocessing */
    uint64_t run_count, done, failed, timed_out, infeasible;
    double seconds; /* since the runs of this round began */
} pipette_progress;

typedef struct pipette_pipeline_options {
    uint32_t size;
    uint32_t workers;        /* 0: one per core that this process may use */
    const char *config;      /* the file */
    const char *const *sets; /* "PATH=VALUE", replacing what the config says */
    uint32_t set_count;
    uint32_t folder_count;
    const char *const *folders; /* to look for plugins in, first */
    const char *runs;           /* "0-999,1500": only these; NULL: all */
    const char *command_line;   /* for provenance; may be NULL */
    double timeout;             /* seconds for a run; 0: the config's, or none */
    uint32_t in_process;        /* model and all in this process, for debuggers */
    uint32_t overwrite;         /* replace a result file that exists */
    uint32_t retry_failed;      /* run again what failed or timed out */
    uint32_t accept_changes;    /* go on although parameters or model changed */
    void (*progress)(const pipette_progress *progress, void *user);
    void (*log)(int level, const char *text,
                void *user); /* lines for a person; level 0: what the runs need, before they start */
    void *user;
    double progress_seconds; /* between two calls of progress; 0: 0.2 */
    double grace;            /* seconds for what pipette_pipeline_terminate ends; 0: the config's, or 25 */
    uint64_t max_failures;   /* so many failed runs end the pipeline early; 0: the config's, or no limit */
    uint32_t retries;        /* how often a run that fails is tried again; 0: the config's, or never */
    uint32_t repair;         /* run again what does not fit its checksum (pipette_verify()) */
} pipette_pipeline_options;

/* What is known of a pipeline before it runs, or after. Strings live as long as the pipeline. */
typedef struct pipette_report {
    uint32_t size;
    uint32_t interrupted;                         /* 1: stopped by pipette_pipeline_interrupt, can go on */
    const char *name;                             /* of the trajectory */
    const char *file;                             /* of the results */
    uint64_t run_count;                           /* points of the config's exploration */
    uint64_t row_count;                           /* runs that were asked for */
    uint64_t pending_count;                       /* of these: not stored yet (before), or still not (after) */
    uint64_t done, failed, timed_out, infeasible; /* of the runs executed by this call */
    uint64_t stored_failures;                     /* failed or timed out in the file, from this call or earlier ones */
    uint64_t byte_count;                          /* that the declared results need */
    uint64_t first_failed_run;
    const char *first_failure; /* its message; NULL: none failed */
    double seconds;
    uint64_t free_count;   /* bytes that are free where the file is; 0: not known */
    uint64_t max_failures; /* the limit of failed runs that ended the pipeline early; 0: none did */
} pipette_report;

/* Reads and checks a config as far as no plugin is needed. `options` is copied but for the strings, which must live as
 * long as the pipeline. The program destroys it. */
PIPETTE_API int pipette_pipeline_create(const pipette_pipeline_options *options, pipette_pipeline **pipeline,
                                        pipette_error *error);
PIPETTE_API void pipette_pipeline_destroy(pipette_pipeline *pipeline);

/* Everything that can be known without running and without touching the result file: plugins, options, parameters,
 * exploration, shapes, sizes. Once per pipeline, instead of _run. */
PIPETTE_API int pipette_pipeline_check(pipette_pipeline *pipeline, pipette_report *report, pipette_error *error);

/* The whole pipeline. 0 also where runs failed: look at the report. Once per pipeline. Forks; call it before the
 * process has started threads or loaded libhdf5, where possible. */
PIPETTE_API int pipette_pipeline_run(pipette_pipeline *pipeline, pipette_report *report, pipette_error *error);

/* Once: runs that are being executed are stored, then the pipeline ends. Twice: it ends now; what is stored stays. May
 * be called from a signal handler or another thread. */
PIPETTE_API void pipette_pipeline_interrupt(pipette_pipeline *pipeline);

/* For a process that will soon be ended from outside (SIGTERM, a batch system's warning): runs that end within the time
 * of grace are stored, the others are given up and stay pending, and the pipeline ends. Calling it again changes
 * nothing. May be called from a signal handler or another thread. */
PIPETTE_API void pipette_pipeline_terminate(pipette_pipeline *pipeline);

/* The time of grace in seconds: the options', the config's, or 25. May be called from a signal handler. */
PIPETTE_API double pipette_pipeline_grace(const pipette_pipeline *pipeline);

/* ---- Files ---- */

typedef struct pipette_file pipette_file;

/* Opens a result file for looking, with the storage plugin `storage` (NULL: "hdf5"). The program destroys it. */
PIPETTE_API int pipette_file_open(const char *path, const char *storage, const char *const *folders,
                                  uint32_t folder_count, pipette_file **file, pipette_error *error);
PIPETTE_API void pipette_file_destroy(pipette_file *file);

/* See pipette_storage: info, list, read, read_one. Names as in trajectory.h where `name` stands, full paths where
 * `path` stands. */
PIPETTE_API int pipette_file_info(pipette_file *file, pipette_storage_info *info, pipette_error *error);
PIPETTE_API int pipette_file_list(pipette_file *file, pipette_entry_visit visit, void *user, pipette_error *error);
PIPETTE_API int pipette_file_read(pipette_file *file, const char *path, uint64_t first, uint64_t count, int type,
                                  void *out, pipette_error *error);
PIPETTE_API int pipette_file_read_one(pipette_file *file, const char *path, uint64_t row, pipette_value *value,
                                      pipette_error *error);
/* As pipette_file_read_one(), but of an array only `count` elements (row-major) from `first` on, as a value of one
 * dimension; *total is how many there are. Reads no more than that where the storage can. */
PIPETTE_API int pipette_file_read_part(pipette_file *file, const char *path, uint64_t row, uint64_t first,
                                       uint64_t count, pipette_value *value, uint64_t *total, pipette_error *error);
/* The entry that a name finds: "V", "neuron.V", "results.neuron.run_00000013.V", "rate" ... `run` becomes the run that
 * the name speaks of, or stays PIPETTE_DEFAULT_RUN. The entry is the file's. PIPETTE_E_NOT_FOUND with the nearest,
 * PIPETTE_E_AMBIGUOUS with the candidates. */
PIPETTE_API int pipette_file_find(pipette_file *file, const char *name, const pipette_entry **entry, uint64_t *run,
                                  pipette_error *error);
/* As pipette_file_find(), but groups count as well: where one is found, `*entry` is NULL and `*group` its full path
 * ("results.neuron"), else
 * `*group` is NULL. The path lives until the next call. */
PIPETTE_API int pipette_file_find_any(pipette_file *file, const char *name, const pipette_entry **entry,
                                      const char **group, uint64_t *run, pipette_error *error);
/* The row that holds a run; PIPETTE_E_NOT_FOUND. */
PIPETTE_API int pipette_file_row(pipette_file *file, uint64_t run, uint64_t *row, pipette_error *error);

/* The run that a row holds. */
PIPETTE_API int pipette_file_run(pipette_file *file, uint64_t row, uint64_t *run, pipette_error *error);

/* ---- Runs of a file ---- */

/* Which runs; a zero asks for nothing. */
typedef struct pipette_selection_options {
    uint32_t size;
    uint32_t states;  /* bits 1 << PIPETTE_STATE_DONE and so on; 0: any */
    const char *runs; /* "0-999,1500" */
    /* "I > 0.5 and nspikes == 0": a condition over scalars of the runs (parameters, results, "duration", "message"
     * ...), `run` and `state` (== 'failed'); names as in trajectory.h; `pipette get --help` lists what else it knows.
     * What a run has not is missing, and a condition on it does not hold: neither x == 0 nor x != 0; missing(x) does.
     */
    const char *where;
} pipette_selection_options;

typedef struct pipette_selected {
    uint64_t run, row; /* in order of runs */
    int32_t state;     /* pipette_state */
    uint32_t reserved;
} pipette_selected;

typedef struct pipette_selection pipette_selection;

/* Opens a way through the runs of a file, which must stay open. The program destroys it. PIPETTE_E_INVALID with the
 * place in `runs` or `where` that is wrong; PIPETTE_E_NOT_FOUND for a run that the file does not hold. */
PIPETTE_API int pipette_selection_create(pipette_file *file, const pipette_selection_options *options,
                                         pipette_selection **selection, pipette_error *error);
PIPETTE_API void pipette_selection_destroy(pipette_selection *selection);
/* The next runs, at most `capacity`; *count is 0 at the end. Memory does not grow with the number of runs. Invalidates
 * values that were read from the file. */
PIPETTE_API int pipette_selection_next(pipette_selection *selection, pipette_selected *out, uint32_t capacity,
                                       uint32_t *count, pipette_error *error);

/* Whether these `count` elements, read for a run in `state`, stand for a value that is missing: 1 for results of runs
 * that are not done, for undeclared results that the run left out, for times and messages that it does not have. The
 * state tells, not the fill value: a run that is done has what was declared. Elements of tables, which have no state,
 * are missing where they are fill values. `elements` may be NULL where nothing could be read (PIPETTE_E_NOT_FOUND):
 * missing. Any thread. */
PIPETTE_API int pipette_entry_missing(const pipette_entry *entry, int state, const void *elements, uint64_t count);

typedef struct pipette_reset_options {
    uint32_t size;
    uint32_t folder_count;
    const char *file;
    const char *storage; /* plugin; NULL: "hdf5" */
    const char *const *folders;
    uint32_t states;  /* as in pipette_selection_options; at least one of these three */
    uint32_t dry_run; /* only counts */
    const char *runs, *where;
} pipette_reset_options;

/* Makes runs of a result file pending again, without values, messages and logs; the next pipette_pipeline_run() of its
 * config does exactly these. *count: how many were not pending before. Refused while somebody writes the file. Cut off
 * by a crash, each run is what it was, but for its message, or pending. Tables of postprocessing stay until then. */
PIPETTE_API int pipette_reset(const pipette_reset_options *options, uint64_t *count, pipette_error *error);

/* Writes the results of fixed shape of a result file as arrays over all explored parameters into `out`, a netCDF-4 file
 * of its own without groups: parameters ascend, whatever the order of the runs, and points without a run are missing.
 * `storage` and `folders` as in pipette_file_open(). `replace`: also over a file that exists. PIPETTE_E_INVALID where
 * nothing is explored, or the runs are less than a thousandth of the points of such a grid; PIPETTE_E_UNSUPPORTED where
 * the storage has no such thing. Main thread. */
PIPETTE_API int pipette_export_grid(const char *path, const char *storage, const char *const *folders,
                                    uint32_t folder_count, const char *out, int replace, pipette_error *error);

/* Gives the room back that belongs to nothing any more in a result file: what growing leaves behind. The file is
 * written anew beside the old one, others' objects too, and takes its name, owner, permissions and extended attributes;
 * a crash leaves the old file or the new one. *before, *after: the bytes that it takes on the disk. `storage` and
 * `folders` as in pipette_file_open(). PIPETTE_E_STORAGE while somebody writes the file; PIPETTE_E_UNSUPPORTED where
 * the storage has no such thing. Main thread. */
PIPETTE_API int pipette_compact(const char *path, const char *storage, const char *const *folders,
                                uint32_t folder_count, uint64_t *before, uint64_t *after, pipette_error *error);

/* ---- Postprocessing of finished files ---- */

typedef struct pipette_stored_options {
    uint32_t size;
    uint32_t folder_count;
    const char *plugin; /* name or file of a postprocess plugin */
    const char *const *folders;
    const char *const
        *sets; /* its options: "KEY=VALUE", values as in a config; they replace what the file's config says */
    uint32_t set_count;
    uint32_t from_config; /* 1: begin with the options that the file's own config gives this plugin, where it has such a
                             stage */
    uint32_t states;      /* as in pipette_selection_options: which runs it sees */
    uint32_t reserved;
    const char *runs, *where;
    void (*log)(int level, const char *text, void *user); /* lines for a person; may be NULL */
    void *user;
} pipette_stored_options;

/* Calls a postprocess plugin (its declare, then its postprocess) on the runs of a file, which is only read: the plugin
 * can draw, write files of its own and check, but tables, values and expansions are refused (PIPETTE_E_UNSUPPORTED).
 * Main thread. */
PIPETTE_API int pipette_postprocess_stored(pipette_file *file, const pipette_stored_options *options,
                                           pipette_error *error);

/* ---- Numbers as text ---- */

/* The shortest text that reads back as the same number, as %g writes it, with a decimal point in any locale: "0.1",
 * "1e+20", "nan". `out` holds 28 characters. Returns the end of the text. Any thread. */
PIPETTE_API char *pipette_f64_text(double number, char *out);
PIPETTE_API char *pipette_f32_text(float number, char *out);

/* ---- One run again ---- */

typedef struct pipette_replay_options {
    uint32_t size;
    uint32_t folder_count;
    const char *file;    /* the result file; the config that made it stands in it */
    const char *storage; /* plugin; NULL: "hdf5" */
    const char *const *folders;
    uint64_t run;
    void (*log)(int level, const char *text, void *user);
    void *user;
} pipette_replay_options;

/* One value of the run: whether it equals the stored one bit by bit, and a word on it. */
typedef int (*pipette_replay_visit)(const char *path, int equal, const char *detail, void *user);

/* Computes a stored run again, alone, in this process (for a debugger), and compares everything bit by bit with the
 * file, which is not changed. `*differs` becomes 1 where something is not equal. */
PIPETTE_API int pipette_replay(const pipette_replay_options *options, pipette_replay_visit visit, void *user,
                               int *differs, pipette_error *error);

/* ---- Bits that rot ---- */

typedef struct pipette_verify_options {
    uint32_t size;
    uint32_t folder_count;
    const char *file;
    const char *storage; /* plugin; NULL: "hdf5" */
    const char *const *folders;
    void (*progress)(void *user); /* called whenever some more has been read; may be NULL */
} pipette_verify_options;

typedef struct pipette_verify_report {
    uint32_t size;
    uint32_t sound;         /* 1: nothing was found */
    uint64_t run_count;     /* that have ended */
    uint64_t without_count; /* of these: stored without a checksum, by a Pipette of before */
    uint64_t damaged_count; /* runs of which something was found */
    uint64_t other_count;   /* findings beside runs */
} pipette_verify_report;

/* What does not fit: of a run, or PIPETTE_DEFAULT_RUN; of the result or value `path`, or NULL where it is not known
 * which. Another result than 0 ends it, and is returned. */
typedef int (*pipette_verify_visit)(uint64_t run, const char *path, const char *text, void *user);

/* Reads everything that a result file holds, holds every run against the checksum that was stored with it, explored
 * parameters against the exploration, and changes nothing. 0 also where something was found: look at the report. Also
 * while somebody writes the file. Main thread. */
PIPETTE_API int pipette_verify(const pipette_verify_options *options, pipette_verify_visit visit, void *user,
                               pipette_verify_report *report, pipette_error *error);

/* ---- A model on trial ---- */

typedef struct pipette_trial_options {
    uint32_t size;
    uint32_t folder_count;
    const char
        *plugin; /* name or file of a model: it runs at points around its defaults, in which every parameter varies */
    const char *const *folders;
    /* Instead of a plugin: its model, options and values, and points of its exploration. After
     * pipette_pipeline_check(). */
    pipette_pipeline *pipeline;
    uint64_t points; /* how many; 0: 67, full groups of lanes and a few that are left over */
    double seconds;  /* for everything; 0: 30. A run that takes a quarter of them is ended. */
    /* What is being done, and how much of all (0 to 1); often. May be NULL. */
    void (*progress)(const char *what, double part, void *user);
    void *user;
} pipette_trial_options;

/* What was found. Points count once, however often they ran. */
typedef struct pipette_trial_report {
    uint32_t size;
    uint32_t sound;       /* 1: nothing was found, and at least one point has a result */
    uint64_t point_count; /* that were to be run */
    uint64_t refused;     /* by the model's shape() */
    uint64_t tried;       /* that there was time for; all numbers below are of these */
    uint64_t done, failed, infeasible;
    uint64_t finite; /* of those that are done: all their floats are finite */
    uint64_t reordered, repeated, alone,
        batched; /* in another order; twice in a row; in a process of their own; as lanes of a batch */
    double run_seconds, batch_seconds; /* per run; 0: not measured */
    char finding[1500];                /* a sentence: what is wrong, in which result, at which point; "": nothing */
    char first_failure[512];           /* the message of the first point without a result */
} pipette_trial_report;

/* Runs a model as a sweep may run it: in one order and in another, a point twice, in fresh processes, as lanes of a
 * batch that all differ; over memory, stacks and buffers that hold different bytes, and with forbidden pages around
 * every buffer. All of that must give the same bits. 0 also where something was found: look at the report. The model
 * lives in child processes under limits; nothing it does there reaches the caller. Forks; see pipette_pipeline_run().
 */
PIPETTE_API int pipette_try_model(const pipette_trial_options *options, pipette_trial_report *report,
                                  pipette_error *error);

#ifdef __cplusplus
}
#endif

#endif
