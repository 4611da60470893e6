/* Tests of `get`: what is missing, tables, arrays, states, conditions, JSON, many runs, a reader that goes away. */
#include "python.h"
#include "suite.h"

#define GAPS(more)                                                                                                     \
    "name = \"E\";\nrun = { plugin = \"" FIXTURE(                                                                      \
        "gaps") "\"; };\nstorage = { plugin = \"hdf5\"; file = \"e.hdf5\"; };\n" more

/* Runs 0 to 5: done, done, done, done with fill values, failed, infeasible. */
static void gaps(void)
{
    folder_begin();
    file_write("e.cfg", GAPS("preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; values = [0.0, "
                             "1.0, 2.0, 7.0, -1.0, 200.0]; } ); } );\n"
                             "postprocess = ( { plugin = \"" FIXTURE("two_tables") "\"; } );\n"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 1);
}

#define GET(wanted, ...)                                                                                               \
    do {                                                                                                               \
        EXPECT(PIPETTE("get", "e.hdf5", __VA_ARGS__) == 0);                                                            \
        EXPECT(strcmp(command_out, wanted) == 0);                                                                      \
        EXPECT(command_err[0] == '\0');                                                                                \
    } while (0)

static void test_missing(void)
{
    gaps();
    GET("run,x,count\n0,0,0\n1,1,1\n2,2,2\n3,7,-9223372036854775806\n4,-1,\n5,200,\n", "count");
    GET("run,x,flag\n0,0,false\n1,1,false\n2,2,true\n3,7,true\n4,-1,\n5,200,\n", "flag");
    GET("run,x,level\n0,0,-5\n1,1,-5\n2,2,-5\n3,7,-2147483647\n4,-1,\n5,200,\n", "level");
    GET("run,x,bits\n0,0,18446744073709551615\n1,1,18446744073709551615\n2,2,18446744073709551615\n3,7,"
        "18446744073709551614\n4,-1,\n5,200,\n",
        "bits");
    GET("run,x,ratio\n0,0,inf\n1,1,1\n2,2,0.5\n3,7,nan\n4,-1,\n5,200,\n", "ratio");
    GET("run,x,wave\n0,0,0-0.5j\n1,1,1-0.5j\n2,2,2-0.5j\n3,7,7-0.5j\n4,-1,\n5,200,\n", "wave");
    GET("run,x,odd\n0,0,\n1,1,11\n2,2,\n3,7,\n4,-1,\n5,200,\n", "odd");
    GET("run,x,note\n2,2,\n4,-1,\n5,200,\n", "note", "--where", "missing(note) or note == ''");
    GET("0\n", "count", "--run", "0");
    GET("\n", "count", "--run", "4");
    GET("null\n", "count", "--run", "4", "--json");
    GET("\n", "odd", "--run", "2");
    GET("\n", "run_00000005.ratio");
    GET("side,pair\n", "pair", "--run", "4");
    GET("\n", "message", "--run", "0");
    folder_end();
}

static void test_arrays(void)
{
    gaps();
    GET("run,x,side,pair\n0,0,1,0\n0,0,1.5,0.1\n1,1,1,1\n1,1,1.5,0.1\n2,2,1,2\n2,2,1.5,0.1\n3,7,1,7\n3,7,1.5,nan\n4,-1,"
        ",\n5,200,,\n",
        "pair");
    GET("run,x,pair_0,pair_1\n0,0,0,0.1\n1,1,1,0.1\n2,2,2,0.1\n3,7,7,nan\n4,-1,,\n5,200,,\n", "pair", "--wide");
    GET("run,x,row,column,square\n1,1,0,0,1\n1,1,0,1,2\n1,1,1,0,3\n1,1,1,1,1\n", "square", "--where", "run == 1");
    GET("run,x,square_0_0,square_0_1,square_1_0,square_1_1\n1,1,1,2,3,1\n4,-1,,,,\n", "square", "--wide", "--where",
        "run == 1 or run == 4");
    GET("row,column,square\n0,0,1\n0,1,2\n1,0,3\n1,1,2\n", "square", "--run", "2");
    GET("row,0,1\n0,1,2\n1,3,2\n", "square", "--run", "2", "--wide");
    GET("run,x,event,events\n1,1,0,10\n2,2,0,10\n2,2,1,20\n3,7,0,10\n3,7,1,20\n3,7,2,30\n4,-1,,\n5,200,,\n", "events");
    GET("run,x,event,events\n1,1,0,10\n2,2,0,10\n2,2,1,20\n", "events", "--done", "--where", "x < 7");
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "events", "--wide"), 2);
    EXPECT(one_error_line() && err_has("'results.$.events' has another length in each run: it does not fit --wide"));
    folder_end();
}

