/* Tests of rate_summary: the tutorial's table, orders of dimensions, missing runs, text and integers, and every
 * refusal. */
#include "fake_trajectory.h"
#include "suite.h"

#define COLUMNS(array) array, PIPETTE_COUNT_OF(array)

static const pipette_postprocess *table_of_plugin(void)
{
    const pipette_descriptor *descriptor = fake_plugin_load(TEST_PLUGINS "/rate_summary.so");
    if (descriptor == NULL || descriptor->kind != PIPETTE_KIND_POSTPROCESS)
        CU_FAIL_FATAL("rate_summary.so cannot be loaded");
    return (const pipette_postprocess *)descriptor->table;
}

static char message[1024], logged[1024];

/* Declares and fills the table. */
static int summarise(const char *config, fake_trajectory *trajectory, fake_results *results)
{
    fake_stage stage;
    int status;
    fake_stage_begin(&stage, config);
    status = table_of_plugin()->declare(&stage.stage, &trajectory->trajectory, &results->results);
    if (status == PIPETTE_OK) {
        CU_ASSERT_EQUAL(results->declared, 1);
        CU_ASSERT_PTR_NULL(results->data);
        status = table_of_plugin()->postprocess(&stage.stage, &trajectory->trajectory, &results->results);
        CU_ASSERT_EQUAL(results->put, status == PIPETTE_OK);
    }
    memcpy(message, stage.message, sizeof message);
    memcpy(logged, stage.log, sizeof logged);
    fake_stage_end(&stage);
    return status;
}

/* ---- The tutorial ---- */

enum { CURRENTS = 101, PERIODS = 3, RUNS = 303 };
static double currents[CURRENTS], range_I[RUNS], range_tau_ref[RUNS], rates[RUNS];
static const double periods[PERIODS] = {5.0, 7.5, 10.0};
static const fake_node tutorial[] = {
    {"parameters.neuron.tau_ref", PIPETTE_TYPE_F64, "ms", "Refractory period.", range_tau_ref, periods, PERIODS},
    {"parameters.neuron.I", PIPETTE_TYPE_F64, "1/ms", "Input current.", range_I, currents, CURRENTS},
    {"parameters.neuron.tau_V", PIPETTE_TYPE_F64, "ms", "Time constant.", NULL, NULL, 0},
};
static const fake_column lif_columns[] = {
    {"results.neuron.$.V", PIPETTE_TYPE_F64, 1, 0, "1", "Potential.", NULL},
    {"results.neuron.$.nspikes", PIPETTE_TYPE_I64, 0, 0, "1", "Spikes.", NULL},
    {"results.neuron.$.rate", PIPETTE_TYPE_F64, 0, PIPETTE_RETURNED, "Hz", "Firing rate.", rates},
};

/* Points and rates of the 303 runs, from the reference. */
static void read_tutorial(fake_trajectory *trajectory, fake_results *results)
{
    FILE *file = fopen(TEST_SOURCE_FOLDER "/data/runs_reference.csv", "r");
    char line[512];
    int run = 0;
    if (file == NULL || fgets(line, sizeof line, file) == NULL)
        CU_FAIL_FATAL("tests/data/runs_reference.csv cannot be read");
    while (run < RUNS && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "%*d,%lf,%lf,%*d,%lf", &range_I[run], &range_tau_ref[run], &rates[run]) != 3)
            CU_FAIL_FATAL("tests/data/runs_reference.csv is damaged");
        if (run < CURRENTS)
            currents[run] = range_I[run];
        run++;
    }
    (void)fclose(file);
    CU_ASSERT_EQUAL_FATAL(run, RUNS);
    fake_trajectory_begin(trajectory, COLUMNS(tutorial), RUNS);
    fake_results_begin(results, COLUMNS(lif_columns), RUNS);
}

