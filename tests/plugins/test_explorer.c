/* Tests of the explorer: the exploration that each form of the config asks for, and every mistake with its line. */
#include <pipette/preprocess.h>

#include "fake_trajectory.h"
#include "suite.h"

static const fake_node nodes[] = {
    {"parameters.neuron.I", PIPETTE_TYPE_F64, "1/ms", "", NULL, NULL, 0},
    {"parameters.neuron.tau_ref", PIPETTE_TYPE_F64, "ms", "", NULL, NULL, 0},
    {"parameters.method", PIPETTE_TYPE_STRING, "", "", NULL, NULL, 0},
    {"parameters.steps", PIPETTE_TYPE_I64, "1", "", NULL, NULL, 0},
    {"parameters.flag", PIPETTE_TYPE_BOOL, "", "", NULL, NULL, 0},
    {"parameters.neuron", PIPETTE_TYPE_NONE, "", "", NULL, NULL, 0},
    {"config.seed", PIPETTE_TYPE_U64, "", "", NULL, NULL, 0},
};

static char message[1024], explored[4096];

/* Runs the explorer on a config; the exploration is in `explored`, the message in `message`. */
static int explore_with(const char *config, int explore_status)
{
    const pipette_descriptor *descriptor = fake_plugin_load(TEST_PLUGINS "/explorer.so");
    fake_stage stage;
    fake_trajectory trajectory;
    int status;
    if (descriptor == NULL || descriptor->kind != PIPETTE_KIND_PREPROCESS)
        CU_FAIL_FATAL("explorer.so cannot be loaded");
    fake_stage_begin(&stage, config);
    fake_trajectory_begin(&trajectory, nodes, PIPETTE_COUNT_OF(nodes), 1);
    trajectory.explore_status = explore_status;
    if (explore_status != PIPETTE_OK)
        (void)snprintf(trajectory.message, sizeof trajectory.message, "the zip's axes have 3 and 2 values");
    status = ((const pipette_preprocess *)descriptor->table)->preprocess(&stage.stage, &trajectory.trajectory);
    memcpy(message, stage.message, sizeof message);
    memcpy(explored, trajectory.explored, sizeof explored);
    CU_ASSERT_EQUAL(trajectory.calls, status == PIPETTE_OK || explore_status != PIPETTE_OK);
    fake_stage_end(&stage);
    return status;
}

static void accepts(const char *config, const char *expected)
{
    CU_ASSERT_EQUAL(explore_with(config, PIPETTE_OK), PIPETTE_OK);
    CU_ASSERT_STRING_EQUAL(message, "");
    CU_ASSERT_STRING_EQUAL(explored, expected);
    if (strcmp(explored, expected) != 0 || message[0] != '\0')
        fprintf(stderr, "\n%s\n%s\n", explored, message);
}

static void refuses(const char *config, const char *expected)
{
    CU_ASSERT(explore_with(config, PIPETTE_OK) < 0);
    CU_ASSERT_STRING_EQUAL(message, expected);
    if (strcmp(message, expected) != 0)
        fprintf(stderr, "\n%s\n", message);
}

static void test_product(void)
{
    accepts("plugin = \"explorer\";\n"
            "product = ( { parameter = \"neuron.tau_ref\"; values = [5.0, 7.5, 10.0]; },\n"
            "            { parameter = \"neuron.I\"; from = 0.0; to = 1.0; step = 0.01; } );",
            "neuron.tau_ref zip=0 values f64:5,7.5,10\n"
            "neuron.I zip=0 step f64:0 f64:1 f64:0.01\n");
    accepts("product = ( { parameter = \"I\"; from = 1; to = 100.0; count = 3; scale = \"log\"; },"
            "            { parameter = \"steps\"; from = 10; to = 0; step = -5; },"
            "            { parameter = \"tau_ref\"; from = 0; to = 1; count = 11; scale = \"linear\"; } );"
            "order = [\"tau_ref\", \"I\", \"steps\"];",
            "I zip=0 log i64:1 f64:100 3\n"
            "steps zip=0 step i64:10 i64:0 i64:-5\n"
            "tau_ref zip=0 count i64:0 i64:1 11\n"
            "order tau_ref,I,steps");
}

