/* run.c: `pipette run CONFIG`. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

typedef struct run_arguments {
    pipette_pipeline_options options;
    cli_list sets, folders;
    cli_progress progress;
    pipette_progress latest;
    int dry_run, quiet;
} run_arguments;

enum {
    KEY_RUNS = 256,
    KEY_IN_PROCESS,
    KEY_OVERWRITE,
    KEY_DRY_RUN,
    KEY_PLUGIN_PATH,
    KEY_PROGRESS,
    KEY_REPAIR,
    KEY_RETRY,
    KEY_ACCEPT,
    KEY_SET,
    KEY_TIMEOUT,
    KEY_GRACE,
    KEY_MAX_FAILURES,
    KEY_RETRIES
};

static const struct argp_option options[] = {
    {"set", KEY_SET, "PATH=VALUE", 0,
     "Replace a value of the config: parameters.neuron.tau_V=20, storage.file=other.hdf5", 0},
    {"runs", KEY_RUNS, "LIST", 0, "Only these runs: 0-999,1500", 0},
    {"workers", 'w', "N", 0, "Worker processes (default: one per core)", 0},
    {"in-process", KEY_IN_PROCESS, NULL, 0,
     "Everything in this process, for debuggers: a run that crashes takes the command with it", 0},
    {"timeout", KEY_TIMEOUT, "SECONDS", 0, "Time that a run may take", 0},
    {"retries", KEY_RETRIES, "N", 0, "Try a run that fails again, up to N times", 0},
    {"max-failures", KEY_MAX_FAILURES, "N", 0, "End early once N runs have failed", 0},
    {"grace", KEY_GRACE, "SECONDS", 0,
     "Time for what runs when SIGTERM, SIGUSR1 or SIGXCPU asks for the end (default: 25)", 0},
    {"overwrite", KEY_OVERWRITE, NULL, 0, "Replace a result file that exists", 0},
    {"repair", KEY_REPAIR, NULL, 0,
     "Run again what does not fit the checksum that was stored with it (`pipette check FILE` names it)", 0},
    {"retry-failed", KEY_RETRY, NULL, 0, "Run again what failed or timed out", 0},
    {"accept-changes", KEY_ACCEPT, NULL, 0, "Go on although parameters or model are not those that made the file", 0},
    {"dry-run", KEY_DRY_RUN, NULL, 0, "Check everything, run nothing", 0},
    {"plugin-path", KEY_PLUGIN_PATH, "FOLDER", 0, "Look for plugins here first (repeatable)", 0},
    {"progress", KEY_PROGRESS, "KIND", 0, "bar, plain, json or none (default: bar on a terminal, else plain)", 0},
    {"quiet", 'q', NULL, 0, "Print errors only", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static double seconds(const struct argp_state *state, const char *option, const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (*text == '\0' || *end != '\0' || !(value > 0))
        cli_usage(state, "--%s takes seconds above 0, not '%s'", option, text);
    return value;
}

static uint64_t number(const struct argp_state *state, const char *option, const char *text, uint64_t most)
{
    char *end;
    unsigned long long value;
    errno = 0;
    value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value < 1 || value > most) {
        if (most < UINT32_MAX)
            cli_usage(state, "--%s takes a number from 1 to %llu, not '%s'", option, (unsigned long long)most, text);
        cli_usage(state, "--%s takes a number from 1 on, not '%s'", option, text);
    }
    return value;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    run_arguments *a = state->input;
    switch (key) {
    case KEY_SET:
        return cli_list_add(&a->sets, text);
    case KEY_PLUGIN_PATH:
        return cli_list_add(&a->folders, text);
    case KEY_RUNS:
        a->options.runs = text;
        break;
    case KEY_IN_PROCESS:
        a->options.in_process = 1;
        break;
    case KEY_OVERWRITE:
        a->options.overwrite = 1;
        break;
    case KEY_REPAIR:
        a->options.repair = 1;
        break;
    case KEY_RETRY:
        a->options.retry_failed = 1;
        break;
    case KEY_ACCEPT:
        a->options.accept_changes = 1;
        break;
    case KEY_DRY_RUN:
        a->dry_run = 1;
        break;
    case 'q':
        a->quiet = 1;
        break;
    case 'w':
        a->options.workers = (uint32_t)number(state, "workers", text, 4096);
        break;
    case KEY_TIMEOUT:
        a->options.timeout = seconds(state, "timeout", text);
        break;
    case KEY_GRACE:
        a->options.grace = seconds(state, "grace", text);
        break;
    case KEY_MAX_FAILURES:
        a->options.max_failures = number(state, "max-failures", text, UINT64_MAX - 1);
        break;
    case KEY_RETRIES:
        a->options.retries = (uint32_t)number(state, "retries", text, 1000);
        break;
    case KEY_PROGRESS:
        if (strcmp(text, "bar") == 0)
            a->progress.kind = CLI_PROGRESS_BAR;
        else if (strcmp(text, "plain") == 0)
            a->progress.kind = CLI_PROGRESS_PLAIN;
        else if (strcmp(text, "json") == 0)
            a->progress.kind = CLI_PROGRESS_JSON;
        else if (strcmp(text, "none") == 0)
            a->progress.kind = CLI_PROGRESS_NONE;
        else
            cli_usage(state, "--progress is bar, plain, json or none, not '%s'", text);
        break;
    case ARGP_KEY_ARG:
        if (a->options.config != NULL)
            cli_usage(state, "one CONFIG at a time; '%s' is too much", text);
        a->options.config = text;
        break;
    case ARGP_KEY_NO_ARGS:
        cli_usage(state, "which CONFIG? Some stand in pipelines/");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {
    options,
    parse,
    "CONFIG",
    "Run a pipeline: preprocess, run every point that is not stored yet, postprocess.\v"
    "Running the same config again finishes what was interrupted. Ctrl-C once stores what runs and ends; twice ends at "
    "once; "
    "nothing stored is lost. SIGTERM, SIGUSR1 and SIGXCPU end it within --grace seconds. Relative paths, on the "
    "command line and in "
    "CONFIG (the result file, plugin files), are taken from the working directory; only @include \"FILE\" looks beside "
    "the "
    "file that it stands in.\n"
    "Exit codes: 0 all well; 1 finished, but some runs failed; 2 usage or config; 3 plugin; 4 storage; "
    "5 the system refused (processes, descriptors, standard output); 130 interrupted, can go on.",
    NULL,
    NULL,
    NULL};

#define FORCE_SECONDS 3u /* after the last chance to end in order */

