/* Tests of bad input: each is one clear line and the documented exit code, and leaves no trace on the disk. */
#include "python.h"
#include "suite.h"

#define NAME "name = \"E\";\n"
#define EXPLORE(axes) "preprocess = ( { plugin = \"explorer\"; product = ( " axes " ); } );\n"
#define AXIS "{ parameter = \"x\"; values = [1.0, 2.0]; }"
#define MODEL "run = { plugin = \"multiply\"; };\n"
#define LIF "run = { plugin = \"lif\"; };\n"
#define STORE "storage = { plugin = \"hdf5\"; file = \"e.hdf5\"; };\n"
#define GOOD                                                                                                           \
    NAME EXPLORE(AXIS)                                                                                                 \
    MODEL STORE
#define GOOD_LIF NAME LIF STORE

typedef struct bad_case {
    const char *config;       /* text of e.cfg */
    const char *arguments[5]; /* behind `run e.cfg` */
    int code;
    const char *parts[4]; /* of the message */
} bad_case;

static void check_line(const char *what, int code, int expected, const char *const *parts, size_t part_count)
{
    size_t i;
    int good = code == expected && one_error_line() && command_out[0] == '\0';
    for (i = 0; i < part_count && parts[i] != NULL; i++)
        good = good && err_has(parts[i]);
    if (getenv("PIPETTE_TEST_SHOW") != NULL) /* for reading the messages as a person would */
        fprintf(stderr, "%d %s", code, command_err);
    if (!good)
        fprintf(stderr, "\nexit code %d, expected %d\n", code, expected);
    CU_ASSERT(told(good, what));
}

/* Runs each case and `check` of the same config; both refuse it alike, and nothing but the config is there afterwards.
 */
static void each_case(const bad_case *cases, size_t count)
{
    size_t i, j;
    for (i = 0; i < count; i++) {
        const bad_case *one = &cases[i];
        const char *arguments[10] = {TEST_COMMAND, "run", "e.cfg"};
        folder_begin();
        file_write("e.cfg", one->config);
        for (j = 0; j < 5 && one->arguments[j] != NULL; j++)
            arguments[3 + j] = one->arguments[j];
        check_line(one->arguments[0] == NULL ? one->config : one->arguments[one->arguments[1] != NULL],
                   command_run(arguments), one->code, one->parts, 4);
        if (one->arguments[0] == NULL)
            check_line(one->config, PIPETTE("check", "e.cfg"), one->code, one->parts, 4);
        CU_ASSERT_EQUAL(folder_count(), 1);
        folder_end();
    }
}
#define EACH(cases) each_case(cases, sizeof(cases) / sizeof(cases)[0])

/* ---- The config ---- */

static void test_grammar(void)
{
    static const bad_case cases[] = {
        {NAME "run = = 1;\n", {NULL}, 2, {"e.cfg:2: "}},
        {NAME MODEL "storage = { plugin = \"hdf5\"; file = \"e.hdf5\";\n", {NULL}, 2, {"e.cfg:", "{"}},
        {NAME MODEL "comment = \"no end\n", {NULL}, 2, {"e.cfg:3: "}},
        {GOOD "parameters = { x = 1.0.0; };\n", {NULL}, 2, {"e.cfg:5: ", "1.0.0"}},
        {GOOD "parameters = { x = 99999999999999999999; };\n", {NULL}, 2, {"e.cfg:5: ", "99999999999999999999"}},
        {GOOD "@include \"absent.cfg\"\n", {NULL}, 2, {"e.cfg:5: ", "absent.cfg"}},
        {GOOD "@include \"e.cfg\"\n", {NULL}, 2, {"e.cfg:5: "}},
        {GOOD NAME, {NULL}, 2, {"e.cfg:5: ", "name"}},
        {GOOD "parameters = { x = 1.0; x = 2.0; };\n", {NULL}, 2, {"e.cfg:5: ", "x"}},
        {"", {NULL}, 2, {"e.cfg"}},
    };
    EACH(cases);
}