static void test_types(void)
{
    accepts("product = ( { parameter = \"method\"; values = [\"euler\", \"rk4\"]; },"
            "            { parameter = \"steps\"; values = [10, 100, 1000]; },"
            "            { parameter = \"flag\"; values = [true, false]; },"
            "            { parameter = \"I\"; values = (5.0, 7, 10.0); } );",
            "method zip=0 values string:euler,rk4\n"
            "steps zip=0 values i64:10,100,1000\n"
            "flag zip=0 values bool:true,false\n"
            "I zip=0 values f64:5,7,10\n");
}

static void test_zips(void)
{
    accepts("zip = ( { parameter = \"I\"; values = [0.1, 0.2]; }, { parameter = \"steps\"; values = [1, 2]; } );",
            "I zip=1 values f64:0.10000000000000001,0.20000000000000001\n"
            "steps zip=1 values i64:1,2\n");
    accepts("product = ( { zip = ( { parameter = \"I\"; values = [1.0]; }, { parameter = \"tau_ref\"; values = [2.0]; "
            "} ); },"
            "            { parameter = \"flag\"; values = [true]; },"
            "            { zip = ( { parameter = \"steps\"; values = [1]; }, { parameter = \"method\"; values = "
            "[\"a\"]; } ); } );",
            "I zip=1 values f64:1\n"
            "tau_ref zip=1 values f64:2\n"
            "flag zip=0 values bool:true\n"
            "steps zip=2 values i64:1\n"
            "method zip=2 values string:a\n");
}

static void test_points(void)
{
    accepts("points = { parameters = [\"neuron.I\", \"neuron.tau_ref\"]; values = ( (0.5, 5.0), (0.25, 7) ); };",
            "neuron.I zip=1 values f64:0.5,0.25\n"
            "neuron.tau_ref zip=1 values f64:5,7\n");
    accepts("points = { parameters = [\"method\", \"steps\", \"flag\"]; values = ( (\"rk4\", 10, true), (\"euler\", "
            "20, false) ); };",
            "method zip=1 values string:rk4,euler\n"
            "steps zip=1 values i64:10,20\n"
            "flag zip=1 values bool:true,false\n");
}

static void test_wrong_forms(void)
{
    refuses("\nplugin = \"explorer\";",
            "test.cfg:2: explorer has nothing to explore: give one of 'product', 'zip' and 'points'");
    refuses("", "explorer has nothing to explore: give one of 'product', 'zip' and 'points'");
    refuses("product = ( { parameter = \"I\"; values = [1.0]; } );\nzip = ( { parameter = \"I\"; values = [1.0]; } );",
            "test.cfg:2: explorer has both 'product' and 'zip': take one of them");
    refuses("product = ( );", "test.cfg:1: 'product' is empty");
    refuses("zip = ( );", "test.cfg:1: 'zip' is empty");
    refuses("product = (\n{ zip = ( ); } );", "test.cfg:2: 'zip' is empty");
    refuses("product = (\n{ zip = ( { parameter = \"I\"; values = [1.0]; } ); values = [2]; } );",
            "test.cfg:2: beside 'zip' nothing else can stand in an element of 'product'");
    refuses("zip = (\n{ zip = ( { parameter = \"I\"; values = [1.0]; } ); } );",
            "test.cfg:2: a zip holds axes, not another zip");
    refuses("zip = ( { parameter = \"I\"; values = [1.0]; } );\norder = [\"I\"];",
            "test.cfg:2: 'order' goes with 'product', not with 'zip'");
    refuses("product = ( { parameter = \"I\"; values = [1.0]; } );\norder = [];",
            "test.cfg:2: 'order' takes a list of names, slowest first");
    refuses("product = ( { parameter = \"I\"; values = [1.0]; } );\norder = [1];", "test.cfg:2: takes a string");
}

