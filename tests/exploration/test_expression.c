/* test_expression.c: conditions over named values: what holds, what is missing, and where a text is no condition. */
#include "suite.h"
#include "exploration/expression.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>

/* The variables: I, n, seed, f, on, state, and `gap`, which is missing. */
static int resolve(const char *name, void *user, uint32_t *variable, int *kind, pipette_error *error)
{
    static const struct {
        const char *name;
        int kind;
    } known[] = {{"neuron.I", EXPRESSION_REAL}, {"n", EXPRESSION_INTEGER}, {"seed", EXPRESSION_INTEGER},
                 {"f", EXPRESSION_REAL},        {"on", EXPRESSION_TRUTH},  {"state", EXPRESSION_TEXT},
                 {"gap", EXPRESSION_REAL}};
    uint32_t i;
    (void)user;
    for (i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].name, name) == 0) {
            *variable = i;
            *kind = known[i].kind;
            return PIPETTE_OK;
        }
    return pipette_error_set(error, PIPETTE_E_NOT_FOUND, "holds no '%s'", name);
}

static const double current = 0.1;
static const int64_t count = -3;
static const uint64_t seed = UINT64_MAX;
static const float single = 0.1f;
static const uint8_t on = 1;
static const char *const state = "timed_out";

/* 1: holds, 0: does not, -1: refused, and `message` says why. */
static char message[1024];
static int holds(const char *text)
{
    expression_value variables[7];
    expression *e = NULL;
    pipette_error error = {0};
    int result;
    message[0] = '\0';
    if (expression_parse(text, resolve, NULL, &e, &error) != PIPETTE_OK) {
        (void)snprintf(message, sizeof message, "%s", error.message);
        CU_ASSERT_EQUAL(error.code, PIPETTE_E_INVALID);
        CU_ASSERT_PTR_NULL(e);
        return -1;
    }
    variables[0] = expression_element(PIPETTE_TYPE_F64, &current, 0);
    variables[1] = expression_element(PIPETTE_TYPE_I64, &count, 0);
    variables[2] = expression_element(PIPETTE_TYPE_U64, &seed, 0);
    variables[3] = expression_element(PIPETTE_TYPE_F32, &single, 0);
    variables[4] = expression_element(PIPETTE_TYPE_BOOL, &on, 0);
    variables[5] = expression_element(PIPETTE_TYPE_STRING, &state, 0);
    variables[6] = (expression_value){.kind = EXPRESSION_MISSING};
    result = expression_holds(e, variables);
    expression_destroy(e);
    return result;
}

static void check(int wanted, const char *const *texts)
{
    for (; *texts != NULL; texts++) {
        int result = holds(*texts);
        if (result != wanted)
            fprintf(stderr, "\n'%s': %d instead of %d %s\n", *texts, result, wanted, message);
        CU_ASSERT_EQUAL(result, wanted);
    }
}

static void test_holds(void)
{
    check(1, (const char *const[]){"neuron.I == 0.1",
                                   "neuron.I > 0.05 and n < 0",
                                   "1 + 2 * 3 == 7",
                                   "(1 + 2) * 3 == 9",
                                   "-2^2 == -4",
                                   "2^-1 == 0.5",
                                   "2**3**2 == 512",
                                   "7 / 2 == 3.5",
                                   "-7 % 3 == -1",
                                   "7.5 % 2 == 1.5",
                                   "1 - 2 - 3 == -4",
                                   "8 / 4 / 2 == 1",
                                   "not n == 0",
                                   "!(n == 0)",
                                   "not not on",
                                   "on",
                                   "on == true",
                                   "on == 1",
                                   "state == 'timed_out'",
                                   "state != \"failed\"",
                                   "'it''s' == \"it's\"",
                                   "true or false and false",
                                   "not false and true",
                                   "false or on",
                                   "n<0&&on||false",
                                   "abs(n) == 3",
                                   "sqrt(16) == 4",
                                   "max(1, n, 2.5) == 2.5",
                                   "min(4, 2) == 2",
                                   "hypot(3, 4) == 5",
                                   "atan2(0, 1) == 0",
                                   "floor(-0.5) == -1",
                                   "isnan(nan)",
                                   "nan != nan",
                                   "not isfinite(inf)",
                                   "1e3 == 1000",
                                   ".5 == 0.5",
                                   "1.5e-3 < 2.E-3",
                                   "  1<2  ",
                                   "1 < 2 or gap > 0",
                                   NULL});
    check(0, (const char *const[]){"neuron.I > 0.5", "n == 3", "state == 'failed'", "state == ''", "not on", "false",
                                   "nan == nan", "1 < 2 and false", "!on", NULL});
}