static void test_keys(void)
{
    static const bad_case cases[] = {
        {GOOD "postproces = ( );\n", {NULL}, 2, {"e.cfg:5: ", "postproces", "did you mean 'postprocess'"}},
        {GOOD "whatever = 1;\n", {NULL}, 2, {"e.cfg:5: ", "whatever", "known are name, comment"}},
        {NAME EXPLORE(AXIS) MODEL "storage = { plugin = \"hdf5\";\n fil = \"e.hdf5\"; };\n",
         {NULL},
         2,
         {"e.cfg:4: ", "file"}},
        {NAME EXPLORE(AXIS) MODEL "storage = { plugin = \"hdf5\"; file = \"e.hdf5\";\n compresion = 1; };\n",
         {NULL},
         2,
         {"e.cfg:5: ", "compresion", "did you mean 'compression'"}},
        {NAME EXPLORE(AXIS) STORE "run = { plugin = \"multiply\"; timeot = 1.0; };\n",
         {NULL},
         2,
         {"e.cfg:4: ", "timeot", "did you mean 'timeout'"}},
        {NAME EXPLORE("{ parameter = \"x\"; valuse = [1.0]; }") MODEL STORE,
         {NULL},
         2,
         {"e.cfg:2: ", "valuse", "values"}},
        {NAME MODEL STORE "preprocess = ( { plugin = \"explorer\"; prodct = ( " AXIS " ); } );\n",
         {NULL},
         2,
         {"e.cfg:4: ", "prodct", "did you mean 'product'"}},
        {GOOD "postprocess = ( { plugin = \"rate_summary\"; vlaue = \"z\"; } );\n",
         {NULL},
         2,
         {"e.cfg:5: ", "vlaue", "did you mean 'value'"}},
        {NAME EXPLORE(AXIS) STORE, {NULL}, 2, {"e.cfg: ", "run = {"}},
        {NAME EXPLORE(AXIS) MODEL, {NULL}, 2, {"e.cfg: ", "storage = {"}},
        {EXPLORE(AXIS) MODEL STORE, {NULL}, 2, {"e.cfg: ", "name ="}},
        {EXPLORE(AXIS) MODEL STORE "name = \"\";\n", {NULL}, 2, {"e.cfg:4: "}},
        {EXPLORE(AXIS) MODEL STORE "name = \"a/b c\";\n", {NULL}, 2, {"e.cfg:4: ", "a/b c"}},
        {NAME STORE "run = { };\n", {NULL}, 2, {"e.cfg:3: ", "plugin = "}},
        {NAME MODEL "storage = { plugin = \"hdf5\"; };\n", {NULL}, 2, {"e.cfg:3: ", "file = "}},
    };
    EACH(cases);
}

static void test_types(void)
{
    static const bad_case cases[] = {
        {EXPLORE(AXIS) MODEL STORE "name = 3;\n", {NULL}, 2, {"e.cfg:4: ", "name"}},
        {NAME STORE "run = \"multiply\";\n", {NULL}, 2, {"e.cfg:3: ", "run takes a group"}},
        {NAME STORE "run = { plugin = 7; };\n", {NULL}, 2, {"e.cfg:3: ", "plugin"}},
        {NAME MODEL STORE "preprocess = \"explorer\";\n", {NULL}, 2, {"e.cfg:4: ", "preprocess"}},
        {NAME MODEL STORE "preprocess = ( { plugin = \"explorer\"; product = \"x\"; } );\n",
         {NULL},
         2,
         {"e.cfg:4: ", "product"}},
        {NAME EXPLORE("{ parameter = 1; values = [1.0]; }") MODEL STORE, {NULL}, 2, {"e.cfg:2: ", "parameter"}},
        {NAME EXPLORE("{ parameter = \"x\"; values = [\"a\", \"b\"]; }") MODEL STORE, {NULL}, 2, {"e.cfg:2: ", "x"}},
        {NAME EXPLORE("{ parameter = \"x\"; from = \"a\"; to = 1.0; step = 0.1; }") MODEL STORE,
         {NULL},
         2,
         {"e.cfg:2: ", "from"}},
        {NAME EXPLORE("{ parameter = \"x\"; values = [1.0, \"b\"]; }") MODEL STORE, {NULL}, 2, {"e.cfg:2: "}},
        {GOOD "parameters = { x = \"much\"; };\n", {NULL}, 2, {"e.cfg:5: ", "x"}},
        {GOOD "parameters = { x = true; };\n", {NULL}, 2, {"e.cfg:5: ", "x"}},
        {GOOD "parameters = { x = [1.0, 2.0]; };\n", {NULL}, 2, {"e.cfg:5: ", "x"}},
        {GOOD "parameters = 1;\n", {NULL}, 2, {"e.cfg:5: ", "parameters"}},
        {GOOD "seed = \"abc\";\n", {NULL}, 2, {"e.cfg:5: ", "seed"}},
        {GOOD "seed = -1;\n", {NULL}, 2, {"e.cfg:5: ", "seed"}},
        {NAME STORE "run = { plugin = \"multiply\"; timeout = 0.0; };\n", {NULL}, 2, {"e.cfg:3: ", "timeout"}},
        {NAME STORE "run = { plugin = \"multiply\"; timeout = \"long\"; };\n", {NULL}, 2, {"e.cfg:3: ", "timeout"}},
        {NAME STORE "run = { plugin = \"multiply\"; isolation = \"none\"; };\n", {NULL}, 2, {"e.cfg:3: ", "isolation"}},
        {NAME MODEL "storage = { plugin = \"hdf5\"; file = \"e.hdf5\"; compression = 12; };\n",
         {NULL},
         2,
         {"e.cfg:3: ", "compression"}},
        {NAME MODEL "storage = { plugin = \"hdf5\"; file = 1; };\n", {NULL}, 2, {"e.cfg:3: ", "file"}},
        {NAME MODEL "storage = { plugin = \"hdf5\"; file = \"\"; };\n", {NULL}, 2, {"e.cfg:3: ", "file"}},
    };
    EACH(cases);
}