static pipette_pipeline *volatile running;

/* The last word, where the pipeline does not come back: a stage or a model in this very process hangs. Whatever
 * processes there are end with this one, and a file that is left like this can go on. */
static void on_alarm(int number)
{
    static const char text[] = "pipette: ended at once; what is stored is safe; the same command goes on\n";
    (void)number;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(CLI_INTERRUPTED);
    _exit(CLI_INTERRUPTED);
}

/* A person: what runs may end; the second time it ends at once, by force if need be. */
static void on_interrupt(int number)
{
    static volatile sig_atomic_t times;
    (void)number;
    if (running == NULL)
        return;
    pipette_pipeline_interrupt(running);
    times++;
    if (times > 2)
        on_alarm(number);
    if (times == 2)
        (void)alarm(FORCE_SECONDS);
}

/* A batch system, or a polite kill: the end is near. */
static void on_warning(int number)
{
    static volatile sig_atomic_t times;
    (void)number;
    if (running == NULL || times++ > 0)
        return;
    pipette_pipeline_terminate(running);
    (void)alarm((unsigned)pipette_pipeline_grace(running) + FORCE_SECONDS);
}

static void listen_to_signals(void)
{
    static const struct {
        int number;
        void (*handler)(int);
    } signals[] = {{SIGINT, on_interrupt}, {SIGHUP, on_interrupt}, {SIGTERM, on_warning},
                   {SIGUSR1, on_warning},  {SIGXCPU, on_warning},  {SIGALRM, on_alarm}};
    struct sigaction action;
    size_t i;
    memset(&action, 0, sizeof action);
    for (i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        struct sigaction old;
        action.sa_handler = signals[i].handler;
        /* nohup's wish to ignore SIGHUP stands. */
        if (sigaction(signals[i].number, NULL, &old) == 0 &&
            (old.sa_handler != SIG_IGN || signals[i].number == SIGALRM))
            (void)sigaction(signals[i].number, &action, NULL);
    }
}

static void on_progress(const pipette_progress *now, void *user)
{
    run_arguments *a = user;
    a->latest = *now;
    cli_progress_show(&a->progress, now, 0);
}

static void on_log(int level, const char *text, void *user)
{
    run_arguments *a = user;
    cli_progress_clear(&a->progress);
    if (level == 0 && !a->quiet) {
        puts(text);
        (void)fflush(stdout);
    } else if (level != 0 && (level <= PIPETTE_LOG_WARNING || !a->quiet)) {
        cli_log(level, text);
    }
}

/* The command line as it could be typed again. */
static char *join(int argc, char **argv)
{
    size_t size = 1;
    char *line, *at;
    int i;
    for (i = 0; i < argc; i++)
        size += 4 * strlen(argv[i]) + 3;
    line = malloc(size);
    for (at = line, i = 0; line != NULL && i < argc; i++) {
        const char *from = argv[i];
        int quote = i > 0 && (from[0] == '\0' || strpbrk(from, " \t\n\"'\\$&|;<>()*?[]{}!#~`") != NULL);
        if (i > 0)
            *at++ = ' ';
        if (quote)
            *at++ = '\'';
        for (; *from != '\0'; from++) {
            if (*from == '\'') {
                memcpy(at, "'\\''", 4);
                at += 4;
            } else {
                *at++ = *from;
            }
        }
        if (quote)
            *at++ = '\'';
        *at = '\0';
    }
    return line;
}

