/* name.h: paths and names: what is allowed, wildcards, run names, and which name was perhaps meant. */
#ifndef CORE_TRAJECTORY_NAME_H
#define CORE_TRAJECTORY_NAME_H

#include <pipette/trajectory.h>

enum { NAME_COMPONENT_MAX = 127, NAME_PATH_MAX = 1023, NAME_PATH_SIZE = 2048 };

#define NAME_NO_RUN UINT64_MAX

/* See trajectory_check_path(). */
int name_check(const char *path, int allow_run, pipette_error *error);

/* "neuron.$.V" has a wildcard: `$`, `crun`, `$set` or `crunset` as a component. */
int name_has_wildcard(const char *path);

/* The path with wildcards replaced by the names of `run` and, if `aliases`, r_13 and run_13 by run_00000013, and, if
 * `shortcuts`, par, dpar, res, conf as the first component by the branch. `out` holds NAME_PATH_SIZE characters.
 * *changed (may be NULL): an alias was replaced. PIPETTE_E_INVALID where it does not fit. */
int name_expand(const char *path, uint64_t run, int shortcuts, int aliases, char *out, int *changed,
                pipette_error *error);

/* Is this component (`length` characters) exactly the name of a run, of a set of runs? Gives its number, else
 * NAME_NO_RUN. */
uint64_t name_run(const char *component, size_t length);
uint64_t name_run_set(const char *component, size_t length);

/* The name of a branch, "" for 0; the branch whose name or shortcut these `length` characters are, or 0. */
const char *name_branch(int branch);
int name_branch_of(const char *component, size_t length);

/* Natural naming over a list of paths: 1 if `path` holds the dotted components of `name` in order, the last one last.
 */
int name_fits(const char *path, const char *name);

/* The path, of `count`, that a name finds: the full one wins, then the shallowest that fits; paths of `config` are
 * looked at only if no other fits, and before them those of `runs`, which a file has beside the trajectory.
 * NAME_FIND_NONE, or NAME_FIND_SEVERAL where two of equal depth fit; then `candidates` (may be NULL) holds them,
 * separated by ", ". path_of(user, i) gives the i-th path. */
enum { NAME_FIND_NONE = -1, NAME_FIND_SEVERAL = -2 };
int64_t name_find(const char *name, uint32_t count, const char *(*path_of)(const void *user, uint32_t index),
                  const void *user, char *candidates, size_t size);

/* How many letters must be changed, added, left out or swapped to come from one to the other; at most `limit` + 1. */
uint32_t name_distance(const char *a, const char *b, uint32_t limit);

/* How far a name that finds nothing is from what would find `path`: the smaller, the nearer; NAME_FAR where nobody can
 * have meant it. Upper and lower case are near; so are paths that have the name's last component in another group. */
#define NAME_FAR UINT32_MAX
uint32_t name_away(const char *name, const char *path);

/* Of `count` paths (see name_find), the one that was perhaps meant by a name that finds none, or NULL. */
const char *name_nearest(const char *name, uint32_t count, const char *(*path_of)(const void *user, uint32_t index),
                         const void *user);
/* Likewise of a list of names, in which NULLs are passed over. */
const char *name_nearest_of(const char *name, const char *const *names, uint32_t count);

#endif
