/* cli.h: what the verbs of the pipette command share. Each verb is a file; this folder uses <pipette/...> alone. */
#ifndef CORE_CLI_H
#define CORE_CLI_H

#include <argp.h>
#include <libsmartcols/libsmartcols.h>
#include <pipette/embed.h>

/* Exit codes: the manual's section 8. */
enum {
    CLI_OK = 0,
    CLI_RUNS_FAILED = 1,
    CLI_USAGE = 2,
    CLI_PLUGIN = 3,
    CLI_STORAGE = 4,
    CLI_SYSTEM = 5,
    CLI_INTERRUPTED = 130
};

/* The verbs: each parses its own arguments (argv[0] is "pipette VERB") and returns an exit code. */
int cli_run(int argc, char **argv);
int cli_plugins(int argc, char **argv);
int cli_inspect(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_show(int argc, char **argv);
int cli_get(int argc, char **argv);
int cli_merge(int argc, char **argv);
int cli_diff(int argc, char **argv);
int cli_compact(int argc, char **argv);
int cli_export(int argc, char **argv);
int cli_reset(int argc, char **argv);
int cli_plot(int argc, char **argv);
int cli_replay(int argc, char **argv);

/* ---- conform.c ---- */

/* Tries a model as `options` say and shows how far that is; prints "TITLE and is soundREST" and what was tried, or on
 * stderr what was found. The exit code. */
int cli_conform(const char *title, const char *rest, const char *name, pipette_trial_options *options);

/* ---- common.c ---- */

/* Prints "pipette: message" on stderr, as one line: control characters are escaped. */
void cli_error(const char *format, ...) PIPETTE_PRINTF(1, 2);
/* Prints what there is to be said of where a plugin comes from: "pipette: warning: ...". */
void cli_warnings(const pipette_manual *manual);
/* A line of the library's for a person: "pipette: warning: ...". */
void cli_log(int level, const char *text);
/* Prints the error and gives the exit code that goes with it. */
int cli_fail(const pipette_error *error);
/* Bad usage, found by a verb's parser: prints one line and ends the command with CLI_USAGE. */
void cli_usage(const struct argp_state *state, const char *format, ...) PIPETTE_PRINTF(2, 3);
/* The number of a run, for --run. */
uint64_t cli_run_number(const struct argp_state *state, const char *text);
/* Bad usage: a path names one run, --run another. The exit code. */
int cli_two_runs(const char *path, uint64_t run);
/* The bits 1 << pipette_state of a list such as "failed,timed_out"; 0: it is none. */
int cli_states(const char *text, uint32_t *states);
/* argp_parse with this command's habits: bad usage is one line and exit code 2. 0, or the exit code plus one. */
int cli_parse(const struct argp *argp, int argc, char **argv, void *input);

/* A growing list of texts from repeated options. */
typedef struct cli_list {
    const char **items;
    uint32_t count;
} cli_list;
int cli_list_add(cli_list *list, const char *item);
void cli_list_free(cli_list *list);

/* ---- text.c: values as text ---- */

/* The shortest decimal that reads back as the same number. `out` holds 40 characters. Returns out. */
char *cli_f64(double number, char *out);
/* Element `index` of a value; strings as they are. `out` holds `size` characters. Returns out. */
char *cli_element(const pipette_value *value, uint64_t index, char *out, size_t size);
/* What a value that was read means: the state of a run becomes its name, anything else stays. */
void cli_mean(const pipette_entry *entry, pipette_value *value);
/* "f64" and so on; "state" for the states of the runs. */
const char *cli_type(const pipette_entry *entry);
/* A string as JSON, with its quotes; a number as JSON (NaN and infinities as null). */
void cli_json_text(FILE *out, const char *text);
void cli_json_element(FILE *out, const pipette_value *value, uint64_t index);
/* "1 run", "2 runs", for a noun that takes an s. `out` holds CLI_COUNT_SIZE characters. Returns out. */
enum { CLI_COUNT_SIZE = 64 };
char *cli_count(uint64_t number, const char *noun, char *out);
/* "34.2 MB" and the like. `out` holds 40 characters. */
char *cli_bytes(uint64_t bytes, char *out);

/* ---- progress.c ---- */

typedef enum cli_progress_kind {
    CLI_PROGRESS_AUTO,
    CLI_PROGRESS_BAR,
    CLI_PROGRESS_PLAIN,
    CLI_PROGRESS_JSON,
    CLI_PROGRESS_NONE
} cli_progress_kind;

typedef struct cli_progress {
    cli_progress_kind kind;
    int shown;      /* a bar stands on the current line */
    double printed; /* seconds at the last plain line */
    uint64_t begun_done;
} cli_progress;

void cli_progress_show(cli_progress *progress, const pipette_progress *now, int last);
/* Takes the bar away, so that a line can be printed. */
void cli_progress_clear(cli_progress *progress);

#endif
