/* expression.c: conditions over named values: the machine that runs their code. Integers are a sign and 64 bits, so
 * that nothing is rounded that a 64-bit integer holds; beside a double they are compared as they are. */
#include <math.h>
#include <stdlib.h>

#include "exploration/expression_private.h"

const function expression_functions[EXPRESSION_FUNCTIONS] = {
    {"abs", 1, ABSOLUTE, NULL, NULL},    {"sqrt", 1, CALL, sqrt, NULL},
    {"cbrt", 1, CALL, cbrt, NULL},       {"exp", 1, CALL, exp, NULL},
    {"log", 1, CALL, log, NULL},         {"log2", 1, CALL, log2, NULL},
    {"log10", 1, CALL, log10, NULL},     {"sin", 1, CALL, sin, NULL},
    {"cos", 1, CALL, cos, NULL},         {"tan", 1, CALL, tan, NULL},
    {"asin", 1, CALL, asin, NULL},       {"acos", 1, CALL, acos, NULL},
    {"atan", 1, CALL, atan, NULL},       {"sinh", 1, CALL, sinh, NULL},
    {"cosh", 1, CALL, cosh, NULL},       {"tanh", 1, CALL, tanh, NULL},
    {"floor", 1, CALL, floor, NULL},     {"ceil", 1, CALL, ceil, NULL},
    {"round", 1, CALL, round, NULL},     {"trunc", 1, CALL, trunc, NULL},
    {"isnan", 1, IS_NAN, NULL, NULL},    {"isfinite", 1, IS_FINITE, NULL, NULL},
    {"missing", 1, MISSING, NULL, NULL}, {"atan2", 2, CALL, NULL, atan2},
    {"pow", 2, CALL, NULL, pow},         {"hypot", 2, CALL, NULL, hypot},
    {"min", 0, MINIMUM, NULL, NULL},     {"max", 0, MAXIMUM, NULL, NULL},
};

void expression_destroy(expression *condition)
{
    if (condition == NULL)
        return;
    free(condition->code);
    free(condition->constants);
    free(condition->stack);
    free(condition->texts);
    free(condition);
}

/* ---- Numbers ---- */

static expression_value truth(int holds)
{
    return (expression_value){.kind = EXPRESSION_TRUTH, .as.whole = holds ? 1 : 0};
}

static expression_value real(double number)
{
    return (expression_value){.kind = EXPRESSION_REAL, .as.real = number};
}

static expression_value integer(int negative, uint64_t whole)
{
    return (expression_value){.kind = EXPRESSION_INTEGER, .negative = negative && whole > 0, .as.whole = whole};
}

static expression_value missing(void)
{
    return (expression_value){.kind = EXPRESSION_MISSING};
}

static double as_double(const expression_value *value)
{
    if (value->kind == EXPRESSION_REAL)
        return value->as.real;
    return value->negative ? -(double)value->as.whole : (double)value->as.whole;
}

static int is_nan(const expression_value *value)
{
    return value->kind == EXPRESSION_REAL && isnan(value->as.real);
}

static int is_true(const expression_value *value)
{
    return value->as.whole != 0;
}

static int order_integers(const expression_value *a, const expression_value *b)
{
    int sizes = (a->as.whole > b->as.whole) - (a->as.whole < b->as.whole);
    if (a->negative != b->negative)
        return a->negative ? -1 : 1;
    return a->negative ? -sizes : sizes;
}

static int order_doubles(double a, double b)
{
    return (a > b) - (a < b);
}

/* An integer against a double that is no NaN: the whole part of the double is exact, too. */
static int order_mixed(const expression_value *a, double b)
{
    double whole = trunc(b);
    expression_value other;
    int order;
    if (fabs(b) >= 0x1p64)
        return b > 0 ? -1 : 1;
    other = integer(whole < 0, (uint64_t)fabs(whole));
    order = order_integers(a, &other);
    return order != 0 ? order : order_doubles(whole, b);
}