static void say(const run_arguments *a, const pipette_report *r)
{
    uint64_t ended = r->done + r->failed + r->timed_out + r->infeasible;
    char bytes[40], count[CLI_COUNT_SIZE];
    if (a->dry_run) {
        printf("%s: %s, %llu asked for, %s of results; nothing was run\n", r->name,
               cli_count(r->run_count, "run", count), (unsigned long long)r->row_count,
               cli_bytes(r->byte_count, bytes));
        return;
    }
    if (ended == 0 && r->pending_count == 0)
        printf("%s: nothing to do, %s %s stored\n", r->name, cli_count(r->row_count, "run", count),
               r->row_count == 1 ? "is" : "are");
    else
        printf("%s: %llu of %s in %.3g s\n", r->name, (unsigned long long)ended,
               cli_count(ended + r->pending_count, "run", count), r->seconds);
    if (r->infeasible > 0)
        printf("%s %s infeasible\n", cli_count(r->infeasible, "point", count), r->infeasible == 1 ? "is" : "are");
    printf("results: %s\n", r->file);
}

static int verdict(const pipette_report *r)
{
    uint64_t bad = r->failed + r->timed_out;
    char count[CLI_COUNT_SIZE], left[CLI_COUNT_SIZE];
    const char *const are = r->pending_count == 1 ? "is" : "are";
    (void)cli_count(bad, "run", count);
    (void)cli_count(r->pending_count, "run", left);
    if (r->interrupted) {
        cli_error("interrupted; %s %s still to do; the same command goes on", left, are);
        return CLI_INTERRUPTED;
    }
    if (bad > 0 && r->max_failures > 0) {
        char name[PIPETTE_RUN_NAME_SIZE];
        cli_error("stopped early: %s failed, and max_failures is %llu; the first, %s: %s; %s %s still to do; the same "
                  "command "
                  "goes on with them, with --retry-failed also with those that failed",
                  count, (unsigned long long)r->max_failures, pipette_run_name(r->first_failed_run, name),
                  r->first_failure == NULL ? "" : r->first_failure, left, are);
        return CLI_RUNS_FAILED;
    }
    if (bad > 0) {
        char name[PIPETTE_RUN_NAME_SIZE];
        cli_error("%s failed%s, %s: %s", count, bad == 1 ? "" : "; the first",
                  pipette_run_name(r->first_failed_run, name), r->first_failure == NULL ? "" : r->first_failure);
        return CLI_RUNS_FAILED;
    }
    if (r->stored_failures > 0) {
        cli_error("%s failed earlier; --retry-failed runs %s again", cli_count(r->stored_failures, "stored run", count),
                  r->stored_failures == 1 ? "it" : "them");
        return CLI_RUNS_FAILED;
    }
    return CLI_OK;
}

int cli_run(int argc, char **argv)
{
    run_arguments a = {0};
    pipette_pipeline *pipeline = NULL;
    pipette_report report = {.size = sizeof report};
    pipette_error error = {0};
    char *command = join(argc, argv);
    int code = cli_parse(&argp, argc, argv, &a), status;
    if (code != 0)
        return code - 1;
    a.options.size = sizeof a.options;
    a.options.sets = a.sets.items;
    a.options.set_count = a.sets.count;
    a.options.folders = a.folders.items;
    a.options.folder_count = a.folders.count;
    a.options.command_line = command;
    a.options.log = on_log;
    a.options.user = &a;
    if (!a.quiet && a.progress.kind != CLI_PROGRESS_NONE)
        a.options.progress = on_progress;
    status = pipette_pipeline_create(&a.options, &pipeline, &error);
    if (status == PIPETTE_OK) {
        running = pipeline;
        listen_to_signals();
        status = a.dry_run ? pipette_pipeline_check(pipeline, &report, &error)
                           : pipette_pipeline_run(pipeline, &report, &error);
    }
    if (a.options.progress != NULL && !a.dry_run)
        cli_progress_show(&a.progress, &a.latest, 1);
    cli_progress_clear(&a.progress);
    if (status == PIPETTE_OK && !a.quiet)
        say(&a, &report);
    code = status != PIPETTE_OK ? cli_fail(&error) : a.dry_run ? CLI_OK : verdict(&report);
    running = NULL;
    pipette_pipeline_destroy(pipeline);
    cli_list_free(&a.sets);
    cli_list_free(&a.folders);
    free(command);
    return code;
}
