/* Kills the command, a worker, or all of it at every call that changes a file, and at random times: the file opens,
 * what was done is there and right, and the same command line finishes with the same bytes as an uninterrupted one.
 *
 * An ordinary test run takes a sample of the calls; PIPETTE_FAULTS=all takes each of them, before, in the midst of and
 * after it, and 200 random times (about ten minutes). PIPETTE_FAULTS_ONLY=NAME takes one experiment. */
#include "python.h"
#include "suite.h"

#include "faults/faults.h"

#include "faults/experiment.h"

#define LARGE_AXES                                                                                                     \
    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"neuron.tau_ref\"; values = [5.0, 7.5, "       \
    "10.0]; },\n"                                                                                                      \
    "                { parameter = \"neuron.I\"; from = 0.0; to = 0.7; step = 0.1; } ); } );\n"

#define MODEL_PARAMETERS "parameters = { n = 60; bad = 4.0; senseless = 6.0; word = \"number\"; };\n"
#define MODEL_PARAMETERS_WITHOUT_WORD "parameters = { n = 60; bad = 4.0; senseless = 6.0; };\n"

static const experiment large = {"large",
                                 "name = \"Large\";\n" LARGE_AXES
                                 "run = { plugin = \"lif\"; };\npostprocess = ( { plugin = \"rate_summary\"; } );\n"
                                 "storage = { plugin = \"hdf5\"; file = \"large.hdf5\"; };\n",
                                 NULL,
                                 {NULL},
                                 0,
                                 0,
                                 20};

static const experiment tiny = {
    "tiny",
    "name = \"Tiny\";\n"
    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; from = 1; to = 50; step = 1; },\n"
    "                { parameter = \"y\"; from = 0.5; to = 20; step = 0.5; } ); } );\n"
    "run = { plugin = \"multiply\"; };\nstorage = { plugin = \"hdf5\"; file = \"tiny.hdf5\"; };\n",
    NULL,
    {NULL},
    0,
    0,
    20};

static const experiment shapes = {"shapes",
                                  "name = \"Shapes\";\n"
                                  "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"word\"; values "
                                  "= [\"one\", \"\", \"Zo\xc3\xab, x\"]; },\n"
                                  "                { parameter = \"x\"; from = 0; to = 15; step = 1; } ); } );\n"
                                  "run = { plugin = \"fault_model\"; };\nparameters = { n = 400; };\nstorage = { "
                                  "plugin = \"hdf5\"; file = \"shapes.hdf5\"; };\n",
                                  NULL,
                                  {"out.events", "out.text", "more.note", "more.third"},
                                  0,
                                  0,
                                  20};

static const experiment failing = {
    "failing",
    "name = \"Failing\";\n"
    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"n\"; values = [3, 5, 8]; },\n"
    "                { parameter = \"x\"; from = 0; to = 9; step = 1; } ); } );\n"
    "run = { plugin = \"fault_model\"; };\nparameters = { bad = 4.0; senseless = 6.0; };\n"
    "storage = { plugin = \"hdf5\"; file = \"failing.hdf5\"; };\n",
    NULL,
    {"out.events", "out.text", NULL},
    1,
    0,
    12};

static const experiment growing = {
    "growing",
    "name = \"Growing\";\n"
    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; values = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]; "
    "} ); } );\n"
    "run = { plugin = \"fault_model\"; };\npostprocess = ( { plugin = \"expands\"; until = 8.0; } );\n" MODEL_PARAMETERS
    "storage = { plugin = \"hdf5\"; file = \"growing.hdf5\"; };\n",
    NULL,
    {"out.events", "out.text", "more.note", NULL},
    1,
    1,
    20};

static const experiment extended = {"extended",
                                    "name = \"Extended\";\n"
                                    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; from = "
                                    "0.0; to = 10.0; step = 0.5; } ); } );\n"
                                    "run = { plugin = \"fault_model\"; };\n" MODEL_PARAMETERS
                                    "storage = { plugin = \"hdf5\"; file = \"extended.hdf5\"; };\n",
                                    "name = \"Extended\";\n"
                                    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; from = "
                                    "0.0; to = 8.0; step = 1.0; } ); } );\n"
                                    "run = { plugin = \"fault_model\"; };\n" MODEL_PARAMETERS
                                    "storage = { plugin = \"hdf5\"; file = \"extended.hdf5\"; };\n",
                                    {"out.events", "out.text", "more.note", NULL},
                                    1,
                                    0,
                                    16};

static const experiment compressed = {
    "compressed",
    "name = \"Compressed\";\n" LARGE_AXES
    "run = { plugin = \"lif\"; };\npostprocess = ( { plugin = \"rate_summary\"; } );\n"
    "storage = { plugin = \"hdf5\"; file = \"compressed.hdf5\"; compression = 1; };\n",
    NULL,
    {"neuron.V", "neuron.spike_times"},
    0,
    0,
    12};

