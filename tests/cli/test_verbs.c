/* Tests of the verbs: help, plugins, inspect, check, show and get. */
#include "python.h"
#include "suite.h"

#define PIPELINES TEST_SOURCE_FOLDER "/../pipelines/"
#define JSON_TOOL " | " PYTHON " -m json.tool > /dev/null"

static void test_help(void)
{
    static const char *const verbs[] = {"run",    "check", "plugins", "inspect", "show", "get",
                                        "replay", "reset", "plot",    "diff",    "merge"};
    size_t i;
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("--help"), 0);
    for (i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        EXPECT(out_has(verbs[i]));
    EXPECT(out_has("Exit codes: 0 ") && out_has("130") && command_err[0] == '\0');
    for (i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        char usage[64];
        (void)snprintf(usage, sizeof usage, "Usage: pipette %s ", verbs[i]);
        CU_ASSERT_EQUAL(PIPETTE(verbs[i], "--help"), 0);
        EXPECT(strncmp(command_out, usage, strlen(usage)) == 0 && command_err[0] == '\0');
        CU_ASSERT_EQUAL(PIPETTE(verbs[i], "--usage"), 0);
        EXPECT(strncmp(command_out, usage, strlen(usage)) == 0 && command_err[0] == '\0');
        CU_ASSERT_EQUAL(PIPETTE(verbs[i], "--no-such-option"), 2);
        EXPECT(one_error_line() && err_has("'--no-such-option'") && command_out[0] == '\0');
    }
    CU_ASSERT_EQUAL(PIPETTE("run", "--help"), 0);
    EXPECT(out_has("--set=PATH=VALUE") && out_has("--in-process") && out_has("--dry-run") &&
           out_has("-w, --workers=N"));
    CU_ASSERT_EQUAL(PIPETTE("--version"), 0);
    EXPECT(strcmp(command_out, "pipette " PIPETTE_VERSION "\n") == 0);
    folder_end();
}

static void test_plugins(void)
{
    static const char *const names[][2] = {{"convergence", "model"}, {"explorer", "preprocess"},
                                           {"hdf5", "storage"},      {"lif", "model"},
                                           {"multiply", "model"},    {"rate_summary", "postprocess"}};
    size_t i;
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("plugins"), 0);
    for (i = 0; i < sizeof names / sizeof names[0]; i++)
        EXPECT(out_has(names[i][0]) && out_has(names[i][1]) && out_has("lib/pipette/plugins/"));
    EXPECT(command_err[0] == '\0' && !out_has("refused"));
    CU_ASSERT_EQUAL(SHELL(TEST_COMMAND " plugins --json" JSON_TOOL), 0);
    EXPECT(command_err[0] == '\0');
    /* A folder with a good plugin, one that crashes and one that is none. */
    (void)mkdir(in_folder("mine"), 0755);
    file_write("mine/text.so", "not a plugin\n");
    CU_ASSERT_EQUAL(SHELL("cp " FIXTURE("good_model") " " FIXTURE("crash_on_load") " mine/ && chmod 755 mine/*.so"), 0);
    CU_ASSERT_EQUAL(PIPETTE("plugins", "--plugin-path", "mine"), 0);
    EXPECT(out_has("good_model") && out_has("refused") && out_has("crashed while being loaded (SIGSEGV)") &&
           out_has("is a text file"));
    CU_ASSERT_EQUAL(SHELL("PIPETTE_PLUGIN_PATH=$PWD/mine " TEST_COMMAND " plugins --json"), 0);
    CU_ASSERT_EQUAL(
        PYTHON_RUN(
            "import json, os, sys\n"
            "found = {os.path.basename(p['path']): p for p in json.loads(sys.argv[1])}\n"
            "assert found['good_model.so']['kind'] == 'model' and found['good_model.so']['version'] == '1.0'\n"
            "assert 'SIGSEGV' in found['crash_on_load.so']['refused'] and 'name' not in found['crash_on_load.so']\n"
            "assert found['lif.so']['name'] == 'lif'\n",
            command_out),
        0);
    EXPECT(command_err[0] == '\0');
    /* Never the current directory, never a folder that everyone may write. */
    CU_ASSERT_EQUAL(SHELL("cd mine && " TEST_COMMAND " inspect good_model"), 3);
    EXPECT(one_error_line());
    (void)chmod(in_folder("mine"), 0777);
    CU_ASSERT_EQUAL(PIPETTE("inspect", "good_model", "--plugin-path", "mine"), 3);
    EXPECT(one_error_line() && err_has("mine"));
    folder_end();
}

