/* Tests of logs: what a run prints is kept with it, however it prints and however it ends. */
#include "hostile.h"

#define TALKS(last)                                                                                                    \
    "name = \"H\";\npreprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"i\"; from = 0; to = " #last    \
    "; step = 1; } ); } );\nrun = { plugin = \"" FIXTURE(                                                              \
        "talks_model") "\"; };\n"                                                                                      \
                       "storage = { plugin = \"hdf5\"; file = \"h.hdf5\"; };\n"

static int talk(const char *all, const char *one, const char *isolation)
{
    char set_all[64], set_one[64], set_isolation[64];
    (void)snprintf(set_all, sizeof set_all, "parameters.all=%s", all);
    (void)snprintf(set_one, sizeof set_one, "parameters.one=%s", one);
    (void)snprintf(set_isolation, sizeof set_isolation, "run.isolation=%s", isolation);
    return PIPETTE("run", "h.cfg", "--overwrite", "--workers", "2", "--timeout",
                   strstr(one, "much") == NULL ? "0.5" : "20", "--set", set_all, "--set", set_one, "--set",
                   set_isolation);
}

/* How many runs have exactly the log "N speaks". */
static long count_speakers(void)
{
    const char *line;
    long count = 0, run, i, said;
    (void)PIPETTE("get", "h.hdf5", "runs.log");
    EXPECT(!out_has("one of the runs"));
    for (line = strchr(command_out, '\n'); line != NULL && line[1] != '\0'; line = strchr(line + 1, '\n')) {
        int end = 0;
        if (sscanf(line + 1, "%ld,%ld,%ld speaks%n", &run, &i, &said, &end) == 3 && run == i && i == said &&
            line[1 + end] == '\n')
            count++;
    }
    return count;
}

static void test_all(void)
{
    static const char *const ways[] = {"print", "error", "flush", "write"};
    size_t i;
    hostile_begin(TALKS(1999));
    for (i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(talk(ways[i], "nothing", "batch"), 0);
        EXPECT(command_err[0] == '\0' && strstr(command_out, "speaks") == NULL);
        CU_ASSERT_EQUAL(count_speakers(), 2000);
    }
    file_write("h.cfg", TALKS(39));
    for (i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(talk(ways[i], "nothing", "run"), 0);
        CU_ASSERT_EQUAL(count_speakers(), 40);
    }
    hostile_end();
}

/* A tiny run that writes around stdio, alone among silent ones: known of its batch. */
static void test_batch(void)
{
    long lines;
    hostile_begin(TALKS(39));
    CU_ASSERT_EQUAL(talk("nothing", "print", "batch"), 0);
    CU_ASSERT_STRING_EQUAL(of_run("runs.log", 17), "17 speaks");
    CU_ASSERT_EQUAL(talk("nothing", "write", "batch"), 0);
    (void)PIPETTE("get", "h.hdf5", "runs.log");
    lines = out_has("17,17,17 speaks\n") || (out_has("[one of the runs ") && out_has(" wrote:]\n17 speaks\"\n"));
    EXPECT(lines);
    CU_ASSERT_EQUAL(talk("nothing", "write", "run"), 0);
    CU_ASSERT_STRING_EQUAL(of_run("runs.log", 17), "17 speaks");
    hostile_end();
}

static void test_ends(void)
{
    static const char *const isolations[] = {"batch", "run"};
    int i;
    hostile_begin(TALKS(39));
    for (i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(talk("nothing", "crash", isolations[i]), 1);
        CU_ASSERT_STRING_EQUAL(of_run("runs.log", 17), "line\nno line");
        CU_ASSERT_STRING_EQUAL(of_run("runs.message", 17), "the run crashed (SIGABRT)");
        CU_ASSERT_EQUAL(talk("nothing", "hang", isolations[i]), 1);
        CU_ASSERT_STRING_EQUAL(of_run("runs.log", 17), "waiting");
        CU_ASSERT_STRING_EQUAL(of_run("runs.state", 17), "timed_out");
        CU_ASSERT_EQUAL(talk("nothing", "exit", isolations[i]), 1);
        CU_ASSERT_STRING_EQUAL(of_run("runs.log", 17), "going");
        CU_ASSERT_EQUAL(talk("nothing", "close", isolations[i]), 0);
        CU_ASSERT_STRING_EQUAL(of_run("runs.log", 17), "closed");
        CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 40);
        CU_ASSERT_STRING_EQUAL(of_run("runs.log", 16), "");
        CU_ASSERT_STRING_EQUAL(of_run("runs.log", 18), "");
    }
    hostile_end();
}

static void test_much(void)
{
    static const char *const much[] = {"much", "very_much"};
    static const char *const isolations[] = {"batch", "run"};
    static const char cut[] = "\n[the rest of what this run printed was cut off]\n\n";
    int i, j;
    hostile_begin(TALKS(39));
    for (i = 0; i < 2; i++)
        for (j = 0; j < 2; j++) {
            size_t length;
            CU_ASSERT_EQUAL(talk("nothing", much[i], isolations[j]), 0);
            CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 40);
            if (i == 0) {
                (void)PIPETTE("get", "h.hdf5", "runs.log", "--run", "17");
                length = strlen(command_out);
                CU_ASSERT_EQUAL(length, (1u << 20) + sizeof cut - 1);
                CU_ASSERT(strncmp(command_out, "ten bytes\nten bytes\n", 20) == 0);
                CU_ASSERT(length > sizeof cut && strcmp(command_out + length - (sizeof cut - 1), cut) == 0);
            } else {
                (void)PIPETTE("get", "h.hdf5", "runs.log");
                EXPECT(strlen(command_out) < (1u << 20) + 4096 &&
                       out_has("the rest of what this run printed was cut off"));
            }
        }
    hostile_end();
}

static void test_binary(void)
{
#define BAD "\xef\xbf\xbd"
    hostile_begin(TALKS(39));
    CU_ASSERT_EQUAL(talk("nothing", "binary", "batch"), 0);
    CU_ASSERT_STRING_EQUAL(of_run("runs.log", 17),
                           "a" BAD BAD "(" BAD "Zo\xc3\xab\xf0\x9f\x90\x99" BAD BAD BAD BAD BAD BAD BAD BAD BAD BAD BAD
                           "z");
    CU_ASSERT_EQUAL(PYTHON_RUN("import h5py, sys\nf = h5py.File(sys.argv[1])\nassert f['runs/state'].shape == (40,)\n",
                               in_folder("h.hdf5")),
                    0);
    hostile_end();
}

SUITE("logs", {"each run's prints are its own", test_all}, {"writes of one tiny run", test_batch},
      {"runs that crash, hang or exit", test_ends}, {"a lot of output is cut", test_much},
      {"binary output becomes UTF-8", test_binary}, )
