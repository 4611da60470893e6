/* suite.h: the frame of a test program: lists tests, runs them with CUnit, returns the number of failures.
 *
 *     static void test_adds(void) { CU_ASSERT_EQUAL(1 + 1, 2); }
 *     SUITE("arithmetic", {"adds two numbers", test_adds}, )
 */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

typedef struct suite_test {
    const char *name;
    void (*function)(void);
} suite_test;

static int suite_main(const char *name, const suite_test *tests, size_t count)
{
    CU_pSuite suite;
    unsigned failures;
    size_t i;
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    suite = CU_add_suite(name, NULL, NULL);
    for (i = 0; suite != NULL && i < count; i++)
        if (CU_add_test(suite, tests[i].name, tests[i].function) == NULL)
            suite = NULL;
    if (suite == NULL)
        return 1;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    (void)CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    if (CU_get_number_of_tests_run() != count)
        failures++;
    CU_cleanup_registry();
    return failures > 100 ? 100 : (int)failures;
}

#define SUITE(name, ...)                                                                  \
    int main(void)                                                                        \
    {                                                                                     \
        static const suite_test tests[] = {__VA_ARGS__};                                  \
        return suite_main(name, tests, sizeof tests / sizeof tests[0]);                   \
    }

#endif
