/* python.h: Python scripts of the tests, and the process that stays and runs them: most would take less time than
 * Python takes to start.
 *
 *     CU_ASSERT_EQUAL(PYTHON_RUN("import h5py, sys\nh5py.File(sys.argv[1])\n", "x.hdf5"), 0);     as PIPETTE()
 */
#ifndef TESTS_PYTHON_H
#define TESTS_PYTHON_H

#include "command.h"

/* A Python program that answers line by line. */
typedef struct python_helper {
    pid_t process; /* the leader of its group; 0: not started */
    FILE *in, *out;
} python_helper;

/* `python_environment`: NAME=VALUE that it gets too; NULL: none. */
static const char *python_environment;

COMMAND_UNUSED static void python_start(python_helper *helper, const char *program)
{
    const char *const all[] = {"/usr/bin/env", python_environment, PYTHON, "-W", "ignore", program, NULL};
    const char *const *arguments = all + (python_environment == NULL ? 2 : 0);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0 || posix_spawn_file_actions_init(&actions) != 0 ||
        posix_spawnattr_init(&attributes) != 0 || posix_spawn_file_actions_adddup2(&actions, to[0], 0) != 0 ||
        posix_spawn_file_actions_adddup2(&actions, from[1], 1) != 0 ||
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP) != 0 ||
        posix_spawn(&helper->process, arguments[0], &actions, &attributes, (char *const *)(uintptr_t)arguments,
                    environ) != 0)
        command_stop(PYTHON);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attributes);
    (void)close(to[0]);
    (void)close(from[1]);
    helper->in = fdopen(to[1], "w");
    helper->out = fdopen(from[0], "r");
    if (helper->in == NULL || helper->out == NULL)
        command_stop(PYTHON);
}

COMMAND_UNUSED static void python_end(python_helper *helper)
{
    if (helper->process == 0)
        return;
    (void)fclose(helper->in);
    (void)fclose(helper->out);
    (void)waitpid(helper->process, NULL, 0);
    helper->process = 0;
}

/* The next line of its answers, without its end; 0: none came in time, and it has been ended. */
COMMAND_UNUSED static int python_answer(python_helper *helper, char *line, size_t size)
{
    struct pollfd wait = {fileno(helper->out), POLLIN, 0};
    int ready;
    if (fflush(helper->in) != 0)
        command_stop(PYTHON);
    while ((ready = poll(&wait, 1, (int)(COMMAND_SECONDS * 1000))) < 0 && errno == EINTR)
        ;
    if (ready != 1 || fgets(line, (int)size, helper->out) == NULL) {
        (void)kill(-helper->process, SIGKILL);
        python_end(helper);
        return 0;
    }
    line[strcspn(line, "\n")] = '\0';
    return 1;
}

static python_helper python_scripts;

static void python_scripts_end(void)
{
    python_end(&python_scripts);
}

/* Runs a script in the folder; exit code as from command_wait(). Commands that run meanwhile are left alone. */
COMMAND_UNUSED static int python_run(const char *script, const char *const *arguments)
{
    FILE *files[2] = {tmpfile(), tmpfile()};
    char *request = NULL, line[32];
    size_t size = 0, i;
    int code = -1;
    FILE *text = open_memstream(&request, &size);
    if (files[0] == NULL || files[1] == NULL || text == NULL)
        command_stop("starting a script");
    if (python_scripts.process == 0) {
        python_start(&python_scripts, TEST_SOURCE_FOLDER "/python.py");
        (void)atexit(python_scripts_end);
    }
    (void)fprintf(text, "%s", folder[0] != '\0' ? folder : "/");
    for (i = 0; i < 2; i++)
        (void)fprintf(text, "%c/proc/%d/fd/%d", 0, (int)getpid(), fileno(files[i]));
    (void)fprintf(text, "%c%s", 0, script);
    for (i = 0; arguments[i] != NULL; i++)
        (void)fprintf(text, "%c%s", 0, arguments[i]);
    if (fclose(text) != 0)
        command_stop("starting a script");
    (void)fprintf(python_scripts.in, "%zu\n", size);
    (void)fwrite(request, 1, size, python_scripts.in);
    if (python_answer(&python_scripts, line, sizeof line))
        code = (int)strtol(line, NULL, 10);
    free(request);
    command_take(files);
    return code;
}

#define PYTHON_RUN(script, ...) python_run(script, (const char *const[]){__VA_ARGS__, NULL})

#endif
