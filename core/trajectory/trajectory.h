/* trajectory.h: what the rest of the core may do with a trajectory beyond the ABI of <pipette/trajectory.h>. */
#ifndef CORE_TRAJECTORY_H
#define CORE_TRAJECTORY_H

#include <pipette/trajectory.h>

#include "exploration/exploration.h"

/* A new trajectory with its four branches. The caller destroys it, after its views. */
int trajectory_create(const char *name, const char *comment, pipette_trajectory **trajectory, pipette_error *error);
void trajectory_destroy(pipette_trajectory *trajectory);

const char *trajectory_name(const pipette_trajectory *trajectory);
const char *trajectory_comment(const pipette_trajectory *trajectory);

/* Everything is locked from here on: parameters can be neither added nor changed, only `expand` still adds points.
 * Fails with PIPETTE_E_NOT_FOUND if a preset never met its parameter; the message names the preset and the nearest
 * parameter. */
int trajectory_start(pipette_trajectory *trajectory, pipette_error *error);

/* Where the values of a stored trajectory come from. */
typedef struct trajectory_source {
    /* The value of entry `entry` in run `run` (PIPETTE_DEFAULT_RUN: of one that runs do not have), borrowed until the
     * next call. */
    int (*fetch)(void *user, uint32_t entry, uint64_t run, pipette_value *value, pipette_error *error);
    void (*close)(void *user); /* with the trajectory */
} trajectory_source;

/* The trajectory is that of a file from here on: everything is locked; nothing can be added or expanded. `touch` 0:
 * values that are not loaded are not fetched by themselves. */
void trajectory_set_source(pipette_trajectory *trajectory, const trajectory_source *source, void *user, int touch);
void *trajectory_source_user(const pipette_trajectory *trajectory, const trajectory_source *source);

/* A leaf whose value the source has: "results.summary.rates", or with `per_run` one of each run, "results.neuron.$.V".
 */
int trajectory_add_stored(pipette_trajectory *trajectory, const char *path, int type, const char *unit,
                          const char *comment, uint32_t entry, int per_run, pipette_error *error);

/* Loads the values of the leaf that a name finds, or of all below a group, that are no run's; with `anew` also those
 * that are here. */
int trajectory_load(pipette_trajectory *trajectory, const char *name, int anew);

/* A pointer of whoever puts functions of its own in front of the trajectory's. */
void trajectory_set_companion(pipette_trajectory *trajectory, void *companion);
void *trajectory_companion(const pipette_trajectory *trajectory);

/* From here on the trajectory keeps the first error of what builds it (adding, presetting, setting, exploring,
 * expanding); what comes after it does nothing and fails with it. Its code is PIPETTE_OK where there was none. */
void trajectory_keep_first_error(pipette_trajectory *trajectory);
const pipette_error *trajectory_first_error(const pipette_trajectory *trajectory);

/* The exploration; NULL where nothing is explored (one run). Owned by the trajectory, valid until it changes. */
const exploration *trajectory_exploration(const pipette_trajectory *trajectory);

/* Takes over an exploration that was stored (as text, exploration_text()) as the trajectory's; every parameter that it
 * names must exist with the same type. Only on a trajectory that explores nothing yet. */
int trajectory_restore(pipette_trajectory *trajectory, const char *text, pipette_error *error);

/* For a file that has runs already: its stored points come first and keep their indices, then those of the trajectory's
 * own that it lacks (see pipette_expand()). `text` NULL: the stored trajectory explored nothing and had one run. A
 * trajectory that explores nothing just takes the stored points. Before any view is made; also after
 * trajectory_start(). All or nothing. */
int trajectory_continue(pipette_trajectory *trajectory, const char *text, pipette_error *error);

/* The points of `other` join those of the trajectory; what it has not yet comes behind. A parameter that only one of
 * them explores has the other's value there, and so has each of the `also_count` parameters `also`, which then are
 * explored. All or nothing. */
int trajectory_join(pipette_trajectory *trajectory, const pipette_trajectory *other, const char *const *also,
                    uint32_t also_count, pipette_error *error);

/* The trajectory's name check, for other modules: 0, or PIPETTE_E_INVALID with a message that says what is wrong.
 * `path` may have dots and, if `allow_run` is not 0, the wildcards `$`, `crun`, `$set`, `crunset` as components. */
/* Adds a leaf as pipette_add() does; one that is there already is replaced where `may_replace` says so of its full
 * name. Fills `node` with what the leaf is now; not for parameters. */
int trajectory_put(pipette_trajectory *trajectory, int branch, const char *path, const pipette_value *value,
                   const char *unit, const char *comment, int (*may_replace)(const char *path, void *user), void *user,
                   pipette_node *node);

int trajectory_check_path(const char *path, int allow_run, pipette_error *error);

#endif
