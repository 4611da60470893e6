/* expression.c: conditions over named values: a parser by recursive descent that emits postfix code, and the machine that runs it. */
#include "trajectory/expression.h"

#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

enum { DEPTH_MAX = 200, TEXT_MAX = 65536, NAME_MAX_LENGTH = 1023 };

typedef enum operation_code {
    CONSTANT, /* `index` of constants */
    VARIABLE, /* `index` of the caller's */
    NEGATE, NOT, ADD, SUBTRACT, MULTIPLY, DIVIDE, REMAINDER, POWER,
    EQUAL, UNEQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, AND, OR,
    CALL,    /* `index` of functions */
    MISSING, IS_NAN, IS_FINITE, MINIMUM, MAXIMUM, ABSOLUTE
} operation_code;

typedef struct instruction {
    uint32_t operation, index;
} instruction;

struct expression {
    instruction *code;
    expression_value *constants, *stack;
    char *texts; /* of the constants */
    uint32_t code_count, constant_count, depth;
};

typedef struct function {
    const char *name;
    uint32_t arguments; /* 0: two or more */
    operation_code operation;
    double (*one)(double);
    double (*two)(double, double);
} function;

static const function functions[] = {
    {"abs", 1, ABSOLUTE, NULL, NULL}, {"sqrt", 1, CALL, sqrt, NULL},    {"cbrt", 1, CALL, cbrt, NULL},   {"exp", 1, CALL, exp, NULL},
    {"log", 1, CALL, log, NULL},      {"log2", 1, CALL, log2, NULL},    {"log10", 1, CALL, log10, NULL}, {"sin", 1, CALL, sin, NULL},
    {"cos", 1, CALL, cos, NULL},      {"tan", 1, CALL, tan, NULL},      {"asin", 1, CALL, asin, NULL},   {"acos", 1, CALL, acos, NULL},
    {"atan", 1, CALL, atan, NULL},    {"sinh", 1, CALL, sinh, NULL},    {"cosh", 1, CALL, cosh, NULL},   {"tanh", 1, CALL, tanh, NULL},
    {"floor", 1, CALL, floor, NULL},  {"ceil", 1, CALL, ceil, NULL},    {"round", 1, CALL, round, NULL}, {"trunc", 1, CALL, trunc, NULL},
    {"isnan", 1, IS_NAN, NULL, NULL}, {"isfinite", 1, IS_FINITE, NULL, NULL}, {"missing", 1, MISSING, NULL, NULL},
    {"atan2", 2, CALL, NULL, atan2},  {"pow", 2, CALL, NULL, pow},      {"hypot", 2, CALL, NULL, hypot},
    {"min", 0, MINIMUM, NULL, NULL},  {"max", 0, MAXIMUM, NULL, NULL},
};

typedef struct parser {
    const char *text, *at;
    expression_resolve resolve;
    void *user;
    expression *out;
    uint32_t height, nested;
    size_t used; /* of out->texts */
    int status;
    pipette_error *error;
} parser;

/* ---- Errors and code ------------------------------------------------------------------------------------------------------------ */

PIPETTE_PRINTF(3, 4) static int bad(parser *p, const char *where, const char *format, ...)
{
    char message[500];
    const char *at;
    unsigned position = 1;
    va_list arguments;
    if (p->status != PIPETTE_OK)
        return EXPRESSION_MISSING;
    for (at = p->text; at < where; at++)
        position += ((unsigned char)*at & 0xc0) != 0x80; /* characters, not bytes */
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    p->status = pipette_error_set(p->error, PIPETTE_E_INVALID, "character %u of '%.300s': %s", position, p->text, message);
    return EXPRESSION_MISSING;
}

static void emit(parser *p, operation_code operation, uint32_t index, int pushes)
{
    expression *e = p->out;
    e->code[e->code_count++] = (instruction){(uint32_t)operation, index}; /* room for one a character */
    p->height = (uint32_t)((int)p->height + pushes);
    if (p->height > e->depth)
        e->depth = p->height;
}

static void emit_constant(parser *p, expression_value value)
{
    value.literal = 1;
    p->out->constants[p->out->constant_count] = value;
    emit(p, CONSTANT, p->out->constant_count++, 1);
}

/* ---- Words ---------------------------------------------------------------------------------------------------------------------- */