/* 64 bits stay 64 bits, and a float is what the literal beside it says. */
static void test_exact(void)
{
    check(1, (const char *const[]){"seed == 18446744073709551615",
                                   "seed - 1 == 18446744073709551614",
                                   "9007199254740993 > 9007199254740992",
                                   "f == 0.1",
                                   "0.1 == f",
                                   "f <= 0.1",
                                   "9007199254740993 - 9007199254740992 == 1",
                                   "18446744073709551616 > seed",
                                   "seed < 1.8446744073709552e19",
                                   "9007199254740993 > 9007199254740992.0",
                                   "-9007199254740993 < -9007199254740992.0",
                                   "9007199254740993 < 9007199254740994.0",
                                   "4611686018427387905 != 4611686018427387904.0",
                                   "-3.5 < n",
                                   "n < -2.5",
                                   "n > -inf",
                                   "n < inf",
                                   "n == -3.0",
                                   "n != nan",
                                   "0 == -0.0",
                                   "seed % 10 == 5",
                                   "4294967295 * 4294967297 == seed",
                                   "n * n == 9",
                                   "n - seed == -18446744073709551615 - 3",
                                   "n % 2 == -1",
                                   "seed - seed == 0",
                                   "max(seed, 18446744073709551614.0) == 18446744073709551616",
                                   "min(seed, 18446744073709551614) == 18446744073709551614",
                                   "seed + 1 == 18446744073709551616",
                                   "-seed == 0 - seed",
                                   "abs(-seed) == seed",
                                   NULL});
    check(0, (const char *const[]){"seed == 18446744073709551614", "9007199254740993 == 9007199254740992",
                                   "f == neuron.I", "f < 0.1", "0.1 + 0.2 == 0.3", "n < nan", "n >= nan", "nan == n",
                                   "9007199254740993 == 9007199254740992.0", "seed == 1.8446744073709552e19",
                                   "seed >= inf", "n <= -inf", "9223372036854775807 == 9223372036854775808.0", NULL});
}

static void test_missing(void)
{
    check(0,
          (const char *const[]){"gap == 0", "gap != 0", "not gap == 0", "gap > 0 and true", "gap > 0 or false",
                                "gap + 1 > 0", "sqrt(gap) > 0", "max(gap, 1) > 0", "missing(n)", "isnan(gap)", NULL});
    check(1, (const char *const[]){"missing(gap)", "missing(gap + 1)", "not missing(n)", "not (gap > 0 and false)",
                                   "gap > 0 or true", NULL});
}

static void refused(const char *text, const char *why)
{
    int result = holds(text);
    if (result != -1 || strstr(message, why) == NULL)
        fprintf(stderr, "\n'%s': %d, '%s' without '%s'\n", text, result, message, why);
    CU_ASSERT_EQUAL(result, -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(message, why));
}

