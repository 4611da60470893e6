/* main.c: the pipette command: finds the verb. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

typedef struct verb {
    const char *name;
    int (*call)(int argc, char **argv);
    const char *arguments, *doc;
} verb;

static const verb verbs[] = {
    {"run", cli_run, "CONFIG", "Run a pipeline: explore, run, store, postprocess"},
    {"check", cli_check, "CONFIG|PLUGIN|FILE", "Say everything that can be known without running"},
    {"plugins", cli_plugins, "", "List the plugins that are found, and what was refused and why"},
    {"inspect", cli_inspect, "PLUGIN", "Show a plugin's parameters, results and options"},
    {"show", cli_show, "FILE [PATH]", "Show what a result file holds, and the states of its runs"},
    {"replay", cli_replay, "FILE RUN", "Compute one stored run again and compare it bit by bit"},
    {"get", cli_get, "FILE PATH", "Print values, arrays and tables of a result file, of all runs or some"},
    {"plot", cli_plot, "FILE [WHAT...]", "Draw results: lines, points, maps, histograms, traces, rasters"},
    {"diff", cli_diff, "FILE OTHER", "Compare two result files, run by run at the same point"},
    {"merge", cli_merge, "FILE OTHER -o OUT", "Make one file of two that explore the same space"},
    {"compact", cli_compact, "FILE", "Give back the room that growing has left behind in a result file"},
    {"export", cli_export, "FILE -o OUT",
     "Write a part of a result file, or its results over the explored parameters for other tools"},
    {"reset", cli_reset, "FILE", "Make runs pending again, so that the next run does them anew"},
};

static void usage(FILE *out)
{
    size_t i;
    fputs("Usage: pipette VERB [ARGUMENTS]\n"
          "Runs a numerical experiment over many parameter points and keeps every result.\n\n",
          out);
    for (i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        fprintf(out, "  %-8s %-18s %s\n", verbs[i].name, verbs[i].arguments, verbs[i].doc);
    fputs("\n`pipette VERB --help` tells more. Exit codes: 0 all well; 1 finished, but some runs failed; 2 usage or\n"
          "config; 3 plugin; 4 storage; 5 the system refused (processes, descriptors, standard output);\n"
          "130 interrupted, can go on.\n",
          out);
}

/* Where a standard stream is closed, the next file that is opened would take its number and get what is printed.
 * Writing to the stand-in fails as it does for a stream that is closed. */
static void occupy_standard_streams(void)
{
    int number;
    do
        number = open("/dev/null", O_RDONLY);
    while (number >= 0 && number <= STDERR_FILENO);
    if (number > STDERR_FILENO)
        (void)close(number);
}

/* Whether all that was printed is there. A reader that went away has had enough. */
static int end_output(int code)
{
    errno = 0;
    if ((fflush(stdout) != 0 || ferror(stdout)) && errno != EPIPE && (code == CLI_OK || code == CLI_RUNS_FAILED)) {
        cli_error("cannot write to standard output: %s", errno == 0 ? "a write failed" : strerror(errno));
        code = CLI_SYSTEM;
    }
    return code;
}

static int verb_returned;

/* argp prints the help of a verb, and exits. */
static void end_help(void)
{
    if (!verb_returned && end_output(CLI_OK) != CLI_OK)
        _exit(CLI_SYSTEM);
}

int main(int argc, char **argv)
{
    size_t i;
    occupy_standard_streams();
    /* Full disks and readers that went away are errors to report, not reasons to die. */
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    argp_err_exit_status = CLI_USAGE;
    if (argc < 2) {
        usage(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return end_output(CLI_OK);
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("pipette %s\n", pipette_version());
        return end_output(CLI_OK);
    }
    for (i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(argv[1], verbs[i].name) == 0) {
            char name[64];
            int code;
            (void)snprintf(name, sizeof name, "pipette %s", verbs[i].name);
            argv[1] = name;
            (void)atexit(end_help);
            code = end_output(verbs[i].call(argc - 1, argv + 1));
            verb_returned = 1;
            return code;
        }
    cli_error("there is no verb '%s'; `pipette --help` lists them", argv[1]);
    return CLI_USAGE;
}
