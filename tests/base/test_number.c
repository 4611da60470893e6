/* test_number.c: numbers as the shortest text that reads back as the same number. */
#include "suite.h"
#include "base/number.h"

#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[NUMBER_TEXT_SIZE];
#define CHECK(number, wanted)                                                                                          \
    do {                                                                                                               \
        CU_ASSERT_PTR_EQUAL(number_f64(number, text), text + strlen(text));                                            \
        CU_ASSERT_STRING_EQUAL(text, wanted);                                                                          \
    } while (0)

static void test_known(void)
{
    CHECK(0.0, "0");
    CHECK(-0.0, "-0");
    CHECK(1.0, "1");
    CHECK(-2.5, "-2.5");
    CHECK(0.1, "0.1");
    CHECK(0.1 + 0.2, "0.30000000000000004");
    CHECK(1.0 / 3.0, "0.3333333333333333");
    CHECK(2.0 / 3.0, "0.6666666666666666");
    CHECK(100000.0, "100000");
    CHECK(99999999 * 1e-8, "0.9999999900000001");
    CHECK(1e14, "100000000000000");
    CHECK(1e15, "1e+15");
    CHECK(123456789012345678.0, "1.2345678901234568e+17");
    CHECK(9007199254740993.0, "9007199254740992");
    CHECK(0.0001, "0.0001");
    CHECK(0.00001, "1e-05");
    CHECK(1.5e-7, "1.5e-07");
    CHECK(5e-324, "4.94065645841247e-324");
    CHECK(1.7976931348623157e308, "1.7976931348623157e+308");
    CHECK((double)NAN, "nan");
    CHECK((double)INFINITY, "inf");
    CHECK(-(double)INFINITY, "-inf");
    CU_ASSERT_PTR_EQUAL(number_f32(0.1f, text), text + 3);
    CU_ASSERT_STRING_EQUAL(text, "0.1");
    (void)number_f32(16777216.0f, text);
    CU_ASSERT_STRING_EQUAL(text, "16777216");
    (void)number_f32(-3.14159274f, text);
    CU_ASSERT_STRING_EQUAL(text, "-3.1415927");
}

static uint64_t state = 88172645463325252u;
static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

/* The same text as printf and strtod find, tried digit by digit. */
static void test_as_printf(void)
{
    int i, digits, different = 0;
    for (i = 0; i < 60000; i++) {
        char wanted[40];
        double number;
        float single;
        uint64_t bits = next();
        if (i % 3 == 0)
            memcpy(&number, &bits, sizeof number); /* any exponent */
        else if (i % 3 == 1)
            number = ((double)(bits >> 11) - 4503599627370496.0) * pow(10, (double)(int)(bits % 24) - 22);
        else
            number = ldexp((double)(bits % 3 + (bits & 4 ? 0 : 1)), (int)(bits >> 58) - 40) +
                     (bits & 8 ? 0 : (double)(bits % 1000) / 1000);
        for (digits = 15; digits <= 17; digits++) {
            (void)snprintf(wanted, sizeof wanted, "%.*g", digits, number);
            if (strtod(wanted, NULL) == number)
                break;
        }
        (void)number_f64(number, text);
        different += number == number && strcmp(text, wanted) != 0;
        single = (float)number;
        for (digits = 6; digits <= 9; digits++) {
            (void)snprintf(wanted, sizeof wanted, "%.*g", digits, (double)single);
            if (strtof(wanted, NULL) == single)
                break;
        }
        (void)number_f32(single, text);
        different += single == single && strcmp(text, wanted) != 0;
    }
    CU_ASSERT_EQUAL(different, 0);
}

static void test_locale(void)
{
    char *before = setlocale(LC_NUMERIC, NULL);
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL)
        return;
    CHECK(1.5e-20, "1.5e-20");
    CHECK(2.5, "2.5");
    (void)setlocale(LC_NUMERIC, before);
}

SUITE("numbers as text", {"known ones", test_known}, {"as printf", test_as_printf}, {"locale", test_locale}, )