/* ---- Parameters and explorations ---- */

static void test_explorations(void)
{
    static const bad_case cases[] = {
        {GOOD "parameters = { q = 1.0; };\n", {NULL}, 2, {"e.cfg:5: ", "'q'"}},
        {NAME LIF STORE "parameters = { neuron = { tau_W = 1.0; }; };\n",
         {NULL},
         2,
         {"e.cfg:4: ", "neuron.tau_W", "did you mean 'neuron.tau_V'"}},
        {NAME LIF STORE EXPLORE("{ parameter = \"neuron.J\"; values = [1.0]; }"), {NULL}, 2, {"e.cfg:4: ", "neuron.J"}},
        {NAME EXPLORE("{ parameter = \"x\"; values = []; }") MODEL STORE, {NULL}, 2, {"e.cfg:2: ", "x"}},
        {NAME EXPLORE("") MODEL STORE, {NULL}, 2, {"e.cfg:2: ", "product"}},
        {NAME EXPLORE("{ parameter = \"x\"; from = 0.0; to = 1.0; step = 0.0; }") MODEL STORE,
         {NULL},
         2,
         {"e.cfg:2: ", "step"}},
        {NAME EXPLORE("{ parameter = \"x\"; from = 0.0; to = 1.0; step = -0.1; }") MODEL STORE,
         {NULL},
         2,
         {"e.cfg:2: ", "step"}},
        {NAME EXPLORE("{ parameter = \"x\"; from = 1.0; to = 0.0; step = 0.1; }") MODEL STORE,
         {NULL},
         2,
         {"e.cfg:2: ", "step"}},
        {NAME EXPLORE("{ parameter = \"x\"; from = 0.0; to = 1.0; step = nan; }") MODEL STORE,
         {NULL},
         2,
         {"e.cfg:2: ", "step"}},
        {NAME EXPLORE("{ parameter = \"x\"; from = 0.0; to = inf; step = 1.0; }") MODEL STORE,
         {NULL},
         2,
         {"e.cfg:2: ", "to"}},
        {NAME EXPLORE("{ parameter = \"x\"; from = 0.0; to = 1.0; count = 0; }") MODEL STORE,
         {NULL},
         2,
         {"e.cfg:2: ", "count"}},
        {NAME EXPLORE("{ parameter = \"x\"; from = 0.0; to = 1.0; count = -3; }") MODEL STORE,
         {NULL},
         2,
         {"e.cfg:2: ", "count"}},
        {NAME EXPLORE("{ parameter = \"x\"; from = 0.0; to = 1.0; }") MODEL STORE, {NULL}, 2, {"e.cfg:2: ", "step"}},
        {NAME EXPLORE("{ parameter = \"x\"; from = 0.0; step = 1.0; }") MODEL STORE, {NULL}, 2, {"e.cfg:2: ", "to"}},
        {NAME EXPLORE("{ parameter = \"x\"; from = 0.0; to = 1.0; count = 3; scale = \"log\"; }") MODEL STORE,
         {NULL},
         2,
         {"e.cfg:2: "}},
        {NAME EXPLORE("{ values = [1.0]; }") MODEL STORE, {NULL}, 2, {"e.cfg:2: ", "parameter"}},
        {NAME EXPLORE("{ parameter = \"x\"; values = [1.0]; }, { parameter = \"x\"; values = [2.0]; }") MODEL STORE,
         {NULL},
         2,
         {"e.cfg:2: ", "x"}},
        {NAME EXPLORE(
             "{ zip = ( { parameter = \"x\"; values = [1.0, 2.0]; }, { parameter = \"y\"; values = [1.0]; } ); }")
             MODEL STORE,
         {NULL},
         2,
         {"e.cfg:2: ", "2", "1"}},
        {NAME EXPLORE("{ parameter = \"x\"; from = 0; to = 999999999999999; step = 1; },\n"
                      "{ parameter = \"y\"; from = 0; to = 999999999999999; step = 1; }") MODEL STORE,
         {NULL},
         2,
         {"e.cfg:2: ", "10^30", "2^63"}},
        {NAME MODEL STORE "preprocess = ( { plugin = \"explorer\"; product = ( " AXIS " ); order = [\"y\"]; } );\n",
         {NULL},
         2,
         {"e.cfg:4: ", "order"}},
        {NAME MODEL STORE "preprocess = ( { plugin = \"explorer\"; points = { parameters = [\"x\", \"y\"]; values = ( "
                          "(1.0, 2.0), (1.0) ); }; } );\n",
         {NULL},
         2,
         {"e.cfg:4: "}},
        {NAME MODEL STORE "preprocess = ( { plugin = \"explorer\"; } );\n", {NULL}, 2, {"e.cfg:4: ", "product"}},
        {NAME LIF STORE EXPLORE("{ parameter = \"neuron.tau_V\"; values = [10.0, -1.0]; }"),
         {NULL},
         2,
         {"e.cfg:4: ", "neuron.tau_V", "-1"}},
        {NAME LIF STORE EXPLORE("{ parameter = \"neuron.tau_V\"; values = [10.0, nan]; }"),
         {NULL},
         2,
         {"e.cfg:4: ", "neuron.tau_V", "nan"}},
        {GOOD "postprocess = ( { plugin = \"rate_summary\"; value = \"w\"; } );\n", {NULL}, 2, {"e.cfg:5: ", "w"}},
    };
    EACH(cases);
}

