/* test_launcher: every entry of a launcher's table, with jobs of /bin/sh. */
#include <pipette/launcher.h>

#include <signal.h>

#include "plugin/loader.h"
#include "plugin/probe.h"
#include "folder.h"
#include "suite.h"

static char message[256];
static int64_t jobs_option;

/* A host with one option, `jobs`. */
static int fail(pipette_stage *stage, int code, const char *format, ...)
{
    va_list arguments;
    (void)stage;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return code;
}

static const pipette_option *option(pipette_stage *stage, const pipette_option *parent, const char *name)
{
    (void)stage;
    (void)parent;
    return strcmp(name, "jobs") == 0 && jobs_option != 0 ? (const pipette_option *)(const void *)&jobs_option : NULL;
}

static int option_value(pipette_stage *stage, const pipette_option *from, int type, pipette_value *value)
{
    (void)stage;
    (void)from;
    *value = pipette_value_i64(jobs_option);
    return type == PIPETTE_TYPE_I64 ? PIPETTE_OK : PIPETTE_E_TYPE;
}

static const pipette_stage_host host = {(uint32_t)sizeof host, 0,   fail, NULL, option, NULL, NULL, NULL,
                                        option_value,          NULL};
static pipette_stage stage;
static const pipette_launcher *launcher;

static int begin(int64_t jobs)
{
    const pipette_descriptor *descriptor = NULL;
    pipette_error error;
    if (plugin_load(TEST_FIXTURES "/launcher_local.so", &descriptor, &error) != PIPETTE_OK)
        return -1;
    launcher = (const pipette_launcher *)descriptor->table;
    stage.size = (uint32_t)sizeof stage;
    stage.host = &host;
    stage.instance = NULL;
    jobs_option = jobs;
    message[0] = '\0';
    return launcher->create(&stage);
}

static uint64_t start(const char *script, const char *where)
{
    const char *const arguments[] = {"/bin/sh", "-c", script};
    const pipette_job job = {(uint32_t)sizeof job, 3, arguments, where, 0, 100};
    uint64_t number = UINT64_MAX;
    CU_ASSERT_EQUAL(launcher->start(&stage, &job, &number), PIPETTE_OK);
    return number;
}

static pipette_job_status poll_job(uint64_t number)
{
    pipette_job_status status = {(uint32_t)sizeof status, 0, -1, 0};
    CU_ASSERT_EQUAL(launcher->poll(&stage, number, &status), PIPETTE_OK);
    return status;
}

/* Waits by the table's own wait(), 10 s at most. */
static pipette_job_status wait_for(uint64_t number)
{
    int i;
    for (i = 0; i < 100; i++) {
        pipette_job_status status = poll_job(number);
        if (status.state == PIPETTE_JOB_ENDED || status.state == PIPETTE_JOB_LOST)
            return status;
        CU_ASSERT_EQUAL(launcher->wait(&stage, 0.1), PIPETTE_OK);
    }
    return poll_job(number);
}

static void test_descriptor(void)
{
    plugin_schema *schema = NULL;
    CU_ASSERT_EQUAL_FATAL(plugin_probe(TEST_FIXTURES "/launcher_local.so", PLUGIN_LOAD_SECONDS, &schema, NULL),
                          PIPETTE_OK);
    CU_ASSERT_EQUAL(schema->kind, PIPETTE_KIND_LAUNCHER);
    CU_ASSERT_EQUAL(schema->parameter_count, 0);
    CU_ASSERT_EQUAL_FATAL(schema->option_count, 1);
    CU_ASSERT_STRING_EQUAL(schema->options[0].path, "jobs");
    CU_ASSERT_STRING_EQUAL(schema->options[0].default_text, "2");
    schema_destroy(schema);
}

static void test_capacity(void)
{
    uint32_t jobs = 0;
    CU_ASSERT_EQUAL_FATAL(begin(0), PIPETTE_OK);
    CU_ASSERT_EQUAL(launcher->capacity(&stage, &jobs), PIPETTE_OK);
    CU_ASSERT_EQUAL(jobs, 2);
    launcher->destroy(&stage);
    CU_ASSERT_EQUAL_FATAL(begin(7), PIPETTE_OK);
    CU_ASSERT_EQUAL(launcher->capacity(&stage, &jobs), PIPETTE_OK);
    CU_ASSERT_EQUAL(jobs, 7);
    launcher->destroy(&stage);
    CU_ASSERT_EQUAL(begin(-1), PIPETTE_E_CONFIG);
    CU_ASSERT_STRING_EQUAL(message, "jobs = -1: between 1 and 1000");
}

