/* Tests of result files that another program cuts off, renames, removes or replaces while runs are stored: never
 * "done", but exit code 4 and what happened and what to do; and what the same command does then. */
#include "hostile.h"
#include "suite.h"

#define TAKEN                                                                                                          \
    "name = \"T\";\npreprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"i\"; from = 0; to = 199; "     \
    "step = 1; } ); } );\n"                                                                                            \
    "run = { plugin = \"" FIXTURE("odd_values") "\"; };\nstorage = { plugin = \"hdf5\"; file = \"h.hdf5\"; };\n"

static int taken(const char *deed, const char *odd)
{
    char set[64], set_odd[64];
    (void)snprintf(set, sizeof set, "parameters.deed=%s", deed);
    (void)snprintf(set_odd, sizeof set_odd, "parameters.odd=%s", odd);
    return PIPETTE("run", "h.cfg", "-w", "2", "--set", set, "--set", set_odd);
}

static void test_taken(void)
{
    static const struct {
        const char *deed, *message;
    } deeds[] = {
        {"cut", "cut off"},
        {"rename", "renamed"},
        {"remove", "removed"},
        {"replace", "replaced"},
    };
    static const char *const odd[] = {"150", "199"};
    size_t i, k;
    for (i = 0; i < sizeof deeds / sizeof deeds[0]; i++)
        for (k = 0; k < 2; k++) {
            hostile_begin(TAKEN);
            CU_ASSERT(told(taken(deeds[i].deed, odd[k]) == 4, deeds[i].deed));
            /* What replaces the file may come a moment after it has gone. */
            CU_ASSERT(
                told(one_error_line() && err_has("h.hdf5") &&
                         (err_has(deeds[i].message) || (strcmp(deeds[i].deed, "replace") == 0 && err_has("vanished"))),
                     deeds[i].deed));
            CU_ASSERT(told(!out_has("results:"), deeds[i].deed));
            hostile_end();
        }
}

/* What was done is not lost with the name; and where the end of the file is lost, the next command does not call it
 * done either. */
static void test_afterwards(void)
{
    hostile_begin(TAKEN);
    /* One worker: another may be about to open the file, and then not all is done. */
    CU_ASSERT_EQUAL(
        PIPETTE("run", "h.cfg", "-w", "1", "--set", "parameters.deed=rename", "--set", "parameters.odd=150"), 4);
    CU_ASSERT_EQUAL(rename(in_folder("away.hdf5"), in_folder("h.hdf5")), 0);
    CU_ASSERT_EQUAL(
        PIPETTE("run", "h.cfg", "--set", "parameters.deed=rename", "--set", "parameters.odd=150", "--runs", "0-9"), 0);
    CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 200);
    CU_ASSERT_EQUAL(count_lines("word", "plain"), 200);
    hostile_end();
    hostile_begin(TAKEN);
    CU_ASSERT_EQUAL(taken("cut", "150"), 4);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg"), 4);
    EXPECT(one_error_line() && err_has("is cut off") && err_has("remove it"));
    CU_ASSERT_EQUAL(unlink(in_folder("h.hdf5")), 0);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg"), 0);
    CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 200);
    hostile_end();
    hostile_begin(TAKEN);
    CU_ASSERT(told(taken("shorten", "150") == 4, "shorten"));
    EXPECT(one_error_line() && err_has("h.hdf5") && (err_has("run again") || err_has("pipette run")));
    hostile_end();
}

SUITE("taken", {"in the midst of it", test_taken}, {"afterwards", test_afterwards}, )
