/* test_loader: the handshake: what a descriptor in memory may and may not declare. */
#include "plugin/loader.h"

#include <math.h>

#include <pipette/launcher.h>
#include <pipette/model.h>
#include <pipette/postprocess.h>
#include <pipette/preprocess.h>
#include <pipette/storage.h>

#include "suite.h"

static pipette_error error;

static int run_nothing(pipette_run *run)
{
    (void)run;
    return PIPETTE_OK;
}

static int shape_nothing(pipette_shape *shape)
{
    (void)shape;
    return PIPETTE_OK;
}

/* A model that is in order, afresh for each case, which then breaks one thing. */
static pipette_parameter_spec parameters[3];
static pipette_dimension dimensions[2];
static pipette_result_spec results[3];
static pipette_option_spec options[2];
static const char *shape_parameters[2];
static pipette_model model;
static pipette_descriptor descriptor;

static void fresh(void)
{
    const pipette_parameter_spec good_parameters[] = {
        PIPETTE_F64_IN("neuron.I", 0.5, 0.0, 1.0, "nA", "Current."),
        PIPETTE_I64("steps", 7, "1", "Steps."),
        PIPETTE_STRING("label", "none", "Label."),
    };
    const pipette_dimension good_dimensions[] = {
        PIPETTE_DIMENSION("time", "ms", 10, 0.0, 0.1, "Time."),
        PIPETTE_DIMENSION("cell", "1", PIPETTE_RAGGED, 0.0, 0.0, "Cell."),
    };
    const pipette_result_spec good_results[] = {
        PIPETTE_RETURNED_F64("neuron.$.rate", "Hz", "Rate."),
        PIPETTE_RESULT_(PIPETTE_TYPE_F64, "neuron.$.V", "mV", "Potential.", dimensions, 2, 0),
        PIPETTE_RESULT_I64("count", "1", "Count."),
    };
    const pipette_option_spec good_options[] = {
        PIPETTE_OPTION("product", PIPETTE_OPTION_LIST, NULL, "Axes."),
        PIPETTE_OPTION("product[].values", PIPETTE_OPTION_ARRAY, "[]", "Values."),
    };
    memcpy(parameters, good_parameters, sizeof parameters);
    memcpy(dimensions, good_dimensions, sizeof dimensions);
    memcpy(results, good_results, sizeof results);
    memcpy(options, good_options, sizeof options);
    shape_parameters[0] = "steps";
    shape_parameters[1] = "neuron.I";
    memset(&model, 0, sizeof model);
    model.size = (uint32_t)sizeof model;
    model.parameters = parameters;
    model.parameter_count = 3;
    model.results = results;
    model.result_count = 3;
    model.shape_parameters = shape_parameters;
    model.shape_parameter_count = 2;
    model.run = run_nothing;
    memset(&descriptor, 0, sizeof descriptor);
    descriptor.magic = PIPETTE_MAGIC;
    descriptor.abi_major = 1;
    descriptor.abi_minor = 0;
    descriptor.size = sizeof descriptor;
    descriptor.kind = PIPETTE_KIND_MODEL;
    descriptor.name = "test";
    descriptor.version = "1.0";
    descriptor.doc = "A test.";
    descriptor.table = &model;
    descriptor.options = options;
    descriptor.option_count = 2;
}

static void good(void)
{
    error.message[0] = '\0';
    CU_ASSERT_EQUAL(plugin_check_descriptor("/x.so", &descriptor, &error), PIPETTE_OK);
    CU_ASSERT_STRING_EQUAL(error.message, "");
    fresh();
}

/* Refused with this code and this message behind "plugin '/x.so'"; then everything is in order again. */
static void bad(int code, const char *message)
{
    char expected[1200];
    (void)snprintf(expected, sizeof expected, "plugin '/x.so'%s", message);
    CU_ASSERT_EQUAL(plugin_check_descriptor("/x.so", &descriptor, &error), code);
    CU_ASSERT_STRING_EQUAL(error.message, expected);
    if (strcmp(error.message, expected) != 0)
        (void)printf("\n  got      %s\n  expected %s\n", error.message, expected);
    fresh();
}

