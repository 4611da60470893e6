/* cores.h: how many cores this process may keep busy, and how many threads a worker's libraries may start. */
#ifndef CORE_ENGINE_CORES_H
#define CORE_ENGINE_CORES_H

#include <stdint.h>

/* The least of: the affinity mask, the quota of every cgroup that this process is in (v1 and v2), SLURM_CPUS_PER_TASK.
 * At least 1. */
uint32_t cores_usable(void);

/* The quota in cores, the least of all levels; 0: none. `groups` and `mounts` are files as /proc/self/cgroup and
 * /proc/self/mountinfo. */
double cores_quota(const char *groups, const char *mounts);

/* The environment variables by which libraries with threads of their own learn how many to start. */
enum { CORES_VARIABLES = 4 };
extern const char *const cores_variables[CORES_VARIABLES];

/* The value that cores_set_threads() leaves in a variable; "": none. May be the environment's own text. */
const char *cores_threads(int variable, uint32_t threads, char room[16]);

/* The value that cores_set_threads() leaves in OMP_WAIT_POLICY; "": none. */
extern const char cores_wait_variable[];
const char *cores_waiting(uint32_t threads, uint32_t workers, uint32_t cores);

/* Gives the libraries of this process, one of so many workers, `threads` threads, for what is loaded from now on. What
 * the user has set stays; where that is OMP_NUM_THREADS, the others are left to it, as the libraries do by themselves.
 * Where all workers' threads need all cores, idle ones sleep (OMP_WAIT_POLICY), unless the user has said how they wait.
 * One thread only, of the process. */
void cores_set_threads(uint32_t threads, uint32_t workers);

#endif
