/* number.c: floating-point numbers as the shortest text that reads back as the same number.
 *
 * printf and strtod, tried with one digit more at a time, cost a microsecond for each number. Between 1e-10 and 1e15
 * the decimal digits come from one exact product in 128 bits instead, in a sixth of the time; the rest takes the old
 * way.
 */
#include "base/number.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POWERS = 28 };

__extension__ typedef unsigned __int128 wide; /* 5^27 times 53 bits fit */

static const uint64_t powers_of_ten[] = {1u,
                                         10u,
                                         100u,
                                         1000u,
                                         10000u,
                                         100000u,
                                         1000000u,
                                         10000000u,
                                         100000000u,
                                         1000000000u,
                                         10000000000u,
                                         100000000000u,
                                         1000000000000u,
                                         10000000000000u,
                                         100000000000000u,
                                         1000000000000000u,
                                         10000000000000000u,
                                         100000000000000000u};

static uint64_t power_of_five(int exponent)
{
    uint64_t power = 1, base = 5;
    for (; exponent > 0; exponent >>= 1, base *= base)
        if (exponent & 1)
            power *= base;
    return power;
}

/* `digits` decimal digits of mantissa * 2^exponent, the first of which stands for 10^scale, if they read back as that
 * number (whose neighbours are 2^exponent away); 0 if not, or if that is not known here. */
static uint64_t round_trip(uint64_t mantissa, int exponent, int digits, int scale)
{
    int tens = digits - 1 - scale, shift = exponent + tens;
    wide scaled, back, apart;
    uint64_t five, whole;
    if (tens < 0 || tens >= POWERS || shift > 10 || shift < -120)
        return 0;
    five = power_of_five(tens);
    scaled = (wide)mantissa * five;
    if (shift >= 0) {
        whole = (uint64_t)(scaled << shift);
        return whole >= powers_of_ten[digits - 1] && whole < powers_of_ten[digits] ? whole : 0;
    }
    whole = (uint64_t)(scaled >> -shift);
    back = scaled - ((wide)whole << -shift);
    apart = (wide)1 << (-shift - 1);
    if (back > apart || (back == apart && (whole & 1)))
        whole++;
    if (whole < powers_of_ten[digits - 1] || whole >= powers_of_ten[digits])
        return 0;
    back = (wide)whole << -shift;
    apart = back > scaled ? back - scaled : scaled - back;
    /* Below a power of two the neighbour is nearer: left to the old way, unless it is exact. */
    if (apart != 0 && (mantissa & (mantissa - 1)) == 0)
        return 0;
    return 2 * apart < five || (2 * apart == five && (mantissa & 1) == 0) ? whole : 0;
}

/* As %g does it with a precision of `digits`. */
static char *write_digits(uint64_t whole, int digits, int scale, char *out)
{
    char text[24];
    int count = digits, i, shown;
    for (i = digits - 1; i >= 0; i--, whole /= 10)
        text[i] = (char)('0' + whole % 10);
    while (count > 1 && text[count - 1] == '0')
        count--;
    if (scale < -4 || scale >= digits) {
        *out++ = text[0];
        if (count > 1) {
            *out++ = '.';
            memcpy(out, text + 1, (size_t)(count - 1));
            out += count - 1;
        }
        return out + sprintf(out, "e%c%02d", scale < 0 ? '-' : '+', abs(scale));
    }
    if (scale < 0) {
        *out++ = '0';
        *out++ = '.';
        for (i = -1; i > scale; i--)
            *out++ = '0';
        memcpy(out, text, (size_t)count);
        out += count;
    } else {
        shown = scale + 1;
        for (i = 0; i < shown; i++)
            *out++ = i < count ? text[i] : '0';
        if (count > shown) {
            *out++ = '.';
            memcpy(out, text + shown, (size_t)(count - shown));
            out += count - shown;
        }
    }
    *out = '\0';
    return out;
}

/* Whatever the program's locale has for a decimal point. */
static char *with_point(char *out)
{
    char *at = out + strspn(out, "+-0123456789");
    if (*at != '\0' && *at != 'e' && *at != 'n' && *at != 'i')
        *at = '.';
    return out + strlen(out);
}

static char *shortest(double magnitude, uint64_t mantissa, int exponent, int first, int last, char *out)
{
    int scale = (int)floor(log10(magnitude)), digits, attempt;
    if ((mantissa & (mantissa - 1)) == 0)
        last = first; /* with more digits, what is not known of fewer would count */
    for (digits = first; digits <= last; digits++)
        for (attempt = 0; attempt < 2; attempt++) { /* the logarithm or the rounding can be one off */
            uint64_t whole = round_trip(mantissa, exponent, digits, scale + attempt);
            if (whole != 0)
                return write_digits(whole, digits, scale + attempt, out);
        }
    return NULL;
}

char *number_f64(double number, char *out)
{
    char *start = out;
    int digits, exponent;
    if (number == 0 || !isfinite(number)) {
        const char *text = number != number   ? "nan"
                           : isfinite(number) ? (signbit(number) ? "-0" : "0")
                           : number < 0       ? "-inf"
                                              : "inf";
        strcpy(out, text);
        return out + strlen(out);
    }
    if (fabs(number) >= 1e-10 && fabs(number) < 1e15) {
        uint64_t mantissa = (uint64_t)ldexp(frexp(fabs(number), &exponent), 53);
        char *end;
        if (number < 0)
            *out++ = '-';
        end = shortest(fabs(number), mantissa, exponent - 53, 15, 17, out);
        if (end != NULL)
            return end;
    }
    for (digits = 15; digits <= 17; digits++) {
        (void)snprintf(start, NUMBER_TEXT_SIZE, "%.*g", digits, number);
        if (strtod(start, NULL) == number)
            break;
    }
    return with_point(start);
}

char *number_f32(float number, char *out)
{
    char *start = out;
    int digits, exponent;
    if (number == 0 || !isfinite(number))
        return number_f64((double)number, out);
    if (fabsf(number) >= 1e-10f && fabsf(number) < 1e6f) {
        uint64_t mantissa = (uint64_t)ldexp(frexp((double)fabsf(number), &exponent), 24);
        char *end;
        if (number < 0)
            *out++ = '-';
        end = shortest((double)fabsf(number), mantissa, exponent - 24, 6, 9, out);
        if (end != NULL)
            return end;
    }
    for (digits = 6; digits <= 9; digits++) {
        (void)snprintf(start, NUMBER_TEXT_SIZE, "%.*g", digits, (double)number);
        if (strtof(start, NULL) == number)
            break;
    }
    return with_point(start);
}