/* The new runs come between the old ones, and their texts go into a file that has runs. */
static const experiment powerful = {
    "powerful",
    "name = \"Powerful\";\n"
    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"word\"; values = [\"one\", \"new\", \"two\"]; "
    "},\n"
    "                { parameter = \"x\"; from = 0; to = 9; step = 1; } ); } );\n"
    "run = { plugin = \"fault_model\"; };\n" MODEL_PARAMETERS_WITHOUT_WORD
    "storage = { plugin = \"hdf5\"; file = \"powerful.hdf5\"; durability = \"power\"; compression = 1; };\n",
    "name = \"Powerful\";\n"
    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"word\"; values = [\"one\", \"two\"]; },\n"
    "                { parameter = \"x\"; from = 0; to = 9; step = 1; } ); } );\n"
    "run = { plugin = \"fault_model\"; };\n" MODEL_PARAMETERS_WITHOUT_WORD
    "storage = { plugin = \"hdf5\"; file = \"powerful.hdf5\"; durability = \"power\"; compression = 1; };\n",
    {"out.events", "out.text", "more.note", "word"},
    1,
    0,
    16};

/* A parameter that is explored only now: the old runs get coordinates, too. */
static const experiment newly = {
    "newly",
    "name = \"Newly\";\n"
    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"n\"; values = [60, 80]; },\n"
    "                { parameter = \"word\"; values = [\"plain\", \"other\"]; }, { parameter = \"x\"; from = 0; to = "
    "9; step = 1; } ); } );\n"
    "run = { plugin = \"fault_model\"; };\n" MODEL_PARAMETERS_WITHOUT_WORD
    "storage = { plugin = \"hdf5\"; file = \"newly.hdf5\"; };\n",
    "name = \"Newly\";\n"
    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; from = 0; to = 9; step = 1; } ); } );\n"
    "run = { plugin = \"fault_model\"; };\n" MODEL_PARAMETERS_WITHOUT_WORD
    "storage = { plugin = \"hdf5\"; file = \"newly.hdf5\"; };\n",
    {NULL},
    1,
    0,
    16};

/* Stages that go by how many runs they are shown, and leave single values. */
static const experiment counting = {
    "counting",
    "name = \"Counting\";\n"
    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"i\"; from = 0; to = 9; step = 1; } ); } );\n"
    "run = { plugin = \"odd_values\"; };\npostprocess = ( { plugin = \"adds\"; until = 40; } );\n"
    "storage = { plugin = \"hdf5\"; file = \"counting.hdf5\"; };\n",
    NULL,
    {"$.word", "extra", NULL},
    0,
    1,
    8};

static const char *const whens[] = {"", "before", "after", "in the midst of"};

static void kill_at(const experiment *e, uint32_t call, uint32_t when, uint32_t whom, uint32_t total)
{
    pid_t process;
    long ended = -1, rows = -1;
    int code;
    (void)snprintf(context, sizeof context, "%s: %s killed %s call %u of %u", e->name,
                   whom == FAULT_ALL ? "all" : "caller", whens[when], call, total);
    begin_anew(e);
    faults_clear();
    fault->kill_at = call;
    fault->kill_when = when;
    fault->kill_whom = whom;
    process = faults_start(RUN_ARGUMENTS);
    code = command_wait(process, COMMAND_SECONDS);
    RIGHT(faults_all_gone(), "processes stay", NULL);
    if (fault->fired)
        (void)snprintf(context + strlen(context), sizeof context - strlen(context), ", %s of %s by the %s", fault->call,
                       fault->file, fault->hit == process ? "command" : "worker");
    if (fault->fired == 0 || (whom == FAULT_CALLER && fault->hit != process)) {
        const char *answer;
        RIGHT(code == e->code, "a worker's death ends the command", NULL);
        answer = tools_ask("final", file_path);
        RIGHT(tools_good(answer), "after a worker's death", answer);
        if (fault->fired == 0)
            return;
    } else {
        RIGHT(code == 128 + SIGKILL, "it should have been killed", NULL);
        look_at_crashed(e, reported_done(command_err), &ended, &rows);
    }
    finish_and_compare(e, ended, rows);
}

