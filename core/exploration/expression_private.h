/* expression_private.h: the postfix code that the parser emits and the machine runs. */
#ifndef CORE_EXPLORATION_EXPRESSION_PRIVATE_H
#define CORE_EXPLORATION_EXPRESSION_PRIVATE_H

#include "exploration/expression.h"

typedef enum operation_code {
    CONSTANT, /* `index` of constants */
    VARIABLE, /* `index` of the caller's */
    NEGATE,
    NOT,
    ADD,
    SUBTRACT,
    MULTIPLY,
    DIVIDE,
    REMAINDER,
    POWER,
    EQUAL,
    UNEQUAL,
    LESS,
    LESS_EQUAL,
    GREATER,
    GREATER_EQUAL,
    AND,
    OR,
    CALL, /* `index` of functions */
    MISSING,
    IS_NAN,
    IS_FINITE,
    MINIMUM,
    MAXIMUM,
    ABSOLUTE
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

enum { EXPRESSION_FUNCTIONS = 28 };
extern const function expression_functions[EXPRESSION_FUNCTIONS];

#endif
