/* Tests of the ABI's promise: the headers and the library are what tests/abi/record.txt says (the rule stands in
 * tests/abi/record), and plugins that were built against frozen headers load and run. */
#include <glob.h>

#include "command.h"
#include "suite.h"

#define RECORD TEST_SOURCE_FOLDER "/abi/record"
#define LIBRARY TEST_BUILD_FOLDER "/lib/libpipette.so"

static void test_record(void)
{
    folder_begin();
    EXPECT(command_run((const char *const[]){PYTHON, RECORD, LIBRARY, NULL}) == 0);
    folder_end();
}

static const char change[] =
    "import runpy\n"
    "m = runpy.run_path('" RECORD "', run_name='tested')\n"
    "old = open('" TEST_SOURCE_FOLDER "/abi/record.txt').read().splitlines()\n"
    "at = old.index(next(l for l in old if l.startswith('struct pipette_dimension ')))\n"
    "def say(lines): print(*[len(part) for part in m['compare'](old, lines)])\n"
    "say(old)\n"
    "say(old[:at + 2] + old[at + 3:])                                        # a member less\n"
    "say(old[:at + 1] + [old[at + 2], old[at + 1]] + old[at + 3:])           # two in another order\n"
    "say([l.replace('struct pipette_dimension 64', 'struct pipette_dimension 72') for l in old])\n"
    "say([l.replace('struct pipette_dimension 64', 'struct pipette_dimension 56') for l in old])\n"
    "say([l.replace('PIPETTE_E_TYPE -2', 'PIPETTE_E_TYPE -99') for l in old])\n"
    "say([l for l in old if l != 'symbol pipette_version'])\n"
    "say(old + ['symbol pipette_new'])\n";

/* The comparison sees what breaks (first number) and what only grows (second one). */
static void test_comparison(void)
{
    folder_begin();
    EXPECT(command_run((const char *const[]){PYTHON, "-c", change, NULL}) == 0);
    CU_ASSERT_STRING_EQUAL(command_out, "0 0\n1 0\n1 0\n0 1\n1 0\n1 0\n1 0\n0 1\n");
    folder_end();
}

static void run_old(const char *version)
{
    char config[2048];
    folder_begin();
    (void)snprintf(config, sizeof config,
                   "name = \"Old\"; storage = { plugin = \"hdf5\"; file = \"old.hdf5\"; };\n"
                   "run = { plugin = \"%s/old_model.so\"; gain = 2.0; };\n"
                   "preprocess = ( { plugin = \"%s/old_preprocess.so\"; } ); postprocess = ( { plugin = "
                   "\"%s/old_postprocess.so\"; } );\n",
                   version, version, version);
    file_write("old.cfg", config);
    EXPECT(PIPETTE("run", "-q", "old.cfg") == 0 && command_err[0] == '\0');
    EXPECT(PIPETTE("get", "old.hdf5", "summary.old.value") == 0);
    CU_ASSERT_STRING_EQUAL(command_out, "what,value\nsum,56\nfirst,6\n");
    EXPECT(PIPETTE("get", "old.hdf5", "results.old.run_00000001.table", "--wide") == 0);
    CU_ASSERT_STRING_EQUAL(command_out, "row,1,1.5,2\n10,4,5,6\n12,7,8,9\n");
    EXPECT(PIPETTE("get", "old.hdf5", "results.old.run_00000001.word") == 0);
    CU_ASSERT_STRING_EQUAL(command_out, "old\n");
    (void)snprintf(config, sizeof config,
                   "name = \"Old\"; storage = { plugin = \"hdf5\"; file = \"batch.hdf5\"; }; run = { plugin = "
                   "\"%s/old_batch.so\"; };\n"
                   "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; from = 0.0; to = 99.0; "
                   "step = 1.0; } ); } );\n",
                   version);
    file_write("batch.cfg", config);
    EXPECT(PIPETTE("run", "-q", "batch.cfg") == 0 && command_err[0] == '\0');
    EXPECT(PIPETTE("get", "batch.hdf5", "results.run_00000099.cube") == 0);
    CU_ASSERT_STRING_EQUAL(command_out, "970299\n");
    folder_end();
}

static void test_old_plugins(void)
{
    glob_t found;
    size_t i;
    CU_ASSERT_EQUAL_FATAL(glob(TEST_OLD_PLUGINS "/*.*", 0, NULL, &found), 0);
    CU_ASSERT(found.gl_pathc >= 2); /* 1.0, and the present one */
    for (i = 0; i < found.gl_pathc; i++)
        run_old(found.gl_pathv[i]);
    globfree(&found);
}

SUITE("abi", {"headers and library are as recorded", test_record}, {"what the comparison sees", test_comparison},
      {"plugins of old headers run", test_old_plugins}, )
