/* long_axis.h: the same questions as match.h for axes too long to go through: answered by arithmetic on their rules. */
#ifndef CORE_EXPLORATION_LONG_AXIS_H
#define CORE_EXPLORATION_LONG_AXIS_H

#include "exploration/axis.h"

/* Floats: is each stored axis either apart from `a`, on the same grid bit for bit (equal `from`, steps equal or a power
 * of two apart), or short with bitwise equal values? PIPETTE_E_UNSUPPORTED otherwise. */
int long_axis_check(const axis *a, const axis *const *stored, uint32_t count, const char *what, pipette_error *error);

/* See match_split(); PIPETTE_E_UNSUPPORTED where the rules do not tell. */
int long_axis_split(const axis *a, const axis *b, const char *what, axis *in, axis *out, pipette_error *error);

/* In match.c: where a piece (prepared) has exactly this value. */
int match_position(const axis_piece *piece, const value_element *value, uint64_t *position);

#endif
