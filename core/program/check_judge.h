/* check_judge.h: what it means that a trial gave something else than the first one. */
#ifndef CORE_PROGRAM_CHECK_JUDGE_H
#define CORE_PROGRAM_CHECK_JUDGE_H

#include "program/check_try.h"

/* Says what a call did that it must not do; `place` is "at x = 1" or the like. `lanes`: rows in the buffers, 1 for a
 * run. */
void check_found_damage(check_subject *c, const char *place, const trial_damage *damage, uint64_t point,
                        uint64_t lanes);
/* What the last trial, of runs one by one, has found: tries out what makes the difference. `later`: only the time was
 * another. */
void check_judge(check_subject *c, int later);
/* The same of a batch; `batch` is "67 lanes", of which a buffer held `lanes`. */
void check_judge_batch(check_subject *c, const char *batch, uint64_t lanes);

#endif