static void test_neuron(void)
{
    static const bad_case cases[] = {
        {GOOD_LIF,
         {"--set", "parameters.simulation.dt=2000.0"},
         2,
         {"e.cfg: simulation.dt = 2000 ms", "longer than", "simulation.duration = 1000 ms"}},
        {GOOD_LIF,
         {"--set", "parameters.simulation.dt=0.0"},
         2,
         {"--set parameters.simulation.dt=0.0: ", "simulation.dt"}},
        {GOOD_LIF,
         {"--set", "parameters.simulation.dt=-0.1"},
         2,
         {"--set parameters.simulation.dt=-0.1: ", "simulation.dt"}},
        {GOOD_LIF,
         {"--set", "parameters.simulation.dt=nan"},
         2,
         {"--set parameters.simulation.dt=nan: ", "simulation.dt"}},
        {GOOD_LIF, {"--set", "parameters.simulation.duration=inf"}, 2, {"simulation.duration", "finite"}},
        {GOOD_LIF, {"--set", "parameters.simulation.dt=1e-300"}, 2, {"simulation.dt", "too many"}},
        {GOOD_LIF,
         {"--set", "parameters.simulation.dt=soon"},
         2,
         {"--set parameters.simulation.dt=soon: ", "simulation.dt"}},
        {GOOD_LIF EXPLORE("{ parameter = \"simulation.dt\"; values = [0.1, 5000.0]; }"),
         {NULL},
         2,
         {"simulation.dt = 5000 ms"}},
    };
    EACH(cases);
}

/* ---- The command line ---- */