static void test_wrong_axes(void)
{
    refuses("product = (\n{ values = [1.0]; } );",
            "test.cfg:2: this axis lacks 'parameter', the name of what it explores");
    refuses("product = ( {\nparameter = \"neuron.J\"; values = [1.0]; } );", "test.cfg:2: no parameter 'neuron.J'");
    refuses("product = ( {\nparameter = \"neuron\"; values = [1.0]; } );",
            "test.cfg:2: 'neuron' finds 'parameters.neuron', which is not a parameter");
    refuses("product = ( {\nparameter = \"seed\"; values = [1.0]; } );",
            "test.cfg:2: 'seed' finds 'config.seed', which is not a parameter");
    refuses("product = ( {\nparameter = 3; values = [1.0]; } );", "test.cfg:2: takes a string");
    refuses("product = (\n{ parameter = \"I\"; } );",
            "test.cfg:2: the axis of 'I' has no values: give 'values', or 'from', 'to' and one of 'step' and 'count'");
    refuses("product = ( { parameter = \"I\"; values = [1.0];\nfrom = 1.0; } );",
            "test.cfg:2: the axis of 'I' has both 'values' and 'from': take one of them");
    refuses("product = ( { parameter = \"I\"; values = [1.0];\nscale = \"log\"; } );",
            "test.cfg:2: the axis of 'I' has both 'values' and 'scale': take one of them");
    refuses("product = ( { parameter = \"I\";\nvalues = []; } );",
            "test.cfg:2: the axis of 'I' has an empty list of values");
    refuses("product = ( { parameter = \"I\";\nvalues = 1.0; } );",
            "test.cfg:2: 'values' takes a list: [ ... ] or ( ... )");
}

static void test_wrong_intervals(void)
{
    refuses("product = (\n{ parameter = \"I\"; to = 1.0; step = 0.1; } );", "test.cfg:2: the axis of 'I' lacks 'from'");
    refuses("product = (\n{ parameter = \"I\"; from = 1.0; count = 2; } );", "test.cfg:2: the axis of 'I' lacks 'to'");
    refuses("product = (\n{ parameter = \"I\"; from = 1.0; to = 2.0; } );",
            "test.cfg:2: the axis of 'I' has neither 'step' nor 'count': take one of them");
    refuses("product = ( { parameter = \"I\"; from = 1.0; to = 2.0; step = 0.5;\ncount = 3; } );",
            "test.cfg:2: the axis of 'I' has both 'step' and 'count': take one of them");
    refuses("product = ( { parameter = \"I\"; from = 1.0; to = 2.0;\nstep = -0.5; } );",
            "test.cfg:2: step = -0.5 does not lead from 1 to 2");
    refuses("product = ( { parameter = \"I\"; from = 2.0; to = 1.0;\nstep = 0.5; } );",
            "test.cfg:2: step = 0.5 does not lead from 2 to 1");
    refuses("product = ( { parameter = \"I\"; from = 1.0; to = 2.0;\nstep = 0; } );",
            "test.cfg:2: step = 0 does not lead from 1 to 2");
    refuses("product = ( { parameter = \"I\"; from = 1.0;\nto = \"2.0\"; step = 0.5; } );",
            "test.cfg:2: 'to' takes one finite number");
    refuses("product = ( { parameter = \"I\"; from = 1.0; to = 2.0;\ncount = 0; } );",
            "test.cfg:2: 'count' takes one number of at least 1");
    refuses("product = ( { parameter = \"I\"; from = 1.0; to = 2.0;\ncount = 1; } );",
            "test.cfg:2: count = 1 cannot hold both ends, 1 and 2");
    refuses("product = ( { parameter = \"I\"; from = 1.0; to = 2.0;\ncount = 1.5; } );", "test.cfg:2: takes a u64");
    refuses("product = ( { parameter = \"I\"; from = 1.0; to = 2.0; count = 2;\nscale = \"cubic\"; } );",
            "test.cfg:2: scale = \"cubic\" is not known; take linear or log");
    refuses("product = ( { parameter = \"I\"; from = 1.0; to = 2.0; step = 0.5;\nscale = \"log\"; } );",
            "test.cfg:2: scale = \"log\" goes with 'count', not with 'step'");
    refuses("product = ( { parameter = \"I\";\nfrom = 0.0; to = 2.0; count = 3; scale = \"log\"; } );",
            "test.cfg:2: scale = \"log\" needs ends above 0, not 0 and 2");
}

