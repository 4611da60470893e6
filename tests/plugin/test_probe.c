/* test_probe: plugins that crash, hang, exit or print while they are loaded cost a child process only. */
#include "plugin/probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "folder.h"
#include "suite.h"

static pipette_error error;

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* The probe is refused with this code and exactly this message. */
static void refused(const char *path, double seconds, int code, const char *message)
{
    plugin_schema *schema = (plugin_schema *)&error;
    char expected[PATH_MAX + 200];
    int status = plugin_probe(path, seconds, &schema, &error);
    (void)snprintf(expected, sizeof expected, "plugin '%s'%s", path, message);
    CU_ASSERT_EQUAL(status, code);
    CU_ASSERT_EQUAL(error.code, code);
    CU_ASSERT_PTR_NULL(schema);
    CU_ASSERT_STRING_EQUAL(error.message, expected);
}

static unsigned open_files(void)
{
    DIR *entries = opendir("/proc/self/fd");
    unsigned count = 0;
    while (entries != NULL && readdir(entries) != NULL)
        count++;
    if (entries != NULL)
        (void)closedir(entries);
    return count;
}

static void test_good(void)
{
    plugin_schema *schema = NULL;
    CU_ASSERT_EQUAL_FATAL(plugin_probe(FIXTURE("good_model"), PLUGIN_LOAD_SECONDS, &schema, &error), PIPETTE_OK);
    CU_ASSERT_STRING_EQUAL(schema->path, FIXTURE("good_model"));
    CU_ASSERT_STRING_EQUAL(schema->name, "good_model");
    CU_ASSERT_STRING_EQUAL(schema->doc, "Multiplies two numbers.");
    CU_ASSERT_EQUAL(schema->kind, PIPETTE_KIND_MODEL);
    CU_ASSERT_EQUAL_FATAL(schema->parameter_count, 2);
    CU_ASSERT_STRING_EQUAL(schema->parameters[1].path, "y");
    CU_ASSERT_EQUAL_FATAL(schema->result_count, 1);
    CU_ASSERT_STRING_EQUAL(schema->results[0].path, "$.z");
    CU_ASSERT_EQUAL(schema->results[0].flags, PIPETTE_RETURNED);
    schema_destroy(schema);
}

static void test_crash(void)
{
    refused(FIXTURE("crash_on_load"), 5.0, PIPETTE_E_CRASHED, " crashed while being loaded (SIGSEGV)");
}

static void test_hang(void)
{
    double start = now();
    refused(FIXTURE("hang_on_load"), 0.3, PIPETTE_E_TIMEOUT, " took longer than 0.3 s to load");
    CU_ASSERT(now() - start >= 0.3);
    CU_ASSERT(now() - start < 3.0);
}

static void test_exit(void)
{
    refused(FIXTURE("exit_on_load"), 5.0, PIPETTE_E_PLUGIN, " ended the process while being loaded (exit status 0)");
}

static pid_t test_process;
static char left_by_handler[PATH_MAX];

/* What a library of the parent may do at the end, such as flushing a file. */
static void exit_handler(void)
{
    if (getpid() != test_process)
        bytes_write(left_by_handler, "x", 1);
}

static void test_exit_handlers(void)
{
    folder_begin();
    (void)path_of(left_by_handler, folder, "left");
    test_process = getpid();
    CU_ASSERT_EQUAL_FATAL(atexit(exit_handler), 0);
    refused(FIXTURE("exit_handlers_on_load"), 5.0, PIPETTE_E_PLUGIN,
            " ended the process while being loaded (exit status 7)");
    CU_ASSERT_EQUAL(access(left_by_handler, F_OK), -1);
    folder_end();
}

