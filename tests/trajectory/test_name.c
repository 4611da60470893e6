/* Tests of names over lists of paths: what they find, and what was perhaps meant. */
#include "trajectory/fixture.h"
#include "trajectory/name.h"

static const char *const paths[] = {"config.pipeline.text",
                                    "parameters.neuron.tau_V",
                                    "parameters.neuron.I",
                                    "results.deep.er.$.text",
                                    "results.neuron.$.V",
                                    "results.summary.rate",
                                    "runs.state",
                                    "results.model.$.state",
                                    "runs.message",
                                    "config.two.once",
                                    "results.neuron.$.rate.low"};

static const char *path_at(const void *user, uint32_t i)
{
    return ((const char *const *)user)[i];
}

static const char *found(const char *name)
{
    char candidates[200];
    int64_t index = name_find(name, PIPETTE_COUNT_OF(paths), path_at, paths, candidates, sizeof candidates);
    return index >= 0 ? paths[index] : index == NAME_FIND_NONE ? "nothing" : "several";
}

static void test_find(void)
{
    CU_ASSERT_STRING_EQUAL(found("tau_V"), "parameters.neuron.tau_V");
    CU_ASSERT_STRING_EQUAL(found("neuron.V"), "results.neuron.$.V");
    /* First the experiment, however deep; then what is known of the runs; then config. */
    CU_ASSERT_STRING_EQUAL(found("text"), "results.deep.er.$.text");
    CU_ASSERT_STRING_EQUAL(found("state"), "results.model.$.state");
    CU_ASSERT_STRING_EQUAL(found("runs.state"), "runs.state");
    CU_ASSERT_STRING_EQUAL(found("message"), "runs.message");
    CU_ASSERT_STRING_EQUAL(found("once"), "config.two.once");
    CU_ASSERT_STRING_EQUAL(found("config.text"), "config.pipeline.text");
    CU_ASSERT_STRING_EQUAL(found("tau"), "nothing");
}

static const char *nearest(const char *name)
{
    const char *path = name_nearest(name, PIPETTE_COUNT_OF(paths), path_at, paths);
    return path == NULL ? "nothing" : path;
}

static void test_nearest(void)
{
    char long_name[600];
    CU_ASSERT_STRING_EQUAL(nearest("tau_v"), "parameters.neuron.tau_V");
    CU_ASSERT_STRING_EQUAL(nearest("tauV"), "parameters.neuron.tau_V");
    CU_ASSERT_STRING_EQUAL(nearest("nueron.I"), "parameters.neuron.I");
    CU_ASSERT_STRING_EQUAL(nearest("par.neuron.taw_V"), "parameters.neuron.tau_V");
    CU_ASSERT_STRING_EQUAL(nearest("neurons.v"), "results.neuron.$.V");
    CU_ASSERT_STRING_EQUAL(nearest("another.rate"), "results.summary.rate");
    CU_ASSERT_STRING_EQUAL(nearest("txt"), "results.deep.er.$.text");
    CU_ASSERT_STRING_EQUAL(nearest("x"), "nothing");
    CU_ASSERT_STRING_EQUAL(nearest("quantity"), "nothing");
    CU_ASSERT_STRING_EQUAL(nearest(""), "nothing");
    memset(long_name, 'a', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    CU_ASSERT_STRING_EQUAL(nearest(long_name), "nothing");
}

static const char *const plugins[] = {"explorer", "hdf5", "lif", "multiply", NULL, "rate_summary"};

static const char *plugin(const char *name)
{
    const char *near = name_nearest_of(name, plugins, PIPETTE_COUNT_OF(plugins));
    return near == NULL ? "nothing" : near;
}

static void test_list(void)
{
    static const char *const close[] = {"simulation.dr", "simulation.dtt", "simulation.dt", "simulation.dx"};
    char name[301];
    const char *const one[] = {name};
    CU_ASSERT_STRING_EQUAL(plugin("explorre"), "explorer");
    CU_ASSERT_STRING_EQUAL(plugin("multply"), "multiply");
    CU_ASSERT_STRING_EQUAL(plugin("multiiply"), "multiply");
    CU_ASSERT_STRING_EQUAL(plugin("rate-summary"), "rate_summary");
    CU_ASSERT_STRING_EQUAL(plugin("LIF"), "lif");
    CU_ASSERT_STRING_EQUAL(plugin("hdf5"), "hdf5");
    /* Three letters allow one mistake, and a swap is one. */
    CU_ASSERT_STRING_EQUAL(plugin("lfi"), "lif");
    CU_ASSERT_STRING_EQUAL(plugin("hfd5"), "hdf5");
    CU_ASSERT_STRING_EQUAL(plugin("fil"), "nothing");
    CU_ASSERT_STRING_EQUAL(plugin("storage"), "nothing");
    CU_ASSERT_STRING_EQUAL(plugin("l"), "nothing");
    CU_ASSERT_PTR_NULL(name_nearest_of("lif", NULL, 0));
    /* The nearest, and the first of equals. */
    CU_ASSERT_STRING_EQUAL(name_nearest_of("simulation.dt", close, 4), "simulation.dt");
    CU_ASSERT_STRING_EQUAL(name_nearest_of("simulation.dq", close, 4), "simulation.dr");
    memset(name, 'a', sizeof name);
    name[300] = '\0';
    CU_ASSERT_PTR_NULL(name_nearest_of(name, one, 1));
    CU_ASSERT_PTR_NULL(name_nearest_of("aaa", one, 1));
    name[127] = '\0';
    CU_ASSERT_PTR_EQUAL(name_nearest_of(name, one, 1), name);
}

SUITE("trajectory: names", {"what a name finds", test_find}, {"what was perhaps meant", test_nearest},
      {"in a list", test_list}, )