static void test_prefix(void)
{
    fresh();
    good();
    descriptor.magic++;
    bad(PIPETTE_E_ABI,
        ": pipette_plugin_entry() returns no Pipette descriptor (magic number 0x45545445504951 instead of "
        "0x45545445504950)");
    descriptor.abi_minor = 2;
    bad(PIPETTE_E_ABI,
        " is too new: made for ABI 1.2, this host speaks 1.1: rebuild it with this host's headers, or use a newer "
        "Pipette");
    descriptor.abi_major = 0;
    descriptor.abi_minor = 3;
    bad(PIPETTE_E_ABI, " is too old: made for ABI 0.3, this host speaks 1.1: rebuild it with this host's headers");
    descriptor.size = sizeof descriptor - 8;
    bad(PIPETTE_E_ABI, ": its descriptor is truncated: it has 80 bytes, ABI 1.0 has 88");
    descriptor.size = sizeof descriptor + 64;
    good();
    CU_ASSERT_EQUAL(plugin_check_descriptor("/x.so", NULL, &error), PIPETTE_E_PLUGIN);
    CU_ASSERT_EQUAL(plugin_check_descriptor("/x.so", NULL, NULL), PIPETTE_E_PLUGIN);
}

static void test_identity(void)
{
    fresh();
    descriptor.kind = 0;
    bad(PIPETTE_E_PLUGIN, " is of the unknown kind 0");
    descriptor.kind = 6;
    bad(PIPETTE_E_PLUGIN, " is of the unknown kind 6");
    descriptor.name = NULL;
    bad(PIPETTE_E_PLUGIN, " has no name (NULL)");
    descriptor.name = "";
    bad(PIPETTE_E_PLUGIN, " has the name '': letters, digits, '_' and '-' are allowed, under 128 of them");
    descriptor.name = "../evil";
    bad(PIPETTE_E_PLUGIN, " has the name '../evil': letters, digits, '_' and '-' are allowed, under 128 of them");
    descriptor.name = "rate_summary-2";
    good();
    descriptor.version = NULL;
    good();
    descriptor.doc = "caf\xe9";
    bad(PIPETTE_E_PLUGIN, ": its doc is not UTF-8");
    descriptor.doc = "caf\xc3\xa9";
    good();
}

static void test_model_table(void)
{
    fresh();
    descriptor.table = NULL;
    bad(PIPETTE_E_PLUGIN, " has no model table (NULL)");
    model.size = (uint32_t)sizeof model - 8;
    bad(PIPETTE_E_ABI, ": its model table says it has 80 bytes, ABI 1.0 has 88");
    model.size = 1000;
    good();
    model.run = NULL;
    bad(PIPETTE_E_PLUGIN, ": its model table has no run()");
    model.parameters = NULL;
    bad(PIPETTE_E_PLUGIN, " declares 3 parameters, but the array is NULL");
    model.parameters = NULL;
    model.parameter_count = 0;
    model.shape_parameter_count = 0;
    good();
    model.parameter_stride = 64;
    bad(PIPETTE_E_ABI, " has parameters of 64 bytes, ABI 1.0 has 96: rebuild it with this host's headers");
    model.result_stride = (uint32_t)sizeof(pipette_result_spec) + 4;
    bad(PIPETTE_E_ABI, " has results that do not lie on 8-byte boundaries");
    parameters[1].size = 95;
    bad(PIPETTE_E_ABI,
        ": parameter 1 (from 0) says it has 95 bytes, ABI 1.0 has 96: declare it with the macros of the headers");
    results[1].size = 80;
    bad(PIPETTE_E_ABI, ": result 1 (from 0) says it has 80 bytes, more than the stride of 56");
}

