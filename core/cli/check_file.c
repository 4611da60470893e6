/* check_file.c: `pipette check FILE`: what a result file holds, held against its checksums. */
#include "check_file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int check_is_result_file(const char *what)
{
    char head[512];
    struct stat seen;
    int file = stat(what, &seen) == 0 && S_ISREG(seen.st_mode) ? open(what, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t got = file < 0 ? 0 : read(file, head, sizeof head);
    if (file >= 0)
        (void)close(file);
    return got > 0 && memchr(head, '\0', (size_t)got) != NULL;
}

static int print_finding(uint64_t run, const char *path, const char *text, void *user)
{
    char name[PIPETTE_RUN_NAME_SIZE];
    (void)user;
    if (run != PIPETTE_DEFAULT_RUN)
        printf("%s: ", pipette_run_name(run, name));
    printf("%s%s%s\n", path == NULL ? "" : path, path == NULL ? "" : " ", text);
    return 0;
}

int check_result_file(const char *file, const char *storage, const cli_list *folders)
{
    pipette_verify_options o = {.size = sizeof o};
    pipette_verify_report report = {.size = sizeof report};
    pipette_error error = {0};
    char count[CLI_COUNT_SIZE];
    o.file = file;
    o.storage = storage;
    o.folders = folders->items;
    o.folder_count = folders->count;
    if (pipette_verify(&o, print_finding, NULL, &report, &error) != PIPETTE_OK)
        return cli_fail(&error);
    if (report.sound) {
        printf("%s: %s, and all is as it was stored\n", file, cli_count(report.run_count, "run", count));
        if (report.without_count > 0)
            printf("%s without a checksum: an earlier version stored %s\n",
                   cli_count(report.without_count, "run", count), report.without_count == 1 ? "it" : "them");
        return CLI_OK;
    }
    (void)fflush(stdout);
    if (report.damaged_count > 0)
        cli_error("%s: %s damaged; `pipette reset` makes them pending, and `pipette run` does them again", file,
                  cli_count(report.damaged_count, "run", count));
    else
        cli_error("%s: is damaged; its runs are what they were: `pipette get` reads them", file);
    return CLI_STORAGE;
}