static void test_options(void)
{
    static const bad_case cases[] = {
        {GOOD, {"--runs", "5"}, 2, {"--runs", "5", "0 to 1"}},
        {GOOD, {"--runs", ""}, 2, {"--runs"}},
        {GOOD, {"--runs", "a"}, 2, {"--runs", "'a'"}},
        {GOOD, {"--runs", "1-0"}, 2, {"--runs", "'1-0'"}},
        {GOOD, {"--runs", "0,"}, 2, {"--runs", "'0,'"}},
        {GOOD, {"--runs", "-1"}, 2, {"--runs", "'-1'"}},
        {GOOD, {"--runs", "0-"}, 2, {"--runs", "'0-'"}},
        {GOOD, {"--runs", "99999999999999999999999"}, 2, {"--runs"}},
        {GOOD, {"--set", "parameters.x"}, 2, {"--set parameters.x: "}},
        {GOOD, {"--set", "=1"}, 2, {"--set =1: "}},
        {GOOD, {"--set", "parameters.q=1.0"}, 2, {"--set parameters.q=1.0: ", "'q'"}},
        {GOOD, {"--set", "preprocess[3].plugin=explorer"}, 2, {"--set preprocess[3].plugin=explorer: "}},
        {GOOD, {"--set", "storage.fiel=f.hdf5"}, 2, {"--set storage.fiel=f.hdf5: ", "did you mean 'file'"}},
        {GOOD, {"--set", "storge.file=f.hdf5"}, 2, {"--set storge.file=f.hdf5: ", "did you mean 'storage'"}},
        {GOOD, {"--workers", "0"}, 2, {"--workers", "'0'"}},
        {GOOD, {"--workers", "-1"}, 2, {"--workers", "'-1'"}},
        {GOOD, {"--workers", "many"}, 2, {"--workers", "'many'"}},
        {GOOD, {"--workers", "1000000000000"}, 2, {"--workers", "'1000000000000'"}},
        {GOOD, {"--progress", "loud"}, 2, {"--progress", "'loud'"}},
        {GOOD, {"--timeout", "0"}, 2, {"--timeout", "'0'"}},
        {GOOD, {"--timeout", "nan"}, 2, {"--timeout", "'nan'"}},
        {GOOD, {"other.cfg"}, 2, {"other.cfg"}},
        {GOOD, {"--sett", "x=1"}, 2, {"'--sett'"}},
        {GOOD, {"--set"}, 2, {"--set", "takes a value"}},
        {GOOD, {"--overwrite=yes"}, 2, {"--overwrite takes no value"}},
        {GOOD, {"-x"}, 2, {"'-x'"}},
        {GOOD, {"--p"}, 2, {"'--p'", "several"}},
    };
    EACH(cases);
}

static void test_configs_that_are_none(void)
{
    static const char *const absent[] = {"absent.cfg"}, *const a_folder[] = {"sub", "folder"},
                             *const verb[] = {"'runn'"}, *const which[] = {"CONFIG"};
    folder_begin();
    check_line("absent", PIPETTE("run", "absent.cfg"), 2, absent, 1);
    check_line("absent", PIPETTE("check", "absent.cfg"), 2, absent, 1);
    (void)mkdir(in_folder("sub"), 0755);
    check_line("folder", PIPETTE("run", "sub"), 2, a_folder, 2);
    check_line("verb", PIPETTE("runn", "e.cfg"), 2, verb, 1);
    check_line("which", PIPETTE("run"), 2, which, 1);
    file_write("bytes.cfg", "\x7f"
                            "ELF\x02\x01\x01");
    check_line("bytes", PIPETTE("run", "bytes.cfg"), 2, (const char *const[]){"bytes.cfg:1: "}, 1);
    CU_ASSERT_EQUAL(folder_count(), 2);
    CU_ASSERT_EQUAL(PIPETTE("--version"), 0);
    CU_ASSERT_EQUAL(command_run((const char *const[]){TEST_COMMAND, NULL}), 2);
    folder_end();
}

/* ---- Result files ---- */

/* The case's file must be what it was: `before` holds its digest. */
static void check_file(const char *what, int code, const char *const *parts, size_t count)
{
    check_line(what, code, 4, parts, count);
    CU_ASSERT_EQUAL(SHELL("sha256sum -c --quiet before"), 0);
}

