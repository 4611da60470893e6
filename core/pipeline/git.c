/* git.c: what git knows of the working directory. It may be any program that calls itself git: it gets two seconds, no
 * terminal, and is ended with whatever it has started. */
#include "pipeline/git.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/worker.h"

#define SECONDS 2.0
#define COMMIT_LIMIT 127u
#define DIFF_LIMIT ((size_t)1 << 20)

extern char **environ;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void ask(git_question *question, const char *const *arguments)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t signals;
    int ends[2];
    question->process = 0;
    question->pipe = -1;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    (void)posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    (void)posix_spawnattr_init(&attributes);
    (void)sigemptyset(&signals);
    (void)posix_spawnattr_setsigmask(&attributes, &signals);
    (void)sigaddset(&signals, SIGPIPE);
    (void)posix_spawnattr_setsigdefault(&attributes, &signals);
    /* In a session of its own: no terminal to ask questions on, and a group that can be ended whole. */
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (posix_spawnp(&question->process, "git", &actions, &attributes, (char *const *)(uintptr_t)arguments, environ) ==
        0) {
        question->pipe = ends[0];
    } else {
        question->process = 0;
        (void)close(ends[0]);
    }
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
}

/* Reads until git ends, but at most `limit` + 1 bytes. 1: it ended well; 0: it did not; -1: it took too long. */
static int take(git_question *question, double deadline, size_t limit, wire *out)
{
    int wait_status = 0, ended = 0, late = 0;
    struct timespec pause = {0, 1000000};
    while (out->size <= limit && !late) {
        struct pollfd waits = {question->pipe, POLLIN, 0};
        unsigned char bytes[16384];
        double left = deadline - now();
        ssize_t got;
        if (poll(&waits, 1, left > 0 ? (int)(left * 1000) + 1 : 0) == 0) {
            late = 1;
            break;
        }
        got = read(question->pipe, bytes, limit + 1 - out->size < sizeof bytes ? limit + 1 - out->size : sizeof bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        wire_put(out, bytes, (size_t)got);
        if (out->failed)
            break;
    }
    (void)close(question->pipe);
    while (!late && out->size <= limit && !ended) {
        ended = waitpid(question->process, &wait_status, WNOHANG) != 0;
        late = !ended && now() > deadline;
        if (!ended && !late)
            (void)nanosleep(&pause, NULL);
    }
    (void)kill(-question->process, SIGKILL); /* whatever it left behind, too */
    while (!ended && waitpid(question->process, &wait_status, 0) < 0 && errno == EINTR)
        ;
    question->process = 0;
    return late ? -1 : !out->failed && (!ended || wait_status == 0);
}

void git_ask(git_question *question)
{
    static const char *const arguments[] = {
        "git",     "--no-pager",  "--no-optional-locks", "-c", "core.fsmonitor=false", "describe", "--always",
        "--dirty", "--abbrev=40", "--exclude=*",         NULL};
    ask(question, arguments);
}

/* What differs from the commit; a note where git fails over it. */
static char *take_diff(double deadline)
{
    static const char *const arguments[] = {"git",
                                            "--no-pager",
                                            "--no-optional-locks",
                                            "-c",
                                            "core.fsmonitor=false",
                                            "diff",
                                            "--no-ext-diff",
                                            "--no-color",
                                            "--no-textconv",
                                            "-p",
                                            "HEAD",
                                            NULL};
    git_question question;
    wire bytes = {0}, room = {0};
    uint64_t wrong = 0;
    char *text = NULL;
    int answer;
    ask(&question, arguments);
    if (question.process == 0)
        return NULL;
    answer = take(&question, deadline, DIFF_LIMIT, &bytes);
    if (answer < 0) {
        bytes.size = 0;
        wire_put(&bytes, "[git took too long to say what was changed]\n", 44);
    } else if (bytes.size > DIFF_LIMIT) {
        bytes.size = DIFF_LIMIT;
        while (bytes.size > 0 && bytes.data[bytes.size - 1] != '\n' && DIFF_LIMIT - bytes.size < 4096)
            bytes.size--;
        wire_put(&bytes, "[cut: the diff has more than a megabyte]\n", 41);
    }
    if (answer != 0 && !bytes.failed)
        text = strdup(capture_text(&bytes, &room, &wrong));
    wire_free(&bytes);
    wire_free(&room);
    return text;
}

void git_take(git_question *question, char **commit, char **diff)
{
    double deadline = now() + SECONDS;
    wire bytes = {0};
    size_t length;
    int answer;
    *commit = *diff = NULL;
    if (question->process == 0)
        return;
    answer = take(question, deadline, COMMIT_LIMIT, &bytes);
    wire_put(&bytes, "", 1);
    if (answer < 0)
        *commit = strdup("unknown");
    else if (answer > 0 && !bytes.failed && bytes.data[0] != '\n' && bytes.data[0] != '\0')
        *commit = strndup((const char *)bytes.data, strcspn((const char *)bytes.data, "\n"));
    wire_free(&bytes);
    length = *commit == NULL ? 0 : strlen(*commit);
    if (length > 6 && strcmp(*commit + length - 6, "-dirty") == 0)
        *diff = take_diff(deadline);
}