static void test_wrong_points(void)
{
    refuses("points = { values = ( (1.0) ); };", "test.cfg:1: 'points' lacks 'parameters'");
    refuses("points = { parameters = [\"I\"]; };", "test.cfg:1: 'points' lacks 'values'");
    refuses("points = { parameters = \"I\"; values = ( (1.0) ); };",
            "test.cfg:1: 'parameters' takes a list of names, and at least one");
    refuses("points = { parameters = [\"I\"];\nvalues = ( ); };",
            "test.cfg:2: 'values' takes a list of points, and at least one");
    refuses("points = { parameters = [\"I\", \"steps\"]; values = ( (1.0, 2),\n(2.0) ); };",
            "test.cfg:2: point 1 has 1 values for 2 parameters");
    refuses("points = { parameters = [\"I\", \"steps\"]; values = ( (1.0, 2),\n(2.0, \"3\") ); };",
            "test.cfg:2: the value of 'steps' is string here, but i64 in the points before");
    refuses("points = { parameters = [\n\"neuron.J\"]; values = ( (1.0) ); };", "test.cfg:2: no parameter 'neuron.J'");
}

static void test_trajectory_refuses(void)
{
    CU_ASSERT_EQUAL(explore_with("\nzip = ( { parameter = \"I\"; values = [1.0, 2.0]; } );", PIPETTE_E_INVALID),
                    PIPETTE_E_INVALID);
    CU_ASSERT_STRING_EQUAL(message, "test.cfg:2: the zip's axes have 3 and 2 values");
}

/* The keys of the config are held against these. */
static void test_declared_options(void)
{
    static const char *const paths[] = {"product",
                                        "product[].parameter",
                                        "product[].values",
                                        "product[].from",
                                        "product[].to",
                                        "product[].step",
                                        "product[].count",
                                        "product[].scale",
                                        "product[].zip",
                                        "product[].zip[].parameter",
                                        "product[].zip[].scale",
                                        "order",
                                        "zip",
                                        "zip[].parameter",
                                        "zip[].scale",
                                        "points",
                                        "points.parameters",
                                        "points.values"};
    const pipette_descriptor *descriptor = fake_plugin_load(TEST_PLUGINS "/explorer.so");
    uint32_t i, j;
    if (descriptor == NULL)
        CU_FAIL_FATAL("explorer.so cannot be loaded");
    for (i = 0; i < PIPETTE_COUNT_OF(paths); i++) {
        for (j = 0; j < descriptor->option_count && strcmp(descriptor->options[j].path, paths[i]) != 0;)
            j++;
        CU_ASSERT(j < descriptor->option_count);
    }
}

SUITE("explorer", {"product of axes", test_product}, {"values of any type", test_types}, {"zips", test_zips},
      {"points", test_points}, {"refuses wrong forms", test_wrong_forms}, {"refuses wrong axes", test_wrong_axes},
      {"refuses wrong intervals", test_wrong_intervals}, {"refuses wrong points", test_wrong_points},
      {"passes on what the trajectory says, with a line", test_trajectory_refuses},
      {"declares its options", test_declared_options}, )
