/* test_exploration_text.c: an exploration as text and back, exactly; and text that is no exploration. */
#include "trajectory/fixture.h"
#include "base/value.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>

static const uint64_t two = 2, three = 3;

static char *text_of(const exploration *points)
{
    char *text = NULL;
    pipette_error error;
    CU_ASSERT_EQUAL_FATAL(exploration_text(points, &text, &error), PIPETTE_OK);
    return text;
}

static void test_readable(void)
{
    pipette_trajectory *t = tutorial();
    static const double tau[] = {5.0, 7.5, 10.0, 0.1 + 0.2};
    static const uint64_t four = 4;
    pipette_axis axes[2];
    char *text;
    explore_tutorial(t);
    text = text_of(trajectory_exploration(t));
    CU_ASSERT_STRING_EQUAL(text, "exploration 1\n"
                                 "parameter parameters.neuron.tau_ref f64\n"
                                 "parameter parameters.neuron.I f64\n"
                                 "axis a0 parameters.neuron.tau_ref values 5 7.5 10\n"
                                 "axis a1 parameters.neuron.I from 0 step 0.01 count 101\n"
                                 "segment 303 points: a0 x a1\n");
    free(text);
    axes[0] = list_axis("tau_ref", PIPETTE_TYPE_F64, tau, &four);
    axes[1] = step_axis("I", 0.0, 1.5, 0.01);
    ASSERT_OK(expand(t, axes, 2), t);
    text = text_of(trajectory_exploration(t));
    CU_ASSERT_STRING_EQUAL(text, "exploration 1\n"
                                 "parameter parameters.neuron.tau_ref f64\n"
                                 "parameter parameters.neuron.I f64\n"
                                 "axis a0 parameters.neuron.tau_ref values 5 7.5 10\n"
                                 "axis a1 parameters.neuron.I from 0 step 0.01 count 101\n"
                                 "axis a2 parameters.neuron.tau_ref values 0x1.3333333333334p-2\n"
                                 "axis a3 parameters.neuron.I from 0 step 0.01 count 151\n"
                                 "axis a4 parameters.neuron.tau_ref values 5 7.5 10\n"
                                 "segment 303 points: a0 x a1\n"
                                 "segment 151 points: a2 x a3\n"
                                 "segment 150 points: a4 x a3[101:1:50]\n");
    free(text);
    trajectory_destroy(t);
}

/* Text, parsed, gives the same values bit by bit, and the same text. */
static void check_round_trip(const exploration *points)
{
    char *text = text_of(points), *again;
    exploration *parsed = NULL;
    pipette_error error;
    uint64_t count = exploration_count(points), i;
    uint32_t p;
    memset(&error, 0, sizeof error);
    if (exploration_parse(text, &parsed, &error) != PIPETTE_OK) {
        CU_FAIL_FATAL("it does not parse");
        return;
    }
    again = text_of(parsed);
    CU_ASSERT_STRING_EQUAL(again, text);
    CU_ASSERT_EQUAL(exploration_count(parsed), count);
    CU_ASSERT_EQUAL_FATAL(exploration_parameter_count(parsed), exploration_parameter_count(points));
    for (p = 0; p < exploration_parameter_count(points); p++) {
        int type = exploration_parameter_type(points, p);
        CU_ASSERT_STRING_EQUAL(exploration_parameter(parsed, p), exploration_parameter(points, p));
        CU_ASSERT_EQUAL(exploration_parameter_type(parsed, p), type);
        for (i = 0; i < count && i < 1000; i++) {
            value_element a, b;
            exploration_fill(points, p, i, 1, &a);
            exploration_fill(parsed, p, i, 1, &b);
            if (type == PIPETTE_TYPE_STRING)
                CU_ASSERT_STRING_EQUAL(a.string, b.string)
            else
                CU_ASSERT_EQUAL(memcmp(&a, &b, pipette_type_size(type)), 0)
        }
    }
    free(text);
    free(again);
    exploration_destroy(parsed);
}

