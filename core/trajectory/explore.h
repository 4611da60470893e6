/* explore.h: from what a plugin or program asks for to an exploration, with everything checked. */
#ifndef CORE_TRAJECTORY_EXPLORE_H
#define CORE_TRAJECTORY_EXPLORE_H

#include "exploration/points.h"
#include "trajectory/tree.h"

/* The points that `wanted` describes, over parameters of the tree; each message says which parameter and what is wrong.
 * With `unlocked`, a parameter that is locked is PIPETTE_E_LOCKED. The caller destroys *out. */
int explore_build(const node_tree *nodes, const pipette_exploration *wanted, int unlocked, exploration **out,
                  pipette_error *error);

/* The value of a parameter's node as a series of one value: what it was in runs that did not explore it. */
int explore_fallback(const tree_node *node, series **out, pipette_error *error);

#endif
