/* Tests of what postprocess stages store: single values and tables, over repetition, interruption, growth and
 * replacement; and of stages that explore further and are cut off. */
#include "hostile.h"
#include "suite.h"

#define ADDS(last, stage)                                                                                              \
    "name = \"A\";\npreprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"i\"; from = 0; to = " #last    \
    "; step = 1; } ); } );\nrun = { plugin = \"" FIXTURE(                                                              \
        "odd_values") "\"; };\n"                                                                                       \
                      "postprocess = ( { plugin = \"" FIXTURE(                                                         \
                          "adds") "\"; " stage " } );\nstorage = { plugin = \"hdf5\"; file = \"h.hdf5\"; };\n"

static int holds(const char *path, const char *expected)
{
    const int good = PIPETTE("get", "h.hdf5", path) == 0 && strcmp(command_out, expected) == 0;
    return told(good, path);
}

static void test_values(void)
{
    hostile_begin(ADDS(9, ""));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg"), 0);
    CU_ASSERT(holds("threshold", "0.25\n"));
    CU_ASSERT(holds("results.added.seed", "18446744073709551615\n"));
    CU_ASSERT(holds("added.word", "Zo\xc3\xab, \"quoted\"\n"));
    CU_ASSERT(holds("added.runs", "10\n"));
    CU_ASSERT_EQUAL(PIPETTE("show", "h.hdf5", "added"), 0);
    EXPECT(out_has("threshold") && out_has("mV") && out_has("What was added."));
    CU_ASSERT_EQUAL(PYTHON_RUN("import h5py\nf = h5py.File('h.hdf5')['results/added']\nd = {k: f[k][()] for k in f}\n"
                               "assert d['threshold'] == 0.25 and d['seed'] == 2**64 - 1 and d['flag'] == 1 and "
                               "d['word'].decode() == 'Zo\\u00eb, \"quoted\"'\n"
                               "assert d['numbers'].tolist() == [0.5, 1, -2.5] and d['counts'].tolist() == [[1, 1], "
                               "[-3, -9223372036854775806]]\n"
                               "assert [w.decode() for w in d['words']] == ['a, b', '', 'Zo\\u00eb']\nassert "
                               "f['threshold'].attrs['units'] == b'mV' or f['threshold'].attrs['units'] == 'mV'",
                               ""),
                    0);
    CU_ASSERT(told(command_err[0] == '\0', "h5py"));
    /* The same command again changes nothing; another stage's values take the place of the first ones. */
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg"), 0);
    EXPECT(out_has("nothing to do, 10 runs are stored"));
    CU_ASSERT(holds("threshold", "0.25\n"));
    file_write("h.cfg", ADDS(9, "scale = 2;"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg"), 0);
    CU_ASSERT(holds("threshold", "0.5\n"));
    CU_ASSERT(holds("added.word", "another\n"));
    /* Runs that are added and runs that replace. */
    file_write("h.cfg", ADDS(14, "scale = 3;"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg"), 0);
    CU_ASSERT(holds("added.runs", "15\n"));
    CU_ASSERT(holds("threshold", "0.75\n"));
    CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 15);
    file_write("h.cfg", ADDS(4, "scale = 1;"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--overwrite"), 0);
    CU_ASSERT(holds("added.runs", "5\n"));
    CU_ASSERT(holds("added.word", "Zo\xc3\xab, \"quoted\"\n"));
    hostile_end();
}

static void test_odd(void)
{
    hostile_begin(ADDS(3, "deed = \"declared\";")); /* before the runs, and again after them */
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg"), 0);
    CU_ASSERT(holds("threshold", "0.25\n"));
    file_write("h.cfg", ADDS(3, "deed = \"table\";"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--overwrite"), 0);
    CU_ASSERT(holds("added.table.mean", "1.5\n"));
    CU_ASSERT(holds("added.table.runs", "4\n"));
    CU_ASSERT_EQUAL(PYTHON_RUN("import h5py\nf = h5py.File('h.hdf5')['results/added/table']\nassert f['mean'].shape == "
                               "() and f['runs'][()] == 4",
                               ""),
                    0);
    CU_ASSERT_EQUAL(PIPETTE("show", "h.hdf5", "table"), 0);
    file_write("h.cfg", ADDS(3, "deed = \"twice\";"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--overwrite"), 2);
    EXPECT(one_error_line() && err_has("'results.added.flag' exists already"));
    CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 4);
    /* Texts that are no UTF-8 are stored as what they can be. */
    file_write("h.cfg", ADDS(3, "deed = \"latin1\";"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--overwrite"), 0);
    EXPECT(err_has("1 bytes of texts of stages are no UTF-8; each is stored as U+FFFD"));
    CU_ASSERT(holds("added.more", "caf\xef\xbf\xbd\n"));
    file_write("h.cfg", ADDS(3, "deed = \"coordinate\";"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--overwrite"), 0);
    CU_ASSERT(holds("added.table.mean", "group,mean\ncaf\xef\xbf\xbd,1.5\nb,2.5\n"));
    file_write("h.cfg", ADDS(3, "deed = \"complex\";"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--overwrite"), 2);
    EXPECT(err_has("table 'added.table': its dimension 'complex' has the name that files give to the real and "
                   "imaginary parts of complex "
                   "numbers: rename it"));
    CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 4);
    hostile_end();
}

/* Kills the command when run `odd` is being done. */
static void kill_in_run(const char *odd)
{
    pid_t process;
    int i;
    char set[64];
    (void)snprintf(set, sizeof set, "parameters.odd=%s", odd);
    file_write("stop", "");
    (void)unlink(in_folder("reached"));
    process = PIPETTE_START("run", "-q", "h.cfg", "-w", "2", "--set", "parameters.deed=wait", "--set", set, "--set",
                            "run.isolation=run");
    for (i = 0; i < 3000 && !file_exists("reached"); i++)
        command_pause(0.01);
    (void)kill(process, SIGKILL);
    CU_ASSERT_EQUAL(command_wait(process, COMMAND_SECONDS), 128 + SIGKILL);
    CU_ASSERT(file_exists("reached"));
    for (i = 0; i < 1000 && survivors_counted(0) > 0; i++)
        command_pause(0.01);
    (void)unlink(in_folder("stop"));
}

/* A stage that explores by what it is shown (20, 40, 60 runs), cut off in each round: it is shown the same as without.
 */
static void test_cut_off_rounds(void)
{
    static const char *const odd[] = {"5", "33", "55"};
    size_t i;
    for (i = 0; i < 3; i++) {
        char set[64];
        hostile_begin(ADDS(19, "until = 60; scale = 4;"));
        kill_in_run(odd[i]);
        (void)snprintf(set, sizeof set, "parameters.odd=%s", odd[i]);
        CU_ASSERT(told(PIPETTE("run", "-q", "h.cfg", "--set", "parameters.deed=wait", "--set", set) == 0, odd[i]));
        CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 60);
        CU_ASSERT(holds("added.runs", "60\n"));
        CU_ASSERT(holds("added.rows", "60\n"));
        CU_ASSERT(holds("threshold", "1\n"));
        CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--set", "parameters.deed=wait", "--set", set), 0);
        EXPECT(out_has("nothing to do, 60 runs are stored"));
        CU_ASSERT(holds("added.runs", "60\n"));
        CU_ASSERT_STRING_EQUAL(of_run("z", 59), "118");
        hostile_end();
    }
}

SUITE("postprocess", {"single values", test_values}, {"odd values and tables", test_odd},
      {"rounds that are cut off", test_cut_off_rounds}, )
