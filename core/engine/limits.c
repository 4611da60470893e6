/* limits.c: the limits of a process that forks others for runs: prlimit() of a run reaches its parent, too. */
#include "engine/limits.h"

#include <stddef.h>
#include <sys/resource.h>

#define COUNT 16 /* kinds of limits that Linux has */

static struct rlimit kept[COUNT];
static int known[COUNT];

void limits_keep(void)
{
    int i;
    for (i = 0; i < COUNT; i++)
        known[i] = prlimit(0, (__rlimit_resource_t)i, NULL, &kept[i]) == 0;
}

void limits_restore(void)
{
    struct rlimit now;
    int i;
    for (i = 0; i < COUNT; i++) {
        if (!known[i] || prlimit(0, (__rlimit_resource_t)i, NULL, &now) != 0 ||
            (now.rlim_cur == kept[i].rlim_cur && now.rlim_max == kept[i].rlim_max) ||
            prlimit(0, (__rlimit_resource_t)i, &kept[i], NULL) == 0)
            continue;
        now.rlim_cur =
            kept[i].rlim_cur < now.rlim_max ? kept[i].rlim_cur : now.rlim_max; /* only root may raise the hard one */
        (void)prlimit(0, (__rlimit_resource_t)i, &now, NULL);
    }
}