static void kill_everywhere(const experiment *e)
{
    uint32_t call, total, when, turn = 0, points = SANITIZED ? 6 : (e->points + 2) / 3;
    const char *only = getenv("PIPETTE_FAULTS_ONLY");
    if (only != NULL && strcmp(only, e->name) != 0)
        return;
    folder_begin();
    faults_begin();
    tools_begin();
    if (make_reference(e)) {
        int code;
        begin_anew(e);
        faults_clear();
        code = faults_run(RUN_ARGUMENTS);
        total = fault->calls;
        (void)faults_all_gone();
        CU_ASSERT(right(code == e->code, "under the shim", NULL));
        CU_ASSERT(right(total > 10, "the shim does not see the calls", NULL));
        for (call = 1; call <= total; call++) {
            if (!chosen(call, total, points))
                continue;
            for (when = FAULT_BEFORE; when <= FAULT_HALF; when++) {
                if (!everything() && when != FAULT_BEFORE + turn % 3)
                    continue;
                kill_at(e, call, when, FAULT_ALL, total);
                kill_at(e, call, when, FAULT_CALLER, total);
            }
            turn++;
        }
    } else {
        CU_FAIL("no reference");
    }
    tools_end();
    faults_end();
    folder_end();
}

static void test_large(void)
{
    kill_everywhere(&large);
}

static void test_tiny(void)
{
    kill_everywhere(&tiny);
}

static void test_shapes(void)
{
    kill_everywhere(&shapes);
}

static void test_failing(void)
{
    kill_everywhere(&failing);
}

static void test_growing(void)
{
    kill_everywhere(&growing);
}

static void test_counting(void)
{
    kill_everywhere(&counting);
}

static void test_extended(void)
{
    kill_everywhere(&extended);
}

static void test_compressed(void)
{
    kill_everywhere(&compressed);
}

static void test_powerful(void)
{
    kill_everywhere(&powerful);
}

static void test_newly(void)
{
    kill_everywhere(&newly);
}

/* ---- Random times ---- */

static const experiment slow = {
    "slow",
    "name = \"Slow\";\n"
    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"n\"; values = [50, 80]; },\n"
    "                { parameter = \"x\"; from = 0; to = 59; step = 1; } ); } );\n"
    "run = { plugin = \"fault_model\"; };\nparameters = { bad = 4.0; senseless = 6.0; seconds = 0.005; };\n"
    "storage = { plugin = \"hdf5\"; file = \"slow.hdf5\"; };\n",
    NULL,
    {"out.events", "out.text", "more.note", NULL},
    1,
    0,
    0};

static uint32_t random_state = 12345;
static double random_part(void)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (double)(random_state >> 8) / 16777216.0;
}

/* Kills the command (0), all of it (1), or one of the processes it has started (2). `hasty`: the command is started
 * again at once, while what it left behind still ends. */
static void kill_later(const experiment *e, double seconds, int kind, int hasty)
{
    static const char *const kinds[] = {"the command", "all", "another process"};
    pid_t process;
    long ended = -1, rows = -1;
    uint32_t i, count;
    int code;
    (void)snprintf(context, sizeof context, "%s: %s killed after %.3f s%s", e->name, kinds[kind], seconds,
                   hasty ? ", hasty" : "");
    begin_anew(e);
    faults_clear();
    process = faults_start(RUN_ARGUMENTS);
    command_pause(seconds);
    count = atomic_load(&fault->process_count);
    if (kind == 0)
        (void)kill(process, SIGKILL);
    if (kind == 1)
        faults_kill_all();
    for (i = 0; kind == 2 && count > 1 && i < 20; i++) { /* the first is the command */
        pid_t victim = atomic_load(&fault->processes[1 + (uint32_t)(random_part() * (double)(count - 1))]);
        if (victim > 1 && process_lives(victim) && kill(victim, SIGKILL) == 0)
            break;
    }
    code = command_wait(process, COMMAND_SECONDS);
    if (!hasty)
        RIGHT(faults_all_gone(), "processes stay", NULL);
    if (code == 128 + SIGKILL && !hasty)
        look_at_crashed(e, reported_done(command_err), &ended, &rows);
    else if (code == 128 + SIGKILL)
        RIGHT(reported_done(command_err) == 0 || file_exists(file_name), "runs were reported, but there is no file",
              NULL);
    finish_and_compare(e, ended, rows);
    (void)faults_all_gone();
}

/* ---- Other commands ---- */

#define RESET_ARGUMENTS                                                                                                \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        TEST_COMMAND, "reset", file_name, "--runs", "2-4,7", NULL                                                      \
    }

#define COMPACT_ARGUMENTS                                                                                              \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        TEST_COMMAND, "compact", file_name, NULL                                                                       \
    }

