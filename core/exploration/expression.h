/* expression.h: conditions over named values: "I > 0.5 and nspikes == 0". Where the values come from is the caller's
 * affair.
 *
 * From weakest to strongest: `or` `||`, `and` `&&`, `not` `!`, one of `== != < <= > >=`, `+ -`, `* / %`, signs, `^`
 * `**`, parentheses. Texts stand in quotes ('...' or "...", a quote in it doubled) and know `==` and `!=`. Names are
 * dotted; `true`, `false`, `nan`, `inf` are values. Functions: abs sqrt cbrt exp log log2 log10 sin cos tan asin acos
 * atan sinh cosh tanh floor ceil round trunc isnan isfinite of one number, atan2 pow hypot of two, min max of two or
 * more, missing of a name. Integers are exact to 64 bits, everything else is double; `/` never truncates. A literal
 * beside a name of single precision is rounded to single precision. What is computed from a missing value is missing,
 * as in SQL: `and` with a false side is false, `or` with a true one is true, and a condition that is missing does not
 * hold. `missing(x)` asks.
 */
#ifndef CORE_EXPLORATION_EXPRESSION_H
#define CORE_EXPLORATION_EXPRESSION_H

#include <pipette/base.h>

typedef enum expression_kind {
    EXPRESSION_MISSING = 0,
    EXPRESSION_REAL = 1,    /* a double */
    EXPRESSION_INTEGER = 2, /* exact, signed or unsigned */
    EXPRESSION_TRUTH = 3,   /* 0 or 1 */
    EXPRESSION_TEXT = 4
} expression_kind;

typedef struct expression_value {
    uint8_t kind;
    uint8_t single;   /* a REAL that was a float */
    uint8_t literal;  /* the parser's */
    uint8_t negative; /* an INTEGER below 0 */
    union {
        double real;
        uint64_t whole; /* INTEGER without its sign, TRUTH */
        const char *text;
    } as;
} expression_value;

typedef struct expression expression;

/* Finds what a name stands for: gives its index among the caller's variables and its kind (never MISSING), or a
 * negative status with a message. Asked once for each place where a name stands. */
typedef int (*expression_resolve)(const char *name, void *user, uint32_t *variable, int *kind, pipette_error *error);

/* Parses a condition. Errors name the position: "character 9 of 'I > 0.5 an x': ...", and of a long one show what
 * stands around it. The caller destroys it. Any thread. */
int expression_parse(const char *text, expression_resolve resolve, void *user, expression **out, pipette_error *error);
void expression_destroy(expression *condition);

/* Whether the condition holds, with the values of the variables by their index. Allocates nothing. One thread at a time
 * per expression. */
int expression_holds(expression *condition, const expression_value *variables);

/* Element `index` of contiguous elements of a type, as a variable; kind MISSING for types without a meaning here
 * (complex). */
expression_value expression_element(int type, const void *elements, uint64_t index);
/* The kind of the variables of a type: MISSING for complex. */
int expression_kind_of(int type);

#endif
