/* limits.h: the limits of a process that forks others for runs, which a run may have lowered from below. */
#ifndef CORE_ENGINE_LIMITS_H
#define CORE_ENGINE_LIMITS_H

/* Remembers those of this process. */
void limits_keep(void);
/* Puts them back, as far as the system allows. Some sixteen cheap system calls. */
void limits_restore(void);

#endif