static void test_parameter_paths(void)
{
    static const char *const wrong[][2] = {
        {"", "no characters"},
        {"neuron..I", "an empty part between dots"},
        {".I", "an empty part between dots"},
        {"neuron.", "an empty part between dots"},
        {"neuron I", "a character that is no letter, digit, '_' or '-'"},
        {"neuron/I", "a character that is no letter, digit, '_' or '-'"},
        {"neuron.\xc3\xa9", "a character that is no letter, digit, '_' or '-'"},
        {"neuron.$.I", "a character that is no letter, digit, '_' or '-'"},
        {"neuron._I", "a part that begins with '_'"},
        {"neuron.crun", "a part that is the name of a run"},
        {"run_00000013.I", "a part that is the name of a run"},
        {"run_ALL", "a part that is the name of a run"},
    };
    size_t i;
    fresh();
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char message[300];
        parameters[2].path = wrong[i][0];
        (void)snprintf(message, sizeof message, ": the path of parameter 2 (from 0), '%s', has %s", wrong[i][0],
                       wrong[i][1]);
        bad(PIPETTE_E_PLUGIN, message);
    }
    parameters[2].path = NULL;
    bad(PIPETTE_E_PLUGIN, ": the path of parameter 2 (from 0) is NULL");
    parameters[2].path = "run_time.tau-ref.2";
    good();
    parameters[2].path = "steps";
    bad(PIPETTE_E_PLUGIN, " declares parameter 'steps' twice");
    parameters[2].path = "neuron";
    bad(PIPETTE_E_PLUGIN,
        ": parameter 'neuron' cannot be a value and the group of 'neuron.I' in a file: rename one of them");
    /* '-' sorts before '.', and must not come between a leaf and its group. */
    parameters[0].path = "a.b";
    parameters[1].path = "a";
    parameters[2].path = "a-b";
    model.shape_parameter_count = 0;
    bad(PIPETTE_E_PLUGIN, ": parameter 'a' cannot be a value and the group of 'a.b' in a file: rename one of them");
}

static void test_parameter_members(void)
{
    fresh();
    parameters[0].type = 0;
    bad(PIPETTE_E_PLUGIN, ": parameter 'neuron.I' has the unknown type 0");
    parameters[0].type = 9;
    bad(PIPETTE_E_PLUGIN, ": parameter 'neuron.I' has the unknown type 9");
    parameters[0].unit = NULL;
    good();
    parameters[0].doc = NULL;
    good();
    parameters[2].default_string = NULL;
    bad(PIPETTE_E_PLUGIN, ": the default of parameter 'label' is NULL: give \"\" where there is none");
    parameters[1].type = PIPETTE_TYPE_I32;
    parameters[1].default_i64 = INT64_C(3000000000);
    bad(PIPETTE_E_PLUGIN, ": the default of parameter 'steps', 3000000000, does not fit i32");
    parameters[1].type = PIPETTE_TYPE_BOOL;
    bad(PIPETTE_E_PLUGIN, ": the default of parameter 'steps', 7, is neither 0 nor 1");
    parameters[0].type = PIPETTE_TYPE_F32;
    parameters[0].flags = 0;
    parameters[0].default_f64 = 1e39;
    bad(PIPETTE_E_PLUGIN, ": the default of parameter 'neuron.I', 1e+39, does not fit f32");
}