static void test_inspect(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("inspect", "lif"), 0);
    EXPECT(strncmp(command_out, "lif 1.0 (model, computes batches)\nLeaky", 39) == 0 &&
           out_has("\nLeaky integrate-and-fire neuron"));
    EXPECT(out_has("neuron.tau_V") && out_has("> 0") && out_has("Refractory period") && out_has("neuron.$.rate") &&
           out_has("returned"));
    EXPECT(out_has("\nEvery model takes\n") && out_has("memory_limit") && out_has("Seconds that a run may take."));
    CU_ASSERT_EQUAL(PIPETTE("inspect", "explorer"), 0);
    EXPECT(out_has("(preprocess)") && out_has("product[].parameter") && out_has("changes fastest"));
    CU_ASSERT_EQUAL(PIPETTE("inspect", "hdf5"), 0);
    EXPECT(out_has("(storage)") && out_has("\nEvery storage takes\n") && out_has("durability") &&
           out_has("also survives a loss of power"));
    CU_ASSERT_EQUAL(PIPETTE("inspect", FIXTURE("every_type")), 0);
    EXPECT(out_has("18446744073709551615") && out_has("-9007199254740993") && out_has("(spike...)") &&
           out_has("(row, column)"));
    CU_ASSERT_EQUAL(PIPETTE("inspect", FIXTURE("crash_on_load")), 3);
    EXPECT(one_error_line() && err_has("SIGSEGV"));
    folder_end();
}

/* The skeleton of each model is a config that fits together, and runs. */
static void test_skeletons(void)
{
    static const char *const models[] = {"lif", "multiply", "convergence", FIXTURE("every_type"), FIXTURE("moody")};
    size_t i;
    folder_begin();
    for (i = 0; i < sizeof models / sizeof models[0]; i++) {
        CU_ASSERT_EQUAL(PIPETTE("inspect", models[i], "--config"), 0);
        EXPECT(command_err[0] == '\0');
        file_write("skeleton.cfg", command_out);
        CU_ASSERT_EQUAL(PIPETTE("check", "skeleton.cfg"), 0);
        EXPECT(out_has(" fits together\nruns:    1\n") && command_err[0] == '\0');
        CU_ASSERT_EQUAL(PIPETTE("run", "skeleton.cfg"), 0);
        EXPECT(out_has(": 1 of 1 run in ") && command_err[0] == '\0');
    }
    folder_end();
}

static void test_check(void)
{
    static const char *const configs[][2] = {{PIPELINES "firing_rate.cfg", "303"},
                                             {PIPELINES "multiply.cfg", "12"},
                                             {PIPELINES "zipped.cfg", "15"},
                                             {PIPELINES "names.cfg", "9"}};
    size_t i;
    folder_begin();
    for (i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        char runs[64];
        (void)snprintf(runs, sizeof runs, " fits together\nruns:    %s\nresults: ", configs[i][1]);
        CU_ASSERT_EQUAL(PIPETTE("check", configs[i][0]), 0);
        EXPECT(out_has(runs) && out_has("\nfile:    hdf5/") && command_err[0] == '\0');
    }
    CU_ASSERT_EQUAL(PIPETTE("check", PIPELINES "firing_rate.cfg", "--runs", "0-9", "--set", "storage.file=x.hdf5"), 0);
    EXPECT(out_has("runs:    303, of which 10 are asked for\n") && out_has("file:    x.hdf5\n"));
    CU_ASSERT_EQUAL(PIPETTE("check", "rate_summary"), 0);
    EXPECT(out_has("rate_summary 1.0 (postprocess) loads and is sound: ABI 1.1, 0 parameters, 0 results, 5 options"));
    CU_ASSERT_EQUAL(PIPETTE("check", FIXTURE("good_model")), 0);
    EXPECT(out_has("good_model 1.0 (model) loads and is sound: ABI 1.1, 2 parameters, 1 result, 0 options"));
    CU_ASSERT_EQUAL(PIPETTE("check", FIXTURE("no_run")), 3);
    EXPECT(one_error_line() && err_has("no run()"));
    CU_ASSERT_EQUAL(PIPETTE("check", PIPELINES "firing_rate.cfg", "--set", "parameters.simulation.dt=1e-9"), 4);
    EXPECT(one_error_line() && err_has("needs 2.4 PB, but only ") && err_has(" are free there"));
    CU_ASSERT_EQUAL(folder_count(), 0);
    folder_end();
}

