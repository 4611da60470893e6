/* message.h: messages between the supervisor and the model host: a kind, a size, bytes, over a socket. */
#ifndef CORE_ENGINE_MESSAGE_H
#define CORE_ENGINE_MESSAGE_H

#include <pipette/base.h>

#include "base/wire.h"

typedef enum message_kind {
    MESSAGE_SCHEMA = 1, /* host: schema_pack() of the loaded model */
    MESSAGE_ERROR = 2,  /* host: code (u32), text: the last request, or loading, failed */
    MESSAGE_SHAPE = 3,  /* supervisor: a value for each shape parameter; host: extent, start, step of each dimension */
    MESSAGE_PLAN = 4,   /* supervisor: plan_pack() */
    MESSAGE_SPAWN = 5,  /* supervisor: a process for slot (u32) */
    MESSAGE_KILL = 6,   /* supervisor: kill the process of slot (u32) */
    MESSAGE_DEATH = 7,  /* host: the process of slot (u32) ended with wait status (u32) */
    MESSAGE_SPAWNED = 8 /* host: the answer to MESSAGE_SPAWN: slot (u32), 0 or why there is no process (errno, u32) */
} message_kind;

/* What keeper and supervisor tell each other, whole in one packet. */
typedef enum notice_kind {
    NOTICE_STARTED = 1, /* keeper: a model host is there; the packet carries its socket */
    NOTICE_ENDED = 2,   /* keeper: it ended with this wait status, and nothing of it lives on */
    NOTICE_REFUSED = 3, /* keeper: there is no process for a host (errno) */
    NOTICE_START = 4,   /* supervisor: start another one */
    NOTICE_KILL = 5     /* supervisor: kill the one that is there */
} notice_kind;

typedef struct notice {
    uint32_t kind, value;
} notice;

/* Sends a message whole; 0 or an errno. */
int message_send(int socket, uint32_t kind, const void *bytes, size_t size);

/* Waits at most `seconds` for the next message (negative: for ever) and receives it whole; the caller frees *bytes. 0,
 * PIPETTE_E_TIMEOUT, or PIPETTE_E_CRASHED where the other side is gone. */
int message_receive(int socket, double seconds, uint32_t *kind, void **bytes, size_t *size);

/* One end of a connection that never makes its owner wait: what the other side does not take stays here, and so does
 * what has not come whole. Zeroed but for `socket`, which does not block (SOCK_NONBLOCK); -1 where there is none. */
typedef struct message_channel {
    int socket;
    wire out, in;
} message_channel;

/* Sends, as much as goes at once; message_flush() sends the rest. 0, PIPETTE_E_MEMORY, or PIPETTE_E_CRASHED. */
int message_post(message_channel *channel, uint32_t kind, const void *bytes, size_t size);
int message_flush(message_channel *channel);
/* The next message that has come whole, which the caller frees. 0, PIPETTE_E_TIMEOUT where there is none yet,
 * PIPETTE_E_MEMORY, or PIPETTE_E_CRASHED where the other side is gone or sends nonsense. */
int message_take(message_channel *channel, uint32_t *kind, void **bytes, size_t *size);
void message_close(message_channel *channel);

/* Sends a notice, with a descriptor beside it (-1: none); 0 or an errno. */
int notice_send(int socket, notice_kind kind, uint32_t value, int descriptor);
/* Receives one without waiting; `*descriptor` is -1 or the caller's. 1; 0 where there is none; -1 where the other side
 * is gone. */
int notice_receive(int socket, notice *out, int *descriptor);

#endif