static pipette_trajectory *every_type(void)
{
    pipette_trajectory *t = tutorial();
    static const char *const modes[] = {"", "a \"quoted\" \\ text\n\twith\x01 lines",
                                        "\xce\xb2 \xe2\x82\xac x 'y' (a0, a1)"};
    static const double I[] = {0.1 + 0.2, -0.0, 5e-324}, odd[] = {INFINITY, -1.7976931348623157e308};
    static const float x[] = {0.1f, 1.17549435e-38f, -3.0f};
    static const uint8_t flags[] = {1, 0};
    static const pipette_complex z[] = {{1.0 / 3.0, -INFINITY}, {-0.0, 2.0}};
    static const int64_t n[] = {INT64_MIN, INT64_MAX};
    static const int32_t small[] = {INT32_MIN, INT32_MAX, 0};
    static const uint64_t seeds[] = {UINT64_MAX, 0};
    pipette_axis axes[9];
    axes[0] = list_axis("mode", PIPETTE_TYPE_STRING, modes, &three);
    axes[1] = list_axis("I", PIPETTE_TYPE_F64, I, &three);
    axes[2] = list_axis("other.x", PIPETTE_TYPE_F32, x, &three);
    axes[3] = list_axis("small", PIPETTE_TYPE_I32, small, &three);
    axes[0].zip = axes[1].zip = axes[2].zip = axes[3].zip = 1;
    axes[4] = list_axis("flag", PIPETTE_TYPE_BOOL, flags, &two);
    axes[5] = list_axis("z", PIPETTE_TYPE_COMPLEX, z, &two);
    axes[6] = list_axis("other.n", PIPETTE_TYPE_I64, n, &two);
    axes[7] = list_axis("seed", PIPETTE_TYPE_U64, seeds, &two);
    axes[8] = list_axis("V_init", PIPETTE_TYPE_F64, odd, &two);
    axes[5].zip = axes[6].zip = 2;
    ASSERT_OK(explore(t, axes, 9), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 48);
    return t;
}

static pipette_trajectory *every_rule(void)
{
    pipette_trajectory *t = tutorial();
    pipette_axis axes[5];
    axes[0] = count_axis("I", PIPETTE_AXIS_LOG, 1e-3, 1e3, 5);
    axes[1] = count_axis("tau_ref", PIPETTE_AXIS_COUNT, 0.1, 0.7, 3);
    axes[2] = integer_axis("other.n", 5, -5, -5);
    axes[3] = step_axis("other.x", 0.1, 0.4, 0.1);
    axes[4] = integer_axis("seed", 0, 0, 1);
    axes[4].from = axes[4].to = pipette_value_u64(UINT64_MAX);
    ASSERT_OK(explore(t, axes, 5), t);
    axes[0].count = 9;
    axes[1] = count_axis("tau_ref", PIPETTE_AXIS_COUNT, 0.1, 0.7, 5);
    axes[2] = integer_axis("other.n", -10, 10, 1);
    ASSERT_OK(expand(t, axes, 5), t);
    CU_ASSERT_EQUAL(pipette_run_count(t), 9 * 5 * 21 * 4);
    return t;
}

static void test_round_trips(void)
{
    pipette_trajectory *t = every_type();
    check_round_trip(trajectory_exploration(t));
    trajectory_destroy(t);
    t = every_rule();
    check_round_trip(trajectory_exploration(t));
    trajectory_destroy(t);
    t = tutorial();
    explore_tutorial(t);
    check_round_trip(trajectory_exploration(t));
    trajectory_destroy(t);
}