static void test_tutorial(void)
{
    FILE *file = fopen(TEST_SOURCE_FOLDER "/data/rates.csv", "r");
    char line[256];
    fake_trajectory trajectory;
    fake_results results;
    int row = 0, different = 0, i;
    read_tutorial(&trajectory, &results);
    if (file == NULL || fgets(line, sizeof line, file) == NULL)
        CU_FAIL_FATAL("tests/data/rates.csv cannot be read");
    CU_ASSERT_EQUAL_FATAL(summarise("", &trajectory, &results), PIPETTE_OK);
    CU_ASSERT_STRING_EQUAL(results.path, "summary.firing_rates");
    CU_ASSERT_STRING_EQUAL(results.name, "rate");
    CU_ASSERT_STRING_EQUAL(results.unit, "Hz");
    CU_ASSERT_STRING_EQUAL(results.comment, "rate over I, tau_ref");
    CU_ASSERT_EQUAL(results.type, PIPETTE_TYPE_F64);
    CU_ASSERT_EQUAL_FATAL(results.cells, 303);
    CU_ASSERT_EQUAL(strncmp(results.dimensions, "I[1/ms]=f64:0,0.01,0.02,", 24), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(results.dimensions, "; tau_ref[ms]=f64:5,7.5,10; "));
    while (fgets(line, sizeof line, file) != NULL) {
        double I, expected[PERIODS];
        CU_ASSERT_EQUAL_FATAL(sscanf(line, "%lf,%lf,%lf,%lf", &I, &expected[0], &expected[1], &expected[2]), 4);
        for (i = 0; i < PERIODS; i++)
            different += ((const double *)results.data)[row * PERIODS + i] != expected[i];
        row++;
    }
    (void)fclose(file);
    CU_ASSERT_EQUAL(row, CURRENTS);
    CU_ASSERT_EQUAL(different, 0);
    CU_ASSERT_STRING_EQUAL(logged, "");
    fake_results_end(&results);
}

static void test_orders_of_dimensions(void)
{
    static const char *const configs[] = {"rows = \"tau_ref\";", "dimensions = [\"neuron.tau_ref\", \"neuron.I\"];"};
    uint32_t i;
    for (i = 0; i < PIPETTE_COUNT_OF(configs); i++) {
        fake_trajectory trajectory;
        fake_results results;
        read_tutorial(&trajectory, &results);
        CU_ASSERT_EQUAL_FATAL(summarise(configs[i], &trajectory, &results), PIPETTE_OK);
        CU_ASSERT_STRING_EQUAL(results.comment, "rate over tau_ref, I");
        /* tau_ref is slowest in the exploration, too, so the table is the column of rates. */
        CU_ASSERT_EQUAL(memcmp(results.data, rates, sizeof rates), 0);
        fake_results_end(&results);
    }
}

static void test_missing_runs(void)
{
    /* Rows are the runs 1, 2, 150 and 302; run 2 failed. */
    static const uint64_t runs[] = {1, 2, 150, 302};
    static const int8_t states[] = {PIPETTE_STATE_DONE, PIPETTE_STATE_FAILED, PIPETTE_STATE_DONE, PIPETTE_STATE_DONE};
    static const int64_t spikes[] = {7, PIPETTE_FILL_I64, 8, 9};
    static const fake_column columns[] = {{"results.neuron.$.nspikes", PIPETTE_TYPE_I64, 0, 0, "1", "Spikes.", spikes}};
    fake_trajectory trajectory;
    fake_results results;
    const double *table;
    int numbers = 0, i;
    read_tutorial(&trajectory, &results);
    fake_results_begin(&results, COLUMNS(columns), 4);
    results.runs = runs;
    results.states = states;
    CU_ASSERT_EQUAL_FATAL(
        summarise("value = \"nspikes\"; table = \"summary.spikes\"; name = \"count\";", &trajectory, &results),
        PIPETTE_OK);
    CU_ASSERT_STRING_EQUAL(results.path, "summary.spikes");
    CU_ASSERT_STRING_EQUAL(results.name, "count");
    table = (const double *)results.data;
    for (i = 0; i < RUNS; i++)
        numbers += !isnan(table[i]);
    CU_ASSERT_EQUAL(numbers, 3);
    CU_ASSERT_EQUAL(table[1 * PERIODS + 0], 7.0);
    CU_ASSERT_EQUAL(table[49 * PERIODS + 1], 8.0);
    CU_ASSERT_EQUAL(table[100 * PERIODS + 2], 9.0);
    fake_results_end(&results);
}

/* ---- Other types and shapes ---- */

static const char *const methods[] = {"rk4", "euler"}; /* in order of appearance */
static const int64_t step_counts[] = {10, 100, 1000};
static const char *const range_method[] = {"rk4", "rk4", "rk4", "euler", "euler", "euler"};
static const int64_t range_steps[] = {1000, 10, 100, 1000, 10, 100};
static const double errors[] = {1, 2, 3, 4, 5, 6, 7};
static const fake_node names[] = {
    {"parameters.method", PIPETTE_TYPE_STRING, "", "", range_method, methods, 2},
    {"parameters.steps", PIPETTE_TYPE_I64, "1", "", range_steps, step_counts, 3},
};
static const fake_column error_columns[] = {
    {"results.$.error", PIPETTE_TYPE_F64, 0, PIPETTE_RETURNED, "1", "", errors}};