static void test_bounds(void)
{
    fresh();
    parameters[0].default_f64 = 1.5;
    bad(PIPETTE_E_PLUGIN, ": the default of parameter 'neuron.I', 1.5, is above its maximum 1");
    parameters[0].default_f64 = -0.5;
    bad(PIPETTE_E_PLUGIN, ": the default of parameter 'neuron.I', -0.5, is below its minimum 0");
    parameters[0].default_f64 = 0.0;
    good();
    parameters[0].default_f64 = 0.0;
    parameters[0].flags |= PIPETTE_ABOVE_MINIMUM;
    bad(PIPETTE_E_PLUGIN, ": the default of parameter 'neuron.I', 0, is not above 0");
    parameters[0].default_f64 = NAN;
    bad(PIPETTE_E_PLUGIN, ": the default of parameter 'neuron.I' is NaN, but it has bounds");
    parameters[0].default_f64 = NAN;
    parameters[0].flags = 0;
    good();
    parameters[0].minimum = 2.0;
    bad(PIPETTE_E_PLUGIN, ": the minimum of parameter 'neuron.I', 2, is above its maximum, 1");
    parameters[0].maximum = NAN;
    bad(PIPETTE_E_PLUGIN, ": a bound of parameter 'neuron.I' is NaN");
    parameters[0].flags = 8;
    bad(PIPETTE_E_PLUGIN, ": parameter 'neuron.I' has flags 0x8, which say nothing");
    parameters[2].flags = PIPETTE_HAS_MINIMUM;
    bad(PIPETTE_E_PLUGIN, ": parameter 'label' is of type string, which takes no bounds");
    /* 2^53 + 1 is above 2^53, though no double can say so. */
    parameters[1].default_i64 = INT64_C(9007199254740993);
    parameters[1].flags = PIPETTE_HAS_MAXIMUM;
    parameters[1].maximum = 9007199254740992.0;
    bad(PIPETTE_E_PLUGIN,
        ": the default of parameter 'steps', 9007199254740993, is above its maximum 9007199254740992");
    parameters[1].default_i64 = INT64_MAX;
    parameters[1].flags = PIPETTE_HAS_MAXIMUM;
    parameters[1].maximum = 0x1p63;
    good();
    parameters[1].default_i64 = -3;
    parameters[1].flags = PIPETTE_HAS_MINIMUM;
    parameters[1].minimum = -2.5;
    bad(PIPETTE_E_PLUGIN, ": the default of parameter 'steps', -3, is below its minimum -2.5");
    parameters[1].default_i64 = -2;
    parameters[1].flags = PIPETTE_HAS_MINIMUM;
    parameters[1].minimum = -2.5;
    good();
    parameters[1].type = PIPETTE_TYPE_U64;
    parameters[1].default_u64 = UINT64_MAX;
    parameters[1].flags = PIPETTE_HAS_MINIMUM | PIPETTE_HAS_MAXIMUM;
    parameters[1].minimum = -1e300;
    parameters[1].maximum = 0x1.fffffffffffffp63;
    bad(PIPETTE_E_PLUGIN,
        ": the default of parameter 'steps', 18446744073709551615, is above its maximum 1.844674407370955e+19");
}

static void test_array_defaults(void)
{
    static const double weights[] = {0.25, 0.5, 0.75};
    static const double heavy[] = {0.25, 1.5, 0.75};
    static const char *const words[] = {"a", NULL};
    static const uint64_t three = 3, two = 2, huge[] = {UINT64_C(1) << 40, UINT64_C(1) << 40};
    pipette_value value = pipette_value_array(PIPETTE_TYPE_F64, 1, &three, weights);
    const pipette_value copy = value;
    fresh();
    parameters[0].default_array = &value;
    good();
    parameters[0].default_array = &value;
    value.data = heavy;
    bad(PIPETTE_E_PLUGIN, ": the default of parameter 'neuron.I', 1.5, is above its maximum 1");
    parameters[0].default_array = &value;
    value.data = NULL;
    bad(PIPETTE_E_PLUGIN, ": the default of parameter 'neuron.I' has no data");
    parameters[0].default_array = &value;
    value = copy;
    value.rank = 0;
    bad(PIPETTE_E_PLUGIN, ": the default of parameter 'neuron.I' is no array of 1 to 31 dimensions");
    parameters[0].default_array = &value;
    value = copy;
    value.rank = 2;
    value.shape = huge;
    bad(PIPETTE_E_PLUGIN, ": the default of parameter 'neuron.I' has an impossible shape");
    parameters[1].default_array = &value;
    value = copy;
    bad(PIPETTE_E_PLUGIN, ": parameter 'steps' is of type i64, its default of type f64");
    parameters[0].default_array = &value;
    value.size = 8;
    bad(PIPETTE_E_ABI, ": the default of parameter 'neuron.I' says it has 8 bytes, a value has 48");
    parameters[2].default_array = &value;
    value = pipette_value_array(PIPETTE_TYPE_STRING, 1, &two, words);
    bad(PIPETTE_E_PLUGIN, ": the default of parameter 'label' is NULL: give \"\" where there is none");
}