/* `compact` killed at each call: the file is the old one or the new one. */
static void test_compact(void)
{
    uint32_t call, total, when = 0;
    const char *only = getenv("PIPETTE_FAULTS_ONLY");
    if (only != NULL && strcmp(only, "compact") != 0)
        return;
    folder_begin();
    faults_begin();
    tools_begin();
    if (make_reference(&extended)) {
        (void)snprintf(context, sizeof context, "compact, whole");
        faults_clear();
        CU_ASSERT(right(faults_run(COMPACT_ARGUMENTS) == 0, "compact", NULL));
        total = fault->calls;
        CU_ASSERT(right(total > 10, "the shim does not see the calls", NULL));
        for (call = 1; call <= total; call++) {
            long ended = -1, rows = -1;
            if (!everything() && call > 2 && call + 4 < total && call % (total / 8 + 1) != 0)
                continue;
            bytes_copy(reference_path, file_path, 0644);
            faults_clear();
            fault->kill_at = call;
            fault->kill_when = when = FAULT_BEFORE + (when + 1) % 3;
            fault->kill_whom = FAULT_ALL;
            (void)snprintf(context, sizeof context, "compact killed %s call %u of %u", whens[when], call, total);
            CU_ASSERT(right(faults_run(COMPACT_ARGUMENTS) == 128 + SIGKILL, "it should have been killed", NULL));
            look_at_crashed(&extended, 0, &ended, &rows);
            CU_ASSERT(right(rows == 21 && rows - ended == 0, "a run is not done any more", NULL));
            CU_ASSERT(right(PIPETTE("compact", file_name) == 0, "the same command again", NULL));
            finish_and_compare(&extended, ended, rows);
        }
    } else {
        CU_FAIL("no reference");
    }
    tools_end();
    faults_end();
    folder_end();
}

/* `reset` killed at each call: each run is what it was or pending, whole, and the config makes the same file again. */
static void test_reset(void)
{
    uint32_t call, total, when = 0;
    const char *only = getenv("PIPETTE_FAULTS_ONLY");
    experiment again = failing;
    again.columns[0] = "out.text"; /* a line for each run */
    again.columns[1] = NULL;
    if (only != NULL && strcmp(only, "reset") != 0)
        return;
    folder_begin();
    faults_begin();
    tools_begin();
    if (make_reference(&again)) {
        (void)snprintf(context, sizeof context, "reset, whole");
        faults_clear();
        CU_ASSERT(right(faults_run(RESET_ARGUMENTS) == 0, "reset", NULL));
        total = fault->calls;
        CU_ASSERT(right(total > 2, "the shim does not see the calls", NULL));
        for (call = 1; call <= total; call++) {
            long ended = -1, rows = -1;
            if (!everything() && call > 2 && call + 2 < total && call % (total / 4 + 1) != 0)
                continue;
            bytes_copy(reference_path, file_path, 0644);
            faults_clear();
            fault->kill_at = call;
            fault->kill_when = when = FAULT_BEFORE + (when + 1) % 3;
            fault->kill_whom = FAULT_ALL;
            (void)snprintf(context, sizeof context, "reset killed %s call %u of %u", whens[when], call, total);
            CU_ASSERT(right(faults_run(RESET_ARGUMENTS) == 128 + SIGKILL, "it should have been killed", NULL));
            look_at_crashed(&again, 0, &ended, &rows);
            CU_ASSERT(right(rows - ended == 0 || rows - ended == 3 || rows - ended == 4, "how many are pending", NULL));
            finish_and_compare(&again, ended, rows);
        }
    } else {
        CU_FAIL("no reference");
    }
    tools_end();
    faults_end();
    folder_end();
}

static void random_rounds(int first, int step)
{
    int i, rounds = everything() ? 200 : SANITIZED ? 6 : 20;
    if (getenv("PIPETTE_FAULTS_ONLY") != NULL && strcmp(getenv("PIPETTE_FAULTS_ONLY"), slow.name) != 0)
        return;
    random_state += (uint32_t)first * 2654435769u; /* other times than the other rounds */
    folder_begin();
    faults_begin();
    tools_begin();
    if (make_reference(&slow))
        for (i = first; i < rounds; i += step)
            kill_later(&slow, 0.01 + 0.4 * random_part(), i % 3, i % 4 == 3);
    else
        CU_FAIL("no reference");
    tools_end();
    faults_end();
    folder_end();
}

static void test_random(void)
{
    random_rounds(0, 2);
}

static void test_more_random(void)
{
    random_rounds(1, 2);
}

SUITE("killed", {"large results, at each call", test_large}, {"tiny results, at each call", test_tiny},
      {"results of every shape, at each call", test_shapes}, {"runs that fail, at each call", test_failing},
      {"postprocessing that adds runs, at each call", test_growing},
      {"postprocessing that counts, at each call", test_counting},
      {"an extension of a file, at each call", test_extended}, {"compressed results, at each call", test_compressed},
      {"an extension by texts, with fdatasync, at each call", test_powerful},
      {"an extension by parameters, at each call", test_newly}, {"reset, at each call", test_reset},
      {"compact, at each call", test_compact}, {"at random times", test_random},
      {"at more random times", test_more_random}, )