static void test_left_process(void)
{
    double start = now();
    int status = 0;
    pid_t ended = 0;
    /* What the plugin leaves behind becomes our child. */
    CU_ASSERT_EQUAL_FATAL(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    refused(FIXTURE("leaves_process_on_load"), 20.0, PIPETTE_E_PLUGIN,
            " ended the process while being loaded (exit status 3)");
    CU_ASSERT(now() - start < 10.0);
    while (ended == 0 && now() - start < 15.0)
        ended = waitpid(-1, &status, WNOHANG);
    CU_ASSERT(ended > 0);
    CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    (void)prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static void test_printing(void)
{
    char path[PATH_MAX];
    plugin_schema *schema = NULL;
    struct stat about;
    int file, out, err;
    (void)fflush(stdout);
    folder_begin();
    file = open(path_of(path, folder, "printed"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    out = dup(1);
    err = dup(2);
    CU_ASSERT_FATAL(file >= 0 && out >= 0 && err >= 0);
    (void)dup2(file, 1);
    (void)dup2(file, 2);
    CU_ASSERT_EQUAL(plugin_probe(FIXTURE("printing_on_load"), PLUGIN_LOAD_SECONDS, &schema, &error), PIPETTE_OK);
    (void)dup2(out, 1);
    (void)dup2(err, 2);
    CU_ASSERT_EQUAL(fstat(file, &about), 0);
    CU_ASSERT_EQUAL(about.st_size, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(schema);
    CU_ASSERT_STRING_EQUAL(schema->name, "printing_on_load");
    schema_destroy(schema);
    (void)close(file);
    (void)close(out);
    (void)close(err);
    folder_end();
}

static void test_closed_streams(void)
{
    plugin_schema *schema = NULL;
    int in = fcntl(0, F_DUPFD_CLOEXEC, 10), out, err;
    (void)fflush(stdout);
    out = fcntl(1, F_DUPFD_CLOEXEC, 10);
    err = fcntl(2, F_DUPFD_CLOEXEC, 10);
    (void)close(0);
    (void)close(1);
    (void)close(2);
    /* The pipe gets the numbers 0 and 1 now. */
    CU_ASSERT_EQUAL(plugin_probe(FIXTURE("printing_on_load"), PLUGIN_LOAD_SECONDS, &schema, &error), PIPETTE_OK);
    if (in >= 0)
        (void)dup2(in, 0);
    (void)dup2(out, 1);
    (void)dup2(err, 2);
    (void)close(in);
    (void)close(out);
    (void)close(err);
    CU_ASSERT_PTR_NOT_NULL(schema);
    schema_destroy(schema);
}

static void test_blocked_signals(void)
{
    plugin_schema *schema = NULL;
    sigset_t all, before, after;
    (void)sigfillset(&all);
    CU_ASSERT_EQUAL_FATAL(sigprocmask(SIG_SETMASK, &all, &before), 0);
    CU_ASSERT_EQUAL(plugin_probe(FIXTURE("good_model"), PLUGIN_LOAD_SECONDS, &schema, &error), PIPETTE_OK);
    schema_destroy(schema);
    refused(FIXTURE("crash_on_load"), 5.0, PIPETTE_E_CRASHED, " crashed while being loaded (SIGSEGV)");
    refused(FIXTURE("hang_on_load"), 0.2, PIPETTE_E_TIMEOUT, " took longer than 0.2 s to load");
    CU_ASSERT_EQUAL(sigprocmask(SIG_SETMASK, &before, &after), 0);
    CU_ASSERT_EQUAL(sigismember(&after, SIGTERM), 1);
}

static void test_ignored_children(void)
{
    struct sigaction ignore, before;
    plugin_schema *schema = NULL;
    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    CU_ASSERT_EQUAL_FATAL(sigaction(SIGCHLD, &ignore, &before), 0);
    CU_ASSERT_EQUAL(plugin_probe(FIXTURE("good_model"), PLUGIN_LOAD_SECONDS, &schema, &error), PIPETTE_OK);
    schema_destroy(schema);
    refused(FIXTURE("exit_on_load"), 5.0, PIPETTE_E_PLUGIN, " ended the process while being loaded");
    (void)sigaction(SIGCHLD, &before, NULL);
}

static void test_refusals_cross(void)
{
    refused(FIXTURE("abi_too_new"), 5.0, PIPETTE_E_ABI,
            " is too new: made for ABI 2.0, this host speaks 1.1: rebuild it with this host's headers, or use a newer "
            "Pipette");
    refused("/nowhere/at_all.so", 5.0, PIPETTE_E_PLUGIN, " does not exist");
}

static void test_nothing_left(void)
{
    unsigned before = open_files();
    plugin_schema *schema = NULL;
    int i;
    for (i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(plugin_probe(FIXTURE("good_model"), PLUGIN_LOAD_SECONDS, &schema, &error), PIPETTE_OK);
        schema_destroy(schema);
        CU_ASSERT_EQUAL(plugin_probe(FIXTURE("crash_on_load"), PLUGIN_LOAD_SECONDS, &schema, NULL), PIPETTE_E_CRASHED);
        CU_ASSERT_EQUAL(plugin_probe(FIXTURE("hang_on_load"), 0.05, &schema, NULL), PIPETTE_E_TIMEOUT);
    }
    CU_ASSERT_EQUAL(open_files(), before);
    errno = 0;
    CU_ASSERT_EQUAL(waitpid(-1, NULL, WNOHANG), -1);
    CU_ASSERT_EQUAL(errno, ECHILD);
}

SUITE("probe", {"a good plugin", test_good}, {"crashes", test_crash}, {"hangs", test_hang}, {"_exit", test_exit},
      {"exit does not run our handlers", test_exit_handlers}, {"leaves a process behind", test_left_process},
      {"prints", test_printing}, {"standard streams closed", test_closed_streams},
      {"signals blocked", test_blocked_signals}, {"SIGCHLD ignored", test_ignored_children},
      {"refusals cross the pipe", test_refusals_cross}, {"no zombies, no open files", test_nothing_left}, )