static void test_shape_parameters(void)
{
    fresh();
    shape_parameters[1] = "I";
    bad(PIPETTE_E_PLUGIN, ": shape parameter 'I' is not among its declared parameters");
    shape_parameters[0] = NULL;
    bad(PIPETTE_E_PLUGIN, ": shape parameter 0 (from 0) is NULL");
    model.shape_parameters = NULL;
    bad(PIPETTE_E_PLUGIN, " declares 2 shape parameters, but the array is NULL");
}

static void test_results(void)
{
    fresh();
    results[2].path = "neuron.$";
    bad(PIPETTE_E_PLUGIN, ": the path of result 2 (from 0), 'neuron.$', has '$' as its last part");
    results[2].path = "$.neuron.$.x";
    bad(PIPETTE_E_PLUGIN, ": the path of result 2 (from 0), '$.neuron.$.x', has '$' twice");
    results[2].path = "neuron.$x";
    bad(PIPETTE_E_PLUGIN,
        ": the path of result 2 (from 0), 'neuron.$x', has a character that is no letter, digit, '_' or '-'");
    results[2].path = "neuron.crun.x";
    bad(PIPETTE_E_PLUGIN, ": the path of result 2 (from 0), 'neuron.crun.x', has a part that is the name of a run");
    results[2].type = 77;
    bad(PIPETTE_E_PLUGIN, ": result 'count' has the unknown type 77");
    results[2].flags = 2;
    bad(PIPETTE_E_PLUGIN, ": result 'count' has flags 0x2, which say nothing");
    results[2].unit = NULL;
    good();
    results[2].path = "neuron.$.rate";
    bad(PIPETTE_E_PLUGIN, " declares result 'neuron.$.rate' twice");
    results[2].path = "neuron.rate.$.x";
    bad(PIPETTE_E_PLUGIN,
        ": result 'neuron.$.rate' cannot be a value and the group of 'neuron.rate.$.x' in a file: rename one of "
        "them");
    /* Without `$`, "neuron.rate" is runs.$.neuron.rate: another place. */
    results[2].path = "neuron.rate";
    good();
    results[1].path = "runs.$.count";
    bad(PIPETTE_E_PLUGIN,
        ": results 'runs.$.count' and 'count' would both be 'runs.count' in a file: rename one of them");
}

/* Two cells with names, "a" and `second`. */
static void label_cells(const char *second)
{
    static const char *labels[] = {"a", NULL};
    labels[1] = second;
    dimensions[1].labels = labels;
    dimensions[1].extent = 2;
}

