/* Tests of looking: which names find what, configs from `inspect --config`, what `show` prints where. */
#include "python.h"
#include "suite.h"

#define TUTORIAL TEST_SOURCE_FOLDER "/../pipelines/firing_rate.cfg"

static void test_names(void)
{
    folder_begin();
    file_write("n.cfg", "name = \"N\"; run = { plugin = \"" FIXTURE(
                            "names_model") "\"; };\n"
                                           "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"r_1\"; "
                                           "values = [0, 1]; } ); } );\n"
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

/* A config of everything that a config has to be careful with: it fits together, and changes no default. */
static void test_skeleton(void)
{
    static const char *const values[][2] = {{"third", "0.3333333333333333\n"},
                                            {"seed", "18446744073709551615\n"},
                                            {"low", "-9223372036854775808\n"},
                                            {"tiny", "4.94065645841247e-324\n"},
                                            {"a.limit", "inf\n"},
                                            {"a.none", "nan\n"},
                                            {"b.half", "0.1\n"},
                                            {"b.flag", "true\n"},
                                            {"2nd", "2\n"},
                                            {"nan.inf", "2\n"},
                                            {"text", "\"\\ \t\n\x1b Stra\xc3\x9f"
                                                     "e\n"},
                                            {"b.nothing", "\n"}};
    size_t i;
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("inspect", FIXTURE("odd_defaults"), "--config"), 0);
    EXPECT(command_err[0] == '\0' && out_has("\n    # isolation (string, default batch): "));
    file_write("s.cfg", command_out);
    CU_ASSERT_EQUAL(PIPETTE("check", "s.cfg"), 0);
    EXPECT(out_has("s.cfg: Experiment fits together\nruns:    1\n") && command_err[0] == '\0');
    CU_ASSERT_EQUAL(PIPETTE("run", "s.cfg", "-q", "--set", "storage.file=s.hdf5"), 0);
    for (i = 0; i < sizeof values / sizeof values[0]; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "parameters.%s", values[i][0]);
        CU_ASSERT_EQUAL(PIPETTE("get", "s.hdf5", path), 0);
        EXPECT(strcmp(command_out, values[i][1]) == 0);
    }
    CU_ASSERT_EQUAL(
        PYTHON_RUN("import h5py, sys, math\n"
                   "p = h5py.File(sys.argv[1])['parameters']\n"
                   "a = p['a']\n"
                   "assert [w.decode() for w in p['words'][:]] == ['al \"pha\"', 'be\\\\ta\\n']\n"
                   "assert a['row'][:].tolist() == [1.0, 0.0, 1e300] and math.copysign(1, a['row'][1]) == -1\n"
                   "assert a['floats'].dtype == 'f4' and a['floats'][1] == 16777216 and str(a['floats'][0]) == '0.1'\n"
                   "assert a['longs'][:].tolist() == [-2**63, 0, 2**63 - 1] and a['longs'].dtype == 'i8'\n"
                   "assert a['ints'][:].tolist() == [-5, 7] and a['ints'].dtype == 'i4'\n"
                   "assert a['large'][:].tolist() == [2**64 - 1, 1] and a['small'][:].tolist() == [1, 2]\n"
                   "assert a['small'].dtype == 'u8' and a['flags'][:].tolist() == [1, 0]\n"
                   "assert a['matrix'][:].tolist() == [[1, 2], [3, 4]]\n",
                   in_folder("s.hdf5")),
        0);
    EXPECT(command_err[0] == '\0');
    /* Other models, by file and by name. */
    CU_ASSERT_EQUAL(SHELL("cd " TEST_FIXTURES
                          " && for m in ./every_type.so ./names_model.so ./batch_model.so ./random_block.so lif; do "
                          "  " TEST_COMMAND " inspect $m --config > $OLDPWD/m.cfg && " TEST_COMMAND
                          " check $OLDPWD/m.cfg > $OLDPWD/out || echo $m; done"),
                    0);
    EXPECT(command_out[0] == '\0' && command_err[0] == '\0');
    folder_end();
}

