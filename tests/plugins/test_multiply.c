/* Tests of the multiply model. */
#include "fake_run.h"
#include "suite.h"

static void test_multiplies(void)
{
    const pipette_descriptor *descriptor = fake_plugin_load(TEST_PLUGINS "/multiply.so");
    fake_run run;
    if (descriptor == NULL)
        CU_FAIL_FATAL("multiply.so cannot be loaded");
    CU_ASSERT_EQUAL(descriptor->kind, PIPETTE_KIND_MODEL);
    CU_ASSERT_STRING_EQUAL(descriptor->name, "multiply");
    fake_run_begin(&run, (const pipette_model *)descriptor->table);
    CU_ASSERT_EQUAL_FATAL(fake_run_shape(&run), PIPETTE_OK);
    CU_ASSERT_EQUAL(fake_run_go(&run), PIPETTE_OK);
    CU_ASSERT_EQUAL(*(const double *)fake_run_data(&run, "$.z"), 1.0);
    fake_run_set(&run, "x", pipette_value_f64(4.0));
    fake_run_set(&run, "y", pipette_value_f64(8.0));
    CU_ASSERT_EQUAL(fake_run_go(&run), PIPETTE_OK);
    CU_ASSERT_EQUAL(*(const double *)fake_run_data(&run, "$.z"), 32.0);
    fake_run_end(&run);
}

SUITE("multiply", {"gives the product", test_multiplies}, )
