/* Tests of `omit`: results of every form that a config leaves out are computed and not stored, alone and in batches. */
#include "hostile.h"
#include "suite.h"

#define GAPS(omit)                                                                                                     \
    "name = \"O\";\npreprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; values = [0.0, 1.0, "     \
    "2.0, 3.0]; } ); } );\n"                                                                                           \
    "run = { plugin = \"" FIXTURE("gaps") "\";" omit " };\nstorage = { plugin = \"hdf5\"; file = \"h.hdf5\"; };\n"
#define LIF(last, omit, postprocess)                                                                                   \
    "name = \"L\";\npreprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"neuron.I\"; from = 0.0; to "   \
    "= " last "; step = 0.1; } ); } );\n"                                                                              \
    "run = { plugin = \"lif\";" omit " };\nparameters = { simulation = { duration = 50.0; }; };\n" postprocess         \
    "storage = { plugin = \"hdf5\"; file = \"h.hdf5\"; };\n"
#define SUMMARY "postprocess = ( { plugin = \"rate_summary\"; } );\n"

static int not_there(const char *path)
{
    return PIPETTE("get", "h.hdf5", path) != 0 && one_error_line();
}

/* Scalar, text, ragged and fixed arrays: each left out alone, and all but one. */
static void test_every_form(void)
{
    static const char *const paths[] = {"count", "wave", "note", "pair", "square", "events"};
    size_t i, j;
    hostile_begin(GAPS(""));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg"), 0);
    {
        char *whole[6];
        for (j = 0; j < 6; j++) {
            CU_ASSERT_EQUAL(PIPETTE("get", "h.hdf5", paths[j]), 0);
            whole[j] = strdup(command_out);
        }
        for (i = 0; i < 6; i++) {
            char set[64];
            (void)snprintf(set, sizeof set, "run.omit=[\"%s\"]", paths[i]);
            CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--overwrite", "--set", set), 0);
            CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 4);
            CU_ASSERT(told(not_there(paths[i]), paths[i]));
            for (j = 0; j < 6; j++)
                if (j != i) {
                    (void)PIPETTE("get", "h.hdf5", paths[j]);
                    CU_ASSERT(told(strcmp(command_out, whole[j]) == 0, paths[j]));
                }
        }
        for (j = 0; j < 6; j++)
            free(whole[j]);
    }
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--overwrite", "--in-process", "--set",
                            "run.omit=[\"count\", \"flag\", \"level\", \"bits\", \"single\", \"wave\", \"note\", "
                            "\"pair\", \"square\", \"events\"]"),
                    0);
    CU_ASSERT_EQUAL(PIPETTE("get", "h.hdf5", "ratio"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "run,x,ratio\n0,0,inf\n1,1,1\n2,2,0.5\n3,3,0.3333333333333333\n");
    CU_ASSERT_EQUAL(PIPETTE("get", "h.hdf5", "odd", "--run", "1"), 0); /* undeclared, as ever */
    CU_ASSERT_STRING_EQUAL(command_out, "11\n");
    CU_ASSERT_EQUAL(PYTHON_RUN("import h5py\nassert 'ratio' in (names := set(h5py.File('h.hdf5')['results'])) and not "
                               "names & {'count', 'events', 'note', 'pair', 'square', 'wave'}",
                               ""),
                    0);
    hostile_end();
}