static void skip(parser *p)
{
    while (isspace((unsigned char)*p->at))
        p->at++;
}

static int in_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (c & 0x80) != 0;
}

static size_t name_length(const char *at)
{
    size_t length = 0;
    if (isdigit((unsigned char)*at) || !in_name(*at))
        return 0;
    while (in_name(at[length]) || (at[length] == '.' && in_name(at[length + 1])))
        length++;
    return length;
}

static int take_word(parser *p, const char *word)
{
    size_t length = strlen(word);
    skip(p);
    if (name_length(p->at) != length || strncmp(p->at, word, length) != 0)
        return 0;
    p->at += length;
    return 1;
}

static int take(parser *p, const char *sign)
{
    size_t length = strlen(sign);
    skip(p);
    if (strncmp(p->at, sign, length) != 0)
        return 0;
    p->at += length;
    return 1;
}

/* ---- Kinds ---------------------------------------------------------------------------------------------------------------------- */

static int is_number(int kind)
{
    return kind == EXPRESSION_REAL || kind == EXPRESSION_INTEGER || kind == EXPRESSION_TRUTH;
}

static void want_truth(parser *p, int kind, const char *where, const char *what)
{
    if (kind == EXPRESSION_TEXT)
        (void)bad(p, where, "%s a condition, and this is a text; compare it: name == 'text'", what);
    else if (kind != EXPRESSION_TRUTH)
        (void)bad(p, where, "%s a condition, and this is a number; compare it: x != 0", what);
}

static void want_number(parser *p, int kind, const char *where, const char *what)
{
    if (!is_number(kind))
        (void)bad(p, where, "%s takes numbers, and this is a text", what);
}

/* ---- The grammar ------------------------------------------------------------------------------------------------------------------ */

static int either(parser *p);

static int enter(parser *p)
{
    if (++p->nested > DEPTH_MAX)
        (void)bad(p, p->at, "nested more than %d deep", DEPTH_MAX);
    return p->status == PIPETTE_OK;
}

static int number(parser *p)
{
    expression_value value = {EXPRESSION_REAL, 0, 1, 0, NULL};
    locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    const char *start = p->at;
    size_t digits = strspn(p->at, "0123456789");
    char *end = NULL;
    if (plain == (locale_t)0)
        return bad(p, start, "out of memory");
    if (strchr(".eE", p->at[digits]) == NULL || p->at[digits] == '\0') {
        uint64_t whole = 0;
        size_t i;
        for (i = 0; i < digits && !__builtin_mul_overflow(whole, (uint64_t)10, &whole) &&
                    !__builtin_add_overflow(whole, (uint64_t)(start[i] - '0'), &whole);
             i++)
            continue;
        if (i == digits) {
            value.kind = EXPRESSION_INTEGER;
            value.number = (long double)whole;
            end = (char *)(uintptr_t)start + digits;
        }
    }
    if (end == NULL)
        value.number = (long double)strtod_l(start, &end, plain);
    freelocale(plain);
    if (in_name(*end) || *end == '.')
        return bad(p, start, "'%.*s' is not a number", (int)((size_t)(end - start) + strspn(end, ".0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")), start);
    p->at = end;
    emit_constant(p, value);
    return value.kind;
}

static int quoted(parser *p)
{
    const char quote = *p->at, *start = p->at++;
    char *text = p->out->texts + p->used;
    expression_value value = {EXPRESSION_TEXT, 0, 1, 0, text};
    for (; *p->at != quote || p->at[1] == quote; p->at++) {
        if (*p->at == '\0')
            return bad(p, start, "the text has no closing %c", quote);
        if (*p->at == quote)
            p->at++;
        p->out->texts[p->used++] = *p->at;
    }
    p->at++;
    p->out->texts[p->used++] = '\0';
    emit_constant(p, value);
    return EXPRESSION_TEXT;
}