static void test_restore(void)
{
    pipette_trajectory *t = every_rule(), *other = tutorial();
    char *text = text_of(trajectory_exploration(t));
    static const char no_such[] =
        "exploration 1\nparameter parameters.no f64\naxis a0 parameters.no values 1\nsegment 1 points: a0\n";
    static const char wrong[] =
        "exploration 1\nparameter parameters.neuron.I i64\naxis a0 parameters.neuron.I values 1\n"
        "segment 1 points: a0\n";
    pipette_error error;
    pipette_axis axis = step_axis("I", 0.0, 1.0, 0.5);
    CU_ASSERT_EQUAL(trajectory_restore(other, no_such, &error), PIPETTE_E_NOT_FOUND);
    CU_ASSERT_EQUAL(trajectory_restore(other, wrong, &error), PIPETTE_E_TYPE);
    CU_ASSERT_EQUAL(pipette_run_count(other), 1);
    CU_ASSERT_EQUAL(trajectory_restore(other, text, &error), PIPETTE_OK);
    CU_ASSERT_EQUAL(pipette_run_count(other), pipette_run_count(t));
    CU_ASSERT_EQUAL(at(other, "I", 333), at(t, "I", 333));
    CU_ASSERT_EQUAL(trajectory_restore(other, text, &error), PIPETTE_E_EXISTS);
    ASSERT_FAILS(expand(other, &axis, 1), other, PIPETTE_E_INVALID, "explored already");
    free(text);
    trajectory_destroy(other);
    trajectory_destroy(t);
}

static void test_locale(void)
{
    pipette_trajectory *t = every_rule();
    const char *set = setlocale(LC_NUMERIC, "de_DE.UTF-8");
    check_round_trip(trajectory_exploration(t)); /* where that locale is installed, its comma stays out of the text */
    (void)set;
    (void)setlocale(LC_NUMERIC, "C");
    trajectory_destroy(t);
}

/* Parses an exact copy on the heap, so that a sanitizer sees every read beyond its end. */
static int parse_copy(const char *text, size_t length, exploration **parsed, pipette_error *error)
{
    char *copy = malloc(length + 1);
    int status;
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    memcpy(copy, text, length);
    copy[length] = '\0';
    status = exploration_parse(copy, parsed, error);
    free(copy);
    return status;
}

static void test_cut_off(void)
{
    pipette_trajectory *t = every_type();
    char *text = text_of(trajectory_exploration(t));
    size_t length = strlen(text), i;
    exploration *parsed;
    pipette_error error;
    for (i = 0; i < length; i++) {
        CU_ASSERT_EQUAL(parse_copy(text, i, &parsed, &error), PIPETTE_E_INVALID);
        CU_ASSERT_PTR_NULL(parsed);
    }
    CU_ASSERT_EQUAL(parse_copy(text, length, &parsed, &error), PIPETTE_OK);
    exploration_destroy(parsed);
    free(text);
    trajectory_destroy(t);
}

static void test_altered(void)
{
    static const char bytes[] = " \n\"\\0-9ax[]():+,.e\x80\xff";
    pipette_trajectory *t[2];
    uint64_t state = 12345;
    int which, round;
    t[0] = every_type();
    t[1] = every_rule();
    for (which = 0; which < 2; which++) {
        char *text = text_of(trajectory_exploration(t[which]));
        size_t length = strlen(text);
        for (round = 0; round < 4000; round++) {
            exploration *parsed;
            pipette_error error;
            size_t place;
            char before;
            state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            place = (size_t)(state >> 33) % length;
            before = text[place];
            text[place] = bytes[(state >> 20) % (sizeof bytes - 1)];
            if (parse_copy(text, length, &parsed, &error) == PIPETTE_OK) {
                value_element value; /* whatever it says now, it must be usable */
                uint32_t p;
                CU_ASSERT(exploration_count(parsed) > 0);
                for (p = 0; p < exploration_parameter_count(parsed); p++)
                    exploration_fill(parsed, p, exploration_count(parsed) - 1, 1, &value);
                exploration_destroy(parsed);
            } else {
                CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "")); /* the message ends within its room */
                CU_ASSERT_PTR_NULL(parsed);
            }
            text[place] = before;
        }
        free(text);
        trajectory_destroy(t[which]);
    }
}

#define HEAD                                                                                                           \
    "exploration 1\nparameter p f64\nparameter n i32\naxis a0 p from 0 step 1 count 10\naxis a1 n from 0 step 1 "      \
    "count 10\n"