static void test_result_files(void)
{
    folder_begin();
    file_write("e.cfg", GOOD);
    file_write("e.hdf5", "this is a letter\n");
    CU_ASSERT_EQUAL(SHELL("sha256sum e.hdf5 > before"), 0);
    check_file("text", PIPETTE("run", "e.cfg"), (const char *const[]){"e.hdf5", "not an HDF5 file"}, 2);
    check_file("text, overwrite", PIPETTE("run", "e.cfg", "--overwrite"),
               (const char *const[]){"e.hdf5", "not an HDF5 file"}, 2);
    file_write("e.hdf5", "");
    CU_ASSERT_EQUAL(SHELL("sha256sum e.hdf5 > before"), 0);
    check_file("empty", PIPETTE("run", "e.cfg"), (const char *const[]){"e.hdf5"}, 1);
    CU_ASSERT_EQUAL(PYTHON_RUN("import h5py; f = h5py.File('e.hdf5', 'w'); f['data'] = 1.0", "."), 0);
    CU_ASSERT_EQUAL(SHELL("sha256sum e.hdf5 > before"), 0);
    check_file("foreign", PIPETTE("run", "e.cfg"), (const char *const[]){"e.hdf5", "not"}, 2);
    check_file("foreign, overwrite", PIPETTE("run", "e.cfg", "--overwrite"), (const char *const[]){"e.hdf5", "not"}, 2);
    CU_ASSERT_EQUAL(SHELL("rm e.hdf5"), 0);
    /* Ours, but of another config. */
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg"), 0);
    CU_ASSERT_EQUAL(SHELL("sha256sum e.hdf5 > before"), 0);
    check_file("name", PIPETTE("run", "e.cfg", "--set", "name=Other"),
               (const char *const[]){"e.hdf5", "'E'", "'Other'", "--overwrite"}, 4);
    check_file("parameter", PIPETTE("run", "e.cfg", "--set", "parameters.y=3.0"),
               (const char *const[]){"e.hdf5", "parameters.y", "--overwrite", "--accept-changes"}, 4);
    check_file("explored", PIPETTE("run", "e.cfg", "--set", "preprocess[0].product[0].parameter=y"),
               (const char *const[]){"e.hdf5", "parameters.x", "--overwrite"}, 3);
    check_file("seed", PIPETTE("run", "e.cfg", "--set", "seed=5"),
               (const char *const[]){"e.hdf5", "seed", "--overwrite"}, 3);
    /* A model that is not the one that made the file is the plugin's matter. */
    check_line("model", PIPETTE("run", "e.cfg", "--set", "run.plugin=" FIXTURE("good_model")), 3,
               (const char *const[]){"e.hdf5", "model", "--overwrite"}, 3);
    CU_ASSERT_EQUAL(SHELL("sha256sum -c --quiet before"), 0);
    /* Cut off in the middle. */
    CU_ASSERT_EQUAL(SHELL("truncate -s 3000 e.hdf5 && sha256sum e.hdf5 > before"), 0);
    check_file("cut off", PIPETTE("run", "e.cfg"), (const char *const[]){"e.hdf5"}, 1);
    check_file("cut off", PIPETTE("show", "e.hdf5"), (const char *const[]){"e.hdf5"}, 1);
    CU_ASSERT_EQUAL(folder_count(), 3);
    folder_end();
}

static void test_places(void)
{
    folder_begin();
    file_write("e.cfg", GOOD);
    file_write("file", "text");
    (void)mkdir(in_folder("sub"), 0755);
    CU_ASSERT_EQUAL(SHELL("sha256sum file > before"), 0);
    check_file("a folder", PIPETTE("run", "e.cfg", "--set", "storage.file=sub"),
               (const char *const[]){"sub", "directory"}, 2);
    check_file("a folder, overwrite", PIPETTE("run", "e.cfg", "--overwrite", "--set", "storage.file=sub"),
               (const char *const[]){"sub", "directory"}, 2);
    check_file("below a file", PIPETTE("run", "e.cfg", "--set", "storage.file=file/e.hdf5"),
               (const char *const[]){"file", "directory"}, 2);
    check_file("name too long",
               PIPETTE("run", "e.cfg", "--set",
                       "storage.file="
                       "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                       "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                       "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.hdf5"),
               (const char *const[]){"xxx"}, 1);
    /* Permission bits hold for root, too. */
    (void)chmod(in_folder("sub"), 0555);
    check_file("read-only folder", PIPETTE("run", "e.cfg", "--set", "storage.file=sub/e.hdf5"),
               (const char *const[]){"sub", "is read-only"}, 2);
    CU_ASSERT_EQUAL(folder_count(), 4);
    (void)chmod(in_folder("sub"), 0755);
    /* Read-only files, complete and not. */
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg"), 0);
    CU_ASSERT_EQUAL(SHELL("chmod 444 e.hdf5 && sha256sum e.hdf5 > before"), 0);
    check_file("read-only", PIPETTE("run", "e.cfg", "--overwrite"), (const char *const[]){"e.hdf5", "read-only"}, 2);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "z"), 0);
    EXPECT(strcmp(command_out, "run,x,z\n0,1,1\n1,2,2\n") == 0);
    CU_ASSERT_EQUAL(SHELL("rm -f e.hdf5"), 0);
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg", "--runs", "0"), 0);
    CU_ASSERT_EQUAL(SHELL("chmod 444 e.hdf5 && sha256sum e.hdf5 > before"), 0);
    check_file("read-only", PIPETTE("run", "e.cfg"), (const char *const[]){"e.hdf5", "read-only"}, 2);
    CU_ASSERT_EQUAL(SHELL("chmod 000 e.hdf5"), 0);
    check_line("not readable", PIPETTE("show", "e.hdf5"), 4, (const char *const[]){"e.hdf5", "may not be read"}, 2);
    CU_ASSERT_EQUAL(SHELL("rm -f e.hdf5"), 0);
    CU_ASSERT_EQUAL(folder_count(), 4);
    folder_end();
}

