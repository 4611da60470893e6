/* check_file.h: `pipette check FILE`. */
#ifndef CORE_CLI_CHECK_FILE_H
#define CORE_CLI_CHECK_FILE_H

#include "cli/cli.h"

/* Whether `what` is a file that is no text, as configs are. */
int check_is_result_file(const char *what);
/* The exit code. */
int check_result_file(const char *file, const char *storage, const cli_list *folders, double seconds);

#endif
