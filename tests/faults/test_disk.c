/* Full disks, quotas, broken disks, file size limits, read-only places and folders that vanish: an error that names the
 * cause, exit code 4, what was stored stays good, and the same command goes on once there is room. */
#include <sys/resource.h>

#include "python.h"
#include "suite.h"

#include "faults/faults.h"

#include "faults/experiment.h"

static const experiment fixed = {
    "fixed",
    "name = \"Fixed\";\n"
    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"neuron.tau_ref\"; values = [5.0, 7.5, 10.0]; "
    "},\n"
    "                { parameter = \"neuron.I\"; from = 0.0; to = 0.7; step = 0.1; } ); } );\n"
    "run = { plugin = \"lif\"; };\npostprocess = ( { plugin = \"rate_summary\"; } );\n"
    "storage = { plugin = \"hdf5\"; file = \"fixed.hdf5\"; };\n",
    NULL,
    {NULL},
    0,
    0,
    10};

/* About 1.2 MB of ragged results, which no check beforehand can know. */
static const experiment ragged = {
    "ragged",
    "name = \"Ragged\";\n"
    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"word\"; values = [\"a\", \"b\"]; },\n"
    "                { parameter = \"x\"; from = 0; to = 479; step = 8; } ); } );\n"
    "run = { plugin = \"fault_model\"; };\nparameters = { n = 3900; bad = 40.0; };\n"
    "storage = { plugin = \"hdf5\"; file = \"ragged.hdf5\"; };\n",
    NULL,
    {"out.events", "out.text", "more.note", NULL},
    1,
    0,
    10};

static const experiment growing = {
    "growing",
    "name = \"Growing\";\n"
    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; values = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]; "
    "} ); } );\n"
    "run = { plugin = \"fault_model\"; };\npostprocess = ( { plugin = \"expands\"; until = 8.0; } );\n"
    "parameters = { n = 60; bad = 4.0; senseless = 6.0; };\n"
    "storage = { plugin = \"hdf5\"; file = \"growing.hdf5\"; };\n",
    NULL,
    {"out.events", "out.text", "more.note", NULL},
    1,
    1,
    10};

/* After a command that ended with an error of storage: it says why, and what is there is good. */
static void look_at_failed(const experiment *e, int code, const char *cause, long *ended, long *rows)
{
    char said[200];
    const char *line = strstr(command_err, "pipette: ");
    (void)snprintf(said, sizeof said, "code %d, wanted '%s'", code, cause);
    *ended = *rows = -1;
    RIGHT(code == 4, "exit code", said);
    RIGHT(line != NULL && strstr(line, cause) != NULL, "the error does not name the cause", said);
    RIGHT(strstr(line, file_name) != NULL, "the error does not name the file", said);
    look_at_crashed(e, reported_done(command_err), ended, rows);
}

/* ---- Calls that fail ---- */

static void fail_at(const experiment *e, uint32_t call, uint32_t total, int reason, int half)
{
    long ended = -1, rows = -1;
    int code;
    (void)snprintf(context, sizeof context, "%s: from call %u of %u on: %s%s", e->name, call, total, strerror(reason),
                   half ? ", half of it" : "");
    begin_anew(e);
    faults_clear();
    fault->fail_at = call;
    fault->fail_error = (uint32_t)reason;
    fault->fail_half = (uint32_t)half;
    code = faults_run(RUN_ARGUMENTS);
    RIGHT(faults_all_gone(), "processes stay", NULL);
    if (fault->fired > 0)
        (void)snprintf(context + strlen(context), sizeof context - strlen(context), ", %s of %s", fault->call,
                       fault->file);
    if (fault->failed > 0)
        look_at_failed(e, code, strerror(reason), &ended, &rows);
    finish_and_compare(e, ended, rows);
}