/* A literal beside a float is rounded as the float was. */
static double beside(const expression_value *value, const expression_value *other)
{
    return value->literal && other->kind == EXPRESSION_REAL && other->single ? (double)(float)value->as.real
                                                                             : value->as.real;
}

/* -1, 0 or 1, of two numbers of which none is NaN. */
static int order(const expression_value *a, const expression_value *b)
{
    if (a->kind == EXPRESSION_REAL && b->kind == EXPRESSION_REAL)
        return order_doubles(beside(a, b), beside(b, a));
    if (a->kind == EXPRESSION_REAL)
        return -order_mixed(b, a->as.real);
    if (b->kind == EXPRESSION_REAL)
        return order_mixed(a, b->as.real);
    return order_integers(a, b);
}

/* ---- Evaluation ---- */

static int compare(operation_code operation, const expression_value *a, const expression_value *b)
{
    int found;
    if (a->kind == EXPRESSION_TEXT || b->kind == EXPRESSION_TEXT)
        return (a->kind == b->kind && strcmp(a->as.text, b->as.text) == 0) == (operation == EQUAL);
    if (is_nan(a) || is_nan(b))
        return operation == UNEQUAL;
    found = order(a, b);
    switch (operation) {
    case EQUAL:
        return found == 0;
    case UNEQUAL:
        return found != 0;
    case LESS:
        return found < 0;
    case LESS_EQUAL:
        return found <= 0;
    case GREATER:
        return found > 0;
    default:
        return found >= 0;
    }
}

/* Whether two integers give an integer of 64 bits; what does not fit is computed in doubles. */
static int compute_exactly(operation_code operation, const expression_value *a, const expression_value *b,
                           expression_value *out)
{
    uint64_t x = a->as.whole, y = b->as.whole, whole;
    int negative_b = operation == SUBTRACT ? !b->negative : b->negative;
    switch (operation) {
    case ADD:
    case SUBTRACT:
        if (a->negative != negative_b)
            *out = x >= y ? integer(a->negative, x - y) : integer(negative_b, y - x);
        else if (!__builtin_add_overflow(x, y, &whole))
            *out = integer(a->negative, whole);
        else
            return 0;
        return 1;
    case MULTIPLY:
        if (__builtin_mul_overflow(x, y, &whole))
            return 0;
        *out = integer(a->negative != b->negative, whole);
        return 1;
    case REMAINDER:
        if (y == 0)
            return 0;
        *out = integer(a->negative, x % y);
        return 1;
    default:
        return 0;
    }
}

static expression_value compute(operation_code operation, const expression_value *a, const expression_value *b)
{
    expression_value exact;
    double x, y;
    if (operation == MINIMUM || operation == MAXIMUM) {
        if (is_nan(a) || is_nan(b))
            return is_nan(a) ? *a : *b;
        return (operation == MINIMUM) == (order(a, b) < 0) ? *a : *b;
    }
    if (a->kind != EXPRESSION_REAL && b->kind != EXPRESSION_REAL && compute_exactly(operation, a, b, &exact))
        return exact;
    x = as_double(a);
    y = as_double(b);
    switch (operation) {
    case ADD:
        return real(x + y);
    case SUBTRACT:
        return real(x - y);
    case MULTIPLY:
        return real(x * y);
    case DIVIDE:
        return real(x / y);
    case REMAINDER:
        return real(fmod(x, y));
    default:
        return real(pow(x, y));
    }
}

static expression_value unary(const instruction *step, const expression_value *a)
{
    expression_value result = *a;
    if (step->operation == MISSING)
        return truth(a->kind == EXPRESSION_MISSING);
    if (a->kind == EXPRESSION_MISSING)
        return *a;
    switch ((operation_code)step->operation) {
    case NOT:
        return truth(!is_true(a));
    case NEGATE:
        if (a->kind != EXPRESSION_REAL)
            return integer(!a->negative, a->as.whole);
        result.as.real = -a->as.real;
        return result;
    case ABSOLUTE:
        if (a->kind != EXPRESSION_REAL)
            return integer(0, a->as.whole);
        result.as.real = fabs(a->as.real);
        return result;
    case IS_NAN:
        return truth(is_nan(a));
    case IS_FINITE:
        return truth(a->kind != EXPRESSION_REAL || isfinite(a->as.real));
    default:
        return real(expression_functions[step->index].one(as_double(a)));
    }
}