static void test_tables(void)
{
    gaps();
    GET("group,slope,points\n\"a, b\",0.1,3\nc,,\n", "summary.fit");
    GET("group,slope\n\"a, b\",0.1\nc,\n", "fit.slope");
    GET("group,0.5,1.5,2.5\n\"a, b\",1,2,3\nc,4,,6\n", "grid");
    GET("group,tau,level\n\"a, b\",0.5,1\n\"a, b\",1.5,2\n\"a, b\",2.5,3\nc,0.5,4\nc,1.5,\nc,2.5,6\n", "grid",
        "--long");
    GET("{\"group\": [\"a, b\", \"c\"],\n \"slope\": [0.1, null],\n \"points\": [3, null]}\n", "fit", "--json");
    GET("{\"group\": [\"a, b\", \"c\"],\n \"tau\": [0.5, 1.5, 2.5],\n \"level\": [[1, 2, 3], [4, null, 6]]}\n",
        "summary.grid", "--json");
    GET("[[1, 2, 3], [4, null, 6]]\n", "grid.level", "--json");
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "summary"), 2);
    EXPECT(one_error_line());
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "fit", "--done"), 2);
    EXPECT(one_error_line() && err_has("'fit' is the same for all runs"));
    folder_end();
}

static void test_states(void)
{
    gaps();
    GET("run,state,x,count\n0,done,0,0\n1,done,1,1\n2,done,2,2\n3,done,7,-9223372036854775806\n4,failed,-1,\n5,"
        "infeasible,200,\n",
        "count", "--state");
    GET("run,x,count\n0,0,0\n1,1,1\n2,2,2\n3,7,-9223372036854775806\n", "count", "--done");
    GET("run,state,x,message\n4,failed,-1,\"x = -1, \"\"negative\"\"\"\n", "runs", "--state", "failed");
    GET("run,state,x,message\n4,failed,-1,\"x = -1, \"\"negative\"\"\"\n5,infeasible,200,beyond 100\n", "runs",
        "--state=infeasible,failed");
    GET("run,state,x,message\n0,done,0,\n1,done,1,\n2,done,2,\n3,done,7,\n4,failed,-1,\"x = -1, "
        "\"\"negative\"\"\"\n5,infeasible,200,beyond 100\n",
        "runs");
    GET("run,state,x,message\n", "runs", "--state", "timed_out");
    GET("run,x,message\n4,-1,\"x = -1, \"\"negative\"\"\"\n5,200,beyond 100\n", "message");
    GET("[\n{\"run\": 4, \"state\": \"failed\", \"x\": -1, \"message\": \"x = -1, \\\"negative\\\"\"}\n]\n", "runs",
        "--json", "--state", "failed");
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "runs", "--state=broken"), 2);
    EXPECT(one_error_line() && err_has("--state takes states such as failed,timed_out") && err_has("'broken'"));
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "runs", "--state", "broken"), 2);
    EXPECT(one_error_line() && err_has("'broken' is too much, or --state is meant: it takes pending, done, failed"));
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "count", "--run", "1", "--done"), 2);
    EXPECT(one_error_line());
    folder_end();
}