static int call(parser *p, const char *start, size_t length)
{
    const function *f = NULL;
    uint32_t i, count = 0;
    for (i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (strlen(functions[i].name) == length && strncmp(functions[i].name, start, length) == 0)
            f = &functions[i];
    if (f == NULL)
        return bad(p, start, "there is no function '%.*s'", (int)length, start);
    (void)take(p, "(");
    do {
        const char *where;
        int kind;
        skip(p);
        where = p->at;
        kind = either(p);
        if (p->status != PIPETTE_OK)
            return EXPRESSION_MISSING;
        if (f->operation != MISSING)
            want_number(p, kind, where, f->name);
        count++;
        if (f->arguments == 0 && count > 1)
            emit(p, f->operation, 0, -1);
    } while (take(p, ","));
    if (!take(p, ")"))
        return bad(p, p->at, "'%s(' lacks its ')'", f->name);
    if (f->arguments == 0 ? count < 2 : count != f->arguments)
        return bad(p, start, "%s takes %s, not %u", f->name, f->arguments == 1 ? "one argument" : f->arguments == 2 ? "two arguments" : "two arguments or more", count);
    if (f->arguments != 0)
        emit(p, f->operation, (uint32_t)(f - functions), 1 - (int)f->arguments);
    return f->operation == MISSING || f->operation == IS_NAN || f->operation == IS_FINITE ? EXPRESSION_TRUTH : EXPRESSION_REAL;
}

static int named(parser *p, size_t length)
{
    static const struct { const char *name; expression_value value; } words[] = {
        {"true", {EXPRESSION_TRUTH, 0, 1, 1, NULL}}, {"false", {EXPRESSION_TRUTH, 0, 1, 0, NULL}},
        {"nan", {EXPRESSION_REAL, 0, 1, (long double)NAN, NULL}}, {"inf", {EXPRESSION_REAL, 0, 1, (long double)INFINITY, NULL}}};
    const char *start = p->at;
    char name[NAME_MAX_LENGTH + 1];
    pipette_error why = {0};
    uint32_t variable = 0;
    int kind = EXPRESSION_REAL;
    size_t i;
    if (length > NAME_MAX_LENGTH)
        return bad(p, start, "a name of more than %d characters", NAME_MAX_LENGTH);
    memcpy(name, start, length);
    name[length] = '\0';
    p->at += length;
    skip(p);
    if (*p->at == '(')
        return call(p, start, length);
    if (strcmp(name, "and") == 0 || strcmp(name, "or") == 0 || strcmp(name, "not") == 0)
        return bad(p, start, "a value is missing before '%s'", name);
    for (i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i].name, name) == 0) {
            emit_constant(p, words[i].value);
            return words[i].value.kind;
        }
    if (p->resolve(name, p->user, &variable, &kind, &why) != PIPETTE_OK)
        return bad(p, start, "%s", why.message);
    emit(p, VARIABLE, variable, 1);
    return kind;
}

static int primary(parser *p)
{
    size_t length;
    const char *start;
    int kind;
    skip(p);
    start = p->at;
    length = name_length(start);
    if (length > 0)
        return named(p, length);
    if (isdigit((unsigned char)*start) || (*start == '.' && isdigit((unsigned char)start[1])))
        return number(p);
    if (*start == '\'' || *start == '"')
        return quoted(p);
    if (*start != '(')
        return *start == '\0' ? bad(p, start, "a value is missing at the end") : bad(p, start, "a value is missing before '%.10s'", start);
    p->at++;
    kind = either(p);
    if (p->status == PIPETTE_OK && !take(p, ")"))
        return bad(p, p->at, *p->at == '\0' ? "a ')' is missing" : "a ')' or an operator is missing here");
    return kind;
}

static int sign(parser *p);

static int power(parser *p)
{
    const char *left, *right;
    int kind;
    skip(p);
    left = p->at;
    kind = primary(p);
    if (p->status == PIPETTE_OK && (take(p, "**") || take(p, "^"))) {
        want_number(p, kind, left, "^");
        skip(p);
        right = p->at;
        want_number(p, sign(p), right, "^");
        emit(p, POWER, 0, -1);
        kind = EXPRESSION_REAL;
    }
    return kind;
}

static int sign(parser *p)
{
    int minus, kind;
    const char *where;
    if (!enter(p))
        return EXPRESSION_MISSING;
    minus = take(p, "-");
    if (minus || take(p, "+")) {
        skip(p);
        where = p->at;
        kind = sign(p);
        want_number(p, kind, where, minus ? "-" : "+");
        if (minus && p->status == PIPETTE_OK)
            emit(p, NEGATE, 0, 0);
        kind = kind == EXPRESSION_TRUTH ? EXPRESSION_INTEGER : kind;
    } else {
        kind = power(p);
    }
    p->nested--;
    return kind;
}

