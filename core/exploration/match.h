/* match.h: which values of one axis another has: asked of lists and rules, not of tables of points. */
#ifndef CORE_EXPLORATION_MATCH_H
#define CORE_EXPLORATION_MATCH_H

#include "exploration/axis.h"

/* Up to here axes are gone through value by value. Longer ones are compared by their rules alone. */
enum { MATCH_LISTED_MAX = 10000000 };

/* Lists are searched by an order that is made ready here, and dropped at the end. */
int match_prepare(const axis *a, pipette_error *error);
void match_forget(const axis *a);

/* Has the axis (prepared) exactly this value? */
int match_contains(const axis *a, const value_element *value);

/* The axis with each value replaced by the stored one that equals it: within 4 ulp, for values of a linear range 4 ulp
 * of its largest end. `stored`: `count` axes of the same parameter, prepared. `what` opens messages. */
int match_stored(const axis *a, const axis *const *stored, uint32_t count, const char *what, axis *out,
                 pipette_error *error);

/* The values of `a` that `b` (prepared) has, and those that it has not. `what` opens messages. */
int match_split(const axis *a, const axis *b, const char *what, axis *in, axis *out, pipette_error *error);

/* The values i of `a` where mask[i] is `wanted`. */
int match_select(const axis *a, const uint8_t *mask, uint8_t wanted, axis *out, pipette_error *error);

#endif