static void test_looking(void)
{
    folder_begin();
    file_write("e.cfg", GOOD);
    file_write("letter", "this is a letter\n");
    (void)mkdir(in_folder("sub"), 0755);
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg"), 0);
    CU_ASSERT_EQUAL(SHELL("sha256sum e.hdf5 letter > before"), 0);
    check_file("absent", PIPETTE("show", "absent.hdf5"), (const char *const[]){"absent.hdf5"}, 1);
    check_file("absent", PIPETTE("get", "absent.hdf5", "z"), (const char *const[]){"absent.hdf5"}, 1);
    check_file("folder", PIPETTE("show", "sub"), (const char *const[]){"sub", "directory"}, 2);
    check_file("letter", PIPETTE("show", "letter"), (const char *const[]){"letter", "not an HDF5 file"}, 2);
    check_file("letter", PIPETTE("get", "letter", "z"), (const char *const[]){"letter", "not an HDF5 file"}, 2);
    check_line("path", PIPETTE("get", "e.hdf5", "zz"), 2, (const char *const[]){"e.hdf5", "'zz'"}, 2);
    check_line("path", PIPETTE("get", "e.hdf5", "duraton"), 2,
               (const char *const[]){"e.hdf5", "did you mean 'runs.duration'"}, 2);
    check_line("path", PIPETTE("show", "e.hdf5", "nothing.like.it"), 2,
               (const char *const[]){"e.hdf5", "'nothing.like.it'"}, 2);
    check_line("run", PIPETTE("get", "e.hdf5", "z", "--run", "2"), 2, (const char *const[]){"e.hdf5", "run 2"}, 2);
    check_line("run", PIPETTE("get", "e.hdf5", "run_00000002.z"), 2, (const char *const[]){"e.hdf5", "run 2"}, 2);
    check_line("run", PIPETTE("show", "e.hdf5", "--run", "2"), 2, (const char *const[]){"e.hdf5", "run 2"}, 2);
    check_line("run", PIPETTE("show", "e.hdf5", "--run", "x"), 2, (const char *const[]){"--run", "'x'"}, 2);
    check_line("run", PIPETTE("get", "e.hdf5", "z", "--run", "-1"), 2, (const char *const[]){"--run", "'-1'"}, 2);
    check_line("run", PIPETTE("get", "e.hdf5", "z", "--run", "99999999999999999999999"), 2,
               (const char *const[]){"--run"}, 1);
    check_line("storage", PIPETTE("show", "e.hdf5", "--storage", "multiply"), 3,
               (const char *const[]){"multiply", "storage"}, 2);
    check_line("plugin", PIPETTE("inspect", "lof"), 3, (const char *const[]){"lof", "did you mean 'lif'"}, 2);
    CU_ASSERT_EQUAL(SHELL("sha256sum -c --quiet before"), 0);
    folder_end();
}

/* ---- Plugin files ---- */