/* Lines of what is shown on a terminal of so many columns that are longer, and how many there are in all. */
static void lines_at(const char *columns, const char *arguments, char *out, size_t size)
{
    char line[600];
    (void)snprintf(line, sizeof line,
                   "env -u LC_ALL -u COLUMNS LC_CTYPE=C script -qec 'stty cols %s; " TEST_COMMAND
                   " %s' /dev/null < /dev/null | tr -d '\\r' > screen",
                   columns, arguments);
    CU_ASSERT_EQUAL(SHELL(line), 0);
    CU_ASSERT_EQUAL(PYTHON_RUN("import sys\n"
                               "lines = open(sys.argv[1], encoding='utf-8').read().splitlines()\n"
                               "print(sum(len(x) > int(sys.argv[2]) for x in lines), len(lines) > 8)\n",
                               in_folder("screen"), columns),
                    0);
    (void)snprintf(out, size, "%s", command_out);
    CU_ASSERT_EQUAL(SHELL("cat screen"), 0);
}

static void test_terminal(void)
{
    static const char *const shown[] = {"show f.hdf5",     "show f.hdf5 --run 35", "show f.hdf5 config",
                                        "show f.hdf5 V",   "show f.hdf5 --config", "inspect lif",
                                        "inspect explorer"};
    char long_lines[64];
    size_t i;
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("run", TUTORIAL, "-q", "--runs", "0-40", "--set", "storage.file=f.hdf5"), 0);
    for (i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        lines_at("80", shown[i], long_lines, sizeof long_lines);
        EXPECT(strcmp(long_lines, "0 True\n") == 0);
    }
    EXPECT(out_has("Instead of product: the points, one by") || out_has("Instead of product: the points, one"));
    lines_at("80", "show f.hdf5", long_lines, sizeof long_lines);
    /* Results and runs come first, config when it is asked for. */
    EXPECT(strstr(command_out, "\nresults") < strstr(command_out, "\nruns") &&
           strstr(command_out, "\nruns") < strstr(command_out, "\nparameters"));
    EXPECT(out_has(" VALUE        MEANING\n") && out_has("Number of spikes.\n") &&
           out_has("[5, 7.5, 10] Refractory")); /* however wide shapes are */
    EXPECT(out_has("\n|-neuron.$") && out_has("nspikes") && !out_has("provenance") &&
           out_has("`pipette show f.hdf5 config`"));
    lines_at("200", "show f.hdf5", long_lines, sizeof long_lines);
    EXPECT(strcmp(long_lines, "0 True\n") == 0 && out_has("Input current, as the rise of the potential without leak."));
    CU_ASSERT_EQUAL(PIPETTE("show", "f.hdf5", "conf"), 0);
    EXPECT(out_has("provenance") && out_has("lif") && !out_has("nspikes"));
    /* Nothing is cut where there is no terminal. */
    CU_ASSERT_EQUAL(PIPETTE("show", "f.hdf5"), 0);
    EXPECT(out_has("When the run, or the batch that it (or the first run of the block) was computed in, began") &&
           out_has("seconds since 1970-01-01 00:00:00"));
    /* A reader that has seen enough. */
    CU_ASSERT_EQUAL(SHELL(TEST_COMMAND " show f.hdf5 --json --run 3 | head -n 1"), 0);
    EXPECT(strcmp(command_out, "{\n") == 0 && command_err[0] == '\0');
    CU_ASSERT_EQUAL(SHELL(TEST_COMMAND " show f.hdf5 > /dev/full"), 5);
    EXPECT(one_error_line());
    CU_ASSERT_EQUAL(PIPETTE("show", "f.hdf5", "V", "--json"), 0);
    file_write("v.json", command_out);
    CU_ASSERT_EQUAL(
        PYTHON_RUN("import json, sys\n"
                   "d = json.load(open(sys.argv[1]))\n"
                   "assert d['path'] == 'results.neuron.$.V' and d['unit'] == '1' and len(d['runs']) == 20\n"
                   "r = d['runs'][1]\n"
                   "assert r['run'] == 1 and r['state'] == 'done' and r['value'][:2] == [0, 0.001]\n"
                   "assert len(r['value']) == 1000 and r['elements'] == 10000\n",
                   in_folder("v.json")),
        0);
    EXPECT(command_err[0] == '\0');
    CU_ASSERT_EQUAL(PIPETTE("show", "f.hdf5", "rates_frame", "--json"), 0);
    CU_ASSERT_EQUAL(PYTHON_RUN("import json, sys\n"
                               "v = json.loads(sys.argv[1])['value']\n"
                               "assert len(v) == 101 and len(v[0]) == 3 and v[35][0] == 119, v[35]\n",
                               command_out),
                    0);
    CU_ASSERT_EQUAL(PIPETTE("show", "f.hdf5", "parameters.neuron", "--json"), 0);
    CU_ASSERT_EQUAL(PYTHON_RUN("import json, sys\n"
                               "d = json.loads(sys.argv[1])\n"
                               "assert [e['path'] for e in d['entries']] == ['parameters.neuron.' + x for x in "
                               "('V_init', 'tau_V', 'tau_ref', 'I')]\n",
                               command_out),
                    0);
    folder_end();
}

