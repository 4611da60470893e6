/* Tests of what a stored experiment can do: replay of a run, compression, spike times, growth by --runs, space on the
 * disk. */
#include "python.h"
#include "suite.h"

#define CONFIG TEST_SOURCE_FOLDER "/../pipelines/firing_rate.cfg"
#define RESULTS "hdf5/FiringRate.hdf5"

static int python(const char *script)
{
    return PYTHON_RUN(script, NULL);
}

static void test_replay(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", CONFIG, "--runs", "100-120"), 0);
    CU_ASSERT_EQUAL(PIPETTE("replay", RESULTS, "run_00000113"), 0);
    EXPECT(strstr(command_out, "equal     results.neuron.$.V: 10000 elements\n") != NULL);
    EXPECT(strstr(command_out, "equal     results.neuron.$.spike_times: 39 elements\n") != NULL);
    EXPECT(strstr(command_out, "equal     runs.state: done\n") != NULL);
    CU_ASSERT_EQUAL(PIPETTE("replay", RESULTS, "99"), 2);
    EXPECT(strstr(command_err, "holds no run 99") != NULL);
    /* One bit of one element. */
    CU_ASSERT_EQUAL(python("import h5py\nf = h5py.File('" RESULTS
                           "', 'r+')\nV = f['results/neuron/V']\nV[13, 3] = V[13, 3] * (1 + 2e-16)\nf.close()"),
                    0);
    CU_ASSERT_EQUAL(PIPETTE("replay", RESULTS, "113"), 1);
    EXPECT(strstr(command_out, "DIFFERENT results.neuron.$.V: element 3 was ") != NULL);
    EXPECT(strstr(command_out, "equal     results.neuron.$.rate: 1 element\n") != NULL);
    CU_ASSERT_EQUAL(PIPETTE("replay", RESULTS, "112"), 0);
    folder_end();
}

static void test_replay_keeps_sets(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", CONFIG, "--runs", "0-3", "--set", "parameters.neuron.tau_V=20.0", "--set",
                            "storage.file=\"x.hdf5\""),
                    0);
    CU_ASSERT_EQUAL(PIPETTE("replay", "x.hdf5", "2"), 0);
    folder_end();
}

static const char compressed_script[] =
    "import h5py, hashlib\n"
    "f = h5py.File('" RESULTS "')\n"
    "V = f['results/neuron/V']\n"
    "assert V.compression == 'gzip' and V.shuffle and V.chunks == (1, 10000), (V.compression, V.shuffle, V.chunks)\n"
    "print(hashlib.sha256(V[:].tobytes()).hexdigest())\n"
    "print(V.id.get_storage_size() < V.size * 8 // 10)\n";

static void test_compression(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", CONFIG, "--set", "storage.compression=4"), 0);
    CU_ASSERT_EQUAL(python(compressed_script), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "167612c0a7648f4997f9f8939c1306e0787300065d7ecc0a52636fde357bfd9d\nTrue\n");
    CU_ASSERT_EQUAL(PIPETTE("get", RESULTS, "nspikes", "--run", "13"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "51\n");
    CU_ASSERT_EQUAL(PIPETTE("replay", RESULTS, "13"), 0);
    folder_end();
}

static const char spikes_script[] =
    "import h5py, numpy\n"
    "g = h5py.File('" RESULTS "')['results/neuron']\n"
    "count, times, V = g['spike_times_count'][:], g['spike_times/spike_times'][:], g['V'][:]\n"
    "assert count.sum() == len(times) == 27707\n"
    "assert (count == g['nspikes'][:]).all()\n"
    "start = numpy.concatenate([[0], numpy.cumsum(count)])\n"
    "for run in range(303):\n"
    "    steps = numpy.nonzero(V[run, :-1] >= 1)[0]\n"
    "    assert (times[start[run]:start[run + 1]] == steps * 0.1).all(), run\n"
    "print(times[start[13]])\n";

static void test_spike_times(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", CONFIG), 0);
    CU_ASSERT_EQUAL(python(spikes_script), 0);
    folder_end();
}

/* The last ranges asked for come first, and the runs between them later: all stand under their own numbers. */
static void test_runs_in_pieces(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", CONFIG, "--runs", "200-209"), 0);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", CONFIG, "--runs", "13,205-230"), 0);
    CU_ASSERT_EQUAL(PIPETTE("get", RESULTS, "nspikes", "--run", "13"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "51\n");
    CU_ASSERT_EQUAL(PIPETTE("get", RESULTS, "nspikes", "--run", "14"), 2);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", CONFIG), 0);
    CU_ASSERT_EQUAL(PIPETTE("get", RESULTS, "firing_rates"), 0);
    EXPECT(strstr(command_out, "\n1,164,117,91\n") != NULL);
    CU_ASSERT_EQUAL(PIPETTE("run", CONFIG), 0);
    EXPECT(strstr(command_out, "nothing to do, 303 runs are stored") != NULL);
    folder_end();
}

static void test_duration_explored(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", CONFIG, "--set", "preprocess[0].product[0].parameter=\"simulation.duration\"",
                            "--set", "preprocess[0].product[0].values=[1.0, 2.0, 3.0]", "--runs", "0,150,302"),
                    0);
    CU_ASSERT_EQUAL(PIPETTE("get", RESULTS, "neuron.V", "--run", "150"), 0);
    EXPECT(strncmp(command_out, "time,V\n0,0\n", 11) == 0);
    CU_ASSERT_EQUAL(
        python("import h5py\ng = h5py.File('" RESULTS
               "')['results/neuron']\nprint(list(g['V_count'][:]), len(g['V/V']), g['V/run'][9:11].tolist())"),
        0);
    CU_ASSERT_STRING_EQUAL(command_out, "[10, 20, 30] 60 [0, 150]\n");
    folder_end();
}

static void test_too_large_for_the_disk(void)
{
    struct stat seen;
    folder_begin();
    file_write("huge.cfg", "name = \"Huge\";\n"
                           "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"neuron.I\"; from = "
                           "0.0; to = 1.0; step = 1e-8; } ); } );\n"
                           "run = { plugin = \"lif\"; };\nstorage = { plugin = \"hdf5\"; file = \"huge.hdf5\"; };\n"
                           "parameters = { simulation = { duration = 100000.0; }; };\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "huge.cfg"), 4);
    EXPECT(strstr(command_err, "huge.hdf5: 100000001 runs need 800.0 TB, but only ") != NULL);
    EXPECT(stat(in_folder("huge.hdf5"), &seen) != 0);
    CU_ASSERT_EQUAL(PIPETTE("check", "huge.cfg"), 4);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "huge.cfg", "--runs", "99999999"), 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "huge.hdf5", "neuron.I", "--run", "99999999"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "0.9999999900000001\n"); /* 99999999 * 1e-8 */
    folder_end();
}

SUITE("what is stored", {"replay", test_replay}, {"replay keeps --set", test_replay_keeps_sets},
      {"compression", test_compression}, {"spike times", test_spike_times}, {"runs in pieces", test_runs_in_pieces},
      {"a duration that is explored", test_duration_explored},
      {"too large for the disk", test_too_large_for_the_disk}, )