static void test_where(void)
{
    gaps();
    GET("run,x,count\n1,1,1\n2,2,2\n", "count", "--where", "x > 0.5 and count < 3 and count > 0");
    GET("run,x,count\n4,-1,\n", "count", "--where", "state == 'failed'");
    GET("run,x,count\n4,-1,\n5,200,\n", "count", "--where", "missing(count)");
    GET("run,x,count\n0,0,0\n", "count", "--where", "count == 0"); /* what is missing is not 0, */
    GET("run,x,count\n1,1,1\n2,2,2\n3,7,-9223372036854775806\n", "count", "--where",
        "count != 0"); /* nor anything else */
    GET("run,x,count\n0,0,0\n1,1,1\n2,2,2\n", "count", "--where", "bits == 18446744073709551615 and single == 0.1");
    GET("run,x,count\n2,2,2\n3,7,-9223372036854775806\n", "count", "--where", "flag and name == 'plain'");
    GET("run,x,count\n1,1,1\n", "count", "--where", "odd == 11");
    GET("run,x,count\n4,-1,\n", "count", "--where", "message == 'x = -1, \"negative\"'");
    GET("run,x,count\n0,0,0\n3,7,-9223372036854775806\n", "count", "--where", "not isfinite(ratio)");
    GET("run,x,count\n0,0,0\n1,1,1\n", "count", "--where", "runs.duration >= 0 && abs(results.$.count) <= 1");
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "count", "--where", "x > 0.5 an count == 0"), 2);
    EXPECT(one_error_line() && err_has("character 9 of 'x > 0.5 an count == 0': an operator is missing before 'an'"));
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "count", "--where", "x > 0.5 and cuont == 0"), 2);
    EXPECT(one_error_line() && err_has("character 13 of ") && err_has("'cuont'; did you mean 'results.$.count'"));
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "count", "--where", "pair > 0"), 2);
    EXPECT(one_error_line() && err_has("'results.$.pair' is an array; a condition takes scalars"));
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "count", "--where", "wave == 0"), 2);
    EXPECT(one_error_line() && err_has("is complex"));
    folder_end();
}

/* What a strict reader makes of it. */
static void test_json(void)
{
    static const char script[] =
        "import json, subprocess, sys\n"
        "def refuse(word): raise ValueError(word)\n"
        "def get(*a): return json.loads(subprocess.run([sys.argv[1], 'get', 'e.hdf5', '--json', *a], "
        "stdout=subprocess.PIPE, check=True).stdout, parse_constant=refuse)\n"
        "assert get('ratio') == [{'run': r, 'x': x, 'ratio': v} for r, x, v in [(0, 0, None), (1, 1, 1), (2, 2, 0.5), "
        "(3, 7, None), (4, -1, None), (5, 200, None)]]\n"
        "assert [r['bits'] for r in get('bits', '--done')] == [2**64 - 1] * 3 + [2**64 - 2]\n"
        "assert [r['wave'] for r in get('wave')] == [[0, -0.5], [1, -0.5], [2, -0.5], [7, -0.5], None, None]\n"
        "assert [r['note'] for r in get('note')] == ['a, \"b\"\\nc\\x01', 'a, \"b\"\\nc\\x01', '', 'a, "
        "\"b\"\\nc\\x01', None, None]\n"
        "assert [r['square'] for r in get('square')] == [[[1, 2], [3, x]] for x in (0, 1, 2, 7)] + [None] * 2\n"
        "assert [r['events'] for r in get('events')] == [[], [10], [10, 20], [10, 20, 30], None, None]\n"
        "assert get('square', '--run', '2') == [[1, 2], [3, 2]]\n"
        "assert get('box.name') == 'plain'\n"
        "assert [r['state'] for r in get('count', '--state')] == ['done'] * 4 + ['failed', 'infeasible']\n"
        "assert get('count', '--where', 'x > 1000') == []\n";
    gaps();
    EXPECT(PYTHON_RUN(script, TEST_COMMAND) == 0);
    folder_end();
}

/* Columns whose names would be the same keep more of their paths. */
static void test_headers(void)
{
    folder_begin();
    file_write("n.cfg",
               "name = \"N\";\nrun = { plugin = \"" FIXTURE(
                   "every_entry") "\"; };\nstorage = { plugin = \"hdf5\"; file = \"e.hdf5\"; };\n"
                                  "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"left.twin\"; "
                                  "values = [1]; }, { parameter = \"right.twin\"; values = [2]; } ); } );\n");
    (void)PIPETTE("run", "-q", "n.cfg");
    EXPECT(PIPETTE("get", "e.hdf5", "n") == 0);
    EXPECT(strncmp(command_out, "run,left.twin,right.twin,n\n0,1,2,", 32) == 0);
    folder_end();
}