static void test_missing(void)
{
    folder_begin();
    file_write("n.cfg", "name = \"N\"; run = { plugin = \"" FIXTURE(
                            "names_model") "\"; };\n"
                                           "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"r_1\"; "
                                           "values = [0, 1]; } ); } );\n"
                                           "storage = { plugin = \"hdf5\"; file = \"n.hdf5\"; };\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "n.cfg"), 1);
    CU_ASSERT_EQUAL(SHELL("LC_ALL=C " TEST_COMMAND " show n.hdf5"), 0);
    EXPECT(out_has("L\xc3\xa4nge \xc3\xbc"
                   "ber alles.") &&
           out_has(" \xc2\xb5m ") && out_has("2 runs: 1 done, 1 failed\n"));
    CU_ASSERT_EQUAL(PIPETTE("show", "n.hdf5", "count"), 0);
    EXPECT(out_has("\n  0   0 done   3\n") && out_has("\n  1   1 failed"));
    CU_ASSERT_EQUAL(PIPETTE("show", "n.hdf5", "--run", "1"), 0);
    EXPECT(out_has("looking at run_00000001, failed\n") && !out_has("-9223372036854775806") && !out_has("true") &&
           !out_has("nan"));
    CU_ASSERT_EQUAL(PIPETTE("show", "n.hdf5", "--run", "1", "--json"), 0);
    CU_ASSERT_EQUAL(
        PYTHON_RUN("import json, sys\n"
                   "e = {x['path']: x['value'] for x in json.loads(sys.argv[1])['entries']}\n"
                   "assert all(e['results.$.' + x] is None for x in ('text', 'duration', 'count', 'good')), e\n"
                   "assert e['runs.state'] == 'failed' and 'neuron.tauv' in e['runs.message']\n",
                   command_out),
        0);
    EXPECT(command_err[0] == '\0');
    CU_ASSERT_EQUAL(PIPETTE("show", "n.hdf5", "good", "--json"), 0);
    CU_ASSERT_EQUAL(PYTHON_RUN("import json, sys\n"
                               "assert [r['value'] for r in json.loads(sys.argv[1])['runs']] == [True, None]\n",
                               command_out),
                    0);
    CU_ASSERT_EQUAL(PIPETTE("show", "n.hdf5", "run_1.count"), 0);
    EXPECT(out_has("  in run_00000001: nothing, the run is failed\n"));
    folder_end();
}

/* A name of a run gives the view of that run. */
static void test_one_run(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("run", TUTORIAL, "-q", "--runs", "0-40", "--set", "storage.file=f.hdf5"), 0);
    CU_ASSERT_EQUAL(PIPETTE("show", "f.hdf5", "results.run_00000036"), 0);
    EXPECT(out_has("\n41 runs: 41 done\n") && out_has("\nlooking at run_00000036, done\n") &&
           out_has("\nresults.neuron.run_00000036 "));
    EXPECT(out_has("(time: 10000)") && out_has("|-nspikes ") && !out_has("(run") && !out_has("$") &&
           !out_has("rates_frame"));
    CU_ASSERT_EQUAL(PIPETTE("show", "f.hdf5", "run_36", "--run", "36"), 0);
    EXPECT(out_has("\nlooking at run_00000036, done\n"));
    CU_ASSERT_EQUAL(PIPETTE("show", "f.hdf5", "run_36", "--run", "4"), 2);
    EXPECT(one_error_line() && err_has("'run_36' names another run than --run 4"));
    CU_ASSERT_EQUAL(PIPETTE("get", "f.hdf5", "run_36.V", "--run", "4"), 2);
    EXPECT(one_error_line() && err_has("'run_36.V' names another run than --run 4"));
    CU_ASSERT_EQUAL(PIPETTE("show", "f.hdf5", "results.run_99"), 2);
    EXPECT(one_error_line() && err_has("f.hdf5: holds no run 99"));
    folder_end();
}

