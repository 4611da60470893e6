/* children.h: the processes below this one: ends what runs have started, and says how a process ended. */
#ifndef CORE_ENGINE_CHILDREN_H
#define CORE_ENGINE_CHILDREN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* From now on this process adopts what its descendants leave behind, so that nothing gets away from children_end(). */
void children_adopt(void);

/* As fork(), into a PID namespace of its own where the system allows that: the child is then its first process, and
 * whatever is in there ends with it. */
pid_t children_fork_apart(void);

/* The children of this process, also dead ones that nobody has waited for; at most `capacity`. 0 where /proc does not
 * tell. */
uint32_t children_list(pid_t *out, uint32_t capacity);

/* Kills and waits for every child but those in `spared` (zeros are skipped), and for theirs as they are adopted. */
void children_end(const pid_t *spared, uint32_t count);

/* "the run crashed (SIGSEGV)", "the run ended its process (exit status 3)"; `who` is "the run". Where a memory limit
 * was in force (not 0), says so. */
void children_describe(const char *who, int wait_status, uint64_t memory_limit, char *out, size_t size);

/* True if the process ended by a signal that users and the system send: the run need not be at fault. */
int children_killed_from_outside(int wait_status);

#endif
