/* axis.h: the values of one parameter in order, kept as lists and rules: a series is a list or a rule, an axis a few
 * pieces of series. */
#ifndef CORE_EXPLORATION_AXIS_H
#define CORE_EXPLORATION_AXIS_H

#include <pipette/trajectory.h>

#include "base/value.h"

/* A list of values, or a rule that gives value i. Shared by reference; never changed once made. */
typedef struct series {
    uint64_t references;
    int type;
    int kind; /* pipette_axis_kind; integers have VALUES and STEP only */
    uint64_t count;
    double from, to, step;      /* of floats; `to` of COUNT and LOG, `step` of STEP */
    double ratio;               /* LOG: to / from */
    uint64_t origin, magnitude; /* integers, STEP: value i is origin +- i * magnitude (modulo 2^64) */
    int descending;
    void *values;    /* VALUES: the elements; LOG: the same where they are few */
    char *text;      /* what the elements of a list of strings point into */
    uint64_t *order; /* of a list, while it is searched: indices by value */
    uint64_t mark;   /* scratch of exploration_text() */
} series;

/* Makers take `what` to open the message. Elements of a list are copied. */
int series_list(int type, const void *elements, uint64_t count, const char *what, series **out, pipette_error *error);
int series_float(int type, int kind, double from, double to_or_step, uint64_t count, const char *what, series **out,
                 pipette_error *error);
int series_integer(int type, uint64_t origin, uint64_t magnitude, int descending, uint64_t count, const char *what,
                   series **out, pipette_error *error);
series *series_share(series *shared);
void series_release(series *shared);

/* Moves the texts of a list of strings to memory that `move` gives; where it gives NULL they stay. See
 * exploration_move_texts(). */
void series_move_text(series *s, void *(*move)(void *user, size_t size), void *user);

void series_get(const series *s, uint64_t index, value_element *out);
/* Values start, start + stride, ...: `count` of them, contiguous. */
void series_fill(const series *s, uint64_t start, uint64_t stride, uint64_t count, void *out);
/* The same values by the same rule? */
int series_same(const series *a, const series *b);

/* Values start + i * stride of a series, i < count. Of a list always the whole. */
typedef struct axis_piece {
    series *series;
    uint64_t start, stride, count;
    uint64_t first; /* index of its first value in the axis */
} axis_piece;

typedef struct axis {
    uint32_t parameter; /* number in its exploration */
    uint32_t piece_count;
    axis_piece *pieces;
    uint64_t count;
} axis;

/* An axis owns its array of pieces and a reference to each series. axis_destroy() leaves an empty one. */
int axis_append(axis *a, series *s, uint64_t start, uint64_t stride, uint64_t count, pipette_error *error);
int axis_copy(const axis *from, axis *to, pipette_error *error);
void axis_destroy(axis *a);
int axis_type(const axis *a);
void axis_get(const axis *a, uint64_t index, value_element *out);
void axis_fill(const axis *a, uint64_t first, uint64_t count, void *out);
int axis_same(const axis *a, const axis *b);

#endif
