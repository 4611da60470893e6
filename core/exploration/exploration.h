/* exploration.h: the points that runs visit, kept symbolic: a sequence of segments, each a product of factors, each
 * factor one axis or several that advance together. Point i is computed from i; memory goes with the value lists, not
 * with the points. */
#ifndef CORE_EXPLORATION_EXPLORATION_H
#define CORE_EXPLORATION_EXPLORATION_H

#include <pipette/trajectory.h>

typedef struct exploration exploration;

void exploration_destroy(exploration *exploration);

/* Number of points; at most 2^63. */
uint64_t exploration_count(const exploration *exploration);

/* The explored parameters: full names ("parameters.neuron.I") and types, slowest first. */
uint32_t exploration_parameter_count(const exploration *exploration);
const char *exploration_parameter(const exploration *exploration, uint32_t parameter);
int exploration_parameter_type(const exploration *exploration, uint32_t parameter);

/* The values of one parameter for points first .. first + count - 1 as contiguous elements of its type into `out`. The
 * caller keeps within the count. Allocates nothing; fast (a division per block, not per point); strings are borrowed.
 */
void exploration_fill(const exploration *exploration, uint32_t parameter, uint64_t first, uint64_t count, void *out);

/* Where the points are one product of an axis for each parameter, in the order of the parameters, and the axes have no
 * more than `values_most` values together: 1, and how many values each has. Else 0. Segments that only make the slowest
 * axis longer, up or down as it went, are one product with the first. */
int exploration_product(const exploration *exploration, uint64_t values_most, uint64_t *counts);
/* The values of such an axis, in order. */
void exploration_axis(const exploration *exploration, uint32_t parameter, void *out);

/* Moves the texts of explored strings to memory that `move` gives (size bytes); where it gives NULL they stay. They are
 * not freed with the exploration then. For a worker, whose model borrows them. */
void exploration_move_texts(exploration *exploration, void *(*move)(void *user, size_t size), void *user);

/* The exploration as text, one line per segment and axis, readable by a person and exact (floats in hexadecimal where a
 * short decimal is not exact), and back. The caller frees *text. */
int exploration_text(const exploration *exploration, char **text, pipette_error *error);
int exploration_parse(const char *text, exploration **exploration, pipette_error *error);

/* mask[i] becomes 1 where point first + i of `all` is one of `wanted` (values equal as in pipette_expand()), else 0:
 * which old runs a narrowed exploration still asks for. PIPETTE_E_INVALID where they do not explore the same
 * parameters. */
int exploration_match(const exploration *all, const exploration *wanted, uint64_t first, uint64_t count, uint8_t *mask,
                      pipette_error *error);

#endif
