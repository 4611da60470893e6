/* draw.c: finds gnuplot and runs it, without a shell and under a time limit. */
#include "draw.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int can_run(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode) && access(path, X_OK) == 0;
}

char *draw_find(pipette_stage *stage, const char *named)
{
    const char *program = named != NULL ? named : "gnuplot", *path = getenv("PATH");
    char *found = NULL;
    if (strchr(program, '/') != NULL) {
        if (can_run(program) && (found = realpath(program, NULL)) != NULL)
            return found;
        (void)pipette_stage_fail(stage, PIPETTE_E_SYSTEM, "%s: there is no such program to draw with", program);
        return NULL;
    }
    for (path = path != NULL ? path : "/usr/bin:/bin"; *path != '\0';) {
        const size_t length = strcspn(path, ":");
        if (asprintf(&found, "%.*s/%s", length > 0 ? (int)length : 1, length > 0 ? path : ".", program) < 0)
            break;
        if (can_run(found))
            return found;
        free(found);
        path += length + (path[length] == ':');
    }
    (void)pipette_stage_fail(
        stage, PIPETTE_E_SYSTEM,
        "pictures are drawn by gnuplot, and there is no '%s' along PATH; install it: apt-get install "
        "gnuplot-nox",
        program);
    return NULL;
}

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Starts the program with its output in a pipe, whose reading end is *out. An errno. */
static int start(const char *program, const char *folder, const char *settings, const char *script, pid_t *process,
                 int *out)
{
    const char *arguments[] = {program, "-d", "-e", settings, script, NULL};
    posix_spawn_file_actions_t actions;
    int ends[2], failed;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    failed = posix_spawn_file_actions_init(&actions);
    if (failed == 0) {
        failed = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        failed = failed != 0 ? failed : posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
        failed = failed != 0 ? failed : posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
        failed = failed != 0 ? failed : posix_spawn_file_actions_addchdir_np(&actions, folder);
        failed = failed != 0
                     ? failed
                     : posix_spawn(process, program, &actions, NULL, (char *const *)(uintptr_t)arguments, environ);
        (void)posix_spawn_file_actions_destroy(&actions);
    }
    (void)close(ends[1]);
    *out = ends[0];
    if (failed != 0)
        (void)close(ends[0]);
    return failed;
}

/* The first line that says something, for a message. */
static void first_words(char *text)
{
    char *from = text + strspn(text, " \t\r\n^"), *to = text;
    size_t length = strcspn(from, "\r\n");
    memmove(to, from, length);
    to[length] = '\0';
}

int draw_run(pipette_stage *stage, const char *program, const char *folder, const char *settings, const char *script,
             double seconds)
{
    const double end = now() + seconds;
    char said[2048] = "", rest[512];
    size_t used = 0;
    ssize_t got = 1;
    pid_t process;
    int out = -1, status = 0, late = 0, failed = start(program, folder, settings, script, &process, &out);
    if (failed != 0)
        return pipette_stage_fail(stage, PIPETTE_E_SYSTEM, "%s cannot be started: %s", program, strerror(failed));
    while (got != 0 && !late) {
        struct pollfd wait = {out, POLLIN, 0};
        const double left = end - now();
        const int ready = left <= 0 ? 0 : poll(&wait, 1, left > 3600 ? 3600000 : (int)(left * 1000) + 1);
        if (ready < 0 && errno != EINTR)
            break;
        late = ready == 0 && now() >= end;
        if (ready <= 0)
            continue;
        got = used + 1 < sizeof said ? read(out, said + used, sizeof said - 1 - used) : read(out, rest, sizeof rest);
        if (got > 0 && used + 1 < sizeof said)
            used += (size_t)got;
        if (got < 0 && errno != EINTR)
            break;
    }
    if (late)
        (void)kill(process, SIGKILL);
    (void)close(out);
    while (waitpid(process, &status, 0) < 0 && errno == EINTR)
        ;
    said[used] = '\0';
    first_words(said);
    if (late)
        return pipette_stage_fail(stage, PIPETTE_E_TIMEOUT, "%s took longer than %g s (option timeout)", program,
                                  seconds);
    if (WIFSIGNALED(status))
        return pipette_stage_fail(stage, PIPETTE_E_SYSTEM, "%s was ended by signal %d", program, WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        return pipette_stage_fail(stage, PIPETTE_E_SYSTEM, "%s failed with status %d: %s", program, WEXITSTATUS(status),
                                  said[0] != '\0' ? said : "it said nothing");
    return PIPETTE_OK;
}