/* Many runs: read and written in blocks, every number as it was; rows one by one where a condition leaves gaps. */
static void test_many(void)
{
    static const char script[] =
        "import h5py, sys, numpy\n"
        "a = numpy.loadtxt('z.csv', delimiter=',', skiprows=1)\n"
        "f = h5py.File('m.hdf5')\n"
        "assert len(a) == 300000 and (a[:, 3] == f['results/z'][:]).all() and (a[:, 1] == f['results/x'][:]).all()\n"
        "b = numpy.loadtxt('w.csv', delimiter=',', skiprows=1)\n"
        "assert (b == a[(a[:, 0] % 3 == 1) & (a[:, 3] > 100)]).all() and len(b) > 1000\n";
    struct timespec begin, end;
    folder_begin();
    file_write(
        "m.cfg",
        "name = \"M\";\nrun = { plugin = \"multiply\"; };\nstorage = { plugin = \"hdf5\"; file = \"m.hdf5\"; };\n"
        "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; from = 0.0; to = 29.99; step = 0.01; "
        "}, "
        "{ parameter = \"y\"; from = 0.1; to = 10.0; step = 0.1; } ); } );\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "m.cfg"), 0);
    CU_ASSERT_EQUAL(SHELL(TEST_COMMAND " get m.hdf5 z > z.csv && " TEST_COMMAND
                                       " get m.hdf5 z --where 'run % 3 == 1 and z > 100' > w.csv"),
                    0);
    CU_ASSERT_EQUAL(PYTHON_RUN(script, ""), 0);
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    CU_ASSERT_EQUAL(
        SHELL("set -e; " TEST_COMMAND " get m.hdf5 z | head -n 1; " TEST_COMMAND " get m.hdf5 z --json | head -c 10"),
        0);
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    EXPECT(command_err[0] == '\0' && strncmp(command_out, "run,x,y,z\n[\n{\"run\":", 19) == 0);
    EXPECT(end.tv_sec - begin.tv_sec < 20);
    CU_ASSERT_EQUAL(SHELL(TEST_COMMAND " get m.hdf5 z > /dev/full"), 5);
    EXPECT(one_error_line() && err_has("cannot write to standard output: No space left on device"));
    folder_end();
}

/* What is larger than a part comes part by part, in the same form. */
static void test_large(void)
{
    static const char script[] =
        "import h5py, sys, numpy, json, subprocess\n"
        "V = h5py.File('l.hdf5')['results/neuron/V'][:]\n"
        "assert V.shape == (2, 200000)\n"
        "a = numpy.loadtxt('one.csv', delimiter=',', skiprows=1)\n"
        "assert (a[:, 1] == V[1]).all() and (a[:, 0] == numpy.arange(200000) * 0.1).all()\n"
        "b = numpy.loadtxt('all.csv', delimiter=',', skiprows=1)\n"
        "assert (b[:, -1] == V.ravel()).all() and (b[:200000, 0] == 0).all() and (b[200000:, 0] == 1).all()\n"
        "assert json.load(open('one.json')) == V[1].tolist()\n"
        "assert [r['V'] for r in json.load(open('all.json'))] == V.tolist()\n";
    folder_begin();
    file_write(
        "l.cfg",
        "name = \"L\";\nrun = { plugin = \"lif\"; };\nstorage = { plugin = \"hdf5\"; file = \"l.hdf5\"; };\n"
        "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"I\"; values = [0.3, 0.6]; } ); } );\n"
        "parameters = { simulation = { duration = 20000.0; }; };\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "l.cfg"), 0);
    CU_ASSERT_EQUAL(SHELL("set -e; " TEST_COMMAND " get l.hdf5 V --run 1 > one.csv; " TEST_COMMAND
                          " get l.hdf5 V > all.csv; " TEST_COMMAND
                          " get l.hdf5 V --run 1 --json > one.json; " TEST_COMMAND " get l.hdf5 V --json > all.json"),
                    0);
    EXPECT(PYTHON_RUN(script, "") == 0);
    folder_end();
}

SUITE("get", {"what is missing", test_missing}, {"arrays", test_arrays}, {"tables", test_tables},
      {"states", test_states}, {"conditions", test_where}, {"JSON", test_json}, {"headers", test_headers},
      {"many runs", test_many}, {"large values", test_large}, )