static void test_dimensions(void)
{
    fresh();
    dimensions[1].name = "time";
    bad(PIPETTE_E_PLUGIN, ": result 'neuron.$.V' has two dimensions of the name 'time'");
    dimensions[1].name = "run";
    bad(PIPETTE_E_PLUGIN,
        ": dimension 1 (from 0) of result 'neuron.$.V', 'run', has the name of the dimension of the runs");
    dimensions[1].name = "complex";
    bad(PIPETTE_E_PLUGIN,
        ": dimension 1 (from 0) of result 'neuron.$.V', 'complex', has the name that files give to the "
        "real and imaginary parts of complex numbers: rename it");
    dimensions[1].unit = dimensions[1].doc = NULL;
    good();
    dimensions[1].name = "";
    bad(PIPETTE_E_PLUGIN, ": dimension 1 (from 0) of result 'neuron.$.V', '', has an empty part between dots");
    dimensions[1].name = NULL;
    bad(PIPETTE_E_PLUGIN, ": the name of a dimension of result 'neuron.$.V' is NULL: give \"\" where there is none");
    dimensions[0].extent = 0;
    bad(PIPETTE_E_PLUGIN,
        ": dimension 'time' of result 'neuron.$.V' has extent 0, but the model has no shape() to give it");
    dimensions[0].extent = 0;
    model.shape = shape_nothing;
    good();
    dimensions[0].step = INFINITY;
    bad(PIPETTE_E_PLUGIN, ": dimension 'time' of result 'neuron.$.V' has a start or step that is no number");
    label_cells("b");
    good();
    label_cells(NULL);
    bad(PIPETTE_E_PLUGIN, ": label 1 (from 0) of dimension 'cell' of result 'neuron.$.V' is NULL");
    label_cells("caf\xe9");
    bad(PIPETTE_E_PLUGIN, ": label 1 (from 0) of dimension 'cell' of result 'neuron.$.V' is not UTF-8");
    label_cells("b");
    dimensions[1].step = 1.0;
    bad(PIPETTE_E_PLUGIN, ": dimension 'cell' of result 'neuron.$.V' has labels and a step, which both say where its "
                          "elements stand: leave one out");
    label_cells("b");
    dimensions[1].extent = PIPETTE_RAGGED;
    bad(PIPETTE_E_PLUGIN, ": dimension 'cell' of result 'neuron.$.V' has labels, so its extent must be their number");
    dimensions[0].extent = UINT64_C(1) << 61;
    bad(PIPETTE_E_PLUGIN, ": result 'neuron.$.V' is larger than 2^63 bytes");
    results[1].rank = 32;
    bad(PIPETTE_E_PLUGIN, ": result 'neuron.$.V' has 32 dimensions, at most 31 can be stored");
    results[1].dimensions = NULL;
    bad(PIPETTE_E_PLUGIN, " declares 2 dimensions, but the array is NULL");
    results[1].dimension_stride = 48;
    bad(PIPETTE_E_ABI, " has dimensions of 48 bytes, ABI 1.0 has 56: rebuild it with this host's headers");
    dimensions[0].size = 0;
    bad(PIPETTE_E_ABI,
        ": dimension 0 (from 0) says it has 0 bytes, ABI 1.0 has 56: declare it with the macros of the headers");
}

static void test_options(void)
{
    static const char *const wrong[] = {"", ".a", "a.", "a..b", "a[1]", "a[", "a b", "[]", "a*"};
    size_t i;
    fresh();
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char message[200];
        options[1].path = wrong[i];
        (void)snprintf(message, sizeof message,
                       ": the path of option 1 (from 0), '%s', is not like \"a.b\", \"a[].b\" or \"a.*\"", wrong[i]);
        bad(PIPETTE_E_PLUGIN, message);
    }
    options[1].path = "points[].*";
    good();
    options[1].path = "product";
    bad(PIPETTE_E_PLUGIN, " declares option 'product' twice");
    options[1].type = 100;
    bad(PIPETTE_E_PLUGIN, ": option 'product[].values' has the unknown type 100");
    options[1].doc = NULL;
    good();
    descriptor.options = NULL;
    bad(PIPETTE_E_PLUGIN, " declares 2 options, but the array is NULL");
    descriptor.option_stride = 16;
    bad(PIPETTE_E_ABI, " has options of 16 bytes, ABI 1.0 has 32: rebuild it with this host's headers");
}

static pipette_batch_model batch;

static const void *extension(const char *id)
{
    return strcmp(id, "pipette.batch/1") == 0 ? &batch : NULL;
}

static int run_batch(pipette_batch *lanes)
{
    (void)lanes;
    return PIPETTE_OK;
}

