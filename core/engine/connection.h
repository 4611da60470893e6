/* connection.h: the supervisor's connection to the keeper and to the model host below it: starting, asking, ending.
 * Nothing here waits for ever: a process that is stopped, hangs or has died costs some seconds at most. */
#ifndef CORE_ENGINE_CONNECTION_H
#define CORE_ENGINE_CONNECTION_H

#include "engine/engine_private.h"

/* Pipes and captures for the workers, fewer of them where descriptors are few, then the keeper, which starts the first
 * host. */
int connection_open(engine *engine, pipette_error *error);

/* Takes what the keeper says; 1: something, 0: nothing new, -1: the keeper is gone. Changes engine->host_state. */
int connection_listen(engine *engine);

/* Waits until the host has loaded the model and keeps what it declares. A host that is started again must declare the
 * same. */
int connection_load(engine *engine, pipette_error *error);

/* Sends a request (NULL: none) and waits for the answer of the same kind, which the caller frees. `doing` is for
 * messages. */
int connection_ask(engine *engine, uint32_t kind, const char *doing, const void *request, size_t request_size,
                   void **bytes, size_t *size, pipette_error *error);

/* Kills every process of the engine, at once, by killing the keeper; waits until they have let go of their pipes, but
 * not long. */
void connection_kill(engine *engine);

/* Ends the keeper and everything below it; the second waits for that, and kills where it takes too long. */
void connection_dismiss(engine *engine);
void connection_close(engine *engine);

#endif
