/* Tests of the lif model: the tutorial's 303 runs, bit by bit, and what shape() accepts. */
#include "fake_run.h"
#include "base/sha256.h"
#include "suite.h"

static const pipette_model *lif(void)
{
    const pipette_descriptor *descriptor = fake_plugin_load(TEST_PLUGINS "/lif.so");
    if (descriptor == NULL || descriptor->kind != PIPETTE_KIND_MODEL)
        CU_FAIL_FATAL("lif.so cannot be loaded");
    return (const pipette_model *)descriptor->table;
}

static uint64_t bits(double x)
{
    uint64_t out;
    memcpy(&out, &x, sizeof out);
    return out;
}

/* Reads the next number of a line of CSV; an empty field is NaN. */
static double field(char **line)
{
    char *end;
    double value = strtod(*line, &end);
    if (end == *line)
        value = NAN;
    *line = *end == ',' ? end + 1 : end;
    return value;
}

static void test_tutorial(void)
{
    FILE *file = fopen(TEST_SOURCE_FOLDER "/data/runs_reference.csv", "r");
    char text[512], digest[65];
    int64_t total = 0;
    int rows = 0, different = 0;
    sha256 hash;
    fake_run run;
    if (file == NULL || fgets(text, sizeof text, file) == NULL)
        CU_FAIL_FATAL("tests/data/runs_reference.csv cannot be read");
    fake_run_begin(&run, lif());
    sha256_begin(&hash);
    CU_ASSERT_EQUAL_FATAL(fake_run_shape(&run), PIPETTE_OK);
    while (fgets(text, sizeof text, file) != NULL) {
        const double *V = (const double *)fake_run_data(&run, "neuron.$.V");
        char *line = text;
        const int index = (int)field(&line);
        const double I = field(&line), tau_ref = field(&line), nspikes = field(&line), rate = field(&line);
        double sum_expected, maximum_expected, first_expected, sum = 0.0, maximum = -HUGE_VAL, first = NAN;
        int64_t spikes;
        int step;
        (void)field(&line);
        (void)field(&line);
        sum_expected = field(&line);
        maximum_expected = field(&line);
        first_expected = field(&line);
        CU_ASSERT_EQUAL_FATAL(index, rows);
        CU_ASSERT_EQUAL(bits(I), bits((double)(index % 101) * 0.01));
        fake_run_set(&run, "neuron.I", pipette_value_f64(I));
        fake_run_set(&run, "neuron.tau_ref", pipette_value_f64(tau_ref));
        CU_ASSERT_EQUAL_FATAL(fake_run_go(&run), PIPETTE_OK);
        memcpy(&spikes, fake_run_data(&run, "neuron.$.nspikes"), sizeof spikes);
        for (step = 0; step < 10000; step++) {
            sum += V[step];
            if (V[step] > maximum)
                maximum = V[step];
            if (isnan(first) && step < 9999 && V[step] >= 1.0)
                first = step * 0.1;
        }
        different += spikes != (int64_t)nspikes;
        different += bits(*(const double *)fake_run_data(&run, "neuron.$.rate")) != bits(rate);
        different += bits(sum) != bits(sum_expected) || bits(maximum) != bits(maximum_expected);
        different += isnan(first) ? !isnan(first_expected) : bits(first) != bits(first_expected);
        different += fake_find_result(&run, "neuron.$.spike_times")->count != (uint64_t)nspikes;
        different +=
            spikes > 0 && bits(*(const double *)fake_run_data(&run, "neuron.$.spike_times")) != bits(first_expected);
        sha256_add(&hash, V, 10000 * sizeof *V);
        total += spikes;
        rows++;
    }
    (void)fclose(file);
    sha256_end(&hash, digest);
    CU_ASSERT_EQUAL(rows, 303);
    CU_ASSERT_EQUAL(different, 0);
    CU_ASSERT_EQUAL(total, 27707);
    CU_ASSERT_STRING_EQUAL(digest, "167612c0a7648f4997f9f8939c1306e0787300065d7ecc0a52636fde357bfd9d");
    fake_run_end(&run);
}

static void test_first_current_that_fires(void)
{
    fake_run run;
    fake_run_begin(&run, lif());
    CU_ASSERT_EQUAL_FATAL(fake_run_shape(&run), PIPETTE_OK);
    fake_run_set(&run, "neuron.I", pipette_value_f64(0.1));
    CU_ASSERT_EQUAL(fake_run_go(&run), PIPETTE_OK);
    CU_ASSERT_EQUAL(*(const int64_t *)fake_run_data(&run, "neuron.$.nspikes"), 0);
    CU_ASSERT_EQUAL(((const double *)fake_run_data(&run, "neuron.$.V"))[9999], 0.9999999999999944);
    fake_run_set(&run, "neuron.I", pipette_value_f64(0.11));
    CU_ASSERT_EQUAL(fake_run_go(&run), PIPETTE_OK);
    CU_ASSERT(*(const int64_t *)fake_run_data(&run, "neuron.$.nspikes") > 0);
    fake_run_end(&run);
}