static void test_refused(void)
{
    refused("n > 0 an on", "character 7 of 'n > 0 an on': an operator is missing before 'an'");
    refused("n > 0 and nspkes == 0", "character 11 of 'n > 0 and nspkes == 0': holds no 'nspkes'");
    refused("state == '\xc3\xa4' and x", "character 18 of "); /* characters, not bytes */
    refused("n", "character 1 of 'n': this must be a condition, and this is a number; compare it: x != 0");
    refused("state", "this is a text; compare it");
    refused("n and on", "character 1 of 'n and on': 'and' takes a condition, and this is a number");
    refused("on or n", "character 7 of 'on or n': 'or' takes a condition");
    refused("n = 3", "character 3 of 'n = 3': '==' compares, '=' does not");
    refused("0 < n < 3", "character 7 of '0 < n < 3': one comparison after another: write a < b and b < c");
    refused("state > 'a'", "character 7 of 'state > 'a'': texts know == and !=, not >");
    refused("state == 3", "a text and a number are never equal");
    refused("state + 1 > 0", "character 1 of 'state + 1 > 0': + takes numbers, and this is a text");
    refused("sin(state) > 0", "character 5 of 'sin(state) > 0': sin takes numbers, and this is a text");
    refused("(n > 0", "character 7 of '(n > 0': a ')' is missing");
    refused("n > 0)", "character 6 of 'n > 0)': there is no '(' for this ')'");
    refused("state == 'abc", "character 10 of 'state == 'abc': the text has no closing '");
    /* Of a long one, what stands around the place; no message repeats it whole. */
    refused("n > 0 and n > 1 and n > 2 and n > 3 and n > 4 and nspkes == 0 and n > 5 and n > 6 and n > 7",
            "character 51 of '...n > 3 and n > 4 and nspkes == 0 and n > 5 and n > 6 and n > ...': holds no 'nspkes'");
    refused("n > 0 and n > 1 and n > 2 and n > 3 and n > 4 and n > 5 an n > 6",
            "character 57 of '...and n > 4 and n > 5 an n > 6': an operator is missing before 'an'");
    refused("n > 0 and\n\tn > 1 or n", "of 'n > 0 and  n > 1 or n': 'or' takes");
    refused("", "a condition is missing");
    refused("   ", "a condition is missing");
    refused("n >", "character 4 of 'n >': a value is missing at the end");
    refused("and on", "character 1 of 'and on': a value is missing before 'and'");
    refused("* 3 > 2", "a value is missing before '*'");
    refused("sinn(3) > 2", "character 1 of 'sinn(3) > 2': there is no function 'sinn'");
    refused("hypot(3) > 2", "hypot takes two arguments, not 1");
    refused("min(3) > 2", "min takes two arguments or more, not 1");
    refused("n > 3x", "character 5 of 'n > 3x': '3x' is not a number");
    refused("n > 1.2.3", "'1.2.3' is not a number");
    refused("n > 0x10", "'0x10' is not a number");
    refused("n > 0 # x", "an operator is missing before '#'");
}

/* Whatever is nested, long or odd is refused or computed, and never crashes. */
static void test_large(void)
{
    static char text[70000];
    size_t i;
    memset(text, '(', 60000);
    text[60000] = '\0';
    refused(text, "nested more than 200 deep");
    for (i = 0; i < 60000; i += 2)
        memcpy(text + i, "- ", 2);
    refused(text, "nested more than 200 deep");
    for (i = 0; i < 60000; i += 4)
        memcpy(text + i, "not ", 4);
    refused(text, "nested more than 200 deep");
    for (i = 0; i < 30000; i += 2)
        memcpy(text + i, "1+", 2);
    strcpy(text + i, "1 == 15001");
    CU_ASSERT_EQUAL(holds(text), 1);
    memset(text, ' ', 66000);
    text[66000] = '\0';
    CU_ASSERT_EQUAL(holds(text), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(message, "more than 65536 characters"));
    for (i = 0; i < 20000; i++) { /* any bytes */
        size_t k;
        static const char letters[] = "n.I on()<>=!&|'\"+-*/%^,0 19e\xc3\xa4";
        for (k = 0; k < i % 17; k++)
            text[k] = letters[(i * 2654435761u + k * k * 40503u + i / 7) % (sizeof letters - 1)];
        text[k] = '\0';
        CU_ASSERT(holds(text) >= -1);
    }
}

/* The decimal point is a point, whatever the program has set. */
static void test_locale(void)
{
    char *before = setlocale(LC_NUMERIC, NULL);
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL)
        return;
    CU_ASSERT_EQUAL(holds("neuron.I < 0.2 and 1.5 > 1.25"), 1);
    (void)setlocale(LC_NUMERIC, before);
}

SUITE("conditions over values", {"what holds", test_holds}, {"exact numbers", test_exact},
      {"what is missing", test_missing}, {"what is refused", test_refused}, {"large and odd texts", test_large},
      {"locale", test_locale}, )
