/* visible.h: what postprocessing sees of an exploration that is older than its config: the config's points, and those
 * that postprocessing itself has added in this experiment. A file may hold more (runs of a wider config of an earlier
 * day); run indices are the file's. A resumed experiment sees the same sequence of rounds as one that was never
 * interrupted. */
#ifndef CORE_PIPELINE_VISIBLE_H
#define CORE_PIPELINE_VISIBLE_H

#include <pipette/trajectory.h>

typedef struct visible visible;

/* A leaf was added. 0, or a status, and `*why` (borrowed) says why. */
typedef int (*visible_added)(const pipette_node *node, const char **why, void *user);

/* Notes the points of `trajectory` as they are now: the config's. Call it before the stored points are put in front of
 * them. `again`: the results that it has may be from stages of an earlier pipeline, which may add them once more. */
int visible_create(pipette_trajectory *trajectory, int again, visible **out, pipette_error *error);
void visible_destroy(visible *visible);

/* Puts the handle of the trajectory under this view: pipette_expand() on it also notes what was asked for; the number
 * of runs, what is explored and the values of an axis are those of the visible points; each leaf that pipette_add()
 * adds is given to `added`. One that was added in another `round` may be added again, and is replaced. Until
 * visible_leave(). */
void visible_enter(visible *visible, pipette_trajectory *trajectory, uint32_t round, visible_added added, void *user);
void visible_leave(visible *visible);

/* How many points are visible. */
uint64_t visible_count(const visible *visible);

/* mask[i] becomes 1 where run first + i of the trajectory is visible. */
int visible_mask(const visible *visible, const pipette_trajectory *trajectory, uint64_t first, uint64_t count,
                 uint8_t *mask, pipette_error *error);

#endif
