/* hostile.h: pipelines over the hostile model, and what must hold after each: all other runs are right, and nothing
 * lives on. */
#ifndef TESTS_ENGINE_HOSTILE_H
#define TESTS_ENGINE_HOSTILE_H

#include <dirent.h>
#include <stddef.h>

#include "python.h"
#include "suite.h"

#define HOSTILE(last)                                                                                                  \
    "name = \"H\";\npreprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"i\"; from = 0; to = " #last    \
    "; step = 1; } ); } );\nrun = { plugin = \"" FIXTURE(                                                              \
        "hostile_model") "\"; };\n"                                                                                    \
                         "storage = { plugin = \"hdf5\"; file = \"h.hdf5\"; };\n"

/* Every process that the command starts inherits this, whatever it does afterwards. */
#define MARK "PIPETTE_TEST_MARK"

COMMAND_UNUSED static void hostile_begin(const char *config)
{
    /* The sanitizers would turn a crash into an exit with status 1. */
    (void)setenv("ASAN_OPTIONS",
                 "handle_segv=0:handle_abort=0:handle_sigfpe=0:detect_leaks=0:detect_stack_use_after_return=0", 1);
    folder_begin();
    (void)setenv(MARK, folder, 1);
    file_write("h.cfg", config);
}

/* Processes that still carry the mark; `end`: ends them, so that a test that fails leaves nothing either. */
COMMAND_UNUSED static int survivors_counted(int end)
{
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    char wanted[128];
    int found = 0;
    (void)snprintf(wanted, sizeof wanted, MARK "=%s", folder);
    while (processes != NULL && (entry = readdir(processes)) != NULL) {
        static char text[65536];
        char path[300];
        long process = strtol(entry->d_name, NULL, 10);
        ssize_t size, at;
        int file;
        if (process <= 0 || process == (long)getpid() || process == (long)python_scripts.process)
            continue;
        (void)snprintf(path, sizeof path, "/proc/%ld/environ", process);
        file = open(path, O_RDONLY);
        size = file < 0 ? 0 : read(file, text, sizeof text - 1);
        if (file >= 0)
            (void)close(file);
        if (size < 0)
            size = 0;
        text[size] = '\0';
        for (at = 0; at < size; at += (ssize_t)strlen(text + at) + 1)
            if (strcmp(text + at, wanted) == 0) {
                found++;
                if (end)
                    fprintf(stderr, "\nprocess %ld lives on\n", process);
                if (end)
                    (void)kill((pid_t)process, SIGKILL);
            }
    }
    if (processes != NULL)
        (void)closedir(processes);
    return found;
}

COMMAND_UNUSED static int survivors(void)
{
    return survivors_counted(1);
}

COMMAND_UNUSED static void hostile_end(void)
{
    CU_ASSERT_EQUAL(survivors(), 0);
    (void)unsetenv("HOSTILE_CREATE");
    (void)unsetenv("HOSTILE_DESTROY");
    folder_end();
}

/* The children of a process. */
COMMAND_UNUSED static int children_of(pid_t process, pid_t *out, int capacity)
{
    char path[64], text[4096], *at = text, *end;
    int file, count = 0;
    ssize_t size;
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)process, (int)process);
    file = open(path, O_RDONLY);
    size = file < 0 ? 0 : read(file, text, sizeof text - 1);
    if (file >= 0)
        (void)close(file);
    text[size < 0 ? 0 : size] = '\0';
    for (; count < capacity; at = end) {
        long number = strtol(at, &end, 10);
        if (end == at)
            break;
        out[count++] = (pid_t)number;
    }
    return count;
}

/* The model host below a running command, and the keeper between them. */
COMMAND_UNUSED static pid_t host_of(pid_t command, pid_t *keeper)
{
    pid_t below[8], host = 0;
    int n = children_of(command, below, 8), i;
    for (i = 0; i < n; i++) {
        pid_t next;
        if (children_of(below[i], &next, 1) == 1) {
            *keeper = below[i];
            host = next;
        }
    }
    return host;
}

/* What a file says of one run: "done", "the run crashed (SIGSEGV)", without the end of the line. */
COMMAND_UNUSED static const char *of_run(const char *path, long run)
{
    static char texts[4][4096];
    static int next;
    char number[24], *text = texts[next++ % 4];
    size_t length;
    (void)snprintf(number, sizeof number, "%ld", run);
    (void)PIPETTE("get", "h.hdf5", path, "--run", number);
    (void)snprintf(text, sizeof texts[0], "%s", command_out);
    length = strlen(text);
    if (length > 0 && text[length - 1] == '\n')
        text[length - 1] = '\0';
    return text;
}

/* How many lines of `get` end in `,word`. */
COMMAND_UNUSED static long count_lines(const char *path, const char *word)
{
    const char *line, *end;
    long count = 0;
    size_t length = strlen(word);
    (void)PIPETTE("get", "h.hdf5", path);
    for (line = command_out; (end = strchr(line, '\n')) != NULL; line = end + 1)
        if ((size_t)(end - line) > length && end[-(ptrdiff_t)length - 1] == ',' &&
            strncmp(end - length, word, length) == 0)
            count++;
    return count;
}

/* How many runs hold twice their number, and their thirds. Of a run without results the line ends early: that is no
 * number. */
COMMAND_UNUSED static long count_right(void)
{
    const char *line;
    long count = 0, i, run, twice;
    int used;
    (void)PIPETTE("get", "h.hdf5", "twice");
    for (line = strchr(command_out, '\n'); line != NULL && line[1] != '\0'; line = strchr(line + 1, '\n'))
        if (sscanf(line + 1, "%ld,%ld,%ld%n", &run, &i, &twice, &used) == 3 &&
            memchr(line + 1, '\n', (size_t)used) == NULL && run == i && twice == 2 * i)
            count++;
    (void)PIPETTE("get", "h.hdf5", "third", "--wide");
    for (line = strchr(command_out, '\n'); line != NULL && line[1] != '\0'; line = strchr(line + 1, '\n')) {
        double third[5];
        int k, good = sscanf(line + 1, "%ld,%ld,%lf,%lf,%lf,%lf,%lf%n", &run, &i, &third[0], &third[1], &third[2],
                             &third[3], &third[4], &used) == 7 &&
                      memchr(line + 1, '\n', (size_t)used) == NULL && run == i;
        for (k = 0; good && k < 5; k++)
            good = third[k] > (double)i / 3 + k - 1e-12 && third[k] < (double)i / 3 + k + 1e-12;
        if (good)
            count++;
    }
    return count % 2 == 0 ? count / 2 : -1;
}

#endif
