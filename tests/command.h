/* command.h: runs the built command and other programs in a folder of the test's own, and keeps what they print.
 *
 *     folder_begin();
 *     CU_ASSERT_EQUAL(PIPETTE("run", "x.cfg"), 0);      exit code; 128 + signal; -1: took too long
 *     CU_ASSERT_STRING_EQUAL(command_out, "...");       and command_err
 *     folder_end();
 *
 * Time limits are generous: they are there for what hangs, not for what is slow under a sanitizer.
 */
#ifndef TESTS_COMMAND_H
#define TESTS_COMMAND_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>

#include "folder.h"

#define COMMAND_UNUSED FOLDER_UNUSED
#define COMMAND_SECONDS 60.0
#define PYTHON "/usr/bin/python3"

extern char **environ;

static char *command_out, *command_err; /* of the program that ran last */
static FILE *command_files[2];

/* ---- Programs ---- */

static char *command_text(FILE *file)
{
    long size = -1;
    char *text = NULL;
    if (fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0 || (text = malloc((size_t)size + 1)) == NULL)
        command_stop("the output of a program");
    rewind(file);
    text[fread(text, 1, (size_t)size, file)] = '\0';
    (void)fclose(file);
    return text;
}

/* Into command_out and command_err. */
COMMAND_UNUSED static void command_take(FILE *const files[2])
{
    free(command_out);
    free(command_err);
    command_out = command_text(files[0]);
    command_err = command_text(files[1]);
}

COMMAND_UNUSED static void command_pause(double seconds)
{
    struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    (void)nanosleep(&time, NULL);
}

/* Starts a program in the folder, in a process group of its own. */
COMMAND_UNUSED static pid_t command_start(const char *const *arguments)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    pid_t process;
    int failed;
    command_files[0] = tmpfile();
    command_files[1] = tmpfile();
    (void)sigemptyset(&none);
    if (command_files[0] == NULL || command_files[1] == NULL || posix_spawn_file_actions_init(&actions) != 0 ||
        posix_spawnattr_init(&attributes) != 0 ||
        posix_spawn_file_actions_addchdir_np(&actions, folder[0] != '\0' ? folder : "/") != 0 ||
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) != 0 ||
        posix_spawn_file_actions_adddup2(&actions, fileno(command_files[0]), 1) != 0 ||
        posix_spawn_file_actions_adddup2(&actions, fileno(command_files[1]), 2) != 0 ||
        posix_spawn_file_actions_addclosefrom_np(&actions, 3) != 0 || /* ctest's log, which a model may write to */
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK) != 0 ||
        posix_spawnattr_setsigmask(&attributes, &none) != 0)
        command_stop("starting a program");
    failed = posix_spawn(&process, arguments[0], &actions, &attributes, (char *const *)(uintptr_t)arguments, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attributes);
    if (failed != 0) {
        errno = failed;
        command_stop(arguments[0]);
    }
    return process;
}

/* Waits for it, ends it where it takes longer than `seconds`, and takes what it printed. */
COMMAND_UNUSED static int command_wait(pid_t process, double seconds)
{
    struct pollfd wait = {pidfd_open(process, 0), POLLIN, 0};
    int status = 0, code = -1;
    pid_t ended;
    if (wait.fd < 0)
        command_stop("waiting for a program");
    while (poll(&wait, 1, (int)(seconds * 1000)) < 0 && errno == EINTR)
        ;
    (void)close(wait.fd);
    ended = waitpid(process, &status, WNOHANG);
    if (ended == process) {
        code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    } else {
        (void)kill(-process, SIGKILL);
        (void)waitpid(process, &status, 0);
    }
    command_take(command_files);
    return code;
}

COMMAND_UNUSED static int command_run(const char *const *arguments)
{
    return command_wait(command_start(arguments), COMMAND_SECONDS);
}

#define PIPETTE(...) command_run((const char *const[]){TEST_COMMAND, __VA_ARGS__, NULL})
#define PIPETTE_START(...) command_start((const char *const[]){TEST_COMMAND, __VA_ARGS__, NULL})
#define SHELL(line) command_run((const char *const[]){"/bin/sh", "-c", line, NULL})

/* ---- What was printed ---- */

/* Exactly one line on stderr, which begins as all errors do. */
COMMAND_UNUSED static int one_error_line(void)
{
    size_t length = strlen(command_err);
    const char *end = strchr(command_err, '\n');
    return strncmp(command_err, "pipette: ", 9) == 0 && end != NULL && end == command_err + length - 1;
}

COMMAND_UNUSED static int out_has(const char *part)
{
    return strstr(command_out, part) != NULL;
}

COMMAND_UNUSED static int err_has(const char *part)
{
    return strstr(command_err, part) != NULL;
}

/* Says what was printed, where a test is about to fail, so that a log is enough to see why. */
COMMAND_UNUSED static int told(int good, const char *what)
{
    if (!good)
        fprintf(stderr, "\n[%s]\n-- stdout:\n%.2000s\n-- stderr:\n%.2000s\n", what,
                command_out == NULL ? "" : command_out, command_err == NULL ? "" : command_err);
    return good;
}

#define EXPECT(condition) CU_ASSERT(told((condition) != 0, #condition))

#endif
