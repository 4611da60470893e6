/* Tests of looking: which names find what, configs from `inspect --config`, what `show` prints where. */
#include "command.h"
#include "suite.h"

#define TUTORIAL TEST_SOURCE_FOLDER "/../pipelines/firing_rate.cfg"

static void test_names(void)
{
    folder_begin();
    file_write("n.cfg", "name = \"N\"; run = { plugin = \"" FIXTURE("names_model") "\"; };\n"
                        "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"r_1\"; values = [0, 1]; } ); } );\n"
                        "storage = { plugin = \"hdf5\"; file = \"n.hdf5\"; };\n");
    /* A run that asks for what does not exist hears what does. */
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "n.cfg"), 1);
    EXPECT(err_has("there is no parameter 'neuron.tauv'; did you mean 'parameters.neuron.tau_V'?"));
    /* What a result is called, finds the result, whatever config and the ledger have by that name. */
    CU_ASSERT_EQUAL(PIPETTE("get", "n.hdf5", "text", "--run", "0"), 0);
    EXPECT(strcmp(command_out, "of the run\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "n.hdf5", "duration", "--run", "0"), 0);
    EXPECT(strcmp(command_out, "2.5\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "n.hdf5", "pipeline.text"), 0);
    EXPECT(strncmp(command_out, "name = \"N\"; run", 15) == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "n.hdf5", "state", "--run", "1"), 0);
    EXPECT(strcmp(command_out, "failed\n") == 0);
    /* Names are taken as written before they stand for a run. */
    CU_ASSERT_EQUAL(PIPETTE("get", "n.hdf5", "r_1", "--run", "1"), 0);
    EXPECT(strcmp(command_out, "1\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "n.hdf5", "r_0.text"), 0);
    EXPECT(strcmp(command_out, "of the run\n") == 0);
    /* What finds nothing proposes the nearest. */
    CU_ASSERT_EQUAL(PIPETTE("get", "n.hdf5", "TAUV"), 2);
    EXPECT(one_error_line() && err_has("n.hdf5: holds no 'TAUV'; did you mean 'parameters.neuron.tau_V'?"));
    CU_ASSERT_EQUAL(PIPETTE("get", "n.hdf5", "zzz"), 2);
    EXPECT(one_error_line() && err_has("`pipette show n.hdf5` lists what it holds"));
    folder_end();
}

static void test_set(void)
{
    static const char *const cases[][2] = {
        {"neuron.tau_V=20", "a pipeline has no key 'neuron.tau_V'; did you mean 'parameters.neuron.tau_V'?"},
        {"tau_V=20", "a pipeline has no key 'tau_V'; did you mean 'parameters.neuron.tau_V'?"},
        {"parameters.tau_v=20", "there is no parameter 'tau_v'; did you mean 'neuron.tau_V'?"},
        {"nam=x", "a pipeline has no key 'nam'; did you mean 'name'?"},
        {"something=1", "a pipeline has no key 'something'; known are name, comment, "},
    };
    size_t i;
    folder_begin();
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CU_ASSERT_EQUAL(PIPETTE("check", TUTORIAL, "--set", cases[i][0]), 2);
        EXPECT(one_error_line() && err_has(cases[i][0]) && err_has(cases[i][1]));
    }
    folder_end();
}

SUITE("looking", {"names in files and runs", test_names}, {"names in --set", test_set}, )
