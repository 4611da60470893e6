/* check_file.c: `pipette check FILE`: what a result file holds, held against its checksums. */
#include "cli/check_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

static void beat(void *user)
{
    (void)!write(*(const int *)user, "", 1);
}

/* In the child; `pulse` hears that it goes on. */
static int read_all(const char *file, const char *storage, const cli_list *folders, int pulse)
{
    pipette_verify_options o = {.size = sizeof o};
    pipette_verify_report report = {.size = sizeof report};
    pipette_error error = {0};
    char count[CLI_COUNT_SIZE];
    o.file = file;
    o.storage = storage;
    o.folders = folders->items;
    o.folder_count = folders->count;
    o.progress = beat;
    if (pipette_verify(&o, print_finding, &pulse, &report, &error) != PIPETTE_OK) {
        int code = cli_fail(&error);
        return code == CLI_USAGE ? CLI_STORAGE : code; /* what stands in the file is no usage */
    }
    if (report.sound) {
        printf("%s: %s, and all is as it was stored\n", file, cli_count(report.run_count, "run", count));
        if (report.without_count > 0)
            printf("%s without a checksum: an earlier version stored %s\n",
                   cli_count(report.without_count, "run", count), report.without_count == 1 ? "it" : "them");
        return CLI_OK;
    }
    (void)fflush(stdout);
    if (report.damaged_count > 0)
        cli_error("%s: %s damaged; `pipette run CONFIG --repair` does %s again", file,
                  cli_count(report.damaged_count, "run", count), report.damaged_count == 1 ? "it" : "them");
    else
        cli_error("%s: is damaged; its runs are what they were: `pipette get` reads them", file);
    return CLI_STORAGE;
}

/* Until the child ends (0) or has been silent for so many seconds (1). */
static int listen_to(int pulse, double seconds)
{
    char bytes[256];
    for (;;) {
        struct pollfd waits = {pulse, POLLIN, 0};
        int ready = poll(&waits, 1, seconds > 2e6 ? -1 : (int)(seconds * 1000));
        if (ready == 0)
            return 1;
        if (ready > 0 && read(pulse, bytes, sizeof bytes) == 0)
            return 0;
    }
}

/* A library that reads damaged metadata may hang or crash: a process of its own reads. */
int check_result_file(const char *file, const char *storage, const cli_list *folders, double seconds)
{
    int ends[2], status = 0, silent;
    pid_t child;
    (void)fflush(stdout);
    if (pipe2(ends, O_CLOEXEC) != 0 || (child = fork()) < 0) {
        cli_error("%s: no process to read it in: %s", file, strerror(errno));
        return CLI_STORAGE;
    }
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)close(ends[0]);
        status = read_all(file, storage, folders, ends[1]);
        status = fflush(stdout) == 0 ? status : CLI_STORAGE;
        _exit(status);
    }
    (void)close(ends[1]);
    silent = listen_to(ends[0], seconds);
    if (silent)
        (void)kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    (void)close(ends[0]);
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    if (silent)
        cli_error(
            "%s: reading it has not gone on for %g seconds (--timeout): its structure is damaged, or the disk hangs",
            file, seconds);
    else
        cli_error("%s: reading it ends with signal %d (%s): its structure is damaged", file, WTERMSIG(status),
                  strsignal(WTERMSIG(status)));
    return CLI_STORAGE;
}