static void test_text_and_integers(void)
{
    static const double expected[] = {2, 3, 1, 5, 6, 4};
    fake_trajectory trajectory;
    fake_results results;
    fake_trajectory_begin(&trajectory, COLUMNS(names), 6);
    fake_results_begin(&results, COLUMNS(error_columns), 6);
    CU_ASSERT_EQUAL_FATAL(summarise("rows = \"method\";", &trajectory, &results), PIPETTE_OK);
    CU_ASSERT_STRING_EQUAL(results.dimensions, "method[]=string:rk4,euler; steps[1]=i64:10,100,1000; ");
    CU_ASSERT_EQUAL(memcmp(results.data, expected, sizeof expected), 0);
    fake_results_end(&results);
}

static void test_fewer_dimensions(void)
{
    static const double expected[] = {5, 6, 4};
    fake_trajectory trajectory;
    fake_results results;
    fake_trajectory_begin(&trajectory, COLUMNS(names), 6);
    fake_results_begin(&results, COLUMNS(error_columns), 6);
    CU_ASSERT_EQUAL_FATAL(summarise("dimensions = [\"steps\"];", &trajectory, &results), PIPETTE_OK);
    CU_ASSERT_EQUAL(memcmp(results.data, expected, sizeof expected), 0);
    CU_ASSERT_STRING_EQUAL(logged, "2: 3 runs fell on a cell of results.summary.firing_rates that an earlier "
                                   "run had filled; the last one counts");
    fake_results_end(&results);
}

static void test_one_dimension(void)
{
    static const double expected[] = {2, 3, 1};
    fake_trajectory trajectory;
    fake_results results;
    fake_trajectory_begin(&trajectory, &names[1], 1, 3);
    fake_results_begin(&results, COLUMNS(error_columns), 3);
    CU_ASSERT_EQUAL_FATAL(summarise("", &trajectory, &results), PIPETTE_OK);
    CU_ASSERT_STRING_EQUAL(results.dimensions, "steps[1]=i64:10,100,1000; ");
    CU_ASSERT_EQUAL(memcmp(results.data, expected, sizeof expected), 0);
    fake_results_end(&results);
}

/* More rows than a block holds; three dimensions, complex values, a NaN among the coordinates. */
static void test_large(void)
{
    enum { A = 60, B = 50, C = 40, N = A * B * C };
    static double a[N], axis_a[A];
    static int32_t b[N], axis_b[B];
    static uint8_t c_flag[N];
    static float c[N], axis_c[C / 2];
    static const uint8_t flags[] = {0, 1};
    static pipette_complex values[N];
    static const fake_node nodes[] = {{"parameters.a", PIPETTE_TYPE_F64, "m", "", a, axis_a, A},
                                      {"parameters.b", PIPETTE_TYPE_I32, "1", "", b, axis_b, B},
                                      {"parameters.c", PIPETTE_TYPE_F32, "s", "", c, axis_c, C / 2},
                                      {"parameters.flag", PIPETTE_TYPE_BOOL, "", "", c_flag, flags, 2}};
    static const fake_column columns[] = {{"results.$.w", PIPETTE_TYPE_COMPLEX, 0, PIPETTE_RETURNED, "1", "", values}};
    fake_trajectory trajectory;
    fake_results results;
    int different = 0, i;
    for (i = 0; i < A; i++)
        axis_a[i] = i == A - 1 ? NAN : -3.0 + i * 0.1;
    for (i = 0; i < B; i++)
        axis_b[i] = i - 25;
    for (i = 0; i < C / 2; i++)
        axis_c[i] = (float)i / 3.0f;
    for (i = 0; i < N; i++) {
        a[i] = axis_a[i / (B * C)];
        b[i] = axis_b[i / C % B];
        c[i] = axis_c[i / 2 % (C / 2)];
        c_flag[i] = flags[i % 2];
        values[i].real = i;
        values[i].imaginary = -i;
    }
    fake_trajectory_begin(&trajectory, COLUMNS(nodes), N);
    fake_results_begin(&results, COLUMNS(columns), N);
    CU_ASSERT_EQUAL_FATAL(summarise("dimensions = [\"a\", \"b\", \"c\", \"flag\"];", &trajectory, &results),
                          PIPETTE_OK);
    CU_ASSERT_EQUAL(results.type, PIPETTE_TYPE_COMPLEX);
    CU_ASSERT_EQUAL_FATAL(results.cells, N);
    for (i = 0; i < N; i++)
        different += ((const pipette_complex *)results.data)[i].real != i ||
                     ((const pipette_complex *)results.data)[i].imaginary != -i;
    CU_ASSERT_EQUAL(different, 0);
    CU_ASSERT_STRING_EQUAL(logged, "");
    fake_results_end(&results);
}