static void fail_everywhere(const experiment *e)
{
    static const int reasons[] = {ENOSPC, EIO, EDQUOT, EFBIG, EROFS};
    uint32_t call, total, turn = 0, points = SANITIZED ? 5 : e->points;
    size_t i;
    folder_begin();
    faults_begin();
    tools_begin();
    if (make_reference(e)) {
        faults_clear();
        begin_anew(e);
        CU_ASSERT(faults_run(RUN_ARGUMENTS) == e->code);
        (void)faults_all_gone();
        total = fault->calls;
        for (call = 1; call < total; call++) {
            if (!chosen(call, total, points))
                continue;
            for (i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
                if (everything() || i == 0 || i == 1 + turn % 4)
                    fail_at(e, call, total, reasons[i], (int)(turn % 2) && i == 0);
            turn++;
        }
    } else {
        CU_FAIL("no reference");
    }
    tools_end();
    faults_end();
    folder_end();
}

static void test_fixed(void)
{
    fail_everywhere(&fixed);
}

static void test_ragged(void)
{
    fail_everywhere(&ragged);
}

static void test_growing(void)
{
    fail_everywhere(&growing);
}

/* ---- The real thing ---- */

#define WITH_REFERENCE(e, ...)                                                                                         \
    do {                                                                                                               \
        folder_begin();                                                                                                \
        faults_begin();                                                                                                \
        tools_begin();                                                                                                 \
        faults_clear();                                                                                                \
        if (make_reference(e)) {                                                                                       \
            __VA_ARGS__;                                                                                               \
        } else {                                                                                                       \
            CU_FAIL("no reference");                                                                                   \
        }                                                                                                              \
        tools_end();                                                                                                   \
        faults_end();                                                                                                  \
        folder_end();                                                                                                  \
    } while (0)

static void limit_at(const experiment *e, unsigned long bytes)
{
    struct rlimit old, limit;
    long ended = -1, rows = -1;
    int code;
    (void)snprintf(context, sizeof context, "%s: files of at most %lu bytes", e->name, bytes);
    begin_anew(e);
    (void)getrlimit(RLIMIT_FSIZE, &old);
    limit = old;
    limit.rlim_cur = bytes;
    (void)signal(SIGXFSZ, SIG_DFL); /* the command must see to that itself */
    (void)setrlimit(RLIMIT_FSIZE, &limit);
    code = command_run(RUN_ARGUMENTS);
    (void)setrlimit(RLIMIT_FSIZE, &old);
    look_at_failed(e, code, strerror(EFBIG), &ended, &rows);
    finish_and_compare(e, ended, rows);
}

static void test_size_limit(void)
{
    WITH_REFERENCE(&ragged, {
        limit_at(&ragged, 5000);
        limit_at(&ragged, 100000);
        limit_at(&ragged, 400000);
        limit_at(&ragged, 1000000);
    });
    WITH_REFERENCE(&fixed, limit_at(&fixed, 700000));
}

/* A small file system of our own. The script leaves the file of the full disk as `full`, that of the same command with
 * more room as `later`, and the exit codes. */
static void fill_disk(const experiment *e)
{
    static const char script[] =
        "mkdir -p disk && mount -t tmpfs -o size=600k none disk || exit 77\n"
        "cp ragged.cfg disk/ && cd disk || exit 78\n" TEST_COMMAND
        " run ragged.cfg --workers 2 --progress=json --plugin-path " FAULT_PLUGINS " >&2; a=$?\n"
        "cp ragged.hdf5 ../ragged.hdf5; mount -o remount,size=64m none . || exit 79\n" TEST_COMMAND
        " run ragged.cfg --workers 2 --plugin-path " FAULT_PLUGINS " > /dev/null 2>&1; b=$?\n"
        "cp ragged.hdf5 ../later; cd ..; umount disk; rmdir disk; echo $a $b\n";
    const char *answer;
    char later[300];
    long ended = -1, rows = -1;
    int first = -1, second = -1, code;
    (void)snprintf(context, sizeof context, "%s: a small file system", e->name);
    begin_anew(e);
    code = command_run((const char *const[]){"/usr/bin/unshare", "-m", "/bin/sh", "-c", script, NULL});
    if (code == 77 || code == 1) {
        (void)rmdir(in_folder("disk"));
        printf(" (no file system may be mounted here: skipped) ");
        return;
    }
    RIGHT(code == 0 && sscanf(command_out, "%d %d", &first, &second) == 2, "the script", NULL);
    look_at_failed(e, first, strerror(ENOSPC), &ended, &rows);
    RIGHT(second == e->code, "the same command with more room", NULL);
    (void)snprintf(later, sizeof later, "%s", in_folder("later"));
    answer = tools_ask("final", later);
    RIGHT(tools_good(answer), "the finished file", answer);
    (void)unlink(later);
    finish_and_compare(e, ended, rows);
}

static void test_small_disk(void)
{
    if (access("/usr/bin/unshare", X_OK) != 0) {
        printf(" (no unshare: skipped) ");
        return;
    }
    WITH_REFERENCE(&ragged, fill_disk(&ragged));
}

/* ---- Places that cannot be written ---- */

#define RUN_IN_SUB                                                                                                     \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        TEST_COMMAND, "run", config_name, "--workers", "2", "--progress=json", "--plugin-path", FAULT_PLUGINS,         \
            "--set", set_file, NULL                                                                                    \
    }