typedef struct word {
    const char *sign;
    operation_code operation;
} word;

/* `operand (sign operand)*`, from left to right. */
static int chain(parser *p, int (*operand)(parser *), const word *words, size_t count)
{
    const char *where;
    size_t i;
    int kind;
    skip(p);
    where = p->at;
    kind = operand(p);
    while (p->status == PIPETTE_OK) {
        for (i = 0; i < count && !take(p, words[i].sign); i++)
            continue;
        if (i == count)
            break;
        want_number(p, kind, where, words[i].sign);
        skip(p);
        where = p->at;
        kind = operand(p);
        want_number(p, kind, where, words[i].sign);
        if (p->status == PIPETTE_OK)
            emit(p, words[i].operation, 0, -1);
        kind = EXPRESSION_REAL;
    }
    return kind;
}

static int product(parser *p)
{
    static const word words[] = {{"*", MULTIPLY}, {"/", DIVIDE}, {"%", REMAINDER}};
    return chain(p, sign, words, 3);
}

static int sum(parser *p)
{
    static const word words[] = {{"+", ADD}, {"-", SUBTRACT}};
    return chain(p, product, words, 2);
}

/* The comparison that stands here, or NULL. */
static const word *comparison_sign(parser *p)
{
    static const word words[] = {{"==", EQUAL}, {"!=", UNEQUAL}, {"<=", LESS_EQUAL}, {">=", GREATER_EQUAL}, {"<", LESS}, {">", GREATER}};
    size_t i;
    for (i = 0; i < sizeof words / sizeof words[0]; i++)
        if (take(p, words[i].sign))
            return &words[i];
    if (*p->at == '=')
        (void)bad(p, p->at, "'==' compares, '=' does not");
    return NULL;
}

static int comparison(parser *p)
{
    const char *left, *at;
    const word *found;
    int kind, other;
    skip(p);
    left = p->at;
    kind = sum(p);
    if (p->status != PIPETTE_OK || (found = comparison_sign(p)) == NULL)
        return kind;
    at = p->at - strlen(found->sign);
    other = sum(p);
    if (p->status != PIPETTE_OK)
        return EXPRESSION_MISSING;
    if ((kind == EXPRESSION_TEXT) != (other == EXPRESSION_TEXT))
        return bad(p, left, "a text and a number are never equal");
    if (kind == EXPRESSION_TEXT && found->operation != EQUAL && found->operation != UNEQUAL)
        return bad(p, at, "texts know == and !=, not %s", found->sign);
    emit(p, found->operation, 0, -1);
    at = p->at;
    if (comparison_sign(p) != NULL)
        return bad(p, at, "one comparison after another: write a < b and b < c");
    return EXPRESSION_TRUTH;
}

static int negation(parser *p)
{
    const char *where;
    int kind;
    if (!enter(p))
        return EXPRESSION_MISSING;
    skip(p);
    if (take_word(p, "not") || (p->at[0] == '!' && p->at[1] != '=' && take(p, "!"))) {
        skip(p);
        where = p->at;
        kind = negation(p);
        want_truth(p, kind, where, "'not' takes");
        if (p->status == PIPETTE_OK)
            emit(p, NOT, 0, 0);
    } else {
        kind = comparison(p);
    }
    p->nested--;
    return kind;
}

static int logic(parser *p, int (*operand)(parser *), const char *name, const char *as_sign, operation_code operation)
{
    const char *where;
    char what[20];
    int kind;
    (void)snprintf(what, sizeof what, "'%s' takes", name);
    skip(p);
    where = p->at;
    kind = operand(p);
    while (p->status == PIPETTE_OK && (take_word(p, name) || take(p, as_sign))) {
        want_truth(p, kind, where, what);
        skip(p);
        where = p->at;
        kind = operand(p);
        want_truth(p, kind, where, what);
        if (p->status == PIPETTE_OK)
            emit(p, operation, 0, -1);
    }
    return kind;
}

static int both(parser *p)
{
    return logic(p, negation, "and", "&&", AND);
}

static int either(parser *p)
{
    return logic(p, both, "or", "||", OR);
}