static void test_names_of_dimensions(void)
{
    static const double values[] = {1.0};
    static const fake_node nodes[] = {{"parameters.cell.soma.g", PIPETTE_TYPE_F64, "S", "", values, values, 1},
                                      {"parameters.net.soma.g", PIPETTE_TYPE_F64, "S", "", values, values, 1},
                                      {"parameters.axon.g", PIPETTE_TYPE_F64, "S", "", values, values, 1},
                                      {"parameters.setup.rate", PIPETTE_TYPE_F64, "Hz", "", values, values, 1}};
    static const fake_node rate[] = {{"parameters.rate", PIPETTE_TYPE_F64, "Hz", "", values, values, 1}};
    static const fake_column columns[] = {{"results.$.rate", PIPETTE_TYPE_F64, 0, PIPETTE_RETURNED, "Hz", "", values}};
    fake_trajectory trajectory;
    fake_results results;
    fake_trajectory_begin(&trajectory, COLUMNS(nodes), 1);
    fake_results_begin(&results, COLUMNS(columns), 1);
    CU_ASSERT_EQUAL_FATAL(summarise("", &trajectory, &results), PIPETTE_OK);
    CU_ASSERT_STRING_EQUAL(results.comment, "rate over setup_rate, axon_g, net_soma_g, cell_soma_g");
    fake_results_end(&results);

    fake_trajectory_begin(&trajectory, COLUMNS(rate), 1);
    fake_results_begin(&results, COLUMNS(columns), 1);
    CU_ASSERT_EQUAL(summarise("", &trajectory, &results), PIPETTE_E_EXISTS);
    CU_ASSERT_STRING_EQUAL(message, "two things in the table would be called 'rate'; "
                                    "call the array otherwise with name = \"NAME\"");
    CU_ASSERT_EQUAL(summarise("name = \"response\";", &trajectory, &results), PIPETTE_OK);
    fake_results_end(&results);
}

/* ---- Refusals ---- */

/* Refused in `declare`, so before any run. */
static void refuses(const fake_node *nodes, uint32_t node_count, const fake_column *columns, uint32_t column_count,
                    const char *config, const char *expected)
{
    fake_trajectory trajectory;
    fake_results results;
    fake_trajectory_begin(&trajectory, nodes, node_count, RUNS);
    fake_results_begin(&results, columns, column_count, RUNS);
    CU_ASSERT(summarise(config, &trajectory, &results) < 0);
    CU_ASSERT_EQUAL(results.declared, 0);
    CU_ASSERT_STRING_EQUAL(message, expected);
    if (strcmp(message, expected) != 0)
        fprintf(stderr, "\n%s\n", message);
    fake_results_end(&results);
}

static void test_wrong_values(void)
{
    static const fake_column none[] = {{"results.$.z", PIPETTE_TYPE_F64, 0, 0, "1", "", NULL}};
    static const fake_column several[] = {{"results.$.z", PIPETTE_TYPE_F64, 0, PIPETTE_RETURNED, "1", "", NULL},
                                          {"results.w", PIPETTE_TYPE_F64, 0, PIPETTE_RETURNED, "1", "", NULL},
                                          {"results.$.text", PIPETTE_TYPE_STRING, 0, 0, "", "", NULL}};
    refuses(COLUMNS(tutorial), COLUMNS(lif_columns), "\nvalue = \"rat\";",
            "test.cfg:2: there is no result 'rat'; one number per run: neuron.nspikes, neuron.rate");
    refuses(COLUMNS(tutorial), COLUMNS(lif_columns), "\nvalue = \"V\";",
            "test.cfg:2: 'V' is an array in each run; a summary takes one number: neuron.nspikes, neuron.rate");
    refuses(COLUMNS(tutorial), COLUMNS(several), "\nvalue = \"text\";",
            "test.cfg:2: 'text' is text in each run; a summary takes one number: z, w");
    refuses(COLUMNS(tutorial), COLUMNS(lif_columns), "\nvalue = 3;", "test.cfg:2: takes a string");
    refuses(COLUMNS(tutorial), COLUMNS(none), "",
            "the model returns no result, or the run stage leaves it out (omit); choose one with value = \"NAME\": z");
    refuses(COLUMNS(tutorial), COLUMNS(several), "",
            "the model returns several results; choose one with value = \"NAME\": z, w");
    refuses(COLUMNS(tutorial), none, 0, "",
            "the model returns no result, or the run stage leaves it out (omit); choose one with value = \"NAME\": (it "
            "has none with one number per run)");
}

