/* orphans.h: what a keeper that was killed leaves behind, where no PID namespace ends it: the processes below it come
 * to this one. */
#ifndef CORE_ENGINE_ORPHANS_H
#define CORE_ENGINE_ORPHANS_H

#include <sys/types.h>

#define ORPHANS_MARK                                                                                                   \
    "PIPETTE_KEEPER" /* in the environment of the keeper and of all below it that do not clear theirs */
#define ORPHANS_MARK_BYTES 64u

/* Before the keeper is forked: the mark's value, the same for no other keeper that lives. `shared` is the board. */
void orphans_mark(const void *shared, char out[ORPHANS_MARK_BYTES]);

/* In the keeper: it and all below it carry the mark. */
void orphans_carry(const char *mark);

/* From now on this process adopts what its descendants leave behind, and what it forks itself has no part in `shared`,
 * so that one can be told from the other. 0 where the keeper has a namespace, which makes all that needless.
 * Thread-safe. */
int orphans_watch(pid_t keeper, void *shared, size_t bytes);

/* Ends the children of this process that stem from that keeper, which has ended: they still share `shared` with it, or
 * carry its mark. Children that the program has of its own are neither ended nor waited for. Takes some seconds at
 * most. */
void orphans_end(const void *shared, const char *mark);

/* The end of what orphans_watch() began. */
void orphans_forget(void);

#endif