static void test_hostile(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "no exploration"},
        {"\n\n\n", "no exploration"},
        {"exploration 2\n", "no exploration"},
        {"exploration 1\n", "cut off"},
        {"exploration 1\nparameter p f65\n", "line 2: unknown type 'f65'"},
        {"exploration 1\nparameter p f64\nparameter p f64\n", "stands twice"},
        {"exploration 1\nparameter p f64\naxis a0 q values 1\n", "no parameter 'q'"},
        {"exploration 1\nparameter p f64\naxis a1 p values 1\n", "'a0'"},
        {"exploration 1\nparameter p f64\naxis a0 p values\n", "without values"},
        {"exploration 1\nparameter p f64\naxis a0 p values 1 x\n", "a f64 belongs here"},
        {"exploration 1\nparameter p f64\naxis a0 p from 0 step 1 count 0\n", "empty"},
        {"exploration 1\nparameter p f64\naxis a0 p from nan step 1 count 3\n", "finite"},
        {"exploration 1\nparameter p f64\naxis a0 p log from 0 to 1 count 3\n", "above 0"},
        {"exploration 1\nparameter p f64\naxis a0 p log from 1 to 10 count 18446744073709551616\n", "count"},
        {"exploration 1\nparameter p i32\naxis a0 p from 0 step 1 count 4294967296\n", "i32"},
        {"exploration 1\nparameter p i32\naxis a0 p values 2147483648\n", "i32"},
        {"exploration 1\nparameter p bool\naxis a0 p from 0 step 1 count 2\n", "makes no sense"},
        {"exploration 1\nparameter p string\naxis a0 p values \"a\n", "does not end"},
        {"exploration 1\nparameter p string\naxis a0 p values \"\\", "does not end"},
        {"exploration 1\nparameter p string\naxis a0 p values \"\\q\"\n", "escape"},
        {"exploration 1\nparameter p string\naxis a0 p values \"\\x0\"\n", "escape"},
        {"exploration 1\nparameter p string\naxis a0 p values \"\\x00\"\n", "escape"},
        {HEAD "segment 10 points: a0\n", "lacks parameter 'n'"},
        {HEAD "segment 100 points: a0 x a0\n", "twice"},
        {HEAD "segment 100 points: a0 x a2\n", "stands above"},
        {HEAD "segment 99 points: a0 x a1\n", "has not 99 points"},
        {HEAD "segment 100 points: a0 x a1 a1\n", "goes on"},
        {HEAD "segment 10 points: (a0, a1[0:1:9])\n", "unequal"},
        {HEAD "segment 10 points: (a0, a1\n", "')'"},
        {HEAD "segment 110 points: a0 x a1[0:1:11]\n", "does not have"},
        {HEAD "segment 20 points: a0 x a1[8:9223372036854775807:2]\n", "does not have"},
        {HEAD "segment 20 points: a0 x a1[0:0:2]\n", "does not have"},
        {HEAD "segment 0 points: a0 x a1[0:1:0]\n", "does not have"},
        {HEAD "segment 100 points: a0 + a1\n", "different parameters"},
        {"exploration 1\nparameter p f64\nparameter q f64\naxis a0 p from 0 step 1 count 9223372036854775808\n"
         "axis a1 q values 1 2\nsegment 0 points: a0 x a1\n",
         "points"},
        {"exploration 1\nparameter p f64\naxis a0 p from 0 step 1 count 9223372036854775808\n"
         "segment 9223372036854775808 points: a0\nsegment 9223372036854775808 points: a0\n",
         "2^63"},
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        exploration *parsed = NULL;
        pipette_error error;
        memset(&error, 0, sizeof error);
        CU_ASSERT_EQUAL(parse_copy(cases[i].text, strlen(cases[i].text), &parsed, &error) < 0, 1);
        CU_ASSERT_PTR_NULL(parsed);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, cases[i].message));
        if (strstr(error.message, cases[i].message) == NULL)
            fprintf(stderr, "\n  case %zu: '%s'\n", i, error.message);
    }
    CU_ASSERT_EQUAL(exploration_parse(NULL, &(exploration *){NULL}, NULL), PIPETTE_E_INVALID);
}

SUITE("trajectory: exploration as text", {"readable", test_readable},
      {"every type and rule, there and back", test_round_trips}, {"restoring", test_restore},
      {"other locales", test_locale}, {"cut off anywhere", test_cut_off}, {"altered bytes", test_altered},
      {"hostile text", test_hostile}, )
