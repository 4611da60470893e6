/* message.h: messages between the supervisor and the model host: a kind, a size, bytes, over a socket. */
#ifndef CORE_ENGINE_MESSAGE_H
#define CORE_ENGINE_MESSAGE_H

#include <pipette/base.h>

typedef enum message_kind {
    MESSAGE_SCHEMA = 1, /* host: schema_pack() of the loaded model */
    MESSAGE_ERROR = 2,  /* host: code (u32), text: the last request, or loading, failed */
    MESSAGE_SHAPE = 3,  /* supervisor: a value for each shape parameter; host: extent, start, step of each dimension */
    MESSAGE_PLAN = 4,   /* supervisor: plan_pack() */
    MESSAGE_SPAWN = 5,  /* supervisor: a process for slot (u32) */
    MESSAGE_KILL = 6,   /* supervisor: kill the process of slot (u32) */
    MESSAGE_DEATH = 7   /* host: the process of slot (u32) ended with wait status (u32) */
} message_kind;

/* Sends a message whole; 0 or an errno. */
int message_send(int socket, uint32_t kind, const void *bytes, size_t size);

/* Waits at most `seconds` for the next message (negative: for ever) and receives it whole; the caller frees *bytes. 0,
 * PIPETTE_E_TIMEOUT, or PIPETTE_E_CRASHED where the other side is gone. */
int message_receive(int socket, double seconds, uint32_t *kind, void **bytes, size_t *size);

#endif
