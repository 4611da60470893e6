/* suite.h: the frame of a test program: lists tests, runs them with CUnit, returns the number of failures.
 *
 *     static void test_adds(void) { CU_ASSERT_EQUAL(1 + 1, 2); }
 *     SUITE("arithmetic", {"adds two numbers", test_adds}, )
 *
 * The arguments 2 3 run the second third of the tests: the 2nd, 5th, 8th ...
 */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <stdlib.h>

/* Whether this is built with the address sanitizer, which changes how memory faults end. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

typedef struct suite_test {
    const char *name;
    void (*function)(void);
} suite_test;

static int suite_main(const char *name, const suite_test *tests, size_t count, int argc, char **argv)
{
    const size_t part = argc == 3 ? strtoul(argv[1], NULL, 10) : 1, parts = argc == 3 ? strtoul(argv[2], NULL, 10) : 1;
    CU_pSuite suite;
    unsigned failures, wanted = 0;
    size_t i;
    if (part < 1 || part > parts || part > count || CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    suite = CU_add_suite(name, NULL, NULL);
    for (i = part - 1; suite != NULL && i < count; i += parts, wanted++)
        if (CU_add_test(suite, tests[i].name, tests[i].function) == NULL)
            suite = NULL;
    if (suite == NULL)
        return 1;
    (void)setvbuf(stdout, NULL, _IOLBF, 0); /* the log of a suite that is stopped says where */
    CU_basic_set_mode(CU_BRM_VERBOSE);
    (void)CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    if (CU_get_number_of_tests_run() != wanted)
        failures++;
    CU_cleanup_registry();
    return failures > 100 ? 100 : (int)failures;
}

#define SUITE(name, ...)                                                                                               \
    int main(int argc, char **argv)                                                                                    \
    {                                                                                                                  \
        static const suite_test tests[] = {__VA_ARGS__};                                                               \
        return suite_main(name, tests, sizeof tests / sizeof tests[0], argc, argv);                                    \
    }

#endif