/* A config with `file` in the place of one stage. */
static void write_with(const char *stage, const char *file)
{
    char text[4096];
    const char *model = strcmp(stage, "run") == 0 ? file : "multiply",
               *storage = strcmp(stage, "storage") == 0 ? file : "hdf5";
    (void)snprintf(text, sizeof text,
                   "name = \"E\";\nrun = { plugin = \"%s\"; };\nstorage = { plugin = \"%s\"; file = \"e.hdf5\"; };\n",
                   model, storage);
    if (strcmp(stage, "preprocess") == 0 || strcmp(stage, "postprocess") == 0)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s = ( { plugin = \"%s\"; } );\n", stage,
                       file);
    file_write("e.cfg", text);
}

static const char *line_of(const char *stage)
{
    return strcmp(stage, "run") == 0 ? "e.cfg:2: " : strcmp(stage, "storage") == 0 ? "e.cfg:3: " : "e.cfg:4: ";
}

static const char *const stages[] = {"run", "preprocess", "postprocess", "storage"};

static void test_plugin_files(void)
{
    static const char *const files[][2] = {
        {"./text.so", "not a shared object"},
        {"./empty.so", "empty"},
        {"./cut.so", "cut"},
        {"./absent.so", "absent.so"},
        {"./sub.so", "director"},
        {FIXTURE("abi_too_new"), "2.0"},
        {FIXTURE("abi_too_old"), "0.9"},
        {FIXTURE("no_entry"), "pipette_plugin_entry"},
        {FIXTURE("null_entry"), "NULL"},
        {FIXTURE("bad_magic"), "magic"},
        {FIXTURE("truncated_descriptor"), "descriptor"},
        {FIXTURE("undefined_symbol"), "a_function_that_nobody_has"},
        {FIXTURE("crash_on_load"), "SIGSEGV"},
        {FIXTURE("exit_on_load"), "exit"},
        {FIXTURE("duplicate_results"), "z"},
        {FIXTURE("colliding_results"), "V"},
        {FIXTURE("no_run"), "run"},
        {FIXTURE("unbounded"), "x"},
        {"multpily", "did you mean 'multiply'"},
    };
    size_t i, j;
    folder_begin();
    file_write("text.so", "int main(void) { return 0; }\n");
    file_write("empty.so", "");
    (void)mkdir(in_folder("sub.so"), 0755);
    CU_ASSERT_EQUAL(SHELL("head -c 6000 " TEST_PLUGINS "/multiply.so > cut.so && chmod 755 *.so"), 0);
    for (i = 0; i < sizeof files / sizeof files[0]; i++)
        for (j = 0; j < 4; j++) {
            char what[600];
            const char *parts[] = {line_of(stages[j]), files[i][0][0] == '.' ? files[i][0] + 2 : files[i][0],
                                   files[i][1]};
            (void)snprintf(what, sizeof what, "%s as %s", files[i][0], stages[j]);
            write_with(stages[j], files[i][0]);
            check_line(what, PIPETTE("run", "e.cfg"), 3, parts, 3);
        }
    CU_ASSERT_EQUAL(folder_count(), 5);
    folder_end();
}

static void test_hanging_plugin(void)
{
    size_t j;
    folder_begin();
    for (j = 0; j < 4; j += 3) { /* in the model host, and in the command's own process; the time limit is seconds */
        const char *parts[] = {line_of(stages[j]), FIXTURE("hang_on_load"), "longer than"};
        write_with(stages[j], FIXTURE("hang_on_load"));
        check_line(stages[j], PIPETTE("run", "e.cfg"), 3, parts, 3);
    }
    CU_ASSERT_EQUAL(folder_count(), 1);
    folder_end();
}

/* A plugin that is good, but not of the kind that the stage needs. */
static void test_wrong_kinds(void)
{
    size_t j;
    folder_begin();
    for (j = 0; j < 4; j++) {
        const char *wrong = j == 1 ? "hdf5" : "explorer";
        const char *parts[] = {line_of(stages[j]), wrong, j == 0 ? "model" : stages[j]};
        write_with(stages[j], wrong);
        check_line(stages[j], PIPETTE("run", "e.cfg"), 3, parts, 3);
    }
    CU_ASSERT_EQUAL(folder_count(), 1);
    folder_end();
}

SUITE("errors", {"syntax", test_grammar}, {"unknown and missing keys", test_keys}, {"wrong types", test_types},
      {"parameters and explorations", test_explorations}, {"the neuron's time step", test_neuron},
      {"command lines", test_options}, {"configs that are none", test_configs_that_are_none},
      {"result files that exist", test_result_files}, {"places where no file can be", test_places},
      {"looking", test_looking}, {"plugin files", test_plugin_files}, {"a plugin that hangs", test_hanging_plugin},
      {"plugins of another kind", test_wrong_kinds}, )