static void test_show(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("run", PIPELINES "firing_rate.cfg", "-q", "--set", "storage.file=f.hdf5", "--set",
                            "postprocess[0].name=rate"),
                    0);
    CU_ASSERT_EQUAL(PIPETTE("show", "f.hdf5"), 0);
    EXPECT(strncmp(command_out,
                   "f.hdf5: FiringRate\nFiring rate of a leaky integrate and fire neuron over input current and "
                   "refractory period\n"
                   "303 runs: 303 done\n24.",
                   124) == 0);
    EXPECT(out_has("(run, time: 10000)") && out_has("(I: 101, tau_ref: 3)") && out_has("[5, 7.5, 10]") &&
           out_has("explored"));
    EXPECT(out_has("Membrane potential.") && !out_has("not finished"));
    CU_ASSERT_EQUAL(PIPETTE("show", "f.hdf5", "--run", "35"), 0);
    EXPECT(out_has("looking at run_00000035, done\n") && out_has("119"));
    CU_ASSERT_EQUAL(PIPETTE("show", "f.hdf5", "nspikes"), 0);
    EXPECT(out_has("results.neuron.$.nspikes\n  i64 (run)  unit 1\n  Number of spikes.\n") &&
           out_has("303 runs in all"));
    CU_ASSERT_EQUAL(PIPETTE("show", "f.hdf5", "neuron.run_35.rate"), 0);
    EXPECT(out_has("unit Hz") && out_has("in run_00000035: 119\n"));
    CU_ASSERT_EQUAL(PIPETTE("show", "f.hdf5", "r_35.nspikes"), 0);
    EXPECT(out_has("in run_00000035: 119\n"));
    CU_ASSERT_EQUAL(PIPETTE("show", "f.hdf5", "tau_V"), 0);
    EXPECT(out_has("parameters.neuron.tau_V\n  f64   unit ms\n  Time constant of the membrane.\n  10\n") ||
           out_has("\n  10\n"));
    CU_ASSERT_EQUAL(PIPETTE("show", "f.hdf5", "parameters.neuron"), 0);
    EXPECT(out_has("tau_V") && !out_has("simulation") && !out_has("nspikes"));
    CU_ASSERT_EQUAL(PIPETTE("show", "f.hdf5", "rate"), 2);
    EXPECT(one_error_line() && err_has("results.neuron.$.rate, results.summary.firing_rates.rate"));
    CU_ASSERT_EQUAL(PIPETTE("show", "f.hdf5", "--json"), 0);
    CU_ASSERT_EQUAL(
        PYTHON_RUN(
            "import json, sys\n"
            "d = json.loads(sys.argv[1])\n"
            "assert d['name'] == 'FiringRate' and d['runs'] == 303 and d['finished'] is True\n"
            "assert d['states']['done'] == 303 and d['states']['failed'] == 0\n"
            "e = {x['path']: x for x in d['entries']}\n"
            "assert e['parameters.neuron.tau_V']['value'] == 10 and e['parameters.neuron.tau_V']['unit'] == 'ms'\n"
            "assert e['results.summary.firing_rates.tau_ref']['value'] == [5, 7.5, 10]\n"
            "assert e['results.neuron.$.V']['shape'] == '(run, time: 10000)' and 'value' not in "
            "e['results.neuron.$.V']\n",
            command_out),
        0);
    EXPECT(command_err[0] == '\0');
    CU_ASSERT_EQUAL(PIPETTE("show", "f.hdf5", "--json", "--run", "35"), 0);
    file_write("run.json", command_out);
    CU_ASSERT_EQUAL(
        PYTHON_RUN(
            "import json, sys\n"
            "e = {x['path']: x for x in json.load(open(sys.argv[1]))['entries']}\n"
            "assert e['results.neuron.$.nspikes']['value'] == 119 and e['parameters.neuron.I']['value'] == 35 * 0.01\n"
            "assert len(e['results.neuron.$.V']['value']) == 10000\n",
            "run.json"),
        0);
    EXPECT(command_err[0] == '\0');
    folder_end();
}