static void test_names(void)
{
    hostile_begin(GAPS("\n omit = [\"evnets\"];"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg"), 2);
    EXPECT(one_error_line() && err_has("h.cfg:4: omit: model 'gaps' has no result 'evnets'; did you mean 'events'?"));
    CU_ASSERT(!file_exists("h.hdf5"));
    CU_ASSERT_EQUAL(PIPETTE("check", "h.cfg"), 2);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--set", "run.omit=[\"zzzzzzzz\"]"), 2);
    EXPECT(err_has("omit: model 'gaps' has no result 'zzzzzzzz'; `pipette inspect "));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--set", "run.omit=[3]"), 2);
    EXPECT(one_error_line() && err_has("omit"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--set", "run.omit=\"results.$.events\""),
                    0); /* one name needs no brackets */
    CU_ASSERT(not_there("events"));
    hostile_end();
}

/* lif computes in batches; V and spike_times are what its files consist of. */
static void test_batch(void)
{
    char *rates = NULL;
    struct stat facts, whole;
    hostile_begin(LIF("1.0", "", SUMMARY));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg"), 0);
    CU_ASSERT_EQUAL(stat(in_folder("h.hdf5"), &whole), 0);
    (void)PIPETTE("get", "h.hdf5", "rate");
    rates = strdup(command_out);
    file_write("h.cfg", LIF("1.0", " omit = [\"V\", \"neuron.$.spike_times\"];", SUMMARY));
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--overwrite", "-w", "2"), 0);
    (void)PIPETTE("get", "h.hdf5", "rate");
    CU_ASSERT_STRING_EQUAL(command_out, rates);
    CU_ASSERT(not_there("V"));
    CU_ASSERT(not_there("spike_times"));
    CU_ASSERT_EQUAL(stat(in_folder("h.hdf5"), &facts), 0);
    CU_ASSERT(whole.st_size - facts.st_size >= 11 * 500 * 8); /* of V */
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--overwrite", "--set", "run.isolation=run"), 0);
    (void)PIPETTE("get", "h.hdf5", "rate");
    CU_ASSERT_STRING_EQUAL(command_out, rates);
    free(rates);
    /* What postprocessing asks for and the config leaves out is known before the first run. */
    file_write("h.cfg", LIF("1.0", " omit = [\"rate\"];", SUMMARY));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--overwrite"), 2);
    EXPECT(one_error_line() && err_has("returns no result, or the run stage leaves it out (omit); choose one with "
                                       "value = \"NAME\": neuron.nspikes"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--overwrite", "--set",
                            "postprocess=({plugin=\"rate_summary\"; value=\"rate\";})"),
                    2);
    EXPECT(one_error_line() && err_has("there is no result 'rate' in the file: the run stage leaves it out (omit); one "
                                       "number per run: neuron.nspikes"));
    hostile_end();
}

/* Another `omit` in a file that is there: what it holds stays. */
static void test_resume(void)
{
    hostile_begin(LIF("0.2", " omit = [\"V\"];", ""));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg"), 0);
    /* The same points with V: nothing is run again. */
    file_write("h.cfg", LIF("0.2", "", ""));
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg"), 0);
    CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 3);
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg"), 0);
    EXPECT(out_has("nothing to do, 3 runs are stored"));
    /* More points: the new ones have V. */
    file_write("h.cfg", LIF("0.4", "", ""));
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg"), 0);
    EXPECT(out_has("2 of 2 runs"));
    CU_ASSERT_EQUAL(PIPETTE("get", "h.hdf5", "V", "--run", "0"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "time,V\n");
    CU_ASSERT_EQUAL(PYTHON_RUN("import h5py, numpy\nV = h5py.File('h.hdf5')['results/neuron/V'][:]\n"
                               "assert V.shape[0] == 5 and numpy.isnan(V[:3]).all() and numpy.isfinite(V[3:]).all(), V",
                               ""),
                    0);
    /* Without it again: what is stored stays, the new run has none. */
    file_write("h.cfg", LIF("0.5", " omit = [\"V\"];", ""));
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg"), 0);
    EXPECT(out_has("1 of 1 run"));
    CU_ASSERT_EQUAL(
        PYTHON_RUN("import h5py, numpy\nf = h5py.File('h.hdf5')\nV = f['results/neuron/V'][:]\n"
                   "assert V.shape[0] == 6 and numpy.isnan(V[[0, 1, 2, 5]]).all() and numpy.isfinite(V[3:5]).all(), V\n"
                   "assert f['runs/state'][:].tolist() == [1] * 6",
                   ""),
        0);
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg"), 0);
    EXPECT(out_has("nothing to do, 6 runs are stored"));
    hostile_end();
}

/* Every form comes too late for runs that are there, and all of them are as without `omit` for the others. */
static void late_forms(const char *set)
{
    hostile_begin(GAPS(""));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--runs", "0-1", "--set", set, "--set",
                            "run.omit=[\"count\", \"flag\", \"wave\", \"note\", \"pair\", \"square\", \"events\"]"),
                    0);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--set", set), 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "h.hdf5", "count"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "run,x,count\n0,0,\n1,1,\n2,2,2\n3,3,3\n");
    CU_ASSERT_EQUAL(
        PYTHON_RUN(
            "import h5py, numpy\nf = h5py.File('h.hdf5')['results']\nnan = numpy.isnan\n"
            "assert nan(f['pair'][:2]).all() and f['pair'][2:].tolist() == [[2, 0.1], [3, 0.1]], f['pair'][:]\n"
            "assert nan(f['wave'][:2]).all() and f['wave'][2:].tolist() == [[2, -0.5], [3, -0.5]] or "
            "f['wave'].dtype.kind in 'cV', f['wave'][:]\n"
            "assert f['square'][1].ravel().tolist() == [-9223372036854775806] * 4 and f['square'][3].ravel().tolist() "
            "== [1, 2, 3, 3]\n"
            "assert f['events_count'][:].tolist() == [0, 0, 2, 3] and f['events/events'][:].tolist() == [10, 20, 10, "
            "20, 30]\n"
            "assert f['events/run'][:].tolist() == [2, 2, 3, 3, 3], f['events/run'][:]\n"
            "assert f['note'][:].tolist() == [b'', b'', b'', b'a, \"b\"\\nc\\x01'], f['note'][:]\n",
            ""),
        0);
    CU_ASSERT(told(command_err[0] == '\0', set));
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--set", set), 0);
    EXPECT(out_has("nothing to do, 4 runs are stored"));
    hostile_end();
}

static void test_late(void)
{
    late_forms("storage.compression=0");
    late_forms("storage.compression=1");
}

SUITE("omit", {"every form", test_every_form}, {"names", test_names}, {"batches", test_batch},
      {"another omit", test_resume}, {"results that come late", test_late}, )
