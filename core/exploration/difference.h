/* difference.h: the points of one product that another lacks, as products again. */
#ifndef CORE_EXPLORATION_DIFFERENCE_H
#define CORE_EXPLORATION_DIFFERENCE_H

#include "exploration/points.h"

/* Which tuples of values are there: a hash table over the tuples of one factor. */
typedef struct tuples {
    const factor *of;
    uint64_t *slots; /* 1 + index, or 0 */
    uint64_t size;
} tuples;

/* mask (may be NULL; one per tuple) gets 1 where a tuple is the first of its kind, else 0. */
int tuples_create(const factor *f, tuples *t, uint8_t *mask, pipette_error *error);
void tuples_destroy(tuples *t);
/* `tuple`: one element per axis of the factor, in their order. */
int tuples_has(const tuples *t, const value_element *tuple);

/* The tuples i of a factor where mask[i] is `wanted`. */
int factor_select(const factor *f, const uint8_t *mask, uint8_t wanted, factor *out, pipette_error *error);
/* The same values in the same order, whatever the order of the axes? */
int factor_same(const factor *a, const factor *b);

/* `list` of `*count` segments gets the parts of `from` that `gone` lacks: at most one per factor of `from`. Both have
 * the same parameters, with equal values bitwise equal; the axes of `gone` are prepared (match.h).
 * PIPETTE_E_UNSUPPORTED where factors are made of different parameters and too long to go through. */
int difference_of(const segment *from, const segment *gone, segment **list, uint32_t *count, pipette_error *error);
void difference_destroy(segment *list, uint32_t count);

/* Adds a segment (taken over, also where it fails) to a list. */
int difference_append(segment **list, uint32_t *count, segment *taken, pipette_error *error);

#endif