static char set_file[128];

static void read_only(const experiment *e)
{
    char sub[300];
    int code;
    (void)snprintf(context, sizeof context, "%s: a read-only folder", e->name);
    (void)snprintf(sub, sizeof sub, "%s", in_folder("sub"));
    (void)snprintf(set_file, sizeof set_file, "storage.file=sub/%s", file_name);
    (void)unlink(file_path);
    (void)mkdir(sub, 0755);
    (void)chmod(sub, 0555);
    code = command_run(RUN_IN_SUB);
    RIGHT(code == 4 && err_has("read-only") && err_has("sub"), "a folder that may not be written", NULL);
    (void)chmod(sub, 0755);
    RIGHT(command_run(RUN_IN_SUB) == e->code, "once it may", NULL);
    (void)snprintf(file_path, sizeof file_path, "%s/%s", sub, file_name);
    RIGHT(tools_good(tools_ask("final", file_path)), "the file", NULL);
}

static void test_read_only(void)
{
    WITH_REFERENCE(&fixed, read_only(&fixed));
}

static const experiment slow = {
    "slow",
    "name = \"Slow\";\n"
    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; from = 0; to = 59; step = 1; } ); } );\n"
    "run = { plugin = \"fault_model\"; };\nparameters = { seconds = 0.02; };\n"
    "storage = { plugin = \"hdf5\"; file = \"slow.hdf5\"; };\n",
    NULL,
    {NULL},
    0,
    0,
    0};

/* The folder gets another name, or is removed, while the runs go on. */
static void vanish(const experiment *e, int removed)
{
    char sub[300], gone[300], file[400], answer[400];
    pid_t process;
    double waited;
    int code;
    (void)snprintf(context, sizeof context, "%s: the folder is %s", e->name, removed ? "removed" : "renamed");
    (void)snprintf(sub, sizeof sub, "%s", in_folder("sub"));
    (void)snprintf(gone, sizeof gone, "%s", in_folder("gone"));
    (void)snprintf(file, sizeof file, "%s/%s", sub, file_name);
    (void)snprintf(set_file, sizeof set_file, "storage.file=sub/%s", file_name);
    (void)unlink(file);
    (void)rmdir(sub);
    process = command_start(RUN_IN_SUB);
    for (waited = 0; waited < 10 && access(file, F_OK) != 0; waited += 0.002)
        command_pause(0.002);
    command_pause(0.1);
    RIGHT(waited < 10, "no file in time", NULL);
    if (removed)
        RIGHT(unlink(file) == 0 && rmdir(sub) == 0, "removing the folder", NULL);
    else
        RIGHT(rename(sub, gone) == 0, "renaming the folder", NULL);
    code = command_wait(process, COMMAND_SECONDS);
    RIGHT(code == 4, "exit code", NULL);
    RIGHT(err_has("vanished") && err_has(file_name), "the error does not name the cause", NULL);
    RIGHT(access(file, F_OK) != 0, "the folder was made anew behind the user's back", NULL);
    if (!removed) {
        (void)snprintf(answer, sizeof answer, "%s/%s", gone, file_name);
        RIGHT(tools_good(tools_ask("crashed", answer)), "what was stored", NULL);
        RIGHT(rename(gone, sub) == 0, "giving the folder its name back", NULL);
    }
    RIGHT(command_run(RUN_IN_SUB) == e->code, "the same command again", NULL);
    RIGHT(removed || !out_has("60 of 60"), "what was stored is run again", NULL);
    (void)snprintf(answer, sizeof answer, "%.399s", tools_ask("final", file));
    RIGHT(tools_good(answer), "the finished file", answer);
}

static void test_vanished(void)
{
    WITH_REFERENCE(&slow, {
        vanish(&slow, 0);
        vanish(&slow, 1);
    });
}

SUITE("disk", {"fixed results, calls that fail", test_fixed}, {"ragged results, calls that fail", test_ragged},
      {"postprocessing that adds runs, calls that fail", test_growing},
      {"a limit on the size of files", test_size_limit}, {"a small file system", test_small_disk},
      {"a read-only folder", test_read_only}, {"a folder that vanishes", test_vanished}, )