int expression_parse(const char *text, expression_resolve resolve, void *user, expression **out, pipette_error *error)
{
    size_t length = strlen(text);
    parser p = {.text = text, .at = text, .resolve = resolve, .user = user, .error = error};
    expression *e = calloc(1, sizeof *e);
    const char *start;
    int kind;
    *out = NULL;
    if (length > TEXT_MAX) {
        free(e);
        return pipette_error_set(error, PIPETTE_E_INVALID, "a condition of more than %d characters", TEXT_MAX);
    }
    if (e != NULL) { /* no instruction, constant or text takes less than a character */
        e->code = calloc(length + 1, sizeof *e->code);
        e->constants = calloc(length + 1, sizeof *e->constants);
        e->texts = malloc(length + 1);
    }
    if (e == NULL || e->code == NULL || e->constants == NULL || e->texts == NULL) {
        expression_destroy(e);
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    }
    p.out = e;
    skip(&p);
    start = p.at;
    if (*start == '\0')
        (void)bad(&p, start, "a condition is missing");
    kind = p.status == PIPETTE_OK ? either(&p) : EXPRESSION_MISSING;
    skip(&p);
    if (p.status == PIPETTE_OK && *p.at != '\0')
        (void)bad(&p, p.at, *p.at == ')' ? "there is no '(' for this ')'" : "an operator is missing before '%.40s'", p.at);
    if (p.status == PIPETTE_OK)
        want_truth(&p, kind, start, "this must be");
    if (p.status == PIPETTE_OK && (e->stack = calloc(e->depth + 1u, sizeof *e->stack)) == NULL)
        p.status = pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    if (p.status != PIPETTE_OK) {
        expression_destroy(e);
        return p.status;
    }
    *out = e;
    return PIPETTE_OK;
}

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

/* ---- Evaluation ------------------------------------------------------------------------------------------------------------------- */

static expression_value truth(int holds)
{
    return (expression_value){EXPRESSION_TRUTH, 0, 0, holds ? 1 : 0, NULL};
}

static expression_value real(double number)
{
    return (expression_value){EXPRESSION_REAL, 0, 0, (long double)number, NULL};
}

/* A literal beside a float is rounded as the float was. */
static long double beside(const expression_value *value, const expression_value *other)
{
    return value->literal && value->kind == EXPRESSION_REAL && other->single ? (long double)(float)value->number : value->number;
}

static int compare(operation_code operation, const expression_value *a, const expression_value *b)
{
    long double x, y;
    if (a->kind == EXPRESSION_TEXT || b->kind == EXPRESSION_TEXT)
        return (a->kind == b->kind && strcmp(a->text, b->text) == 0) == (operation == EQUAL);
    x = beside(a, b);
    y = beside(b, a);
    switch (operation) {
    case EQUAL: return x == y;
    case UNEQUAL: return x != y;
    case LESS: return x < y;
    case LESS_EQUAL: return x <= y;
    case GREATER: return x > y;
    default: return x >= y;
    }
}

static expression_value compute(operation_code operation, const expression_value *a, const expression_value *b)
{
    long double x = a->number, y = b->number, exact;
    if (operation == MINIMUM || operation == MAXIMUM) {
        if (x != x || y != y)
            return x != x ? *a : *b;
        return (operation == MINIMUM) == (x < y) ? *a : *b;
    }
    if (a->kind != EXPRESSION_REAL && b->kind != EXPRESSION_REAL && operation != DIVIDE && operation != POWER && (operation != REMAINDER || y != 0)) {
        exact = operation == ADD ? x + y : operation == SUBTRACT ? x - y : operation == MULTIPLY ? x * y : fmodl(x, y);
        if (fabsl(exact) < 18446744073709551616.0L)
            return (expression_value){EXPRESSION_INTEGER, 0, 0, exact, NULL};
    }
    switch (operation) {
    case ADD: return real((double)x + (double)y);
    case SUBTRACT: return real((double)x - (double)y);
    case MULTIPLY: return real((double)x * (double)y);
    case DIVIDE: return real((double)x / (double)y);
    case REMAINDER: return real(fmod((double)x, (double)y));
    default: return real(pow((double)x, (double)y));
    }
}

