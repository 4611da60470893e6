/* check_try.h: a model on trial: the state that all trials share, one trial, and what was found. */
#ifndef CORE_PROGRAM_CHECK_TRY_H
#define CORE_PROGRAM_CHECK_TRY_H

#include "program/check_compare.h"
#include "program/check_points.h"

/* What buffers, and fresh memory and the stack, hold before a run. */
enum { CHECK_FIRST_PATTERN = 0xa5, CHECK_OTHER_PATTERN = 0x5a, CHECK_FIRST_GARBAGE = 0x3c, CHECK_OTHER_GARBAGE = 0xc7 };

#define CHECK_VECTOR 16u         /* lanes; a batch has a multiple of them */
#define CHECK_TIMED_SECONDS 0.03 /* that a measurement takes */

typedef struct check_subject {
    const pipette_trial_options *options;
    pipette_trial_report *report;
    pipette_error *error;
    const plugin_schema *schema;
    pipette_stage *stage;
    arena *memory;
    trial_points points;
    uint64_t *runs;           /* of the points, also where batches need others */
    const uint64_t **extents; /* of each point; NULL: shape() refused it */
    check_outcome *first;     /* of each point, from the first trial */
    uint64_t count;           /* points that the first trial came to */
    uint64_t lanes;           /* the first so many have one shape */
    uint32_t trials;
    double began, seconds;
    /* The trial at hand. */
    const char *doing;
    double share, before; /* of all the work */
    uint64_t told;
    const uint64_t *order;
    uint64_t order_count;
    unsigned char pattern;
    check_outcome *kept; /* one of each outcome; NULL: they are held against the first trial's */
    uint64_t at_fault;   /* position in `order` of the first difference; UINT64_MAX: none */
    check_outcome odd;   /* its outcome */
    check_difference difference;
} check_subject;

typedef struct check_kind {
    const char *doing;
    trial_mode mode;
    guarded_side side;
    unsigned char pattern, garbage;
    uint64_t lanes;
    double part; /* of the whole time that it may take */
} check_kind;

/* Seconds of the whole time limit that are left; not negative. */
double check_seconds_left(const check_subject *c);
double check_seconds_now(void);

/* Runs `order`, and keeps the outcomes in `kept` or (NULL) holds them against the first trial's: see told and at_fault.
 * A model that cannot be loaded, made or ended is a finding; an error only where the system refuses. */
int check_try(check_subject *c, const check_kind *kind, const uint64_t *order, uint64_t count, check_outcome *kept);

/* Says what is wrong; the first sentence stays. */
void check_found(check_subject *c, const char *format, ...) PIPETTE_PRINTF(2, 3);
int check_found_anything(const check_subject *c);
/* "at the defaults", "at x = 1.5, y = 2", "in run 13 (I = 0.5)". Returns out. */
const char *check_where(const check_subject *c, uint64_t point, char *out, size_t size);
/* Whether the model's file names a function of the system's that tells the time. */
int check_asks_for_time(const check_subject *c);
/* Up to a second, until the clock shows another one. */
void check_wait_for_second(void);

#endif