static expression_value binary(const instruction *step, const expression_value *a, const expression_value *b)
{
    int lacks = a->kind == EXPRESSION_MISSING || b->kind == EXPRESSION_MISSING;
    if (step->operation == AND || step->operation == OR) {
        int decides = step->operation == OR; /* whatever the other side is */
        if ((a->kind != EXPRESSION_MISSING && is_true(a) == decides) ||
            (b->kind != EXPRESSION_MISSING && is_true(b) == decides))
            return truth(decides);
        return lacks ? missing() : truth(!decides);
    }
    if (lacks)
        return missing();
    if (step->operation >= EQUAL && step->operation <= GREATER_EQUAL)
        return truth(compare((operation_code)step->operation, a, b));
    if (step->operation == CALL)
        return real(expression_functions[step->index].two(as_double(a), as_double(b)));
    return compute((operation_code)step->operation, a, b);
}

int expression_holds(expression *condition, const expression_value *variables)
{
    expression_value *top = condition->stack; /* the next free place */
    uint32_t i;
    for (i = 0; i < condition->code_count; i++) {
        const instruction *step = &condition->code[i];
        switch ((operation_code)step->operation) {
        case CONSTANT:
            *top++ = condition->constants[step->index];
            break;
        case VARIABLE:
            *top++ = variables[step->index];
            break;
        case NEGATE:
        case NOT:
        case MISSING:
        case IS_NAN:
        case IS_FINITE:
        case ABSOLUTE:
            top[-1] = unary(step, &top[-1]);
            break;
        case CALL:
            if (expression_functions[step->index].one != NULL) {
                top[-1] = unary(step, &top[-1]);
                break;
            }
            top[-2] = binary(step, &top[-2], &top[-1]);
            top--;
            break;
        default:
            top[-2] = binary(step, &top[-2], &top[-1]);
            top--;
            break;
        }
    }
    return top[-1].kind == EXPRESSION_TRUTH && is_true(&top[-1]);
}

int expression_kind_of(int type)
{
    switch (type) {
    case PIPETTE_TYPE_F64:
    case PIPETTE_TYPE_F32:
        return EXPRESSION_REAL;
    case PIPETTE_TYPE_I64:
    case PIPETTE_TYPE_I32:
    case PIPETTE_TYPE_U64:
        return EXPRESSION_INTEGER;
    case PIPETTE_TYPE_BOOL:
        return EXPRESSION_TRUTH;
    case PIPETTE_TYPE_STRING:
        return EXPRESSION_TEXT;
    default:
        return EXPRESSION_MISSING;
    }
}

static expression_value signed_integer(int64_t number)
{
    return integer(number < 0, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

expression_value expression_element(int type, const void *elements, uint64_t index)
{
    expression_value value = missing();
    switch (type) {
    case PIPETTE_TYPE_F64:
        return real(((const double *)elements)[index]);
    case PIPETTE_TYPE_F32:
        value = real((double)((const float *)elements)[index]);
        value.single = 1;
        return value;
    case PIPETTE_TYPE_I64:
        return signed_integer(((const int64_t *)elements)[index]);
    case PIPETTE_TYPE_I32:
        return signed_integer(((const int32_t *)elements)[index]);
    case PIPETTE_TYPE_U64:
        return integer(0, ((const uint64_t *)elements)[index]);
    case PIPETTE_TYPE_BOOL:
        return truth(((const uint8_t *)elements)[index] != 0);
    case PIPETTE_TYPE_STRING:
        value.kind = EXPRESSION_TEXT;
        value.as.text = ((const char *const *)elements)[index];
        if (value.as.text == NULL)
            value.as.text = "";
        return value;
    default:
        return value;
    }
}
