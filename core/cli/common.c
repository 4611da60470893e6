/* common.c: errors, exit codes, argument lists. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

/* What names, paths and models contain must not do anything to the terminal. */
static void print_line(const char *before, const char *text)
{
    fputs(before, stderr);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '\n' || c == '\r' || c == '\t')
            fputs(c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t", stderr);
        else if (c < 0x20 || c == 0x7f)
            fprintf(stderr, "\\x%02x", c);
        else
            fputc(c, stderr);
    }
    fputc('\n', stderr);
}

void cli_error(const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    (void)fflush(stdout);
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    print_line("pipette: ", text == NULL ? "out of memory" : text);
    free(text);
}

void cli_log(int level, const char *text)
{
    print_line(level == PIPETTE_LOG_WARNING ? "pipette: warning: " : "pipette: ", text);
}

void cli_warnings(const pipette_manual *manual)
{
    uint32_t i;
    for (i = 0; i < manual->warning_count; i++)
        cli_log(PIPETTE_LOG_WARNING, manual->warnings[i]);
}

int cli_fail(const pipette_error *error)
{
    cli_error("%s", error->message[0] != '\0' ? error->message : pipette_status_text(error->code));
    switch (error->code) {
    case PIPETTE_E_PLUGIN:
    case PIPETTE_E_ABI:
    case PIPETTE_E_CRASHED:
    case PIPETTE_E_TIMEOUT:
        return CLI_PLUGIN;
    case PIPETTE_E_STORAGE:
        return CLI_STORAGE;
    case PIPETTE_E_SYSTEM:
        return CLI_SYSTEM;
    case PIPETTE_E_INTERRUPTED:
        return CLI_INTERRUPTED;
    default:
        return CLI_USAGE;
    }
}

void cli_usage(const struct argp_state *state, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    cli_error("%s; `%s --help` tells more", text, state->name);
    exit(CLI_USAGE);
}

uint64_t cli_run_number(const struct argp_state *state, const char *text)
{
    char *end;
    unsigned long long number;
    errno = 0;
    number = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || number == PIPETTE_DEFAULT_RUN)
        cli_usage(state, "--run takes the number of a run, not '%s'", text);
    return number;
}

int cli_two_runs(const char *path, uint64_t run)
{
    cli_error("'%s' names another run than --run %llu; leave one of them out", path, (unsigned long long)run);
    return CLI_USAGE;
}

/* ---- Options that argp would refuse, in its two lines without "pipette: " ---- */

/* The option that a word such as "set" or an unambiguous beginning of it means: NULL for none, `*several` for more than
 * one. */
static const struct argp_option *long_option(const struct argp_option *options, const char *word, size_t length,
                                             int *several)
{
    static const struct argp_option common[] = {
        {"help", '?', NULL, 0, NULL, 0}, {"usage", 0, NULL, 0, NULL, 0}, {NULL, 0, NULL, 0, NULL, 0}};
    const struct argp_option *lists[2], *found = NULL, *option;
    int i;
    lists[0] = options;
    lists[1] = common;
    *several = 0;
    for (i = 0; i < 2; i++)
        for (option = lists[i]; option->name != NULL; option++) {
            if (strncmp(option->name, word, length) != 0)
                continue;
            if (option->name[length] == '\0') {
                *several = 0;
                return option;
            }
            *several = found != NULL;
            found = option;
        }
    return found;
}

static const struct argp_option *short_option(const struct argp_option *options, char letter)
{
    static const struct argp_option help = {"help", '?', NULL, 0, NULL, 0};
    for (; options->name != NULL; options++)
        if (options->key == letter)
            return options;
    return letter == '?' ? &help : NULL;
}

/* 0, or CLI_USAGE after a message. */
static int check_options(const struct argp *argp, int argc, char **argv)
{
    int i, several;
    for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *word = argv[i];
        const struct argp_option *option = NULL;
        if (word[0] != '-' || word[1] == '\0')
            continue;
        if (word[1] == '-') {
            size_t length = strcspn(word + 2, "=");
            option = long_option(argp->options, word + 2, length, &several);
            if (several)
                cli_error("'%s' may mean several options; `%s --help` lists them", word, argv[0]);
            else if (option != NULL && option->arg == NULL && word[2 + length] == '=')
                cli_error("--%s takes no value; `%s --help` tells more", option->name, argv[0]);
            else if (option != NULL && option->arg != NULL && (option->flags & OPTION_ARG_OPTIONAL) == 0 &&
                     word[2 + length] != '=' && ++i == argc)
                cli_error("--%s takes a value: --%s=%s; `%s --help` tells more", option->name, option->name,
                          option->arg, argv[0]);
            else if (option != NULL)
                continue;
            else
                cli_error("there is no option '%s'; `%s --help` lists them", word, argv[0]);
            return CLI_USAGE;
        }
        for (word++; *word != '\0'; word++) {
            option = short_option(argp->options, *word);
            if (option == NULL) {
                cli_error("there is no option '-%c'; `%s --help` lists them", *word, argv[0]);
                return CLI_USAGE;
            }
            if (option->arg == NULL)
                continue;
            if (word[1] == '\0' && ++i == argc) {
                cli_error("-%c takes a value: -%c %s; `%s --help` tells more", *word, *word, option->arg, argv[0]);
                return CLI_USAGE;
            }
            break;
        }
    }
    return 0;
}

int cli_states(const char *text, uint32_t *states)
{
    *states = 0;
    for (;;) {
        size_t length = strcspn(text, ",");
        int state;
        for (state = PIPETTE_STATE_PENDING; state <= PIPETTE_STATE_INFEASIBLE; state++)
            if (strlen(pipette_state_text(state)) == length && strncmp(pipette_state_text(state), text, length) == 0)
                break;
        if (state > PIPETTE_STATE_INFEASIBLE)
            return 0;
        *states |= 1u << state;
        if (text[length] == '\0')
            return 1;
        text += length + 1;
    }
}

int cli_parse(const struct argp *argp, int argc, char **argv, void *input)
{
    if (check_options(argp, argc, argv) != 0)
        return CLI_USAGE + 1;
    return argp_parse(argp, argc, argv, 0, NULL, input) == 0 ? 0 : CLI_USAGE + 1;
}

int cli_list_add(cli_list *list, const char *item)
{
    const char **more = realloc(list->items, (list->count + 1u) * sizeof *more);
    if (more == NULL)
        return ENOMEM;
    list->items = more;
    list->items[list->count++] = item;
    return 0;
}

void cli_list_free(cli_list *list)
{
    free(list->items);
    list->items = NULL;
    list->count = 0;
}
