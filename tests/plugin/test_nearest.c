/* test_nearest: the name that somebody probably meant. */
#include "plugin/nearest.h"

#include <string.h>

#include "suite.h"

static const char *const names[] = {"explorer", "hdf5", "lif", "multiply", NULL, "rate_summary"};

static const char *nearest(const char *name)
{
    const char *found = nearest_name(name, names, 6);
    return found != NULL ? found : "(none)";
}

static void test_typing_errors(void)
{
    CU_ASSERT_STRING_EQUAL(nearest("explorre"), "explorer");
    CU_ASSERT_STRING_EQUAL(nearest("multply"), "multiply");
    CU_ASSERT_STRING_EQUAL(nearest("multiiply"), "multiply");
    CU_ASSERT_STRING_EQUAL(nearest("rate-summary"), "rate_summary");
    CU_ASSERT_STRING_EQUAL(nearest("hdf5"), "hdf5");
}

static void test_swap_counts_once(void)
{
    /* Three letters allow one mistake; plain Levenshtein would count two. */
    CU_ASSERT_STRING_EQUAL(nearest("lfi"), "lif");
    CU_ASSERT_STRING_EQUAL(nearest("hfd5"), "hdf5");
}

static void test_too_far(void)
{
    CU_ASSERT_STRING_EQUAL(nearest("storage"), "(none)");
    CU_ASSERT_STRING_EQUAL(nearest("fil"), "(none)");
    CU_ASSERT_STRING_EQUAL(nearest(""), "(none)");
    CU_ASSERT_STRING_EQUAL(nearest("l"), "(none)");
    CU_ASSERT_PTR_NULL(nearest_name("lif", NULL, 0));
}

static void test_nearest_of_several(void)
{
    static const char *const close[] = {"simulation.dr", "simulation.dtt", "simulation.dt", "simulation.dx"};
    CU_ASSERT_STRING_EQUAL(nearest_name("simulation.dt", close, 4), "simulation.dt");
    CU_ASSERT_STRING_EQUAL(nearest_name("simulation.dq", close, 4), "simulation.dr");
}

static void test_long_names(void)
{
    char name[301];
    const char *const one[] = {name};
    memset(name, 'a', 300);
    name[300] = '\0';
    CU_ASSERT_PTR_NULL(nearest_name(name, one, 1));
    CU_ASSERT_PTR_NULL(nearest_name("aaa", one, 1));
    name[127] = '\0';
    CU_ASSERT_PTR_EQUAL(nearest_name(name, one, 1), name);
}

SUITE("nearest name", {"typing errors", test_typing_errors}, {"a swap counts once", test_swap_counts_once},
      {"too far away", test_too_far}, {"nearest of several", test_nearest_of_several},
      {"long names", test_long_names}, )