static void test_starts_above_threshold(void)
{
    fake_run run;
    const double *V;
    fake_run_begin(&run, lif());
    fake_run_set(&run, "neuron.V_init", pipette_value_f64(1.5));
    fake_run_set(&run, "simulation.duration", pipette_value_f64(20.0));
    CU_ASSERT_EQUAL_FATAL(fake_run_shape(&run), PIPETTE_OK);
    CU_ASSERT_EQUAL(fake_run_go(&run), PIPETTE_OK);
    V = (const double *)fake_run_data(&run, "neuron.$.V");
    CU_ASSERT_EQUAL(V[0], 1.5);
    CU_ASSERT_EQUAL(V[1], 0.0);
    CU_ASSERT_EQUAL(*(const int64_t *)fake_run_data(&run, "neuron.$.nspikes"), 1);
    CU_ASSERT_EQUAL(*(const double *)fake_run_data(&run, "neuron.$.rate"), 50.0);
    fake_run_end(&run);
}

/* The extent of V for a duration and a time step; 0 if it is refused, with the message in `message`. */
static uint64_t steps(double duration, double dt, char *message)
{
    fake_run run;
    uint64_t extent = 0;
    fake_run_begin(&run, lif());
    fake_run_set(&run, "simulation.duration", pipette_value_f64(duration));
    fake_run_set(&run, "simulation.dt", pipette_value_f64(dt));
    if (run.model->shape(&run.shape) == PIPETTE_OK) {
        const fake_result *V = fake_find_result(&run, "neuron.$.V");
        extent = V->extent;
        CU_ASSERT_EQUAL(V->start, 0.0);
        CU_ASSERT_EQUAL(V->step, dt);
    } else {
        CU_ASSERT_EQUAL(run.failed, PIPETTE_E_BOUNDS);
    }
    memcpy(message, run.message, sizeof run.message);
    fake_run_end(&run);
    return extent;
}

static void test_shape(void)
{
    char message[1024];
    CU_ASSERT_EQUAL(steps(1000.0, 0.1, message), 10000);
    CU_ASSERT_EQUAL(steps(0.3, 0.1, message), 2);
    CU_ASSERT_EQUAL(steps(1.0, 1.0, message), 1);
    CU_ASSERT_EQUAL(steps(1.0, 2.0, message), 0);
    CU_ASSERT_STRING_EQUAL(message, "simulation.dt = 2 ms is longer than simulation.duration = 1 ms: "
                                    "there is nothing to simulate; take a smaller dt");
    CU_ASSERT_EQUAL(steps(HUGE_VAL, 0.1, message), 0);
    CU_ASSERT_STRING_EQUAL(message, "simulation.duration = inf ms: give a finite time");
    CU_ASSERT_EQUAL(steps(1000.0, HUGE_VAL, message), 0);
    CU_ASSERT_STRING_EQUAL(message, "simulation.dt = inf ms: give a finite time step");
    CU_ASSERT_EQUAL(steps(1e12, 1e-3, message), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(message, "1e+15 steps per run, too many to store"));
    CU_ASSERT_EQUAL(steps(1e300, 1e-300, message), 0);
    CU_ASSERT_EQUAL(steps(1099511627776.0, 1.0, message), UINT64_C(1) << 40);
}

static void test_declaration(void)
{
    const pipette_model *model = lif();
    uint32_t i;
    CU_ASSERT_EQUAL(model->parameter_count, 6);
    CU_ASSERT_EQUAL_FATAL(model->result_count, 4);
    CU_ASSERT_EQUAL(model->shape_parameter_count, 2);
    CU_ASSERT_STRING_EQUAL(model->results[0].path, "neuron.$.V");
    CU_ASSERT_STRING_EQUAL(model->results[0].dimensions[0].name, "time");
    CU_ASSERT_EQUAL(model->results[0].dimensions[0].extent, 0);
    CU_ASSERT_EQUAL(model->results[2].flags, PIPETTE_RETURNED);
    CU_ASSERT_STRING_EQUAL(model->results[2].unit, "Hz");
    for (i = 0; i < model->parameter_count; i++) {
        const pipette_parameter_spec *spec = &model->parameters[i];
        const int positive = strcmp(spec->path, "neuron.tau_V") == 0 || strncmp(spec->path, "simulation.", 11) == 0;
        CU_ASSERT_EQUAL(positive, (spec->flags & PIPETTE_ABOVE_MINIMUM) != 0);
        if (strcmp(spec->path, "neuron.tau_ref") == 0) {
            CU_ASSERT((spec->flags & PIPETTE_HAS_MINIMUM) != 0);
        }
    }
}

SUITE("lif", {"reproduces the tutorial's 303 runs bit by bit", test_tutorial},
      {"first fires at 0.11", test_first_current_that_fires},
      {"fires at once above threshold", test_starts_above_threshold},
      {"steps by truncation, refuses what has none or too many", test_shape},
      {"declares bounds and units", test_declaration}, )
