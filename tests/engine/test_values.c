/* Tests of bad values: each costs the run that stored it, with its name, whatever the order in which runs come; the
 * others are done. */
#include "hostile.h"
#include "suite.h"

#define VALUES(last)                                                                                                   \
    "name = \"V\";\npreprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"i\"; from = 0; to = " #last    \
    "; step = 1; } ); } );\nrun = { plugin = \"" FIXTURE(                                                              \
        "odd_values") "\"; };\n"                                                                                       \
                      "storage = { plugin = \"hdf5\"; file = \"h.hdf5\"; };\n"

static int run_with(const char *deed, const char *odd, const char *workers, const char *isolation)
{
    char set_deed[64], set_odd[64], set_isolation[64];
    (void)snprintf(set_deed, sizeof set_deed, "parameters.deed=%s", deed);
    (void)snprintf(set_odd, sizeof set_odd, "parameters.odd=%s", odd);
    (void)snprintf(set_isolation, sizeof set_isolation, "run.isolation=%s", isolation);
    return PIPETTE("run", "h.cfg", "-q", "--overwrite", "--workers", workers, "--set", set_deed, "--set", set_odd,
                   "--set", set_isolation);
}

static void test_one_bad_run(void)
{
    static const struct {
        const char *deed, *message;
    } deeds[] = {
        {"type", "result 'results.runs.$.extra' is i64 here, but f64 in a run before it"},
        {"rank", "result 'results.runs.$.extra' is an array of f64 with 2 dimensions here, but f64 in a run before it"},
        {"below", "result 'results.runs.$.extra.more' cannot stand beside 'results.runs.$.extra' of a run before it: a "
                  "name is a value or a group"},
        {"declared", "'results.$.z.more' would be below 'results.$.z' (/results/z) in the file; rename one of them"},
        {"huge", "result 'large': the array is too large"},
        {"twice", "result 'extra' was stored twice"},
        {"null_name", "the model names a result NULL"},
        {"null_parameter", "the model names a parameter NULL"},
        {"null_text", "result 'text': a string that is NULL"},
        {"null_element", "result 'text': a string that is NULL"},
        {"reserved", "name '_hidden': '_hidden' starts with '_'"},
        {"latin1", "caf\xef\xbf\xbd"},
    };
    static const char *const workers[] = {"1", "2", "8"};
    size_t i;
    hostile_begin(VALUES(39));
    for (i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
        int code = run_with(deeds[i].deed, "5", workers[i % 3], i % 4 == 1 ? "run" : "batch");
        CU_ASSERT(told(code == 1, deeds[i].deed));
        CU_ASSERT(told(strcmp(of_run("runs.state", 5), "failed") == 0, deeds[i].deed));
        CU_ASSERT(told(strcmp(of_run("runs.message", 5), deeds[i].message) == 0, deeds[i].message));
        CU_ASSERT(told(count_lines("runs.state", "done") == 39, deeds[i].deed));
        CU_ASSERT(told(strcmp(of_run("z", 39), "78") == 0, deeds[i].deed));
        CU_ASSERT(told(count_lines("extra", "2.5") == 39, deeds[i].deed));
    }
    CU_ASSERT_EQUAL(run_with("long_name", "5", "2", "batch"), 1);
    EXPECT(strstr(of_run("runs.message", 5), "a part has 399 characters; at most 127 are allowed") != NULL);
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "-q", "--overwrite", "--in-process", "--set", "parameters.deed=type"), 1);
    CU_ASSERT_STRING_EQUAL(of_run("runs.message", 5), deeds[0].message);
    CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 39);
    hostile_end();
}

/* Where the first run is the odd one, all others are wrong: also those that were done before it. */
static void test_the_lowest_run_decides(void)
{
    static const char *const workers[] = {"1", "2", "8"};
    char *first = NULL;
    int i;
    hostile_begin(VALUES(299));
    for (i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(run_with("type", "0", workers[i], "batch"), 1);
        CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 1);
        CU_ASSERT_STRING_EQUAL(of_run("extra", 0), "7");
        CU_ASSERT_STRING_EQUAL(of_run("runs.message", 200),
                               "result 'results.runs.$.extra' is f64 here, but i64 in a run before it");
        CU_ASSERT_EQUAL(run_with("below", "0", workers[i], "batch"), 1);
        CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 1);
        CU_ASSERT_STRING_EQUAL(of_run("extra.more", 0), "7");
        (void)PIPETTE("get", "h.hdf5", "runs.message");
        if (first == NULL)
            first = strdup(command_out);
        EXPECT(first != NULL && strcmp(command_out, first) == 0);
    }
    free(first);
    /* Failed runs get another try, and no message of the first one. */
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "-q", "--retry-failed", "--set", "parameters.deed=below", "--set",
                            "parameters.odd=0", "--runs", "0-9"),
                    1);
    CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 1);
    hostile_end();
}

/* A text that is no UTF-8 is stored as the text that it can be, and said so; the run is done. */
static void test_text(void)
{
    hostile_begin(VALUES(9));
    CU_ASSERT_EQUAL(run_with("text", "5", "2", "batch"), 0);
    EXPECT(err_has("1 bytes of texts of runs are no UTF-8; each is stored as U+FFFD"));
    CU_ASSERT_STRING_EQUAL(of_run("word", 5), "caf\xef\xbf\xbd \xc3\xa9");
    hostile_end();
}

static void test_no_length(void)
{
    hostile_begin(VALUES(3));
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "-q", "--set", "parameters.length=0"), 0);
    CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 4);
    CU_ASSERT_EQUAL(PIPETTE("show", "h.hdf5", "y"), 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "h.hdf5", "y"), 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "h.hdf5", "y", "--run", "1"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "k,y\n");
    hostile_end();
    hostile_begin(
        "name = \"V\";\npreprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"length\"; values = [0, 3, "
        "0, 2]; } ); } );\n"
        "run = { plugin = \"" FIXTURE("odd_values") "\"; };\nstorage = { plugin = \"hdf5\"; file = \"h.hdf5\"; };\n");
    CU_ASSERT(PIPETTE("run", "h.cfg", "-q") == 0 || err_has("twice"));
    hostile_end();
}

SUITE("values", {"one bad run", test_one_bad_run}, {"the lowest run decides", test_the_lowest_run_decides},
      {"text", test_text}, {"no length", test_no_length}, )
