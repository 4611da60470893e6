/* points.h: the inside of an exploration: parameters, and segments as products of factors. */
#ifndef CORE_EXPLORATION_POINTS_H
#define CORE_EXPLORATION_POINTS_H

#include "exploration/axis.h"
#include "exploration/exploration.h"

#define POINTS_MAX (UINT64_C(1) << 63)

/* One axis, or several that advance together (then all have `count` values). */
typedef struct factor {
    axis *axes;
    uint32_t axis_count;
    uint64_t count;
} factor;

/* Where a segment keeps a parameter: point i has value (i / inner) % axis->count. */
typedef struct place {
    const axis *axis;
    uint64_t inner;
} place;

/* A product, the last factor changing fastest. `first` and `places` are exploration_finish()'s work. */
typedef struct segment {
    factor *factors;
    uint32_t factor_count;
    uint64_t count, first;
    place *places; /* one per parameter */
} segment;

typedef struct explored {
    char *name;
    int type;
    series *fallback; /* its default, one value; NULL where it is not known (an exploration from text) */
} explored;

struct exploration {
    explored *parameters;
    uint32_t parameter_count;
    uint32_t segment_count;
    segment *segments;
    uint64_t count;
};

/* An empty one. */
int exploration_new(exploration **out, pipette_error *error);

/* The number of the parameter with that full name, or UINT32_MAX. */
uint32_t exploration_index(const exploration *points, const char *name);
/* Adds a parameter; shares `fallback` (may be NULL). */
int exploration_add_parameter(exploration *points, const char *name, int type, series *fallback, pipette_error *error);

/* Takes over the segment (leaves it empty), also where it fails. */
int exploration_add_segment(exploration *points, segment *taken, pipette_error *error);

/* After the last segment: counts, offsets and places. PIPETTE_E_INVALID where a segment lacks a parameter or has it
 * twice, a zip is uneven, or there are more than 2^63 points. */
int exploration_finish(exploration *points, pipette_error *error);

/* Takes over the axis, also where it fails. */
int factor_add(factor *f, axis *taken, pipette_error *error);
int factor_copy(const factor *from, factor *to, pipette_error *error);
void factor_destroy(factor *f);

/* Takes over the factor, also where it fails. */
int segment_add(segment *s, factor *taken, pipette_error *error);
int segment_copy(const segment *from, segment *to, pipette_error *error);
void segment_destroy(segment *s);

/* Elements of one axis of a product for points first .. first + count - 1; see exploration_fill(). */
void place_fill(const place *place, uint64_t first, uint64_t count, void *out);

/* The points of `wider` and then those of `added` that it lacks; NULL as `wider` is the one point where nothing is
 * explored. *out is NULL where nothing is new. Parameters that are new in `added` have their fallback in the old
 * points. */
int exploration_expand(const exploration *wider, const exploration *added, exploration **out, pipette_error *error);

/* The distinct values of a parameter, sorted (strings: in order of appearance), as a list. The caller releases it. */
int exploration_values(const exploration *points, uint32_t parameter, series **out, pipette_error *error);

#endif
