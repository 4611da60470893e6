/* brought.h: what a loaded plugin has brought with it: the objects that it needs from outside the system's library
 * folders, and the random number generators of the C library that it or they call. */
#ifndef CORE_PLUGIN_BROUGHT_H
#define CORE_PLUGIN_BROUGHT_H

#include <stdint.h>

/* Generators with a state that is hidden in the C library. */
enum {
    BROUGHT_RAND = 1,      /* rand() and random() share one */
    BROUGHT_DRAND48 = 2,   /* drand48() and its kin another */
    BROUGHT_OWN_STATE = 4, /* initstate(), setstate(): rand() may use an array of the plugin's */
};

typedef struct brought {
    char *
        libraries; /* a line "NAME IDENTITY" for each object but the plugin itself, by name; "" for none. To be freed */
    uint32_t random; /* BROUGHT_... */
} brought;

/* Looks at the plugin `path`, which is loaded into this process; nothing is found where it is not. -1: no memory. */
int brought_find(const char *path, brought *out);

#endif