/* One of something is no plural, and nothing in a file does anything to the terminal. */
static void test_words(void)
{
    static const char *const screens[] = {"show t.hdf5", "show t.hdf5 --config", "show t.hdf5 box.name",
                                          "show t.hdf5 note"};
    char long_lines[64];
    size_t i;
    folder_begin();
    file_write("t.cfg", "name = \"M\"; comment = \"a\\x1b[31mred \\x07x\"; run = { plugin = \"" FIXTURE(
                            "gaps") "\"; };\n"
                                    "storage = { plugin = \"hdf5\"; file = \"t.hdf5\"; };\nparameters = { box = { name "
                                    "= \"e\\x1b[31m\\ntwo\"; }; };\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "t.cfg"), 0);
    EXPECT(out_has("M: 1 of 1 run in "));
    CU_ASSERT_EQUAL(PIPETTE("run", "t.cfg"), 0);
    EXPECT(out_has("M: nothing to do, 1 run is stored\n"));
    CU_ASSERT_EQUAL(PIPETTE("show", "t.hdf5"), 0);
    EXPECT(out_has("\na\\x1b[31mred \\x07x\n1 run: 1 done\n") && out_has(" e\\x1b[31m... "));
    CU_ASSERT_EQUAL(PIPETTE("show", "t.hdf5", "box.name"), 0);
    EXPECT(out_has("\n  e\\x1b[31m\ntwo\n"));
    for (i = 0; i < sizeof screens / sizeof screens[0]; i++) {
        lines_at("80", screens[i], long_lines, sizeof long_lines);
        EXPECT(strchr(command_out, 0x1b) == NULL && strchr(command_out, 7) == NULL);
    }
    CU_ASSERT_EQUAL(PIPETTE("show", "x\x1b[31m\n.hdf5"), 4);
    EXPECT(one_error_line() && err_has("x\\x1b[31m\\n.hdf5"));
    /* The value itself is what it is. */
    CU_ASSERT_EQUAL(PIPETTE("get", "t.hdf5", "box.name"), 0);
    EXPECT(strcmp(command_out, "e\x1b[31m\ntwo\n") == 0);
    folder_end();
}

/* Relative paths are taken from the working directory, wherever the config lies; what it includes lies beside it. */
static void test_relative_paths(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(SHELL("mkdir configs elsewhere && cp " FIXTURE("good_model") " mine.so && chmod 755 mine.so"), 0);
    file_write("configs/model.cfg", "run = { plugin = \"./mine.so\"; };\n");
    file_write("configs/r.cfg",
               "name = \"R\";\n@include \"model.cfg\"\nstorage = { plugin = \"hdf5\"; file = \"out/r.hdf5\"; };\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "configs/r.cfg"), 0);
    EXPECT(file_exists("out/r.hdf5") && command_err[0] == '\0');
    CU_ASSERT_EQUAL(PIPETTE("get", "out/r.hdf5", "config.pipeline.directory"), 0);
    EXPECT(strncmp(command_out, folder, strlen(folder)) == 0 && command_out[strlen(folder)] == '\n');
    CU_ASSERT_EQUAL(SHELL("cd elsewhere && " TEST_COMMAND " replay ../out/r.hdf5 0"), 0);
    CU_ASSERT_EQUAL(SHELL("cd elsewhere && " TEST_COMMAND " run -q ../configs/r.cfg"), 3);
    EXPECT(one_error_line() && err_has("model.cfg:1: plugin './mine.so': does not exist") &&
           err_has("relative paths are taken from the working directory, ") && err_has("/elsewhere"));
    folder_end();
}

SUITE("looking", {"names in files and runs", test_names}, {"names in --set", test_set},
      {"inspect --config, odd defaults", test_skeleton}, {"show on a terminal", test_terminal},
      {"what is missing", test_missing}, {"one run", test_one_run}, {"plurals, control characters", test_words},
      {"relative paths", test_relative_paths}, )
