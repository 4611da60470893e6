/* threads.h: the threads of this process: what a model's libraries keep is its baseline, what more every run leaves is
 * a leak. */
#ifndef CORE_ENGINE_THREADS_H
#define CORE_ENGINE_THREADS_H

#include <stdint.h>

/* How many threads this process has; 1 where the system does not tell. */
uint32_t threads_count(void);

/* How many threads stay when this process forks: libraries that know of forks end their threads before (OpenBLAS),
 * others do not. A child of a process where more than one stays may wait for ever for threads that it does not have. */
uint32_t threads_across_fork(void);

/* Before the first run of an instance. */
void threads_mark(void);
/* After the first run (or batch) of an instance: the threads that are there now are the baseline. */
void threads_settle(void);
/* True if there are threads that do not belong to the baseline. */
int threads_changed(void);

#endif