static void test_two_jobs(void)
{
    char path[PATH_MAX];
    uint64_t first, second;
    CU_ASSERT_EQUAL_FATAL(begin(2), PIPETTE_OK);
    folder_begin();
    /* Each waits for the other's file: they must run at once. */
    first = start("touch a; while [ ! -e b ]; do sleep 0.02; done; exit 0", folder);
    second = start("touch b; while [ ! -e a ]; do sleep 0.02; done; exit 3", folder);
    CU_ASSERT_NOT_EQUAL(first, second);
    CU_ASSERT_EQUAL(wait_for(first).state, PIPETTE_JOB_ENDED);
    CU_ASSERT_EQUAL(wait_for(second).state, PIPETTE_JOB_ENDED);
    CU_ASSERT_EQUAL(poll_job(first).exit_code, 0);
    CU_ASSERT_EQUAL(poll_job(second).exit_code, 3);
    CU_ASSERT_EQUAL(access(path_of(path, folder, "a"), F_OK), 0);
    launcher->destroy(&stage);
    folder_end();
}

static void test_waiting(void)
{
    uint64_t first, second;
    CU_ASSERT_EQUAL_FATAL(begin(1), PIPETTE_OK);
    first = start("sleep 30", NULL);
    second = start("exit 5", NULL);
    CU_ASSERT_EQUAL(poll_job(first).state, PIPETTE_JOB_RUNNING);
    CU_ASSERT_EQUAL(poll_job(second).state, PIPETTE_JOB_WAITING);
    CU_ASSERT_EQUAL(launcher->wait(&stage, 0.05), PIPETTE_OK);
    CU_ASSERT_EQUAL(poll_job(second).state, PIPETTE_JOB_WAITING);
    CU_ASSERT_EQUAL(launcher->cancel(&stage, first), PIPETTE_OK);
    CU_ASSERT_EQUAL(poll_job(first).state, PIPETTE_JOB_ENDED);
    CU_ASSERT_EQUAL(wait_for(second).exit_code, 5);
    launcher->destroy(&stage);
}

static void test_cancel(void)
{
    uint64_t first, second, third;
    CU_ASSERT_EQUAL_FATAL(begin(1), PIPETTE_OK);
    first = start("exit 0", NULL);
    CU_ASSERT_EQUAL(wait_for(first).state, PIPETTE_JOB_ENDED);
    CU_ASSERT_EQUAL(launcher->cancel(&stage, first), PIPETTE_OK);
    CU_ASSERT_EQUAL(poll_job(first).exit_code, 0);
    second = start("sleep 30", NULL);
    third = start("exit 0", NULL);
    CU_ASSERT_EQUAL(launcher->cancel(&stage, third), PIPETTE_OK);
    CU_ASSERT_EQUAL(poll_job(third).state, PIPETTE_JOB_ENDED);
    CU_ASSERT_NOT_EQUAL(poll_job(third).exit_code, 0);
    CU_ASSERT_EQUAL(poll_job(second).state, PIPETTE_JOB_RUNNING);
    CU_ASSERT_EQUAL(launcher->cancel(&stage, 99), PIPETTE_E_NOT_FOUND);
    CU_ASSERT_STRING_EQUAL(message, "no job 99");
    launcher->destroy(&stage);
}

static void test_lost(void)
{
    pipette_job_status status;
    CU_ASSERT_EQUAL_FATAL(begin(2), PIPETTE_OK);
    folder_begin();
    status = wait_for(start("kill -9 $$", folder));
    CU_ASSERT_EQUAL(status.state, PIPETTE_JOB_LOST);
    /* It is started again by the caller, as a new job. */
    status = wait_for(start("exit 0", folder));
    CU_ASSERT_EQUAL(status.state, PIPETTE_JOB_ENDED);
    CU_ASSERT_EQUAL(status.exit_code, 0);
    launcher->destroy(&stage);
    folder_end();
}

static void test_bad_jobs(void)
{
    const char *const arguments[] = {"/nowhere/at_all"};
    pipette_job job = {(uint32_t)sizeof job, 0, arguments, NULL, 0, 1};
    pipette_job_status status = {(uint32_t)sizeof status, 0, 0, 0};
    uint64_t number = 0;
    CU_ASSERT_EQUAL_FATAL(begin(1), PIPETTE_OK);
    CU_ASSERT_EQUAL(launcher->start(&stage, &job, &number), PIPETTE_E_INVALID);
    CU_ASSERT_STRING_EQUAL(message, "a job needs a command");
    CU_ASSERT_EQUAL(launcher->poll(&stage, 0, &status), PIPETTE_E_NOT_FOUND);
    job.argument_count = 1;
    CU_ASSERT_EQUAL(launcher->start(&stage, &job, &number), PIPETTE_OK);
    status = wait_for(number);
    CU_ASSERT_EQUAL(status.state, PIPETTE_JOB_ENDED);
    CU_ASSERT_EQUAL(status.exit_code, 127);
    launcher->destroy(&stage);
}

SUITE("launcher", {"its descriptor", test_descriptor}, {"capacity", test_capacity}, {"two jobs at once", test_two_jobs},
      {"a job waits", test_waiting}, {"cancel", test_cancel}, {"a lost job", test_lost}, {"bad jobs", test_bad_jobs}, )
