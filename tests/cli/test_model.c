/* Tests of what a model's author writes with the headers, through a sweep: arrays, every type, named elements, no
 * units. */
#include "python.h"
#include "suite.h"

#define CONFIG                                                                                                         \
    "name = \"Health\"; run = { plugin = \"" FIXTURE(                                                                  \
        "health") "\"; }; storage = { plugin = \"hdf5\"; file = \"h.hdf5\"; };\n"                                      \
                  "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; values = [1.0, 4.0]; } "   \
                  "); } );\n"

static void test_values(void)
{
    folder_begin();
    file_write("h.cfg", CONFIG);
    EXPECT(PIPETTE("run", "-q", "h.cfg") == 0);
    EXPECT(PIPETTE("get", "h.hdf5", "people", "--run", "1", "--wide") == 0);
    CU_ASSERT_STRING_EQUAL(command_out, "state,0,0.5\nS,2,3\nI,1,2\n\"R, at last\",1,2\n");
    EXPECT(PIPETTE("show", "h.hdf5", "people") == 0 && out_has("\n  state is S, I, R, at last\n"));
    EXPECT(PIPETTE("get", "h.hdf5", "results.run_00000000.z") == 0);
    CU_ASSERT_STRING_EQUAL(command_out, "1.25+3j\n");
    EXPECT(PIPETTE("get", "h.hdf5", "results.run_00000000.u") == 0);
    CU_ASSERT_STRING_EQUAL(command_out, "18446744073709551615\n");
    EXPECT(PIPETTE("get", "h.hdf5", "results.run_00000000.i") == 0);
    CU_ASSERT_STRING_EQUAL(command_out, "-7\n");
    EXPECT(PIPETTE("get", "h.hdf5", "results.run_00000000.f") == 0);
    CU_ASSERT_STRING_EQUAL(command_out, "0.25\n");
    EXPECT(PIPETTE("get", "h.hdf5", "results.run_00000000.on") == 0);
    CU_ASSERT_STRING_EQUAL(command_out, "true\n");
    folder_end();
}

static const char labels_script[] =
    "import xarray\n"
    "for engine in ('netcdf4', 'h5netcdf'):\n"
    "    data = xarray.open_dataset('h.hdf5', group='results', engine=engine)\n"
    "    print(list(data.state.values), data.state.long_name, data.people.sel(state='I', time=0.5).values)\n"
    "    entries = xarray.open_dataset('h.hdf5', group='results/n', engine=engine)\n"
    "    print(entries.n.values.tolist(), entries.run.values.tolist())\n";

/* Names of elements are coordinates for whoever reads the file; a file that grows keeps them. */
static void test_labels(void)
{
    folder_begin();
    file_write("h.cfg", CONFIG);
    EXPECT(PIPETTE("run", "-q", "h.cfg") == 0);
    EXPECT(PIPETTE("run", "-q", "h.cfg", "--set", "preprocess[0].product[0].values=[1.0, 4.0, 8.0]") == 0);
    EXPECT(PYTHON_RUN(labels_script, NULL) == 0);
    CU_ASSERT_STRING_EQUAL(command_out,
                           "['S', 'I', 'R, at last'] State of health [1.25 2.   3.  ]\n"
                           "[3, -9007199254740993, 3, -9007199254740993, 3, -9007199254740993] [0, 0, 1, 1, 2, 2]\n"
                           "['S', 'I', 'R, at last'] State of health [1.25 2.   3.  ]\n"
                           "[3, -9007199254740993, 3, -9007199254740993, 3, -9007199254740993] [0, 0, 1, 1, 2, 2]\n");
    EXPECT(PIPETTE("get", "h.hdf5", "people", "--run", "2", "--wide") == 0);
    CU_ASSERT_STRING_EQUAL(command_out, "state,0,0.5\nS,4,5\nI,2,3\n\"R, at last\",2,3\n");
    folder_end();
}

static void fails(const char *mistake, const char *message)
{
    char set[80];
    (void)snprintf(set, sizeof set, "parameters.mistake=%s", mistake);
    EXPECT(PIPETTE("run", "-q", "--overwrite", "h.cfg", "--set", set) == 1);
    EXPECT(err_has(message));
}

static void test_mistakes(void)
{
    folder_begin();
    file_write("h.cfg", CONFIG);
    fails("1", "parameter 'i' is i32, the model asks for bool");
    fails("2", "parameter 'x' is f64, the model asks for f64 array");
    fails("3", "parameter 'shares' is f64 array, the model asks for i64 array");
    fails("4", "there is no parameter 'none'");
    folder_end();
}

SUITE("models through a sweep", {"every type and arrays", test_values}, {"elements have names", test_labels},
      {"asked for in a wrong way", test_mistakes}, )