static void test_wrong_dimensions(void)
{
    refuses(COLUMNS(tutorial), COLUMNS(lif_columns), "\nrows = \"neuron.J\";", "test.cfg:2: no parameter 'neuron.J'");
    refuses(COLUMNS(tutorial), COLUMNS(lif_columns), "\nrows = \"tau_V\";",
            "test.cfg:2: 'tau_V' is not explored; explored: neuron.tau_ref, neuron.I");
    refuses(COLUMNS(tutorial), COLUMNS(lif_columns), "dimensions = [\"I\",\n\"tau_V\"];",
            "test.cfg:2: 'tau_V' is not explored; explored: neuron.tau_ref, neuron.I");
    refuses(COLUMNS(tutorial), COLUMNS(lif_columns), "dimensions = [\"I\",\n\"neuron.I\"];",
            "test.cfg:2: 'neuron.I' stands twice in 'dimensions'");
    refuses(COLUMNS(tutorial), COLUMNS(lif_columns), "dimensions = [];",
            "test.cfg:1: 'dimensions' takes a list of names, and at least one");
    refuses(COLUMNS(tutorial), COLUMNS(lif_columns), "dimensions = [\"I\"];\nrows = \"I\";",
            "test.cfg:2: 'rows' and 'dimensions' exclude each other: take one of them");
    refuses(&tutorial[2], 1, COLUMNS(lif_columns), "",
            "nothing is explored, so there is nothing to tabulate; explore a parameter or take this stage out");
}

static void test_too_large(void)
{
    static double axis[10001], range[1];
    static const fake_node nodes[] = {{"parameters.a", PIPETTE_TYPE_F64, "1", "", range, axis, 10001},
                                      {"parameters.b", PIPETTE_TYPE_F64, "1", "", range, axis, 10001}};
    refuses(COLUMNS(nodes), COLUMNS(lif_columns), "",
            "a table over b (10001), a (10001) would have 1e+08 cells, and 10^8 is the limit; "
            "name fewer parameters in 'dimensions', or take this stage out");
}

static void test_reading_fails(void)
{
    static const double other[] = {99.0};
    static const fake_node nodes[] = {{"parameters.a", PIPETTE_TYPE_F64, "1", "", errors, other, 1}};
    fake_trajectory trajectory;
    fake_results results;
    fake_trajectory_begin(&trajectory, COLUMNS(names), 6);
    fake_results_begin(&results, COLUMNS(error_columns), 7);
    CU_ASSERT_EQUAL(summarise("", &trajectory, &results), PIPETTE_E_BOUNDS);
    fake_results_end(&results);

    fake_trajectory_begin(&trajectory, COLUMNS(nodes), 1);
    fake_results_begin(&results, COLUMNS(error_columns), 1);
    CU_ASSERT_EQUAL(summarise("", &trajectory, &results), PIPETTE_E_INTERNAL);
    CU_ASSERT_STRING_EQUAL(message, "the value of 'parameters.a' in run 0 is not among the values of its axis");
    fake_results_end(&results);
}

SUITE("rate_summary", {"the tutorial's table", test_tutorial}, {"orders of dimensions", test_orders_of_dimensions},
      {"runs that are missing or failed are NaN", test_missing_runs},
      {"text and integers as coordinates", test_text_and_integers},
      {"fewer dimensions than parameters", test_fewer_dimensions}, {"one dimension", test_one_dimension},
      {"more rows than a block", test_large},
      {"names of dimensions are the shortest that differ", test_names_of_dimensions},
      {"refuses wrong values", test_wrong_values}, {"refuses wrong dimensions", test_wrong_dimensions},
      {"refuses a table that is too large", test_too_large}, {"passes on failures of reading", test_reading_fails}, )