static void test_batch(void)
{
    fresh();
    batch.size = (uint32_t)sizeof batch;
    batch.run_batch = run_batch;
    descriptor.extension = extension;
    good();
    batch.run_batch = NULL;
    descriptor.extension = extension;
    bad(PIPETTE_E_PLUGIN, ": its pipette.batch/1 table has no run_batch()");
    batch.size = 8;
    descriptor.extension = extension;
    bad(PIPETTE_E_ABI, ": its pipette.batch/1 table says it has 8 bytes, ABI 1.0 has 16");
}

static int preprocess(pipette_stage *stage, pipette_trajectory *trajectory)
{
    (void)stage;
    (void)trajectory;
    return PIPETTE_OK;
}

static int postprocess(pipette_stage *stage, pipette_trajectory *trajectory, pipette_results *values)
{
    (void)stage;
    (void)trajectory;
    (void)values;
    return PIPETTE_OK;
}

static void test_stages(void)
{
    pipette_preprocess before = {(uint32_t)sizeof before, 0, NULL, preprocess, NULL};
    pipette_postprocess after = {(uint32_t)sizeof after, 0, NULL, NULL, postprocess, NULL};
    fresh();
    descriptor.kind = PIPETTE_KIND_PREPROCESS;
    descriptor.table = &before;
    good();
    descriptor.kind = PIPETTE_KIND_PREPROCESS;
    descriptor.table = &before;
    before.preprocess = NULL;
    bad(PIPETTE_E_PLUGIN, ": its preprocess table has no preprocess()");
    descriptor.kind = PIPETTE_KIND_POSTPROCESS;
    descriptor.table = &after;
    good();
    descriptor.kind = PIPETTE_KIND_POSTPROCESS;
    descriptor.table = &after;
    after.postprocess = NULL;
    bad(PIPETTE_E_PLUGIN, ": its postprocess table has no postprocess()");
    descriptor.kind = PIPETTE_KIND_POSTPROCESS;
    descriptor.table = &after;
    after.size = 16;
    bad(PIPETTE_E_ABI, ": its postprocess table says it has 16 bytes, ABI 1.0 has 40");
}

static void test_services(void)
{
    pipette_storage storage;
    pipette_launcher launcher;
    fresh();
    memset(&storage, 0, sizeof storage);
    memset(&launcher, 0, sizeof launcher);
    storage.size = (uint32_t)sizeof storage;
    launcher.size = (uint32_t)sizeof launcher;
    descriptor.kind = PIPETTE_KIND_STORAGE;
    descriptor.table = &storage;
    bad(PIPETTE_E_PLUGIN, ": its storage table has no create()");
    descriptor.kind = PIPETTE_KIND_STORAGE;
    descriptor.table = &storage;
    storage.version = 1;
    bad(PIPETTE_E_ABI,
        ": its storage table is of version 1, this host speaks version 0: rebuild it with this host's headers");
    descriptor.kind = PIPETTE_KIND_LAUNCHER;
    descriptor.table = &launcher;
    bad(PIPETTE_E_PLUGIN, ": its launcher table has no create()");
    descriptor.kind = PIPETTE_KIND_LAUNCHER;
    descriptor.table = &launcher;
    launcher.version = 7;
    bad(PIPETTE_E_ABI,
        ": its launcher table is of version 7, this host speaks version 0: rebuild it with this host's headers");
    descriptor.kind = PIPETTE_KIND_LAUNCHER;
    descriptor.table = &launcher;
    launcher.version = 0;
    launcher.size = 32;
    bad(PIPETTE_E_ABI, ": its launcher table says it has 32 bytes, ABI 1.0 has 64");
}

SUITE("handshake", {"frozen fields", test_prefix}, {"kind, name, version, doc", test_identity},
      {"model table", test_model_table}, {"paths of parameters", test_parameter_paths},
      {"members of parameters", test_parameter_members}, {"bounds", test_bounds},
      {"array defaults", test_array_defaults}, {"shape parameters", test_shape_parameters}, {"results", test_results},
      {"dimensions", test_dimensions}, {"options", test_options}, {"batch", test_batch}, {"stages", test_stages},
      {"services", test_services}, )