static expression_value unary(const instruction *step, const expression_value *a)
{
    if (step->operation == MISSING)
        return truth(a->kind == EXPRESSION_MISSING);
    if (a->kind == EXPRESSION_MISSING)
        return *a;
    switch ((operation_code)step->operation) {
    case NOT: return truth(a->number == 0);
    case NEGATE:
    case ABSOLUTE: {
        expression_value result = {a->kind == EXPRESSION_TRUTH ? EXPRESSION_INTEGER : a->kind, a->single, a->literal, 0, NULL};
        result.number = step->operation == NEGATE ? -a->number : fabsl(a->number);
        return result;
    }
    case IS_NAN: return truth(a->number != a->number);
    case IS_FINITE: return truth(isfinite(a->number) != 0);
    default: return real(functions[step->index].one((double)a->number));
    }
}

static expression_value binary(const instruction *step, const expression_value *a, const expression_value *b)
{
    int lacks = a->kind == EXPRESSION_MISSING || b->kind == EXPRESSION_MISSING;
    if (step->operation == AND || step->operation == OR) {
        long double decides = step->operation == OR ? 1 : 0; /* whatever the other side is */
        if ((a->kind != EXPRESSION_MISSING && (a->number != 0) == (decides != 0)) ||
            (b->kind != EXPRESSION_MISSING && (b->number != 0) == (decides != 0)))
            return truth(decides != 0);
        return lacks ? (expression_value){EXPRESSION_MISSING, 0, 0, 0, NULL} : truth(decides == 0);
    }
    if (lacks)
        return (expression_value){EXPRESSION_MISSING, 0, 0, 0, NULL};
    if (step->operation >= EQUAL && step->operation <= GREATER_EQUAL)
        return truth(compare((operation_code)step->operation, a, b));
    if (step->operation == CALL)
        return real(functions[step->index].two((double)a->number, (double)b->number));
    return compute((operation_code)step->operation, a, b);
}

int expression_holds(expression *condition, const expression_value *variables)
{
    expression_value *top = condition->stack; /* the next free place */
    uint32_t i;
    for (i = 0; i < condition->code_count; i++) {
        const instruction *step = &condition->code[i];
        switch ((operation_code)step->operation) {
        case CONSTANT: *top++ = condition->constants[step->index]; break;
        case VARIABLE: *top++ = variables[step->index]; break;
        case NEGATE:
        case NOT:
        case MISSING:
        case IS_NAN:
        case IS_FINITE:
        case ABSOLUTE: top[-1] = unary(step, &top[-1]); break;
        case CALL:
            if (functions[step->index].one != NULL) {
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
    return top[-1].kind == EXPRESSION_TRUTH && top[-1].number != 0;
}

int expression_kind_of(int type)
{
    switch (type) {
    case PIPETTE_TYPE_F64:
    case PIPETTE_TYPE_F32: return EXPRESSION_REAL;
    case PIPETTE_TYPE_I64:
    case PIPETTE_TYPE_I32:
    case PIPETTE_TYPE_U64: return EXPRESSION_INTEGER;
    case PIPETTE_TYPE_BOOL: return EXPRESSION_TRUTH;
    case PIPETTE_TYPE_STRING: return EXPRESSION_TEXT;
    default: return EXPRESSION_MISSING;
    }
}

expression_value expression_element(int type, const void *elements, uint64_t index)
{
    expression_value value = {(uint8_t)expression_kind_of(type), type == PIPETTE_TYPE_F32, 0, 0, NULL};
    switch (type) {
    case PIPETTE_TYPE_F64: value.number = (long double)((const double *)elements)[index]; break;
    case PIPETTE_TYPE_F32: value.number = (long double)((const float *)elements)[index]; break;
    case PIPETTE_TYPE_I64: value.number = (long double)((const int64_t *)elements)[index]; break;
    case PIPETTE_TYPE_I32: value.number = (long double)((const int32_t *)elements)[index]; break;
    case PIPETTE_TYPE_U64: value.number = (long double)((const uint64_t *)elements)[index]; break;
    case PIPETTE_TYPE_BOOL: value.number = ((const uint8_t *)elements)[index] != 0; break;
    case PIPETTE_TYPE_STRING:
        value.text = ((const char *const *)elements)[index];
        if (value.text == NULL)
            value.text = "";
        break;
    default: break;
    }
    return value;
}
