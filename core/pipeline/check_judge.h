/* check_judge.h: what it means that a trial gave something else than the first one. */
#ifndef CORE_PIPELINE_CHECK_JUDGE_H
#define CORE_PIPELINE_CHECK_JUDGE_H

#include "pipeline/check_try.h"

/* Elements of a result's buffer for `lanes` rows at a point. */
uint64_t check_element_count(const check_subject *c, uint64_t point, uint32_t result, uint64_t lanes);
/* Says that a run reached beside the buffer of a result; `place` is "at x = 1" or the like. */
void check_found_damage(check_subject *c, const char *place, const trial_damage *damage, uint64_t elements);
/* What the last trial, of runs one by one, has found: tries out what makes the difference. `later`: only the time was
 * another. */
void check_judge(check_subject *c, int later);
/* The same of a batch; `batch` is "67 lanes", of which a buffer held `lanes`. */
void check_judge_batch(check_subject *c, const char *batch, uint64_t lanes);

#endif
