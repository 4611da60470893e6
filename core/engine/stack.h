/* stack.h: goes on with another stack. */
#ifndef CORE_ENGINE_STACK_H
#define CORE_ENGINE_STACK_H

#include <stddef.h>

/* Calls `function`, which must not return, on a fresh stack of `bytes`, with memory that nobody can touch below it.
 * Returns only where there is no room for one: an errno. */
int stack_switch(size_t bytes, void (*function)(void *user), void *user);

#endif
