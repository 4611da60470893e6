/* check_compare.h: what runs of the same point gave, held against each other. */
#ifndef CORE_PROGRAM_CHECK_COMPARE_H
#define CORE_PROGRAM_CHECK_COMPARE_H

#include "engine/trial.h"

/* An outcome that is kept. */
typedef struct check_outcome {
    int32_t state; /* PIPETTE_STATE_PENDING: not run */
    int32_t died, late;
    double seconds;
    trial_damage damage;
    char message[256];
    void *values;
    size_t size;
} check_outcome;

int check_outcome_keep(check_outcome *to, const trial_outcome *from);
void check_outcome_free(check_outcome *outcome);

typedef struct check_difference {
    char path[520];     /* of the result; "" where the states differ */
    char detail[400];   /* "element 3 is 1.5 and 2.5", to be put into a sentence */
    int unfilled;       /* each has its own pattern there: nobody has written it */
    int other_unfilled; /* the second one has */
} check_difference;

/* 1: the same state and the same values, every bit. 0: not, and `difference` tells where. `patterns` are what the
 * buffers of either held before. */
int check_same(const check_outcome *a, const check_outcome *b, const unsigned char patterns[2],
               check_difference *difference);

/* Whether every float among the values is finite. */
int check_finite(const check_outcome *outcome);

#endif
