/* common.c: errors, exit codes, argument lists. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

void cli_error(const char *format, ...)
{
    va_list arguments;
    (void)fflush(stdout);
    fputs("pipette: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

int cli_fail(const pipette_error *error)
{
    cli_error("%s", error->message[0] != '\0' ? error->message : pipette_status_text(error->code));
    switch (error->code) {
    case PIPETTE_E_PLUGIN:
    case PIPETTE_E_ABI:
    case PIPETTE_E_CRASHED:
    case PIPETTE_E_TIMEOUT: return CLI_PLUGIN;
    case PIPETTE_E_STORAGE:
    case PIPETTE_E_SYSTEM: return CLI_STORAGE;
    case PIPETTE_E_INTERRUPTED: return CLI_INTERRUPTED;
    default: return CLI_USAGE;
    }
}

int cli_parse(const struct argp *argp, int argc, char **argv, void *input)
{
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
