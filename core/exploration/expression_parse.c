/* expression_parse.c: the text of a condition, by recursive descent, as postfix code. */
#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "exploration/expression_private.h"

enum { DEPTH_MAX = 200, TEXT_MAX = 65536, NAME_MAX_LENGTH = 1023, SHOWN_AROUND = 60, SHOWN_BEFORE = 20 };

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

/* ---- Errors and code ---- */

static int continues(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80; /* a character that has begun before */
}

/* What stands around a place of a text, as one line; a short text is shown whole. */
static const char *excerpt(const char *text, const char *where, char *out)
{
    size_t length = strlen(text), at = (size_t)(where - text), first = 0, last = length, i;
    char *end = out;
    if (length > SHOWN_AROUND) {
        first = at > SHOWN_BEFORE ? at - SHOWN_BEFORE : 0;
        last = first + SHOWN_AROUND < length ? first + SHOWN_AROUND : length;
        while (first < at && continues(text[first]))
            first++;
        while (last > first && last < length && continues(text[last]))
            last--;
    }
    end = stpcpy(end, first > 0 ? "..." : "");
    for (i = first; i < last; i++)
        *end++ = isspace((unsigned char)text[i]) ? ' ' : text[i];
    (void)strcpy(end, last < length ? "..." : "");
    return out;
}

PIPETTE_PRINTF(3, 4) static int bad(parser *p, const char *where, const char *format, ...)
{
    char message[500], around[SHOWN_AROUND + 8];
    const char *at;
    unsigned position = 1;
    va_list arguments;
    if (p->status != PIPETTE_OK)
        return EXPRESSION_MISSING;
    for (at = p->text; at < where; at++)
        position += !continues(*at); /* characters, not bytes */
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    p->status = pipette_error_set(p->error, PIPETTE_E_INVALID, "character %u of '%s': %s", position,
                                  excerpt(p->text, where, around), message);
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

/* ---- Words ---- */

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

/* Bytes of what stands at `at`, a name or one character, to be printed. */
static int word_length(const char *at)
{
    size_t length = name_length(at);
    if (length == 0)
        for (length = 1; continues(at[length]) && length < 4; length++)
            continue;
    return (int)(length < SHOWN_AROUND ? length : SHOWN_AROUND);
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

/* ---- Kinds ---- */

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

/* ---- The grammar ---- */

static int either(parser *p);

static int enter(parser *p)
{
    if (++p->nested > DEPTH_MAX)
        (void)bad(p, p->at, "nested more than %d deep", DEPTH_MAX);
    return p->status == PIPETTE_OK;
}

static int number(parser *p)
{
    expression_value value = {.kind = EXPRESSION_REAL};
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
            value.as.whole = whole;
            end = (char *)(uintptr_t)start + digits;
        }
    }
    if (end == NULL)
        value.as.real = strtod_l(start, &end, plain);
    freelocale(plain);
    if (in_name(*end) || *end == '.') {
        while (in_name(*end) || *end == '.')
            end++;
        if (end - start > SHOWN_AROUND)
            return bad(p, start, "this is not a number");
        return bad(p, start, "'%.*s' is not a number", (int)(end - start), start);
    }
    p->at = end;
    emit_constant(p, value);
    return value.kind;
}

static int quoted(parser *p)
{
    const char quote = *p->at, *start = p->at++;
    char *text = p->out->texts + p->used;
    expression_value value = {.kind = EXPRESSION_TEXT, .as.text = text};
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
    for (i = 0; i < EXPRESSION_FUNCTIONS; i++)
        if (strlen(expression_functions[i].name) == length && strncmp(expression_functions[i].name, start, length) == 0)
            f = &expression_functions[i];
    if (f == NULL)
        return bad(p, start, "there is no function '%.*s'", word_length(start), start);
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
        return bad(p, start, "%s takes %s, not %u", f->name,
                   f->arguments == 1   ? "one argument"
                   : f->arguments == 2 ? "two arguments"
                                       : "two arguments or more",
                   count);
    if (f->arguments != 0)
        emit(p, f->operation, (uint32_t)(f - expression_functions), 1 - (int)f->arguments);
    return f->operation == MISSING || f->operation == IS_NAN || f->operation == IS_FINITE ? EXPRESSION_TRUTH
                                                                                          : EXPRESSION_REAL;
}

static int named(parser *p, size_t length)
{
    static const struct {
        const char *name;
        expression_value value;
    } words[] = {{"true", {.kind = EXPRESSION_TRUTH, .as.whole = 1}},
                 {"false", {.kind = EXPRESSION_TRUTH}},
                 {"nan", {.kind = EXPRESSION_REAL, .as.real = (double)NAN}},
                 {"inf", {.kind = EXPRESSION_REAL, .as.real = (double)INFINITY}}};
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
        return *start == '\0' ? bad(p, start, "a value is missing at the end")
                              : bad(p, start, "a value is missing before '%.*s'", word_length(start), start);
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
    static const word words[] = {{"==", EQUAL},         {"!=", UNEQUAL}, {"<=", LESS_EQUAL},
                                 {">=", GREATER_EQUAL}, {"<", LESS},     {">", GREATER}};
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
        (void)bad(&p, p.at, *p.at == ')' ? "there is no '(' for this ')'" : "an operator is missing before '%.*s'",
                  word_length(p.at), p.at);
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