static void test_get(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("run", PIPELINES "firing_rate.cfg", "-q", "--set", "storage.file=f.hdf5"), 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "f.hdf5", "tau_V"), 0);
    EXPECT(strcmp(command_out, "10\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "f.hdf5", "parameters.simulation.dt"), 0);
    EXPECT(strcmp(command_out, "0.1\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "f.hdf5", "nspikes", "--run", "35"), 0);
    EXPECT(strcmp(command_out, "119\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "f.hdf5", "results.neuron.run_00000035.nspikes"), 0);
    EXPECT(strcmp(command_out, "119\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "f.hdf5", "neuron.I", "--run", "35"), 0);
    EXPECT(strcmp(command_out, "0.35000000000000003\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "f.hdf5", "neuron.rate"), 0);
    EXPECT(strncmp(command_out, "run,tau_ref,I,rate\n0,5,0,0\n1,5,0.01,0\n", 38) == 0 &&
           out_has("\n35,5,0.35000000000000003,119\n"));
    CU_ASSERT_EQUAL(PIPETTE("get", "f.hdf5", "V", "--run", "1"), 0);
    EXPECT(strncmp(command_out, "time,V\n0,0\n0.1,0.001\n0.2,0.00199", 31) == 0 &&
           out_has("\n0.30000000000000004,0.0029701000000000007\n"));
    CU_ASSERT_EQUAL(PIPETTE("get", "f.hdf5", "firing_rates.rates_frame"), 0);
    EXPECT(strncmp(command_out, "I,5,7.5,10\n0,0,0,0\n0.01,0,0,0\n", 30) == 0 &&
           out_has("\n0.35000000000000003,119,92,75\n"));
    CU_ASSERT_EQUAL(PIPETTE("get", "f.hdf5", "firing_rates.tau_ref"), 0);
    EXPECT(strcmp(command_out, "tau_ref,tau_ref\n0,5\n1,7.5\n2,10\n") == 0 ||
           strcmp(command_out, "tau_ref\n5\n7.5\n10\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "f.hdf5", "runs.state", "--run", "7"), 0);
    EXPECT(strcmp(command_out, "done\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "f.hdf5", "runs.message", "--run", "7"), 0);
    EXPECT(strcmp(command_out, "\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "f.hdf5", "config.pipeline.text"), 0);
    EXPECT(out_has("name    = \"FiringRate\";") && out_has("plugin = \"rate_summary\""));
    /* A reader that goes away early is no error. */
    CU_ASSERT_EQUAL(SHELL(TEST_COMMAND " get f.hdf5 neuron.rate | head -n 1"), 0);
    EXPECT(strcmp(command_out, "run,tau_ref,I,rate\n") == 0 && command_err[0] == '\0');
    CU_ASSERT_EQUAL(SHELL(TEST_COMMAND " get f.hdf5 neuron.rate > /dev/full"), 5);
    EXPECT(one_error_line());
    folder_end();
}

/* What is printed and cannot be written is said, help and all. */
static void test_full(void)
{
    static const char *const words[] = {"--help",   "--version",      "run --help",  "show --usage",
                                        "plugins",  "plugins --json", "inspect lif", "inspect lif --config",
                                        "check lif"};
    char line[400];
    size_t i;
    folder_begin();
    for (i = 0; i < sizeof words / sizeof words[0]; i++) {
        (void)snprintf(line, sizeof line, TEST_COMMAND " %s > /dev/full", words[i]);
        CU_ASSERT_EQUAL(SHELL(line), 5);
        EXPECT(one_error_line() && err_has("pipette: cannot write to standard output: No space left on device"));
        (void)snprintf(line, sizeof line, TEST_COMMAND " %s >&-", words[i]);
        CU_ASSERT_EQUAL(SHELL(line), 5);
        EXPECT(one_error_line());
        (void)snprintf(line, sizeof line, TEST_COMMAND " %s | head -c 0", words[i]);
        CU_ASSERT_EQUAL(SHELL(line), 0);
        EXPECT(command_err[0] == '\0');
    }
    folder_end();
}

SUITE("verbs", {"--help", test_help}, {"plugins", test_plugins}, {"inspect", test_inspect},
      {"inspect --config", test_skeletons}, {"check", test_check}, {"show", test_show}, {"get", test_get},
      {"a full disk", test_full}, )
