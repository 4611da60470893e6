/* Tests of the convergence model: the orders of its methods, and a method that does not exist. */
#include "fake_run.h"
#include "suite.h"

static void begin(fake_run *run)
{
    const pipette_descriptor *descriptor = fake_plugin_load(TEST_PLUGINS "/convergence.so");
    if (descriptor == NULL)
        CU_FAIL_FATAL("convergence.so cannot be loaded");
    fake_run_begin(run, (const pipette_model *)descriptor->table);
}

static double error_of(const char *method, int64_t steps)
{
    fake_run run;
    double error;
    begin(&run);
    fake_run_set(&run, "integrator.method", pipette_value_string(method));
    fake_run_set(&run, "integrator.steps", pipette_value_i64(steps));
    CU_ASSERT_EQUAL_FATAL(fake_run_shape(&run), PIPETTE_OK);
    CU_ASSERT_EQUAL_FATAL(fake_run_go(&run), PIPETTE_OK);
    error = *(const double *)fake_run_data(&run, "integrator.$.error");
    fake_run_end(&run);
    return error;
}

static void test_orders(void)
{
    /* One Euler step gives 0, one midpoint step 1/2, one RK4 step 3/8; 1/e is 0.36787944117144233. */
    CU_ASSERT_DOUBLE_EQUAL(error_of("euler", 1), 0.36787944117144233, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(error_of("midpoint", 1), 0.5 - 0.36787944117144233, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(error_of("rk4", 1), 0.375 - 0.36787944117144233, 1e-15);
    /* (1 - 1/10)^10 */
    CU_ASSERT_DOUBLE_EQUAL(error_of("euler", 10), 0.36787944117144233 - 0.3486784401, 1e-15);
    /* Ten times the steps: errors fall by about 10, 100 and 10^4. */
    CU_ASSERT_DOUBLE_EQUAL(error_of("euler", 100) / error_of("euler", 1000), 10.0, 0.1);
    CU_ASSERT_DOUBLE_EQUAL(error_of("midpoint", 100) / error_of("midpoint", 1000), 100.0, 1.0);
    CU_ASSERT_DOUBLE_EQUAL(error_of("rk4", 10) / error_of("rk4", 100), 1e4, 1000.0);
}

static void test_unknown_method(void)
{
    fake_run run;
    begin(&run);
    fake_run_set(&run, "integrator.method", pipette_value_string("leapfrog"));
    CU_ASSERT_EQUAL(fake_run_shape(&run), PIPETTE_E_BOUNDS);
    CU_ASSERT_STRING_EQUAL(run.message, "integrator.method = \"leapfrog\" is not known; take euler, midpoint or rk4");
    CU_ASSERT_EQUAL(fake_run_go(&run), PIPETTE_E_MODEL);
    fake_run_end(&run);
}

SUITE("convergence", {"has the order of each method", test_orders},
      {"refuses an unknown method", test_unknown_method}, )
